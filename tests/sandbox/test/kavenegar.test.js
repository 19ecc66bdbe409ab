'use strict';
/* Kavenegar: the official client, then each refusal, then each switch. */
const { test, before, after, beforeEach } = require('node:test');
const assert = require('node:assert');
const http = require('node:http');
const https = require('node:https');
const { startSandbox, waitFor } = require('../lib/testkit');

const KEY = 'sandbox-kavenegar-key';
const FORM = 'application/x-www-form-urlencoded; charset=utf-8';
let box;

before(async () => {
	box = await startSandbox();
});
after(() => box.stop());
beforeEach(() => box.reset());

async function call(method, fields, { key = KEY, verb = 'POST', type = FORM,
	raw } = {}) {
	const body = raw !== undefined ? raw : typeof fields === 'string' ?
	    fields : new URLSearchParams(fields).toString();
	const query = verb === 'GET' && body ? `?${body}` : '';
	const r = await box.https('kavenegar', `/v1/${key}/${method}.json${query}`,
	    { method: verb, headers: verb === 'POST' ? { 'content-type': type } :
		{} }, verb === 'POST' ? body : undefined);
	const json = JSON.parse(r.text);

	assert.strictEqual(json.return.status, r.status,
	    'the HTTP status equals return.status');
	if (r.status !== 200)
		assert.strictEqual(json.entries, null);
	return { status: r.status, entries: json.entries,
		headers: r.headers };
}

const settings = (v) => box.api('PUT', '/kavenegar/settings', v);
const otp = (over) => ({ receptor: '09121234567', token: '852596',
	template: 'gatepost-code', ...over });

test('the official node client sends a code and reads the account', async () => {
	const kavenegar = require('kavenegar');
	const api = kavenegar.KavenegarApi({ apikey: KEY });
	const plain = http.request;
	const ask = (name, data) => new Promise((resolve) => {
		api[name](data, (entries, status, message) =>
		    resolve({ entries, status, message }));
	});

	/* It speaks plain HTTP to a fixed host; put TLS and our port under it. */
	http.request = (o, cb) => https.request({ ...o, host: '127.0.0.1',
		servername: 'localhost', port: box.ports.kavenegar, ca: box.ca,
		agent: false }, cb);
	try {
		const sent = await ask('VerifyLookup', otp({}));
		assert.strictEqual(sent.status, 200);
		assert.strictEqual(sent.entries[0].status, 5);
		const many = await ask('SendArray', {
			receptor: JSON.stringify(['09120000001', '09120000002']),
			sender: JSON.stringify(['30002626', '30002627']),
			message: JSON.stringify(['سلام', 'b']) });
		assert.strictEqual(many.entries.length, 2);
		const info = await ask('AccountInfo', {});
		assert.strictEqual(info.entries.type, 'master');
		const bad = await ask('VerifyLookup', otp({ template: 'none' }));
		assert.strictEqual(bad.status, 424);
	} finally {
		http.request = plain;
	}
	const rows = await box.api('GET', '/messages?channel=sms');
	assert.deepStrictEqual(rows.map((r) => [r.to, r.text]), [
		['+989120000002', 'b'], ['+989120000001', 'سلام'],
		['+989121234567', 'Your code: 852596']]);
});

test('every spelling of a number is one E.164 recipient', async () => {
	for (const receptor of ['09121234567', '9121234567', '+989121234567',
		'00989121234567']) {
		await box.api('DELETE', '/messages');
		const r = await call('verify/lookup', otp({ receptor }));
		assert.strictEqual(r.entries[0].receptor, '09121234567');
		const [row] = await box.api('GET', '/messages?to=+989121234567');
		assert.strictEqual(row.to, '+989121234567', receptor);
	}
	await call('verify/lookup', otp({ receptor: '00974211234565' }));
	const [row] = await box.api('GET', '/messages?to=%2B974211234565');
	assert.ok(row);
});

const REFUSALS = [
	['wrong key', 403, 'verify/lookup', otp({}), { key: 'nope' }],
	['unknown method', 404, 'verify/nothing', {}],
	['a name of Object.prototype', 404, 'constructor/toString', {}],
	['sendarray by GET', 405, 'sms/sendarray', { receptor: '["1"]' },
		{ verb: 'GET' }],
	['PUT', 405, 'verify/lookup', {}, { verb: 'PUT' }],
	['no template', 400, 'verify/lookup', { receptor: '09121234567',
		token: '1' }],
	['empty token', 406, 'verify/lookup', otp({ token: '' })],
	['empty optional', 400, 'verify/lookup', otp({ token2: '' })],
	['bad number', 411, 'verify/lookup', otp({ receptor: '0912123456' })],
	['a foreign number with plus', 411, 'verify/lookup',
		otp({ receptor: '+974211234565' })],
	['unknown template', 424, 'verify/lookup', otp({ template: 'none' })],
	['template without %token', 432, 'verify/lookup',
		otp({ template: 'plain' })],
	['space in token', 431, 'verify/lookup', otp({ token: '12 34' })],
	['underscore in token', 431, 'verify/lookup', otp({ token: '12_34' })],
	['newline in token', 431, 'verify/lookup', otp({ token: '12\n34' })],
	['no-break space in token', 431, 'verify/lookup',
		otp({ token: '12\u00a034' })],
	['token of 101', 431, 'verify/lookup', otp({ token: '1'.repeat(101) })],
	['six spaces in token10', 431, 'verify/lookup',
		otp({ token10: 'a b c d e f g' })],
	['nine spaces in token20', 431, 'verify/lookup',
		otp({ token20: 'a b c d e f g h i j' })],
	['call with letters', 428, 'verify/lookup',
		otp({ token: '12a', type: 'call' })],
	['landline with letters', 428, 'verify/lookup',
		otp({ receptor: '02112345678', token: 'abc' })],
	['type', 400, 'verify/lookup', otp({ type: 'fax' })],
	['tag', 607, 'verify/lookup', otp({ tag: 'a b' })],
	['JSON body', 400, 'verify/lookup', null,
		{ raw: '{}', type: 'application/json' }],
	['not UTF-8', 422, 'verify/lookup', null, { raw: 'receptor=%ff' }],
	['raw bytes', 422, 'verify/lookup', null, { raw: 'token=سلام' }],
	['a field twice', 400, 'verify/lookup', null,
		{ raw: 'token=1&token=2' }],
	['201 receptors', 414, 'sms/send', { message: 'a',
		receptor: new Array(201).fill('09121234567').join(',') }],
	['empty message', 413, 'sms/send', { receptor: '09121234567',
		message: '' }],
	['message of 1801', 413, 'sms/send', { receptor: '09121234567',
		message: 'a'.repeat(1801) }],
	['unknown line', 412, 'sms/send', { receptor: '09121234567',
		message: 'a', sender: '5000' }],
	['past date', 417, 'sms/send', { receptor: '09121234567', message: 'a',
		date: '1000' }],
	['local ids of another count', 419, 'sms/send', { message: 'a',
		receptor: '09121234567,09121234568', localid: '1' }],
	['send to a landline', 411, 'sms/send', { receptor: '02112345678',
		message: 'a' }],
	['arrays of different lengths', 419, 'sms/sendarray', {
		receptor: '["09120000001","09120000002"]',
		sender: '["30002626"]', message: '["a","b"]' }],
	['no JSON', 422, 'sms/sendarray', { receptor: '0912', sender: '[]',
		message: '[]' }],
	['501 ids', 414, 'sms/status', {
		messageid: new Array(501).fill('1').join(',') }],
	['select', 407, 'sms/select', { messageid: '1' }],
];

for (const [name, status, method, fields, how] of REFUSALS) {
	test(`${status}: ${name}`, async () => {
		await settings({ templates: { 'gatepost-code':
		    'Your code: %token', plain: 'none' } });
		const r = await call(method, fields, how);
		assert.strictEqual(r.status, status);
		assert.deepStrictEqual(await box.api('GET', '/messages'), []);
		const c = await box.api('GET', '/counts');
		assert.strictEqual(c.kavenegar.refused[status], 1);
		assert.strictEqual(c.kavenegar.accepted, 0);
	});
}

test('refusals that depend on the account', async () => {
	const rows = [[{ disabled: true }, 401], [{ credit: 119 }, 418],
		[{ advanced: false }, 426], [{ owner: '+989120000000' }, 501]];
	const old = await box.api('GET', '/kavenegar/settings');

	for (const [change, status] of rows) {
		await settings(change);
		const r = await call('verify/lookup', otp({}));
		assert.strictEqual(r.status, status);
		await settings(old);
	}
	await settings({ links_allowed: false });
	const r = await call('sms/send', { receptor: '09121234567',
		message: 'see https://a.b' });
	assert.strictEqual(r.status, 420);
	await settings(old);
	assert.deepStrictEqual(await box.api('GET', '/messages'), []);
});

test('credit goes down by the cost and ends', async () => {
	await settings({ credit: 250 });
	assert.strictEqual((await call('verify/lookup', otp({}))).status, 200);
	assert.strictEqual((await call('account/info', {})).entries.remaincredit,
	    130);
	assert.strictEqual((await call('sms/send', { message: 'a',
		receptor: '09121234567,09121234568' })).status, 418);
	await settings({ credit: 1500000000 });
});

test('a token with spaces fits where spaces are allowed', async () => {
	await settings({ templates: { 'gatepost-code': 'Your code: %token',
		wide: '%token for %token10 of %token20' } });
	const r = await call('verify/lookup', otp({ template: 'wide',
		token10: 'a b c d e f', token20: '1 2 3 4 5 6 7 8 9' }));
	assert.strictEqual(r.entries[0].message,
	    '852596 for a b c d e f of 1 2 3 4 5 6 7 8 9');
});

test('a landline is called', async () => {
	const r = await call('verify/lookup', otp({ receptor: '02112345678' }));
	assert.strictEqual(r.status, 200);
	const [row] = await box.api('GET', '/messages');
	assert.strictEqual(row.channel, 'call');
	assert.strictEqual(row.to, '+982112345678');
});

test('a local id sent twice gives the earlier message', async () => {
	const f = { receptor: '09121234567', message: 'once', localid: 'l1' };
	const a = await call('sms/send', f);
	const before = (await call('account/info', {})).entries.remaincredit;
	const b = await call('sms/send', f);

	assert.strictEqual(a.entries[0].messageid, b.entries[0].messageid);
	assert.strictEqual((await box.api('GET', '/messages')).length, 1);
	assert.strictEqual((await call('account/info', {})).entries.remaincredit,
	    before);
	const s = await call('sms/statuslocalmessageid', { localid: 'l1,l2' });
	assert.strictEqual(s.entries[0].messageid, a.entries[0].messageid);
	assert.strictEqual(s.entries[1].status, 100);
});

test('sendarray takes both spellings of local ids', async () => {
	const f = { receptor: '["09120000001","09120000002"]',
		sender: '["30002626","+9830002627"]', message: '["a","b"]' };
	const a = await call('sms/sendarray', { ...f, localmessageids: 'x1,x2' });
	const b = await call('sms/sendarray', { ...f, localid: '["x1","x2"]' });

	assert.deepStrictEqual(a.entries.map((e) => e.messageid),
	    b.entries.map((e) => e.messageid));
	assert.strictEqual((await box.api('GET', '/messages')).length, 2);
});

test('the status advances and an unknown id is 100', async () => {
	await settings({ sent_ms: 150, final_ms: 400,
		outcomes: { '+989120000011': 11 } });
	const sent = (await call('sms/send', { message: 'a',
		receptor: '09120000010,09120000011' })).entries;
	const seen = new Set();

	assert.ok(sent[0].messageid > 2 ** 32);
	await waitFor('the final status', 5000, async () => {
		const r = await call('sms/status', { messageid:
		    `${sent[0].messageid},${sent[1].messageid},7` });
		seen.add(r.entries[0].status);
		assert.strictEqual(r.entries[2].status, 100);
		return r.entries[0].status === 10 && r.entries[1].status === 11;
	});
	for (const s of seen)
		assert.ok([1, 4, 10].includes(s), `status ${s}`);
	await settings({ sent_ms: 500, final_ms: 2000, outcomes: {} });
});

test('a scheduled message waits and can be cancelled', async () => {
	const date = Math.floor(Date.now() / 1000) + 3600;
	const [e] = (await call('sms/send', { receptor: '09121234567',
		message: 'later', date })).entries;

	assert.strictEqual(e.status, 2);
	const c = await call('sms/cancel', { messageid: e.messageid });
	assert.strictEqual(c.entries[0].status, 13);
});

test('the callback is posted, and again until it is answered 200', async (t) => {
	const got = [];
	const server = http.createServer((req, res) => {
		let text = '';
		req.on('data', (c) => { text += c; });
		req.on('end', () => {
			const f = new URLSearchParams(text);
			got.push(Number(f.get('status')));
			res.statusCode = got.length === 1 ? 500 : 200;
			res.end();
		});
	});

	t.after(() => server.close());
	await new Promise((r) => server.listen(0, '127.0.0.1', r));
	await settings({ sent_ms: 60000, final_ms: 10, callback_retry_ms: 30,
		callback_url: `http://127.0.0.1:${server.address().port}/cb` });
	await call('verify/lookup', otp({}));
	await waitFor('two callbacks', 5000, () => got.length >= 2);
	assert.deepStrictEqual(got, [10, 10]);
	const [row] = await box.api('GET', '/messages');
	await box.api('POST', '/kavenegar/status',
	    { messageid: row.payload.messageid, status: 11 });
	await waitFor('the forced one', 5000, () => got.length >= 3);
	assert.strictEqual(got[2], 11);
	await settings({ callback_url: '', sent_ms: 500, final_ms: 2000 });
});

test('the clock answers without a key', async () => {
	const r = await call('utils/getdate', '', { key: '0', verb: 'GET' });
	assert.ok(Math.abs(r.entries.unixtime - Date.now() / 1000) < 5);
});

const fault = (v) => box.api('PUT', '/faults/kavenegar', v);

test('status: so many times, with Retry-After, then well again', async () => {
	await fault({ mode: 'status', status: 429, times: 2, retry_after: 7 });
	for (let i = 0; i < 2; i++) {
		const r = await call('verify/lookup', otp({}));
		assert.strictEqual(r.status, 429);
		assert.strictEqual(r.headers['retry-after'], '7');
	}
	assert.strictEqual((await call('verify/lookup', otp({}))).status, 200);
	const c = await box.api('GET', '/counts');
	assert.deepStrictEqual([c.kavenegar.requests, c.kavenegar.accepted,
		c.kavenegar.refused, c.messages.sms], [3, 1, { 429: 2 }, 1]);
});

test('status 503 comes from the gateway, as HTML', async () => {
	await fault({ mode: 'status', status: 503 });
	const r = await box.https('kavenegar', `/v1/${KEY}/account/info.json`, {});
	assert.strictEqual(r.status, 503);
	assert.match(r.text, /^<html>/);
});

test('a switch for one recipient leaves the others alone', async () => {
	await fault({ mode: 'status', status: 409, to: '+989120000001' });
	assert.strictEqual((await call('verify/lookup', otp({}))).status, 200);
	assert.strictEqual((await call('verify/lookup',
	    otp({ receptor: '09120000001' }))).status, 409);
});

test('slow answers late, but answers', async () => {
	await fault({ mode: 'slow', after_ms: 400, times: 1 });
	const t = Date.now();
	assert.strictEqual((await call('verify/lookup', otp({}))).status, 200);
	assert.ok(Date.now() - t >= 395);
});

test('hang takes the message and never answers', async () => {
	await fault({ mode: 'hang', times: 1 });
	const r = new Promise((resolve) => {
		const req = https.request(`https://localhost:${box.ports.kavenegar}` +
		    `/v1/${KEY}/verify/lookup.json`, { method: 'POST', ca: box.ca,
			agent: false, headers: { 'content-type': FORM } });
		req.on('response', () => resolve('answered'));
		req.on('error', () => resolve('cut'));
		req.end(new URLSearchParams(otp({})).toString());
		waitFor('the message', 5000, async () =>
		    (await box.api('GET', '/messages')).length === 1)
		    .then(() => setTimeout(() => req.destroy(), 300));
	});
	assert.strictEqual(await r, 'cut');
	await waitFor('nothing in flight', 5000, async () =>
	    (await box.api('GET', '/counts')).kavenegar.parallel === 0);
});

test('reset takes the message and resets the connection', async () => {
	await fault({ mode: 'reset', times: 1 });
	await assert.rejects(call('verify/lookup', otp({})), /ECONNRESET/);
	assert.strictEqual((await box.api('GET', '/messages')).length, 1);
	await fault({ mode: 'reset', times: 1, store: false });
	await assert.rejects(call('verify/lookup', otp({})), /ECONNRESET/);
	assert.strictEqual((await box.api('GET', '/messages')).length, 1);
	await waitFor('nothing in flight', 5000, async () =>
	    (await box.api('GET', '/counts')).kavenegar.parallel === 0);
});

test('garbage is a 200 that says nothing', async () => {
	await fault({ mode: 'garbage', times: 1 });
	const r = await box.https('kavenegar', `/v1/${KEY}/account/info.json`, {});
	assert.strictEqual(r.status, 200);
	assert.throws(() => JSON.parse(r.text));
});
