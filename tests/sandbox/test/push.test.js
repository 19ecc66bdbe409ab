'use strict';
/* Web Push: the official client, the RFC's vector, each refusal and switch. */
const { test, before, after, beforeEach } = require('node:test');
const assert = require('node:assert');
const crypto = require('node:crypto');
const https = require('node:https');
const webpush = require('web-push');
const ece = require('http_ece');
const { startSandbox, waitFor } = require('../lib/testkit');
const { vapidKey, authorization, encrypt, H2 } = require('../lib/pushkit');
const { decrypt } = require('../lib/ece');

const key = vapidKey();
let box;

before(async () => {
	box = await startSandbox();
});
after(() => box.stop());
beforeEach(() => box.reset());

const subscribe = (v = {}) => box.api('POST', '/push/subscriptions', v);

function headers(sub, over = {}) {
	const h = { ttl: '60', 'content-encoding': 'aes128gcm',
		'content-type': 'application/octet-stream',
		authorization: authorization(over.key || key, sub.endpoint,
		    over.jwt), ...over.headers };
	for (const k of Object.keys(h))
		if (h[k] === undefined)
			delete h[k];
	return h;
}

function post(sub, { body, method = 'POST', ...over } = {}) {
	const url = new URL(sub.endpoint);
	return box.https('push', url.pathname + url.search,
	    { method, headers: headers(sub, over) },
	    body === undefined ? encrypt(sub.keys, '{"title":"t"}') : body);
}

test('web-push sends, and the row holds what it said', async () => {
	const vapid = webpush.generateVAPIDKeys();
	const sub = await subscribe({ vapid_public_key: vapid.publicKey });
	const agent = new https.Agent({ ca: box.ca });
	const r = await webpush.sendNotification(sub, JSON.stringify({
		title: 'سلام', body: 'Hello', data: { url: '/x' } }), { TTL: 60,
		urgency: 'high', topic: 'greeting', agent, vapidDetails: {
			subject: 'mailto:ops@example.com', ...vapid } });

	agent.destroy();
	assert.strictEqual(r.statusCode, 201);
	const [row] = await box.api('GET', '/messages?channel=web_push&to=' +
	    encodeURIComponent(sub.endpoint));
	assert.deepStrictEqual(row.payload, { title: 'سلام', body: 'Hello',
		data: { url: '/x' } });
	assert.strictEqual(row.subject, 'سلام');
	assert.strictEqual(row.text, 'Hello');
	assert.strictEqual(row.headers.urgency, 'high');
	assert.strictEqual(row.headers.topic, 'greeting');
	assert.strictEqual(row.headers.ttl, '60');
});

test('RFC 8291 appendix A opens', () => {
	const d = (s) => Buffer.from(s, 'base64url');
	const ecdh = crypto.createECDH('prime256v1');
	ecdh.setPrivateKey(d('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94'));
	const body = d('DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBt' +
	    'kgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQ' +
	    'pu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulc' +
	    'y4a-fN');
	const r = decrypt({ ecdh, publicKey: ecdh.getPublicKey(),
		auth: d('BTBZMqHH6r4Tts7J_aSIgg') }, body);
	assert.strictEqual(r.plaintext.toString(),
	    'When I grow up, I want to be a watermelon');
	assert.strictEqual(r.padding, 0);
});

test('http_ece encrypts what we open, with padding', async () => {
	const sub = await subscribe();
	const ecdh = crypto.createECDH('prime256v1');
	ecdh.generateKeys();
	const body = ece.encrypt(Buffer.from('{"n":1}'), { version: 'aes128gcm',
		privateKey: ecdh, dh: sub.keys.p256dh, authSecret: sub.keys.auth,
		rs: 4096, pad: 500 });
	assert.strictEqual((await post(sub, { body })).status, 201);
	const [row] = await box.api('GET', '/messages');
	assert.deepStrictEqual(row.payload, { n: 1 });
	assert.strictEqual(row.padding, 500);
});

test('201 has Location and TTL; the TTL is capped; DELETE takes it back', async () => {
	const sub = await subscribe();
	const r = await post(sub, { headers: { ttl: '99999999999' } });
	assert.strictEqual(r.status, 201);
	assert.strictEqual(r.headers.ttl, '2592000');
	const where = new URL(r.headers.location);
	assert.strictEqual(where.origin, new URL(sub.endpoint).origin);
	assert.strictEqual((await box.https('push', where.pathname,
	    { method: 'DELETE' })).status, 204);
	assert.deepStrictEqual(await box.api('GET', '/messages'), []);
	assert.strictEqual((await box.https('push', where.pathname,
	    { method: 'DELETE' })).status, 404);
});

test('HTTP/2 carries many streams on one connection', async () => {
	const sub = await subscribe();
	const h2 = new H2(new URL(sub.endpoint).origin, box.ca);
	const path = new URL(sub.endpoint).pathname;
	const all = await Promise.all(Array.from({ length: 90 }, (x, i) =>
	    h2.post(path, headers(sub), encrypt(sub.keys, `{"n":${i}}`))));
	h2.close();
	assert.ok(all.every((r) => r.status === 201));
	const c = await box.api('GET', '/counts');
	assert.strictEqual(c.push.connections, 1);
	assert.strictEqual(c.push.accepted, 90);
	const rows = await box.api('GET', '/messages');
	assert.strictEqual(new Set(rows.map((r) => r.payload.n)).size, 90);
	assert.strictEqual(rows[0].http_version, '2');
});

test('a push without a body is taken', async () => {
	const sub = await subscribe();
	const r = await post(sub, { body: '',
		headers: { 'content-encoding': undefined } });
	assert.strictEqual(r.status, 201);
	assert.strictEqual((await box.api('GET', '/messages'))[0].payload, null);
});

test('4096 bytes are taken, 4097 are not', async () => {
	const sub = await subscribe();
	const fits = encrypt(sub.keys, 'x'.repeat(3993));
	assert.strictEqual(fits.length, 4096);
	assert.strictEqual((await post(sub, { body: fits })).status, 201);
	const r = await post(sub, { body: Buffer.concat([fits, Buffer.alloc(1)]) });
	assert.strictEqual(r.status, 413);
});

test('a topic replaces the earlier message of its subscription only', async () => {
	const [a, b] = [await subscribe(), await subscribe()];
	const send = (s, n) => post(s, { headers: { topic: 'T1' },
		body: encrypt(s.keys, `{"n":${n}}`) });
	await send(a, 1);
	await send(b, 2);
	await send(a, 3);
	const rows = await box.api('GET', '/messages');
	assert.deepStrictEqual(rows.map((r) => r.payload.n), [3, 2]);
	assert.ok(rows[0].replaces > 0);
});

const other = vapidKey();
const bad = (name, status, over) => ({ name, status, over });
const NOW = () => Math.floor(Date.now() / 1000);
const REFUSALS = [
	bad('TTL missing', 400, { headers: { ttl: undefined } }),
	bad('TTL negative', 400, { headers: { ttl: '-1' } }),
	bad('TTL of letters', 400, { headers: { ttl: '1h' } }),
	bad('TTL twice', 400, { headers: { ttl: ['1', '2'] } }),
	bad('Urgency', 400, { headers: { urgency: 'urgent' } }),
	bad('two Urgencies', 400, { headers: { urgency: 'low, high' } }),
	bad('Topic of 33', 400, { headers: { topic: 'a'.repeat(33) } }),
	bad('Topic alphabet', 400, { headers: { topic: 'a.b' } }),
	bad('no authorization', 401, { headers: { authorization: undefined } }),
	bad('another scheme', 403, { headers: { authorization: 'Basic eDp5' } }),
	bad('no k', 403, { edit: (a) => a.split(',')[0] }),
	bad('no t', 403, { edit: (a) => a.replace(/t=[^,]+, /, '') }),
	bad('a bad signature', 403, { edit: (a) =>
	    a.replace(/\.[^.,]+, /, `.${'A'.repeat(86)}, `) }),
	bad('a DER signature', 403, { jwt: { der: true } }),
	bad('HS256', 403, { jwt: { header: { alg: 'HS256' } } }),
	bad('alg none', 403, { jwt: { header: { alg: 'none' } } }),
	bad('a path in aud', 403, { jwt: (s) => ({ claims: { aud: s.endpoint } }) }),
	bad('a slash behind aud', 403, { jwt: (s) => ({ claims: {
		aud: `${new URL(s.endpoint).origin}/` } }) }),
	bad('another origin', 403, { jwt: { claims: { aud: 'https://a.b' } } }),
	bad('exp passed', 403, { jwt: { claims: { exp: NOW() - 1 } } }),
	bad('exp over a day ahead', 403,
	    { jwt: { claims: { exp: NOW() + 86400 + 60 } } }),
	bad('exp as text', 403, { jwt: { claims: { exp: `${NOW() + 60}` } } }),
	bad('no exp', 403, { jwt: { claims: { exp: undefined } } }),
	bad('sub null', 403, { jwt: { claims: { sub: null } } }),
	bad('a foreign k', 403, { edit: (a) =>
	    a.replace(/k=.*/, `k=${other.publicKey}`) }),
	bad('padding in k', 403, { edit: (a) => `${a}=` }),
	bad('no Content-Encoding', 415,
	    { headers: { 'content-encoding': undefined } }),
	bad('aesgcm', 415, { headers: { 'content-encoding': 'aesgcm' } }),
	bad('two encodings', 415,
	    { headers: { 'content-encoding': 'aes128gcm, gzip' } }),
	bad('Crypto-Key', 400, { headers: { 'crypto-key': 'dh=x' } }),
	bad('Encryption', 400, { headers: { encryption: 'salt=x' } }),
	bad('a short body', 400, { body: () => Buffer.alloc(50) }),
	bad('a flipped bit', 400, { body: (s) => {
		const b = encrypt(s.keys, 'x');
		b[b.length - 1] ^= 1;
		return b;
	} }),
	bad('other keys', 400, { body: (s) => encrypt({ p256dh: s.keys.p256dh,
		auth: Buffer.alloc(16).toString('base64url') }, 'x') }),
	bad('delimiter 1', 400, { body: (s) =>
	    encrypt(s.keys, 'x', { delimiter: [1] }) }),
	bad('no delimiter', 400, { body: (s) =>
	    encrypt(s.keys, '', { delimiter: [], padding: 20 }) }),
	bad('record size of 17', 400, { body: (s) =>
	    encrypt(s.keys, 'x', { rs: 17 }) }),
	bad('record size equal to the record', 400, { body: (s) =>
	    encrypt(s.keys, 'x', { rs: (n) => n }) }),
	bad('two records', 400, { body: (s) =>
	    encrypt(s.keys, 'x'.repeat(100), { rs: 40 }) }),
	bad('a key id of 0', 400, { body: (s) => {
		const b = encrypt(s.keys, 'x');
		b[20] = 0;
		return b;
	} }),
	bad('a point off the curve', 400, { body: (s) => {
		const b = encrypt(s.keys, 'x');
		b.fill(7, 22, 86);
		return b;
	} }),
	bad('encrypted with the VAPID key', 400, { body: (s) =>
	    encrypt(s.keys, 'x', { privateKey: Buffer.from(key.privateKey
		.export({ format: 'jwk' }).d, 'base64url') }) }),
	bad('GET', 405, { method: 'GET', body: () => '' }),
	bad('PUT', 405, { method: 'PUT' }),
];

for (const { name, status, over } of REFUSALS) {
	test(`${status}: ${name}`, async () => {
		const sub = await subscribe();
		const o = { ...over };
		if (typeof o.jwt === 'function')
			o.jwt = o.jwt(sub);
		if (typeof o.body === 'function')
			o.body = o.body(sub);
		if (o.edit)
			o.headers = { authorization: o.edit(
			    authorization(key, sub.endpoint)) };
		const r = await post(sub, o);
		assert.strictEqual(r.status, status, r.text);
		assert.deepStrictEqual(await box.api('GET', '/messages'), []);
		/* The same subscription still works: nothing was bound. */
		assert.strictEqual((await post(sub)).status, 201);
	});
}

test('the first key binds, another is refused with FCM\'s words', async () => {
	const sub = await subscribe();
	assert.strictEqual((await post(sub)).status, 201);
	const r = await post(sub, { key: other });
	assert.strictEqual(r.status, 403);
	assert.match(r.text, /do not correspond to the credentials used to create/);
	const named = await subscribe({ vapid_public_key: other.publicKey });
	assert.strictEqual((await post(named)).status, 403);
	assert.strictEqual((await post(named, { key: other })).status, 201);
});

test('unknown is 404, removed is 410', async () => {
	const sub = await subscribe();
	const r = await post({ ...sub, endpoint: `${sub.endpoint}x` });
	assert.strictEqual(r.status, 404);
	await box.api('DELETE', `/push/subscriptions/${sub.id}`);
	assert.strictEqual((await post(sub)).status, 410);
	assert.strictEqual((await box.raw('DELETE', '/push/subscriptions/none'))
	    .status, 404);
});

test('Mozilla words it as errno', async () => {
	const sub = await subscribe({ style: 'mozilla' });
	const rows = [[{ headers: { ttl: undefined } }, 400, 111],
		[{ headers: { ttl: 'x' } }, 400, 112],
		[{ headers: { ttl: '-5' } }, 400, 114],
		[{ headers: { topic: '!' } }, 400, 113],
		[{ headers: { authorization: undefined } }, 401, 109],
		[{ jwt: { der: true } }, 401, 109],
		[{ headers: { 'content-encoding': 'aesgcm' } }, 400, 110],
		[{ body: Buffer.alloc(4097) }, 413, 104]];
	assert.match(sub.endpoint, /\/wpush\/v2\//);
	for (const [over, code, errno] of rows) {
		const r = await post(sub, over);
		const b = JSON.parse(r.text);
		assert.deepStrictEqual([r.status, b.code, b.errno],
		    [code, code, errno]);
	}
	assert.strictEqual((await post(sub)).status, 201);
	await box.api('DELETE', `/push/subscriptions/${sub.id}`);
	const r = await post(sub);
	assert.deepStrictEqual([r.status, JSON.parse(r.text).errno,
		r.headers['cache-control']], [410, 106, 'max-age=86400']);
});

test('Apple words it as reason', async () => {
	const sub = await subscribe({ style: 'apple' });
	const rows = [[{ headers: { ttl: undefined } }, 400, 'BadTtl'],
		[{ headers: { urgency: 'x' } }, 400, 'BadUrgency'],
		[{ headers: { topic: 'a'.repeat(13) } }, 400, 'BadWebPushTopic'],
		[{ headers: { authorization: undefined } }, 403, 'BadJwtToken'],
		[{ jwt: { claims: { sub: undefined } } }, 403, 'BadJwtToken'],
		[{ jwt: { claims: { sub: 'mailto:x@localhost' } } }, 403,
			'BadJwtToken'],
		[{ body: Buffer.alloc(4097) }, 413, 'PayloadTooLarge']];
	for (const [over, code, reason] of rows) {
		const r = await post(sub, over);
		assert.deepStrictEqual([r.status, JSON.parse(r.text).reason],
		    [code, reason]);
	}
	const ok = await post(sub, { headers: { topic: 'a'.repeat(14) } });
	assert.strictEqual(ok.status, 201);
	assert.ok(ok.headers['apns-id']);
	const r = await post(sub, { key: other });
	assert.deepStrictEqual([r.status, JSON.parse(r.text).reason],
	    [400, 'VapidPkHashMismatch']);
});

test('FCM and WNS have their own words', async () => {
	const fcm = await subscribe({ style: 'fcm' });
	let r = await post(fcm, { headers: { authorization: undefined } });
	assert.strictEqual(r.status, 400);
	assert.match(r.text, /<TITLE>UnauthorizedRegistration<\/TITLE>/);
	r = await post(fcm, { jwt: { der: true } });
	assert.deepStrictEqual([r.status, r.text.trim()],
	    [403, 'invalid JWT provided']);
	assert.strictEqual((await post(fcm)).status, 201);
	const wns = await subscribe({ style: 'wns' });
	r = await post(wns);
	assert.deepStrictEqual([r.status, r.headers['x-wns-status']],
	    [201, 'received']);
	await box.api('PUT', '/faults/push', { mode: 'status', status: 406,
		retry_after: 900, times: 1 });
	r = await post(wns);
	assert.deepStrictEqual([r.status, r.headers['x-wns-status'],
		r.headers['retry-after']], [406, 'channelthrottled', '900']);
});

test('a switch answers each status in the endpoint\'s style', async () => {
	const moz = await subscribe({ style: 'mozilla' });
	for (const status of [400, 401, 403, 404, 410, 413, 429, 500, 502, 503]) {
		await box.api('PUT', '/faults/push', { mode: 'status', status,
			times: 1 });
		const r = await post(moz);
		assert.strictEqual(r.status, status);
		assert.strictEqual(JSON.parse(r.text).code, status);
	}
	await box.api('PUT', '/faults/push', { mode: 'status', status: 429,
		times: 1, retry_after: 60, retry_after_form: 'date' });
	const r = await post(moz);
	const s = (Date.parse(r.headers['retry-after']) - Date.now()) / 1000;
	assert.ok(s > 50 && s <= 60, `${s} s`);
	await box.api('PUT', '/faults/push', { mode: 'status', status: 403,
		times: 1, body: 'my own words' });
	assert.strictEqual((await post(moz)).text, 'my own words');
	assert.strictEqual((await post(moz)).status, 201);
	assert.strictEqual((await box.api('GET', '/messages')).length, 1);
});

test('a switch for one endpoint leaves the others alone', async () => {
	const [a, b] = [await subscribe(), await subscribe()];
	await box.api('PUT', '/faults/push', { mode: 'status', status: 500,
		to: a.endpoint });
	assert.strictEqual((await post(b)).status, 201);
	assert.strictEqual((await post(a)).status, 500);
});

test('slow, garbage', async () => {
	const sub = await subscribe();
	await box.api('PUT', '/faults/push', { mode: 'slow', after_ms: 300,
		times: 1 });
	const t = Date.now();
	assert.strictEqual((await post(sub)).status, 201);
	assert.ok(Date.now() - t >= 295);
	await box.api('PUT', '/faults/push', { mode: 'garbage', times: 1 });
	const r = await post(sub);
	assert.strictEqual(r.status, 200);
	assert.match(r.text, /not a push service/);
});

test('reset cuts an HTTP/1.1 and an HTTP/2 connection after the body', async () => {
	const sub = await subscribe();
	const path = new URL(sub.endpoint).pathname;
	await box.api('PUT', '/faults/push', { mode: 'reset', times: 2 });
	await assert.rejects(post(sub), /ECONNRESET/);
	const h2 = new H2(new URL(sub.endpoint).origin, box.ca);
	await assert.rejects(h2.post(path, headers(sub),
	    encrypt(sub.keys, 'x')));
	await waitFor('the session to end', 5000, () => h2.session.destroyed);
	assert.strictEqual((await box.api('GET', '/messages')).length, 2);
	await waitFor('nothing in flight', 5000, async () =>
	    (await box.api('GET', '/counts')).push.parallel === 0);
});

test('reset of a stream leaves its connection alive', async () => {
	const sub = await subscribe();
	const path = new URL(sub.endpoint).pathname;
	const h2 = new H2(new URL(sub.endpoint).origin, box.ca);
	await box.api('PUT', '/faults/push', { mode: 'reset', times: 1,
		scope: 'stream' });
	await assert.rejects(h2.post(path, headers(sub), encrypt(sub.keys, 'x')));
	const r = await h2.post(path, headers(sub), encrypt(sub.keys, 'y'));
	assert.strictEqual(r.status, 201);
	h2.close();
});

test('hang takes the message and keeps silent on both protocols', async () => {
	const sub = await subscribe();
	const path = new URL(sub.endpoint).pathname;
	await box.api('PUT', '/faults/push', { mode: 'hang' });
	const h2 = new H2(new URL(sub.endpoint).origin, box.ca);
	let answered = false;
	h2.post(path, headers(sub), encrypt(sub.keys, 'x'))
	    .then(() => { answered = true; }, () => {});
	await waitFor('the message', 5000, async () =>
	    (await box.api('GET', '/counts')).push.parallel === 1 &&
	    (await box.api('GET', '/messages')).length === 1);
	await assert.rejects(box.https('push', path, { method: 'POST',
		headers: headers(sub), timeout: 300 }, encrypt(sub.keys, 'x')),
	/no answer/);
	assert.strictEqual(answered, false);
	h2.close();
	await waitFor('nothing in flight', 5000, async () =>
	    (await box.api('GET', '/counts')).push.parallel === 0);
});

test('many subscriptions at once', async () => {
	const { subscriptions } = await subscribe({ count: 300 });
	assert.strictEqual(new Set(subscriptions.map((s) => s.endpoint)).size, 300);
	assert.strictEqual((await post(subscriptions[299])).status, 201);
	assert.strictEqual((await box.raw('POST', '/push/subscriptions',
	    { count: 0 })).status, 400);
	assert.strictEqual((await box.raw('POST', '/push/subscriptions',
	    { vapid_public_key: 'AAAA' })).status, 400);
});

test('a sink without storing sustains 1,500 requests a second', async () => {
	const TOTAL = 6000;
	const { subscriptions } = await subscribe({ count: 50 });
	const origin = new URL(subscriptions[0].endpoint).origin;
	const auth = authorization(key, subscriptions[0].endpoint);
	const jobs = subscriptions.map((s) => ({ path: new URL(s.endpoint).pathname,
		body: encrypt(s.keys, 'x'.repeat(300)) }));
	const h2 = new H2(origin, box.ca);
	let next = 0;

	await box.api('PUT', '/push/settings', { store: false, decrypt: false });
	const lane = async () => {
		while (next < TOTAL) {
			const j = jobs[next++ % jobs.length];
			const r = await h2.post(j.path, { ttl: '60',
				'content-encoding': 'aes128gcm',
				authorization: auth }, j.body);
			assert.strictEqual(r.status, 201);
		}
	};
	/*
	 * Measured on the sandbox's own CPU time: this client takes as much as
	 * the server, and others may share the machine.
	 */
	const cpu = () => {
		const stat = require('node:fs').readFileSync(
		    `/proc/${box.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
		return (Number(stat[11]) + Number(stat[12])) / 100;
	};
	const c0 = cpu();
	await Promise.all(Array.from({ length: 64 }, lane));
	const rate = TOTAL / (cpu() - c0);
	h2.close();
	await box.api('PUT', '/push/settings', { store: true, decrypt: true });
	assert.deepStrictEqual(await box.api('GET', '/messages'), []);
	assert.strictEqual((await box.api('GET', '/counts')).push.accepted, TOTAL);
	assert.ok(rate >= 1500, `${Math.round(rate)} requests a CPU second`);
});
