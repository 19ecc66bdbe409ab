/* The admin's pages: sending, and the system; pages.js says what an entry is. */
const page = (path, title, load, more) => ({ path, title, load, who: 'admin', words: 'admin2', ...more });

export const admin2_pages = [
	page('/console/templates/', 'nav.templates', () => import('./pages/templates.js'), { icon: 'template', group: 'sending' }),
	page('/console/templates/:id/', 'nav.templates', () => import('./pages/template.js'), { under: '/console/templates/' }),
	page('/console/campaigns/', 'nav.campaigns', () => import('./pages/campaigns.js'), { icon: 'megaphone', group: 'sending' }),
	page('/console/campaigns/new/', 'nav.campaigns', () => import('./pages/campaign_new.js'), { under: '/console/campaigns/' }),
	page('/console/campaigns/:id/', 'nav.campaigns', () => import('./pages/campaign.js'), { under: '/console/campaigns/' }),
	page('/console/groups/', 'nav.groups', () => import('./pages/groups.js'), { icon: 'users', group: 'sending' }),
	page('/console/groups/:id/', 'nav.groups', () => import('./pages/group.js'), { under: '/console/groups/' }),
	page('/console/suppressions/', 'nav.suppressions', () => import('./pages/suppressions.js'), { icon: 'block', group: 'sending' }),
	page('/console/intake/', 'nav.intake', () => import('./pages/intake.js'), { icon: 'download', group: 'sending' }),
	page('/console/articles/', 'nav.articles', () => import('./pages/articles.js'), { icon: 'book', group: 'sending' }),
	page('/console/articles/:id/', 'nav.articles', () => import('./pages/article.js'), { under: '/console/articles/' }),
	page('/console/providers/', 'nav.providers', () => import('./pages/providers.js'), { icon: 'plug', group: 'system' }),
	page('/console/providers/:id/', 'nav.providers', () => import('./pages/provider.js'), { under: '/console/providers/' }),
	page('/console/webhooks/', 'nav.webhooks', () => import('./pages/webhooks.js'), { icon: 'hook', group: 'system' }),
	page('/console/webhooks/:id/', 'nav.webhooks', () => import('./pages/webhook.js'), { under: '/console/webhooks/', words: ['admin', 'admin2'] }),
	page('/console/protect/', 'nav.protect', () => import('./pages/protect.js'), { icon: 'shield', group: 'system' }),
	page('/console/system/', 'nav.system', () => import('./pages/system.js'), { icon: 'gear', group: 'system' }),
];
