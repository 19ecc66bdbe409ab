'use strict';
/* Without the viewer the page stays what it is: a link to the contract. */
if (typeof SwaggerUIBundle === 'function') {
	window.ui = SwaggerUIBundle({
		url: '/api/openapi.yaml',
		dom_id: '#viewer',
		deepLinking: true,
		docExpansion: 'none',
		filter: true,
		validatorUrl: null,
		presets: [SwaggerUIBundle.presets.apis],
		layout: 'BaseLayout',
	});
}
