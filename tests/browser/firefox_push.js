'use strict';
/*
 * A real Firefox receives a push that the instance sent.
 *
 *	node tests/browser/firefox_push.js --instance var/instance.env [--shot FILE.png]
 *
 * Firefox opens the instance's push page in a fresh profile, subscribes through its own push client to the sandbox's autopush server, and
 * POST /api/push/send/single/ sends to what it got, and an administrator from the console. Passed means: Firefox decrypted the message, its service worker saw what was
 * sent, and Firefox itself lists the notification. What one person turned on is not taken over by the next. Then the browser
 * unsubscribes, and the same send must fail.
 *
 * Exit: 0 passed, 1 failed, 77 no Firefox or no puppeteer-core here. FIREFOX names another program.
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const firefox = require('./firefox.js');
const lib = require('./instance.js');
const { administrator, register, sql } = require('./console.js');

const { WAIT } = firefox;

const say = (text) => process.stdout.write(`${text}\n`);

/* The page's report of messages: its list holds each payload as the service worker got it. */
async function payload_titled(page, title)
{
	const li = await page.waitForFunction((t) => [...document.querySelectorAll('#received li')].map((el) => JSON.parse(el.dataset.payload)).find((p) => p.title === t),
		{ timeout: WAIT }, title);
	return li.jsonValue();
}

async function shown(page, title)
{
	return page.evaluate(async (t) => {
		const reg = await navigator.serviceWorker.ready;
		return (await reg.getNotifications()).filter((n) => n.title === t)
			.map((n) => ({ title: n.title, body: n.body, requireInteraction: n.requireInteraction, data: n.data }));
	}, title);
}

/* As a user would: a Firefox without a desktop shows three alerts that wait for a click, and the next only when one of them goes. */
function dismiss(page)
{
	return page.evaluate(async () => {
		const reg = await navigator.serviceWorker.ready;
		(await reg.getNotifications()).forEach((n) => n.close());
	});
}

function send(instance, subscription, message)
{
	return lib.request(`${instance.url}/api/push/send/single/`, {
		method: 'POST', ca: instance.ca,
		headers: { authorization: `Bearer ${instance.env.GATEPOST_ADMIN_TOKEN}`, 'idempotency-key': crypto.randomUUID() },
		body: { subscription_info: subscription, ...message },
	});
}

/* Sends one message, follows it into the browser, and compares what came out with what went in. */
async function round(instance, page, subscription, message)
{
	const answer = await send(instance, subscription, message);
	assert.ok([200, 202].includes(answer.status), `send answered ${answer.status}: ${answer.text}`);
	await arrived(instance, page, message, `answer ${answer.status}`);
}

async function arrived(instance, page, message, how)
{
	const payload = await payload_titled(page, message.title);

	assert.equal(payload.title, message.title);
	assert.equal(payload.head, message.title);
	assert.equal(payload.body, message.body);
	assert.equal(payload.url, message.url);
	assert.equal(payload.requireInteraction, message.require_interaction ?? true);
	for (const [k, v] of Object.entries(message.data || {}))
		assert.deepEqual(payload.data[k], v, `data.${k}`);

	const list = await shown(page, message.title);
	assert.equal(list.length, 1, `Firefox lists ${list.length} notifications titled ${message.title}`);
	assert.equal(list[0].body, message.body);
	assert.equal(new URL(list[0].data.url).origin, new URL(instance.url).origin, 'a click may only lead to this site');
	await dismiss(page);
	say(`  shown by Firefox: "${message.title}" (${how})`);
}

/* What a person does on the page: types, presses the button, reads what it says. */
async function send_from_page(page, message, token)
{
	await page.evaluate((m, t) => {
		const f = document.getElementById('send').elements;
		f.title.value = m.title;
		f.body.value = m.body;
		f.token.value = t;
	}, message, token);
	await page.evaluate(() => document.getElementById('sent').classList.remove('good', 'bad'));
	await page.click('#send-button');
	const said = await page.waitForFunction(() => {
		const el = document.getElementById('sent');
		return el.matches('.good, .bad') && { good: el.matches('.good'), text: el.textContent };
	}, { timeout: WAIT });
	const { good, text } = await said.jsonValue();
	assert.ok(good, `the page says: ${text}`);
}

/* The administrator signs in on the page: nginx sets the cookies, the account learns of this browser, the session may send. */
async function as_admin(instance, browser, page, subscription, message)
{
	await firefox.sign_in(page, administrator(instance));
	assert.doesNotMatch(await page.evaluate(() => document.cookie), /gatepost/i, 'a script can read a credential');
	await firefox.account_lists(page, subscription.endpoint);
	say('  signed in on the page; the account lists this browser');
	await send_from_page(page, message, '');
	await arrived(instance, page, message, 'sent from the page by the session');
	await from_console(instance, browser, page, subscription);
	await by_devices(instance, browser, page);
	await page.click('#signout');
	await page.waitForSelector('#signin:not([hidden])', { timeout: WAIT });
	await as_another(instance, page);
}

/* The next person in this browser: what the administrator turned on stays the administrator's until she turns it on for herself. */
async function as_another(instance, page)
{
	const before = await firefox.subscription_of(page);
	const person = await register(instance);
	const owner = (endpoint) => sql(instance, `SELECT user_id FROM device WHERE target = '${endpoint}'`);
	const mend = (id) => page.evaluate(async (user) => (await import('/console/push.js')).mend(user), String(id));
	const admin = owner(before.endpoint);

	assert.ok(admin && admin !== String(person.id));
	await firefox.sign_in(page, person);
	await page.waitForFunction(() => document.getElementById('state').textContent === 'The notifications of this browser are another account’s.', { timeout: WAIT });
	/* As if the push service had changed the address since. */
	await page.evaluate(async (user) => (await caches.open('gatepost-push')).put('/push/endpoint',
		new Response('https://updates.push.services.mozilla.com/wpush/v2/before', { headers: { 'X-Gatepost-User': user } })), admin);
	await mend(person.id);
	assert.equal(owner(before.endpoint), admin, 'the console takes nothing over');
	await page.click('#enable');
	await page.waitForFunction((old) => JSON.parse(document.getElementById('subscription').textContent).endpoint !== old, { timeout: WAIT }, before.endpoint);
	const after = await firefox.subscription_of(page);
	await firefox.account_lists(page, after.endpoint);
	await page.waitForSelector('#state.good', { timeout: WAIT });
	assert.equal(owner(before.endpoint), admin);
	/* Hers now: a visit mends it. */
	await page.evaluate(async (user) => (await caches.open('gatepost-push')).put('/push/endpoint',
		new Response('https://updates.push.services.mozilla.com/wpush/v2/before', { headers: { 'X-Gatepost-User': user } })), String(person.id));
	sql(instance, `DELETE FROM device WHERE target = '${after.endpoint}'`);
	await mend(person.id);
	assert.equal(owner(after.endpoint), String(person.id), 'mended');
	say('  another account\'s pushes are not taken over, and its own are, by another address');
	await page.click('#signout');
	await page.waitForSelector('#signin:not([hidden])', { timeout: WAIT });
}

/* The administrator finds this browser in the console's list and presses Test. */
async function from_console(instance, browser, page, subscription)
{
	const tab = await browser.newPage();

	await tab.goto(`${instance.url}/console/subscriptions/?token=${encodeURIComponent(subscription.endpoint)}`, { timeout: WAIT });
	const test = await tab.waitForSelector('.table-box tbody tr .row-actions button', { timeout: WAIT });
	await test.click();
	await tab.waitForSelector('.toast.good', { timeout: WAIT });
	await tab.close();
	await payload_titled(page, 'Test');
	const list = await shown(page, 'Test');
	assert.equal(list.length, 1, `Firefox lists ${list.length} notifications of the console`);
	assert.ok(list[0].body);
	await dismiss(page);
	say(`  shown by Firefox: "Test" (sent from the console: "${list[0].body}")`);
}

/* The console's own page of devices: this browser is taken off, turned on again, and gets the test that its button sends. */
async function by_devices(instance, browser, page)
{
	const tab = await browser.newPage();
	const press = async (text) => (await tab.waitForSelector(`::-p-xpath(//button[not(@disabled)][contains(., "${text}")])`, { timeout: WAIT })).click();
	const says = (text) => tab.waitForSelector(`::-p-xpath(//div[contains(@class, "toast")][contains(., "${text}")])`, { timeout: WAIT });

	await tab.goto(`${instance.url}/console/devices/`, { timeout: WAIT });
	await tab.waitForSelector('::-p-xpath(//tr[contains(., "This one")])', { timeout: WAIT });
	await (await tab.waitForSelector('::-p-xpath(//tr[contains(., "This one")]//button[contains(., "Remove")])', { timeout: WAIT })).click();
	await (await tab.waitForSelector('dialog .danger', { timeout: WAIT })).click();
	await says('It gets no more');
	await press('Turn on');
	await says('Push notifications are on in this browser');
	await press('Send a test');
	await says('The test is on its way');
	let list = [];
	for (const end = Date.now() + WAIT; list.length === 0 && Date.now() < end;) {
		list = await shown(page, 'Test');
		await new Promise((go) => setTimeout(go, 100));
	}
	assert.equal(list.length, 1, `Firefox lists ${list.length} notifications of its own test`);
	await tab.close();
	await dismiss(page);
	say('  turned off and on in the console, and its test shown by Firefox');
}

/* For whoever reads a failure: what the page showed and what Firefox lists. */
async function tell(page, shot)
{
	try {
		const text = await page.evaluate(async () => {
			const reg = await navigator.serviceWorker.ready;
			const list = (await reg.getNotifications()).map((n) => n.title);
			return `${document.body.innerText}\n[notifications: ${JSON.stringify(list)}]`;
		});
		process.stderr.write(`the page at the failure:\n${text.replace(/^/gm, '  | ').slice(0, 6000)}\n`);
		if (shot)
			await page.screenshot({ path: shot, fullPage: true });
	} catch (e) {
		process.stderr.write(`the page cannot be read: ${e.message}\n`);
	}
}

async function run()
{
	const opt = lib.options(process.argv.slice(2), ['instance', 'shot']);
	const instance = lib.load(opt.instance || 'var/instance.env');
	assert.ok(instance.env.GATEPOST_ADMIN_TOKEN, 'instance.env has no GATEPOST_ADMIN_TOKEN');
	const autopush = await lib.autopush_url(instance);
	const home = lib.make_home(instance, '.');
	let browser = null;
	let page = null;

	try {
		browser = await firefox.launch(home, autopush);
		say(`${await browser.version()} in a fresh profile, push server ${autopush}`);
		page = await browser.newPage();
		const troubles = [];
		page.on('pageerror', (e) => troubles.push(e.message));
		const subscription = await firefox.subscribe(page, instance);
		assert.match(new URL(subscription.endpoint).pathname, /^\/autopush\/[0-9a-f-]{36}$/);
		assert.equal(Buffer.from(subscription.keys.p256dh, 'base64url').length, 65);
		assert.equal(Buffer.from(subscription.keys.auth, 'base64url').length, 16);
		say(`  subscribed: ${subscription.endpoint}`);

		const tag = crypto.randomBytes(4).toString('hex');
		await round(instance, page, subscription, { title: `Order ${tag}`, body: 'Your order is on its way.', url: '/push/?order=1', data: { orderId: '17' }, ttl: 60, urgency: 'high' });
		await round(instance, page, subscription, { title: `سلام ${tag} 🎉`, body: 'چند خط\nو یک <b>نشانه</b> & "نقل"', url: 'https://elsewhere.example/', require_interaction: false, ttl: 60 });
		await round(instance, page, subscription, { title: `Long ${tag}`, body: 'x'.repeat(2000), url: '/push/', ttl: 60 });

		const by_token = { title: `Page ${tag}`, body: 'from the page, with a token', url: '/push/' };
		await send_from_page(page, by_token, instance.env.GATEPOST_ADMIN_TOKEN);
		await arrived(instance, page, by_token, 'sent from the page with a token');
		if (instance.env.GATEPOST_ADMIN_PASSWORD)
			await as_admin(instance, browser, page, subscription, { title: `Session ${tag}`, body: 'from the page, signed in', url: '/push/' });

		if (opt.shot)
			await page.screenshot({ path: opt.shot, fullPage: true });

		await page.click('#disable');
		await page.waitForSelector('#enable:not([disabled]):not([hidden])', { timeout: WAIT });
		const late = await send(instance, subscription, { title: `Too late ${tag}`, body: 'nobody listens', ttl: 60 });
		assert.equal(late.status, 400, `after unsubscribing the send answered ${late.status}: ${late.text}`);
		assert.equal(late.json && late.json.code, 'delivery_failed');
		assert.deepEqual(await shown(page, `Too late ${tag}`), []);
		say('  unsubscribed: the push service says gone, the send says so');
		assert.deepEqual(troubles, [], 'errors on the page');
	} catch (e) {
		if (page)
			await tell(page, opt.shot);
		throw e;
	} finally {
		if (browser)
			await browser.close();
		lib.remove_home(home);
	}
	say('PASSED firefox_push');
}

lib.main('firefox_push', run);
