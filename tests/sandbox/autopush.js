'use strict';
/*
 * A local push service for a real Firefox: the WebSocket half of Mozilla's autopush.
 *
 * Firefox keeps one WebSocket to `dom.push.serverURL` and receives on it what others POST to the endpoints that
 * this server handed out. The other half, the HTTPS endpoint, belongs to the sandbox's push emulator, which calls deliver() for
 * every POST under /autopush/. Nothing here can read a message: only that Firefox holds the keys.
 *
 *	const ap = await start({ port: 0, pushOrigin: 'https://localhost:9443' });
 *	const r = ap.deliver(channelId, headers, body);   // {status, headers, body}: what the sender is answered
 *	await ap.close();
 *
 * Firefox wants: dom.push.serverURL = ws://127.0.0.1:PORT/, dom.push.testing.allowInsecureServerURL = true (else wss only).
 *
 * Sources: RFC 6455 (frames), RFC 8030 (TTL, Topic, Urgency), RFC 8188 and 8291 (the body's header), RFC 8292 (VAPID),
 * autopush's documentation (messages, errno), and PushServiceWebSocket.sys.mjs as Firefox ESR ships it. What Firefox does
 * differently from what one would guess:
 *   - it asks for the subprotocol "push-notification";
 *   - `hello` carries `uaid` only while it has subscriptions; another uaid in the answer makes it drop them all;
 *   - it takes any absolute URI as pushEndpoint; `register` carries the VAPID key as base64url *with* padding;
 *   - a ping is the text frame "{}", and so is the pong; acks have codes: 100 delivered, 101 cannot decrypt, 102 refused;
 *   - it remembers the last 100 `version`s of a channel and ignores a repeated one, so a redelivery keeps its version.
 */
const crypto = require('node:crypto');
const http = require('node:http');

const SUBPROTOCOL = 'push-notification';
const WS_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const FRAME_MAX = 64 * 1024;		/* of a client's whole message; Firefox's largest is a hello with its broadcasts */
const BODY_MAX = 4096;			/* RFC 8030 section 7.2; the larger of what push services promise */
const TTL_MAX = 60 * 24 * 3600;		/* autopush caps at 60 days and says so in the answer's TTL */
const BROWSERS_MAX = 256;
const CHANNELS_MAX = 1000;		/* of one browser */
const STORED_MAX = 200;			/* messages kept for one channel; the oldest goes */
const BUFFERED_MAX = 4 * 1024 * 1024;	/* unread bytes to one client before it counts as gone */

/* ---- RFC 6455 ------------------------------------------------------------------------------------------------- */

const OP = { CONT: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 };

class WsError extends Error {
	constructor(code, message)
	{
		super(message);
		this.code = code;
	}
}

function frame(opcode, payload)
{
	const n = payload.length;
	let head;

	if (n < 126) {
		head = Buffer.from([0x80 | opcode, n]);
	} else if (n < 65536) {
		head = Buffer.from([0x80 | opcode, 126, n >> 8, n & 255]);
	} else {
		head = Buffer.alloc(10);
		head[0] = 0x80 | opcode;
		head[1] = 127;
		head.writeBigUInt64BE(BigInt(n), 2);
	}
	return Buffer.concat([head, payload]);
}

/* Takes one frame off the front of `buf`: null when it is not all there, else {fin, opcode, payload, used}. */
function take_frame(buf)
{
	if (buf.length < 2)
		return null;
	const fin = (buf[0] & 0x80) !== 0;
	const opcode = buf[0] & 0x0f;
	let len = buf[1] & 0x7f;
	let at = 2;

	if (buf[0] & 0x70)
		throw new WsError(1002, 'reserved bit set: no extension was agreed');
	if (!Object.values(OP).includes(opcode))
		throw new WsError(1002, `unknown opcode ${opcode}`);
	if (!(buf[1] & 0x80))
		throw new WsError(1002, 'frame from a client is not masked');
	if (opcode >= 8 && (!fin || len > 125))
		throw new WsError(1002, 'control frame fragmented or over 125 bytes');
	if (len === 126) {
		if (buf.length < 4)
			return null;
		len = buf.readUInt16BE(2);
		at = 4;
		if (len < 126)
			throw new WsError(1002, 'length not in its shortest form');
	} else if (len === 127) {
		if (buf.length < 10)
			return null;
		const big = buf.readBigUInt64BE(2);
		at = 10;
		if (big < 65536n || big >> 63n)
			throw new WsError(1002, 'length not in its shortest form');
		if (big > BigInt(FRAME_MAX))
			throw new WsError(1009, 'message too big');
		len = Number(big);
	}
	if (len > FRAME_MAX)
		throw new WsError(1009, 'message too big');
	if (buf.length < at + 4 + len)
		return null;
	const mask = buf.subarray(at, at + 4);
	const payload = Buffer.from(buf.subarray(at + 4, at + 4 + len));
	for (let i = 0; i < len; i++)
		payload[i] ^= mask[i & 3];
	return { fin, opcode, payload, used: at + 4 + len };
}

/* One client's WebSocket. Calls on_text(string) for each whole message and on_close() exactly once. */
class Socket {
	constructor(sock, on_text, on_close)
	{
		this.sock = sock;
		this.buf = Buffer.alloc(0);
		this.parts = null;		/* fragments of an unfinished message, or null */
		this.parts_len = 0;
		this.closing = false;
		this.on_text = on_text;
		this.gone = false;
		sock.setNoDelay(true);
		sock.on('data', (chunk) => this.feed(chunk));
		sock.on('end', () => sock.end());
		sock.on('error', () => sock.destroy());
		sock.on('close', () => {
			if (!this.gone) {
				this.gone = true;
				on_close();
			}
		});
	}

	feed(chunk)
	{
		if (this.closing)
			return;
		this.buf = this.buf.length ? Buffer.concat([this.buf, chunk]) : chunk;
		try {
			for (let f; !this.closing && (f = take_frame(this.buf)) !== null;) {
				this.buf = this.buf.subarray(f.used);
				this.frame(f);
			}
		} catch (e) {
			if (!(e instanceof WsError))
				throw e;
			this.close(e.code, e.message);
		}
	}

	frame({ fin, opcode, payload })
	{
		if (opcode === OP.PING) {
			this.write(OP.PONG, payload);
			return;
		}
		if (opcode === OP.PONG)
			return;
		if (opcode === OP.CLOSE) {
			this.closed_by_peer(payload);
			return;
		}
		if (opcode === OP.BINARY)
			throw new WsError(1003, 'autopush speaks text frames');
		if ((opcode === OP.CONT) !== (this.parts !== null))
			throw new WsError(1002, 'fragments out of order');
		this.parts = this.parts || [];
		this.parts.push(payload);
		this.parts_len += payload.length;
		if (this.parts_len > FRAME_MAX)
			throw new WsError(1009, 'message too big');
		if (!fin)
			return;
		const whole = Buffer.concat(this.parts);
		this.parts = null;
		this.parts_len = 0;
		this.on_text(utf8(whole));
	}

	closed_by_peer(payload)
	{
		if (payload.length === 1)
			throw new WsError(1002, 'close frame with half a code');
		if (payload.length >= 2) {
			const code = payload.readUInt16BE(0);
			const known = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
			if (!known)
				throw new WsError(1002, 'close code that may not be sent');
			utf8(payload.subarray(2));
		}
		this.closing = true;
		this.sock.end(frame(OP.CLOSE, payload.subarray(0, 2)));
	}

	write(opcode, payload)
	{
		if (this.closing || this.sock.destroyed)
			return;
		this.sock.write(frame(opcode, payload));
		if (this.sock.writableLength > BUFFERED_MAX)
			this.sock.destroy();
	}

	send(value)
	{
		this.write(OP.TEXT, Buffer.from(JSON.stringify(value)));
	}

	close(code, reason)
	{
		if (this.closing)
			return;
		const body = Buffer.alloc(2 + Buffer.byteLength(reason));
		body.writeUInt16BE(code, 0);
		body.write(reason, 2);
		this.closing = true;
		this.sock.end(frame(OP.CLOSE, body));
	}
}

function seconds()
{
	return Math.floor(Date.now() / 1000);
}

function utf8(bytes)
{
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		throw new WsError(1007, 'text that is not UTF-8');
	}
}

/* ---- what a sender must get right ------------------------------------------------------------------------------- */

/* An answer as autopush gives it; `headers` may be left out. */
function refuse(code, errno, error, message, headers)
{
	return {
		status: code,
		headers: { 'content-type': 'application/json', ...headers },
		body: JSON.stringify({ code, errno, error, message, more_info: 'http://autopush.readthedocs.io/en/latest/http.html#error-codes' }),
	};
}

/* base64url without padding, nothing else; null when it is not. */
function b64url(s)
{
	if (typeof s !== 'string' || !/^[A-Za-z0-9_-]*$/.test(s) || s.length % 4 === 1)
		return null;
	const b = Buffer.from(s, 'base64url');
	return b.toString('base64url') === s ? b : null;
}

/* An uncompressed P-256 point as a key; null when it is not on the curve. */
function p256(raw)
{
	if (!raw || raw.length !== 65 || raw[0] !== 4)
		return null;
	try {
		return crypto.createPublicKey({
			format: 'jwk',
			key: { kty: 'EC', crv: 'P-256', x: raw.subarray(1, 33).toString('base64url'), y: raw.subarray(33).toString('base64url') },
		});
	} catch {
		return null;
	}
}

/* RFC 8292. Answers null when the header proves the channel's key, else why not. */
function vapid_fault(header, channel_key, origin, now)
{
	const m = /^vapid\s+(.*)$/i.exec(header || '');
	if (!m)
		return 'Missing or unknown authorization scheme';
	const given = {};
	for (const part of m[1].split(',')) {
		const kv = /^\s*([tk])=([A-Za-z0-9_.-]+)\s*$/.exec(part);
		if (!kv || kv[1] in given)
			return 'Malformed authorization header';
		given[kv[1]] = kv[2];
	}
	const raw = b64url(given.k);
	const key = p256(raw);
	const parts = (given.t || '').split('.');
	if (!key || parts.length !== 3)
		return 'Missing or malformed VAPID token or key';
	if (channel_key && !raw.equals(channel_key))
		return 'Key mismatch: the subscription was made with another VAPID key';
	const [head, claims] = parts.slice(0, 2).map((p) => {
		try {
			return JSON.parse(b64url(p).toString('utf8'));
		} catch {
			return null;
		}
	});
	const sig = b64url(parts[2]);
	if (!head || head.alg !== 'ES256' || !claims || typeof claims !== 'object' || !sig || sig.length !== 64)
		return 'Malformed VAPID token';
	if (!crypto.verify('sha256', Buffer.from(`${parts[0]}.${parts[1]}`), { key, dsaEncoding: 'ieee-p1363' }, sig))
		return 'Bad signature';
	if (claims.aud !== origin)
		return `Invalid aud: expected ${origin}`;
	if (!Number.isInteger(claims.exp) || claims.exp < now)
		return 'Expired or missing exp';
	if (claims.exp > now + 24 * 3600)
		return 'exp is more than 24 hours away';
	if (typeof claims.sub !== 'string' || !/^(mailto:[^@\s]+@[^@\s]+|https:\/\/\S+)$/.test(claims.sub))
		return 'Invalid sub';
	return null;
}

/* RFC 8188 section 2.1 and RFC 8291 section 4: what can be judged without the key. Null when the body is well formed. */
function body_fault(body)
{
	if (body.length < 86 + 17)
		return 'Body shorter than its header and one byte of tag and delimiter';
	const rs = body.readUInt32BE(16);
	if (body[20] !== 65 || !p256(body.subarray(21, 86)))
		return 'keyid is not an uncompressed P-256 point';
	if (rs < 18 || body.length - 86 >= rs)	/* RFC 8291: rs is greater than the one record */
		return 'Not one record: rs must be greater than it';
	return null;
}

/* ---- the service -------------------------------------------------------------------------------------------------- */

class Autopush {
	constructor(push_origin)
	{
		this.origin = push_origin;
		this.browsers = new Map();	/* uaid -> {uaid, socket or null, channels: Set, seen} */
		this.channels = new Map();	/* channelID -> {id, browser, key: Buffer or null, stored: Map(version -> message)} */
		this.dead = new Set();		/* unregistered ids: 410 for ever, as autopush does until it forgets */
		this.sockets = new Set();
		this.acks = [];			/* the last 1,000 {channelID, version, code}, for a test's own process */
	}

	/* -- the browser's side -- */

	accept(sock)
	{
		const state = { browser: null };
		const ws = new Socket(sock, (text) => this.message(ws, state, text), () => {
			this.sockets.delete(ws);
			if (state.browser && state.browser.socket === ws)
				state.browser.socket = null;
		});
		this.sockets.add(ws);
		return ws;
	}

	message(ws, state, text)
	{
		let m;
		try {
			m = JSON.parse(text);
		} catch {
			throw new WsError(4000, 'not JSON');
		}
		if (m === null || typeof m !== 'object' || Array.isArray(m))
			throw new WsError(4000, 'not an object');
		const kind = m.messageType;
		if (kind === undefined && Object.keys(m).length === 0) {
			ws.write(OP.TEXT, Buffer.from('{}'));
			return;
		}
		if ((kind === 'hello') !== (state.browser === null))
			throw new WsError(4000, kind === 'hello' ? 'hello twice' : 'hello comes first');
		switch (kind) {
		case 'hello': return this.hello(ws, state, m);
		case 'register': return this.register(ws, state.browser, m);
		case 'unregister': return this.unregister(ws, state.browser, m);
		case 'ack': return this.ack(state.browser, m);
		case 'nack': return undefined;		/* the worker threw: the browser keeps the message, so do not send it again */
		case 'ping': return ws.send({ messageType: 'ping' });
		case 'broadcast_subscribe': return undefined;	/* remote settings; this server has none to announce */
		default: throw new WsError(4000, 'unknown messageType');
		}
	}

	hello(ws, state, m)
	{
		if (m.use_webpush !== true)
			throw new WsError(4000, 'use_webpush is required');
		if (m.uaid !== undefined && typeof m.uaid !== 'string')
			throw new WsError(4000, 'uaid is not a string');
		let browser = m.uaid ? this.browsers.get(m.uaid) : undefined;
		if (!browser) {
			browser = { uaid: crypto.randomBytes(16).toString('hex'), socket: null, channels: new Set() };
			this.browsers.set(browser.uaid, browser);
			this.forget_old_browsers();
		}
		if (browser.socket)
			browser.socket.close(4774, 'connected elsewhere');	/* 4774: Firefox does not reconnect at once */
		browser.socket = ws;
		state.browser = browser;
		ws.send({ messageType: 'hello', uaid: browser.uaid, status: 200, use_webpush: true, broadcasts: {} });
		for (const id of browser.channels)
			this.flush(this.channels.get(id));
	}

	/* Browsers say hello under a new name each time until they subscribe: drop names that own nothing and are away. */
	forget_old_browsers()
	{
		for (const [uaid, b] of this.browsers) {
			if (this.browsers.size <= BROWSERS_MAX)
				return;
			if (b.socket || (b.channels.size && this.browsers.size <= 2 * BROWSERS_MAX))
				continue;
			for (const id of b.channels)
				this.channels.delete(id);
			this.browsers.delete(uaid);
		}
	}

	register(ws, browser, m)
	{
		const answer = (status, more) => ws.send({ messageType: 'register', channelID: m.channelID, status, ...more });
		let key = null;

		if (typeof m.channelID !== 'string' || !UUID.test(m.channelID))
			return answer(400);
		const id = m.channelID.toLowerCase();
		if (m.key !== undefined) {
			key = typeof m.key === 'string' ? b64url(m.key.replace(/=+$/, '')) : null;
			if (!p256(key))
				return answer(400);
		}
		const known = this.channels.get(id);
		if (this.dead.has(id) || (known && known.browser !== browser))
			return answer(409);
		if (!known && browser.channels.size >= CHANNELS_MAX)
			return answer(500);
		if (!known) {
			this.channels.set(id, { id, browser, key, stored: new Map() });
			browser.channels.add(id);
		}
		return answer(200, { pushEndpoint: `${this.origin}/autopush/${id}` });
	}

	unregister(ws, browser, m)
	{
		const id = typeof m.channelID === 'string' ? m.channelID.toLowerCase() : '';
		if (browser.channels.delete(id)) {
			this.channels.delete(id);
			this.dead.add(id);
			if (this.dead.size > 10000)
				this.dead.delete(this.dead.values().next().value);
		}
		ws.send({ messageType: 'unregister', channelID: m.channelID, status: 200 });
	}

	ack(browser, m)
	{
		if (!Array.isArray(m.updates))
			throw new WsError(4000, 'ack without updates');
		for (const u of m.updates) {
			const ch = u && typeof u.channelID === 'string' ? this.channels.get(u.channelID.toLowerCase()) : undefined;
			if (!ch || ch.browser !== browser)
				continue;
			ch.stored.delete(u.version);
			this.acks.push({ channelID: ch.id, version: u.version, code: u.code });
			if (this.acks.length > 1000)
				this.acks.shift();
		}
	}

	/* -- the sender's side -- */

	/*
	 * Judges and takes one message. `headers` has lower-case names, `body` is a Buffer. Returns {status, headers, body}: 201 when
	 * taken (sent, or kept for TTL seconds while the browser is away), else autopush's refusal.
	 */
	deliver(channel_id, headers, body)
	{
		const id = String(channel_id).toLowerCase();
		const ch = this.channels.get(id);
		const now = seconds();

		if (!UUID.test(id))
			return refuse(404, 102, 'Not Found', 'Invalid endpoint');
		if (!ch)
			return refuse(410, 106, 'Gone', 'No such subscription', { 'cache-control': 'max-age=86400' });
		if (headers.ttl === undefined)
			return refuse(400, 111, 'Bad Request', 'Missing TTL header');
		if (!/^\d{1,10}$/.test(headers.ttl))
			return refuse(400, /^-/.test(headers.ttl) ? 114 : 112, 'Bad Request', 'Invalid TTL');
		if (headers.topic !== undefined && !/^[A-Za-z0-9_-]{1,32}$/.test(headers.topic))
			return refuse(400, 113, 'Bad Request', 'Invalid Topic');
		if (headers.urgency !== undefined && !/^(very-low|low|normal|high)$/.test(headers.urgency))
			return refuse(400, 111, 'Bad Request', 'Invalid Urgency');
		/* A subscription without a key takes unsigned messages; a signature that is there must hold all the same. */
		if (ch.key || headers.authorization !== undefined) {
			const fault = vapid_fault(headers.authorization, ch.key, this.origin, now);
			if (fault)
				return refuse(401, 109, 'Unauthorized', fault, { 'www-authenticate': 'vapid' });
		}
		if (body.length > BODY_MAX)
			return refuse(413, 104, 'Payload Too Large', `This message is intended for a constrained device and is limited to ${BODY_MAX} bytes`);
		if (body.length) {
			if (headers['content-encoding'] !== 'aes128gcm')
				return refuse(400, 110, 'Bad Request', 'Unknown Content-Encoding');
			if (headers.encryption !== undefined || /(^|[;,]\s*)dh=/.test(headers['crypto-key'] || ''))
				return refuse(400, 110, 'Bad Request', 'Encryption or Crypto-Key dh beside aes128gcm');
			const fault = body_fault(body);
			if (fault)
				return refuse(400, 110, 'Bad Request', fault);
		}

		const ttl = Math.min(Number(headers.ttl), TTL_MAX);
		const version = crypto.randomBytes(16).toString('base64url');
		const message = { version, topic: headers.topic, expires: now + ttl, sent: null, data: body.length ? body.toString('base64url') : undefined };	/* sent: the socket that has it */
		if (message.topic !== undefined) {
			for (const [v, old] of ch.stored)
				if (old.topic === message.topic)
					ch.stored.delete(v);	/* RFC 8030 section 5.4 */
		}
		if (ttl > 0 || ch.browser.socket)
			ch.stored.set(version, message);	/* until its ack: a dropped connection must not lose it */
		if (ch.stored.size > STORED_MAX)
			ch.stored.delete(ch.stored.keys().next().value);
		this.flush(ch, now);
		return { status: 201, headers: { location: `${this.origin}/m/${version}`, ttl: String(ttl) }, body: '' };
	}

	/* Sends what this connection has not had yet, and drops what has expired. */
	flush(ch, now = seconds())
	{
		const ws = ch.browser.socket;

		for (const [v, m] of ch.stored) {
			if (m.expires < now) {
				ch.stored.delete(v);
			} else if (ws && m.sent !== ws) {
				m.sent = ws;
				ws.send({ messageType: 'notification', channelID: ch.id, version: v, data: m.data, headers: m.data && { encoding: 'aes128gcm' } });
			}
		}
	}
}

/* RFC 6455 section 4.2. Returns null when the request is a fair opening, else the status to refuse it with. */
function handshake_fault(req)
{
	const has = (name, word) => (req.headers[name] || '').toLowerCase().split(',').some((s) => s.trim() === word);
	const key = req.headers['sec-websocket-key'] || '';

	if (req.method !== 'GET' || !has('upgrade', 'websocket') || !has('connection', 'upgrade'))
		return 400;
	if (req.headers['sec-websocket-version'] !== '13')
		return 426;
	if (!/^[A-Za-z0-9+/]{22}==$/.test(key) || Buffer.from(key, 'base64').length !== 16)
		return 400;
	if (!has('sec-websocket-protocol', SUBPROTOCOL))
		return 400;
	/* A page in any browser on this machine could open this socket: browsers name their page, Firefox's push client names the server itself. */
	if (/^https?:/i.test(req.headers.origin || '') && !req.headers.origin.endsWith(`//${req.headers.host}`))
		return 403;
	return null;
}

/*
 * Starts on 127.0.0.1; port 0 is any free one. `pushOrigin` is scheme://host[:port] of the HTTPS endpoint, and the audience
 * that VAPID tokens must name. Rejects when the port is taken.
 */
async function start({ port = 0, pushOrigin })
{
	if (new URL(pushOrigin).origin !== pushOrigin)
		throw new Error(`pushOrigin must be an origin, not ${pushOrigin}`);
	const ap = new Autopush(pushOrigin);
	const server = http.createServer((req, res) => {
		res.writeHead(426, { upgrade: 'websocket', 'content-type': 'text/plain' });
		res.end('autopush: a WebSocket is spoken here\n');
	});

	server.on('upgrade', (req, sock, head) => {
		const fault = handshake_fault(req);
		if (fault) {
			sock.end(`HTTP/1.1 ${fault} ${http.STATUS_CODES[fault]}\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
			return;
		}
		const accept = crypto.createHash('sha1').update(req.headers['sec-websocket-key'] + WS_GUID).digest('base64');
		sock.setTimeout(0);
		sock.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
			+ `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`);
		const ws = ap.accept(sock);
		if (head.length)
			ws.feed(head);
	});
	await new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	return {
		port: server.address().port,
		acks: ap.acks,
		deliver: (channelId, headers, body) => ap.deliver(channelId, headers, body),
		close: () => new Promise((resolve) => {
			server.close(() => resolve());
			for (const ws of ap.sockets)
				ws.close(1001, 'shutting down');
			/* A peer that does not answer the close would keep the process alive. */
			setTimeout(() => ap.sockets.forEach((ws) => ws.sock.destroy()), 1000).unref();
		}),
	};
}

module.exports = { start };
