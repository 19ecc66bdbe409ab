/*
 * Every page of the console.  One entry:
 *
 *	path	"/console/users/", with parameters as ":id"; the trailing slash is optional in the address
 *	title	key of its name (in the area `frame`, for the navigation shows it)
 *	icon	of icons.js; a page without one is not in the navigation
 *	group	under which heading of the navigation: key of `nav.group.*`
 *	who	'user' (default), 'admin' (staff or superuser) or 'superuser'
 *	under	path of the page that the navigation marks meanwhile (for pages without an icon)
 *	narrow	what is read and filled in, not compared: as wide as a column of text
 *	words	area of words (or several) that it needs beside `frame` (words/LANGUAGE/AREA.js)
 *	load	() => import() of a module whose default export is its component; it gets {params}
 */
import { user_pages } from './pages_user.js';
import { admin_pages } from './pages_admin.js';
import { admin2_pages } from './pages_admin2.js';

/** The headings, in the order of the navigation. */
export const GROUPS = ['me', 'messages', 'watch', 'people', 'sending', 'system'];

export const PAGES = [...user_pages, ...admin_pages, ...admin2_pages];
