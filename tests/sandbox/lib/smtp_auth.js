'use strict';
/*
 * The server's side of AUTH: PLAIN, LOGIN, XOAUTH2, OAUTHBEARER, each with the
 * response on the AUTH line or after 334.
 *
 * start(mechanism, initial, settings) and next(line) return one of
 * {ask: text}  send "334 text" and come back with the client's line,
 * {ok: user}   235,
 * {code, enhanced, text}  refuse.
 */
const B64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const BAD = { code: 535, enhanced: '5.7.8',
	text: 'Username and Password not accepted' };
const MALFORMED = { code: 501, enhanced: '5.5.2',
	text: 'Cannot decode response' };

function decode(line) {
	if (line === '=')
		return '';
	if (!B64.test(line))
		return null;
	const bytes = Buffer.from(line, 'base64');
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
	} catch {
		return null;
	}
}

function ask(text) {
	return { ask: Buffer.from(text).toString('base64') };
}

class Auth {
	constructor(settings) {
		this.settings = settings;
		this.step = null;
	}

	start(mechanism, initial) {
		const first = { PLAIN: this.plain, LOGIN: this.loginUser,
			XOAUTH2: this.xoauth2, OAUTHBEARER: this.oauthbearer };

		this.step = first[mechanism];
		if (initial !== undefined)
			return this.next(initial);
		if (mechanism === 'LOGIN')
			return ask('Username:');
		return { ask: '' };
	}

	next(line) {
		if (line === '*')
			return { code: 501, enhanced: '5.7.0',
				text: 'Authentication cancelled' };
		const text = decode(line);
		if (text === null)
			return MALFORMED;
		return this.step(text);
	}

	check(user, password) {
		return user === this.settings.user &&
		    password === this.settings.password ? { ok: user } : BAD;
	}

	plain(text) {
		const f = text.split('\0');

		if (f.length !== 3)
			return MALFORMED;
		if (f[0] !== '' && f[0] !== f[1])
			return BAD;
		return this.check(f[1], f[2]);
	}

	loginUser(user) {
		this.step = (password) => this.check(user, password);
		return ask('Password:');
	}

	/* A refused bearer is told why in a challenge, then in a 535. */
	bearer(user, token) {
		if (user === this.settings.user && token === this.settings.token)
			return { ok: user };
		this.step = () => BAD;
		return ask(JSON.stringify({ status: '400', schemes: 'Bearer',
			scope: 'https://mail.google.com/' }));
	}

	xoauth2(text) {
		const m = /^user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01$/
		    .exec(text);

		return m ? this.bearer(m[1], m[2]) : MALFORMED;
	}

	oauthbearer(text) {
		const m = /^n,a=([^,]+),\x01(.*)\x01\x01$/s.exec(text);

		if (!m)
			return MALFORMED;
		const fields = Object.fromEntries(m[2].split('\x01').map((f) => {
			const eq = f.indexOf('=');
			return [f.slice(0, eq), f.slice(eq + 1)];
		}));
		const auth = /^Bearer (.+)$/.exec(fields.auth || '');
		if (!auth || (fields.port && !/^\d+$/.test(fields.port)))
			return MALFORMED;
		return this.bearer(m[1], auth[1]);
	}
}

const MECHANISMS = ['PLAIN', 'LOGIN', 'XOAUTH2', 'OAUTHBEARER'];

module.exports = { Auth, MECHANISMS };
