#!/usr/bin/env node
'use strict';
/*
 * The sandbox: local emulators of the providers Gatepost talks to, in one
 * process, on 127.0.0.1. See README.md beside this file.
 */
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { Messages } = require('./lib/messages');
const { Faults, Refusals } = require('./lib/faults');
const { Subscriptions } = require('./lib/subscriptions');
const { Kavenegar } = require('./lib/kavenegar');
const { Push } = require('./lib/push');
const { Smtp } = require('./lib/smtp');
const { Expo } = require('./lib/expo');
const { Oidc } = require('./lib/oidc');
const { Facebook } = require('./lib/facebook');
const { WhatsApp } = require('./lib/whatsapp');
const { Twilio } = require('./lib/twilio');
const { Control } = require('./lib/control');
const { Site } = require('./lib/site');

const USAGE = `usage: sandbox.js --tls-cert FILE --tls-key FILE [--http-port N]
    [--kavenegar-port N] [--push-port N] [--smtp-port N] [--smtps-port N]
    [--autopush-port N] [--expo-port N] [--oidc-port N] [--facebook-port N] [--whatsapp-port N] [--twilio-port N]
    [--site-port N] [--push-host NAME] [--ca FILE] [--messages-max N]
    [--state DIR] [--ready-file FILE]
A port of 0 (the default) means any free one.
`;
const PORTS = ['http', 'kavenegar', 'push', 'smtp', 'smtps', 'autopush', 'expo', 'oidc',
	'facebook', 'whatsapp', 'twilio', 'site'];
const AUTOPUSH = path.join(__dirname, 'autopush.js');
const SHUTDOWN_MS = 3000;

function fail(text) {
	process.stderr.write(`sandbox: ${text}\n`);
	process.exit(2);
}

function number(name, text, max) {
	if (!/^\d{1,9}$/.test(text) || Number(text) > max)
		fail(`--${name} is a number up to ${max}`);
	return Number(text);
}

function readFile(name, file) {
	try {
		return fs.readFileSync(file);
	} catch (err) {
		return fail(`--${name}: ${err.message}`);
	}
}

function options(argv) {
	const text = { type: 'string' };
	const known = { 'tls-cert': text, 'tls-key': text, ca: text,
		'push-host': { type: 'string', default: 'localhost' },
		'messages-max': { type: 'string', default: '20000' },
		state: text, 'ready-file': text, help: { type: 'boolean' } };
	let values;

	for (const p of PORTS)
		known[`${p}-port`] = { type: 'string', default: '0' };
	try {
		({ values } = parseArgs({ args: argv, options: known }));
	} catch (err) {
		fail(`${err.message}\n${USAGE}`);
	}
	if (values.help) {
		process.stdout.write(USAGE);
		process.exit(0);
	}
	if (!values['tls-cert'] || !values['tls-key'])
		fail(`--tls-cert and --tls-key are needed\n${USAGE}`);
	if (!/^[A-Za-z0-9.-]{1,253}$/.test(values['push-host']))
		fail('--push-host is a host name');
	return {
		cert: readFile('tls-cert', values['tls-cert']),
		key: readFile('tls-key', values['tls-key']),
		ca: values.ca ? readFile('ca', values.ca) : undefined,
		pushHost: values['push-host'],
		messagesMax: number('messages-max', values['messages-max'], 1e6) ||
		    fail('--messages-max is at least 1'),
		state: values.state,
		readyFile: values['ready-file'],
		ports: Object.fromEntries(PORTS.map((p) => [p,
			number(`${p}-port`, values[`${p}-port`], 65535)])),
	};
}

/* Whole or not at all: whoever waits for the file reads it at once. */
function writeReady(file, ready) {
	const tmp = `${file}.${process.pid}.tmp`;

	fs.writeFileSync(tmp, JSON.stringify(ready) + '\n');
	fs.renameSync(tmp, file);
}

async function main() {
	const o = options(process.argv.slice(2));
	const messages = new Messages(o.messagesMax);
	const faults = new Faults();
	const refusals = new Refusals(() =>
	    messages.emit('change'));

	if (o.state)
		fs.mkdirSync(o.state, { recursive: true, mode: 0o700 });
	const subscriptions = new Subscriptions(o.state);
	const shared = { messages, faults, refusals, subscriptions,
		key: o.key, cert: o.cert, ca: o.ca };
	const kavenegar = new Kavenegar(shared);
	const push = new Push(shared);
	const smtp = new Smtp(shared);
	const expo = new Expo(shared);
	const oidc = new Oidc(shared);
	const facebook = new Facebook(shared);
	const whatsapp = new WhatsApp(shared);
	const twilio = new Twilio(shared);
	const site = new Site();
	const ready = { http: 0, kavenegar: 0, push: 0, smtp: 0, smtps: 0,
		autopush: 0, expo: 0, oidc: 0, facebook: 0, whatsapp: 0,
		twilio: 0, site: 0, pid: process.pid };
	const control = new Control({ ...shared, kavenegar, push, smtp,
		expo, expo_receipts: expo.receipts, oidc, facebook, whatsapp,
		twilio, ports: ready });

	ready.kavenegar = await kavenegar.listen(o.ports.kavenegar);
	ready.push = await push.listen(o.ports.push);
	ready.expo = await expo.listen(o.ports.expo);
	ready.oidc = await oidc.listen(o.ports.oidc);
	ready.facebook = await facebook.listen(o.ports.facebook);
	ready.whatsapp = await whatsapp.listen(o.ports.whatsapp);
	ready.twilio = await twilio.listen(o.ports.twilio);
	Object.assign(ready, await smtp.listen(o.ports.smtp, o.ports.smtps));
	ready.site = await site.listen(o.ports.site);
	subscriptions.origin = `https://${o.pushHost}` +
	    (ready.push === 443 ? '' : `:${ready.push}`);
	if (fs.existsSync(AUTOPUSH)) {
		push.autopush = await require(AUTOPUSH).start({
			port: o.ports.autopush,
			pushOrigin: subscriptions.origin });
		ready.autopush = push.autopush.port;
	}
	ready.http = await control.listen(o.ports.http);

	let stopping = false;
	const stop = async () => {
		if (stopping)
			return;
		stopping = true;
		setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
		control.close();
		kavenegar.close();
		push.close();
		smtp.close();
		expo.close();
		oidc.close();
		facebook.close();
		whatsapp.close();
		twilio.close();
		site.close();
		if (push.autopush && push.autopush.close)
			await push.autopush.close();
		await subscriptions.close();
		process.exit(0);
	};
	process.on('SIGTERM', stop);
	process.on('SIGINT', stop);

	if (o.readyFile)
		writeReady(o.readyFile, ready);
	process.stdout.write(`sandbox: http://127.0.0.1:${ready.http}/ ` +
	    `kavenegar ${ready.kavenegar} push ${ready.push} ` +
	    `smtp ${ready.smtp} smtps ${ready.smtps} expo ${ready.expo} ` +
	    `autopush ${ready.autopush}\n`);
}

main().catch((err) => fail(err.message));
