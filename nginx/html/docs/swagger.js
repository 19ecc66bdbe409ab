'use strict';
/* Without the viewer the page stays what it is: a link to the contract. */
if (typeof SwaggerUIBundle === 'function') {
	const named = (name) => (el) => el.setAttribute('aria-label', name);

	mend([
		['#servers', named('Server')],
		['.examples-select-element', named('Example')],
		['.body-param__text', named('Request body')],
		['.close-modal', named('Close')],
		['.btn[aria-label="Apply credentials"]', named('Authorize: apply credentials')],
		['.btn[aria-label="Remove authorization"]', named('Logout: remove authorization')],
		['pre.microlight', (el) => { el.tabIndex = 0; }],
	]);
	window.ui = SwaggerUIBundle({
		url: '/api/openapi.yaml',
		dom_id: '#viewer',
		deepLinking: true,
		docExpansion: 'none',
		filter: true,
		validatorUrl: null,
		presets: [SwaggerUIBundle.presets.apis],
		/* The link stands within a button, which writes the same address when it is pressed. */
		plugins: [{ wrapComponents: { DeepLink: (_, { React }) => ({ text }) => React.createElement('span', null, text) } }],
		layout: 'BaseLayout',
	});
}
