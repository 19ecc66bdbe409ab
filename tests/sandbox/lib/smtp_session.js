'use strict';
/*
 * One SMTP connection, strict: RFC 5321, 3207, 4954, 1870, 6152.
 *
 * Lines end in CRLF and nothing else. TLS before AUTH before MAIL. What came
 * in the clear behind STARTTLS is thrown away with the connection. A command
 * waits (`busy`) while a failure switch holds its answer back, so pipelined
 * input keeps its order.
 */
const { whenDue } = require('./faults');
const { Auth } = require('./smtp_auth');
const { resetSocket } = require('./tlsfront');
const { scripted } = require('./smtp_script');

const LINE_MAX = 512;
const AUTH_LINE_MAX = 12288; /* RFC 4954 section 4 */
const ERRORS_MAX = 10;
const RCPT_MAX = 100;
const DOMAIN = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63})*|\[[0-9A-Fa-f.:]+\]|\[IPv6:[0-9A-Fa-f.:]+\])$/;
const PATH = /^<((?:[^\s<>@"]+|"(?:[^"\\\r\n]|\\.)*")@(?:[A-Za-z0-9\u0080-\uffff-]+(?:\.[A-Za-z0-9\u0080-\uffff-]+)*|\[[^\]\s]+\]))?>((?: .*)?)$/;

class Session {
	constructor(server, raw, socket, secure) {
		Object.assign(this, { server, raw, socket, secure });
		this.settings = server.settings;
		this.buf = Buffer.alloc(0);
		this.busy = false;
		this.closed = false;
		this.helo = null;
		this.user = null;
		this.auth = null;
		this.mode = 'command';
		this.errors = 0;
		this.mail = null;
		this.attach(socket);
	}

	attach(socket) {
		this.socket = socket;
		socket.on('data', (c) => this.onData(c));
		socket.on('error', () => socket.destroy());
		socket.setTimeout(this.settings.idle_ms, () => {
			if (!this.closed && !this.busy)
				this.finish(421, '4.4.2', 'Idle for too long');
		});
	}

	greet() {
		const limit = this.settings.max_connections;

		this.stage('greeting', null, () => {
			if (limit && this.server.sessions.size > limit) {
				this.finish(432, '4.3.2', 'Concurrent connections ' +
				    'limit exceeded. Visit https://aka.ms/concurrent_sending');
				return;
			}
			this.reply(220, null, `${this.settings.name} ESMTP sandbox`);
		});
	}

	reply(code, enhanced, text) {
		if (code >= 400) {
			this.server.counter.refuse(code);
			this.server.refusals.add('smtp', code,
			    `${enhanced || ''} ${text}`.trim(),
			    this.mail && this.mail.to.join(', '));
		}
		this.write(`${code} ${enhanced ? enhanced + ' ' : ''}${text}\r\n`);
	}

	write(text) {
		if (!this.socket.destroyed && this.socket.writable)
			this.socket.write(text);
	}

	finish(code, enhanced, text) {
		this.reply(code, enhanced, text);
		this.closed = true;
		this.endMail();
		this.socket.end();
	}

	/*
	 * Runs `go` unless a failure switch is set for this stage. `taken` is
	 * called first when the fault lets the provider keep the message.
	 */
	stage(name, to, go, taken) {
		const f = this.server.faults.take('smtp', { stage: name, to });

		if (!f) {
			go();
			return;
		}
		this.server.counter.faults++;
		this.busy = true;
		const later = (fn) => whenDue(f, () => {
			this.busy = false;
			fn();
			this.pump();
		});
		if (f.mode !== 'slow' && f.mode !== 'status' && f.store && taken)
			taken();
		switch (f.mode) {
		case 'slow':
			later(go);
			break;
		case 'status':
			later(() => this.refuseAs(f, name));
			break;
		case 'garbage':
			later(() => {
				this.write('<<< not SMTP >>>\r\n');
				this.closed = true;
				this.endMail();
				this.socket.end();
			});
			break;
		case 'reset':
			later(() => resetSocket(this.raw));
			break;
		case 'hang':
			break;
		}
	}

	refuseAs(f, name) {
		const enh = f.enhanced || `${String(f.status)[0]}.3.0`;
		const text = typeof f.body === 'string' ? f.body : 'by a switch';

		if (name === 'final' || name === 'data' || name === 'mail')
			this.endMail();
		/* RFC 5321 3.8: who says one of these closes. */
		if (f.status === 421 || f.status === 221 || name === 'greeting')
			this.finish(f.status, enh, text);
		else
			this.reply(f.status, enh, text);
	}

	onData(chunk) {
		if (this.closed)
			return;
		this.buf = this.buf.length ? Buffer.concat([this.buf, chunk]) :
		    chunk;
		this.pump();
	}

	pump() {
		while (!this.busy && !this.closed) {
			if (this.mode === 'data') {
				if (!this.server.readData(this))
					return;
				continue;
			}
			const max = this.mode === 'auth' || this.authLine() ?
			    AUTH_LINE_MAX : LINE_MAX;
			const at = this.buf.indexOf('\n');
			if (at < 0 && this.buf.length <= max)
				return;
			if (at < 0 || at + 1 > max) {
				this.finish(500, '5.5.2', 'Line too long');
				return;
			}
			const line = this.buf.subarray(0, at + 1);
			this.buf = this.buf.subarray(at + 1);
			this.line(line);
		}
	}

	authLine() {
		return this.buf.subarray(0, 5).toString('latin1')
		    .toUpperCase() === 'AUTH ';
	}

	line(bytes) {
		const text = bytes.toString('utf8');

		if (!text.endsWith('\r\n') || text.indexOf('\r') < text.length - 2) {
			this.bad(500, '5.5.2', 'A line ends in CRLF');
			return;
		}
		const line = text.slice(0, -2);
		if (this.mode === 'auth') {
			this.authenticated(this.auth.next(line));
			return;
		}
		const m = /^([A-Za-z]{4,8})(?: (.*))?$/.exec(line);
		const verb = m ? m[1].toUpperCase() : '';
		const rest = m && m[2] !== undefined ? m[2] : '';
		if (!Object.hasOwn(COMMANDS, verb)) {
			this.bad(500, '5.5.1', 'Unrecognized command');
			return;
		}
		COMMANDS[verb].call(this, rest);
	}

	bad(code, enhanced, text) {
		if (++this.errors >= ERRORS_MAX)
			this.finish(421, '4.7.0', 'Too many errors');
		else
			this.reply(code, enhanced, text);
	}

	ehlo(name, extended) {
		if (!DOMAIN.test(name)) {
			this.bad(501, '5.5.4', 'EHLO wants a domain or address');
			return;
		}
		this.stage('ehlo', null, () => {
			this.endMail();
			this.helo = name;
			if (!extended) {
				this.reply(250, null, this.settings.name);
				return;
			}
			const list = [`${this.settings.name} at your service`,
				`SIZE ${this.settings.size}`, '8BITMIME',
				'ENHANCEDSTATUSCODES', 'PIPELINING', 'SMTPUTF8'];
			if (!this.secure)
				list.push('STARTTLS');
			else if (!this.user)
				list.push(`AUTH ${this.settings.mechanisms.join(' ')}`);
			this.write(list.map((l, i) =>
			    `250${i < list.length - 1 ? '-' : ' '}${l}\r\n`).join(''));
		});
	}

	starttls(rest) {
		if (this.secure || rest !== '') {
			this.bad(this.secure ? 503 : 501, '5.5.1',
			    this.secure ? 'TLS is on' : 'No parameters');
			return;
		}
		if (this.buf.length) {
			/* Commands in the clear after STARTTLS: injected. */
			this.finish(421, '4.7.0', 'Input behind STARTTLS');
			return;
		}
		this.stage('starttls', null, () => {
			this.reply(220, '2.0.0', 'Ready to start TLS');
			this.busy = true;
			this.raw.removeAllListeners('data');
			this.raw.setTimeout(0);
			this.raw.removeAllListeners('timeout');
			this.server.front.upgrade(this.raw, (sock) => {
				this.secure = true;
				this.busy = false;
				this.helo = null;
				this.buf = Buffer.alloc(0);
				this.endMail();
				this.attach(sock);
			});
		});
	}

	authCommand(rest) {
		const [mech, initial, more] = rest.split(' ');
		const name = mech.toUpperCase();

		if (!this.secure)
			this.bad(530, '5.7.0', 'Must issue a STARTTLS command first');
		else if (!this.helo)
			this.bad(503, '5.5.1', 'EHLO first');
		else if (this.user || this.mail)
			this.bad(503, '5.5.1', 'Not now');
		else if (more !== undefined || mech === '')
			this.bad(501, '5.5.4', 'AUTH mechanism [response]');
		else if (!this.settings.mechanisms.includes(name))
			this.bad(504, '5.5.4', 'Unrecognized authentication type');
		else
			this.stage('auth', null, () => {
				this.auth = new Auth(this.settings);
				this.authenticated(this.auth.start(name, initial));
			});
	}

	authenticated(r) {
		this.mode = 'command';
		if (r.ask !== undefined) {
			this.mode = 'auth';
			this.write(`334 ${r.ask}\r\n`);
		} else if (r.ok !== undefined) {
			this.user = r.ok;
			this.reply(235, '2.7.0', 'Accepted');
		} else {
			this.bad(r.code, r.enhanced, r.text);
		}
	}

	mailFrom(rest) {
		const m = /^FROM:(.*)$/i.exec(rest);
		const p = m ? PATH.exec(m[1]) : null;

		if (!this.secure)
			return this.bad(530, '5.7.0', 'Must issue a STARTTLS command first');
		if (!this.helo)
			return this.bad(503, '5.5.1', 'EHLO first');
		if (!this.user)
			return this.bad(530, '5.7.0', 'Authentication Required');
		if (this.mail)
			return this.bad(503, '5.5.1', 'Nested MAIL command');
		if (!p)
			return this.bad(501, '5.1.7', 'MAIL FROM:<address>');
		const params = readParams(p[2], ['SIZE', 'BODY', 'SMTPUTF8', 'AUTH']);
		if (!params)
			return this.bad(555, '5.5.4', 'Unsupported parameter');
		const from = p[1] || '';
		if (params.SIZE !== undefined && (!/^\d{1,20}$/.test(params.SIZE)))
			return this.bad(501, '5.5.4', 'SIZE is a number');
		if (Number(params.SIZE || 0) > this.settings.size)
			return this.reply(552, '5.3.4', 'Message too big');
		if (params.BODY !== undefined &&
		    !/^(7BIT|8BITMIME)$/i.test(params.BODY))
			return this.bad(501, '5.5.4', 'BODY is 7BIT or 8BITMIME');
		if (/[^\x20-\x7e]/.test(from) && params.SMTPUTF8 === undefined)
			return this.bad(553, '5.6.7', 'SMTPUTF8 is not asked for');
		this.stage('mail', null, () => {
			const s = scripted(from, 'mail');
			if (s)
				return this.reply(s.code, s.enhanced, 'scripted');
			this.beginMail(from, params);
			return this.reply(250, '2.1.0', 'OK');
		});
		return undefined;
	}

	rcptTo(rest) {
		const m = /^TO:(.*)$/i.exec(rest);
		const p = m ? PATH.exec(m[1]) : null;

		if (!this.mail)
			return this.bad(503, '5.5.1', 'MAIL first');
		if (!p || !p[1])
			return this.bad(501, '5.1.3', 'RCPT TO:<address>');
		if (!readParams(p[2], []))
			return this.bad(555, '5.5.4', 'Unsupported parameter');
		if (/[^\x20-\x7e]/.test(p[1]) && !this.mail.utf8)
			return this.bad(553, '5.6.7', 'SMTPUTF8 is not asked for');
		if (this.mail.to.length >= RCPT_MAX)
			return this.reply(452, '4.5.3', 'Too many recipients');
		this.stage('rcpt', p[1], () => {
			const s = scripted(p[1], 'rcpt');
			if (s) {
				this.reply(s.code, s.enhanced,
				    `${p[1]}: scripted`);
				if (s.code === 421)
					this.socket.end();
				return;
			}
			this.mail.to.push(p[1]);
			this.reply(250, '2.1.5', 'OK');
		});
		return undefined;
	}

	data(rest) {
		if (!this.mail || this.mail.to.length === 0)
			return this.bad(503, '5.5.1', 'RCPT first');
		if (rest !== '')
			return this.bad(501, '5.5.4', 'No parameters');
		this.stage('data', this.mail.to, () => {
			const s = this.mail.to.map((a) => scripted(a, 'data'))
			    .find(Boolean);
			if (s) {
				this.endMail();
				this.reply(s.code, s.enhanced, 'scripted');
				return;
			}
			this.mode = 'data';
			this.scanned = 0;
			this.write('354 Go ahead\r\n');
		});
		return undefined;
	}

	beginMail(from, params) {
		this.server.counter.begin();
		this.mail = { from, to: [], utf8: params.SMTPUTF8 !== undefined,
			eightBit: /^8BITMIME$/i.test(params.BODY || '') };
	}

	endMail() {
		if (this.mail)
			this.server.counter.end();
		this.mail = null;
	}
}

/* Parameters after a path; null when one is not in `known`. */
function readParams(text, known) {
	const out = {};

	for (const piece of text.split(' ').filter(Boolean)) {
		const eq = piece.indexOf('=');
		const name = (eq < 0 ? piece : piece.slice(0, eq)).toUpperCase();
		if (!known.includes(name) || name in out)
			return null;
		out[name] = eq < 0 ? '' : piece.slice(eq + 1);
	}
	return out;
}

const COMMANDS = {
	EHLO(rest) { this.ehlo(rest, true); },
	HELO(rest) { this.ehlo(rest, false); },
	STARTTLS(rest) { this.starttls(rest); },
	AUTH(rest) { this.authCommand(rest); },
	MAIL(rest) { this.mailFrom(rest); },
	RCPT(rest) { this.rcptTo(rest); },
	DATA(rest) { this.data(rest); },
	RSET() {
		this.endMail();
		this.reply(250, '2.0.0', 'Flushed');
	},
	NOOP() { this.reply(250, '2.0.0', 'OK'); },
	VRFY() { this.reply(252, '2.5.0', 'Send and see'); },
	HELP() { this.reply(214, '2.0.0', 'RFC 5321'); },
	QUIT() {
		this.reply(221, '2.0.0', 'Bye');
		this.closed = true;
		this.endMail();
		this.socket.end();
	},
};

module.exports = { Session };
