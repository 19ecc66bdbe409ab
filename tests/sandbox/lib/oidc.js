'use strict';
/*
 * An OpenID Connect issuer: discovery, authorize (a page for people, or at
 * once when settings.auto names somebody), token, userinfo, keys. It refuses
 * what real ones refuse; what it can be told to lie about is in LIES.
 */
const crypto = require('node:crypto');
const { Web, Refused, chooser } = require('./web');
const { LIES, TOKEN_LIES, discoveryLie, jwksLie } = require('./oidc_lies');

const CODE_MS = 60000;
const DEFAULTS = {
	mail_refresh: 'sandbox-smtp-refresh', mail_token: 'sandbox-smtp-token',
	mail_life_s: 3599,
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
	/* What the documents and the id_token say instead. */
	lie: '', claims: {}, discovery: {}, cache_s: 60,
};
const ALGS = { RS256: 'rsa', PS256: 'rsa', ES256: 'ec', EdDSA: 'ed25519' };

function makeKey(kind) {
	if (kind === 'rsa')
		return crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
	if (kind === 'ec')
		return crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
	return crypto.generateKeyPairSync('ed25519');
}

const b64 = (v) => Buffer.from(JSON.stringify(v)).toString('base64url');
const oauth = (status, error, why, headers) =>
	new Refused(status, { error, error_description: why }, why, headers);

/* No parameter twice (RFC 6749 3.1, 3.2). */
function once(params, refusal) {
	for (const name of new Set(params.keys()))
		if (params.getAll(name).length > 1)
			throw refusal(`${name} twice`);
}

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
		const { lie, discovery } = this.settings;
		const at = (p) => `${this.origin}${p}`;

		return discoveryLie(lie, { headers: this.age(), body: {
			issuer: this.issuer,
			authorization_endpoint: at('/authorize'),
			token_endpoint: at('/token'),
			userinfo_endpoint: at('/userinfo'), jwks_uri: at('/jwks'),
			response_types_supported: ['code'],
			response_modes_supported: ['query'],
			grant_types_supported: ['authorization_code'],
			subject_types_supported: ['public'],
			id_token_signing_alg_values_supported: Object.keys(ALGS),
			token_endpoint_auth_methods_supported:
			    ['client_secret_basic', 'client_secret_post'],
			code_challenge_methods_supported: ['S256'],
			scopes_supported: ['openid', 'email', 'profile'],
			authorization_response_iss_parameter_supported: true,
			...discovery } });
	}

	age() {
		return { 'cache-control': `max-age=${this.settings.cache_s}` };
	}

	jwks() {
		const keys = ['rsa', 'ec', 'ed25519'].map((kind) => {
			const k = this.key(kind);
			return { ...k.publicKey.export({ format: 'jwk' }),
				kid: k.kid, use: 'sig' };
		});

		return jwksLie(this.settings.lie, { headers: this.age(),
			body: { keys } });
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

		once(url.searchParams, (why) => new Refused(400, why, why));
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
		if (q('prompt') === 'none' && !who)
			return back({ error: 'login_required' });
		if (who === '-cancel')
			return back({ error: 'access_denied' });
		if (!Object.hasOwn(s.people, who))
			return { body: chooser('Sign in with Sandbox',
			    s.people, url) };
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
			if (secret !== null)
				throw oauth(400, 'invalid_request',
				    'two ways of client authentication');
			/* Both are form-encoded (RFC 6749 2.3.1). */
			const pair = Buffer.from(m[1], 'base64').toString();
			const both = new URLSearchParams(`a=${pair.replace(':', '&b=')}`);
			[id, secret] = [both.get('a'), both.get('b')];
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
		if (!/^application\/x-www-form-urlencoded\b/i.test(
		    req.headers['content-type'] || ''))
			throw oauth(400, 'invalid_request', 'a form is wanted');
		once(form, (why) => oauth(400, 'invalid_request', why));
		this.client(req, form);
		if (form.get('grant_type') === 'refresh_token' ||
		    form.get('grant_type') === 'client_credentials')
			return this.mailToken(form);
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
			...(s.lie === 'no_id_token' ? {} :
			    { id_token: this.idToken(c) }) } };
	}

	/* What mail programs ask of Google and Microsoft (PROVIDERS.md 6.1). */
	mailToken(form) {
		const s = this.settings;
		const app = form.get('grant_type') === 'client_credentials';

		if (app && !/\/\.default$/.test(form.get('scope') || ''))
			throw oauth(400, 'invalid_scope', 'scope');
		if (!app && form.get('refresh_token') !== s.mail_refresh)
			throw oauth(400, 'invalid_grant', 'refresh_token');
		return { headers: { 'cache-control': 'no-store' }, body: {
			access_token: s.mail_token, token_type: 'Bearer',
			expires_in: s.mail_life_s } };
	}

	person(c, all) {
		const { given_name, family_name, name, email, email_verified } =
		    this.settings.people[c.who];
		const scopes = c.scope.split(' ');
		const mail = scopes.includes('email') &&
		    (all || !this.settings.email_at_userinfo) ?
		    { email, email_verified } : {};
		const names = scopes.includes('profile') ?
		    { name, given_name, family_name } : {};

		return { sub: this.settings.people[c.who].sub || c.who,
			...names, ...mail };
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

		if (Object.hasOwn(TOKEN_LIES, s.lie)) {
			const whole = TOKEN_LIES[s.lie]({ head, claims, key, now,
				settings: s, origin: this.origin });
			if (whole)
				return whole;
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
