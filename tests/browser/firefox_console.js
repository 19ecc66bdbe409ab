'use strict';
/*
 * A real Firefox shows a push that an admin sent from the console.
 *
 *	node tests/browser/firefox_console.js --instance var/instance.env [--shot FILE.png]
 *
 * Firefox subscribes on the push page and signs in as the administrator; on the console's page of a group that the administrator is
 * in, "Send a push" is pressed and filled in as a person would, and Firefox lists the notification.
 *
 * Exit: 0 passed, 1 failed, 77 no Firefox or no puppeteer-core here. FIREFOX names another program.
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const firefox = require('./firefox.js');
const lib = require('./instance.js');
const { administrator } = require('./console.js');

const { WAIT } = firefox;
const say = (text) => process.stdout.write(`${text}\n`);

async function call(instance, method, path, body, token)
{
	const r = await lib.request(`${instance.url}${path}`, { method, body, ca: instance.ca, headers: token ? { authorization: `Bearer ${token}` } : {} });
	assert.ok(r.status < 300, `${method} ${path}: ${r.status} ${r.text}`);
	return r.json;
}

/* What Firefox itself lists, whichever page registered the worker. */
function shown(page, title)
{
	return page.evaluate(async (t) => {
		const all = await Promise.all((await navigator.serviceWorker.getRegistrations()).map((r) => r.getNotifications()));
		return all.flat().filter((n) => n.title === t).map((n) => n.body);
	}, title);
}

async function run()
{
	const opt = lib.options(process.argv.slice(2), ['instance', 'shot']);
	const instance = lib.load(opt.instance || 'var/instance.env');
	const autopush = await lib.autopush_url(instance);
	const home = lib.make_home(instance, '.');
	const tag = crypto.randomBytes(4).toString('hex');
	const title = `Console ${tag}`, body = 'سلام از کنسول 🎉';
	let browser = null;

	try {
		browser = await firefox.launch(home, autopush);
		say(`${await browser.version()} in a fresh profile, push server ${autopush}`);
		const page = await browser.newPage();
		const subscription = await firefox.subscribe(page, instance);
		await firefox.sign_in(page, administrator(instance));
		await firefox.account_lists(page, subscription.endpoint);
		const token = instance.env.GATEPOST_ADMIN_TOKEN;
		const me = await page.evaluate(async () => (await (await fetch('/api/auth/profile/')).json()).id);
		const group = await call(instance, 'POST', '/api/push/groups/', { name: `console-${tag}` }, token);
		await call(instance, 'POST', `/api/push/groups/${group.id}/members/`, { user_ids: [me] }, token);

		await page.goto(`${instance.url}/console/groups/${group.id}/`, { waitUntil: 'load', timeout: WAIT });
		await page.waitForSelector('.page-actions .button.primary', { timeout: WAIT });
		await page.click('.page-actions .button.primary');
		await page.waitForSelector('dialog[open] input[name=title]', { timeout: WAIT });
		await page.type('dialog[open] input[name=title]', title);
		await page.type('dialog[open] textarea[name=body]', body);
		await page.click('dialog[open] .button.primary');
		await page.waitForSelector('.toast', { timeout: WAIT });
		say(`  the console says: ${await page.$eval('.toast', (el) => el.textContent)}`);
		const end = Date.now() + WAIT;
		let list = [];
		while (list.length === 0 && Date.now() < end) {
			list = await shown(page, title);
			await new Promise((go) => setTimeout(go, 100));
		}
		assert.deepEqual(list, [body], 'Firefox lists what the admin wrote');
		say(`  shown by Firefox: "${title}"`);
		if (opt.shot)
			await page.screenshot({ path: opt.shot, fullPage: true });
		await call(instance, 'DELETE', `/api/push/groups/${group.id}/`, undefined, token);
	} finally {
		if (browser)
			await browser.close();
		lib.remove_home(home);
	}
	say('PASSED firefox_console');
}

lib.main('firefox_console', run);
