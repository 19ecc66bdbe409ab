/*
 * Before anything is drawn: the theme and the language that were chosen here,
 * or else what the browser says.  A classic script, so that it runs first; all
 * pages of the console begin with it.
 */
'use strict';

(() => {
	const root = document.documentElement;
	const spoken = ['en', 'fa'];
	const kept = (name) => {
		try {
			return localStorage.getItem(`gatepost-${name}`);
		} catch {
			return null;	/* storage is switched off: the browser's own settings, then */
		}
	};
	const theme = kept('theme');
	const chosen = kept('language');
	const first = (navigator.languages || []).map((l) => l.slice(0, 2).toLowerCase()).find((l) => spoken.includes(l));

	/* The server is told: what it says itself, and its pages without scripts, are in this language too. */
	if (spoken.includes(chosen))
		document.cookie = `__Host-gatepost-language=${chosen}; Path=/; Max-Age=31536000; Secure; SameSite=Lax`;
	if (theme === 'light' || theme === 'dark')
		root.dataset.theme = theme;
	root.lang = spoken.includes(chosen) ? chosen : first || 'en';
	root.dir = root.lang === 'fa' ? 'rtl' : 'ltr';
	/* What a browser installs speaks one language; the page's is known here. */
	if (root.lang === 'fa')
		document.querySelector('link[rel="manifest"]').href = '/manifest.fa.webmanifest';
})();
