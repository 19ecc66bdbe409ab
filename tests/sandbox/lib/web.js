'use strict';
/*
 * What the two sign-in emulators (oidc.js, facebook.js) share: HTTPS, the
 * failure switches, and refusals that are worded as the provider words them.
 */
const http = require('node:http');
const { TlsFront, resetSocket } = require('./tlsfront');
const { Counter, retryAfter } = require('./faults');

const BODY_MAX = 1 << 16;

class Refused extends Error {
	constructor(status, body, why, headers = {}) {
		super(why);
		Object.assign(this, { status, body, headers });
	}
}

class Web {
	constructor(name, { faults, refusals, key, cert }) {
		Object.assign(this, { name, faults, refusals });
		this.counter = new Counter();
		this.h1 = http.createServer();
		this.h1.on('request', (req, res) => this.onRequest(req, res));
		this.front = new TlsFront({ key, cert, alpn: ['http/1.1'],
			counter: this.counter,
			onSecure: (sock) => this.h1.emit('connection', sock) });
	}

	async listen(port) {
		this.port = await this.front.listen(port);
		this.origin = `https://localhost:${this.port}`;
		return this.port;
	}

	close() {
		this.front.close();
	}

	onRequest(req, res) {
		const chunks = [];
		let size = 0;

		this.counter.begin();
		this.front.onceGone(this.front.rawOf(req.socket), res,
		    () => this.counter.end());
		req.on('data', (c) => {
			size += c.length;
			if (size <= BODY_MAX)
				chunks.push(c);
		});
		req.on('end', () => this.handle(req, res,
		    Buffer.concat(chunks).toString('utf8')));
	}

	handle(req, res, text) {
		const url = new URL(req.url, this.origin);
		const fault = this.faults.take(this.name, { to: url.pathname });
		let answer;

		if (!fault || fault.store)
			answer = this.answer(req, url, text);
		if (!fault)
			return this.send(res, answer);
		this.counter.faults++;
		const act = () => this.apply(fault, answer, req, res);
		if (fault.after_ms)
			setTimeout(act, fault.after_ms).unref();
		else
			act();
	}

	/* Returns {status, type, body, headers}; input never throws. */
	answer(req, url, text) {
		try {
			return this.route(req, url, text);
		} catch (err) {
			if (!(err instanceof Refused)) {
				process.stderr.write(
				    `sandbox: ${this.name}: ${err.stack}\n`);
				return { status: 500, body: {} };
			}
			this.refusals.add(this.name, err.status, err.message,
			    url.pathname);
			return { status: err.status, body: err.body,
				headers: err.headers };
		}
	}

	apply(fault, answer, req, res) {
		switch (fault.mode) {
		case 'status':
			return this.send(res, { status: fault.status,
				body: fault.body || {},
				headers: retryAfter(fault) });
		case 'slow':
			return this.send(res, answer || { status: 500, body: {} });
		case 'reset':
			return resetSocket(this.front.rawOf(req.socket));
		case 'garbage':
			return this.send(res, { status: 200, type: 'text/html',
				body: '<html>{"access_tok' });
		}
	}

	send(res, { status = 200, type, body = '', headers = {}, drip_ms: drip,
	    endless }) {
		if (res.destroyed || res.headersSent)
			return;
		if (status < 400)
			this.counter.accepted++;
		else
			this.counter.refuse(status);
		const text = typeof body === 'string' ? body :
		    JSON.stringify(body);
		const head = { 'content-type': type || (typeof body ===
		    'string' ? 'text/html; charset=utf-8' : 'application/json'),
		'cache-control': 'no-store', ...headers };
		if (endless) {
			res.writeHead(status, head);
			return this.endless(res);
		}
		head['content-length'] = Buffer.byteLength(text);
		res.writeHead(status, head);
		if (drip)
			this.drip(res, text, drip);
		else
			res.end(text);
	}

	/* A byte at a time: an answer that keeps coming and never ends. */
	drip(res, text, ms) {
		let at = 0;
		const timer = setInterval(() => {
			if (res.destroyed || at === text.length)
				clearInterval(timer);
			else
				res.write(text[at++]);
		}, ms);
		timer.unref();
	}

	endless(res) {
		const chunk = `{"x": "${'x'.repeat(65536)}`;
		const more = () => {
			for (let go = true; go && !res.destroyed;)
				go = res.write(chunk);
		};
		res.on('drain', more);
		more();
	}
}

function escapeHtml(s) {
	return String(s).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/* Sandbox people sign in by being chosen. */
function chooser(title, people, link) {
	const rows = people.map((p) => `<li><a href="${escapeHtml(link(p))}">` +
	    `${escapeHtml(p.name || p.id)}</a> ${escapeHtml(p.email || '')}</li>`);

	return '<!doctype html><meta charset="utf-8"><meta name="viewport" ' +
	    `content="width=device-width"><title>${title}</title>` +
	    `<h1>${title}</h1><p>Who are you?</p><ul>${rows.join('')}</ul>` +
	    `<p><a href="${escapeHtml(link(null))}">Cancel</a></p>`;
}

module.exports = { Web, Refused, chooser };
