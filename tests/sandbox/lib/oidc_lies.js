'use strict';
/*
 * What the issuer can be told to lie about: its documents, and its id_token.
 */
const crypto = require('node:crypto');

const BIG = 200000;
const b64 = (v) => Buffer.from(JSON.stringify(v)).toString('base64url');
const elsewhere = (path) => ({ status: 302,
	headers: { location: `https://127.0.0.1:1${path}` } });

function hs256(head, claims, secret) {
	const t = `${b64({ ...head, alg: 'HS256' })}.${b64(claims)}`;

	return `${t}.${crypto.createHmac('sha256', secret).update(t)
	    .digest('base64url')}`;
}

/* Change what will be signed, or return the whole token. */
const TOKEN_LIES = {
	iss: (t) => { t.claims.iss = 'https://issuer.example'; },
	aud: (t) => { t.claims.aud = 'another-client'; },
	aud_list: (t) => {
		t.claims.aud = [t.settings.client_id, 'another-client'];
	},
	azp: (t) => { t.claims.azp = 'another-client'; },
	nonce: (t) => { t.claims.nonce = 'x'.repeat(43); },
	no_nonce: (t) => { delete t.claims.nonce; },
	exp: (t) => { t.claims.exp = t.now - 600; },
	exp_text: (t) => { t.claims.exp = String(t.now + 300); },
	old: (t) => { t.claims.iat = t.now - 86400; },
	nbf: (t) => { t.claims.nbf = t.now + 3600; },
	at_hash: (t) => { t.claims.at_hash = 'AAAAAAAAAAAAAAAAAAAAAA'; },
	sub: (t) => { t.claims.sub = 'x'.repeat(256); },
	no_sub: (t) => { delete t.claims.sub; },
	kid: (t) => { t.head.kid = 'nobody'; },
	crit: (t) => { t.head.crit = ['exp']; },
	jku: (t) => { t.head.jku = `${t.origin}/jwks`; },
	jwk: (t) => { t.head.jwk = t.key.publicKey.export({ format: 'jwk' }); },
	typ: (t) => { t.head.typ = 'at+jwt'; },
	big: (t) => { t.claims.padding = 'x'.repeat(10000); },
	none: (t) => `${b64({ alg: 'none' })}.${b64(t.claims)}.`,
	/* The public key as a shared secret (RFC 8725 2.1). */
	hs256: (t) => hs256(t.head, t.claims, t.key.publicKey
	    .export({ type: 'spki', format: 'pem' })),
	/* The client's own secret: of what Core allows, we take none. */
	hs256_secret: (t) => hs256(t.head, t.claims, t.settings.client_secret),
	/* A symmetric key among the published ones. */
	hs256_oct: (t) => hs256({ ...t.head, kid: 'oct' }, t.claims,
	    'published-secret'),
	not_three: () => 'only.two',
};
const DOC_LIES = {
	discovery_issuer: (a) => { a.body.issuer = 'https://issuer.example'; },
	discovery_slash: (a) => { a.body.issuer += '/'; },
	discovery_http: (a) => {
		a.body.token_endpoint = a.body.token_endpoint
		    .replace('https', 'http');
	},
	discovery_big: (a) => { a.body.padding = 'x'.repeat(BIG); },
	discovery_endless: () => ({ endless: true }),
	discovery_slow: (a) => { a.drip_ms = 400; },
	discovery_redirect: () => elsewhere('/'),
	discovery_list: (a) => { a.body = [a.body]; },
	discovery_twice: (a) => {
		const text = JSON.stringify(a.body);
		a.body = `{"issuer":"https://issuer.example",${text.slice(1)}`;
		a.type = 'application/json';
	},
};

function foreign(kid, kty) {
	const key = kty === 'EC' ?
	    crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }) :
	    kty === 'RSA' ?
		crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }) :
		crypto.generateKeyPairSync('ed25519');

	return { ...key.publicKey.export({ format: 'jwk' }), kid, use: 'sig' };
}

const JWKS_LIES = {
	jwks_big: (a) => { a.body.padding = 'x'.repeat(BIG); },
	jwks_endless: () => ({ endless: true }),
	jwks_slow: (a) => { a.drip_ms = 400; },
	jwks_redirect: () => elsewhere('/jwks'),
	jwks_empty: (a) => { a.body.keys = []; },
	/* Others' keys under the same names: before the true ones, or instead. */
	jwks_kids: (a) => {
		a.body.keys = [...a.body.keys.map((k) => foreign(k.kid, k.kty)),
			...a.body.keys];
	},
	jwks_foreign: (a) => {
		a.body.keys = a.body.keys.map((k) => foreign(k.kid, k.kty));
	},
	hs256_oct: (a) => {
		a.body.keys.push({ kty: 'oct', kid: 'oct', use: 'sig',
			k: Buffer.from('published-secret').toString('base64url') });
	},
	jwks_weak: (a) => {
		const { publicKey } = crypto.generateKeyPairSync('rsa',
		    { modulusLength: 1024 });
		a.body.keys = [{ ...publicKey.export({ format: 'jwk' }),
			kid: 'weak', use: 'sig' }];
	},
};
const LIES = [...new Set(['', 'signature', 'token_redirect', 'answer_iss',
	'no_answer_iss', 'userinfo_sub', 'no_id_token',
	...Object.keys(TOKEN_LIES), ...Object.keys(DOC_LIES),
	...Object.keys(JWKS_LIES)])];

const lying = (rows) => (lie, answer) => (Object.hasOwn(rows, lie) &&
    rows[lie](answer)) || answer;

module.exports = { LIES, TOKEN_LIES, discoveryLie: lying(DOC_LIES),
	jwksLie: lying(JWKS_LIES) };
