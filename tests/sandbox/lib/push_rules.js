'use strict';
/*
 * What a push service checks in a request (RFC 8030 section 5, RFC 8291,
 * RFC 8292), before it looks at anything else it might do with it.
 */
const { VapidError } = require('./vapid');
const ece = require('./ece');

const BODY_MAX = 4096;
const TTL_MAX = 2592000;
const URGENCIES = ['very-low', 'low', 'normal', 'high'];

class Refusal extends Error {
	constructor(kind, detail) {
		super(detail ? `${kind}: ${detail}` : kind);
		this.kind = kind;
		this.detail = detail || '';
	}
}

/* Which service, and which token, a path spells; null when none. */
function route(path) {
	let m;

	if ((m = /^\/push\/([\w-]+)$/.exec(path)))
		return { style: 'rfc', id: m[1] };
	if ((m = /^\/wpush\/v[12]\/([\w-]+)$/.exec(path)))
		return { style: 'mozilla', id: m[1] };
	if ((m = /^\/apple\/([\w-]+)$/.exec(path)))
		return { style: 'apple', id: m[1] };
	if ((m = /^\/fcm\/(?:send|wp)\/([\w-]+)$/.exec(path)))
		return { style: 'fcm', id: m[1] };
	if ((m = /^\/wns\/(?:w\/)?\?token=([\w-]+)$/.exec(path)))
		return { style: 'wns', id: m[1] };
	if ((m = /^\/autopush\/([\w-]+)$/.exec(path)))
		return { style: 'mozilla', id: m[1], autopush: true };
	if ((m = /^\/(wpush|apple|fcm|wns|autopush)\b/.exec(path)))
		return { style: { wpush: 'mozilla', apple: 'apple', fcm: 'fcm',
			wns: 'wns', autopush: 'mozilla' }[m[1]], id: null };
	return { style: 'rfc', id: null };
}

function checkHeaders(h, style) {
	const ttl = h.ttl;

	if (ttl === undefined)
		throw new Refusal('ttl_missing');
	if (/^-\d+$/.test(ttl))
		throw new Refusal('ttl_negative', ttl);
	if (!/^\d+$/.test(ttl))
		throw new Refusal('ttl_bad', ttl);
	if (h.urgency !== undefined && !URGENCIES.includes(h.urgency))
		throw new Refusal('urgency_bad', h.urgency);
	if (h.topic !== undefined) {
		if (!/^[A-Za-z0-9_-]{1,32}$/.test(h.topic))
			throw new Refusal('topic_bad', h.topic);
		/* Apple decodes it, and no base64url text has such a length. */
		if (style === 'apple' && h.topic.length % 4 === 1)
			throw new Refusal('topic_bad', 'not base64url');
	}
	return Math.min(Number(ttl), TTL_MAX);
}

function checkEncoding(h, body) {
	if (body.length === 0) {
		if (h['content-encoding'] !== undefined)
			throw new Refusal('encoding_bad', 'an encoding without a body');
		return;
	}
	if (h['content-encoding'] !== 'aes128gcm')
		throw new Refusal('encoding_bad', h['content-encoding']);
	if (h.encryption !== undefined || h['crypto-key'] !== undefined)
		throw new Refusal('crypto_headers');
}

/* Apple wants a contact it could use. */
function checkAppleSubject(claims) {
	const sub = claims.sub;

	if (sub === undefined)
		throw new Refusal('auth_invalid', 'sub is missing');
	const host = sub.startsWith('mailto:') ? sub.split('@').pop() :
	    sub.replace(/^https:\/\//, '').split(/[/:]/)[0];
	if (!/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(host))
		throw new Refusal('auth_invalid', `sub names the host ${host}`);
}

/* Returns the verified token ({key, raw, claims}). Throws Refusal. */
function checkAuth(vapid, h, origin, style) {
	try {
		const token = vapid.check(h.authorization, origin);
		if (style === 'apple')
			checkAppleSubject(token.claims);
		return token;
	} catch (err) {
		if (!(err instanceof VapidError))
			throw err;
		throw new Refusal(err.kind === 'absent' ? 'auth_absent' :
		    'auth_invalid', err.message);
	}
}

/* Returns {plaintext, padding}, or null for a push without a body. */
function openBody(sub, token, body) {
	if (body.length === 0)
		return null;
	try {
		/* RFC 8292 section 2.3: the two keys have different purposes. */
		if (ece.parse(body).sender.equals(token.raw))
			throw new Refusal('body_bad', 'encrypted with the VAPID key');
		return ece.decrypt(sub, body);
	} catch (err) {
		if (!(err instanceof ece.EceError))
			throw err;
		throw new Refusal('body_bad', err.message);
	}
}

module.exports = { Refusal, route, checkHeaders, checkEncoding, checkAuth,
	openBody, BODY_MAX };
