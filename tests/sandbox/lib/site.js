'use strict';
/*
 * An existing site, as it stands behind the gate: it knows nothing of Gatepost
 * but the headers Remote-User, Remote-Groups and Remote-Email, and shows which
 * headers reached it.
 *
 *	GET /				a page: who it thinks you are, and what its script got
 *	GET /api/me			the same as JSON
 *	any /echo			method, path, headers as they came, and the body
 *	GET /fail			its own 500
 *	GET /bell/?lang=&theme=&place=	a shop that has Gatepost's bell by one script tag, under a policy without unsafe-inline;
 *					nginx says where Gatepost is (X-Id). place: head, body, or element
 *	POST /bell/token		what the bell of a site on another domain asks: the visitor's access token, which this
 *					site keeps in a cookie of its own
 */
const http = require('node:http');

const { readBody } = require('./body');

const BODY_MAX = 8 * 1024 * 1024;

const escape = (text) => String(text ?? '').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const STYLE = `:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;table-layout:fixed}td{padding:.3rem .6rem;border-bottom:1px solid #8886;vertical-align:top}
td:first-child{font-weight:600;width:36%}button{font:inherit;padding:.6rem 1rem;min-height:44px}
.who{font-size:1.4rem;margin:.4rem 0}`;

const SCRIPT = `'use strict';
const out = document.getElementById('answer');
async function ask()
{
	const r = await fetch('/api/me', { headers: { Accept: 'application/json' } });
	const body = await r.json().catch(() => ({}));
	out.textContent = r.status + ' ' + (r.ok ? 'user ' + body.user : body.code);
	document.body.dataset.status = r.status;
}
document.getElementById('ask').addEventListener('click', ask);
ask();
`;

function page(req)
{
	const h = req.headers;
	const rows = [];

	for (let i = 0; i < req.rawHeaders.length; i += 2)
		rows.push(`<tr><td>${escape(req.rawHeaders[i])}</td><td>${escape(req.rawHeaders[i + 1])}</td></tr>`);
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>The wiki</title><style>${STYLE}</style><link rel="icon" href="data:,"></head><body>
<h1>The wiki</h1>
<p class="who">Hello, <b id="user">${escape(h['remote-email'] || `user ${h['remote-user'] || 'nobody'}`)}</b></p>
<p>This page knows nothing of sign-in: nginx let you through and said who you are${h['remote-groups'] ? `, of <b id="groups">${escape(h['remote-groups'])}</b>` : ''}.</p>
<p><button id="ask">Ask again by script</button> <code id="answer"></code></p>
<h2>What reached this site</h2>
<table>${rows.join('\n')}</table>
<script src="/page.js"></script></body></html>`;
}

/* Where Gatepost is, as nginx says; else nowhere. */
const id_of = (req) => (/^https:\/\/[a-z0-9.-]+(:\d+)?$/.test(req.headers['x-id'] || '') ? req.headers['x-id'] : 'https://localhost');

const WORDS = {
	en: ['ltr', 'The shop', 'Rugs and lamps', 'The bell beside this line is Gatepost’s, on a page of another site.'],
	fa: ['rtl', 'فروشگاه', 'فرش و چراغ', 'زنگ کنار این سطر از Gatepost است، در صفحهٔ سایتی دیگر.'],
};

function shop(req, asked)
{
	const id = id_of(req);
	const lang = asked.get('lang') === 'fa' ? 'fa' : 'en', theme = asked.get('theme') === 'dark' ? 'dark' : asked.get('theme') === 'light' ? 'light' : '';
	const place = asked.get('place') || 'body', token = asked.get('token') ? ' data-token-url="/bell/token"' : '';
	const [dir, name, head, text] = WORDS[lang];
	const tag = `<script type="module" src="${id}/gatepost-bell.js"${theme ? ` data-theme="${theme}"` : ''}${token}></script>`;

	return `<!doctype html>
<html lang="${lang}" dir="${dir}"${theme ? ` class="${theme}"` : ''}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}</title><link rel="stylesheet" href="/bell/shop.css"><link rel="icon" href="data:,">${place === 'body' ? '' : tag}</head><body>
<header><b>${name}</b> <span>${place === 'body' ? tag : place === 'element' ? '<gatepost-bell></gatepost-bell>' : ''}</span></header>
<main><h1>${head}</h1><p>${text}</p><p><a href="#end">${name}</a></p></main></body></html>`;
}

const SHOP_STYLE = `:root{color-scheme:light dark}:root.light{color-scheme:light}:root.dark{color-scheme:dark}
body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:Canvas;color:CanvasText}
header{display:flex;justify-content:space-between;align-items:center;padding:.6rem 1rem;border-bottom:1px solid #8886}
main{max-width:44rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}a{color:LinkText}
/* What a bell must not take on. */
button{background:#f0f;font-size:40px}h2{color:lime}ul{list-style:square}`;

class Site {
	constructor()
	{
		this.server = http.createServer((req, res) => this.answer(req, res));
		this.server.keepAliveTimeout = 1000;
	}

	answer(req, res)
	{
		const url = new URL(req.url, 'http://site');

		readBody(req, BODY_MAX, (body) => {
			const send = (status, type, body) => {
				/* A site might say this by mistake or malice: it must reach nobody. */
				res.writeHead(status, { 'Content-Type': type, 'X-Auth-Access': 'stolen', 'X-Auth-State': 'stolen' });
				res.end(body);
			};
			if (url.pathname.endsWith('/echo'))
				return send(200, 'application/json', JSON.stringify({ method: req.method, url: req.url, headers: req.rawHeaders,
					body: (body || Buffer.alloc(0)).toString('base64') }));
			if (url.pathname === '/api/me')
				return send(200, 'application/json', JSON.stringify({ user: req.headers['remote-user'] || null,
					groups: req.headers['remote-groups'] || '', email: req.headers['remote-email'] || '' }));
			if (url.pathname === '/page.js')
				return send(200, 'text/javascript', SCRIPT);
			if (url.pathname === '/bell/') {
				const id = id_of(req);
				res.setHeader('Content-Security-Policy', `default-src 'none'; script-src ${id}; connect-src 'self' ${id} ${id.replace('https', 'wss')}; `
					+ "style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'");
				return send(200, 'text/html; charset=utf-8', shop(req, url.searchParams));
			}
			if (url.pathname === '/bell/shop.css')
				return send(200, 'text/css', SHOP_STYLE);
			if (url.pathname === '/bell/token') {
				const [, token] = /(?:^|; )shop=([A-Za-z0-9._~-]+)/.exec(req.headers.cookie || '') || [];
				return req.method !== 'POST' ? send(405, 'text/plain', 'POST') : send(token ? 200 : 401, 'application/json', JSON.stringify(token ? { token } : {}));
			}
			if (url.pathname === '/fail')
				return send(500, 'text/plain', "the site's own\n");
			return send(200, 'text/html; charset=utf-8', page(req));
		});
	}

	listen(port)
	{
		return new Promise((resolve, reject) => {
			this.server.once('error', reject);
			this.server.listen(port, '127.0.0.1', () => resolve(this.server.address().port));
		});
	}

	close()
	{
		this.server.close();
		this.server.closeAllConnections();
	}
}

module.exports = { Site };
