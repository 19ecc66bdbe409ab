'use strict';
/*
 * The local push server by itself: what Firefox may rely on, and what senders and strangers are refused.
 * The client is the `ws` library where a client behaves, and a plain socket where it does not.
 *
 *	node --test tests/browser/autopush.test.js
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const net = require('node:net');
const { after, before, test } = require('node:test');
const ece = require('http_ece');
const WebSocket = require('ws');
const webpush = require('web-push');
const autopush = require('../sandbox/autopush.js');

const ORIGIN = 'https://localhost:9443';
const VAPID = webpush.generateVAPIDKeys();
let ap;

before(async () => { ap = await autopush.start({ port: 0, pushOrigin: ORIGIN }); });
after(() => ap.close());

/* A browser as Firefox's push client is one: says hello and keeps what arrives in order. */
async function browser(uaid)
{
	const ws = new WebSocket(`ws://127.0.0.1:${ap.port}/`, 'push-notification');
	const inbox = [];
	const waiting = [];

	ws.on('message', (data) => {
		const m = JSON.parse(data.toString());
		if (waiting.length)
			waiting.shift()(m);
		else
			inbox.push(m);
	});
	const closed = new Promise((resolve) => ws.on('close', (code) => resolve(code)));
	await new Promise((resolve, reject) => ws.on('open', resolve).on('error', reject));
	const b = {
		ws, closed, inbox,
		send: (m) => ws.send(JSON.stringify(m)),
		next: () => (inbox.length ? Promise.resolve(inbox.shift()) : new Promise((resolve) => waiting.push(resolve))),
		/* The server answers in order, so once the pong is here nothing else can still be on its way. */
		quiet: async () => {
			ws.send('{}');
			assert.deepEqual(await b.next(), {});
		},
		gone: () => {
			ws.close();
			return closed;
		},
	};
	b.send({ messageType: 'hello', uaid, broadcasts: {}, use_webpush: true });
	const hello = await b.next();
	assert.deepEqual({ ...hello, uaid: '' }, { messageType: 'hello', uaid: '', status: 200, use_webpush: true, broadcasts: {} });
	b.uaid = hello.uaid;
	return b;
}

/* Subscribes: the browser's half of a subscription, with the keys that only it holds. */
async function subscribe(b, vapid = VAPID)
{
	const id = crypto.randomUUID();
	const dh = crypto.createECDH('prime256v1');
	const auth = crypto.randomBytes(16);

	dh.generateKeys();
	b.send({ messageType: 'register', channelID: id, ...(vapid && { key: `${vapid.publicKey}=` }) });
	assert.deepEqual(await b.next(), { messageType: 'register', channelID: id, status: 200, pushEndpoint: `${ORIGIN}/autopush/${id}` });
	return { id, dh, auth, subscription: { endpoint: `${ORIGIN}/autopush/${id}`, keys: { p256dh: dh.getPublicKey('base64url'), auth: auth.toString('base64url') } } };
}

/* What web-push would POST, handed straight to deliver(); `change` may spoil it. */
function post(s, text, { vapid = VAPID, change = () => {}, ...opt } = {})
{
	const r = webpush.generateRequestDetails(s.subscription, text, { TTL: 60, contentEncoding: 'aes128gcm', vapidDetails: { subject: 'mailto:a@b.example', ...vapid }, ...opt });
	const q = { headers: Object.fromEntries(Object.entries(r.headers).map(([k, v]) => [k.toLowerCase(), String(v)])), body: r.body ? Buffer.from(r.body) : Buffer.alloc(0) };

	change(q);
	return ap.deliver(s.id, q.headers, q.body);
}

function open_message(s, m)
{
	return ece.decrypt(Buffer.from(m.data, 'base64url'), { version: 'aes128gcm', privateKey: s.dh, authSecret: s.auth.toString('base64url') }).toString('utf8');
}

test('a message reaches the browser, decrypts, and is acknowledged', async () => {
	const b = await browser();
	const s = await subscribe(b);
	const answer = post(s, 'سلام');

	assert.equal(answer.status, 201);
	assert.equal(answer.headers.ttl, '60');
	const m = await b.next();
	assert.equal(m.messageType, 'notification');
	assert.equal(m.channelID, s.id);
	assert.deepEqual(m.headers, { encoding: 'aes128gcm' });
	assert.equal(answer.headers.location, `${ORIGIN}/m/${m.version}`);
	assert.equal(open_message(s, m), 'سلام');
	b.send({ messageType: 'ack', updates: [{ channelID: s.id, version: m.version, code: 100 }] });
	await b.quiet();
	assert.deepEqual(ap.acks.at(-1), { channelID: s.id, version: m.version, code: 100 });
	await b.gone();
});

test('an empty message is a notification without data', async () => {
	const b = await browser();
	const s = await subscribe(b);

	assert.equal(post(s, null).status, 201);
	const m = await b.next();
	assert.equal('data' in m || 'headers' in m, false);
	await b.gone();
});

test('messages wait for a browser that is away, until its ack', async () => {
	const first = await browser();
	const s = await subscribe(first);
	await first.gone();
	assert.equal(post(s, 'kept').status, 201);
	assert.equal(post(s, 'now or never', { TTL: 0 }).status, 201);

	const second = await browser(first.uaid);
	assert.equal(second.uaid, first.uaid);
	const m = await second.next();
	assert.equal(open_message(s, m), 'kept');
	await second.quiet();			/* TTL 0 was for a browser that was there */
	await second.gone();			/* without an ack: the same version again */

	const third = await browser(first.uaid);
	assert.equal((await third.next()).version, m.version);
	third.send({ messageType: 'ack', updates: [{ channelID: s.id, version: m.version, code: 100 }] });
	await third.quiet();
	await third.gone();

	const fourth = await browser(first.uaid);
	await fourth.quiet();
	await fourth.gone();
});

test('TTL 0 reaches a browser that is there', async () => {
	const b = await browser();
	const s = await subscribe(b);
	assert.equal(post(s, 'now', { TTL: 0 }).status, 201);
	assert.equal(open_message(s, await b.next()), 'now');
	await b.gone();
});

test('a topic replaces the waiting message of that topic only', async () => {
	const b = await browser();
	const s = await subscribe(b);
	await b.gone();
	for (const [text, topic] of [['one', 'a'], ['other', 'b'], ['two', 'a']])
		assert.equal(post(s, text, { topic }).status, 201);
	const again = await browser(b.uaid);
	const texts = [open_message(s, await again.next()), open_message(s, await again.next())];
	assert.deepEqual(texts.sort(), ['other', 'two']);
	await again.quiet();
	await again.gone();
});

test('an unknown uaid gets a new one', async () => {
	const b = await browser('0123456789abcdef0123456789abcdef');
	assert.match(b.uaid, /^[0-9a-f]{32}$/);
	assert.notEqual(b.uaid, '0123456789abcdef0123456789abcdef');
	await b.gone();
});

test('a second connection of a browser ends the first with "do not reconnect"', async () => {
	const first = await browser();
	const s = await subscribe(first);
	const second = await browser(first.uaid);
	assert.equal(await first.closed, 4774);
	assert.equal(post(s, 'to the second').status, 201);
	assert.equal(open_message(s, await second.next()), 'to the second');
	await second.gone();
});

test('unsubscribed is 410, and its id cannot be taken again', async () => {
	const b = await browser();
	const s = await subscribe(b);
	b.send({ messageType: 'unregister', channelID: s.id, code: 200 });
	assert.deepEqual(await b.next(), { messageType: 'unregister', channelID: s.id, status: 200 });
	const answer = post(s, 'late');
	assert.equal(answer.status, 410);
	assert.equal(JSON.parse(answer.body).errno, 106);
	b.send({ messageType: 'register', channelID: s.id, key: VAPID.publicKey });
	assert.equal((await b.next()).status, 409);
	await b.gone();
});

test('one browser cannot take or end another\'s channel', async () => {
	const a = await browser();
	const s = await subscribe(a);
	const b = await browser();
	b.send({ messageType: 'register', channelID: s.id });
	assert.equal((await b.next()).status, 409);
	b.send({ messageType: 'unregister', channelID: s.id, code: 200 });
	await b.next();
	assert.equal(post(s, 'still there').status, 201);
	assert.equal(open_message(s, await a.next()), 'still there');
	await a.gone();
	await b.gone();
});

test('register refuses what is no id and no key', async () => {
	const b = await browser();
	for (const m of [{ channelID: 'x' }, { channelID: 5 }, { channelID: crypto.randomUUID(), key: 'AAAA' },
		{ channelID: crypto.randomUUID(), key: Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]).toString('base64url') }]) {
		b.send({ messageType: 'register', ...m });
		assert.equal((await b.next()).status, 400, JSON.stringify(m));
	}
	await b.gone();
});

const other = webpush.generateVAPIDKeys();
const spoil_token = (f) => (q) => {
	const m = /^vapid t=([^,]+), ?k=(.*)$/.exec(q.headers.authorization);
	q.headers.authorization = f(m[1], m[2]);
};
const forge = (claims) => spoil_token((t, k) => {
	const point = Buffer.from(VAPID.publicKey, 'base64url');
	const key = crypto.createPrivateKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', d: VAPID.privateKey, x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') } });
	const now = Math.floor(Date.now() / 1000);
	const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
	const head = `${part({ typ: 'JWT', alg: 'ES256' })}.${part({ aud: ORIGIN, exp: now + 3600, sub: 'mailto:a@b.example', ...claims(now) })}`;
	return `vapid t=${head}.${crypto.sign('sha256', Buffer.from(head), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}, k=${k}`;
});

const SPOILED = [
	['no TTL', 400, 111, { change: (q) => { delete q.headers.ttl; } }],
	['TTL not a number', 400, 112, { change: (q) => { q.headers.ttl = '1h'; } }],
	['negative TTL', 400, 114, { change: (q) => { q.headers.ttl = '-1'; } }],
	['topic too long', 400, 113, { change: (q) => { q.headers.topic = 'a'.repeat(33); } }],
	['topic alphabet', 400, 113, { change: (q) => { q.headers.topic = 'a b'; } }],
	['urgency', 400, 111, { change: (q) => { q.headers.urgency = 'soon'; } }],
	['no authorization', 401, 109, { change: (q) => { delete q.headers.authorization; } }],
	['another scheme', 401, 109, { change: spoil_token((t) => `Bearer ${t}`) }],
	['another key pair', 401, 109, { vapid: other }],
	['our key named, another signed', 401, 109, { vapid: other, change: spoil_token((t) => `vapid t=${t}, k=${VAPID.publicKey}`) }],
	['signature cut', 401, 109, { change: spoil_token((t, k) => `vapid t=${t.slice(0, -2)}, k=${k}`) }],
	['k twice', 401, 109, { change: spoil_token((t, k) => `vapid t=${t}, k=${k}, k=${k}`) }],
	['another audience', 401, 109, { change: forge(() => ({ aud: 'https://push.example' })) }],
	['expired', 401, 109, { change: forge((now) => ({ exp: now - 1 })) }],
	['over 24 hours', 401, 109, { change: forge((now) => ({ exp: now + 25 * 3600 })) }],
	['exp as a string', 401, 109, { change: forge((now) => ({ exp: String(now + 60) })) }],
	['sub is null', 401, 109, { change: forge(() => ({ sub: null })) }],
	['over 4096 bytes', 413, 104, { change: (q) => { q.body = Buffer.concat([q.body, Buffer.alloc(4097 - q.body.length)]); } }],
	['old encoding', 400, 110, { change: (q) => { q.headers['content-encoding'] = 'aesgcm'; } }],
	['Encryption header beside', 400, 110, { change: (q) => { q.headers.encryption = 'salt=x'; } }],
	['shorter than its header', 400, 110, { change: (q) => { q.body = q.body.subarray(0, 90); } }],
	['sender\'s key off the curve', 400, 110, { change: (q) => { q.body[30] ^= 1; } }],
	['rs no greater than the record', 400, 110, { change: (q) => { q.body.writeUInt32BE(18, 16); } }],
];

test('the unspoiled message that the next test spoils is taken, forged by us too', async () => {
	const b = await browser();
	const s = await subscribe(b);
	assert.equal(post(s, 'good').status, 201);
	assert.equal(post(s, 'good', { change: forge(() => ({})) }).status, 201);
	await b.gone();
});

for (const [what, status, errno, how] of SPOILED) {
	test(`refused: ${what}`, async () => {
		const b = await browser();
		const s = await subscribe(b);
		const answer = post(s, 'x', how);
		assert.deepEqual([answer.status, JSON.parse(answer.body).errno], [status, errno], answer.body);
		await b.quiet();
		await b.gone();
	});
}

test('an id that is none is 404, one never registered 410', () => {
	assert.equal(ap.deliver('x', {}, Buffer.alloc(0)).status, 404);
	assert.equal(ap.deliver(crypto.randomUUID(), { ttl: '1' }, Buffer.alloc(0)).status, 410);
});

/* ---- strangers on the socket ---- */

/* Opens by hand and sends bytes; resolves all that came back when the server closed. */
function raw(bytes, headers = {})
{
	const all = { Host: `127.0.0.1:${ap.port}`, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13',
		'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Protocol': 'push-notification', ...headers };
	return new Promise((resolve, reject) => {
		const s = net.connect(ap.port, '127.0.0.1');
		const got = [];
		s.write(`GET / HTTP/1.1\r\n${Object.entries(all).filter(([, v]) => v !== null).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`);
		s.on('data', (d) => {
			if (got.length === 0 && bytes)
				s.write(bytes);
			got.push(d);
		});
		s.on('error', reject);
		s.on('end', () => {
			const whole = Buffer.concat(got);
			const end = whole.indexOf('\r\n\r\n') + 4;
			s.end();
			resolve({ head: whole.subarray(0, end).toString('latin1'), rest: whole.subarray(end) });
		});
	});
}

function client_frame(first, payload, { masked = true, len = null } = {})
{
	const mask = masked ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0);
	const size = len || Buffer.from([payload.length]);
	const body = Buffer.from(payload).map((x, i) => (masked ? x ^ mask[i & 3] : x));
	return Buffer.concat([Buffer.from([first, size[0] | (masked ? 0x80 : 0)]), size.subarray(1), mask, body]);
}

const HELLO = Buffer.from('{"messageType":"hello","use_webpush":true}');
const BROKEN = [
	['not masked', 1002, client_frame(0x81, HELLO, { masked: false })],
	['reserved bit', 1002, client_frame(0xc1, HELLO)],
	['unknown opcode', 1002, client_frame(0x83, HELLO)],
	['continuation of nothing', 1002, client_frame(0x80, HELLO)],
	['text inside a fragmented text', 1002, Buffer.concat([client_frame(0x01, HELLO), client_frame(0x81, HELLO)])],
	['ping in fragments', 1002, client_frame(0x09, Buffer.from('x'))],
	['ping over 125 bytes', 1002, client_frame(0x89, Buffer.alloc(126), { len: Buffer.from([126, 0, 126]) })],
	['length not in its shortest form', 1002, client_frame(0x81, HELLO, { len: Buffer.from([126, 0, HELLO.length]) })],
	['over the limit', 1009, client_frame(0x81, Buffer.alloc(0), { len: Buffer.from([127, 0, 0, 0, 0, 1, 0, 0, 0]) })],
	['binary', 1003, client_frame(0x82, HELLO)],
	['not UTF-8', 1007, client_frame(0x81, Buffer.from([0xff, 0xfe]))],
	['close with half a code', 1002, client_frame(0x88, Buffer.from([3]))],
	['close with a code that may not be sent', 1002, client_frame(0x88, Buffer.from([0x03, 0xed]))],
	['not JSON', 4000, client_frame(0x81, Buffer.from('hello'))],
	['not an object', 4000, client_frame(0x81, Buffer.from('[1]'))],
	['register before hello', 4000, client_frame(0x81, Buffer.from('{"messageType":"register"}'))],
	['hello twice', 4000, Buffer.concat([client_frame(0x81, HELLO), client_frame(0x81, HELLO)])],
	['hello without web push', 4000, client_frame(0x81, Buffer.from('{"messageType":"hello"}'))],
	['unknown message', 4000, Buffer.concat([client_frame(0x81, HELLO), client_frame(0x81, Buffer.from('{"messageType":"x"}'))])],
];

for (const [what, code, bytes] of BROKEN) {
	test(`closed with ${code}: ${what}`, async () => {
		const { head, rest } = await raw(bytes);
		assert.match(head, /^HTTP\/1\.1 101 /);
		const at = rest.lastIndexOf(Buffer.from([code >> 8, code & 255]));
		assert.ok(at >= 2 && rest[at - 2] === 0x88, `no close frame with ${code} in ${rest.toString('latin1')}`);
	});
}

test('RFC 6455\'s own example of an opening; ping, fragments and close are answered', async () => {
	const { head, rest } = await raw(Buffer.concat([client_frame(0x89, Buffer.from('p')), client_frame(0x01, HELLO.subarray(0, 10)), client_frame(0x89, Buffer.from('q')),
		client_frame(0x80, HELLO.subarray(10)), client_frame(0x88, Buffer.from([3, 232]))]));
	assert.match(head, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
	assert.match(head, /\r\nSec-WebSocket-Protocol: push-notification\r\n/);
	assert.deepEqual([...rest.subarray(0, 6)], [0x8a, 1, 0x70, 0x8a, 1, 0x71]);
	assert.match(rest.toString('latin1'), /"messageType":"hello","uaid":"[0-9a-f]{32}","status":200/);
	assert.deepEqual([...rest.subarray(-4)], [0x88, 2, 3, 232]);
});

for (const [what, status, headers] of [
	['another subprotocol', 400, { 'Sec-WebSocket-Protocol': 'chat' }],
	['no subprotocol', 400, { 'Sec-WebSocket-Protocol': null }],
	['a key of 15 bytes', 400, { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAA' }],
	['an old version', 426, { 'Sec-WebSocket-Version': '8' }],
	['a web page elsewhere', 403, { Origin: 'https://elsewhere.example' }],
]) {
	test(`opening refused: ${what}`, async () => {
		const { head } = await raw(null, headers);
		assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
	});
}
