'use strict';
/*
 * What the messaging emulators share: calling the customer back, again until
 * it is taken, and knowing what became of that.
 */
const http = require('node:http');
const https = require('node:https');

const TRIES = 30;
const TIMEOUT_MS = 10000;

class Caller {
	constructor(ca, retryMs) {
		this.ca = ca;
		this.retryMs = retryMs;
		this.callbacks = { sent: 0, ok: 0, failed: 0 };
		this.last = [];
	}

	/* Resolves to the status of the first try; 0: nobody answered. */
	post(address, headers, body, attempt = 1) {
		return new Promise((resolve) => {
			const url = new URL(address);
			const lib = url.protocol === 'https:' ? https : http;
			let settled = false;
			const done = (status) => {
				if (settled)
					return;
				settled = true;
				const ok = status >= 200 && status < 300;
				this.callbacks[ok ? 'ok' : 'failed']++;
				this.last = [...this.last.slice(-99),
					{ url: address, status }];
				if (!ok && attempt < TRIES)
					setTimeout(() => this.post(address, headers, body,
					    attempt + 1), this.retryMs()).unref();
				resolve(status);
			};

			this.callbacks.sent++;
			const req = lib.request(url, { method: 'POST', agent: false,
				timeout: TIMEOUT_MS, ca: this.ca, headers: { ...headers,
					'content-length': Buffer.byteLength(body) } },
			(res) => {
				res.resume();
				res.on('end', () => done(res.statusCode));
				res.on('close', () => done(0));
			});
			req.on('timeout', () => req.destroy());
			req.on('error', () => done(0));
			req.end(body);
		});
	}
}

/* Settings are of the type of their defaults; no others. */
function checkSettings(defaults, values) {
	for (const [k, v] of Object.entries(values)) {
		const d = defaults[k];
		if (!(k in defaults) || v === null || typeof v !== typeof d ||
		    Array.isArray(v) !== Array.isArray(d))
			throw new TypeError(`no such setting: ${k}`);
	}
}

module.exports = { Caller, checkSettings };
