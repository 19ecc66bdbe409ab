'use strict';
/*
 * The arithmetic of the client library (nginx/html/gatepost.js): how long it waits, and how it reads an event stream in pieces.
 * All the rest of it is shown in a browser against the real stack: chromium_inbox.js.  And of the pages before signing in
 * (console/signin/pow.js): the work that stands before a code, and when a refusal says to come again.
 *
 *	node --test tests/browser/gatepost_js.test.js
 */
const assert = require('node:assert/strict');
const { createHash, webcrypto } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const vm = require('node:vm');

/* A module for browsers: node takes it by its text, whatever its name ends in. */
const text = fs.readFileSync(path.join(__dirname, '../../nginx/html/gatepost.js'));
const library = import(`data:text/javascript;base64,${text.toString('base64')}`);

test('waits are spread over the whole of a doubling time, and never over a minute', async () => {
	const { backoff } = await library;
	for (let n = 0; n < 40; n++) {
		const most = Math.min(60000, 1000 * 2 ** n);
		assert.equal(backoff(n, 1000, () => 0), 0);
		assert.equal(backoff(n, 1000, () => 0.5), most / 2);
		assert.ok(backoff(n, 1000, () => 0.999999) <= most);
	}
	assert.equal(backoff(0, 7000, () => 1), 7000, 'the base is the server\'s');
	assert.equal(backoff(3, 0, () => 1), 8, 'a base of nothing is no endless loop');
	const all = Array.from({ length: 10000 }, () => backoff(3, 1000));
	for (let tenth = 0; tenth < 10; tenth++) {
		const n = all.filter((ms) => ms >= tenth * 800 && ms < (tenth + 1) * 800).length;
		assert.ok(n > 700 && n < 1300, `${n} of 10,000 come back in tenth ${tenth}`);
	}
});

test('an event stream is the same in whole, in lines and a character at a time', async () => {
	const { event_parser } = await library;
	const stream = ': hello\n\nretry: 1000\n\nevent: ready\ndata: {"a":1}\n\nid: 4\r\nevent: notification\r\ndata: {"b":\r\ndata:2}\r\n\r\n'
		+ 'data: plain\n\nevent: nothing\n\n: ping\n\ndata: cut off';
	const want = [{ event: 'ready', data: '{"a":1}' }, { event: 'notification', data: '{"b":\n2}' }, { event: 'message', data: 'plain' }];
	const cuts = [[stream], stream.split(/(?<=\n)/), [...stream]];
	for (const pieces of cuts) {
		const feed = event_parser();
		assert.deepEqual(pieces.flatMap((p) => feed(p)), want);
	}
});

/* A script of a page: its functions, and `fetch` as given. */
function page_script(lang, fetch)
{
	const page = { TextEncoder, crypto: webcrypto, document: { documentElement: { lang } }, fetch, setTimeout };

	vm.runInNewContext(fs.readFileSync(path.join(__dirname, '../../nginx/html/console/signin/pow.js'), 'utf8'), page);
	return page;
}

/* As the server counts (auth/pow.c): the number that the 32 bytes are has that many zeros in front. */
function zero_bits(text)
{
	return 256 - BigInt(`0x${createHash('sha256').update(text).digest('hex')}`).toString(2).length;
}

test('a proof of work begins with as many zero bits as the server asked for, and is the first that does', async () => {
	const { solve_challenge } = page_script('en');
	const challenge = 'ARBhbmQgdGhlbiBzb21lIGJ5dGVzIG9mIGl0LCBzaWduZWQ';
	for (const bits of [1, 4, 7, 8, 9, 12]) {
		const answer = await solve_challenge(challenge, bits);
		const [, number] = new RegExp(`^${challenge}:(\\d{1,20})$`).exec(answer);
		assert.ok(zero_bits(answer) >= bits, `${zero_bits(answer)} of ${bits}`);
		for (let n = 0; n < Number(number); n++)
			assert.ok(zero_bits(`${challenge}:${n}`) < bits);
	}
});

test('what is asked for work is asked again with it, once; any other refusal stands', async () => {
	const asked = [];
	const answers = [[403, { code: 'pow_required', challenge: 'abc', difficulty: 6 }], [200, { register_id: 'x' }]];
	const fetch = async (_, how) => {
		asked.push(JSON.parse(how.body));
		const [status, body] = answers.shift();
		return new Response(JSON.stringify(body), { status });
	};
	const { ask_json } = page_script('en', fetch);
	assert.equal((await ask_json('/', { email: 'a@example.com' })).status, 200);
	assert.deepEqual(asked[0], { email: 'a@example.com' });
	assert.equal(asked[1].email, 'a@example.com');
	assert.ok(asked[1].pow.startsWith('abc:') && zero_bits(asked[1].pow) >= 6);
	answers.push([403, { code: 'account_closing' }]);
	assert.equal((await (await ask_json('/', {})).json()).code, 'account_closing');
	answers.push([403, { code: 'pow_required', challenge: 'abc', difficulty: 1 }], [403, { code: 'pow_required', challenge: 'abd', difficulty: 1 }]);
	assert.equal((await ask_json('/', {})).status, 403);
	assert.equal(asked.length, 5);
});

test('a refusal says when to come again, in whole minutes and hours, in the page\'s language', () => {
	const refusal = (seconds, status = 429) => new Response('', { status, headers: seconds === undefined ? {} : { 'Retry-After': String(seconds) } });
	const en = page_script('en').when_again, fa = page_script('fa').when_again;
	for (const [seconds, words] of [[1, '1 second'], [59, '59 seconds'], [60, '1 minute'], [61, '2 minutes'], [120, '2 minutes'], [300, '5 minutes'], [301, '6 minutes'], [7200, '2 hours'], [86000, '24 hours']])
		assert.equal(en(refusal(seconds)), `Try again in ${words}.`);
	assert.match(fa(refusal(300)), /^۵ دقیقه/);
	assert.equal(en(refusal()), '');
	assert.equal(en(refusal(300, 503)), '');
});
