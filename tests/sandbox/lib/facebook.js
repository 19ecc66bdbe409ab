'use strict';
/*
 * Facebook: the login dialog and the few Graph calls a sign-in makes, as
 * strict as an app with "Require App Secret" on.
 */
const crypto = require('node:crypto');
const https = require('node:https');
const { Web, Refused, chooser } = require('./web');

const DEFAULTS = {
	app_id: '138483919580948', app_secret: 'sandbox-facebook-secret',
	redirect_uris: [],
	people: {
		'10158000000000001': { name: 'Fatima B', first_name: 'Fatima',
			last_name: 'B', email: 'fatima@example.com' },
		'10158000000000002': { name: 'Phone Only' },
	},
	auto: '', code_ms: 600000, token_ms: 5183944000, token_app: '',
	me_id: '',
};
const graph = (status, code, sub, message, type = 'OAuthException') =>
	new Refused(status, { error: { message, type, code,
		...(sub ? { error_subcode: sub } : {}),
		fbtrace_id: 'sandbox' } }, message, { 'www-authenticate':
	    `OAuth "Facebook Platform" "invalid_request" "${message}"` });

class Facebook extends Web {
	constructor(shared) {
		super('facebook', shared);
		this.ca = shared.ca;
		this.settings = structuredClone(DEFAULTS);
		this.codes = new Map();
		this.tokens = new Map();
	}

	set(values) {
		for (const [k, v] of Object.entries(values)) {
			if (!(k in DEFAULTS) || typeof v !== typeof DEFAULTS[k])
				throw new TypeError(`no such setting: ${k}`);
		}
		Object.assign(this.settings, values);
		return this.settings;
	}

	reset() {
		this.settings = structuredClone(DEFAULTS);
		return this.settings;
	}

	route(req, url, text) {
		const path = url.pathname.replace(/^\/v\d+\.\d+\//, '/');
		const q = req.method === 'POST' ? new URLSearchParams(text) :
		    url.searchParams;

		switch (`${req.method} ${path}`) {
		case 'GET /dialog/oauth':
			return this.dialog(url);
		case 'GET /oauth/access_token':
		case 'POST /oauth/access_token':
			return this.exchange((name) => q.get(name) || '');
		case 'GET /debug_token':
			return this.debug((name) => q.get(name) || '');
		case 'POST /sandbox/hook':
			return { status: 204 };
		case 'GET /me':
			return this.me(req, (name) => q.get(name) || '');
		}
		throw graph(400, 2500, 0, 'Unknown path components');
	}

	redirectOk(uri) {
		const list = this.settings.redirect_uris;

		return list.length ? list.includes(uri) :
		    /^https:\/\/localhost:\d+\//.test(uri);
	}

	dialog(url) {
		const q = (name) => url.searchParams.get(name) || '';
		const s = this.settings;

		if (q('client_id') !== s.app_id)
			throw graph(400, 101, 0, 'Invalid App ID');
		if (!this.redirectOk(q('redirect_uri')))
			throw graph(400, 191, 0, 'URL blocked');
		const back = (values) => {
			const to = new URL(q('redirect_uri'));
			for (const [k, v] of Object.entries({ ...values,
				state: q('state') }))
				to.searchParams.set(k, v);
			return { status: 302, headers: {
				location: `${to.href}#_=_` } };
		};
		if (q('response_type') !== '' && q('response_type') !== 'code')
			return back({ error: 'unsupported_response_type' });
		const who = q('person') || s.auto;
		if (who === '-cancel')
			return back({ error: 'access_denied', error_code: '200',
				error_description: 'Permissions error',
				error_reason: 'user_denied' });
		if (!Object.hasOwn(s.people, who))
			return { body: chooser('Sign in with Facebook (sandbox)',
			    s.people, url) };
		return back({ code: this.code(who, q('redirect_uri'),
		    q('code_challenge')) });
	}

	code(who, uri, challenge = '') {
		const code = crypto.randomBytes(24).toString('base64url');

		this.codes.set(code, { who, uri, challenge, used: false,
			ends: Date.now() + this.settings.code_ms });
		return code;
	}

	newToken(who) {
		const token = `EAA${crypto.randomBytes(24).toString('hex')}`;

		this.tokens.set(token, { who, ends: Date.now() +
		    this.settings.token_ms });
		return token;
	}

	exchange(q) {
		const s = this.settings;

		if (q('client_id') !== s.app_id)
			throw graph(400, 101, 0, 'Error validating application.');
		if (q('client_secret') !== s.app_secret)
			throw graph(400, 1, 0, 'Error validating client secret.');
		const c = this.codes.get(q('code'));
		if (!c)
			throw graph(400, 100, 0, 'Invalid verification code format.');
		if (c.used)
			throw graph(400, 100, 36009,
			    'This authorization code has been used.');
		if (c.ends < Date.now())
			throw graph(400, 100, 36007,
			    'This authorization code has expired.');
		if (q('redirect_uri') !== c.uri)
			throw graph(400, 100, 36008, 'Error validating ' +
			    'verification code. Please make sure your ' +
			    'redirect_uri is identical');
		if (c.challenge && crypto.createHash('sha256')
		    .update(q('code_verifier')).digest('base64url') !== c.challenge)
			throw graph(400, 100, 0, 'Invalid code_verifier');
		c.used = true;
		return { body: { access_token: this.newToken(c.who),
			token_type: 'bearer', expires_in: 5183944 } };
	}

	debug(q) {
		const s = this.settings;

		if (q('access_token') !== `${s.app_id}|${s.app_secret}`)
			throw graph(400, 190, 0, 'Invalid OAuth access token.');
		const t = this.tokens.get(q('input_token'));
		if (!t || t.ends < Date.now())
			return { body: { data: { error: { code: 190,
				message: 'The access token could not be decrypted',
				subcode: 463 }, is_valid: false, scopes: [] } } };
		return { body: { data: { app_id: s.token_app || s.app_id,
			type: 'USER', application: 'Sandbox',
			expires_at: Math.floor(t.ends / 1000), is_valid: true,
			issued_at: Math.floor(Date.now() / 1000),
			scopes: ['email', 'public_profile'], user_id: t.who } } };
	}

	me(req, q) {
		const s = this.settings;
		const m = /^(?:Bearer|OAuth) (\S+)$/.exec(
		    req.headers.authorization || '');
		const token = m ? m[1] : q('access_token');
		const t = this.tokens.get(token);

		if (!t || !Object.hasOwn(s.people, t.who))
			throw graph(400, 190, 467, 'Invalid OAuth access token.');
		if (t.ends < Date.now())
			throw graph(400, 190, 463, 'Error validating access token: ' +
			    'Session has expired');
		if (!q('appsecret_proof'))
			throw graph(400, 100, 0, 'API calls from the server ' +
			    'require an appsecret_proof argument',
			'GraphMethodException');
		if (q('appsecret_proof') !== crypto.createHmac('sha256',
		    s.app_secret).update(token).digest('hex'))
			throw graph(400, 100, 0,
			    'Invalid appsecret_proof provided in the API argument',
			    'GraphMethodException');
		const fields = (q('fields') || 'id,name').split(',');
		const all = { id: s.me_id || t.who, ...s.people[t.who] };
		return { body: Object.fromEntries(fields
		    .filter((f) => all[f] !== undefined)
		    .map((f) => [f, all[f]])) };
	}

	/* `forge`: wrong in the secret, the payload or the algorithm. */
	signedRequest(user, forge = '') {
		const make = (who) => Buffer.from(JSON.stringify({
			algorithm: forge === 'algorithm' ? 'NONE' : 'HMAC-SHA256',
			user_id: who, issued_at: Math.floor(Date.now() / 1000),
		})).toString('base64url');
		const payload = make(user);
		const sig = crypto.createHmac('sha256', forge === 'secret' ?
		    'another-app' : this.settings.app_secret)
		    .update(payload).digest('base64url');

		return `${sig}.${forge === 'payload' ? make(`${user}1`) : payload}`;
	}

	/* As when somebody removes the app: resolves to {status, body}. */
	sendDeletion(to, user) {
		const body = new URLSearchParams({ signed_request:
		    this.signedRequest(user) }).toString();

		return new Promise((resolve, reject) => {
			const req = https.request(to, { method: 'POST', ca: this.ca,
				agent: false, timeout: 10000, headers: {
				'content-type': 'application/x-www-form-urlencoded',
				'content-length': Buffer.byteLength(body) } }, (res) => {
				let text = '';
				res.on('data', (d) => { text += d; });
				res.on('end', () => resolve({
					status: res.statusCode, body: text }));
			});
			req.on('error', reject);
			req.end(body);
		});
	}
}

module.exports = { Facebook };
