/* The admin's pages: watching, people, devices; pages.js says what an entry is. */
const admin = { who: 'admin', words: 'admin' };

export const admin_pages = [
	{ ...admin, path: '/console/overview/', title: 'nav.overview', icon: 'chart', group: 'watch', load: () => import('./pages/overview.js') },
	{ ...admin, path: '/console/deliveries/', title: 'nav.deliveries', icon: 'list', group: 'watch', load: () => import('./pages/deliveries.js') },
	{ ...admin, path: '/console/deliveries/:id/', title: 'nav.delivery', under: '/console/deliveries/', load: () => import('./pages/delivery.js') },
	{ ...admin, path: '/console/queue/', title: 'nav.queue', icon: 'queue', group: 'watch', load: () => import('./pages/queue.js') },
	{ ...admin, path: '/console/audit/', title: 'nav.audit', icon: 'history', group: 'watch', load: () => import('./pages/audit.js') },
	{ ...admin, path: '/console/users/', title: 'nav.users', icon: 'users', group: 'people', load: () => import('./pages/users.js') },
	{ ...admin, path: '/console/users/:id/', title: 'nav.user', under: '/console/users/', load: () => import('./pages/user.js') },
	{ ...admin, path: '/console/signed-in/', title: 'nav.signed_in', icon: 'clock', group: 'people', load: () => import('./pages/signed_in.js') },
	{ ...admin, path: '/console/subscriptions/', title: 'nav.subscriptions', icon: 'bell', group: 'people', load: () => import('./pages/subscriptions.js') },
	{ ...admin, path: '/console/phones/', title: 'nav.phones', icon: 'device', group: 'people', load: () => import('./pages/phones.js') },
	{ ...admin, path: '/console/tokens/', title: 'nav.tokens', icon: 'key', group: 'people', who: 'superuser', load: () => import('./pages/tokens.js') },
];
