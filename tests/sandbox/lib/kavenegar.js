'use strict';
/*
 * Kavenegar over HTTPS: the envelope, the key in the path, the failure
 * switches. The HTTP status equals return.status; a refusal has entries null.
 */
const crypto = require('node:crypto');
const { retryAfter, whenDue } = require('./faults');
const { resetSocket } = require('./tlsfront');
const { Https } = require('./web');
const { CODE_TEXT, Refused, refuse, Form, decodeForm, readReceptor } =
    require('./kavenegar_rules');
const { METHODS } = require('./kavenegar_methods');
const { KavenegarStore } = require('./kavenegar_store');

const BODY_MAX = 1 << 20;

const DEFAULTS = {
	api_key: 'sandbox-kavenegar-key',
	disabled: false, advanced: true, owner: null,
	credit: 1_500_000_000, cost: 120,
	lines: ['10004346', '2000500666', '30002626', '30002627'],
	templates: { 'gatepost-code': 'Your code: %token' },
	tags: null, links_allowed: true,
	sent_ms: 500, final_ms: 2000, outcomes: {},
	callback_url: '', callback_method: 'POST', callback_retry_ms: 120000,
};

class Kavenegar extends Https {
	constructor(shared) {
		super(shared, BODY_MAX, { keepAliveTimeout: 60000 });
		this.messages = shared.messages;
		this.settings = structuredClone(DEFAULTS);
		this.config = { apilogs: 'justfaults', debugmode: 'disabled',
			defaultsender: DEFAULTS.lines[0], mincreditalarm: 0,
			resendfailed: 'disabled' };
		this.store = new KavenegarStore(this.settings, shared.ca);
	}

	set(values) {
		for (const [k, v] of Object.entries(values)) {
			const d = DEFAULTS[k];
			const ok = k in DEFAULTS && (
			    (d === null && (v === null || typeof v === 'string' ||
				Array.isArray(v))) ||
			    (d !== null && v !== null && typeof v === typeof d &&
				Array.isArray(v) === Array.isArray(d)));
			if (!ok)
				throw new TypeError(`no such setting: ${k}`);
		}
		if (values.lines && values.lines.length === 0)
			throw new TypeError('lines needs one');
		if (values.callback_url)
			new URL(values.callback_url); /* throws TypeError */
		Object.assign(this.settings, values);
		return this.settings;
	}

	/* Operator's report for one message; false when there is none. */
	force(messageid, status) {
		const rec = this.store.byId(String(messageid));

		if (!rec)
			return false;
		this.store.force(rec, status);
		return true;
	}

	keep(rec, r) {
		const { store } = this;

		this.messages.add({ channel: r.channel, to: rec.to.e164,
			text: rec.text, provider: 'kavenegar',
			provider_id: String(rec.messageid),
			payload: { ...r.payload, messageid: rec.messageid,
				sender: rec.sender },
			get status() {
				return store.status(rec);
			} });
	}

	handle(req, res, body) {
		/* RFC 9112 section 3.2.2: absolute-form too (their node SDK). */
		const target = req.url.replace(/^https?:\/\/[^/]*/i, '');
		const q = target.indexOf('?');
		const path = q < 0 ? target : target.slice(0, q);
		const query = q < 0 ? '' : target.slice(q + 1);
		let answer, fault = null;

		fault = this.faults.take('kavenegar',
		    { to: receptorsOf(body, query) });
		if (fault)
			this.counter.faults++;
		if (!fault || fault.store)
			answer = this.evaluate(req, path, query, body);
		if (fault)
			this.apply(fault, answer, req, res);
		else
			this.send(res, answer.code, envelope(answer));
	}

	/* Returns {code, entries}; never throws on input. */
	evaluate(req, path, query, body) {
		try {
			return { code: 200, entries:
			    this.call(req, path, query, body) };
		} catch (err) {
			if (!(err instanceof Refused)) {
				process.stderr.write(
				    `sandbox: kavenegar: ${err.stack}\n`);
				return { code: 500, entries: null };
			}
			this.refusals.add('kavenegar', err.code, err.message,
			    path.replace(/^\/v1\/[^/]*/, '/v1/…'));
			return { code: err.code, entries: null };
		}
	}

	call(req, path, query, body) {
		const m = /^\/v1\/([^/]+)\/(\w+\/\w+)\.(json|xml)$/.exec(path);
		const row = m && m[3] === 'json' &&
		    Object.hasOwn(METHODS, m[2]) ? METHODS[m[2]] : null;

		if (m && !(row && row.open) &&
		    !sameKey(m[1], this.settings.api_key))
			refuse(403, 'the key in the path');
		if (!row)
			refuse(404, `no method ${m ? m[2] + '.' + m[3] : 'here'}`);
		if (this.settings.disabled && !row.open)
			refuse(401, 'the account is disabled');
		if (!row.verbs.includes(req.method))
			refuse(405, `${req.method} for ${m[2]}`);
		if (body === null)
			refuse(414, 'a body over 1 MB');
		return row.run(this, new Form([...decodeForm(query),
			...readBody(req, body)]));
	}

	send(res, code, body, headers = {}) {
		if (code === 200)
			this.counter.accepted++;
		else
			this.counter.refuse(code);
		write(res, code, body, headers);
	}

	apply(fault, answer, req, res) {
		const raw = this.front.rawOf(req.socket);
		whenDue(fault, () => {
			switch (fault.mode) {
			case 'status': {
				const a = statusAnswer(fault);
				this.send(res, fault.status, a.body,
				    { ...a.headers, ...retryAfter(fault) });
				break;
			}
			case 'slow':
				if (answer)
					this.send(res, answer.code,
					    envelope(answer));
				else
					this.send(res, 409, envelope({
						code: 409, entries: null }));
				break;
			case 'reset':
				resetSocket(raw);
				break;
			case 'garbage':
				write(res, 200, '<html>{"return":{"stat', {
					'content-type': 'text/html' });
				break;
			case 'hang':
				break; /* read, taken, and never answered */
			}
		});
	}
}

function write(res, code, body, headers) {
	if (res.destroyed || res.headersSent)
		return;
	res.writeHead(code, { 'content-type': 'application/json; charset=utf-8',
		'content-length': Buffer.byteLength(body), ...headers });
	res.end(body);
}

function envelope({ code, entries }) {
	return JSON.stringify({ return: { status: code,
		message: CODE_TEXT[code] || 'خطا' }, entries });
}

function readBody(req, body) {
	if (req.method !== 'POST' || body.length === 0)
		return [];
	const type = (req.headers['content-type'] || '').toLowerCase();
	if (!/^application\/x-www-form-urlencoded(;\s*charset="?utf-8"?)?$/
	    .test(type.trim()))
		refuse(400, `content type ${type || 'missing'}`);
	if (body.some((b) => b > 0x7e || b < 0x20))
		refuse(422, 'a byte that percent-encoding leaves none of');
	return decodeForm(body.toString('latin1'));
}

/* For matching a fault's recipient: whatever can be read, no refusal. */
function receptorsOf(body, query) {
	try {
		const text = `${query}&${(body || '').toString('latin1')}`;
		const form = new URLSearchParams(text);
		return (form.get('receptor') || '').replace(/[["\]]/g, '')
		    .split(',').map((r) => readReceptor(r.trim()))
		    .filter(Boolean).map((r) => r.e164);
	} catch {
		return [];
	}
}

/* A gateway in front answers 5xx in HTML; the API itself in its envelope. */
function statusAnswer(fault) {
	const json = { 'content-type': 'application/json; charset=utf-8' };
	const html = { 'content-type': 'text/html' };

	if (typeof fault.body === 'string')
		return { body: fault.body, headers: html };
	if (fault.body !== undefined)
		return { body: JSON.stringify(fault.body), headers: json };
	if ([500, 502, 503, 504].includes(fault.status))
		return { body: `<html><head><title>${fault.status}</title></head>` +
		    '<body><center><h1>gateway error</h1></center></body></html>\n',
		headers: html };
	return { body: envelope({ code: fault.status, entries: null }),
		headers: json };
}

function sameKey(a, b) {
	const h = (s) => crypto.createHash('sha256').update(s).digest();
	return crypto.timingSafeEqual(h(a), h(b));
}

module.exports = { Kavenegar };
