'use strict';
/*
 * What emulators over HTTPS share. Https: the server, bodies read whole. Web:
 * the failure switches and refusals worded as the provider words them, for
 * those whose answers are plain objects.
 */
const http = require('node:http');
const { readBody } = require('./body');
const { TlsFront, resetSocket } = require('./tlsfront');
const { Counter, retryAfter, whenDue } = require('./faults');

class Refused extends Error {
	constructor(status, body, why, headers = {}) {
		super(why);
		Object.assign(this, { status, body, headers });
	}
}

class Https {
	constructor({ faults, refusals, key, cert }, bodyMax, options = {}) {
		Object.assign(this, { faults, refusals, bodyMax });
		this.counter = new Counter();
		this.h1 = http.createServer(options);
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

	counterOf() {
		return this.counter;
	}

	/* Then handle(req, res, body); a body over bodyMax is null. */
	onRequest(req, res) {
		const counter = this.counterOf(req);

		counter.begin();
		this.front.onceGone(this.front.rawOf(req.socket), res,
		    () => counter.end());
		readBody(req, this.bodyMax, (body) => this.handle(req, res, body));
	}
}

class Web extends Https {
	constructor(name, shared) {
		super(shared, 1 << 16);
		this.name = name;
	}

	/* What a switch may name. */
	recipient(url) {
		return url.pathname;
	}

	handle(req, res, body) {
		const url = new URL(req.url, this.origin);
		const text = body === null ? '' : body.toString('utf8');
		const fault = this.faults.take(this.name,
		    { to: this.recipient(url, text) });
		let answer;

		if (!fault || fault.store)
			answer = this.answer(req, url, text);
		if (!fault)
			return this.send(res, answer);
		this.counter.faults++;
		whenDue(fault, () => this.apply(fault, answer, req, res));
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

/* Sandbox people sign in by being chosen: `url` with who it is, or -cancel. */
function chooser(title, people, url) {
	const link = (p) => {
		const to = new URL(url);
		to.searchParams.set('person', p ? p.id : '-cancel');
		return to.pathname + to.search;
	};
	const rows = Object.entries(people).map(([id, p]) => ({ id, ...p })).map((p) =>
	    `<li><a href="${escapeHtml(link(p))}">` +
	    `${escapeHtml(p.name || p.id)}</a> ${escapeHtml(p.email || '')}</li>`);

	return '<!doctype html><meta charset="utf-8"><meta name="viewport" ' +
	    `content="width=device-width"><title>${title}</title>` +
	    `<h1>${title}</h1><p>Who are you?</p><ul>${rows.join('')}</ul>` +
	    `<p><a href="${escapeHtml(link(null))}">Cancel</a></p>`;
}

module.exports = { Https, Web, Refused, chooser };
