'use strict';
/*
 * The failure switches, one a provider, and the counters beside them.
 *
 * A fault is taken by a request when provider, stage (SMTP) and recipient
 * match; `times` counts down and the switch is off at zero. It says two
 * things: what the client sees, and whether the message counts as accepted
 * (`store`). A hang, a reset, a garbled answer and a slow one come after the
 * provider took the message, unless "store": false; a status is a refusal.
 */
const MODES = ['status', 'slow', 'hang', 'reset', 'garbage'];
const STAGES = ['greeting', 'ehlo', 'starttls', 'auth', 'mail', 'rcpt', 'data',
	'final'];
const PROVIDERS = ['kavenegar', 'smtp', 'push', 'expo', 'expo_receipts', 'oidc',
	'facebook', 'whatsapp', 'twilio'];
const FIELDS = ['mode', 'status', 'times', 'after_ms', 'retry_after',
	'retry_after_form', 'body', 'stage', 'to', 'store', 'enhanced', 'scope'];
const DAY_MS = 86400000;

class BadFault extends Error {}

function need(ok, text) {
	if (!ok)
		throw new BadFault(text);
}

function isInt(v, lo, hi) {
	return Number.isInteger(v) && v >= lo && v <= hi;
}

/* Returns the normalised fault; throws BadFault with the reason. */
function parseFault(provider, spec) {
	need(PROVIDERS.includes(provider), `no provider ${provider}`);
	need(spec && typeof spec === 'object' && !Array.isArray(spec),
	    'a fault is a JSON object');
	for (const k of Object.keys(spec))
		need(FIELDS.includes(k), `unknown field ${k}`);
	need(MODES.includes(spec.mode), `mode is one of ${MODES.join(', ')}`);
	const f = { ...spec };
	const smtp = provider === 'smtp';

	if (f.mode === 'status') {
		if (f.status === undefined)
			f.status = smtp ? 451 : 503;
		need(smtp ? isInt(f.status, 200, 599) : isInt(f.status, 200, 999),
		    'status is a reply code');
	}
	if (f.times !== undefined)
		need(isInt(f.times, 1, 1e9), 'times is a positive integer');
	if (f.after_ms === undefined)
		f.after_ms = f.mode === 'slow' ? 2000 : 0;
	need(isInt(f.after_ms, 0, DAY_MS), 'after_ms is 0 to one day');
	if (f.retry_after !== undefined)
		need(isInt(f.retry_after, 0, 1e9), 'retry_after is in seconds');
	if (f.retry_after_form !== undefined)
		need(['seconds', 'date'].includes(f.retry_after_form),
		    'retry_after_form is seconds or date');
	if (f.to !== undefined)
		need(typeof f.to === 'string', 'to is a recipient');
	if (f.store !== undefined)
		need(typeof f.store === 'boolean', 'store is true or false');
	if (f.scope !== undefined)
		need(['connection', 'stream'].includes(f.scope),
		    'scope is connection or stream');
	if (smtp) {
		if (f.stage === undefined)
			f.stage = f.mode === 'status' ? 'rcpt' : 'final';
		need(STAGES.includes(f.stage),
		    `stage is one of ${STAGES.join(', ')}`);
		if (f.enhanced !== undefined)
			need(/^[245]\.\d{1,3}\.\d{1,3}$/.test(f.enhanced),
			    'enhanced is like 4.2.1');
	} else {
		need(f.stage === undefined, 'stage is for smtp');
	}
	if (f.store === undefined)
		f.store = f.mode !== 'status';
	return f;
}

class Faults {
	constructor() {
		this.active = new Map();
	}

	set(provider, spec) {
		const f = parseFault(provider, spec);
		this.active.set(provider, f);
		return f;
	}

	clear(provider) {
		if (provider)
			return this.active.delete(provider);
		this.active.clear();
		return true;
	}

	list() {
		const out = {};
		for (const [k, v] of this.active)
			out[k] = v;
		return out;
	}

	/* The fault for this request, or null. `to` may be a list. */
	take(provider, { stage, to } = {}) {
		const f = this.active.get(provider);

		if (!f || (f.stage !== undefined && f.stage !== stage))
			return null;
		if (f.to !== undefined && ![].concat(to || []).includes(f.to))
			return null;
		if (f.times !== undefined && --f.times <= 0)
			this.active.delete(provider);
		return { ...f };
	}
}

function retryAfter(f) {
	if (f.retry_after === undefined)
		return {};
	if (f.retry_after_form === 'date')
		return { 'retry-after': new Date(Date.now() +
		    f.retry_after * 1000).toUTCString() };
	return { 'retry-after': String(f.retry_after) };
}

/* Now, or when the fault (null: none) says. */
function whenDue(fault, act) {
	if (fault && fault.after_ms)
		setTimeout(act, fault.after_ms).unref();
	else
		act();
}

class Counter {
	constructor() {
		this.open = 0;
		this.parallel = 0;
		this.reset();
	}

	reset() {
		this.requests = 0;
		this.accepted = 0;
		this.refused = {};
		this.faults = 0;
		this.connections = 0;
		this.max_open = this.open;
		this.max_parallel = this.parallel;
	}

	connected() {
		this.connections++;
		this.max_open = Math.max(this.max_open, ++this.open);
	}

	disconnected() {
		this.open--;
	}

	begin() {
		this.requests++;
		this.max_parallel = Math.max(this.max_parallel,
		    ++this.parallel);
	}

	end() {
		this.parallel--;
	}

	refuse(status) {
		this.refused[status] = (this.refused[status] || 0) + 1;
	}
}

/* The last refusals with their reasons: the first place to look at. */
class Refusals {
	constructor(changed, max = 200) {
		this.changed = changed;
		this.max = max;
		this.rows = [];
	}

	add(provider, status, reason, to) {
		this.rows.push({ at: new Date().toISOString(), provider, status,
			reason, to: to || null });
		if (this.rows.length > this.max)
			this.rows.shift();
		this.changed();
	}

	list() {
		return [...this.rows].reverse();
	}
}

module.exports = { Faults, BadFault, Counter, Refusals, retryAfter, whenDue,
	PROVIDERS };
