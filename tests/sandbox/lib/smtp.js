'use strict';
/*
 * The mail submission server: a port with STARTTLS and one with implicit TLS.
 * Takes a message only if it is well formed to the letter; keeps one row a
 * recipient.
 */
const net = require('node:net');
const { TlsFront, listen, resetSocket } = require('./tlsfront');
const { Counter } = require('./faults');
const { MECHANISMS } = require('./smtp_auth');
const { Session } = require('./smtp_session');
const { parseMessage } = require('./mime');
const { scripted, afterDot } = require('./smtp_script');

const LINE_MAX = 998;
const RAW_KEPT = 64 * 1024;
const SEEN_MAX = 50000;

const DEFAULTS = {
	name: 'smtp.sandbox.test', user: 'sandbox',
	password: 'sandbox-smtp-password', token: 'sandbox-smtp-token',
	mechanisms: MECHANISMS, size: 35882577, idle_ms: 300000,
	max_connections: 0,
};

class Smtp {
	constructor({ messages, faults, refusals, key, cert }) {
		Object.assign(this, { messages, faults, refusals });
		this.settings = structuredClone(DEFAULTS);
		this.counter = new Counter();
		this.sessions = new Set();
		this.seen = new Map();
		this.front = new TlsFront({ key, cert, alpn: undefined,
			onSecure: (sock, raw) => this.begin(raw, sock, true) });
		this.plain = net.createServer({ noDelay: true },
		    (raw) => this.begin(raw, raw, false));
	}

	async listen(port, securePort) {
		return { smtp: await listen(this.plain, port),
			smtps: await this.front.listen(securePort) };
	}

	close() {
		this.plain.close();
		this.front.close();
		for (const s of this.sessions)
			s.raw.destroy();
	}

	set(values) {
		for (const [k, v] of Object.entries(values)) {
			const d = DEFAULTS[k];
			if (d === undefined || typeof v !== typeof d ||
			    Array.isArray(v) !== Array.isArray(d) ||
			    (k === 'mechanisms' &&
			    !v.every((m) => MECHANISMS.includes(m))))
				throw new TypeError(`no such setting: ${k}`);
		}
		Object.assign(this.settings, values);
		return this.settings;
	}

	begin(raw, sock, secure) {
		const s = new Session(this, raw, sock, secure);

		this.sessions.add(s);
		this.counter.connected();
		raw.once('close', () => {
			this.sessions.delete(s);
			this.counter.disconnected();
			s.closed = true;
			s.endMail();
		});
		s.greet();
	}

	/* Reads on in DATA; true when the final dot came and was answered. */
	readData(s) {
		const first = s.buf.subarray(0, 3).equals(Buffer.from('.\r\n'));
		const at = first ? 0 :
		    s.buf.indexOf('\r\n.\r\n', Math.max(0, s.scanned - 4));

		if (at < 0) {
			s.scanned = s.buf.length;
			if (s.buf.length > s.settings.size + (1 << 20))
				s.finish(552, '5.3.4', 'Message too big');
			return false;
		}
		const wire = first ? Buffer.alloc(0) : s.buf.subarray(0, at + 2);
		s.buf = s.buf.subarray(at + (first ? 3 : 5));
		s.mode = 'command';
		this.final(s, wire);
		return true;
	}

	final(s, wire) {
		const { mail } = s;
		const raw = unstuff(wire);
		const read = raw.length > s.settings.size ? null :
		    parseMessage(raw, { utf8: mail.utf8 });
		const wrong = read ? this.problems(mail, wire, raw, read) : null;
		const id = Math.random().toString(36).slice(2, 10).toUpperCase();
		let kept = false;
		const keep = () => {
			if (!kept && read && wrong.length === 0)
				this.keep(mail, raw, read, id);
			kept = true;
		};

		s.stage('final', mail.to, () => {
			const script = mail.to.map((a) => scripted(a, 'final'))
			    .find(Boolean);
			const after = mail.to.map(afterDot).find(Boolean);

			if (!read) {
				s.reply(552, '5.3.4', 'Message too big');
			} else if (wrong.length) {
				s.reply(554, '5.6.0', wrong.join('; ').slice(0, 400));
			} else if (script) {
				s.reply(script.code, script.enhanced, 'scripted');
			} else {
				keep();
				if (after === 'hang') {
					s.busy = true;
					return;
				}
				if (after === 'drop') {
					resetSocket(s.raw);
					return;
				}
				this.counter.accepted++;
				s.reply(250, '2.0.0', `OK queued as ${id}`);
			}
			s.endMail();
		}, keep);
	}

	problems(mail, wire, raw, read) {
		const out = [...read.problems];
		const text = wire.toString('latin1');

		if (/(^|[^\r])\n/.test(text))
			out.push('a bare LF');
		if (/\r(?!\n)/.test(text))
			out.push('a bare CR');
		if (text.includes('\0'))
			out.push('a NUL');
		for (const line of raw.toString('latin1').split('\r\n'))
			if (line.length > LINE_MAX) {
				out.push(`a line of ${line.length} bytes, over 998`);
				break;
			}
		if (text.split('\r\n').some((l) => l[0] === '.' && l[1] !== '.'))
			out.push('a leading dot that is not doubled');
		if (!mail.eightBit && !mail.utf8 && raw.some((b) => b > 0x7f))
			out.push('8-bit bytes without BODY=8BITMIME');
		return out;
	}

	keep(mail, raw, read, id) {
		for (const to of mail.to) {
			const key = `${read.messageId} ${to}`;
			const row = this.messages.add({ channel: 'email', to,
				provider: 'smtp', provider_id: id,
				subject: read.subject, text: read.text,
				html: read.html, headers: read.headers,
				attachments: read.attachments,
				envelope: { from: mail.from, to: mail.to },
				raw: raw.subarray(0, RAW_KEPT).toString('latin1'),
				duplicate_of: this.seen.get(key) || null });
			if (!this.seen.has(key))
				this.seen.set(key, row.id);
			if (this.seen.size > SEEN_MAX)
				this.seen.delete(this.seen.keys().next().value);
		}
	}
}

/* Takes the doubled dots away (RFC 5321 section 4.5.2). */
function unstuff(wire) {
	const text = wire.toString('latin1');

	return Buffer.from(text.replace(/(^|\r\n)\.\./g, '$1.'), 'latin1');
}

module.exports = { Smtp };
