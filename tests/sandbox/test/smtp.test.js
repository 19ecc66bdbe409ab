'use strict';
/* SMTP: nodemailer, then the protocol's letter, each refusal and switch. */
const { test, before, after, beforeEach } = require('node:test');
const assert = require('node:assert');
const nodemailer = require('nodemailer');
const { startSandbox, waitFor, SmtpClient } = require('../lib/testkit');

let box;
let serial = 0;

before(async () => {
	box = await startSandbox();
});
after(() => box.stop());
beforeEach(async () => {
	await box.reset();
	await box.api('PUT', '/smtp/settings', { max_connections: 0,
		idle_ms: 300000 });
});

const b64 = (s) => Buffer.from(s, 'latin1').toString('base64');
const PLAIN = b64('\0sandbox\0sandbox-smtp-password');
const XOAUTH2 = b64('user=sandbox\x01auth=Bearer sandbox-smtp-token\x01\x01');
const OAUTHBEARER = b64('n,a=sandbox,\x01host=localhost\x01port=587\x01' +
    'auth=Bearer sandbox-smtp-token\x01\x01');
const rows = () => box.api('GET', '/messages?channel=email');
const fault = (v) => box.api('PUT', '/faults/smtp', v);

function transport(over = {}) {
	return nodemailer.createTransport({ host: '127.0.0.1',
		port: over.secure ? box.ports.smtps : box.ports.smtp,
		requireTLS: true, tls: { ca: box.ca, servername: 'localhost' },
		auth: { user: 'sandbox', pass: 'sandbox-smtp-password' }, ...over });
}

function mail(over = {}) {
	return { from: 'Gatepost <no-reply@example.ir>', to: 'user@example.com',
		subject: 'Your code', text: 'Your code: 12345', ...over };
}

async function ready() {
	const c = SmtpClient.tls(box.ports.smtps, box.ca);
	assert.match(await c.login(), /^235 2\.7\.0 /);
	return c;
}

function message(over = {}) {
	const h = { Date: 'Sat, 21 Nov 2026 10:00:00 +0000',
		From: '<a@example.ir>', To: '<user@example.com>',
		Subject: 'Hi', 'Message-ID': `<m${++serial}@example.ir>`,
		'MIME-Version': '1.0',
		'Content-Type': 'text/plain; charset=utf-8', ...over.headers };
	const head = Object.entries(h).filter(([, v]) => v !== null)
	    .flatMap(([k, v]) => [].concat(v).map((x) => `${k}: ${x}\r\n`)).join('');
	return `${head}${over.extra || ''}\r\n` +
	    `${over.body === undefined ? 'Hello\r\n' : over.body}.\r\n`;
}

/* MAIL, RCPT, DATA, the message; returns the last reply. */
async function deliver(c, text, { to = 'user@example.com', params = '' } = {}) {
	let r = await c.cmd(`MAIL FROM:<bounce@example.ir>${params}`);
	if (!r.startsWith('250'))
		return r;
	r = await c.cmd(`RCPT TO:<${to}>`);
	if (!r.startsWith('250'))
		return r;
	r = await c.cmd('DATA');
	if (!r.startsWith('354'))
		return r;
	c.send(text);
	return c.reply();
}

for (const [name, over] of [['STARTTLS, PLAIN', {}],
	['implicit TLS, PLAIN', { secure: true }],
	['LOGIN', { authMethod: 'LOGIN' }],
	['XOAUTH2', { auth: { type: 'OAuth2', user: 'sandbox',
		accessToken: 'sandbox-smtp-token' } }]]) {
	test(`nodemailer: ${name}`, async () => {
		const t = transport(over);
		await t.sendMail(mail({ subject: 'کد ورود شما به سامانه‌ی ' +
		    'نمونه که از یک سطر بلندتر است', text: 'سلام\n.\n12345',
		html: '<p>سلام <b>12345</b></p>',
		attachments: [{ filename: 'گزارش.txt', content: 'abc' }] }));
		t.close();
		const [row] = await rows();
		assert.strictEqual(row.to, 'user@example.com');
		assert.strictEqual(row.subject, 'کد ورود شما به سامانه‌ی ' +
		    'نمونه که از یک سطر بلندتر است');
		assert.match(row.text, /^سلام\n\.\n12345/);
		assert.strictEqual(row.html, '<p>سلام <b>12345</b></p>');
		assert.strictEqual(row.attachments[0].size, 3);
		assert.strictEqual(row.envelope.from, 'no-reply@example.ir');
		assert.match(row.headers['message-id'], /^<.*@.*>$/);
	});
}

test('nodemailer: a pool sends many mails over few connections', async () => {
	const t = transport({ pool: true, maxConnections: 2, maxMessages: 1000 });
	await Promise.all(Array.from({ length: 40 }, (x, i) =>
	    t.sendMail(mail({ to: `u${i}@example.com` }))));
	t.close();
	const c = await box.api('GET', '/counts');
	assert.strictEqual(c.smtp.accepted, 40);
	assert.ok(c.smtp.connections <= 2);
	assert.strictEqual(new Set((await rows()).map((r) => r.to)).size, 40);
});

test('nodemailer: a wrong password, a wrong token', async () => {
	await assert.rejects(transport({ auth: { user: 'sandbox', pass: 'no' } })
	    .sendMail(mail()), (e) => e.responseCode === 535);
	await assert.rejects(transport({ auth: { type: 'OAuth2', user: 'sandbox',
		accessToken: 'no' } }).sendMail(mail()),
	(e) => e.code === 'EAUTH');
	assert.deepStrictEqual(await rows(), []);
});

test('each mechanism, inline and after 334', async () => {
	const forms = [[`AUTH PLAIN ${PLAIN}`], ['AUTH PLAIN', PLAIN],
		['AUTH LOGIN', b64('sandbox'), b64('sandbox-smtp-password')],
		[`AUTH LOGIN ${b64('sandbox')}`, b64('sandbox-smtp-password')],
		[`AUTH XOAUTH2 ${XOAUTH2}`], ['AUTH XOAUTH2', XOAUTH2],
		[`AUTH OAUTHBEARER ${OAUTHBEARER}`],
		['AUTH OAUTHBEARER', OAUTHBEARER], [`auth plain ${PLAIN}`]];
	for (const lines of forms) {
		const c = SmtpClient.tls(box.ports.smtps, box.ca);
		await c.reply();
		assert.match(await c.cmd('EHLO a.b'),
		    /AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER/);
		for (const [i, line] of lines.entries()) {
			const r = await c.cmd(line);
			assert.match(r, i < lines.length - 1 ? /^334 / :
			    /^235 2\.7\.0 Accepted$/, lines.join(' / '));
		}
		assert.match(await c.cmd(`AUTH PLAIN ${PLAIN}`), /^503 /);
		c.close();
	}
});

test('a refused bearer is a 334 with the reason, then 535', async () => {
	const c = SmtpClient.tls(box.ports.smtps, box.ca);
	await c.reply();
	await c.cmd('EHLO a.b');
	for (const line of [
		`AUTH XOAUTH2 ${b64('user=sandbox\x01auth=Bearer no\x01\x01')}`,
		`AUTH OAUTHBEARER ${b64('n,a=sandbox,\x01auth=Bearer no\x01\x01')}`]) {
		const r = await c.cmd(line);
		assert.strictEqual(JSON.parse(Buffer.from(r.slice(4), 'base64'))
		    .schemes, 'Bearer');
		assert.match(await c.cmd('AQ=='), /^535 5\.7\.8 /);
	}
	c.close();
});

test('refusals before and in AUTH', async () => {
	const c = SmtpClient.plain(box.ports.smtp);
	assert.match(await c.reply(), /^220 /);
	assert.match(await c.cmd('EHLO bad_name!'), /^501 /);
	const e = await c.cmd('EHLO test.example');
	assert.match(e, /STARTTLS/);
	assert.doesNotMatch(e, /AUTH/);
	assert.match(await c.cmd(`AUTH PLAIN ${PLAIN}`), /^530 5\.7\.0 /);
	assert.match(await c.cmd('MAIL FROM:<a@b.c>'), /^530 5\.7\.0 .*STARTTLS/);
	await c.starttls(box.ca);
	assert.match(await c.cmd(`AUTH PLAIN ${PLAIN}`), /^503 /);
	assert.doesNotMatch(await c.cmd('EHLO test.example'), /STARTTLS/);
	assert.match(await c.cmd('MAIL FROM:<a@b.c>'), /^530 5\.7\.0 Auth/);
	assert.match(await c.cmd('AUTH CRAM-MD5'), /^504 /);
	assert.match(await c.cmd('AUTH PLAIN !!!'), /^501 5\.5\.2 /);
	assert.match(await c.cmd('AUTH PLAIN'), /^334 /);
	assert.match(await c.cmd('*'), /^501 /);
	assert.match(await c.cmd(`AUTH PLAIN ${b64('\0sandbox\0no')}`), /^535 /);
	assert.match(await c.cmd(`AUTH PLAIN ${PLAIN}`), /^235 /);
	c.close();
});

test('commands in the clear behind STARTTLS close the connection', async () => {
	const c = SmtpClient.plain(box.ports.smtp);
	await c.reply();
	await c.cmd('EHLO a.b');
	c.send('STARTTLS\r\nMAIL FROM:<evil@example.com>\r\n');
	assert.match(await c.reply(), /^421 4\.7\.0 /);
	await assert.rejects(c.reply());
});

test('the order and the grammar of commands', async () => {
	const c = await ready();
	const expect = async (line, re) => assert.match(await c.cmd(line), re,
	    line);
	await expect('RCPT TO:<a@b.c>', /^503 /);
	await expect('DATA', /^503 /);
	await expect('MAIL FROM: <a@b.c>', /^501 /);
	await expect('MAIL FROM:a@b.c', /^501 /);
	await expect('MAIL FROM:<a b@c>', /^501 /);
	await expect('MAIL FROM:<a@b.c> FOO=1', /^555 /);
	await expect('MAIL FROM:<a@b.c> SIZE=99999999', /^552 5\.3\.4 /);
	await expect('NONSENSE', /^500 /);
	c.close();
	const d = await ready();
	const then = async (line, re) => assert.match(await d.cmd(line), re, line);
	await then('MAIL FROM:<>', /^250 /);
	await then('MAIL FROM:<a@b.c>', /^503 /);
	await then('RCPT TO:<>', /^501 /);
	await then('RCPT TO:<a@b.c> NOTIFY=NEVER', /^555 /);
	await then('DATA', /^503 /);
	await then('RSET', /^250 /);
	await then('RCPT TO:<a@b.c>', /^503 /);
	await then('NOOP', /^250 /);
	await then('VRFY x', /^252 /);
	d.send('NOOP\n');
	assert.match(await d.reply(), /^500 .*CRLF/);
	await then(`NOOP ${'x'.repeat(600)}`, /^500 .*too long/i);
	await assert.rejects(d.reply());
});

test('ten errors end the connection', async () => {
	const c = await ready();
	for (let i = 0; i < 9; i++)
		assert.match(await c.cmd('WHAT'), /^500 /);
	assert.match(await c.cmd('WHAT'), /^421 4\.7\.0 /);
	await assert.rejects(c.reply());
});

test('pipelined commands are answered in order', async () => {
	const c = await ready();
	c.send('MAIL FROM:<a@b.c>\r\nRCPT TO:<x@y.z>\r\nDATA\r\n');
	assert.match(await c.reply(), /^250 2\.1\.0/);
	assert.match(await c.reply(), /^250 2\.1\.5/);
	assert.match(await c.reply(), /^354/);
	c.send(message());
	c.send('NOOP\r\n');
	assert.match(await c.reply(), /^250 2\.0\.0 OK queued/);
	assert.match(await c.reply(), /^250 2\.0\.0 OK$/);
	c.close();
});

test('many transactions on one connection without RSET', async () => {
	const c = await ready();
	for (let i = 0; i < 30; i++)
		assert.match(await deliver(c, message(), { to: `u${i}@b.c` }),
		    /^250 2\.0\.0 OK queued/);
	assert.match(await c.cmd('QUIT'), /^221 /);
	assert.strictEqual((await rows()).length, 30);
	assert.strictEqual((await box.api('GET', '/counts')).smtp.connections, 1);
});

test('dots are undoubled and the final dot may come in pieces', async () => {
	const c = await ready();
	await c.cmd('MAIL FROM:<a@b.c>');
	await c.cmd('RCPT TO:<x@y.z>');
	await c.cmd('DATA');
	const text = message({ body: '..one\r\n...two\r\nthree.\r\n' });
	for (const piece of [text.slice(0, -5), '\r', '\n.', '\r', '\n']) {
		c.send(piece);
		await new Promise((r) => setImmediate(r));
	}
	assert.match(await c.reply(), /^250 /);
	assert.strictEqual((await rows())[0].text, '.one\n..two\nthree.\n');
	c.close();
});

test('multipart, quoted-printable, base64 and encoded words are read', async () => {
	const c = await ready();
	const body = ['--B', 'Content-Type: text/plain; charset=utf-8',
		'Content-Transfer-Encoding: quoted-printable', '',
		'=D8=B3=D9=84=D8=A7=D9=85 long=', ' line', '--B',
		'Content-Type: text/html; charset="utf-8"',
		'Content-Transfer-Encoding: base64', '',
		Buffer.from('<b>سلام</b>').toString('base64'), '--B--', '']
	    .join('\r\n');
	const r = await deliver(c, message({ body, headers: {
		Subject: '=?UTF-8?B?2LPZhNin2YU=?=\r\n =?UTF-8?Q?_a=C3=A9?=',
		'Content-Type': 'multipart/alternative; boundary="B"',
		'X-Test': 'a\r\n\tb' } }));
	assert.match(r, /^250 /);
	const [row] = await rows();
	assert.deepStrictEqual([row.subject, row.text, row.html,
		row.headers['x-test']], ['سلام aé', 'سلام long line',
		'<b>سلام</b>', 'a\tb']);
	c.close();
});

const REFUSED = [
	['no Date', { headers: { Date: null } }, /0 date headers/],
	['two Dates', { extra: 'Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n' },
		/2 date headers/],
	['no From', { headers: { From: null } }, /0 from headers/],
	['two From', { extra: 'From: <b@c.d>\r\n' }, /2 from headers/],
	['no Message-ID', { headers: { 'Message-ID': null } },
		/0 message-id headers/],
	['two Message-ID', { extra: 'Message-ID: <x@y>\r\n' },
		/2 message-id headers/],
	['two Subjects', { extra: 'Subject: b\r\n' }, /subject given 2/],
	['a date without zone', { headers: { Date: 'Sat, 21 Nov 2026 10:00:00' } },
		/numeric zone/],
	['a Message-ID without <>', { headers: { 'Message-ID': 'a@b' } },
		/Message-ID is not/],
	['a From without address', { headers: { From: 'Gatepost' } },
		/From has no address/],
	['a bare LF', { body: 'a\nb\r\n' }, /bare LF/],
	['a bare CR', { body: 'a\rb\r\n' }, /bare CR/],
	['a smuggled dot', { body: 'a\n.\nMAIL FROM:<x@y.z>\r\n' }, /bare LF/],
	['a NUL', { body: 'a\0b\r\n' }, /NUL/],
	['a line of 999', { body: 'x'.repeat(999) + '\r\n' }, /999 bytes/],
	['a dot that is not doubled', { body: '.x\r\n' }, /not doubled/],
	['8-bit bytes', { body: 'caf\xe9\r\n' }, /8-bit/],
	['8-bit bytes in a header', { headers: { Subject: 'caf\xe9' } }, /8-bit/],
	['a line that is no header', { extra: 'what is this\r\n' },
		/no header line/],
	['no MIME-Version', { headers: { 'MIME-Version': null } },
		/MIME-Version/],
	['a multipart that does not end', { headers: { 'Content-Type':
		'multipart/mixed; boundary=B' }, body: '--B\r\n\r\nx\r\n' },
	/closing boundary/],
	['a bad quoted-printable', { headers: { 'Content-Transfer-Encoding':
		'quoted-printable' }, body: 'a=zz\r\n' }, /bare "="/],
	['a bad base64', { headers: { 'Content-Transfer-Encoding': 'base64' },
		body: 'a*b\r\n' }, /outside base64/],
	['text that is not UTF-8', { headers: { 'Content-Transfer-Encoding':
		'quoted-printable' }, body: '=FF\r\n' }, /not utf-8/],
	['a character split between encoded words', { headers: { Subject:
		'=?UTF-8?Q?=D8?= =?UTF-8?Q?=B3?=' } }, /not UTF-8/],
	['an encoded word of 76', { headers: { Subject:
		`=?UTF-8?Q?${'a'.repeat(64)}?=` } }, /over 75/],
	['one-click without https', { headers: { 'List-Unsubscribe':
		'<mailto:a@b.c>', 'List-Unsubscribe-Post':
		'List-Unsubscribe=One-Click' } }, /RFC 8058/],
];

for (const [name, over, why] of REFUSED) {
	test(`554: ${name}`, async () => {
		const c = await ready();
		const r = await deliver(c, message(over));
		assert.match(r, /^554 5\.6\.0 /);
		assert.match(r, why);
		assert.deepStrictEqual(await rows(), []);
		/* The connection lives on. */
		assert.match(await deliver(c, message()), /^250 /);
		c.close();
	});
}

test('8BITMIME allows what was refused without it', async () => {
	const c = await ready();
	const r = await deliver(c, message({ body: 'caf\xc3\xa9\r\n',
		headers: { 'Content-Transfer-Encoding': '8bit' } }),
	{ params: ' BODY=8BITMIME SIZE=300' });
	assert.match(r, /^250 /);
	assert.strictEqual((await rows())[0].text, 'café\n');
	c.close();
});

test('over the size is 552', async () => {
	await box.api('PUT', '/smtp/settings', { size: 2000 });
	const c = await ready();
	assert.match(await deliver(c, message({ body: 'x\r\n'.repeat(1000) })),
	    /^552 5\.3\.4 /);
	assert.match(await deliver(c, message()), /^250 /);
	c.close();
	await box.api('PUT', '/smtp/settings', { size: 35882577 });
});

test('replies scripted by the local part', async () => {
	const c = await ready();
	for (const [to, re] of [['r550-5.1.1', /^550 5\.1\.1 /],
		['r450-4.2.1+x', /^450 4\.2\.1 /], ['r452-4.2.2.x', /^452 4\.2\.2 /],
		['data451-4.3.0', /^451 4\.3\.0 /],
		['final554-5.7.1', /^554 5\.7\.1 /], ['r550', /^250 /]]) {
		assert.match(await deliver(c, message(), { to: `${to}@b.c` }), re, to);
		assert.match(await c.cmd('RSET'), /^250 /);
	}
	assert.match(await c.cmd('MAIL FROM:<mail550-5.1.8@b.c>'), /^550 5\.1\.8/);
	assert.match(await deliver(c, message(), { to: 'r421-4.7.0@b.c' }), /^421 /);
	await assert.rejects(c.reply());
	assert.deepStrictEqual((await rows()).map((r) => r.to), ['r550@b.c']);
});

test('hang@ and drop@: taken, then silence or a cut', async () => {
	const id = `<dup${++serial}@example.ir>`;
	const text = message({ headers: { 'Message-ID': id } });
	for (const to of ['hang', 'drop']) {
		const c = await ready();
		await c.cmd('MAIL FROM:<a@b.c>');
		await c.cmd(`RCPT TO:<${to}@b.c>`);
		await c.cmd('DATA');
		c.send(text);
		await assert.rejects(c.reply(400),
		    to === 'hang' ? /no reply/ : /ECONNRESET/);
		c.close();
	}
	const d = await ready();
	await deliver(d, text, { to: 'drop2@b.c' });
	await deliver(d, text, { to: 'drop2@b.c' });
	d.close();
	const got = await rows();
	assert.deepStrictEqual(got.map((r) => [r.to, r.duplicate_of]),
	    [['drop2@b.c', got[1].id], ['drop2@b.c', null],
		['drop@b.c', null], ['hang@b.c', null]]);
});

test('an idle connection is told 421 and closed', async () => {
	await box.api('PUT', '/smtp/settings', { idle_ms: 1000 });
	const c = await ready();
	assert.match(await c.reply(), /^421 4\.4\.2 /);
	await assert.rejects(c.reply());
});

test('the fourth parallel connection is refused with 432', async () => {
	await box.api('PUT', '/smtp/settings', { max_connections: 3 });
	const open = [];
	await waitFor('the earlier ones to end', 5000, async () =>
	    (await box.api('GET', '/counts')).smtp.open === 0);
	for (let i = 0; i < 3; i++)
		open.push(await ready());
	const c = SmtpClient.tls(box.ports.smtps, box.ca);
	assert.match(await c.reply(), /^432 4\.3\.2 /);
	await assert.rejects(c.reply());
	open[0].close();
	await waitFor('a place', 5000, async () =>
	    (await box.api('GET', '/counts')).smtp.open === 2);
	open.push(await ready());
	open.forEach((x) => x.close());
});

/* What a client sees of a status at each stage, and whether it can go on. */
const STAGES = [
	['greeting', 554, (c) => c.reply(), false],
	['ehlo', 502, async (c) => {
		await c.reply();
		return c.cmd('EHLO a.b');
	}, true],
	['auth', 454, (c) => c.login(), true],
	['mail', 452, async (c) => {
		await c.login();
		return c.cmd('MAIL FROM:<a@b.c>');
	}, true],
	['rcpt', 450, async (c) => {
		await c.login();
		return deliver(c, message());
	}, true],
	['data', 451, async (c) => {
		await c.login();
		return deliver(c, message());
	}, true],
	['final', 452, async (c) => {
		await c.login();
		return deliver(c, message());
	}, true],
];

for (const [stage, status, run, goesOn] of STAGES) {
	test(`switch: status at ${stage}`, async () => {
		await fault({ mode: 'status', status, stage, times: 1,
			enhanced: `${String(status)[0]}.9.9`, body: 'as told' });
		const c = SmtpClient.tls(box.ports.smtps, box.ca);
		assert.strictEqual(await run(c),
		    `${status} ${String(status)[0]}.9.9 as told`);
		if (goesOn)
			assert.match(await c.cmd('NOOP'), /^250 /);
		else
			await assert.rejects(c.reply());
		c.close();
		assert.deepStrictEqual(await rows(), []);
		const d = await ready();
		assert.match(await deliver(d, message()), /^250 /);
		d.close();
	});
}

test('switch: STARTTLS refused, and never offered a second chance', async () => {
	await fault({ mode: 'status', status: 454, stage: 'starttls', times: 1 });
	await assert.rejects(transport().sendMail(mail()));
	await transport().sendMail(mail());
	assert.strictEqual((await rows()).length, 1);
});

test('switches after the dot: slow, hang, reset, garbage, with or without keeping', async () => {
	const after = async (spec) => {
		await box.api('DELETE', '/messages');
		await fault({ times: 1, stage: 'final', ...spec });
		const c = await ready();
		const t = Date.now();
		const got = await deliver(c, message()).catch((e) => e.message);
		const n = (await rows()).length;
		c.close();
		return { got, n, ms: Date.now() - t };
	};
	let r = await after({ mode: 'slow', after_ms: 300 });
	assert.match(r.got, /^250 /);
	assert.ok(r.ms >= 295);
	assert.strictEqual(r.n, 1);
	r = await after({ mode: 'reset' });
	assert.deepStrictEqual([r.got, r.n], ['ECONNRESET', 1]);
	r = await after({ mode: 'reset', store: false });
	assert.deepStrictEqual([r.got, r.n], ['ECONNRESET', 0]);
	r = await after({ mode: 'garbage' });
	assert.deepStrictEqual([r.got, r.n], ['<<< not SMTP >>>', 1]);
	r = await after({ mode: 'garbage', store: false });
	assert.deepStrictEqual([r.got, r.n], ['<<< not SMTP >>>', 0]);
	await fault({ mode: 'hang', times: 1 });
	await box.api('DELETE', '/messages');
	const c = await ready();
	await c.cmd('MAIL FROM:<a@b.c>');
	await c.cmd('RCPT TO:<x@y.z>');
	await c.cmd('DATA');
	c.send(message());
	await assert.rejects(c.reply(400), /no reply/);
	assert.strictEqual((await rows()).length, 1);
	c.close();
	await waitFor('nothing in flight', 5000, async () =>
	    (await box.api('GET', '/counts')).smtp.parallel === 0);
});

test('switch: 421 closes at any stage', async () => {
	await fault({ mode: 'status', status: 421, stage: 'mail', times: 1 });
	const c = await ready();
	assert.match(await c.cmd('MAIL FROM:<a@b.c>'), /^421 4\.3\.0 /);
	await assert.rejects(c.reply());
});

test('switch: for one recipient', async () => {
	await fault({ mode: 'status', status: 450, to: 'slow@b.c' });
	const c = await ready();
	assert.match(await deliver(c, message(), { to: 'ok@b.c' }), /^250 /);
	assert.match(await deliver(c, message(), { to: 'slow@b.c' }), /^450 /);
	c.close();
});
