'use strict';
/* Without the viewer the page stays what it is: a link to the contract. */
if (typeof Redoc === 'object') {
	const dark = document.documentElement.dataset.theme === 'dark';
	const unnamed = (el) => el.removeAttribute('aria-label');

	mend([
		['.dropdown-select', (el) => el.setAttribute('aria-label', el.value.includes('/') ? 'Content type' : 'Example')],
		['pre', (el) => { el.tabIndex = 0; }],
		/* What the search finds: a list of menu items is a menu; their names lack the method that they show. */
		['[data-role="search:results"], [role="menuitem"] > ul', (el) => el.setAttribute('role', 'menu')],
		/* A long address ends in dots; pressed, it is whole. */
		['.http-verb + span', (el) => { el.title = el.textContent; }],
		['[role="menuitem"][aria-label]', unnamed],
		/* Its own colour is one for both themes. */
		['td span:not(:has(*))', (el) => el.classList.toggle('pattern', /^\^.*\$$/.test(el.textContent))],
	]);
	const fonts = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

	Redoc.init('/api/openapi.json', {
		hideDownloadButton: false,
		expandResponses: '200,201',
		jsonSampleExpandLevel: 3,
		hideLoading: true,
		theme: {
			typography: { fontFamily: fonts, headings: { fontFamily: fonts }, ...(dark ? { links: { color: '#98a2ff', visited: '#98a2ff', hover: '#b3bbff' },
				code: { color: '#ff938b', backgroundColor: '#1e2026' } } : { code: { color: '#a3262f' } }) },
			...(dark ? {
				colors: {
					primary: { main: '#98a2ff', contrastText: '#0f1013' },
					text: { primary: '#ececf0', secondary: '#a3a7b4' },
					border: { dark: '#2a2c34', light: '#2a2c34' },
					gray: { 50: '#1e2026', 100: '#2a2c34' },
					error: { main: '#ff938b' }, success: { main: '#56c993' }, warning: { main: '#e5b45b' },
					responses: {
						success: { color: '#56c993', backgroundColor: '#14301f', tabTextColor: '#56c993' },
						error: { color: '#ff938b', backgroundColor: '#3d1a18', tabTextColor: '#ff938b' },
						redirect: { color: '#e5b45b', backgroundColor: '#352a10', tabTextColor: '#e5b45b' },
						info: { color: '#98a2ff', backgroundColor: '#23264a', tabTextColor: '#98a2ff' },
					},
				},
				schema: { nestedBackground: '#17181c', linesColor: '#444854', typeNameColor: '#a3a7b4', typeTitleColor: '#ececf0', requireLabelColor: '#ff938b' },
				sidebar: { backgroundColor: '#17181c', textColor: '#ececf0', activeTextColor: '#98a2ff' },
				rightPanel: { backgroundColor: '#17181c', textColor: '#ececf0' },
				codeBlock: { backgroundColor: '#0f1013' },
				fab: { backgroundColor: '#1e2026', color: '#98a2ff' },
			} : {
				colors: {
					primary: { main: '#4453c9' }, text: { primary: '#17181c', secondary: '#5a5f6d' },
					responses: { success: { color: '#14691f' }, error: { color: '#b31b18' } },
				},
				sidebar: { backgroundColor: '#f6f6f8', textColor: '#17181c' }, rightPanel: { backgroundColor: '#1e2026' },
			}),
		},
	}, document.getElementById('viewer'));
}
