'use strict';
/*
 * The arithmetic of the client library (nginx/html/gatepost.js): how long it waits, and how it reads an event stream in pieces.
 * All the rest of it is shown in a browser against the real stack: chromium_inbox.js.
 *
 *	node --test tests/browser/gatepost_js.test.js
 */
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

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
