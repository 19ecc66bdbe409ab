'use strict';
/* WhatsApp Cloud: each refusal of the Graph, its limits, its webhooks. */
const { test, before, after, beforeEach } = require('node:test');
const assert = require('node:assert');
const crypto = require('node:crypto');
const { Hook, startSandbox, waitFor } = require('../lib/testkit');

const TOKEN = 'sandbox-whatsapp-token';
const ID = '106540352242922';
let box, hook;

before(async () => {
	box = await startSandbox();
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
	await box.api('DELETE', '/whatsapp/settings');
	await box.api('PUT', '/whatsapp/settings', { webhook_url: '' });
});

async function send(body, { token = TOKEN, id = ID, version = 'v25.0',
	type = 'application/json', query = '' } = {}) {
	const r = await box.https('whatsapp', `/${version}/${id}/messages${query}`,
	    { method: 'POST', headers: { 'content-type': type,
		authorization: `Bearer ${token}` } },
	    typeof body === 'string' ? body : JSON.stringify(body));
	const json = JSON.parse(r.text);
	return { status: r.status, json, code: json.error && json.error.code,
		sub: json.error && json.error.error_subcode };
}

let next = 0;
const number = () => `+1650555${String(7000 + next++)}`;
const template = (over = {}, to = number()) => ({ messaging_product: 'whatsapp',
	to, type: 'template', template: { name: 'hello_world',
		language: { code: 'en_US' }, ...over } });
const text = (to, body = 'Hello') => ({ messaging_product: 'whatsapp', to,
	type: 'text', text: { preview_url: false, body } });
const body = (...texts) => [{ type: 'body', parameters: texts.map((t) =>
    ({ type: 'text', text: t })) }];
const listen = (over = {}) => box.api('PUT', '/whatsapp/settings', {
	webhook_url: hook.url(), ...over });

test('a template is accepted and kept', async () => {
	const to = number();
	const r = await send(template({ name: 'order_update',
		components: body('Ann', '#1001') }, to));

	assert.strictEqual(r.status, 200);
	assert.match(r.json.messages[0].id, /^wamid\./);
	assert.strictEqual(r.json.messages[0].message_status, 'accepted');
	assert.strictEqual(r.json.contacts[0].wa_id, to.slice(1));
	const [m] = await box.api('GET', `/messages?channel=whatsapp&to=${to}`);
	assert.strictEqual(m.text, 'Hi Ann, your order #1001 is on its way.');
});

test('each refusal has its code', async () => {
	const rows = [
		[190, template(), { token: 'x' }],
		[100, template(), { id: '999' }],
		[100, '{', {}], [100, '[]', {}],
		[100, template(), { type: 'text/plain' }],
		[100, { ...template(), messaging_product: 'sms' }, {}],
		[100, { ...template(), surprise: 1 }, {}],
		[131008, { messaging_product: 'whatsapp', type: 'text' }, {}],
		[100, template({}, '0912'), {}],
		[131021, template({}, '+15550783881'), {}],
		[131051, { ...template(), type: 'fax' }, {}],
		[132001, template({ name: 'nothing' }), {}],
		[132001, template({ language: { code: 'de' } }), {}],
		[132000, template({ components: body('x') }), {}],
		[132000, template({ name: 'order_update' }), {}],
		[132012, template({ name: 'order_update',
			components: body('a\nb', 'c') }), {}],
		[132015, template({ name: 'paused_one' }), {}],
		[132000, template({ name: 'otp_copy', components: body('1') }), {}],
		[131047, text(number()), {}],
		[131008, text(number(), ''), {}],
		[131026, template({}, '+16505131026'), {}],
		[131042, template({}, '+16505131042'), {}],
		[100, template(), { query: '?appsecret_proof=00' }],
	];

	for (const [code, what, how] of rows) {
		const r = await send(what, how);
		assert.strictEqual(r.code, code, JSON.stringify([what, r.json]));
		assert.ok(r.status >= 400);
		assert.ok(r.json.error.fbtrace_id);
	}
	assert.strictEqual((await send(template(), { id: '999' })).sub, 33);
	await box.api('PUT', '/whatsapp/settings', { require_proof: true });
	assert.strictEqual((await send(template())).code, 100);
	const proof = crypto.createHmac('sha256', 'sandbox-whatsapp-secret')
	    .update(TOKEN).digest('hex');
	assert.strictEqual((await send(template(), {
		query: `?appsecret_proof=${proof}` })).status, 200);
});

test('a code goes twice, named parameters by name', async () => {
	const code = (button) => template({ name: 'otp_copy', components: [
		...body('123456'), { type: 'button', sub_type: 'url', index: '0',
			parameters: [{ type: 'text', text: button }] }] });

	assert.strictEqual((await send(code('123456'))).status, 200);
	assert.strictEqual((await send(code('123457'))).code, 132000);
	const named = (...names) => template({ name: 'order_named', components: [{
		type: 'body', parameters: names.map((n) => ({ type: 'text',
			parameter_name: n, text: n.toUpperCase() })) }] });
	assert.strictEqual((await send(named('order', 'customer'))).status, 200);
	assert.strictEqual((await send(named('order'))).code, 132000);
});

test('one per 6 s a pair, and so many a second', async () => {
	const to = number();

	assert.strictEqual((await send(template({}, to))).status, 200);
	assert.strictEqual((await send(template({}, to))).code, 131056);
	assert.strictEqual((await send(template())).status, 200);
	await box.api('PUT', '/whatsapp/settings', { mps: 0 });
	assert.strictEqual((await send(template())).code, 130429);
});

test('inbound opens the 24 hours, and is signed', async () => {
	const to = number();
	await listen();
	const r = await box.api('POST', '/whatsapp/inbound', { from: to,
		text: 'سلام / hello' });

	assert.strictEqual(r.status, 200);
	const [c] = hook.calls;
	assert.strictEqual(c.headers['x-hub-signature-256'], 'sha256=' +
	    crypto.createHmac('sha256', 'sandbox-whatsapp-secret')
		.update(c.body).digest('hex'));
	assert.ok(!/[^\x00-\x7e]/.test(c.body.toString('latin1')));
	assert.match(c.body.toString(), /hello/);
	const m = JSON.parse(c.body).entry[0].changes[0].value.messages[0];
	assert.strictEqual(m.text.body, 'سلام / hello');
	await box.api('PUT', '/whatsapp/settings', { pair_ms: 0 });
	assert.strictEqual((await send(text(to))).status, 200);
	/* However its number is written. */
	await box.api('POST', '/whatsapp/inbound', { from: '+5215512345678' });
	assert.strictEqual((await send(text('+525512345678'))).status, 200);
	await box.api('PUT', '/whatsapp/settings', { window_ms: 0 });
	assert.strictEqual((await send(text(to))).code, 131047);
});

test('states are called back, shuffled and twice, until taken', async () => {
	/* Far enough apart that a busy machine does not shuffle them back. */
	await listen({ sent_ms: 20, delivered_ms: 800, read_ms: 1600,
		shuffle: true, duplicates: 2, webhook_retry_ms: 50 });
	hook.status = 500;
	const r = await send({ ...template(),
		biz_opaque_callback_data: 'mine' });
	const id = r.json.messages[0].id;

	/* A call of the test before may still be on its way. */
	const all = () => hook.calls.map((c) =>
	    JSON.parse(c.body).entry[0].changes[0].value.statuses[0]);
	const seen = () => all().filter((s) =>
	    s.biz_opaque_callback_data === 'mine');
	await waitFor('a try', 3000, () => seen().length > 0);
	hook.status = 200;
	await waitFor('all of them', 5000, () => ['sent', 'delivered', 'read']
	    .every((s) => seen().filter((x) => x.status === s).length >= 2));
	assert.strictEqual(seen()[0].status, 'read');
	assert.ok(seen().every((s) => s.id === id &&
	    typeof s.timestamp === 'string'));
	const refused = (await send(template({}, '+16505131049')))
	    .json.messages[0].id;
	const its = () => all().filter((s) => s.id === refused);
	await waitFor('a failure', 3000, () => its().length > 0);
	assert.strictEqual(its()[0].errors[0].code, 131049);
});

test('each switch', async () => {
	const put = (v) => box.api('PUT', '/faults/whatsapp', { times: 1, ...v });

	await put({ mode: 'status', status: 429, retry_after: 2 });
	assert.strictEqual((await send(template())).code, 130429);
	await put({ mode: 'status', status: 503 });
	assert.strictEqual((await send(template())).status, 503);
	await put({ mode: 'reset' });
	await assert.rejects(send(template()));
	await put({ mode: 'garbage' });
	await assert.rejects(send(template()), SyntaxError);
	const to = number();
	await put({ mode: 'status', status: 503, to });
	assert.strictEqual((await send(template())).status, 200);
	assert.strictEqual((await send(template({}, to))).status, 503);
});
