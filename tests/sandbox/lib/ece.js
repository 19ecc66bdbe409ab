'use strict';
/*
 * Decrypts one Web Push body: RFC 8188 (aes128gcm) with RFC 8291's keys.
 *
 * Strict where RFC 8291 section 4 is: one record, key id = the sender's
 * 65-byte public key, record size above the ciphertext, delimiter 2, nothing
 * but zeros behind it. Throws EceError with the reason.
 */
const crypto = require('node:crypto');

const HEADER = 86;
const TAG = 16;

class EceError extends Error {}

function hmac(key, ...parts) {
	const h = crypto.createHmac('sha256', key);
	for (const p of parts)
		h.update(p);
	return h.digest();
}

const ONE = Buffer.from([1]);
const KEY_INFO = Buffer.from('WebPush: info\0');
const CEK_INFO = Buffer.from('Content-Encoding: aes128gcm\0');
const NONCE_INFO = Buffer.from('Content-Encoding: nonce\0');

function parse(body) {
	if (body.length < HEADER + 1 + TAG)
		throw new EceError('body shorter than header, delimiter and tag');
	const rs = body.readUInt32BE(16);
	if (body[20] !== 65)
		throw new EceError(`key id of ${body[20]} bytes, not 65`);
	const sender = body.subarray(21, HEADER);
	if (sender[0] !== 4)
		throw new EceError('key id is not an uncompressed point');
	const sealed = body.subarray(HEADER);
	if (rs < 18)
		throw new EceError(`record size ${rs} is below 18`);
	if (rs < sealed.length)
		throw new EceError(`more than one record (record size ${rs})`);
	if (rs === sealed.length)
		throw new EceError('record size must exceed the record (RFC 8291 section 4)');
	return { salt: body.subarray(0, 16), rs, sender, sealed };
}

/* `sub` = {ecdh, publicKey, auth}; returns the plaintext and its padding. */
function decrypt(sub, body) {
	const { salt, sender, sealed } = parse(body);
	let secret;

	try {
		secret = sub.ecdh.computeSecret(sender);
	} catch {
		throw new EceError('the sender\'s key is not a point on P-256');
	}
	const ikm = hmac(hmac(sub.auth, secret), KEY_INFO, sub.publicKey,
	    sender, ONE);
	const prk = hmac(salt, ikm);
	const cek = hmac(prk, CEK_INFO, ONE).subarray(0, 16);
	const nonce = hmac(prk, NONCE_INFO, ONE).subarray(0, 12);
	const gcm = crypto.createDecipheriv('aes-128-gcm', cek, nonce);
	let plain;

	gcm.setAuthTag(sealed.subarray(sealed.length - TAG));
	try {
		plain = Buffer.concat([
			gcm.update(sealed.subarray(0, sealed.length - TAG)),
			gcm.final(),
		]);
	} catch {
		throw new EceError('authentication tag does not verify');
	}
	let end = plain.length - 1;
	while (end >= 0 && plain[end] === 0)
		end--;
	if (end < 0)
		throw new EceError('no delimiter: all padding');
	if (plain[end] !== 2)
		throw new EceError(`delimiter is ${plain[end]}, not 2`);
	return { plaintext: plain.subarray(0, end),
		padding: plain.length - 1 - end };
}

module.exports = { decrypt, parse, EceError };
