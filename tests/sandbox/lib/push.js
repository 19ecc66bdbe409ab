'use strict';
/*
 * The push service: HTTPS, HTTP/2 and 1.1 by ALPN, strict as RFC 8030.
 *
 * Order of refusal: unknown or gone endpoint, size, headers, VAPID, key of the
 * subscription, encoding and body. Both protocol fronts reduce a request to
 * {method, path, headers, authority, reply, reset} and share the rest.
 */
const http = require('node:http');
const http2 = require('node:http2');
const crypto = require('node:crypto');
const { TlsFront, resetSocket } = require('./tlsfront');
const { Counter, retryAfter, whenDue } = require('./faults');
const { Vapid } = require('./vapid');
const { refusal, statusAnswer } = require('./push_errors');
const rules = require('./push_rules');

const READ_MAX = 1 << 20; /* past it nobody reads on: the stream is cut */
const DEFAULTS = { store: true, decrypt: true, max_concurrent_streams: 100 };

class Push {
	constructor({ messages, faults, refusals, subscriptions, key, cert }) {
		Object.assign(this, { messages, faults, refusals, subscriptions });
		this.settings = { ...DEFAULTS };
		this.counter = new Counter();
		this.vapid = new Vapid();
		this.autopush = null;
		this.h1 = http.createServer({ keepAliveTimeout: 300000 });
		this.h1.on('request', (req, res) => this.onHttp1(req, res));
		this.h2 = http2.createServer();
		this.h2.on('session', (s) => this.onSession(s));
		this.h2.on('stream', (s, h) => this.onStream(s, h));
		this.front = new TlsFront({ key, cert, alpn: ['h2', 'http/1.1'],
			counter: this.counter,
			onSecure: (sock) => {
				const to = sock.alpnProtocol === 'h2' ? this.h2 :
				    this.h1;
				to.emit('connection', sock);
			} });
	}

	listen(port) {
		return this.front.listen(port);
	}

	close() {
		this.front.close();
	}

	set(values) {
		for (const [k, v] of Object.entries(values)) {
			if (!(k in DEFAULTS) || typeof v !== typeof DEFAULTS[k])
				throw new TypeError(`no such setting: ${k}`);
		}
		Object.assign(this.settings, values);
		return this.settings;
	}

	onHttp1(req, res) {
		const raw = this.front.rawOf(req.socket);

		this.collect(req, {
			method: req.method,
			path: req.url,
			headers: req.headers,
			authority: req.headers.host || '',
			version: '1.1',
			gone: (fn) => this.front.onceGone(raw, res, fn),
			reply: (a) => {
				res.writeHead(a.status, { ...a.headers,
					'content-length': Buffer.byteLength(a.body || '') });
				res.end(a.body || '');
			},
			reset: () => resetSocket(raw),
		});
	}

	onSession(session) {
		session.settings({ maxConcurrentStreams:
		    this.settings.max_concurrent_streams });
		session.on('error', () => session.destroy());
	}

	onStream(stream, h) {
		const raw = this.front.raws.get(stream.session.socket.remotePort);

		stream.on('error', () => {});
		this.collect(stream, {
			method: h[':method'],
			path: h[':path'],
			headers: h,
			authority: h[':authority'] || h.host || '',
			version: '2',
			gone: (fn) => this.front.onceGone(raw, stream, fn),
			reply: (a) => {
				if (stream.destroyed || stream.headersSent)
					return;
				const head = { ':status': a.status, ...a.headers };
				if (!a.body) {
					stream.respond(head, { endStream: true });
					return;
				}
				stream.respond(head);
				stream.end(a.body);
			},
			reset: (scope) => scope === 'stream' ?
			    stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR) :
			    resetSocket(raw),
		});
	}

	collect(input, req) {
		const chunks = [];
		let size = 0;

		this.counter.begin();
		req.gone(() => this.counter.end());
		input.on('data', (c) => {
			size += c.length;
			if (size <= rules.BODY_MAX)
				chunks.push(c);
			else if (size > READ_MAX)
				req.reset();
		});
		input.on('end', () => {
			const body = size > rules.BODY_MAX ? null :
			    chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
			this.handle(req, body);
		});
	}

	/* `body` is null when it was over the limit. */
	async handle(req, body) {
		const where = rules.route(req.path);
		const origin = `https://${req.authority}`.replace(/:443$/, '');
		const to = origin + req.path;
		let fault = null;
		let answer;

		try {
			if (req.path.startsWith('/m/')) {
				req.reply(this.resource(req));
				return;
			}
			fault = this.faults.take('push', { to: [to, where.id] });
			if (fault)
				this.counter.faults++;
			if (fault && (fault.mode === 'status' || !fault.store))
				answer = { status: 0 };
			else
				answer = await this.evaluate(req, where, body, origin, to);
		} catch (err) {
			if (!(err instanceof rules.Refusal)) {
				process.stderr.write(`sandbox: push: ${err.stack}\n`);
				req.reply({ status: 500, headers: {} });
				return;
			}
			answer = refusal(where.style, err.kind, err.detail, origin);
			this.refusals.add('push', answer.status, err.message, to);
		}
		if (fault) {
			this.apply(fault, answer, req, where, origin);
			return;
		}
		this.send(req, answer);
	}

	send(req, answer) {
		if (answer.status >= 200 && answer.status < 300)
			this.counter.accepted++;
		else
			this.counter.refuse(answer.status);
		req.reply(answer);
	}

	apply(fault, answer, req, where, origin) {
		whenDue(fault, () => {
			switch (fault.mode) {
			case 'status': {
				const a = statusAnswer(where.style, fault.status, origin);
				if (fault.body !== undefined)
					Object.assign(a, literal(fault.body));
				Object.assign(a.headers, retryAfter(fault));
				this.send(req, a);
				break;
			}
			case 'slow':
				this.send(req, answer.status ? answer :
				    { status: 503, headers: {} });
				break;
			case 'reset':
				req.reset(fault.scope);
				break;
			case 'garbage':
				req.reply({ status: 200, headers: {
					'content-type': 'text/html' },
					body: '<<<\u0000 not a push service >>>' });
				break;
			case 'hang':
				break; /* read, taken, and never answered */
			}
		});
	}

	/* Returns the service's answer; throws Refusal. */
	async evaluate(req, where, body, origin, to) {
		const h = req.headers;
		const sub = where.id && !where.autopush ?
		    this.subscriptions.find(where.id) : null;

		if (!where.autopush && !sub)
			throw new rules.Refusal('unknown');
		if (where.autopush && (!where.id || !this.autopush))
			throw new rules.Refusal('unknown');
		if (sub && (sub.gone || sub.style !== where.style))
			throw new rules.Refusal(sub.gone ? 'gone' : 'unknown');
		if (req.method !== 'POST')
			throw new rules.Refusal('method');
		if (body === null)
			throw new rules.Refusal('too_big');
		const ttl = rules.checkHeaders(h, where.style);
		const token = rules.checkAuth(this.vapid, h, origin, where.style);
		if (sub && sub.vapid !== null && sub.vapid !== token.key)
			throw new rules.Refusal('auth_mismatch');
		rules.checkEncoding(h, body);
		if (where.autopush)
			return this.toBrowser(where.id, h, body, to);
		const opened = this.settings.decrypt ?
		    rules.openBody(sub, token, body) : null;

		if (sub.vapid === null)
			this.subscriptions.bind(sub, token.key);
		let id = null;
		if (this.settings.store)
			id = this.keep(sub, h, req, opened, to, body);
		return accepted(where.style, origin, ttl, id);
	}

	keep(sub, h, req, opened, to, body) {
		const row = { channel: 'web_push', to, provider: 'push',
			headers: plainHeaders(h), ...readPayload(opened),
			http_version: req.version, subscription: sub.id,
			topic: h.topic || null };

		/* For a judge of its own: the bytes as they came. */
		if (sub.keepRaw)
			row.raw = body.toString('base64url');
		if (h.topic !== undefined) {
			const earlier = sub.topics.get(h.topic);
			if (earlier !== undefined && this.messages.remove(earlier))
				row.replaces = earlier;
		}
		const kept = this.messages.add(row);
		if (h.topic !== undefined)
			sub.topics.set(h.topic, kept.id);
		return kept.id;
	}

	/* A real browser holds the key: the row shows headers only. */
	async toBrowser(channelId, h, body, to) {
		const a = await this.autopush.deliver(channelId, h, body);

		if (this.settings.store && a.status >= 200 && a.status < 300)
			this.messages.add({ channel: 'web_push', to,
				provider: 'push', headers: plainHeaders(h),
				encrypted: true, size: body.length,
				topic: h.topic || null });
		if (a.status >= 300)
			this.refusals.add('push', a.status, 'autopush refused', to);
		return { status: a.status, headers: a.headers || {},
			body: a.body || '' };
	}

	/* RFC 8030 section 7.3: the sender may take a message back. */
	resource(req) {
		const m = /^\/m\/(\d+)-/.exec(req.path);
		const row = m ? this.messages.get(Number(m[1])) : null;

		if (req.method !== 'DELETE')
			return { status: 405, headers: { allow: 'DELETE' } };
		if (!row || row.channel !== 'web_push')
			return { status: 404, headers: {} };
		this.messages.remove(row.id);
		return { status: 204, headers: {} };
	}
}

function accepted(style, origin, ttl, id) {
	const uid = crypto.randomUUID();
	const headers = { location: `${origin}/m/${id || 0}-${uid}`,
		ttl: String(ttl) };

	if (style === 'apple')
		headers['apns-id'] = uid;
	if (style === 'wns') {
		headers['x-wns-status'] = 'received';
		headers['x-wns-notificationstatus'] = 'received';
		headers['x-wns-msg-id'] = uid;
	}
	return { status: 201, headers, body: '' };
}

function literal(body) {
	if (typeof body === 'string')
		return { body, headers: { 'content-type': 'text/plain' } };
	return { body: JSON.stringify(body),
		headers: { 'content-type': 'application/json' } };
}

function plainHeaders(h) {
	const out = {};

	for (const k of Object.keys(h))
		if (!k.startsWith(':'))
			out[k] = h[k];
	return out;
}

function readPayload(opened) {
	if (!opened)
		return { payload: null, plaintext: null };
	const text = opened.plaintext.toString('utf8');
	const out = { payload: null, plaintext: text, padding: opened.padding };

	try {
		out.payload = JSON.parse(text);
	} catch {
		out.payload = text; /* not JSON: shown as it is */
	}
	if (out.payload && typeof out.payload === 'object') {
		const n = out.payload.notification || out.payload;
		if (typeof n.title === 'string')
			out.subject = n.title;
		if (typeof n.body === 'string')
			out.text = n.body;
	}
	return out;
}

module.exports = { Push };
