'use strict';
/* Twilio: the official client sends and validates; then each refusal. */
const { test, before, after, beforeEach } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { Hook, startSandbox, waitFor } = require('../lib/testkit');

const SID = 'AC0123456789abcdef0123456789abcdef';
const TOKEN = 'sandbox-twilio-token';
const FROM = '+15005550006';
let box, hook, client, twilio;

before(async () => {
	box = await startSandbox();
	fs.writeFileSync(path.join(box.dir, 'bundle.pem'), box.ca);
	process.env.TWILIO_CA_BUNDLE = path.join(box.dir, 'bundle.pem');
	twilio = require('twilio');
	client = twilio(SID, TOKEN);
	client.api.baseUrl = `https://localhost:${box.ports.twilio}`;
	hook = new Hook();
	await hook.listen();
});
after(() => {
	hook.close();
	return box.stop();
});
beforeEach(async () => {
	hook.forget();
	await box.reset();
	await box.api('DELETE', '/twilio/settings');
});

const address = (where) => hook.url(where);
let next = 0;
const number = () => `+1650555${String(7000 + next++)}`;

test('the official client sends, reads and validates', async () => {
	const to = number();
	const statusCallback = address('/status?d=gp-1-1');
	const m = await client.messages.create({ to, from: FROM, body: 'سلام',
		statusCallback });

	assert.match(m.sid, /^SM[0-9a-f]{32}$/);
	assert.strictEqual(m.status, 'queued');
	assert.strictEqual(m.numSegments, '1');
	const [kept] = await box.api('GET', `/messages?channel=sms&to=${to}`);
	assert.strictEqual(kept.text, 'سلام');
	await waitFor('two callbacks', 3000, () => hook.calls.length === 2);
	assert.deepStrictEqual(hook.calls.map((c) => c.form.MessageStatus),
	    ['sent', 'delivered']);
	for (const c of hook.calls) {
		const signature = c.headers['x-twilio-signature'];
		assert.ok(twilio.validateRequest(TOKEN, signature, statusCallback,
		    c.form));
		assert.ok(!twilio.validateRequest('other', signature,
		    statusCallback, c.form));
	}
	assert.strictEqual((await client.messages(m.sid).fetch()).status,
	    'delivered');
});

test('each refusal has its code', async () => {
	const rows = [
		[21211, { to: '0912' }], [21602, { body: '' }],
		[21617, { body: 'x'.repeat(1601) }],
		[21606, { from: '+10000000000' }],
		[21612, { from: 'whatsapp:+14155238886' }],
		[21610, { to: '+16505521610' }], [21614, { to: '+16505521614' }],
		[21655, { body: undefined, contentSid: 'HX0' }],
		[21609, { statusCallback: 'ftp://x' }],
	];

	for (const [code, over] of rows)
		await assert.rejects(client.messages.create({ to: number(),
			from: FROM, body: 'x', ...over }), (e) => {
			assert.strictEqual(e.code, code, JSON.stringify(over));
			return e.status >= 400;
		});
	const other = twilio(SID, 'wrong');
	other.api.baseUrl = client.api.baseUrl;
	await assert.rejects(other.messages.create({ to: number(), from: FROM,
		body: 'x' }), (e) => e.code === 20003 && e.status === 401);
});

test('late failures come by callback', async () => {
	const statusCallback = address('/s');

	await client.messages.create({ to: '+16505530005', from: FROM,
		body: 'x', statusCallback });
	await waitFor('a failure', 3000, () => hook.calls.find((c) =>
	    c.form.MessageStatus === 'undelivered' &&
	    c.form.ErrorCode === '30005'));
	/* WhatsApp outside the 24 hours; a template goes. */
	hook.forget();
	const to = number();
	await client.messages.create({ to: `whatsapp:${to}`,
		from: 'whatsapp:+14155238886', body: 'x', statusCallback });
	await waitFor('63016', 3000, () => hook.calls.find((c) =>
	    c.form.MessageStatus === 'failed' && c.form.ErrorCode === '63016'));
	hook.forget();
	await client.messages.create({ to: `whatsapp:${to}`,
		from: 'whatsapp:+14155238886', contentSid:
		    'HX0123456789abcdef0123456789abcdef',
		contentVariables: '{"1":"123456"}', statusCallback });
	await waitFor('delivery', 3000, () => hook.calls.find((c) =>
	    c.form.MessageStatus === 'delivered'));
	hook.forget();
	await box.api('PUT', '/twilio/settings', { inbound_url: address('/in') });
	await box.api('POST', '/twilio/inbound', { from: to });
	assert.strictEqual(hook.calls[0].form.From, `whatsapp:${to}`);
	assert.ok(twilio.validateRequest(TOKEN,
	    hook.calls[0].headers['x-twilio-signature'], address('/in'),
	    hook.calls[0].form));
	await client.messages.create({ to: `whatsapp:${to}`,
		from: 'whatsapp:+14155238886', body: 'x', statusCallback });
	await waitFor('delivery', 3000, () => hook.calls.find((c) =>
	    c.form.MessageStatus === 'delivered'));
});

test('each switch', async () => {
	const put = (v) => box.api('PUT', '/faults/twilio', { times: 1, ...v });
	const send = () => client.messages.create({ to: number(), from: FROM,
		body: 'x' });

	await put({ mode: 'status', status: 429, body: { code: 20429,
		message: 'Too Many Requests', status: 429 } });
	await assert.rejects(send(), (e) => e.code === 20429);
	await put({ mode: 'status', status: 503 });
	await assert.rejects(send(), (e) => e.status === 503);
	await put({ mode: 'reset' });
	await assert.rejects(send());
	assert.match((await send()).sid, /^SM/);
});
