'use strict';
/* For tests: a sender of Web Push written out by hand, so that each part can
 * be made wrong on purpose. */
const crypto = require('node:crypto');
const http2 = require('node:http2');

const b64 = (v) => Buffer.from(v).toString('base64url');

function vapidKey() {
	const { privateKey, publicKey } = crypto.generateKeyPairSync('ec',
	    { namedCurve: 'P-256' });
	const jwk = publicKey.export({ format: 'jwk' });

	return { privateKey, publicKey: Buffer.concat([Buffer.from([4]),
		Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')])
	    .toString('base64url') };
}

/* `over` replaces claims or header fields; undefined removes one. */
function jwt(key, aud, over = {}) {
	const header = { typ: 'JWT', alg: 'ES256', ...over.header };
	const claims = { aud, exp: Math.floor(Date.now() / 1000) + 3600,
		sub: 'mailto:ops@example.com', ...over.claims };
	const signed = `${b64(JSON.stringify(header))}.` +
	    `${b64(JSON.stringify(claims))}`;
	const sig = crypto.sign('sha256', Buffer.from(signed),
	    { key: key.privateKey, dsaEncoding: over.der ? 'der' : 'ieee-p1363' });

	return `${signed}.${b64(sig)}`;
}

function authorization(key, endpoint, over) {
	return `vapid t=${jwt(key, new URL(endpoint).origin, over)}, ` +
	    `k=${key.publicKey}`;
}

function hmac(key, ...parts) {
	const h = crypto.createHmac('sha256', key);
	parts.forEach((p) => h.update(p));
	return h.digest();
}

/* RFC 8291 with every knob. */
function encrypt(keys, plaintext, o = {}) {
	const ua = Buffer.from(keys.p256dh, 'base64url');
	const auth = Buffer.from(keys.auth, 'base64url');
	const ecdh = crypto.createECDH('prime256v1');
	if (o.privateKey)
		ecdh.setPrivateKey(o.privateKey);
	else
		ecdh.generateKeys();
	const as = ecdh.getPublicKey();
	const salt = o.salt || crypto.randomBytes(16);
	const ikm = hmac(hmac(auth, ecdh.computeSecret(ua)), 'WebPush: info\0',
	    ua, as, '\x01');
	const prk = hmac(salt, ikm);
	const cek = hmac(prk, 'Content-Encoding: aes128gcm\0\x01').subarray(0, 16);
	const nonce = hmac(prk, 'Content-Encoding: nonce\0\x01').subarray(0, 12);
	const gcm = crypto.createCipheriv('aes-128-gcm', cek, nonce);
	const sealed = Buffer.concat([gcm.update(Buffer.concat([
		Buffer.from(plaintext),
		Buffer.from(o.delimiter === undefined ? [2] : o.delimiter),
		Buffer.alloc(o.padding || 0)])), gcm.final(), gcm.getAuthTag()]);
	const head = Buffer.alloc(21);

	salt.copy(head);
	head.writeUInt32BE(typeof o.rs === 'function' ? o.rs(sealed.length) :
	    o.rs || 4096, 16);
	head[20] = 65;
	return Buffer.concat([head, as, sealed]);
}

/* One HTTP/2 session; post() resolves to {status, headers, text}. */
class H2 {
	constructor(origin, ca) {
		this.session = http2.connect(origin, { ca });
		this.session.on('error', () => {});
	}

	post(path, headers, body) {
		return new Promise((resolve, reject) => {
			const s = this.session.request({ ':method': 'POST',
				':path': path, ...headers });
			let h, text = '';
			s.on('response', (r) => { h = r; });
			s.on('data', (c) => { text += c; });
			s.on('error', reject);
			s.on('close', () => (h ? resolve({ status: h[':status'],
				headers: h, text }) :
			    reject(new Error('closed without an answer'))));
			s.end(body);
		});
	}

	close() {
		this.session.destroy();
	}
}

module.exports = { vapidKey, jwt, authorization, encrypt, H2 };
