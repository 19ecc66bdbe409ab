'use strict';
/*
 * For the sandbox's own tests: a throw-away CA, a running sandbox, and small
 * raw clients that say exactly what goes over the wire.
 */
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');

const SANDBOX = path.join(__dirname, '..', 'sandbox.js');
const START_MS = 10000;

/* Writes ca.crt, tls.crt and tls.key into `dir`. */
function makeCa(dir) {
	const at = (f) => path.join(dir, f);
	const run = (...args) => execFileSync('openssl', args,
	    { stdio: ['ignore', 'ignore', 'pipe'] });
	const key = (f) => run('genpkey', '-algorithm', 'EC', '-pkeyopt',
	    'ec_paramgen_curve:P-256', '-out', at(f));

	key('ca.key');
	run('req', '-x509', '-new', '-key', at('ca.key'), '-subj', '/CN=Test CA',
	    '-days', '2', '-addext', 'basicConstraints=critical,CA:TRUE',
	    '-addext', 'keyUsage=critical,keyCertSign', '-out', at('ca.crt'));
	key('tls.key');
	run('req', '-new', '-key', at('tls.key'), '-subj', '/CN=localhost',
	    '-out', at('tls.csr'));
	fs.writeFileSync(at('ext'),
	    'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
	run('x509', '-req', '-in', at('tls.csr'), '-CA', at('ca.crt'), '-CAkey',
	    at('ca.key'), '-set_serial', '1', '-days', '2', '-extfile',
	    at('ext'), '-out', at('tls.crt'));
}

async function waitFor(what, ms, test) {
	const end = Date.now() + ms;

	for (;;) {
		const v = await test();
		if (v)
			return v;
		if (Date.now() > end)
			throw new Error(`${what}: not within ${ms} ms`);
		await new Promise((r) => setTimeout(r, 20));
	}
}

class Running {
	constructor(dir, child, ports) {
		this.dir = dir;
		this.child = child;
		this.ports = ports;
		this.ca = fs.readFileSync(path.join(dir, 'ca.crt'));
		this.url = `http://127.0.0.1:${ports.http}`;
	}

	/* The control API: the parsed JSON answer; throws on an error status. */
	async api(method, where, body) {
		const r = await this.raw(method, where, body);
		if (r.status >= 300)
			throw new Error(`${method} ${where}: ${r.status} ${r.text}`);
		return JSON.parse(r.text);
	}

	raw(method, where, body, headers = {}) {
		return request(http, this.url + where, { method, headers },
		    body === undefined ? undefined : JSON.stringify(body));
	}

	/* The emulators, over TLS. */
	https(service, where, options, body) {
		return request(https,
		    `https://localhost:${this.ports[service]}${where}`,
		    { ca: this.ca, agent: false, ...options }, body);
	}

	/* Everything back to how it began. */
	async reset() {
		await this.api('DELETE', '/faults');
		await this.api('DELETE', '/messages');
		await this.api('DELETE', '/counts');
	}

	async stop() {
		const gone = new Promise((resolve) => {
			if (this.child.exitCode !== null)
				return resolve(this.child.exitCode);
			this.child.once('exit', resolve);
		});
		this.child.kill('SIGTERM');
		const code = await gone;
		if (!this.keepDir)
			fs.rmSync(this.dir, { recursive: true, force: true });
		return code;
	}
}

async function startSandbox(args = [], dir = null) {
	if (!dir) {
		dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sandbox-'));
		makeCa(dir);
	}
	const at = (f) => path.join(dir, f);
	fs.rmSync(at('ready'), { force: true });
	const child = spawn(process.execPath, [SANDBOX, '--tls-cert',
		at('tls.crt'), '--tls-key', at('tls.key'), '--ca', at('ca.crt'),
		'--ready-file', at('ready'), ...args],
	    { stdio: ['ignore', 'ignore', 'inherit'] });
	await waitFor('the sandbox', START_MS, () => {
		if (child.exitCode !== null)
			throw new Error(`the sandbox ended with ${child.exitCode}`);
		return fs.existsSync(at('ready'));
	});
	return new Running(dir, child,
	    JSON.parse(fs.readFileSync(at('ready'), 'utf8')));
}

function request(lib, url, options, body) {
	return new Promise((resolve, reject) => {
		const req = lib.request(url, { timeout: 15000, ...options },
		    (res) => {
			const chunks = [];
			res.on('data', (c) => chunks.push(c));
			res.on('error', reject);
			res.on('end', () => resolve({ status: res.statusCode,
				headers: res.headers,
				text: Buffer.concat(chunks).toString('utf8') }));
		});
		req.on('timeout', () => req.destroy(new Error('no answer')));
		req.on('error', reject);
		req.end(body);
	});
}

/* A raw SMTP client: whole replies in, exact bytes out. */
class SmtpClient {
	constructor(socket) {
		this.take(socket);
		this.text = '';
		this.waiting = [];
		this.ended = null;
	}

	take(socket) {
		this.socket = socket;
		socket.on('data', (c) => {
			this.text += c.toString('latin1');
			this.pump();
		});
		socket.on('error', (err) => {
			this.ended = this.ended || err.code;
		});
		socket.on('close', () => {
			if (this.socket !== socket)
				return;
			this.ended = this.ended || 'closed';
			this.pump();
		});
	}

	static plain(port) {
		return new SmtpClient(net.connect(port, '127.0.0.1'));
	}

	static tls(port, ca) {
		return new SmtpClient(tls.connect({ port, host: '127.0.0.1',
			servername: 'localhost', ca }));
	}

	pump() {
		while (this.waiting.length) {
			const m = /^(?:\d{3}-[^\r\n]*\r\n)*[^\r\n]*\r\n/.exec(this.text);
			const whole = m && !/^\d{3}-/.test(m[0].split('\r\n')
			    .slice(-2)[0]);
			if (!whole && !this.ended)
				return;
			const next = this.waiting.shift();
			clearTimeout(next.timer);
			if (whole) {
				this.text = this.text.slice(m[0].length);
				next.resolve(m[0].replace(/\r\n$/, ''));
			} else {
				next.reject(new Error(this.ended));
			}
		}
	}

	reply(ms = 10000) {
		return new Promise((resolve, reject) => {
			const w = { resolve, reject };
			w.timer = setTimeout(() => {
				this.waiting = this.waiting.filter((x) => x !== w);
				reject(new Error('no reply'));
			}, ms);
			this.waiting.push(w);
			this.pump();
		});
	}

	send(text) {
		this.socket.write(text, 'latin1');
	}

	cmd(line, ms) {
		this.send(line + '\r\n');
		return this.reply(ms);
	}

	async starttls(ca) {
		const r = await this.cmd('STARTTLS');
		if (!r.startsWith('220'))
			throw new Error(r);
		const old = this.socket;
		old.removeAllListeners('data');
		const next = tls.connect({ socket: old, servername: 'localhost',
			ca });
		await new Promise((ok, no) => {
			next.once('secureConnect', ok);
			next.once('error', no);
		});
		this.take(next);
	}

	/* Greeting, EHLO and AUTH on an implicit TLS connection. */
	async login() {
		const plain = Buffer.from('\0sandbox\0sandbox-smtp-password')
		    .toString('base64');
		await this.reply();
		await this.cmd('EHLO test.example');
		return this.cmd(`AUTH PLAIN ${plain}`);
	}

	close() {
		this.socket.destroy();
	}
}

/* The customer's end of callbacks: keeps what came, answers `status`. */
class Hook {
	constructor() {
		this.forget();
		this.server = http.createServer((req, res) => {
			const chunks = [];
			req.on('data', (c) => chunks.push(c));
			req.on('end', () => {
				const body = Buffer.concat(chunks);
				this.calls.push({ url: req.url, headers: req.headers,
					body, form: Object.fromEntries(
					    new URLSearchParams(body.toString())) });
				res.writeHead(this.status).end();
			});
		});
	}

	forget() {
		this.calls = [];
		this.status = 200;
	}

	listen() {
		return new Promise((ok) => {
			this.server.listen(0, '127.0.0.1', ok);
		});
	}

	url(where = '/') {
		return `http://127.0.0.1:${this.server.address().port}${where}`;
	}

	close() {
		this.server.close();
	}
}

module.exports = { makeCa, startSandbox, waitFor, request, SmtpClient, Hook };
