'use strict';
/*
 * Facebook: the whole way of a sign-in, then what the real Graph refuses, by
 * code and subcode.
 */
const { test, before, after, beforeEach } = require('node:test');
const assert = require('node:assert');
const crypto = require('node:crypto');
const https = require('node:https');
const { startSandbox } = require('../lib/testkit');
const fs = require('node:fs');
const path = require('node:path');

const APP = '138483919580948';
const SECRET = 'sandbox-facebook-secret';
const BACK = 'https://localhost:8443/api/auth/social/facebook/callback';
const WHO = '10158000000000001';
let box;

before(async () => {
	box = await startSandbox();
});
after(() => box.stop());
beforeEach(async () => {
	await box.reset();
	await box.api('DELETE', '/facebook/settings');
});

const settings = (v) => box.api('PUT', '/facebook/settings', v);
const s256 = (v) => crypto.createHash('sha256').update(v).digest('base64url');
const proof = (token, secret = SECRET) => crypto.createHmac('sha256', secret)
    .update(token).digest('hex');

function query(values) {
	return new URLSearchParams(Object.entries(values)
	    .filter(([, v]) => v !== null)).toString();
}

async function graph(where, values, options = {}) {
	const r = await box.https('facebook', `${where}?${query(values)}`,
	    options);
	return { status: r.status, headers: r.headers, ...JSON.parse(r.text) };
}

const dialog = (over = {}) => box.https('facebook',
    `/v25.0/dialog/oauth?${query({ client_id: APP, redirect_uri: BACK,
	state: 'st', response_type: 'code', scope: 'email,public_profile',
	person: WHO, ...over })}`, {});

async function code(over) {
	const r = await dialog(over);
	return new URL(r.headers.location).searchParams.get('code');
}

const exchange = async (over = {}, verb = 'POST') => {
	const form = query({ client_id: APP, redirect_uri: BACK,
		client_secret: SECRET, code: over.code || await code(), ...over });
	const r = verb === 'POST' ? await box.https('facebook',
	    '/v25.0/oauth/access_token', { method: 'POST', headers: {
		'content-type': 'application/x-www-form-urlencoded' } }, form) :
	    await box.https('facebook', `/v25.0/oauth/access_token?${form}`, {});
	return { status: r.status, headers: r.headers, ...JSON.parse(r.text) };
};

function refused(r, status, number, sub) {
	assert.strictEqual(r.status, status);
	assert.strictEqual(r.error.code, number);
	assert.strictEqual(r.error.error_subcode, sub);
	assert.ok(r.error.message && r.error.type && r.error.fbtrace_id);
	assert.match(r.headers['www-authenticate'],
	    /^OAuth "Facebook Platform" /);
}

for (const verb of ['POST', 'GET'])
	test(`a whole sign-in, code by ${verb}`, async () => {
		const verifier = 'v'.repeat(43);
		const r = await dialog({ code_challenge: s256(verifier),
			code_challenge_method: 'S256' });
		const back = new URL(r.headers.location);
		assert.strictEqual(back.hash, '#_=_');
		assert.strictEqual(back.searchParams.get('state'), 'st');
		const got = await exchange({ code: back.searchParams.get('code'),
			code_verifier: verifier }, verb);
		assert.strictEqual(got.token_type, 'bearer');
		const token = got.access_token;
		const me = await graph('/v25.0/me', { fields: 'id,name,email',
			appsecret_proof: proof(token) },
		{ headers: { authorization: `Bearer ${token}` } });
		assert.strictEqual(me.id, WHO);
		assert.strictEqual(me.email, 'fatima@example.com');
		assert.strictEqual(me.email_verified, undefined);
		const { data } = await graph('/debug_token', { input_token: token,
			access_token: `${APP}|${SECRET}` });
		assert.deepStrictEqual([data.app_id, data.user_id, data.is_valid,
			data.type], [APP, WHO, true, 'USER']);
	});

test('without fields only id and name; without an address none', async () => {
	await settings({ auto: '10158000000000002' });
	const { access_token: token } = await exchange({
		code: await code({ person: null }) });
	const me = await graph('/v25.0/me', { access_token: token,
		appsecret_proof: proof(token) });
	assert.deepStrictEqual([me.id, me.name, me.first_name],
	    ['10158000000000002', 'Phone Only', undefined]);
	const all = await graph('/v25.0/me', { access_token: token,
		appsecret_proof: proof(token), fields: 'id,email' });
	assert.ok(!('email' in all));
});

test('appsecret_proof: missing, of another secret, of another token',
    async () => {
	const { access_token: token } = await exchange();
	for (const p of [null, proof(token, 'other'), proof('EAAother'),
		proof(token).toUpperCase()])
		refused(await graph('/v25.0/me', { access_token: token,
			appsecret_proof: p }), 400, 100, undefined);
	/* The vector of the provider's page. */
	assert.strictEqual(proof('EAAtoken', 'app-secret-0123456789abcdef'),
	    'bea1fdca8e39f485df253b3057afbb6654483f1c75dd824dc8c8b55242e35f39');
});

test('the dialog: app, address, response type, and a no', async () => {
	for (const over of [{ client_id: '1' }, { redirect_uri: 'https://evil.example/' },
		{ redirect_uri: null }]) {
		const r = await dialog(over);
		assert.strictEqual(r.status, 400);
		assert.strictEqual(r.headers.location, undefined);
	}
	await settings({ redirect_uris: ['https://app.example/cb'] });
	assert.strictEqual((await dialog()).status, 400);
	await settings({ redirect_uris: [] });
	const q = new URL((await dialog({ person: '-cancel' })).headers.location)
	    .searchParams;
	assert.strictEqual(q.get('error'), 'access_denied');
	assert.strictEqual(q.get('error_reason'), 'user_denied');
	const t = new URL((await dialog({ response_type: 'nonsense' }))
	    .headers.location).searchParams;
	assert.strictEqual(t.get('error'), 'unsupported_response_type');
});

test('the code: once, in time, for its own address', async () => {
	const one = await code();
	assert.strictEqual((await exchange({ code: one })).status, 200);
	refused(await exchange({ code: one }), 400, 100, 36009);
	refused(await exchange({ redirect_uri: `${BACK}/` }), 400, 100, 36008);
	refused(await exchange({ redirect_uri: null }), 400, 100, 36008);
	refused(await exchange({ code: 'nonsense' }), 400, 100, undefined);
	await settings({ code_ms: -1 });
	refused(await exchange(), 400, 100, 36007);
	await settings({ code_ms: 60000 });
	const two = await code();
	const all = await Promise.all([1, 2, 3].map(() =>
	    exchange({ code: two })));
	assert.deepStrictEqual(all.map((r) => r.status).sort(), [200, 400, 400]);
});

test('the code: verifier missing, wrong, and not asked for', async () => {
	const with_pkce = () => code({ code_challenge: s256('v'.repeat(43)),
		code_challenge_method: 'S256' });

	for (const verifier of [null, 'w'.repeat(43), s256('v'.repeat(43))])
		refused(await exchange({ code: await with_pkce(),
			code_verifier: verifier }), 400, 100, undefined);
});

test('the app: id and secret', async () => {
	refused(await exchange({ client_id: '1' }), 400, 101, undefined);
	refused(await exchange({ client_secret: 'x' }), 400, 1, undefined);
	refused(await exchange({ client_secret: null }), 400, 1, undefined);
});

test('debug_token: unknown, ended, of another app; asked by nobody',
    async () => {
	const debug = (token, by = `${APP}|${SECRET}`) =>
	    graph('/debug_token', { input_token: token, access_token: by });
	const { access_token: token } = await box.api('POST', '/facebook/token',
	    { user: WHO });

	refused(await debug(token, 'x'), 400, 190, undefined);
	refused(await debug(token, `${APP}|x`), 400, 190, undefined);
	let { data } = await debug('EAAnonsense');
	assert.deepStrictEqual([data.is_valid, data.error.code, data.user_id],
	    [false, 190, undefined]);
	/* A token of another app is good at /me: only debug_token tells. */
	await settings({ token_app: '999' });
	({ data } = await debug(token));
	assert.deepStrictEqual([data.is_valid, data.app_id], [true, '999']);
	await settings({ token_app: '', token_ms: -1 });
	const { access_token: old } = await box.api('POST', '/facebook/token',
	    { user: WHO });
	({ data } = await debug(old));
	assert.deepStrictEqual([data.is_valid, data.error.subcode], [false, 463]);
	refused(await graph('/v25.0/me', { access_token: old,
		appsecret_proof: proof(old) }), 400, 190, 463);
	refused(await graph('/v25.0/me', { access_token: 'EAAnonsense',
		appsecret_proof: proof('EAAnonsense') }), 400, 190, 467);
	refused(await graph('/v25.0/other', {}), 400, 2500, undefined);
});

test('signed_request is the app secret\'s HMAC of the encoded payload',
    async () => {
	const { signed_request: text } = await box.api('POST',
	    '/facebook/signed_request', { user: WHO });
	const [sig, payload] = text.split('.');
	const mac = (secret) => crypto.createHmac('sha256', secret)
	    .update(payload).digest('base64url');

	assert.strictEqual(sig, mac(SECRET));
	assert.notStrictEqual(sig, mac('x'));
	const json = JSON.parse(Buffer.from(payload, 'base64url'));
	assert.strictEqual(json.algorithm, 'HMAC-SHA256');
	assert.strictEqual(json.user_id, WHO);
	for (const forge of ['secret', 'payload', 'algorithm']) {
		const { signed_request: bad } = await box.api('POST',
		    '/facebook/signed_request', { user: WHO, forge });
		const [s, p] = bad.split('.');
		const good = crypto.createHmac('sha256', SECRET).update(p)
		    .digest('base64url');
		const alg = JSON.parse(Buffer.from(p, 'base64url')).algorithm;
		assert.ok(s !== good || alg !== 'HMAC-SHA256', forge);
	}
});

test('the deletion callback is posted as Facebook posts it', async (t) => {
	const dir = box.dir;
	let seen = null;
	const server = https.createServer({
		key: fs.readFileSync(path.join(dir, 'tls.key')),
		cert: fs.readFileSync(path.join(dir, 'tls.crt')) }, (req, res) => {
		const chunks = [];
		req.on('data', (c) => chunks.push(c));
		req.on('end', () => {
			seen = { method: req.method, type: req.headers['content-type'],
				form: new URLSearchParams(Buffer.concat(chunks)
				    .toString()) };
			res.end('{"url":"https://x.example/","confirmation_code":"c"}');
		});
	});
	await new Promise((r) => server.listen(0, '127.0.0.1', r));
	t.after(() => server.close());
	const r = await box.api('POST', '/facebook/delete', { user: WHO,
		to: `https://localhost:${server.address().port}/` });
	assert.strictEqual(r.status, 200);
	assert.match(r.body, /confirmation_code/);
	assert.strictEqual(seen.method, 'POST');
	assert.strictEqual(seen.type, 'application/x-www-form-urlencoded');
	assert.ok(seen.form.get('signed_request').includes('.'));
	assert.strictEqual((await box.raw('POST', '/facebook/delete',
	    { user: WHO, to: 'https://elsewhere.example/' })).status, 400);
});
