'use strict';
/*
 * The push page and its service worker in Chromium, against a running instance.
 *
 *	node tests/browser/chromium_smoke.js --instance var/instance.env [--shots DIR]
 *
 * Shown: the page fits 320, 768 and 1440 pixels, light and dark, without scrolling sideways; nothing on it breaks the site's own
 * Content-Security-Policy, and that policy allows no inline script; every control has a name and a finger's size; nothing
 * is fetched from elsewhere. Then DevTools hands the service worker pushes as a push service would, hostile ones among them, and the
 * notifications that Chromium lists are compared. (Chromium's own push service is Google's: the whole way is Firefox's test.)
 * A click leads to the page that is meant, in the console that stands open or in a new window; an address that the push service
 * changed takes the old one's place in the account, also with a token that has run out, but not when it is another account's; who signs
 * out is told so when it is true; and Chromium would install the console.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, WIDTHS, page_faults, watch, with_chromium, with_profile } = require('./chromium.js');
const { context_of, register, settled, sql, until } = require('./console.js');

const say = (text) => process.stdout.write(`${text}\n`);

function check_policy(csp)
{
	assert.ok(csp, 'the page has no Content-Security-Policy');
	assert.doesNotMatch(csp, /unsafe-(inline|eval)/);
	assert.match(csp, /(default|script)-src 'self'/);
	assert.match(csp, /frame-ancestors 'none'/);
}

async function looks(browser, instance, shots)
{
	const origin = new URL(instance.url).origin;

	for (const colorScheme of ['light', 'dark']) {
		for (const [width, height] of WIDTHS) {
			const context = await browser.newContext({ viewport: { width, height }, colorScheme, ignoreHTTPSErrors: instance.any_certificate });
			const page = await context.newPage();
			const faults = await watch(context, page, [origin]);
			const answer = await page.goto(`${instance.url}/push/`, { waitUntil: 'load', timeout: WAIT });

			assert.equal(answer.status(), 200);
			check_policy(answer.headers()['content-security-policy']);
			await page.waitForFunction(() => document.getElementById('state').textContent !== 'Looking…'
				&& document.getElementById('who').textContent !== 'Looking…', null, { timeout: WAIT });
			/* The longest thing the page can be made to show: a word that does not break. */
			await page.evaluate(() => {
				navigator.serviceWorker.dispatchEvent(new MessageEvent('message',
					{ data: { type: 'gatepost-push', payload: { title: 'W'.repeat(120), body: 'm'.repeat(500) }, at: 0 } }));
			});
			await page.waitForSelector('#received li');
			faults.push(...await page.evaluate(page_faults));
			if (shots)
				await page.screenshot({ path: path.join(shots, `push-${width}-${colorScheme}.png`), fullPage: true });
			assert.deepEqual(faults, [], `at ${width} pixels, ${colorScheme}`);
			await context.close();
			say(`  fits ${width} pixels, ${colorScheme}`);
		}
	}
}

/* What is pushed, and what Chromium must then list. Order matters: each is told from the others by its title. */
function pushes(origin)
{
	const full = { title: 'Full', head: 'Full', body: 'text', url: '/push/?a=1', icon: '/push/icon.svg', requireInteraction: true, data: { url: '/push/?a=1', orderId: '7' } };
	const host = new URL(origin).host;

	return [
		['a whole message', JSON.stringify(full), { title: 'Full', body: 'text', url: `${origin}/push/?a=1`, requireInteraction: true, orderId: '7' }],
		['interaction not required', JSON.stringify({ ...full, title: 'Brief', requireInteraction: false }), { title: 'Brief', body: 'text', url: `${origin}/push/?a=1`, requireInteraction: false, orderId: '7' }],
		['another site\'s address', JSON.stringify({ title: 'Abroad', body: 'b', url: 'https://elsewhere.example/x' }), { title: 'Abroad', body: 'b', url: `${origin}/console/inbox/`, requireInteraction: true }],
		['an address without scheme', JSON.stringify({ title: 'Slashes', body: 'b', url: '//elsewhere.example/x' }), { title: 'Slashes', body: 'b', url: `${origin}/console/inbox/`, requireInteraction: true }],
		['a script for an address', JSON.stringify({ title: 'Script', body: 'b', data: { url: 'javascript:alert(1)' } }), { title: 'Script', body: 'b', url: `${origin}/console/inbox/`, requireInteraction: true }],
		['wrong types', JSON.stringify({ title: 'Types', body: ['b'], url: 5, icon: {}, data: null }), { title: 'Types', body: '', url: `${origin}/console/inbox/`, requireInteraction: true }],
		['markup', JSON.stringify({ title: '<b>M</b>', body: '<img src=x>' }), { title: '<b>M</b>', body: '<img src=x>', url: `${origin}/console/inbox/`, requireInteraction: true }],
		['no JSON', 'plain words', { title: host, body: 'plain words', url: `${origin}/console/inbox/`, requireInteraction: true }],
	];
}

/*
 * The one notification whose title is not among `known`, as Chromium lists it. DevTools' push is dropped without a word while
 * a busy browser has not stored the registration, or not yet let the worker go to sleep: then it is given again.
 */
async function shown(page, known, deliver)
{
	let given = 0;

	for (const end = Date.now() + WAIT; Date.now() < end;) {
		await deliver();
		given++;
		for (const soon = Date.now() + 4000; Date.now() < soon;) {
			const list = await page.evaluate(async (titles) => {
				const reg = await navigator.serviceWorker.ready;
				return (await reg.getNotifications()).filter((n) => !titles.includes(n.title))
					.map((n) => ({ title: n.title, body: n.body, requireInteraction: n.requireInteraction, ...n.data }));
			}, known);
			for (const n of list)
				assert.deepEqual(n, list[0], 'several at once');
			assert.ok(list.length <= given, `shown ${list.length} times`);
			if (list.length)
				return { given, one: list[0] };
			await page.waitForTimeout(50);
		}
	}
	throw new Error('no notification came');
}

async function worker_shows(browser, instance)
{
	const origin = new URL(instance.url).origin;
	const context = await browser.newContext({ ignoreHTTPSErrors: instance.any_certificate });
	await context.grantPermissions(['notifications'], { origin });
	const page = await context.newPage();
	const faults = await watch(context, page, [origin]);
	const cdp = await context.newCDPSession(page);
	const registered = new Promise((resolve) => cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
		const v = versions.find((w) => w.status === 'activated' && w.scriptURL.endsWith('/gatepost-sw.js'));
		if (v)
			resolve(v.registrationId);
	}));
	await cdp.send('ServiceWorker.enable');
	await page.goto(`${instance.url}/push/`, { waitUntil: 'load', timeout: WAIT });
	const registrationId = await registered;
	/* "activated" is announced before the page sees an active worker; a push
	 * delivered in between is dropped by the browser. */
	await page.evaluate(async () => {
		const worker = (await navigator.serviceWorker.ready).active;
		while (worker.state !== 'activated')
			await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }));
	});
	const seen = new Set();
	let given = 0;

	for (const [what, data, want] of pushes(origin)) {
		const got = await shown(page, [...seen], () => cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data }));
		assert.deepEqual(got.one, want, what);
		given += got.given;
		seen.add(want.title);
		say(`  service worker, ${what}: as it should be`);
	}
	await page.waitForFunction(([least, most]) => {
		const n = document.querySelectorAll('#received li').length;
		return n >= least && n <= most;
	}, [pushes(origin).length, given], { timeout: WAIT });
	faults.push(...await page.evaluate(page_faults));
	assert.deepEqual(faults, []);
	await context.close();
}

/* A click on a notification with this address: which window is focused, and which would be opened. */
function click(worker, url)
{
	return worker.evaluate(async (to) => {
		const done = { focused: [], opened: [] };
		const waits = [];
		const event = new ExtendableEvent('notificationclick');

		/* Only a person's click may do these. */
		WindowClient.prototype.focus = function focus() { done.focused.push(new URL(this.url).pathname); return Promise.resolve(this); };
		Object.defineProperty(self.clients, 'openWindow', { configurable: true, value: (u) => { done.opened.push(u); return Promise.resolve(null); } });
		Object.defineProperty(event, 'notification', { value: { close() {}, data: to === null ? null : { url: to } } });
		Object.defineProperty(event, 'waitUntil', { value: (p) => waits.push(p) });
		self.dispatchEvent(event);
		await Promise.all(waits);
		return done;
	}, url);
}

async function clicks_lead(context, instance, page)
{
	const { url } = instance;
	const worker = context.serviceWorkers().find((w) => w.url().endsWith('/gatepost-sw.js'));

	assert.deepEqual(await click(worker, '/push/'), { focused: ['/push/'], opened: [] }, 'the page that stands open');
	assert.deepEqual(await click(worker, '/orders/7'), { focused: [], opened: [`${url}/orders/7`] });
	assert.deepEqual(await click(worker, 'https://elsewhere.example/'), { focused: [], opened: [`${url}/console/inbox/`] });
	assert.deepEqual(await click(worker, null), { focused: [], opened: [`${url}/console/inbox/`] });
	const there = await context.newPage();
	await there.goto(`${url}/console/profile/`, { timeout: WAIT });
	await settled(there);
	await there.evaluate(() => { window.same = true; });
	await until('the console listens', async () => (await click(worker, '/console/preferences/')).focused.length === 1);
	await there.waitForURL(`${url}/console/preferences/`, { timeout: WAIT });
	assert.equal(await there.evaluate(() => window.same), true, 'it was not loaded anew');
	assert.deepEqual(await click(worker, '/orders/7'), { focused: [], opened: [`${url}/orders/7`] });
	await there.goto(`${url}/console/words/en/frame.js`, { timeout: WAIT });
	assert.deepEqual((await click(worker, '/console/security/')).opened, [`${url}/console/security/`], 'a page that does not answer is no console');
	await there.close();
	await page.bringToFront();
	say('  a click leads to the page that is meant, in the console that is open');
}

async function addresses_change(context, instance, person)
{
	const worker = context.serviceWorkers().find((w) => w.url().endsWith('/gatepost-sw.js'));
	const key = (await lib.request(`${instance.url}/api/push/vapid-key/`, { ca: instance.ca })).json.public_key;
	const make = async () => {
		const made = await lib.request(`${instance.env.GATEPOST_SANDBOX_URL}/push/subscriptions`, { method: 'POST', body: { vapid_public_key: key } });
		return { endpoint: made.json.endpoint, keys: made.json.keys };
	};
	const change = (before, after) => worker.evaluate(async ([old, now]) => {
		const event = new ExtendableEvent('pushsubscriptionchange');
		const waits = [];
		Object.defineProperty(event, 'newSubscription', { value: { endpoint: now.endpoint, toJSON: () => now } });
		Object.defineProperty(event, 'oldSubscription', { value: old });
		Object.defineProperty(event, 'waitUntil', { value: (p) => waits.push(p) });
		self.dispatchEvent(event);
		await Promise.all(waits);
	}, [before, after]);
	const known = () => sql(instance, `SELECT target FROM device WHERE user_id = ${person.id} AND kind = 'web_push' AND is_active`).split('\n');
	const [one, two, three] = [await make(), await make(), await make()];

	await change(null, one);
	assert.deepEqual(known(), [one.endpoint]);
	await change({ endpoint: one.endpoint }, two);
	assert.deepEqual(known(), [two.endpoint], 'in place of the old one');
	/* This browser does not say what it had, and the token has run out. */
	await context.clearCookies({ name: '__Host-gatepost' });
	await change(null, three);
	assert.deepEqual(known(), [three.endpoint], 'as it was kept, with a fresh token');
	assert.ok((await context.cookies()).some((c) => c.name === '__Host-gatepost'));
	await change(null, three);
	assert.deepEqual(known(), [three.endpoint], 'twice is once');
	/* What somebody else turned on in this browser is not hers. */
	await worker.evaluate(async (other) => (await caches.open('gatepost-push')).put('/push/endpoint',
		new Response('https://updates.push.services.mozilla.com/wpush/v2/of-another', { headers: { 'X-Gatepost-User': other } })), String(person.id + 1));
	await change(null, await make());
	assert.deepEqual(known(), [three.endpoint], 'of another account');
	say('  a new address takes the place of the old, also with a token that ran out, and never another account\'s');
}

/* Signing out on the page: not said before it is answered. */
async function signs_out(context, page)
{
	const profile = () => page.evaluate(async () => (await fetch('/api/auth/profile/', { cache: 'no-store' })).status);

	await page.reload();
	await page.waitForSelector('#signout:not([hidden])', { timeout: WAIT });
	await context.route('**/api/auth/logout/**', (r) => r.fulfill({ status: 503, contentType: 'application/problem+json', json: { title: 'Not now', code: 'unavailable' } }));
	await page.click('#signout');
	await page.waitForSelector('#who.bad:has-text("Not now")', { timeout: WAIT });
	assert.equal(await page.isVisible('#signout'), true, 'still there');
	assert.equal(await profile(), 200);
	await context.unroute('**/api/auth/logout/**');
	const other = await context.newPage();
	await other.goto(page.url(), { timeout: WAIT });
	await other.waitForSelector('#signout:not([hidden])', { timeout: WAIT });
	await page.click('#signout');
	await page.waitForSelector('#signin:not([hidden])', { timeout: WAIT });
	assert.equal(await page.textContent('#who'), 'Not signed in.');
	assert.equal(await profile(), 401);
	assert.deepEqual((await context.cookies()).filter((c) => /^__(Host-gatepost|Secure-gatepost-refresh)$/.test(c.name)), []);
	/* Headless, no tab is ever hidden. */
	await other.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
	await other.waitForSelector('#signin:not([hidden])', { timeout: WAIT });
	await other.close();
	say('  signed out on the page when that was answered, and not before; another tab knows when it is looked at');
}

async function worker_serves(browser, instance)
{
	const person = await register(instance);
	const context = await context_of(browser, instance, person);
	await context.grantPermissions(['notifications'], { origin: new URL(instance.url).origin });
	const page = await context.newPage();

	await page.goto(`${instance.url}/push/`, { waitUntil: 'load', timeout: WAIT });
	await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
	await clicks_lead(context, instance, page);
	await addresses_change(context, instance, person);
	await signs_out(context, page);
	await context.close();
}

/* As Chromium itself judges it, in a window that is not private. */
function installs(instance)
{
	return with_profile(instance, async (context) => {
		const page = context.pages()[0] || await context.newPage();
		const cdp = await context.newCDPSession(page);

		await cdp.send('Page.enable');
		await page.goto(`${instance.url}/console/signin/`, { waitUntil: 'load', timeout: WAIT });
		const manifest = await cdp.send('Page.getAppManifest');
		assert.deepEqual(manifest.errors, []);
		assert.equal(manifest.url, `${instance.url}/manifest.webmanifest`);
		assert.deepEqual((await cdp.send('Page.getInstallabilityErrors')).installabilityErrors, []);
		assert.equal((await cdp.send('Page.getAppId')).appId, `${instance.url}/console/`);
		await page.evaluate(() => localStorage.setItem('gatepost-language', 'fa'));
		await page.reload({ waitUntil: 'load' });
		assert.equal(await page.evaluate(() => document.querySelector('link[rel="manifest"]').href), `${instance.url}/manifest.fa.webmanifest`);
		assert.deepEqual((await cdp.send('Page.getInstallabilityErrors')).installabilityErrors, []);
		say('  installable, in both languages');
	});
}

async function run()
{
	await with_chromium(async (browser, instance, opt) => {
		await looks(browser, instance, opt.shots);
		await worker_shows(browser, instance);
		await worker_serves(browser, instance);
		await installs(instance);
	});
	say('PASSED chromium_smoke');
}

lib.main('chromium_smoke', run);
