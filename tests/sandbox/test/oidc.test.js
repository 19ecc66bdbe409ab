'use strict';
/*
 * The issuer: openid-client, which is certified by the OpenID Foundation,
 * signs somebody in; then each refusal of a real issuer; then each lie, which
 * openid-client must catch as well.
 */
const { test, before, after, beforeEach } = require('node:test');
const assert = require('node:assert');
const { Issuer, custom, generators, errors } = require('openid-client');
const { startSandbox } = require('../lib/testkit');

const BACK = 'https://localhost:8443/api/auth/social/sandbox/callback';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const SECRET = 'sandbox-oidc-secret';
let box, issuer;

before(async () => {
	box = await startSandbox();
	issuer = `https://localhost:${box.ports.oidc}`;
	custom.setHttpOptionsDefaults({ ca: box.ca, agent: false, timeout: 5000 });
});
after(() => box.stop());
beforeEach(async () => {
	await box.reset();
	await box.api('DELETE', '/oidc/settings');
});

const settings = (v) => box.api('PUT', '/oidc/settings', v);

async function client(over = {}) {
	const found = await Issuer.discover(issuer);

	return new found.Client({ client_id: 'sandbox-client',
		client_secret: SECRET, redirect_uris: [BACK],
		response_types: ['code'],
		token_endpoint_auth_method: 'client_secret_basic', ...over });
}

/* To the issuer as `person`; what it sent back, by the client's own reader. */
async function visit(c, person, over = {}) {
	const v = { verifier: generators.codeVerifier(),
		state: generators.state(), nonce: generators.nonce() };
	const url = new URL(c.authorizationUrl({ redirect_uri: BACK,
		scope: 'openid email profile', state: v.state, nonce: v.nonce,
		code_challenge: generators.codeChallenge(v.verifier),
		code_challenge_method: 'S256', ...over }));
	url.searchParams.set('person', person);
	const r = await box.https('oidc', url.pathname + url.search, {});

	assert.strictEqual(r.status, 302, r.text);
	assert.ok(r.headers.location.startsWith(`${BACK}?`));
	v.params = c.callbackParams(r.headers.location);
	return v;
}

const finish = (c, v) => c.callback(BACK, v.params, { state: v.state,
	nonce: v.nonce, code_verifier: v.verifier, response_type: 'code' });

for (const [alg, method] of [['RS256', 'client_secret_basic'],
	['PS256', 'client_secret_post'], ['ES256', 'client_secret_basic'],
	['EdDSA', 'client_secret_post']]) {
	test(`openid-client signs in: ${alg}, ${method}`, async () => {
		await settings({ alg });
		const c = await client({ id_token_signed_response_alg: alg,
			token_endpoint_auth_method: method });
		const got = await finish(c, await visit(c, 'ann'));

		assert.strictEqual(got.claims().sub, 'ann');
		assert.strictEqual(got.claims().email_verified, true);
		const info = await c.userinfo(got);
		assert.deepStrictEqual(info, { sub: 'ann', name: 'Ann Example',
			given_name: 'Ann', family_name: 'Example',
			email: 'ann@example.com', email_verified: true });
	});
}

test('keys change: openid-client asks for the set again', async () => {
	/* A set is not asked for twice in a minute by default; here it is. */
	const c = await client();
	await finish(c, await visit(c, 'bob'));
	await box.api('POST', '/oidc/rotate');
	const before = (await box.api('GET', '/counts')).oidc.requests;
	const fresh = await client();
	const got = await finish(fresh, await visit(fresh, 'bob'));
	assert.strictEqual(got.claims().email_verified, false);
	assert.ok((await box.api('GET', '/counts')).oidc.requests > before);
	const set = JSON.parse((await box.https('oidc', '/jwks', {})).text);
	assert.ok(set.keys.every((k) => k.kid.endsWith('-1') && !('d' in k)));
});

test('scopes decide what is told', async () => {
	const c = await client();
	const got = await finish(c, await visit(c, 'ann', { scope: 'openid' }));

	assert.strictEqual(got.claims().email, undefined);
	assert.strictEqual(got.claims().name, undefined);
	assert.deepStrictEqual(await c.userinfo(got), { sub: 'ann' });
});

test('an answer of another issuer is seen as such (RFC 9207)', async () => {
	const c = await client();
	for (const lie of ['answer_iss', 'no_answer_iss']) {
		await settings({ lie });
		const v = await visit(c, 'ann');
		await assert.rejects(finish(c, v), { name: 'RPError',
			message: /iss (mismatch|missing)/ });
	}
});

/* --- what the authorize page refuses ---------------------------------------- */

const ask = (over) => {
	const p = new URLSearchParams({ response_type: 'code',
		client_id: 'sandbox-client', redirect_uri: BACK, scope: 'openid',
		state: 'st', nonce: 'no', person: 'ann',
		code_challenge: generators.codeChallenge('v'.repeat(43)),
		code_challenge_method: 'S256', ...over });

	for (const [k, v] of Object.entries(over))
		if (v === null)
			p.delete(k);
	return box.https('oidc', `/authorize?${p}`, {});
};

/* Where the visitor may not be sent: to no address that is not registered. */
for (const [what, over] of [['an unknown client', { client_id: 'other' }],
	['no client', { client_id: null }],
	['another path', { redirect_uri: `${BACK}/x` }],
	['another host', { redirect_uri: 'https://evil.example/callback' }],
	['a query behind it', { redirect_uri: `${BACK}?x=1` }],
	['http', { redirect_uri: BACK.replace('https', 'http') }],
	['no redirect_uri', { redirect_uri: null }]])
	test(`authorize: ${what} is a page, not a redirect`, async () => {
		const r = await ask(over);
		assert.strictEqual(r.status, 400);
		assert.strictEqual(r.headers.location, undefined);
		assert.strictEqual((await box.api('GET', '/refusals'))[0].provider,
		    'oidc');
	});

test('authorize: only listed addresses when there is a list', async () => {
	await settings({ redirect_uris: ['https://app.example/back'] });
	assert.strictEqual((await ask({})).status, 400);
	const r = await ask({ redirect_uri: 'https://app.example/back' });
	assert.ok(r.headers.location.startsWith('https://app.example/back?'));
});

for (const [what, over, error] of [
	['token instead of code', { response_type: 'token' },
		'unsupported_response_type'],
	['id_token instead of code', { response_type: 'id_token' },
		'unsupported_response_type'],
	['no response_type', { response_type: null },
		'unsupported_response_type'],
	['no openid in the scope', { scope: 'email' }, 'invalid_scope'],
	['no PKCE', { code_challenge: null, code_challenge_method: null },
		'invalid_request'],
	['PKCE plain', { code_challenge_method: 'plain' }, 'invalid_request'],
	['a challenge that is no SHA-256', { code_challenge: 'short' },
		'invalid_request'],
	['prompt=none and nobody signed in', { prompt: 'none', person: null },
		'login_required'],
	['the person says no', { person: '-cancel' }, 'access_denied']])
	test(`authorize: ${what} is ${error}, told to the client`, async () => {
		const r = await ask(over);
		const q = new URL(r.headers.location).searchParams;
		assert.strictEqual(r.status, 302);
		assert.strictEqual(q.get('error'), error);
		assert.strictEqual(q.get('state'), 'st');
		assert.strictEqual(q.get('iss'), issuer);
		assert.strictEqual(q.get('code'), null);
	});

test('authorize: a parameter twice is refused', async () => {
	const p = new URLSearchParams({ client_id: 'sandbox-client' });
	const r = await box.https('oidc', `/authorize?${p}&${p}`, {});
	assert.strictEqual(r.status, 400);
});

test('authorize: people choose who they are', async () => {
	await settings({ people: { eve: { name: '<script>x</script>' } } });
	const r = await ask({ person: null });
	assert.match(r.headers['content-type'], /^text\/html/);
	assert.ok(!r.text.includes('<script') && r.text.includes('person=eve'));
});

/* --- what the token endpoint refuses ------------------------------------------ */

async function fresh(over = {}) {
	const r = await ask(over);

	return new URL(r.headers.location).searchParams.get('code');
}

const exchange = async (over = {}, { headers = {}, code, body } = {}) => {
	const p = new URLSearchParams({ grant_type: 'authorization_code',
		code: code || await fresh(), redirect_uri: BACK,
		code_verifier: 'v'.repeat(43), client_id: 'sandbox-client',
		client_secret: SECRET, ...over });

	for (const [k, v] of Object.entries(over))
		if (v === null)
			p.delete(k);
	const r = await box.https('oidc', '/token', { method: 'POST',
		headers: { ...FORM, ...headers } }, body || p.toString());
	return { status: r.status, headers: r.headers,
		...(r.text ? JSON.parse(r.text) : {}) };
};
const basic = (id, secret) => ({ authorization: `Basic ${Buffer.from(
    `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)
    .toString('base64')}` });

test('token: the answer is not kept by anybody', async () => {
	const r = await exchange();
	assert.strictEqual(r.status, 200);
	assert.strictEqual(r.headers['cache-control'], 'no-store');
	assert.strictEqual(r.token_type, 'Bearer');
});

for (const [what, over, more, status, error] of [
	['a wrong client secret', { client_secret: 'x' }, {}, 401,
		'invalid_client'],
	['no client secret', { client_secret: null }, {}, 401,
		'invalid_client'],
	['a wrong secret by Basic', { client_secret: null },
		{ headers: basic('sandbox-client', 'x') }, 401,
		'invalid_client'],
	['Basic that is no UTF-8', { client_secret: null },
		{ headers: { authorization: 'Basic JSUl' } }, 401,
		'invalid_client'],
	['another client', { client_id: 'other' }, {}, 401, 'invalid_client'],
	['two ways of authentication', {},
		{ headers: basic('sandbox-client', SECRET) }, 400,
		'invalid_request'],
	['an unknown code', {}, { code: 'nonsense' }, 400, 'invalid_grant'],
	['no code', { code: null }, {}, 400, 'invalid_grant'],
	['another redirect_uri', { redirect_uri: `${BACK}/` }, {}, 400,
		'invalid_grant'],
	['no redirect_uri', { redirect_uri: null }, {}, 400, 'invalid_grant'],
	['a wrong verifier', { code_verifier: 'w'.repeat(43) }, {}, 400,
		'invalid_grant'],
	['no verifier', { code_verifier: null }, {}, 400, 'invalid_grant'],
	['the challenge as verifier', { code_verifier:
		generators.codeChallenge('v'.repeat(43)) }, {}, 400,
		'invalid_grant'],
	['another grant', { grant_type: 'password' }, {}, 400,
		'unsupported_grant_type'],
	['no form', {}, { headers: { 'content-type': 'application/json' },
		body: '{}' }, 400, 'invalid_request'],
	['a parameter twice', {}, { body: 'code=a&code=b' }, 400,
		'invalid_request']])
	test(`token: ${what} is ${error}`, async () => {
		const r = await exchange(over, more);
		assert.strictEqual(r.status, status);
		assert.strictEqual(r.error, error);
		assert.strictEqual(r.id_token, undefined);
		if (status === 401)
			assert.match(r.headers['www-authenticate'], /^Basic /);
	});

test('token: a code is good once, and the second time ends what it gave',
    async () => {
	const code = await fresh();
	const first = await exchange({}, { code });
	const userinfo = () => box.https('oidc', '/userinfo', { headers:
	    { authorization: `Bearer ${first.access_token}` } });

	assert.strictEqual((await userinfo()).status, 200);
	assert.strictEqual((await exchange({}, { code })).error, 'invalid_grant');
	assert.strictEqual((await userinfo()).status, 401);
});

test('token: of two at once one gets it', async () => {
	const code = await fresh();
	const all = await Promise.all([1, 2, 3, 4].map(() =>
	    exchange({}, { code })));
	assert.deepStrictEqual(all.map((r) => r.status).sort(),
	    [200, 400, 400, 400]);
});

test('token: a code ends, and a wrong try spends it', async () => {
	await settings({ code_ms: -1 });
	assert.strictEqual((await exchange()).error, 'invalid_grant');
	await settings({ code_ms: 60000 });
	const code = await fresh();
	await exchange({ code_verifier: 'w'.repeat(43) }, { code });
	assert.strictEqual((await exchange({}, { code })).error, 'invalid_grant');
});

test('userinfo: a bearer that is none', async () => {
	for (const headers of [{}, { authorization: 'Bearer x' },
		{ authorization: 'Basic x' }]) {
		const r = await box.https('oidc', '/userinfo', { headers });
		assert.strictEqual(r.status, 401);
		assert.match(r.headers['www-authenticate'], /^Bearer /);
	}
});

/* --- lies ------------------------------------------------------------------------ */

/* What an honest client makes of each; those it lets pass are ours alone. */
for (const lie of ['iss', 'aud', 'azp', 'nonce', 'no_nonce', 'exp',
	'exp_text', 'nbf', 'at_hash', 'no_sub', 'kid', 'crit', 'none', 'hs256',
	'hs256_secret', 'hs256_oct', 'signature', 'jwks_foreign', 'jwks_empty',
	'no_id_token', 'not_three'])
	test(`the lie "${lie}" is one: openid-client refuses`, async () => {
		await settings({ lie });
		const c = await client();
		const v = await visit(c, 'ann');
		await assert.rejects(finish(c, v), (err) =>
		    err instanceof errors.RPError ||
		    /^(JWS|JWT|JWKS|ERR_J|AssertionError)/.test(err.code ||
			err.name) || /id_token not present/.test(err.message) ||
		    assert.fail(err));
	});

test('the lie "userinfo_sub": another person\'s claims', async () => {
	const c = await client();
	const got = await finish(c, await visit(c, 'ann'));
	await settings({ lie: 'userinfo_sub' });
	await assert.rejects(c.userinfo(got), /userinfo sub mismatch/);
});

test('documents: redirects, sizes and what never ends', async () => {
	await settings({ lie: 'discovery_redirect' });
	await assert.rejects(Issuer.discover(issuer), /expected 200 OK, got: 302/);
	for (const [lie, where] of [['discovery_big',
		'/.well-known/openid-configuration'], ['jwks_big', '/jwks']]) {
		await settings({ lie });
		const r = await box.https('oidc', where, {});
		assert.ok(r.text.length > 200000);
	}
	for (const lie of ['discovery_endless', 'discovery_slow']) {
		await settings({ lie });
		custom.setHttpOptionsDefaults({ ca: box.ca, agent: false,
			timeout: 300 });
		const ended = await Promise.race([box.https('oidc',
		    '/.well-known/openid-configuration', { timeout: 600,
			signal: AbortSignal.timeout(600) }).catch(() => 'cut'),
		new Promise((r) => setTimeout(r, 1200, 'still coming'))]);
		assert.notStrictEqual(typeof ended, 'object', lie);
	}
	assert.strictEqual((await box.api('GET', '/health')).status, 'ok');
});

test('settings are checked', async () => {
	for (const bad of [{ lie: 'nothing' }, { alg: 'HS256' }, { nope: 1 },
		{ people: 'ann' }])
		assert.strictEqual((await box.raw('PUT', '/oidc/settings', bad))
		    .status, 400);
	const one = 'https://issuer.example/policy';
	await settings({ discovery: { op_policy_uri: one } });
	const found = await Issuer.discover(issuer);
	assert.strictEqual(found.op_policy_uri, one);
});
