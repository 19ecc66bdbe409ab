'use strict';
/*
 * Expo's push service over HTTPS: send and getReceipts, the failure switches.
 * Tickets come in the order of the request, flattened; a receipt is there
 * `receipt_ms` later and says what `receipts` has for its token.
 */
const crypto = require('node:crypto');
const zlib = require('node:zlib');
const { checkSettings } = require('./caller');
const { Counter, retryAfter, whenDue } = require('./faults');
const { resetSocket } = require('./tlsfront');
const { Https } = require('./web');
const { Refused, refuse, readMessages, readIds, payloadBytes, PAYLOAD_MAX } =
    require('./expo_rules');

const BODY_MAX = 4 << 20;
const RECEIPTS_MAX = 200000;
const DEFAULTS = {
	access_token: '', receipt_ms: 0, per_s: 600, project: '@sandbox/app',
	projects: {},		/* token: another project */
	tickets: {},		/* token: what its ticket says instead of ok */
	receipts: {},		/* token: what its receipt says instead of ok */
	silent: [],		/* tokens whose receipt never comes */
	name_tokens: true,	/* details.expoPushToken is there */
	lie: '',		/* reorder, short, no_id, same_id, unreadable */
	send: '/--/api/v2/push/send',
	get: '/--/api/v2/push/getReceipts',
};
const LIES = ['', 'reorder', 'short', 'no_id', 'same_id', 'unreadable'];

class Expo extends Https {
	constructor(shared) {
		super(shared, BODY_MAX, { keepAliveTimeout: 60000 });
		this.messages = shared.messages;
		this.settings = structuredClone(DEFAULTS);
		this.receipts = { counter: new Counter() };
		this.tickets = new Map();
		this.second = { at: 0, n: 0 };
	}

	reset() {
		this.settings = structuredClone(DEFAULTS);
		return this.settings;
	}

	set(values) {
		checkSettings(DEFAULTS, values);
		if (values.lie && !LIES.includes(values.lie))
			throw new TypeError(`lie is one of ${LIES}`);
		Object.assign(this.settings, values);
		return this.settings;
	}

	counterOf(req) {
		return req.url === this.settings.get ? this.receipts.counter :
		    this.counter;
	}

	handle(req, res, body) {
		const counter = this.counterOf(req);
		const receipts = counter === this.receipts.counter;
		const name = receipts ? 'expo_receipts' : 'expo';
		const fault = this.faults.take(name, { to: tokensOf(req, body) });
		let answer;

		if (fault)
			counter.faults++;
		if (!fault || fault.store)
			answer = this.evaluate(req, name, body, receipts);
		whenDue(fault, () => {
			const raw = this.front.rawOf(req.socket);
			const mode = fault ? fault.mode : '';

			if (mode === 'status')
				answer = statusAnswer(fault);
			else if (mode === 'reset')
				return resetSocket(raw);
			else if (mode === 'hang')
				return undefined;
			else if (mode === 'garbage')
				answer = { status: 200, text: '<html>{"data":[{"sta' };
			return send(res, counter, answer || statusAnswer({ status: 503 }),
			    fault ? retryAfter(fault) : {}, req);
		});
	}

	/* Returns {status, body}; never throws on input. */
	evaluate(req, name, body, receipts) {
		try {
			const json = readBody(req, body, this.settings);
			return { status: 200, body: receipts ?
			    this.getReceipts(json) : this.send(json) };
		} catch (err) {
			if (!(err instanceof Refused)) {
				process.stderr.write(`sandbox: expo: ${err.stack}\n`);
				return { status: 500, text: 'oops' };
			}
			this.refusals.add(name, err.status, err.message, null);
			return { status: err.status, body: err.body() };
		}
	}

	send(json) {
		const list = readMessages(json);
		const flat = list.flatMap((m) => [].concat(m.to)
		    .map((to) => ({ ...m, to })));

		this.oneProject(flat.map((m) => m.to));
		this.notTooFast(flat.length);
		const data = flat.map((m) => this.ticket(m));
		if (this.settings.lie === 'reorder')
			data.reverse();
		if (this.settings.lie === 'short')
			data.pop();
		if (this.settings.lie === 'same_id')
			data.forEach((t) => Object.assign(t, t.id && { id: data[0].id }));
		if (this.settings.lie === 'unreadable')
			return { tickets: data };
		/* One object to one recipient: an object comes back. */
		return { data: Array.isArray(json) || data.length !== 1 ? data :
		    data[0] };
	}

	oneProject(tokens) {
		const by = {};

		for (const t of tokens)
			(by[this.settings.projects[t] || this.settings.project] ||= [])
			    .push(t);
		if (Object.keys(by).length > 1)
			refuse(400, 'PUSH_TOO_MANY_EXPERIENCE_IDS', 'All push ' +
			    'notification messages in the same request must be for ' +
			    'the same project; check the details field to ' +
			    'investigate conflicting tokens.', by);
	}

	notTooFast(n) {
		const now = Math.floor(performance.now() / 1000);

		if (this.second.at !== now)
			this.second = { at: now, n: 0 };
		this.second.n += n;
		if (this.second.n > this.settings.per_s)
			refuse(429, 'TOO_MANY_REQUESTS', 'Notifications are ' +
			    'limited to 600 a second and project.');
	}

	ticket(m) {
		const s = this.settings, word = s.tickets[m.to];

		if (word)
			return failed(word, m.to, s.name_tokens);
		const id = crypto.randomUUID().toUpperCase();
		const big = payloadBytes(m) > PAYLOAD_MAX;

		this.messages.add({ channel: 'expo', to: m.to,
			subject: m.title || null, text: m.body || null,
			provider: 'expo', provider_id: id, payload: m });
		this.tickets.set(id, { to: m.to, at: performance.now(), big });
		if (this.tickets.size > RECEIPTS_MAX)
			this.tickets.delete(this.tickets.keys().next().value);
		return s.lie === 'no_id' ? { status: 'ok' } : { status: 'ok', id };
	}

	getReceipts(json) {
		const s = this.settings, out = {};

		for (const id of readIds(json)) {
			const t = this.tickets.get(id);
			if (!t || s.silent.includes(t.to) ||
			    performance.now() - t.at < s.receipt_ms)
				continue;
			const word = s.receipts[t.to] || (t.big && 'MessageTooBig');
			out[id] = word ? failed(word, t.to, false) : { status: 'ok' };
		}
		return { data: s.lie === 'unreadable' ? 7 : out };
	}
}

function failed(word, token, named) {
	const details = word === '-' ? undefined : { error: word,
		...(named ? { expoPushToken: token } : {}) };

	return { status: 'error', message: word === 'DeviceNotRegistered' ?
	    `"${token}" is not a registered push notification recipient` :
	    `the push failed: ${word}`, ...(details ? { details } : {}) };
}

function readBody(req, body, settings) {
	const auth = req.headers.authorization;

	if (req.url !== settings.send && req.url !== settings.get)
		refuse(404, 'NOT_FOUND', req.url);
	if (req.method !== 'POST')
		refuse(405, 'METHOD', req.method);
	if (auth !== undefined && !/^Bearer [\x21-\x7e]+$/.test(auth))
		refuse(401, 'invalid_token', 'The bearer token is invalid');
	if (settings.access_token && auth !== `Bearer ${settings.access_token}`)
		refuse(403, 'UNAUTHORIZED', 'Insufficient permission to ' +
		    'send push notifications for this project.');
	if (!/^application\/json(;|$)/.test(req.headers['content-type'] || ''))
		refuse(400, 'VALIDATION_ERROR', 'content type');
	if (body === null)
		refuse(413, 'TOO_LARGE', 'the body');
	try {
		return JSON.parse(unzipped(req, body).toString('utf8'));
	} catch {
		return refuse(400, 'VALIDATION_ERROR', 'no JSON');
	}
}

function unzipped(req, body) {
	const how = req.headers['content-encoding'];

	if (how === undefined)
		return body;
	if (how !== 'gzip')
		throw new Error(how);
	return zlib.gunzipSync(body, { maxOutputLength: BODY_MAX });
}

/* For matching a switch's recipient: whatever can be read, no refusal. */
function tokensOf(req, body) {
	try {
		return [].concat(JSON.parse(unzipped(req, body)))
		    .flatMap((m) => m.to || []);
	} catch {
		return [];
	}
}

function statusAnswer(fault) {
	const code = { 400: 'VALIDATION_ERROR', 401: 'UNAUTHORIZED',
		403: 'UNAUTHORIZED', 429: 'TOO_MANY_REQUESTS' }[fault.status];

	if (typeof fault.body === 'string')
		return { status: fault.status, text: fault.body };
	if (fault.body !== undefined)
		return { status: fault.status, body: fault.body };
	if (!code)
		return { status: fault.status, text: '<html><head><title>' +
		    `${fault.status}</title></head></html>` };
	return { status: fault.status, body: { errors: [{ code,
		message: `switched on: ${code}` }] } };
}

function send(res, counter, answer, headers, req) {
	let text = answer.text !== undefined ? answer.text :
	    JSON.stringify(answer.body);

	if (res.destroyed || res.headersSent)
		return;
	if (answer.status === 200)
		counter.accepted++;
	else
		counter.refuse(answer.status);
	const h = { 'content-type': answer.text !== undefined ? 'text/html' :
	    'application/json; charset=utf-8', ...headers };
	if (/\bgzip\b/.test(req.headers['accept-encoding'] || '') &&
	    text.length > 1024) {
		text = zlib.gzipSync(text);
		h['content-encoding'] = 'gzip';
	}
	h['content-length'] = Buffer.byteLength(text);
	res.writeHead(answer.status, h);
	res.end(text);
}

module.exports = { Expo };
