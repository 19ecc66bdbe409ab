'use strict';
/*
 * An OpenID Connect issuer: discovery, authorize (a page for people, or at
 * once when settings.auto names somebody), token, userinfo, keys. It refuses
 * what real ones refuse; what it can be told to lie about is in LIES.
 */
const crypto = require('node:crypto');
const { Web, Refused, chooser } = require('./web');

const CODE_MS = 60000;
const DEFAULTS = {
	client_id: 'sandbox-client', client_secret: 'sandbox-oidc-secret',
	/* Exact; empty: any callback of Gatepost on localhost. */
	redirect_uris: [],
	people: {
		ann: { name: 'Ann Example', given_name: 'Ann',
			family_name: 'Example', email: 'ann@example.com',
			email_verified: true },
		bob: { name: 'Bob', email: 'bob@example.com',
			email_verified: false },
		nomail: { name: 'No Mail' },
	},
	auto: '', alg: 'RS256', email_at_userinfo: false, code_ms: CODE_MS,
	lie: '', claims: {}, cache_s: 60,
};
const LIES = ['', 'iss', 'aud', 'aud_list', 'azp', 'nonce', 'no_nonce', 'exp',
	'old', 'at_hash', 'none', 'hs256', 'kid', 'signature', 'crit', 'jku',
	'jwks_big', 'jwks_redirect', 'discovery_issuer', 'discovery_http',
	'token_redirect', 'answer_iss', 'no_answer_iss', 'userinfo_sub'];
const ALGS = { RS256: 'rsa', PS256: 'rsa', ES256: 'ec', EdDSA: 'ed25519' };

function makeKey(kind) {
	if (kind === 'rsa')
		return crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
	if (kind === 'ec')
		return crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
	return crypto.generateKeyPairSync('ed25519');
}

const b64 = (v) => Buffer.from(typeof v === 'string' ? v :
    JSON.stringify(v)).toString('base64url');
const oauth = (status, error, why, headers) =>
	new Refused(status, { error, error_description: why }, why, headers);

function same(a, b) {
	const h = (s) => crypto.createHash('sha256').update(String(s)).digest();
	return crypto.timingSafeEqual(h(a), h(b));
}

class Oidc extends Web {
	constructor(shared) {
		super('oidc', shared);
		this.settings = structuredClone(DEFAULTS);
		this.codes = new Map();
		this.tokens = new Map();
		this.keys = {};
		this.generation = 0;
		this.hidden = false;
	}

	set(values) {
		for (const [k, v] of Object.entries(values)) {
			if (!(k in DEFAULTS) || typeof v !== typeof DEFAULTS[k])
				throw new TypeError(`no such setting: ${k}`);
		}
		if (values.lie !== undefined && !LIES.includes(values.lie))
			throw new TypeError(`lie is one of ${LIES}`);
		if (values.alg !== undefined && !Object.hasOwn(ALGS, values.alg))
			throw new TypeError(`alg is one of ${Object.keys(ALGS)}`);
		Object.assign(this.settings, values);
		return this.settings;
	}

	reset() {
		this.settings = structuredClone(DEFAULTS);
		return this.settings;
	}

	/* New keys from now on; the old ones are gone from the set. */
	rotate() {
		this.keys = {};
		this.generation++;
		return { generation: this.generation };
	}

	key(kind) {
		if (!this.keys[kind])
			this.keys[kind] = { ...makeKey(kind),
				kid: `${kind}-${this.generation}` };
		return this.keys[kind];
	}

	get issuer() {
		return this.origin;
	}

	route(req, url, text) {
		switch (`${req.method} ${url.pathname}`) {
		case 'GET /.well-known/openid-configuration':
			return this.discovery();
		case 'GET /authorize':
			return this.authorize(url);
		case 'POST /token':
			return this.token(req, text);
		case 'GET /userinfo':
			return this.userinfo(req);
		case 'GET /jwks':
			return this.jwks();
		}
		throw new Refused(404, { error: 'not_found' }, 'no such address');
	}

	discovery() {
		const { lie } = this.settings;
		const at = (p) => `${this.origin}${p}`;

		return { headers: this.age(), body: {
			issuer: lie === 'discovery_issuer' ?
			    'https://issuer.example' : this.issuer,
			authorization_endpoint: at('/authorize'),
			token_endpoint: lie === 'discovery_http' ?
			    at('/token').replace('https', 'http') : at('/token'),
			userinfo_endpoint: at('/userinfo'), jwks_uri: at('/jwks'),
			response_types_supported: ['code'],
			subject_types_supported: ['public'],
			id_token_signing_alg_values_supported: Object.keys(ALGS),
			token_endpoint_auth_methods_supported:
			    ['client_secret_basic', 'client_secret_post'],
			code_challenge_methods_supported: ['S256'],
			scopes_supported: ['openid', 'email', 'profile'],
			authorization_response_iss_parameter_supported: true } };
	}

	age() {
		return { 'cache-control': `max-age=${this.settings.cache_s}` };
	}

	jwks() {
		const { lie } = this.settings;

		if (lie === 'jwks_redirect')
			return { status: 302, headers: {
				location: 'https://127.0.0.1:1/jwks' } };
		const keys = ['rsa', 'ec', 'ed25519'].map((kind) => {
			const k = this.key(kind);
			return { ...k.publicKey.export({ format: 'jwk' }),
				kid: k.kid, use: 'sig' };
		});
		const body = { keys };
		if (lie === 'jwks_big')
			body.padding = 'x'.repeat(200000);
		return { headers: this.age(), body };
	}

	redirectOk(uri) {
		const list = this.settings.redirect_uris;

		return list.length ? list.includes(uri) :
		    /^https:\/\/localhost:\d+\/api\/auth\/social\/[a-z0-9-]+\/callback$/
			.test(uri);
	}

	authorize(url) {
		const q = (name) => url.searchParams.get(name) || '';
		const s = this.settings;

		if (q('client_id') !== s.client_id)
			throw new Refused(400, 'unknown client', 'client_id');
		if (!this.redirectOk(q('redirect_uri')))
			throw new Refused(400, 'redirect_uri_mismatch',
			    `redirect_uri ${q('redirect_uri')}`);
		const back = (values) => {
			const to = new URL(q('redirect_uri'));
			const iss = s.lie === 'answer_iss' ?
			    'https://issuer.example' : this.issuer;
			if (s.lie !== 'no_answer_iss')
				values.iss = iss;
			for (const [k, v] of Object.entries({ ...values,
				state: q('state') }))
				to.searchParams.set(k, v);
			return { status: 302, headers: { location: to.href } };
		};
		if (q('response_type') !== 'code')
			return back({ error: 'unsupported_response_type' });
		if (!q('scope').split(' ').includes('openid'))
			return back({ error: 'invalid_scope' });
		if (q('code_challenge_method') !== 'S256' ||
		    !/^[A-Za-z0-9_-]{43}$/.test(q('code_challenge')))
			return back({ error: 'invalid_request',
				error_description: 'PKCE S256 is required' });
		const who = q('person') || s.auto;
		if (who === '-cancel')
			return back({ error: 'access_denied' });
		if (!Object.hasOwn(s.people, who))
			return { body: chooser('Sign in with Sandbox',
			    Object.entries(s.people).map(([id, p]) =>
				({ id, ...p })), (p) => {
				    const to = new URL(url);
				    to.searchParams.set('person', p ? p.id :
					'-cancel');
				    return to.pathname + to.search;
			    }) };
		const code = crypto.randomBytes(16).toString('base64url');
		this.codes.set(code, { who, nonce: q('nonce'),
			challenge: q('code_challenge'), scope: q('scope'),
			redirect_uri: q('redirect_uri'),
			ends: Date.now() + s.code_ms, used: false });
		return back({ code });
	}

	client(req, form) {
		const s = this.settings;
		const m = /^Basic ([A-Za-z0-9+/=]+)$/.exec(
		    req.headers.authorization || '');
		let id = form.get('client_id'), secret = form.get('client_secret');

		if (m) {
			const [a, b] = Buffer.from(m[1], 'base64').toString()
			    .split(':').map((v) => decodeURIComponent(v || ''));
			if (secret !== null)
				throw oauth(400, 'invalid_request',
				    'two ways of client authentication');
			[id, secret] = [a, b];
		}
		if (id !== s.client_id || !same(secret, s.client_secret))
			throw oauth(401, 'invalid_client', 'client id or secret',
			    { 'www-authenticate': 'Basic realm="sandbox"' });
	}

	token(req, text) {
		const s = this.settings;
		const form = new URLSearchParams(text);

		if (s.lie === 'token_redirect')
			return { status: 307, headers: {
				location: 'https://127.0.0.1:1/token' } };
		this.client(req, form);
		if (form.get('grant_type') !== 'authorization_code')
			throw oauth(400, 'unsupported_grant_type', 'grant_type');
		const c = this.codes.get(form.get('code'));
		if (!c)
			throw oauth(400, 'invalid_grant', 'unknown code');
		if (c.used) {
			this.tokens.delete(c.access);
			throw oauth(400, 'invalid_grant', 'the code was used');
		}
		c.used = true;
		if (c.ends < Date.now())
			throw oauth(400, 'invalid_grant', 'the code is expired');
		if (form.get('redirect_uri') !== c.redirect_uri)
			throw oauth(400, 'invalid_grant', 'redirect_uri differs');
		const hash = crypto.createHash('sha256')
		    .update(form.get('code_verifier') || '').digest('base64url');
		if (hash !== c.challenge)
			throw oauth(400, 'invalid_grant', 'code_verifier');
		c.access = crypto.randomBytes(24).toString('base64url');
		this.tokens.set(c.access, c);
		return { body: { access_token: c.access, token_type: 'Bearer',
			expires_in: 3600, scope: c.scope,
			id_token: this.idToken(c) } };
	}

	person(c, all) {
		const { given_name, family_name, name, email, email_verified } =
		    this.settings.people[c.who];
		const mail = all || !this.settings.email_at_userinfo ?
		    { email, email_verified } : {};

		return { sub: this.settings.people[c.who].sub || c.who, name,
			given_name, family_name, ...mail };
	}

	idToken(c) {
		const s = this.settings;
		const now = Math.floor(Date.now() / 1000);
		const key = this.key(ALGS[s.alg]);
		const digest = crypto.createHash(s.alg === 'EdDSA' ? 'sha512' :
		    'sha256').update(c.access).digest();
		const claims = { iss: this.issuer, aud: s.client_id, iat: now,
			exp: now + 300, nonce: c.nonce, at_hash: digest
			    .subarray(0, digest.length / 2).toString('base64url'),
			...this.person(c, false), ...s.claims };
		const head = { alg: s.alg, kid: key.kid, typ: 'JWT' };

		switch (s.lie) {
		case 'iss': claims.iss = 'https://issuer.example'; break;
		case 'aud': claims.aud = 'another-client'; break;
		case 'aud_list': claims.aud = [s.client_id, 'another-client']; break;
		case 'azp': claims.azp = 'another-client'; break;
		case 'nonce': claims.nonce = 'x'.repeat(43); break;
		case 'no_nonce': delete claims.nonce; break;
		case 'exp': claims.exp = now - 600; break;
		case 'old': claims.iat = now - 86400; break;
		case 'at_hash': claims.at_hash = 'AAAAAAAAAAAAAAAAAAAAAA'; break;
		case 'kid': head.kid = 'nobody'; break;
		case 'crit': head.crit = ['exp']; break;
		case 'jku': head.jku = `${this.origin}/jwks`; break;
		case 'none':
			return `${b64({ alg: 'none' })}.${b64(claims)}.`;
		case 'hs256': {
			/* The public key as a shared secret (RFC 8725 2.1). */
			const t = `${b64({ ...head, alg: 'HS256' })}.${b64(claims)}`;
			return `${t}.${crypto.createHmac('sha256', key.publicKey
			    .export({ type: 'spki', format: 'pem' })).update(t)
			    .digest('base64url')}`;
		}
		}
		const t = `${b64(head)}.${b64(claims)}`;
		const how = { key: key.privateKey };
		if (s.alg === 'PS256')
			Object.assign(how, { saltLength: 32,
				padding: crypto.constants.RSA_PKCS1_PSS_PADDING });
		if (s.alg === 'ES256')
			how.dsaEncoding = 'ieee-p1363';
		const sig = crypto.sign(s.alg === 'EdDSA' ? null : 'sha256',
		    Buffer.from(t), how);
		if (s.lie === 'signature')
			sig[7] ^= 1;
		return `${t}.${sig.toString('base64url')}`;
	}

	userinfo(req) {
		const m = /^Bearer (\S+)$/.exec(req.headers.authorization || '');
		const c = m && this.tokens.get(m[1]);

		if (!c)
			throw new Refused(401, { error: 'invalid_token' },
			    'access token', { 'www-authenticate':
			    'Bearer error="invalid_token"' });
		const who = this.person(c, true);
		if (this.settings.lie === 'userinfo_sub')
			who.sub = 'somebody-else';
		return { body: who };
	}
}

module.exports = { Oidc };
