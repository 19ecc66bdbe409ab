'use strict';
/* Without the viewer the page stays what it is: a link to the contract. */
if (typeof Redoc === 'object') {
	Redoc.init('/api/openapi.json', {
		hideDownloadButton: false,
		expandResponses: '200,201',
		jsonSampleExpandLevel: 3,
		theme: { typography: { fontFamily: 'system-ui, sans-serif', headings: { fontFamily: 'system-ui, sans-serif' } } },
	}, document.getElementById('viewer'));
}
