/* The pages for everybody who is signed in; pages.js says what an entry is. */
export const user_pages = [
	{ path: '/console/sessions/', title: 'nav.sessions', icon: 'clock', group: 'me', words: 'user', load: () => import('./pages/sessions.js') },
	{ path: '/console/history/', title: 'nav.history', icon: 'history', group: 'messages', words: 'user', load: () => import('./pages/history.js') },
];
