'use strict';
/*
 * The client library (nginx/html/gatepost.js) in Chromium, against a running instance.
 *
 *	node tests/browser/chromium_inbox.js --instance var/instance.env
 *
 * Shown: what came before and what comes is given once each, in order, to every tab, over one connection; when the tab that has
 * it is closed in the middle of a stream, nothing is lost or doubled; what one tab reads, the others count; without WebSocket the
 * library reads an event stream, without that it asks; a page that was offline, or whose access has run out, or that missed too
 * much, goes on where it stood; and signed out, it says so, asks for nothing, and is there again once somebody signed in.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const lib = require('./instance.js');
const { WAIT, forget_limits, sql, with_chromium } = require('./chromium.js');

const PASSWORD = 'Blue-Harbour-7!';
const STREAM = /\/ws\/notifications\//;
const say = (text) => process.stdout.write(`${text}\n`);
const until = async (what, look) => {
	let last;
	for (const end = Date.now() + WAIT; Date.now() < end;) {
		last = await look();
		if (last === true)
			return;
		await new Promise((go) => setTimeout(go, 20));
	}
	throw new Error(`${what}: not within ${WAIT} ms: ${JSON.stringify(last)}`);
};

/* Somebody proved, and what is said to them. */
class Person {
	static async make(instance)
	{
		const p = new Person();
		p.instance = instance;
		p.said = 0;
		p.phone = `+98912${String(1e7 + Math.floor(Math.random() * 9e6)).slice(-7)}`;
		forget_limits(instance);
		const r = await p.call('POST', '/api/auth/register/', { phone_number: p.phone, password: PASSWORD });
		assert.equal(r.status, 201, r.text);
		let code;
		await until('a code', async () => {
			const { json } = await lib.request(`${instance.env.GATEPOST_SANDBOX_URL}/messages?channel=sms&to=${encodeURIComponent(p.phone)}`);
			code = json.map((m) => (/\b\d{6}\b/.exec(m.text) || [])[0]).find(Boolean);
			return Boolean(code);
		});
		const done = await p.call('POST', '/api/auth/otp/verify/', { register_id: r.json.register_id, otp_code: code });
		assert.equal(done.status, 200, done.text);
		p.id = done.json.user.id;
		p.token = done.json.access_token;
		return p;
	}

	call(method, route, body, token)
	{
		return lib.request(`${this.instance.url}${route}`, { method, body, ca: this.instance.ca,
			headers: token ? { authorization: `Bearer ${token}` } : {} });
	}

	/* n more, at once; their titles are numbers. */
	async tell(n = 1)
	{
		const all = await Promise.all(Array.from({ length: n }, () => this.call('POST', '/api/notifications/', {
			user_id: this.id, channels: ['in_app'], title: String(++this.said), body: 'news', url: '/push/' }, this.instance.env.GATEPOST_ADMIN_TOKEN)));
		assert.ok(all.every((r) => r.status === 202), all.map((r) => r.text).join('\n'));
	}

	seq()
	{
		return Number(sql(this.instance, `SELECT COALESCE(MAX(seq), 0) FROM inbox_count WHERE user_id = ${this.id}`));
	}
}

/* A tab with the library in it, which keeps what it is given. */
async function tab(context, instance, options = {})
{
	const page = await context.newPage();
	page.sockets = [];
	page.streams = [];
	page.on('websocket', (s) => STREAM.test(s.url()) && page.sockets.push(s));
	page.on('request', (r) => STREAM.test(r.url()) && page.streams.push(r.url()));
	await page.goto(`${instance.url}/`, { waitUntil: 'load', timeout: WAIT });
	await page.evaluate(async (more) => {
		const { connect } = await import('/gatepost.js');
		Object.assign(window, { got: [], counts: [], heard: [], states: [], reloads: [] });
		window.inbox = connect({
			...more,
			onNotification: (n) => window.got.push(n),
			onCounts: (c) => window.counts.push(c),
			onRead: (r) => window.heard.push(r),
			onState: (s, how) => window.states.push(`${s} ${how.way}${how.leader ? ' leader' : ''}`),
			...(more.reload ? { onReload: (list, seq) => window.reloads.push({ seqs: list.map((n) => n.seq), seq }) } : {}),
		});
	}, options);
	return page;
}

const seqs = (page) => page.evaluate(() => window.got.map((n) => n.seq));
const how = (page) => page.evaluate(() => ({ state: window.inbox.state, way: window.inbox.way, leader: window.inbox.leader,
	seq: window.inbox.seq, counts: window.inbox.counts, states: window.states }));
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/* Each of `pages` has been given from … to, once each and in order. */
async function has(pages, from, to, what)
{
	for (const page of pages) {
		await until(`${what}: up to ${to}`, async () => ((await seqs(page)).at(-1) || from - 1) >= to || { seqs: await seqs(page), ...await how(page) });
		assert.deepEqual(await seqs(page), numbers(from, to), what);
	}
}

async function open(page, way)
{
	await until(`open by ${way}`, async () => {
		const h = await how(page);
		return (h.state === 'open' && h.way === way) || h;
	});
}

/* A browser of this person's, signed in by cookie. */
async function signed_in(browser, instance, person)
{
	const context = await browser.newContext({ ignoreHTTPSErrors: instance.any_certificate });
	const page = await context.newPage();
	await page.goto(`${instance.url}/`, { waitUntil: 'load', timeout: WAIT });
	assert.equal(await page.evaluate((body) => fetch('/api/auth/login/?tokens=cookie', { method: 'POST',
		headers: { 'Content-Type': 'application/json', 'X-Gatepost': '1' }, body: JSON.stringify(body) }).then((r) => r.status),
	{ username: person.phone, password: PASSWORD }), 200);
	await page.close();
	return context;
}

async function tabs(browser, instance)
{
	const sara = await Person.make(instance);
	const context = await signed_in(browser, instance, sara);

	await sara.tell(3);
	await until('three told', async () => sara.seq() === 3);
	const one = await tab(context, instance);
	await open(one, 'websocket');
	await has([one], 1, 3, 'what was there before');
	assert.deepEqual(await one.evaluate(() => window.got.map((n) => [n.missed, n.body, n.url])), numbers(1, 3).map(() => [true, 'news', '/push/']));
	const two = await tab(context, instance);
	await open(two, 'websocket');
	await has([two], 1, 3, 'a second tab');
	await sara.tell(20);
	await has([one, two], 1, 23, 'live, in two tabs');
	assert.equal(one.sockets.length + two.sockets.length, 1, 'one connection');
	assert.deepEqual([(await how(one)).leader, (await how(two)).leader], [true, false]);
	for (const page of [one, two])
		await until('counts', async () => (await how(page)).counts.unread === 23 || (await how(page)).counts);
	say('  two tabs, one connection, each message once in each');

	const id = await two.evaluate(() => window.got[4].id);
	await two.evaluate((i) => window.inbox.read(i), id);
	for (const page of [one, two]) {
		await until('read is counted', async () => (await how(page)).counts.unread === 22 || (await how(page)).counts);
		await until('read is told', async () => await page.evaluate((i) => window.heard.some((r) => r.id === i), id));
	}
	await one.evaluate(() => window.inbox.seen(23));
	await until('seen is counted', async () => (await how(two)).counts.unseen === 0 || (await how(two)).counts);
	say('  what one tab reads, both count');

	/* The one that has the connection goes, in the middle of a stream. */
	const three = await tab(context, instance);
	await open(three, 'websocket');
	await until('a third tab is as far', async () => (await how(three)).seq === 23 || await how(three));
	await three.evaluate(() => { window.got = []; });
	for (let i = 0; i < 3; i++)
		await Promise.all([sara.tell(10), i === 1 ? one.close() : null]);
	await has([two], 1, 53, 'through a change of the leading tab');
	await has([three], 24, 53, 'through a change of the leading tab');
	await until('another leads', async () => (await how(two)).leader || await how(two));
	assert.equal(two.sockets.length, 1);
	assert.equal(three.sockets.length, 0);
	say('  the leading tab closed under load: nothing lost, nothing twice');

	/* The network goes and comes. */
	await context.setOffline(true);
	await sara.tell(5);
	await until('told', async () => sara.seq() === 58);
	await context.setOffline(false);
	await has([two], 1, 58, 'after a time offline');
	await has([three], 24, 58, 'after a time offline');
	await open(two, 'websocket');
	say('  offline and back');

	/* The access token has run out, and the connection breaks: a fresh one, under the lock that all tabs share. */
	await context.clearCookies({ name: '__Host-gatepost' });
	await two.evaluate(() => { window.states = []; });
	await two.evaluate(() => { dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })); dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })); });
	await until('another leads', async () => (await how(three)).leader || await how(three));
	await sara.tell(1);
	await has([two], 1, 59, 'with a fresh token');
	await has([three], 24, 59, 'with a fresh token');
	await open(three, 'websocket');
	await open(two, 'websocket');
	assert.ok((await context.cookies()).some((c) => c.name === '__Host-gatepost'));
	say('  a token that ran out was renewed');

	/* Much is missed: the newest hundred, and the word that more is gone. */
	await two.close();
	await three.close();
	/* Ids of this person's own: the walk may be gone again on the same instance. */
	const base = `(1 << 62) - ${sara.id} * 1000`;
	sql(instance, `INSERT INTO notification (id, class, type, channel, title, content, audience, created_at, expires_at) SELECT ${base} - s.seq, 1, 'system', '', s.seq,`
		+ ' \'{}\', \'{}\', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 DAY FROM seq_1_to_600 s; INSERT INTO inbox (user_id, seq, notification_id, created_at)'
		+ ` SELECT ${sara.id}, 59 + s.seq, ${base} - s.seq, UTC_TIMESTAMP(6) FROM seq_1_to_600 s;`
		+ ` UPDATE inbox_count SET seq = 659, unread = unread + 600, unseen = unseen + 600 WHERE user_id = ${sara.id}`);
	const four = await tab(context, instance, { after: 59, reload: true });
	await until('a reload', async () => await four.evaluate(() => window.reloads.length === 1));
	assert.deepEqual(await four.evaluate(() => window.reloads[0]), { seqs: numbers(560, 659), seq: 659 });
	await sara.tell(2);
	await has([four], 660, 661, 'after a reload');
	say('  600 missed: a reload, and on from there');

	/* Signed out elsewhere: this page knows at once. */
	const begun = Date.now();
	assert.equal(await four.evaluate(() => fetch('/api/auth/logout/', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })
		.then((r) => r.status)), 200);
	await until('signed out', async () => (await how(four)).state === 'signed_out' || await how(four));
	say(`  signed out: the page knew after ${Date.now() - begun} ms`);
	await context.close();
}

/* Signed out, the tabs are quiet, also one that comes then; signed in again, the next to come or to be looked at brings all back. */
async function out_and_in(browser, instance)
{
	const nima = await Person.make(instance);
	const context = await signed_in(browser, instance, nima);
	const post = (page, route, body) => page.evaluate(([r, b]) => fetch(r, { method: 'POST', body: JSON.stringify(b),
		headers: { 'Content-Type': 'application/json', 'X-Gatepost': '1' } }).then((a) => a.status), [route, body]);
	const asked = [];

	await nima.tell(2);
	await until('two told', async () => nima.seq() === 2);
	const [one, two] = [await tab(context, instance), await tab(context, instance)];
	await open(one, 'websocket');
	await open(two, 'websocket');
	await has([one, two], 1, 2, 'what was there before');
	assert.equal(await post(two, '/api/auth/logout/', {}), 200);
	for (const page of [one, two])
		await until('signed out', async () => (await how(page)).state === 'signed_out' || await how(page));

	context.on('request', (r) => /\/api\/|\/ws\//.test(r.url()) && asked.push(`${r.method()} ${new URL(r.url()).pathname}`));
	await new Promise((go) => setTimeout(go, 3000));
	assert.deepEqual(asked, [], 'signed out, nothing is asked');
	const sockets = () => [one, two].reduce((n, p) => n + p.sockets.length, 0);
	const before = sockets();
	const three = await tab(context, instance);
	await until('the tab that came knows', async () => (await how(three)).state === 'signed_out' || await how(three));
	await new Promise((go) => setTimeout(go, 3000));
	const had = asked.length + sockets() - before;
	assert.ok(had <= 8, `${had} requests: ${asked}`);
	await new Promise((go) => setTimeout(go, 5000));
	assert.equal(asked.length + sockets() - before, had, `and no more of them: ${asked}`);
	say(`  signed out: ${had} requests when a tab came, then none`);

	assert.equal(await post(two, '/api/auth/login/?tokens=cookie', { username: nima.phone, password: PASSWORD }), 200);
	const four = await tab(context, instance);
	for (const page of [one, two, three, four])
		await open(page, 'websocket');
	await nima.tell(2);
	await has([one, two, three, four], 1, 4, 'signed in again');
	assert.equal(await post(two, '/api/auth/logout/', {}), 200);
	for (const page of [one, two, three, four])
		await until('signed out', async () => (await how(page)).state === 'signed_out' || await how(page));
	assert.equal(await post(two, '/api/auth/login/?tokens=cookie', { username: nima.phone, password: PASSWORD }), 200);
	await three.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
	for (const page of [one, two, three, four])
		await open(page, 'websocket');
	await nima.tell(1);
	await has([one, two, three, four], 1, 5, 'signed in again, and looked at');
	say('  signed in again: open in every tab, nothing lost, nothing twice');
	await context.close();
}

/* What stands in the way of a WebSocket in the world: a proxy that knows none. */
async function lesser(browser, instance)
{
	const omid = await Person.make(instance);

	for (const [way, ways, block] of [
		['sse', undefined, async (c) => c.routeWebSocket(STREAM, (ws) => ws.close())],
		['sse', undefined, async (c) => c.addInitScript(() => { window.WebSocket = function () { throw new DOMException('policy', 'SecurityError'); }; })],
		['polling', undefined, async (c) => {
			await c.routeWebSocket(STREAM, (ws) => ws.close());
			await c.route(STREAM, (r) => r.abort());
		}],
		['polling', ['polling'], async () => {}],
	]) {
		const context = await signed_in(browser, instance, omid);
		await block(context);
		const before = omid.seq();
		const [one, two] = [await tab(context, instance, { ways, after: before }), await tab(context, instance, { ways, after: before })];
		await open(one, way);
		await open(two, way);
		await omid.tell(3);
		await has([one, two], before + 1, before + 3, `by ${way}`);
		const id = await one.evaluate(() => window.got[1].id);
		await two.evaluate((i) => window.inbox.read(i), id);
		for (const page of [one, two])
			await until('read is counted', async () => (await how(page)).counts.unread === omid.said - 1 || (await how(page)).counts);
		await two.evaluate(() => window.inbox.readAll());
		await until('all is read', async () => (await how(one)).counts.unread === 0 || (await how(one)).counts);
		sql(instance, `UPDATE inbox SET read_at = NULL WHERE user_id = ${omid.id}; UPDATE inbox_count SET unread = seq WHERE user_id = ${omid.id}`);
		await context.close();
		say(`  ${ways ? 'asked for' : 'blocked, so'}: ${way}`);
	}
}

lib.main('chromium_inbox', () => with_chromium(async (browser, instance) => {
	const part = process.env.GATEPOST_INBOX_PART;
	for (const [name, walk] of Object.entries({ tabs, out_and_in, lesser }))
		if (!part || part === name)
			await walk(browser, instance);
}).then(() => say('PASSED chromium_inbox')));
