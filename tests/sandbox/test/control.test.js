'use strict';
/* The JSON API, the page's safety, and the process itself. */
const { test, before, after, beforeEach } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { startSandbox, waitFor } = require('../lib/testkit');

const KEY = 'sandbox-kavenegar-key';
let box;

before(async () => {
	box = await startSandbox(['--messages-max', '5']);
});
after(() => box.stop());
beforeEach(() => box.reset());

function sms(n) {
	return box.https('kavenegar', `/v1/${KEY}/sms/send.json?receptor=` +
	    `0912000000${n}&message=m${n}`, {});
}

test('messages are newest first, filtered, and limited', async () => {
	for (const n of [1, 2, 3])
		await sms(n);
	const all = await box.api('GET', '/messages');
	assert.deepStrictEqual(all.map((m) => m.text), ['m3', 'm2', 'm1']);
	assert.deepStrictEqual((await box.api('GET',
	    '/messages?to=%2B989120000002')).map((m) => m.text), ['m2']);
	assert.deepStrictEqual(await box.api('GET', '/messages?channel=email'), []);
	assert.strictEqual((await box.api('GET', '/messages?limit=1')).length, 1);
	assert.strictEqual((await box.api('GET',
	    `/messages?after=${all[1].id}`)).length, 1);
	assert.strictEqual((await box.api('GET',
	    `/messages/${all[2].id}`)).text, 'm1');
	for (const k of ['channel', 'to', 'subject', 'text', 'html', 'headers',
		'payload', 'received_at', 'id'])
		assert.ok(k in all[0], k);
	assert.ok(Math.abs(Date.parse(all[0].received_at) - Date.now()) < 5000);
});

test('the oldest are dropped at the ceiling, and counted', async () => {
	const c0 = await box.api('GET', '/counts');
	for (const n of [1, 2, 3, 4, 5, 6, 7])
		await sms(n);
	const rows = await box.api('GET', '/messages');
	const c = await box.api('GET', '/counts');
	assert.deepStrictEqual(rows.map((m) => m.text),
	    ['m7', 'm6', 'm5', 'm4', 'm3']);
	assert.strictEqual(c.messages.sms, 5);
	assert.strictEqual(c.received.sms - (c0.received.sms || 0), 7);
	assert.strictEqual(c.dropped - c0.dropped, 2);
});

test('a bad switch is refused and changes nothing', async () => {
	for (const [p, v] of [['kavenegar', { mode: 'explode' }],
		['kavenegar', { mode: 'status', times: 0 }],
		['kavenegar', { mode: 'status', status: 'x' }],
		['kavenegar', { mode: 'status', stage: 'rcpt' }],
		['smtp', { mode: 'status', stage: 'nowhere' }],
		['push', { mode: 'slow', after_ms: -1 }],
		['push', { mode: 'slow', typo: 1 }], ['push', []]]) {
		const r = await box.raw('PUT', `/faults/${p}`, v);
		assert.strictEqual(r.status, 400, JSON.stringify(v));
	}
	assert.strictEqual((await box.raw('PUT', '/faults/fax',
	    { mode: 'hang' })).status, 404);
	assert.deepStrictEqual(await box.api('GET', '/faults'), {});
});

test('switches are listed and cleared, one or all', async () => {
	await box.api('PUT', '/faults/push', { mode: 'hang' });
	await box.api('PUT', '/faults/smtp', { mode: 'status', status: 451 });
	assert.deepStrictEqual(Object.keys(await box.api('GET', '/faults')).sort(),
	    ['push', 'smtp']);
	await box.api('DELETE', '/faults/push');
	assert.deepStrictEqual(Object.keys(await box.api('GET', '/faults')),
	    ['smtp']);
	await box.api('DELETE', '/faults');
	assert.deepStrictEqual(await box.api('GET', '/faults'), {});
});

test('settings of a wrong name or type are refused', async () => {
	for (const [p, v] of [['kavenegar', { nope: 1 }],
		['kavenegar', { credit: '1' }], ['kavenegar', { lines: [] }],
		['push', { store: 1 }], ['smtp', { mechanisms: ['NTLM'] }],
		['smtp', { size: null }]])
		assert.strictEqual((await box.raw('PUT', `/${p}/settings`, v))
		    .status, 400, JSON.stringify(v));
});

test('other hosts and other origins are refused', async () => {
	const r = await box.raw('GET', '/messages', undefined,
	    { host: 'evil.example' });
	assert.strictEqual(r.status, 421);
	const w = await box.raw('DELETE', '/messages', undefined,
	    { origin: 'http://evil.example' });
	assert.strictEqual(w.status, 403);
	const own = await box.raw('DELETE', '/messages', undefined,
	    { origin: `http://127.0.0.1:${box.ports.http}` });
	assert.strictEqual(own.status, 200);
});

test('unknown paths are 404 and bad JSON is 400', async () => {
	for (const p of ['/nope', '/../lib/control.js', '/page.js/x',
		'/messages/99999', '/constructor'])
		assert.strictEqual((await box.raw('GET', p)).status, 404, p);
	const r = await new Promise((resolve) => {
		const req = http.request(`${box.url}/faults/push`,
		    { method: 'PUT' }, resolve);
		req.end('{');
	});
	assert.strictEqual(r.statusCode, 400);
});

test('the page has a strict policy and nothing inline', async () => {
	const r = await box.raw('GET', '/');
	assert.strictEqual(r.status, 200);
	assert.match(r.headers['content-security-policy'],
	    /default-src 'none'; script-src 'self'/);
	assert.doesNotMatch(r.text, /<style|style=|<script>|\son\w+=/);
	const js = await box.raw('GET', '/page.js');
	assert.doesNotMatch(js.text, /innerHTML|outerHTML|insertAdjacentHTML/);
});

test('the page hears of what arrives', async () => {
	let text = '';
	const req = http.get(`${box.url}/events`, (res) => {
		res.on('data', (c) => { text += c; });
		res.on('error', () => {});
	});
	req.on('error', () => {});
	await waitFor('the first event', 5000, () => text.includes('change'));
	text = '';
	await sms(1);
	await waitFor('an event', 5000, () => text.includes('event: change'));
	req.destroy();
});

test('refusals say why', async () => {
	await box.https('kavenegar', '/v1/secret-wrong-key/sms/send.json', {});
	const [r] = await box.api('GET', '/refusals');
	assert.strictEqual(r.provider, 'kavenegar');
	assert.strictEqual(r.status, 403);
	assert.doesNotMatch(JSON.stringify(r), /secret-wrong-key/);
});

test('health tells the ports and the process', async () => {
	const h = await box.api('GET', '/health');
	assert.deepStrictEqual(h.ports, box.ports);
	assert.strictEqual(h.pid, box.child.pid);
});

test('bad arguments end with 2 and a reason', () => {
	const run = (...args) => spawnSync(process.execPath, [path.join(__dirname,
	    '..', 'sandbox.js'), ...args], { encoding: 'utf8', timeout: 10000 });
	for (const [args, why] of [[[], /tls-cert/], [['--nope'], /nope/],
		[['--tls-cert', '/none', '--tls-key', '/none'], /ENOENT/],
		[['--tls-cert', __filename, '--tls-key', __filename,
			'--http-port', 'x'], /http-port/]]) {
		const r = run(...args);
		assert.strictEqual(r.status, 2, r.stderr);
		assert.match(r.stderr, why);
	}
});

test('SIGTERM ends it cleanly with connections open, and state is kept', async () => {
	const first = await startSandbox(['--state', path.join(box.dir, 'state')],
	    box.dir);
	first.keepDir = true;
	const sub = await first.api('POST', '/push/subscriptions', {});
	const gone = await first.api('POST', '/push/subscriptions', {});
	await first.api('DELETE', `/push/subscriptions/${gone.id}`);
	const held = http.get(`${first.url}/events`);
	held.on('error', () => {});
	await new Promise((r) => held.once('response', r));
	assert.strictEqual(await first.stop(), 0);
	const file = path.join(box.dir, 'state', 'subscriptions.jsonl');
	assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600);

	const second = await startSandbox(['--state', path.join(box.dir, 'state'),
		'--push-port', String(first.ports.push)], box.dir);
	second.keepDir = true;
	const post = (s) => second.https('push', new URL(s.endpoint).pathname,
	    { method: 'POST', headers: { ttl: '1' } });
	assert.strictEqual((await post(sub)).status, 401);
	assert.strictEqual((await post(gone)).status, 410);
	assert.strictEqual(await second.stop(), 0);
});
