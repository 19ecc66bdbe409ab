'use strict';
/*
 * The sandbox's own plain HTTP: the page for people and the JSON API for
 * tests. It shows sign-in codes, so it answers to local names only (no DNS
 * rebinding) and takes no writes from pages of other origins.
 */
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { readBody } = require('./body');
const { BadFault, PROVIDERS } = require('./faults');
const { listen } = require('./tlsfront');
const { STYLES } = require('./subscriptions');
const { publicKey } = require('./vapid');

const BODY_MAX = 1 << 20;
const BATCH_MAX = 20000;
const EVENT_GAP_MS = 200;
const STREAMS_MAX = 50;
const PAGE = path.join(__dirname, '..', 'page');
const FILES = {
	'/': ['index.html', 'text/html; charset=utf-8'],
	'/page.js': ['page.js', 'text/javascript; charset=utf-8'],
	'/page.css': ['page.css', 'text/css; charset=utf-8'],
};
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "connect-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'";
/* A mail's HTML: no script, no request to anywhere. */
const MAIL_CSP = "sandbox; default-src 'none'; style-src 'unsafe-inline'; " +
    "img-src data:; frame-ancestors 'self'";

class Answer extends Error {
	constructor(status, message) {
		super(message);
		this.status = status;
	}
}

class Control {
	constructor(parts) {
		Object.assign(this, parts);
		this.streams = new Set();
		this.timer = null;
		this.server = http.createServer((req, res) =>
		    this.onRequest(req, res));
		this.messages.on('change', () => this.changed());
	}

	listen(port) {
		return listen(this.server, port);
	}

	close() {
		for (const res of this.streams)
			res.end();
		this.server.close();
		this.server.closeAllConnections();
	}

	/* One event for a burst; the page asks for what it wants. */
	changed() {
		if (this.timer || this.streams.size === 0)
			return;
		this.timer = setTimeout(() => {
			this.timer = null;
			for (const res of this.streams)
				res.write('event: change\ndata: {}\n\n');
		}, EVENT_GAP_MS);
		this.timer.unref();
	}

	async onRequest(req, res) {
		try {
			guard(req);
			const url = new URL(req.url, 'http://localhost');
			const text = await bodyOf(req);
			const out = await this.route(req, res, url, text);
			if (out !== undefined)
				sendJson(res, out.status || 200, out.body);
		} catch (err) {
			const status = err instanceof Answer ? err.status :
			    err instanceof BadFault || err instanceof TypeError ||
			    err instanceof SyntaxError ? 400 : 500;
			if (status === 500)
				process.stderr.write(`sandbox: ${err.stack}\n`);
			if (!res.headersSent)
				sendJson(res, status, { error: err.message });
		}
	}

	/* Returns {body, status?}, or undefined when it answered itself. */
	route(req, res, url, text) {
		const [, head, name, more] = url.pathname.split('/');
		const row = `${req.method} /${head}${name ? '/*' : ''}` +
		    `${more ? '/*' : ''}`;
		const json = () => (text ? JSON.parse(text) : {});

		if (req.method === 'GET' && Object.hasOwn(FILES, url.pathname))
			return sendFile(res, ...FILES[url.pathname]);
		switch (row) {
		case 'GET /messages':
			return { body: this.messages.list(query(url)) };
		case 'DELETE /messages':
			return { body: { removed: this.messages.clear() } };
		case 'GET /messages/*':
			return { body: this.message(name) };
		case 'GET /messages/*/*':
			return this.messageHtml(res, name, more);
		case 'GET /faults':
			return { body: this.faults.list() };
		case 'PUT /faults/*':
			if (!PROVIDERS.includes(name))
				throw new Answer(404, `no provider ${name}`);
			return this.switched({ [name]:
			    this.faults.set(name, json()) });
		case 'DELETE /faults':
			this.faults.clear();
			return this.switched({});
		case 'DELETE /faults/*':
			this.faults.clear(name);
			return this.switched({});
		case 'GET /counts':
			return { body: this.counts() };
		case 'DELETE /counts':
			for (const p of PROVIDERS)
				this[p].counter.reset();
			return { body: this.counts() };
		case 'GET /refusals':
			return { body: this.refusals.list() };
		case 'GET /health':
			return { body: { status: 'ok', pid: process.pid,
				ports: this.ports } };
		case 'GET /events':
			return this.events(req, res);
		case 'GET /kavenegar/*':
		case 'GET /push/*':
		case 'GET /smtp/*':
		case 'GET /expo/*':
		case 'GET /oidc/*':
		case 'GET /facebook/*':
		case 'GET /whatsapp/*':
		case 'GET /twilio/*':
			if (name === 'settings')
				return { body: this[head].settings };
			break;
		case 'PUT /kavenegar/*':
		case 'PUT /push/*':
		case 'PUT /smtp/*':
		case 'PUT /expo/*':
		case 'PUT /oidc/*':
		case 'PUT /facebook/*':
		case 'PUT /whatsapp/*':
		case 'PUT /twilio/*':
			if (name === 'settings')
				return { body: this[head].set(object(json())) };
			break;
		case 'POST /kavenegar/*':
			if (name === 'status')
				return this.forceStatus(json());
			break;
		case 'POST /push/*':
			if (name === 'subscriptions')
				return this.subscribe(object(json()));
			break;
		case 'DELETE /expo/*':
		case 'DELETE /oidc/*':
		case 'DELETE /facebook/*':
		case 'DELETE /whatsapp/*':
		case 'DELETE /twilio/*':
			if (name === 'settings')
				return { body: this[head].reset() };
			break;
		case 'POST /oidc/*':
			if (name === 'rotate')
				return { body: this.oidc.rotate() };
			break;
		case 'POST /whatsapp/*':
		case 'POST /twilio/*':
			return this.calls(this[head], name, object(json()));
		case 'POST /facebook/*':
			return this.facebookMakes(name, object(json()));
		case 'DELETE /push/*/*':
			if (name === 'subscriptions') {
				if (!this.subscriptions.remove(more))
					throw new Answer(404, 'no such subscription');
				return { body: { id: more, gone: true } };
			}
			break;
		}
		throw new Answer(404, `no ${req.method} ${url.pathname}`);
	}

	/* What a client app or Facebook itself would hand over. */
	facebookMakes(what, { user, redirect_uri: uri, forge, to }) {
		if (typeof user !== 'string')
			throw new Answer(400, 'user is an id');
		if (what === 'token')
			return { body: { access_token:
			    this.facebook.newToken(user) } };
		if (what === 'code')
			return { body: { code: this.facebook.code(user, uri) } };
		if (what === 'signed_request')
			return { body: { signed_request:
			    this.facebook.signedRequest(user, forge) } };
		if (what === 'delete') {
			if (!/^https:\/\/localhost:\d+\//.test(to))
				throw new Answer(400, 'to is an address of localhost');
			return this.facebook.sendDeletion(to, user)
			    .then((body) => ({ body }));
		}
		throw new Answer(404, `no facebook/${what}`);
	}

	/* A contact writes, or the network tells of a message: what the customer
	 * answered to the first try. */
	async calls(provider, what, o) {
		if (what === 'inbound')
			return { body: { status: await provider.inbound(o) } };
		if (what === 'status')
			return { body: { status: await provider.status(o.id, o.status,
			    o.code) } };
		throw new Answer(404, `no POST of ${what}`);
	}

	switched(body) {
		this.messages.emit('change');
		return { body };
	}

	counts() {
		const one = (c) => ({ requests: c.requests, accepted: c.accepted,
			refused: c.refused, faults: c.faults,
			connections: c.connections, open: c.open,
			max_open: c.max_open, parallel: c.parallel,
			max_parallel: c.max_parallel });
		return { kavenegar: { ...one(this.kavenegar.counter),
			callbacks: this.kavenegar.store.callbacks,
			credit: this.kavenegar.settings.credit },
		push: one(this.push.counter), smtp: one(this.smtp.counter),
		expo: one(this.expo.counter),
		expo_receipts: one(this.expo_receipts.counter),
		oidc: one(this.oidc.counter),
		facebook: one(this.facebook.counter),
		whatsapp: { ...one(this.whatsapp.counter),
			callbacks: this.whatsapp.caller.callbacks },
		twilio: { ...one(this.twilio.counter),
			callbacks: this.twilio.caller.callbacks },
		...this.messages.counts() };
	}

	message(id) {
		const row = this.messages.get(Number(id));

		if (!row)
			throw new Answer(404, 'no such message');
		return row;
	}

	messageHtml(res, id, what) {
		const row = this.message(id);

		if (what !== 'html' || row.html === null)
			throw new Answer(404, 'no HTML in it');
		res.writeHead(200, { 'content-type': 'text/html; charset=utf-8',
			'content-security-policy': MAIL_CSP, ...COMMON });
		res.end(row.html);
	}

	forceStatus({ messageid, status }) {
		if (!Number.isInteger(status))
			throw new Answer(400, 'status is a number');
		if (!this.kavenegar.force(messageid, status))
			throw new Answer(404, 'no such messageid');
		return this.switched({ messageid: Number(messageid), status });
	}

	subscribe({ vapid_public_key: vapid = null, style = 'rfc', count,
	    keep_raw: keepRaw = false }) {
		if (!Object.hasOwn(STYLES, style))
			throw new Answer(400, `style is one of ${Object.keys(STYLES)}`);
		if (vapid !== null && (typeof vapid !== 'string' ||
		    !publicKey(Buffer.from(vapid, 'base64url'))))
			throw new Answer(400, 'vapid_public_key is no P-256 point');
		const key = vapid === null ? null :
		    Buffer.from(vapid, 'base64url').toString('base64url');
		const make = () => this.subscriptions.toJSON(
		    this.subscriptions.create({ style, vapid: key,
			keepRaw: keepRaw === true }));

		if (count === undefined)
			return { status: 201, body: make() };
		if (!Number.isInteger(count) || count < 1 || count > BATCH_MAX)
			throw new Answer(400, `count is 1 to ${BATCH_MAX}`);
		return { status: 201, body: { subscriptions:
		    Array.from({ length: count }, make) } };
	}

	events(req, res) {
		if (this.streams.size >= STREAMS_MAX)
			throw new Answer(503, 'too many listeners');
		res.writeHead(200, { 'content-type': 'text/event-stream',
			...COMMON });
		res.write('retry: 1000\nevent: change\ndata: {}\n\n');
		this.streams.add(res);
		res.on('close', () => this.streams.delete(res));
	}
}

const COMMON = { 'cache-control': 'no-store',
	'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

function guard(req) {
	const host = req.headers.host || '';
	const origin = req.headers.origin;

	if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host))
		throw new Answer(421, 'the sandbox answers to local names only');
	if (origin !== undefined && origin !== `http://${host}`)
		throw new Answer(403, 'another origin');
}

function object(v) {
	if (v === null || typeof v !== 'object' || Array.isArray(v))
		throw new Answer(400, 'a JSON object');
	return v;
}

/* A bare "+" in a query is a blank by the book; here it is a phone number. */
function query(url) {
	const p = url.searchParams;
	const number = (name) => {
		const v = p.get(name) || '0';
		if (!/^\d{1,12}$/.test(v))
			throw new Answer(400, `${name} is a number`);
		return Number(v);
	};
	const to = p.get('to');

	return { channel: p.get('channel'), limit: number('limit'),
		after: number('after'),
		to: to && to.replace(/^ (?=\d)/, '+') };
}

function bodyOf(req) {
	return new Promise((resolve, reject) => readBody(req, BODY_MAX, (body) =>
	    body === null ? reject(new Answer(413, 'over 1 MB')) :
	    resolve(body.toString('utf8')), reject));
}

function sendJson(res, status, body) {
	const text = JSON.stringify(body) + '\n';

	res.writeHead(status, { 'content-type': 'application/json',
		'content-length': Buffer.byteLength(text), ...COMMON });
	res.end(text);
}

function sendFile(res, name, type) {
	const bytes = fs.readFileSync(path.join(PAGE, name));

	res.writeHead(200, { 'content-type': type,
		'content-length': bytes.length,
		'content-security-policy': CSP, ...COMMON });
	res.end(bytes);
}

module.exports = { Control };
