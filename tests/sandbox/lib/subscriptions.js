'use strict';
/*
 * Browser-like push subscriptions whose private keys we hold.
 *
 * A subscription is bound to one VAPID key for life: the one named when it was
 * made, else the first that signs for it. A removed one answers 410 for ever,
 * an unknown one 404. With a state directory every change is appended to
 * subscriptions.jsonl (it holds private test keys: mode 0600) and read back.
 */
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const STYLES = {
	rfc: (id) => `/push/${id}`,
	mozilla: (id) => `/wpush/v2/${id}`,
	apple: (id) => `/apple/${id}`,
	fcm: (id) => `/fcm/send/${id}`,
	wns: (id) => `/wns/w/?token=${id}`,
};
const SUBSCRIPTIONS_MAX = 200000;

class Subscriptions {
	constructor(stateDir) {
		this.byId = new Map();
		this.origin = '';
		this.log = null;
		if (stateDir)
			this.open(path.join(stateDir, 'subscriptions.jsonl'));
	}

	open(file) {
		if (fs.existsSync(file)) {
			for (const line of fs.readFileSync(file, 'utf8').split('\n'))
				this.replay(line);
		}
		this.log = fs.createWriteStream(file, { flags: 'a', mode: 0o600 });
		this.log.on('error', (err) => {
			process.stderr.write(`sandbox: ${file}: ${err.message}\n`);
		});
	}

	replay(line) {
		let row;

		try {
			row = JSON.parse(line);
		} catch {
			return; /* the last line of a killed process may be cut */
		}
		if (row.op === 'new') {
			this.byId.set(row.id, fromKeys(row));
		} else if (this.byId.has(row.id)) {
			const sub = this.byId.get(row.id);
			if (row.op === 'bind')
				sub.vapid = row.vapid;
			if (row.op === 'gone')
				sub.gone = true;
		}
	}

	write(row) {
		if (this.log)
			this.log.write(JSON.stringify(row) + '\n');
	}

	create({ style = 'rfc', vapid = null, keepRaw = false } = {}) {
		if (this.byId.size >= SUBSCRIPTIONS_MAX)
			throw new Error('too many subscriptions');
		const ecdh = crypto.createECDH('prime256v1');
		ecdh.generateKeys();
		const row = {
			op: 'new',
			id: crypto.randomBytes(24).toString('base64url'),
			style,
			private_key: ecdh.getPrivateKey('base64url'),
			auth: crypto.randomBytes(16).toString('base64url'),
			vapid,
			keep_raw: keepRaw,
		};
		const sub = fromKeys(row);

		this.byId.set(row.id, sub);
		this.write(row);
		return sub;
	}

	/* What PushSubscription.toJSON() gives a page, and our id. */
	toJSON(sub) {
		return {
			id: sub.id,
			endpoint: this.endpoint(sub),
			expirationTime: null,
			keys: { p256dh: sub.publicKey.toString('base64url'),
				auth: sub.auth.toString('base64url') },
		};
	}

	endpoint(sub) {
		return this.origin + STYLES[sub.style](sub.id);
	}

	find(id) {
		return this.byId.get(id) || null;
	}

	bind(sub, vapid) {
		sub.vapid = vapid;
		this.write({ op: 'bind', id: sub.id, vapid });
	}

	remove(id) {
		const sub = this.byId.get(id);

		if (!sub)
			return false;
		sub.gone = true;
		this.write({ op: 'gone', id });
		return true;
	}

	close() {
		return new Promise((resolve) => {
			if (!this.log)
				return resolve();
			this.log.end(resolve);
		});
	}
}

function fromKeys(row) {
	const ecdh = crypto.createECDH('prime256v1');

	ecdh.setPrivateKey(Buffer.from(row.private_key, 'base64url'));
	return {
		id: row.id,
		style: row.style,
		ecdh,
		publicKey: ecdh.getPublicKey(),
		auth: Buffer.from(row.auth, 'base64url'),
		vapid: row.vapid || null,
		keepRaw: row.keep_raw === true,
		gone: false,
		topics: new Map(),
	};
}

module.exports = { Subscriptions, STYLES };
