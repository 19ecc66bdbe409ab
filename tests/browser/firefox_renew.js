'use strict';
/*
 * A push service that has lost its browsers: Firefox drops its subscription, and the service worker makes a new one and tells the account,
 * with nobody touching the page.
 *
 *	node tests/browser/firefox_renew.js --instance var/instance.env
 *
 * The push server is this test's own, so that it can be restarted empty; its endpoints bear the sandbox's origin, which the
 * instance allows. Exit: 0 passed, 1 failed, 77 no Firefox or no puppeteer-core here.
 */
const assert = require('node:assert/strict');
const autopush = require('../sandbox/autopush.js');
const firefox = require('./firefox.js');
const lib = require('./instance.js');
const { administrator } = require('./console.js');

const say = (text) => process.stdout.write(`${text}\n`);

/* The origin of the endpoints that this instance may send to, as the sandbox itself makes them. */
async function push_origin(instance)
{
	const made = await lib.request(`${instance.env.GATEPOST_SANDBOX_URL.replace(/\/$/, '')}/push/subscriptions`, { method: 'POST', body: {} });
	assert.ok(made.json && made.json.endpoint, `the sandbox made no subscription: ${made.status} ${made.text}`);
	return new URL(made.json.endpoint).origin;
}

async function run()
{
	const opt = lib.options(process.argv.slice(2), ['instance']);
	const instance = lib.load(opt.instance || 'var/instance.env');
	const pushOrigin = await push_origin(instance);
	const home = lib.make_home(instance, '.');
	let push = await autopush.start({ port: 0, pushOrigin });
	const { port } = push;
	let browser = null;

	try {
		browser = await firefox.launch(home, `ws://127.0.0.1:${port}/`);
		const page = await browser.newPage();
		const before = await firefox.subscribe(page, instance);
		await firefox.sign_in(page, administrator(instance));
		await firefox.account_lists(page, before.endpoint);
		say(`  subscribed and saved: ${before.endpoint}`);

		await push.close();
		push = await autopush.start({ port, pushOrigin });
		await page.waitForFunction((old) => {
			const text = document.getElementById('subscription').textContent;
			return text && JSON.parse(text).endpoint !== old;
		}, { timeout: firefox.WAIT }, before.endpoint);
		const after = await firefox.subscription_of(page);
		assert.ok(after.endpoint.startsWith(`${pushOrigin}/autopush/`));
		assert.notEqual(after.keys.p256dh, before.keys.p256dh);
		await firefox.account_lists(page, after.endpoint);
		assert.equal(await page.evaluate(async (old) => (await (await fetch('/api/push/subscriptions/?limit=100', { cache: 'no-store' })).json())
			.results.some((d) => d.endpoint === old), before.endpoint), false, 'in place of the old one');
		say(`  renewed and saved by the service worker: ${after.endpoint}`);
	} finally {
		if (browser)
			await browser.close();
		await push.close();
		lib.remove_home(home);
	}
	say('PASSED firefox_renew');
}

lib.main('firefox_renew', run);
