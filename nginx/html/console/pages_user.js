/* The pages for everybody who is signed in; pages.js says what an entry is. */
export const user_pages = [
	{ path: '/console/inbox/', title: 'nav.inbox', icon: 'inbox', group: 'me', words: 'user', narrow: true, load: () => import('./pages/inbox.js') },
	{ path: '/console/profile/', title: 'nav.profile', icon: 'user', group: 'me', words: 'user', narrow: true, load: () => import('./pages/profile.js') },
	{ path: '/console/security/', title: 'nav.security', icon: 'shield', group: 'me', words: 'user', narrow: true, load: () => import('./pages/security.js') },
	{ path: '/console/sessions/', title: 'nav.sessions', icon: 'clock', group: 'me', words: 'user', load: () => import('./pages/sessions.js') },
	{ path: '/console/preferences/', title: 'nav.preferences', icon: 'sliders', group: 'me', words: 'user', narrow: true, load: () => import('./pages/preferences.js') },
	{ path: '/console/devices/', title: 'nav.devices', icon: 'device', group: 'me', words: 'user', narrow: true, load: () => import('./pages/devices.js') },
	{ path: '/console/data/', title: 'nav.data', icon: 'download', group: 'me', words: 'user', narrow: true, load: () => import('./pages/data.js') },
	{ path: '/console/send/', title: 'nav.send', icon: 'send', group: 'messages', words: 'user', narrow: true, load: () => import('./pages/send.js') },
	{ path: '/console/history/', title: 'nav.history', icon: 'history', group: 'messages', words: 'user', load: () => import('./pages/history.js') },
];
