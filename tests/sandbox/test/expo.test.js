'use strict';
/* Expo: the official client, then what it would never send, then each lie. */
const { test, before, after, beforeEach } = require('node:test');
const assert = require('node:assert');
const https = require('node:https');
const zlib = require('node:zlib');
const { startSandbox } = require('../lib/testkit');

const A = 'ExponentPushToken[aaaaaaaaaaaaaaaaaaaaaa]';
const B = 'ExpoPushToken[bbbbbbbbbbbbbbbbbbbbbb]';
let box, Expo;

before(async () => {
	box = await startSandbox();
	/* Read when the module is loaded. */
	process.env.EXPO_BASE_URL = `https://localhost:${box.ports.expo}`;
	({ Expo } = require('expo-server-sdk'));
});
after(() => box.stop());
beforeEach(async () => {
	await box.reset();
	await box.api('DELETE', '/expo/settings');
});

const settings = (v) => box.api('PUT', '/expo/settings', v);
const client = (more) => new Expo({ retryMinTimeout: 10,
	httpAgent: new https.Agent({ ca: box.ca }), ...more });

async function post(path, body, headers = {}) {
	const r = await box.https('expo', `/--/api/v2/push/${path}`,
	    { method: 'POST', headers: { 'content-type': 'application/json',
		...headers } }, typeof body === 'string' ||
	    Buffer.isBuffer(body) ? body : JSON.stringify(body));

	return { status: r.status, headers: r.headers, text: r.text,
		json: r.text.startsWith('{') ? JSON.parse(r.text) : null };
}
const codeOf = (r) => r.json.errors[0].code;

test('the official client sends, and reads its receipts', async () => {
	const expo = client(), to = [A, B];

	assert.ok(to.every((t) => Expo.isExpoPushToken(t)));
	await settings({ tickets: { [B]: 'DeviceNotRegistered' } });
	const tickets = await expo.sendPushNotificationsAsync([
		{ to, title: 'Hi', body: 'There', data: { id: '7' },
			sound: 'default', badge: 1, priority: 'high', ttl: 60,
			channelId: 'orders' }, { to: A, body: 'x'.repeat(2000) }]);
	assert.deepStrictEqual(tickets.map((t) => t.status),
	    ['ok', 'error', 'ok']);
	assert.deepStrictEqual(tickets[1].details,
	    { error: 'DeviceNotRegistered', expoPushToken: B });
	const ids = tickets.filter((t) => t.id).map((t) => t.id);
	const got = await expo.getPushNotificationReceiptsAsync([...ids, 'none']);
	assert.deepStrictEqual(got, { [ids[0]]: { status: 'ok' },
		[ids[1]]: { status: 'ok' } });
	const rows = await box.api('GET', '/messages?channel=expo');
	assert.deepStrictEqual(rows.map((r) => [r.to, r.subject, r.provider_id]),
	    [[A, null, ids[1]], [A, 'Hi', ids[0]]]);
	assert.deepStrictEqual(rows[1].payload.data, { id: '7' });
});

test('its chunks are as large as may be', async () => {
	const expo = client();
	const many = Array.from({ length: 250 }, () => ({ to: A, body: 'x' }));
	const chunks = expo.chunkPushNotifications(many);

	assert.deepStrictEqual(chunks.map((c) => c.length), [100, 100, 50]);
	for (const c of chunks)
		assert.strictEqual((await expo.sendPushNotificationsAsync(c)).length,
		    c.length);
	const r = await post('send', many.slice(0, 101));
	assert.deepStrictEqual([r.status, codeOf(r)],
	    [400, 'PUSH_TOO_MANY_NOTIFICATIONS']);
	const ids = Array.from({ length: 1001 }, (_, i) => `${i}`);
	const g = await post('getReceipts', { ids });
	assert.deepStrictEqual([g.status, codeOf(g)],
	    [400, 'PUSH_TOO_MANY_RECEIPTS']);
	assert.strictEqual((await post('getReceipts',
	    { ids: ids.slice(1) })).status, 200);
});

test('it retries what is too fast, and says who must not send', async () => {
	await box.api('PUT', '/faults/expo', { mode: 'status', status: 429,
		times: 2, retry_after: 1 });
	const [t] = await client().sendPushNotificationsAsync([{ to: A }]);
	assert.strictEqual(t.status, 'ok');
	assert.strictEqual((await box.api('GET', '/counts')).expo.refused[429], 2);

	await settings({ access_token: 'secret' });
	await assert.rejects(client().sendPushNotificationsAsync([{ to: A }]),
	    { code: 'UNAUTHORIZED' });
	await client({ accessToken: 'secret' })
	    .sendPushNotificationsAsync([{ to: A }]);
	const r = await post('send', [{ to: A }], { authorization: 'Basic x' });
	assert.deepStrictEqual([r.status, r.json.error], [401, 'invalid_token']);
});

test('one request is for one project', async () => {
	await settings({ projects: { [B]: '@other/app' } });
	await assert.rejects(client().sendPushNotificationsAsync([{ to: [A, B] }]),
	    (e) => e.code === 'PUSH_TOO_MANY_EXPERIENCE_IDS' &&
	    e.details['@other/app'][0] === B && e.details['@sandbox/app'][0] === A);
	assert.strictEqual((await post('send', [{ to: B }])).status, 200);
});

test('what is not documented is refused', async () => {
	for (const bad of [[], {}, [{}], [{ to: 'x' }], [{ to: 'ExpoPushToken[]' }],
		[{ to: A, surprise: 1 }], [{ to: A, ttl: -1 }], [{ to: A, data: 'x' }],
		[{ to: A, priority: 'urgent' }], [{ to: A, badge: '1' }], [{ to: [] }],
		'{', 'null']) {
		const r = await post('send', bad);
		assert.deepStrictEqual([r.status, codeOf(r)],
		    [400, 'VALIDATION_ERROR'], JSON.stringify(bad));
	}
	/* One bad message takes the others with it. */
	await post('send', [{ to: A }, { to: 'x' }]);
	assert.strictEqual((await box.api('GET', '/messages')).length, 0);
	assert.strictEqual((await post('send', '{}',
	    { 'content-type': 'text/plain' })).status, 400);
});

test('bodies come and go compressed; a single object gets one back', async () => {
	const r = await post('send', zlib.gzipSync(JSON.stringify({ to: A })),
	    { 'content-encoding': 'gzip' });
	assert.strictEqual(r.json.data.status, 'ok');
	assert.strictEqual((await post('send', 'x',
	    { 'content-encoding': 'gzip' })).status, 400);
	const many = await box.https('expo', '/--/api/v2/push/send',
	    { method: 'POST', headers: { 'content-type': 'application/json',
		'accept-encoding': 'gzip' } }, JSON.stringify(
	    Array.from({ length: 50 }, () => ({ to: A }))));
	assert.strictEqual(many.headers['content-encoding'], 'gzip');
});

test('receipts: late, silent, telling, and of what is too big', async () => {
	const expo = client();

	await settings({ receipt_ms: 60000, silent: [B],
		receipts: { [A]: 'MessageRateExceeded' } });
	const [a, b] = await expo.sendPushNotificationsAsync([{ to: [A, B] }]);
	assert.deepStrictEqual(
	    await expo.getPushNotificationReceiptsAsync([a.id, b.id]), {});
	await settings({ receipt_ms: 0 });
	const got = await expo.getPushNotificationReceiptsAsync([a.id, b.id]);
	assert.deepStrictEqual(Object.keys(got), [a.id]);
	assert.strictEqual(got[a.id].details.error, 'MessageRateExceeded');
	await settings({ receipts: {} });
	const [big] = await expo.sendPushNotificationsAsync([{ to: A,
		body: 'x'.repeat(5000) }]);
	assert.strictEqual((await expo.getPushNotificationReceiptsAsync(
	    [big.id]))[big.id].details.error, 'MessageTooBig');
});

test('lies', async () => {
	const expo = client(), two = [{ to: A }, { to: B }];

	await settings({ lie: 'short' });
	await assert.rejects(expo.sendPushNotificationsAsync(two), /2 tickets/);
	await settings({ lie: 'reorder', tickets: { [A]: 'DeviceNotRegistered' } });
	const [first, last] = await expo.sendPushNotificationsAsync(two);
	assert.deepStrictEqual([first.status, last.details.expoPushToken],
	    ['ok', A]);
	await settings({ lie: 'no_id', tickets: {} });
	assert.deepStrictEqual(await expo.sendPushNotificationsAsync([{ to: A }]),
	    [{ status: 'ok' }]);
	await assert.rejects(settings({ lie: 'x' }));
	await assert.rejects(settings({ nothing: 1 }));
});

test('switches', async () => {
	await box.api('PUT', '/faults/expo', { mode: 'garbage', times: 1 });
	assert.strictEqual((await post('send', [{ to: A }])).json, null);
	await box.api('PUT', '/faults/expo', { mode: 'reset', times: 1, to: A });
	assert.strictEqual((await post('send', [{ to: B }])).status, 200);
	await assert.rejects(post('send', [{ to: A }]));
	await box.api('PUT', '/faults/expo', { mode: 'status', status: 502,
		times: 1 });
	assert.strictEqual((await post('send', [{ to: A }])).status, 502);
	await box.api('PUT', '/faults/expo_receipts', { mode: 'status',
		status: 503, times: 1 });
	assert.strictEqual((await post('getReceipts', { ids: ['x'] })).status, 503);
	const rows = await box.api('GET', '/messages?channel=expo');
	assert.strictEqual(rows.length, 3);
});

test('so many a second and no more', async () => {
	const hundred = Array.from({ length: 100 }, () => ({ to: A }));
	await settings({ per_s: 150 });
	const all = await Promise.all(Array.from({ length: 10 },
	    () => post('send', hundred)));

	assert.ok(all.some((r) => r.status === 429));
	assert.ok(all.filter((r) => r.status === 429)
	    .every((r) => codeOf(r) === 'TOO_MANY_REQUESTS'));
});
