/*
 * Before anything of the documents is drawn: the theme that was chosen in the console, or else the browser's own.
 */
'use strict';

(() => {
	const root = document.documentElement;
	let chosen = null;

	try {
		chosen = localStorage.getItem('gatepost-theme');
	} catch {
		/* storage is switched off */
	}
	if (chosen !== 'light' && chosen !== 'dark')
		chosen = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
	root.dataset.theme = chosen;
	root.classList.toggle('dark-mode', chosen === 'dark');	/* Swagger UI's name for it */
})();
