'use strict';
/*
 * What the browser tests know of a running instance: DIR/instance.env and a way to call its API over TLS with its own CA.
 */
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');

/* Thrown when a test cannot run here at all; main() turns it into exit code 77. */
class Skip extends Error {}

/* KEY=value lines; a value may stand in single or double quotes. Lines of other shapes are comments. */
function read_env(file)
{
	const env = {};

	for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
		const m = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line);
		if (m)
			env[m[1]] = m[2].replace(/^(['"])(.*)\1$/, '$2');
	}
	return env;
}

/* --name VALUE pairs; `known` names them. */
function options(argv, known)
{
	const out = {};

	for (let i = 0; i < argv.length; i += 2) {
		const name = argv[i].replace(/^--/, '');
		if (!known.includes(name) || argv[i] === name || argv[i + 1] === undefined)
			throw new Error(`usage: --${known.join(' VALUE --')} VALUE`);
		out[name] = argv[i + 1];
	}
	return out;
}

function load(file)
{
	const env = read_env(file);

	for (const name of ['GATEPOST_URL', 'GATEPOST_CA'])
		if (!env[name])
			throw new Error(`${file} has no ${name}`);
	return { env, file, dir: path.dirname(path.resolve(file)), url: env.GATEPOST_URL.replace(/\/$/, ''), ca: fs.readFileSync(env.GATEPOST_CA) };
}

/*
 * One request; resolves {status, headers, text, json}. `body` is sent as JSON when it is not undefined.  What was refused
 * because too much waited (503, with the time to wait) is asked again, as the page does for a person.
 */
async function request(url, how = {})
{
	for (let tries = 1; ; tries++) {
		const a = await request_once(url, how);
		const wait = Number(a.headers['retry-after']);
		if (a.status !== 503 || tries === 5 || !(wait > 0 && wait <= 5))
			return a;
		await new Promise((go) => setTimeout(go, wait * 1000));
	}
}

function request_once(url, { method = 'GET', headers = {}, body, ca, timeout = 30000 })
{
	const data = body === undefined ? undefined : JSON.stringify(body);

	return new Promise((resolve, reject) => {
		const req = (url.startsWith('https:') ? https : http).request(url, {
			method, ca, timeout, agent: false,
			headers: { accept: 'application/json', ...(data === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(data) }), ...headers },
		}, (res) => {
			const chunks = [];
			res.on('data', (c) => chunks.push(c));
			res.on('error', reject);
			res.on('end', () => {
				const text = Buffer.concat(chunks).toString('utf8');
				let json = null;
				try {
					json = JSON.parse(text);
				} catch {
					/* the caller looks at text then */
				}
				resolve({ status: res.statusCode, headers: res.headers, text, json, bytes: Buffer.concat(chunks).length });
			});
		});
		req.on('timeout', () => req.destroy(new Error(`${method} ${url}: no answer in ${timeout} ms`)));
		req.on('error', reject);
		req.end(data);
	});
}

/* Where this instance's local push server listens for Firefox: said by instance.env, else by the sandbox. */
async function autopush_url(instance)
{
	if (instance.env.GATEPOST_AUTOPUSH_URL)
		return instance.env.GATEPOST_AUTOPUSH_URL;
	if (instance.env.GATEPOST_SANDBOX_URL) {
		const { json } = await request(`${instance.env.GATEPOST_SANDBOX_URL.replace(/\/$/, '')}/health`);
		const port = json && json.ports && json.ports.autopush;
		if (port)
			return `ws://127.0.0.1:${port}/`;
	}
	throw new Error(`no autopush server: neither ${instance.file} nor the sandbox names one`);
}

/* A browser is a program in PATH or at the given path; null when there is none. */
function find_program(names)
{
	for (const name of names.filter(Boolean)) {
		const places = name.includes('/') ? [name] : (process.env.PATH || '').split(':').map((d) => path.join(d, name));
		for (const p of places) {
			try {
				fs.accessSync(p, fs.constants.X_OK);
				return p;
			} catch {
				/* not here */
			}
		}
	}
	return null;
}

/*
 * A fresh directory whose NSS database (in `where`, relative to it) trusts the instance's CA, so that the browser checks the
 * certificate as it would any site's. Answers {dir, trusted}: without certutil nothing is imported, and the caller must tell the
 * browser to take any certificate.
 */
function make_home(instance, where)
{
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'gp-browser-'));
	const certutil = find_program(['certutil']);

	if (!certutil) {
		process.stdout.write('note: no certutil (Debian: libnss3-tools), so the browser takes any certificate\n');
		return { dir, trusted: false };
	}
	const db = path.join(dir, where);
	fs.mkdirSync(db, { recursive: true });
	execFileSync(certutil, ['-N', '-d', `sql:${db}`, '--empty-password']);
	execFileSync(certutil, ['-A', '-d', `sql:${db}`, '-n', 'instance-ca', '-t', 'C,,', '-i', instance.env.GATEPOST_CA]);
	return { dir, trusted: true };
}

/* The browser may still be writing its profile while it exits. */
function remove_home(home)
{
	fs.rmSync(home.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

function need(module_name)
{
	try {
		return require(module_name);
	} catch (e) {
		if (e.code !== 'MODULE_NOT_FOUND')
			throw e;
		throw new Skip(`${module_name} is not installed: npm install in tests/`);
	}
}

/* Runs a test program: exit 0 passed, 1 failed, 77 could not run here. */
function main(name, run)
{
	run().then(
		() => { process.exitCode = 0; },
		(e) => {
			const skip = e instanceof Skip;
			process.stderr.write(skip ? `SKIPPED ${name}: ${e.message}\n` : `FAILED ${name}: ${e.stack || e}\n`);
			process.exitCode = skip ? 77 : 1;
		});
}

module.exports = { Skip, autopush_url, find_program, load, main, make_home, need, options, remove_home, request };
