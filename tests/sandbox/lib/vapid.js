'use strict';
/*
 * Checks an Authorization header by RFC 8292.
 *
 * Signatures are checked once a token: senders reuse a token for hours, and a
 * sink that verifies ES256 for each request measures itself. Times and
 * audience are checked every time.
 */
const crypto = require('node:crypto');

const DAY_S = 86400;
const CACHE_MAX = 2000;
const B64URL = /^[A-Za-z0-9_-]+$/;

class VapidError extends Error {
	/* kind: "absent" (nothing to check) or "invalid". */
	constructor(kind, reason) {
		super(reason);
		this.kind = kind;
	}
}

/* A P-256 public key of 65 bytes as KeyObject; null when it is none. */
function publicKey(raw) {
	if (raw.length !== 65 || raw[0] !== 4)
		return null;
	try {
		return crypto.createPublicKey({ format: 'jwk', key: {
			kty: 'EC', crv: 'P-256',
			x: raw.subarray(1, 33).toString('base64url'),
			y: raw.subarray(33).toString('base64url'),
		} });
	} catch {
		return null;
	}
}

function part(text) {
	const v = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
	if (v === null || typeof v !== 'object' || Array.isArray(v))
		throw new TypeError('not an object');
	return v;
}

/* Everything that stays true for the life of a token. */
function inspect(t, k) {
	const bad = (why) => new VapidError('invalid', why);
	const parts = t.split('.');
	let header, claims;

	if (!B64URL.test(k))
		throw bad('k is not base64url without padding');
	const raw = Buffer.from(k, 'base64url');
	const key = publicKey(raw);
	if (!key)
		throw bad('k is not an uncompressed P-256 point');
	if (parts.length !== 3 || !parts.every((p) => B64URL.test(p)))
		throw bad('t is not a JWT');
	try {
		header = part(parts[0]);
		claims = part(parts[1]);
	} catch {
		throw bad('t has no JSON header and claims');
	}
	if (header.alg !== 'ES256')
		throw bad('alg is not ES256');
	if (header.typ !== undefined && header.typ !== 'JWT')
		throw bad('typ is not JWT');
	const sig = Buffer.from(parts[2], 'base64url');
	if (sig.length !== 64)
		throw bad(`signature of ${sig.length} bytes, not raw r||s of 64` +
		    (sig[0] === 0x30 ? ' (this looks like DER)' : ''));
	if (!crypto.verify('sha256', Buffer.from(`${parts[0]}.${parts[1]}`),
	    { key, dsaEncoding: 'ieee-p1363' }, sig))
		throw bad('signature does not verify with k');
	if (!Number.isInteger(claims.exp))
		throw bad('exp is missing or no integer');
	if (typeof claims.aud !== 'string')
		throw bad('aud is missing or no string');
	if (claims.sub !== undefined && (typeof claims.sub !== 'string' ||
	    !/^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/.test(claims.sub)))
		throw bad('sub is neither mailto: nor https:');
	return { claims, raw };
}

class Vapid {
	constructor() {
		this.cache = new Map();
	}

	/*
	 * Returns {key: base64url, raw: Buffer, claims}. `origin` is what the
	 * endpoint's scheme, host and port spell. Throws VapidError.
	 */
	check(authorization, origin, nowS = Date.now() / 1000) {
		if (!authorization)
			throw new VapidError('absent', 'no Authorization header');
		const m = /^(vapid|webpush|bearer) +(.*)$/i.exec(authorization);
		if (!m)
			throw new VapidError('invalid', 'the scheme is not vapid');
		const hit = this.cache.get(authorization) ||
		    this.remember(authorization, m[2]);

		if (hit.error)
			throw hit.error;
		const { claims } = hit;
		if (claims.exp <= nowS)
			throw new VapidError('invalid', 'the token has expired');
		if (claims.exp > nowS + DAY_S)
			throw new VapidError('invalid', 'exp is over 24 h ahead');
		if (claims.aud !== origin)
			throw new VapidError('invalid',
			    `aud is ${claims.aud}, not ${origin}`);
		return hit;
	}

	remember(authorization, params) {
		let hit;

		try {
			const p = readParams(params);
			hit = { ...inspect(p.t, p.k), key: p.k };
		} catch (err) {
			if (!(err instanceof VapidError))
				throw err;
			hit = { error: err };
		}
		if (this.cache.size >= CACHE_MAX)
			this.cache.delete(this.cache.keys().next().value);
		this.cache.set(authorization, hit);
		return hit;
	}
}

function readParams(text) {
	const out = {};

	for (const piece of text.split(',')) {
		const m = /^\s*([A-Za-z]+)\s*=\s*"?([^"\s]*)"?\s*$/.exec(piece);
		if (!m)
			throw new VapidError('invalid', 'malformed parameters');
		const name = m[1].toLowerCase();
		if (out[name] !== undefined)
			throw new VapidError('invalid', `${name} given twice`);
		out[name] = m[2];
	}
	if (!out.t)
		throw new VapidError('invalid', 't is missing');
	if (!out.k)
		throw new VapidError('invalid', 'k is missing');
	return out;
}

module.exports = { Vapid, VapidError, publicKey };
