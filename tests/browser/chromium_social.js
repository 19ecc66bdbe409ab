'use strict';
/*
 * Sign-in by another site, as somebody does it: the sign-in page, its buttons, the other site's page, and back; against a running
 * instance whose providers are the sandbox's.
 *
 *	node tests/browser/chromium_social.js --instance var/instance.env [--shots DIR]
 *
 * Shown: the page offers what is set up, fits 320 pixels in both languages, light and dark; a click leads to the issuer, a choice
 * there signs in here by cookies that no script can read, and the visitor is where they wanted to go; a second visit is the same
 * account; "no" leads to a page that says so and back to sign-in; an account that has the address already is asked to sign in first.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, until, with_chromium } = require('./chromium.js');

const SIGNIN = '/console/signin/';
const say = (text) => process.stdout.write(`${text}\n`);

/* The sandbox's control API. */
async function sandbox(instance, method, where, body)
{
	const r = await lib.request(`${instance.env.GATEPOST_SANDBOX_URL}${where}`, { method, body });
	assert.equal(r.status, 200, r.text);
	return r.json;
}

/* A page that notes what goes wrong on our own site. */
async function open(browser, instance, options = {})
{
	const context = await browser.newContext({ ignoreHTTPSErrors: instance.any_certificate, ...options });
	const page = await context.newPage();
	const faults = [];

	await context.addInitScript(() => {
		window.violations = [];
		document.addEventListener('securitypolicyviolation', (e) => window.violations.push(`${e.violatedDirective}: ${e.blockedURI}`));
	});
	page.setDefaultTimeout(WAIT);
	page.on('pageerror', (e) => faults.push(`error: ${e.message}`));
	return { context, page, faults };
}

/* The profile by the browser's own cookies: what the site knows of the visitor. */
const me = (page) => page.evaluate(() => fetch('/api/auth/profile/').then((r) => (r.ok ? r.json() : r.status)));

async function choose(page, instance, start, button, person)
{
	await page.goto(instance.url + start, { waitUntil: 'load' });
	await page.click(`#providers a:has-text("${button}")`);
	await page.waitForURL((u) => u.origin !== new URL(instance.url).origin);
	assert.match(await page.textContent('h1'), /Sign in with /);
	await page.click(`a:has-text("${person}")`);
	await page.waitForURL((u) => u.origin === new URL(instance.url).origin && !u.pathname.startsWith('/api/'));
}

async function looks(browser, instance, shots)
{
	for (const [locale, name] of [['en-GB', /^Continue with (Sandbox|Facebook|Google)$/], ['fa-IR', /^ادامه با (Sandbox|Facebook|Google)$/]]) {
		for (const [width, colorScheme] of [[320, 'light'], [320, 'dark'], [1280, 'light'], [1280, 'dark']]) {
			const { context, page, faults } = await open(browser, instance, { locale, colorScheme, viewport: { width, height: 800 } });
			await page.goto(instance.url + SIGNIN, { waitUntil: 'load' });
			await page.waitForSelector('#providers a');
			const buttons = await page.$$eval('#providers a', (all) => all.map((a) => ({ text: a.textContent, href: a.href,
				box: a.getBoundingClientRect().toJSON() })));
			assert.deepEqual(buttons.map((b) => new URL(b.href).pathname), ['google', 'facebook', 'sandbox'].map((p) => `/api/auth/social/${p}/start`));
			for (const b of buttons) {
				assert.match(b.text, name);
				assert.ok(b.box.height >= 40 && b.box.left >= 0 && b.box.right <= width, JSON.stringify(b));
			}
			assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('#providers a')).direction),
			    locale === 'fa-IR' ? 'rtl' : 'ltr');
			assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, 'scrolls sideways');
			assert.deepEqual(await page.evaluate(() => window.violations), []);
			assert.deepEqual(faults, []);
			if (shots)
				await page.screenshot({ path: path.join(shots, `signin-${locale}-${width}-${colorScheme}.png`), fullPage: true });
			await context.close();
		}
		say(`  the page offers what is set up: ${locale}`);
	}
}

async function whole_visit(browser, instance, shots)
{
	const mail = `ann.${crypto.randomBytes(6).toString('hex')}@example.com`;
	const sub = crypto.randomBytes(8).toString('hex');

	await sandbox(instance, 'PUT', '/oidc/settings', { people: { [sub]: { name: 'Ann Button', given_name: 'Ann', family_name: 'Button',
		email: mail, email_verified: true } } });
	const { context, page, faults } = await open(browser, instance);
	await choose(page, instance, `${SIGNIN}?rd=%2Fpush%2F`, 'Sandbox', 'Ann Button');
	assert.equal(new URL(page.url()).pathname, '/push/');
	assert.equal(new URL(page.url()).search, '', 'neither code nor state is left in the address');
	const first = await me(page);
	assert.equal(first.email, mail);
	assert.equal(first.email_verified, true);
	assert.equal(first.first_name, 'Ann');
	const cookies = await context.cookies(instance.url + '/api/auth/');
	const access = cookies.find((c) => c.name === '__Host-gatepost');
	const refresh = cookies.find((c) => c.name === '__Secure-gatepost-refresh');
	assert.ok(access.httpOnly && access.secure && access.sameSite === 'Lax' && access.path === '/');
	assert.ok(refresh.httpOnly && refresh.secure && refresh.sameSite === 'Strict' && refresh.path === '/api/auth/');
	assert.equal(await page.evaluate(() => document.cookie), '');
	/* Cookies set on the way back from another site: do they serve a request of our own page? */
	assert.equal(await page.evaluate(() => fetch('/api/auth/token/refresh/?tokens=cookie', { method: 'POST',
		headers: { 'Content-Type': 'application/json' }, body: '{}' }).then((r) => r.status)), 200);
	assert.deepEqual(faults, []);
	if (shots)
		await page.screenshot({ path: path.join(shots, 'signed-in.png'), fullPage: true });
	await context.close();
	say('  a click, a choice, and signed in');

	const again = await open(browser, instance);
	await choose(again.page, instance, SIGNIN, 'Sandbox', 'Ann Button');
	assert.match(new URL(again.page.url()).pathname, /^\/console\//);
	assert.equal((await me(again.page)).id, first.id);
	/* Back and forth in history: the callback is not run again with its spent state. */
	await again.page.goBack();
	/* A page that is just being exchanged for one of another site has no history for a moment; and whoever comes back to the
	 * sign-in page signed in is sent on by it, which breaks our own step off. */
	await until('forward again', async () => {
		await again.page.goForward().catch((e) => {
			if (!/Not attached to an active page|ERR_ABORTED|interrupted by another/.test(e.message))
				throw e;
		});
		return /^\/console\/(?!signin)/.test(new URL(again.page.url()).pathname);
	});
	assert.equal((await me(again.page)).id, first.id);
	await again.context.close();
	say('  another browser, the same account');
}

async function facebook(browser, instance)
{
	const id = `1015${crypto.randomInt(1e12, 9e12)}`;

	await sandbox(instance, 'PUT', '/facebook/settings', { people: { [id]: { name: 'Phone Only' } } });
	const { context, page } = await open(browser, instance);
	await choose(page, instance, SIGNIN, 'Facebook', 'Phone Only');
	assert.match(new URL(page.url()).pathname, /^\/console\//);
	const who = await me(page);
	assert.equal(who.email, null);
	assert.equal(who.first_name, 'Phone Only');
	await context.close();
	say('  Facebook, without an address');
}

/* As the other issuers, but for an address: it is proved where Google itself keeps the mailbox, whatever it says of others. */
async function google(browser, instance)
{
	for (const [address, proved] of [['gmail.com', true], ['example.com', false]]) {
		const sub = crypto.randomBytes(8).toString('hex');

		await sandbox(instance, 'PUT', '/oidc/settings', { people: { [sub]: { name: 'Gil Mail', given_name: 'Gil', family_name: 'Mail',
			email: `gil.${sub}@${address}`, email_verified: true } } });
		const { context, page, faults } = await open(browser, instance);
		await choose(page, instance, SIGNIN, 'Google', 'Gil Mail');
		assert.match(new URL(page.url()).pathname, /^\/console\//);
		const who = await me(page);
		assert.equal(who.first_name, 'Gil');
		assert.equal(who.email_verified, proved, address);
		assert.equal(await page.evaluate(() => fetch('/api/auth/social/').then((r) => r.json()).then((r) => r.results[0].provider)), 'google');
		assert.deepEqual(faults, []);
		await context.close();
	}
	say('  Google, with a mailbox of its own and with another');
}

async function cancelled(browser, instance, shots)
{
	const { context, page } = await open(browser, instance);

	await page.goto(instance.url + SIGNIN, { waitUntil: 'load' });
	await page.click('#providers a:has-text("Sandbox")');
	await page.click('a:has-text("Cancel")');
	await page.waitForURL((u) => u.pathname.endsWith('/callback'));
	assert.match(await page.textContent('main'), /provider_cancelled/);
	assert.ok(!(await context.cookies()).some((c) => c.name === '__Host-gatepost'));
	if (shots)
		await page.screenshot({ path: path.join(shots, 'cancelled.png'), fullPage: true });
	await page.click('main a');
	await page.waitForSelector('#providers a');
	await context.close();
	say('  a no there is a page here, with a way back');
}

/* From a site behind the gate, by a click, and back there. */
async function behind_the_gate(browser, instance)
{
	const sub = crypto.randomBytes(8).toString('hex');
	const site = `${instance.env.GATEPOST_SITE_URL}/?from=gate`;

	await sandbox(instance, 'PUT', '/oidc/settings', { people: { [sub]: { name: 'Site Visitor',
		email: `site.${sub}@example.com`, email_verified: true } } });
	const { context, page } = await open(browser, instance);
	await page.goto(site, { waitUntil: 'load' });
	assert.equal(new URL(page.url()).origin, new URL(instance.url).origin);
	await page.click('#providers a:has-text("Sandbox")');
	await page.click('a:has-text("Site Visitor")');
	await page.waitForURL(site);
	assert.match(await page.textContent('body'), new RegExp(`site\\.${sub}@example\\.com`));
	await context.close();
	say('  from a protected site, and back there');
}

/* S61: the superuser's address, vouched for by the issuer, opens nothing by itself. */
async function taken_address(browser, instance, shots)
{
	const sub = crypto.randomBytes(8).toString('hex');

	await sandbox(instance, 'PUT', '/oidc/settings', { people: { [sub]: { name: 'Ada Elsewhere',
		email: instance.env.GATEPOST_ADMIN_EMAIL, email_verified: true } } });
	const { context, page, faults } = await open(browser, instance);
	await choose(page, instance, SIGNIN, 'Sandbox', 'Ada Elsewhere');
	assert.equal(new URL(page.url()).pathname, SIGNIN);
	assert.equal(await me(page), 401);
	if (shots)
		await page.screenshot({ path: path.join(shots, 'link.png'), fullPage: true });
	await page.fill('#username', instance.env.GATEPOST_ADMIN_EMAIL);
	await page.fill('#password', instance.env.GATEPOST_ADMIN_PASSWORD);
	await page.click('#signin button:not([type=button])');
	await page.waitForSelector('#link:not([hidden]) button:not([type=button])');
	assert.equal(new URL(page.url()).hash, '', 'the token is taken out of the address');
	assert.equal(await page.isVisible('#others'), false);
	if (shots)
		await page.screenshot({ path: path.join(shots, 'link-ask.png'), fullPage: true });
	await page.click('#link button:not([type=button])');
	await page.waitForURL((u) => /^\/console\/(?!signin)/.test(u.pathname));
	assert.equal((await me(page)).email, instance.env.GATEPOST_ADMIN_EMAIL);
	const mine = await page.evaluate(() => fetch('/api/auth/social/').then((r) => r.json()));
	assert.ok(mine.results.some((i) => i.name === 'Ada Elsewhere'), JSON.stringify(mine));
	assert.deepEqual(faults, []);
	await context.close();

	const again = await open(browser, instance);
	await choose(again.page, instance, SIGNIN, 'Sandbox', 'Ada Elsewhere');
	assert.equal((await me(again.page)).email, instance.env.GATEPOST_ADMIN_EMAIL);
	await again.context.close();
	say('  a taken address: signed in the old way, asked, connected');
}

async function visits(browser, instance, opt)
{
	if (!instance.env.GATEPOST_SANDBOX_URL)
		throw new lib.Skip('the instance has no sandbox');
	try {
		await looks(browser, instance, opt.shots);
		await whole_visit(browser, instance, opt.shots);
		await facebook(browser, instance);
		await google(browser, instance);
		await cancelled(browser, instance, opt.shots);
		if (instance.env.GATEPOST_SITE_URL)
			await behind_the_gate(browser, instance);
		await taken_address(browser, instance, opt.shots);
	} finally {
		await sandbox(instance, 'DELETE', '/oidc/settings').catch(() => {});
		await sandbox(instance, 'DELETE', '/facebook/settings').catch(() => {});
	}
}

async function run()
{
	await with_chromium(visits);
	say('PASSED chromium_social');
}

lib.main('chromium_social', run);
