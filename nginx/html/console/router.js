/*
 * Which page an address shows.  Links are links: a plain click within the
 * console is taken here, everything else is left to the browser.  Pages on
 * their own (sign-in and its kin) are not ours.
 */
import { computed, signal } from './lib.js';

const BASE = '/console/';
const OTHERS = /^\/console\/(signin|register|reset|restore|vendor|words)(\/|$)/;

/** The address, as one value: path and query. */
export const here = signal({ path: location.pathname, query: location.search });

/** The query as URLSearchParams; change it by set_query(). */
export const query = computed(() => new URLSearchParams(here.value.query));

function look()
{
	here.value = { path: location.pathname, query: location.search };
}

/**
 * @param {string} to  an address of the console
 * @param {{replace?: boolean}} [opt]
 */
export function go(to, { replace = false } = {})
{
	const url = new URL(to, location.href);

	if (!/^https?:$/.test(url.protocol))
		return;
	if (url.origin !== location.origin || !url.pathname.startsWith(BASE) || OTHERS.test(url.pathname)) {
		location.assign(url.href);
		return;
	}
	const same = url.pathname === location.pathname;
	history[replace ? 'replaceState' : 'pushState']({}, '', url.pathname + url.search + url.hash);
	look();
	if (!same)
		window.scrollTo(0, 0);
}

/**
 * Changes some members of the query; null or '' takes one away.
 * @param {Record<string, string|number|null|undefined>} changes
 * @param {{replace?: boolean}} [opt]
 */
export function set_query(changes, opt = {})
{
	const q = new URLSearchParams(location.search);

	for (const [name, value] of Object.entries(changes)) {
		if (value === null || value === undefined || value === '')
			q.delete(name);
		else
			q.set(name, String(value));
	}
	go(location.pathname + (q.size ? `?${q}` : ''), opt);
}

/**
 * A pattern ("/console/users/:id/") against a path; the parameters, or null.
 * @param {string} pattern
 * @param {string} path
 */
export function match(pattern, path)
{
	const want = pattern.split('/').filter(Boolean);
	const have = path.split('/').filter(Boolean);
	/** @type {Record<string, string>} */
	const params = {};

	if (want.length !== have.length)
		return null;
	for (const [i, part] of want.entries()) {
		if (part.startsWith(':')) {
			try {
				params[part.slice(1)] = decodeURIComponent(have[i]);
			} catch {
				return null;
			}
		} else if (part !== have[i]) {
			return null;
		}
	}
	return params;
}

export function start_router()
{
	window.addEventListener('popstate', look);
	document.addEventListener('click', (event) => {
		const a = event.target instanceof Element ? event.target.closest('a[href]') : null;

		if (!a || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey
		    || a.hasAttribute('download') || (a.getAttribute('target') || '_self') !== '_self')
			return;
		const url = new URL(a.getAttribute('href'), location.href);
		if (url.origin !== location.origin || !url.pathname.startsWith(BASE) || OTHERS.test(url.pathname))
			return;
		if (url.hash && url.pathname === location.pathname && url.search === location.search)
			return;		/* a place on this page */
		event.preventDefault();
		go(url.href);
	});
}
