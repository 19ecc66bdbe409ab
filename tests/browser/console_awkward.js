'use strict';
/*
 * The console where things are against it, in Chromium against a running instance.
 *
 *	node tests/browser/console_awkward.js --instance var/instance.env
 *
 * Shown: a page that asks every two seconds and is answered after three shows the answers all the same; a device's clock that is a day
 * off makes no time wrong; without a network the page says so, and comes back with it; forty notifications at once are few
 * questions and all there; what is looked for is found with the marks of direction that came with its copy; and a browser that keeps
 * no cookies is told so where one signs in, instead of being sent round.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, with_chromium, with_profile } = require('./chromium.js');
const { administrator, ask, context_of, open_at, register, settled, sql, until } = require('./console.js');

const say = (text) => process.stdout.write(`  ${text}\n`);

/* Longer than the page waits between two questions; and what was asked before a step says nothing of it. */
async function slow(context, instance)
{
	const made = await ask(instance, 'POST', '/api/campaigns/', { name: 'Slow', title: 'Slow', body: 'Slow', channels: ['email'], audience: { all: true } },
		instance.env.GATEPOST_ADMIN_TOKEN);
	assert.equal(made.status, 201, made.text);
	const page = await open_at(context, instance, 'campaigns/');
	let asked = 0;

	await page.route('**/api/campaigns/*/', async (route) => {
		asked++;
		const { json } = await ask(instance, 'GET', new URL(route.request().url()).pathname, undefined, instance.env.GATEPOST_ADMIN_TOKEN);
		await new Promise((go) => setTimeout(go, 3000));
		await route.fulfill({ json }).catch(() => { /* the page has gone */ });
	});
	await page.locator(`.table-box a[href="/console/campaigns/${made.json.id}/"]`).click();
	await page.waitForSelector('main h1:text-is("Slow")');
	assert.ok(asked < 3, `${asked} questions at once`);
	await page.locator('.page-actions .danger').click();
	await page.fill('dialog input', 'Slow');
	await page.evaluate(() => {
		window.seen = [];
		new MutationObserver(() => window.seen.push(document.querySelector('main .badge').textContent)).observe(document.querySelector('main'),
			{ subtree: true, childList: true, characterData: true });
	});
	const one = (r) => r.method() === 'GET' && r.url().endsWith(`/api/campaigns/${made.json.id}/`);
	const before = await page.waitForRequest(one);
	await page.click('dialog .danger');
	await page.waitForSelector('main .badge:text-is("cancelled")');
	await before.response();
	await (await page.waitForRequest(one)).response();
	assert.deepEqual(await page.evaluate(() => [...new Set(window.seen)]), ['cancelled']);
	await page.unrouteAll({ behavior: 'ignoreErrors' });
	await page.close();
	say('answers that take longer than the page waits are shown, unless they are of before');
}

/* A day ahead, and a day behind. */
async function clock(browser, instance, person)
{
	for (const days of [1, -1]) {
		const context = await context_of(browser, instance, person);
		await context.addInitScript((off) => {
			const True = Date;
			globalThis.Date = class extends True {
				constructor(...how)
				{
					super(...(how.length ? how : [True.now() + off]));
				}

				static now()
				{
					return True.now() + off;
				}
			};
		}, days * 86400e3);
		const page = await open_at(context, instance, 'sessions/');
		const said = await page.locator('tr:has-text("This one") time').allTextContents();
		assert.equal(said.length, 2);
		for (const text of said)
			assert.match(text, /^now$|^\d+ (sec|min)\.? ago$/, `a clock ${days} days off`);
		await context.close();
	}
	say('a clock that is a day off makes no time wrong');
}

async function offline(browser, instance, person)
{
	const context = await context_of(browser, instance, person);
	const page = await open_at(context, instance, 'profile/');

	await context.setOffline(true);
	await page.click('.nav a:has-text("Devices")');
	await page.waitForSelector('main .notice:has-text("The server does not answer.")');
	await context.setOffline(false);
	await page.waitForSelector('main h1:text-is("Devices")');		/* nobody pressed anything */
	await settled(page);
	/* A page whose words have to come, too. */
	const other = await context_of(browser, instance, administrator(instance));
	const far = await open_at(other, instance, 'profile/');
	await other.setOffline(true);
	await far.click('.nav a:has-text("Templates")');
	await far.waitForSelector('main .notice:has-text("The server does not answer.")');
	await other.setOffline(false);
	await far.waitForSelector('main h1:text-is("Templates")');
	await other.close();
	await page.route('**/api/auth/sessions/', (r) => r.fulfill({ status: 503, headers: { 'Retry-After': '1' }, contentType: 'application/problem+json',
		json: { title: 'Unavailable', detail: 'Not now.', code: 'unavailable', status: 503 } }));
	await page.click('.nav a:has-text("Sessions")');
	await page.waitForSelector('main .notice:has-text("Unavailable. Not now.")');
	await page.unroute('**/api/auth/sessions/');
	await page.waitForSelector('tr:has-text("This one")');
	assert.equal(await page.locator('main .notice').count(), 0);
	/* Before it knows who it is. */
	await page.route('**/api/auth/profile/', (r) => r.fulfill({ status: 503, contentType: 'application/problem+json', json: { title: 'Unavailable', status: 503 } }));
	await page.reload();
	await page.waitForSelector('[role=alert]:has-text("The server cannot answer right now.")');
	await page.unroute('**/api/auth/profile/');
	await page.waitForSelector('tr:has-text("This one")');
	await context.close();
	say('without a network, or while the server says "not now", it says so, and goes on by itself');
}

async function flood(browser, instance, person)
{
	const N = 40;
	const context = await context_of(browser, instance, person);
	const page = await open_at(context, instance, 'inbox/');
	const token = instance.env.GATEPOST_ADMIN_TOKEN;
	let asked = 0;

	await ask(instance, 'POST', '/api/notifications/', { user_id: person.id, channels: ['in_app'], title: 'First', body: 'x' }, token);
	await page.waitForSelector('.inbox-title:text-is("First")');
	page.on('request', (r) => { asked += new URL(r.url()).pathname === '/api/inbox/'; });
	const begun = Date.now();
	const sent = await Promise.all(Array.from({ length: N }, (_, i) => ask(instance, 'POST', '/api/notifications/',
		{ user_id: person.id, channels: ['in_app'], title: `One of ${i}`, body: 'x' }, token)));
	assert.deepEqual(sent.filter((r) => r.status >= 300).map((r) => r.text), []);
	const row = `FROM inbox i JOIN notification n ON n.id = i.notification_id WHERE i.user_id = ${person.id}`;
	const newest = () => sql(instance, `SELECT COUNT(*) ${row} AND title LIKE 'One of%'`) === String(N) && sql(instance, `SELECT title ${row} ORDER BY seq DESC LIMIT 20`);
	await until('the newest stand on top, each once', async () => {
		const want = newest();
		return want && (await page.locator('.inbox-title').allTextContents()).join('\n') === want;
	});
	const most = 3 + 2 * Math.ceil((Date.now() - begun) / 1000);
	assert.ok(asked <= most, `${asked} questions in ${Date.now() - begun} ms`);
	await page.waitForSelector(`.lead:has-text("${sql(instance, `SELECT unread FROM inbox_count WHERE user_id = ${person.id}`)} unread")`);
	await context.close();
	say(`${N} notifications at once: ${asked} questions`);
}

async function searched(context, instance, person)
{
	const page = await open_at(context, instance, 'users/');

	await page.locator('[data-search]').fill(`\u202a${person.phone}\u202c\u200e `);
	await page.waitForURL((u) => u.searchParams.get('q') === person.phone);
	await page.locator(`.table-box a[href="/console/users/${person.id}/"]`).waitFor();
	const nameless = await register(instance, { first_name: '\u200c', last_name: '\u200d' });
	await page.locator('[data-search]').fill(nameless.phone);
	await page.locator(`.table-box a[href="/console/users/${nameless.id}/"]:has-text("${nameless.phone}")`).click();
	await page.waitForSelector(`main h1:text-is("${nameless.phone}")`);
	await page.close();
	say('a number is found with the marks that came with its copy, and who has a name that nobody sees');
}

/* A browser whose owner blocks cookies for all sites; by a profile of its own, as nothing else says so. */
async function no_cookies(instance)
{
	const root = administrator(instance);

	await with_profile(instance, async (context) => {
		const page = context.pages()[0] || await context.newPage();
		const told = () => page.waitForSelector('#said:has-text("This browser blocks cookies")');

		page.setDefaultTimeout(WAIT);
		await page.goto(`${instance.url}/console/sessions/`);
		await page.waitForURL('**/console/signin/?rd=*');
		await told();
		await page.fill('#username', root.username);
		await page.fill('#password', root.password);
		await page.evaluate(() => {
			window.same = true;
			document.getElementById('said').textContent = '';
		});
		await Promise.all([page.waitForResponse((r) => r.url().includes('/api/auth/login/')), page.click('#signin button:not(.plain)')]);
		await told();
		assert.equal(await page.evaluate(() => window.same), true, 'not sent round');
	}, (home) => {
		const dir = path.join(home, 'profile/Default');
		fs.mkdirSync(dir, { recursive: true });
		fs.writeFileSync(path.join(dir, 'Preferences'), JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }));
	});
	say('a browser that keeps no cookies is told so, and not sent round');
}

lib.main('console_awkward', () => with_chromium(async (browser, instance) => {
	const person = await register(instance, { first_name: 'Roya' });
	const admin = await context_of(browser, instance, administrator(instance));

	await slow(admin, instance);
	await searched(admin, instance, person);
	await admin.close();
	await clock(browser, instance, person);
	await offline(browser, instance, person);
	await flood(browser, instance, person);
	await no_cookies(instance);
}).then(() => process.stdout.write('PASSED console_awkward\n')));
