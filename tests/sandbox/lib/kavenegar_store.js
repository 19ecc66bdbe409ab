'use strict';
/*
 * Kavenegar's message rows: ids, the advance of their status, the duplicate
 * guard by local id, and the status callback.
 *
 * A status is a function of time, computed when asked: 1 (or 5) at once, 4
 * after settings.sent_ms, the outcome after settings.final_ms. Only with a
 * callback URL are there timers.
 */
const http = require('node:http');
const https = require('node:https');
const { STATUS_TEXT } = require('./kavenegar_rules');

const ROWS_MAX = 40000;
const LOCALID_WINDOW_MS = 12 * 3600 * 1000;
const STATUS_WINDOW_MS = 48 * 3600 * 1000;
const CALLBACK_TRIES = 30;

/* Above 2^32 on purpose: ids are 64-bit and clients must take them so. */
let nextId = 8_792_343_000;

class KavenegarStore {
	constructor(settings, ca) {
		this.settings = settings;
		this.ca = ca;
		this.rows = new Map();
		this.byLocal = new Map();
		this.callbacks = { sent: 0, ok: 0, failed: 0 };
	}

	add({ to, sender, text, localid, lookup, at }) {
		const now = Date.now();
		const rec = { messageid: nextId++, to, sender, text,
			localid: localid === undefined ? null : localid, lookup,
			date: Math.floor((at || now) / 1000), start: at || now,
			created: now, forced: null, cancelled: false };

		this.rows.set(rec.messageid, rec);
		if (rec.localid !== null)
			this.byLocal.set(rec.localid, rec);
		if (this.rows.size > ROWS_MAX) {
			const old = this.rows.values().next().value;
			this.rows.delete(old.messageid);
			if (this.byLocal.get(old.localid) === old)
				this.byLocal.delete(old.localid);
		}
		this.schedule(rec);
		return rec;
	}

	status(rec, now = Date.now()) {
		const s = this.settings;

		if (rec.forced !== null)
			return rec.forced;
		if (rec.cancelled)
			return 13;
		if (now < rec.start)
			return 2;
		if (now - rec.start >= s.final_ms)
			return s.outcomes[rec.to.e164] || 10;
		if (rec.lookup)
			return 5;
		return now - rec.start >= s.sent_ms ? 4 : 1;
	}

	byId(text) {
		const rec = /^\d{1,15}$/.test(text) ?
		    this.rows.get(Number(text)) : undefined;

		return rec && Date.now() - rec.created < STATUS_WINDOW_MS ?
		    rec : null;
	}

	byLocalId(id) {
		const rec = this.byLocal.get(id);

		return rec && Date.now() - rec.created < LOCALID_WINDOW_MS ?
		    rec : null;
	}

	entry(rec) {
		const status = this.status(rec);

		return { messageid: rec.messageid, message: rec.text, status,
			statustext: STATUS_TEXT[status] || '', sender: rec.sender,
			receptor: rec.to.wire, date: rec.date,
			cost: this.settings.cost };
	}

	/* For tests: what an operator would report, and when they say so. */
	force(rec, status) {
		rec.forced = status;
		this.callback(rec, status);
	}

	schedule(rec) {
		const s = this.settings;

		if (!s.callback_url)
			return;
		const wait = rec.start - Date.now();
		const at = (ms) => {
			setTimeout(() => {
				if (rec.forced === null && !rec.cancelled)
					/* At its due time: a timer may be early. */
					this.callback(rec, this.status(rec,
					    rec.start + ms));
			}, Math.max(0, wait + ms)).unref();
		};
		if (!rec.lookup)
			at(s.sent_ms);
		at(s.final_ms);
	}

	callback(rec, status, attempt = 1) {
		const s = this.settings;

		if (!s.callback_url)
			return;
		const url = new URL(s.callback_url);
		const form = new URLSearchParams({ messageid: rec.messageid,
			status }).toString();
		const get = s.callback_method === 'GET';
		const lib = url.protocol === 'https:' ? https : http;
		let settled = false;
		const done = (ok) => {
			if (settled)
				return;
			settled = true;
			this.callbacks[ok ? 'ok' : 'failed']++;
			if (!ok && attempt < CALLBACK_TRIES)
				setTimeout(() => this.callback(rec, status,
				    attempt + 1), s.callback_retry_ms).unref();
		};

		if (get)
			url.search = (url.search ? url.search + '&' : '?') + form;
		this.callbacks.sent++;
		const req = lib.request(url, { method: get ? 'GET' : 'POST',
			timeout: 10000, agent: false, ca: this.ca,
			headers: get ? {} : {
				'content-type': 'application/x-www-form-urlencoded',
				'content-length': Buffer.byteLength(form) } },
		(res) => {
			res.resume();
			res.on('end', () => done(res.statusCode === 200));
			res.on('close', () => done(false));
		});
		req.on('timeout', () => req.destroy());
		req.on('error', () => done(false));
		req.end(get ? undefined : form);
	}
}

module.exports = { KavenegarStore };
