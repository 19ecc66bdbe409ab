'use strict';
/*
 * What nobody needs to be signed in for, in Chromium against a running instance: the start page, the page that tries pushes, the
 * steps before signing in, the documents of the API, and what nginx and the application say to a browser that came wrong.
 *
 *	node tests/browser/console_outside.js --instance var/instance.env [--shots DIR]
 *
 * Shown: in both themes and directions axe finds nothing serious and layout.js nothing at three widths; each page speaks the
 * visitor's language and breaks nothing of its policy; nobody can come to a page that leads nowhere.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, watch, with_chromium } = require('./chromium.js');
const { axe, context_of } = require('./console.js');
const { layout_faults } = require('./layout.js');

const say = (text) => process.stdout.write(`  ${text}\n`);
const steps = (page) => page.evaluate(() => document.querySelectorAll('main form').forEach((f) => { f.hidden = false; }));

/* path: what is answered, and what must be done before it is looked at. */
const PAGES = [
	['/', 200, (page) => page.waitForSelector('#sandbox:not([hidden])', { timeout: WAIT })],
	['/push/', 200, (page) => page.waitForFunction(() => document.getElementById('enable').disabled === false || document.querySelector('#state.bad'), null, { timeout: WAIT })],
	['/console/signin/', 200, steps],
	['/console/register/', 200, steps],
	['/console/reset/', 200, steps],
	['/console/restore/', 200, (page) => page.waitForSelector('#done:not([hidden])', { timeout: WAIT })],
	[`/console/restore/#${'A'.repeat(22)}`, 200, (page) => page.waitForSelector('#done:not([hidden])', { timeout: WAIT })],
	['/docs/problems/', 200],
	['/docs/problems/account_closing', 200],
	['/docs/problems/no_such_code', 404],
	['/nowhere', 404],
	['/api/unsubscribe/?t=abc', 400],
	['/api/verify-email/?token=abc', 400],
	['/api/auth/undo/', 400],
	['/api/auth/otp/link/?token=abc', 410],
	['/api/auth/social/nobody/callback', 404],
];

async function look(browser, instance, language, opt)
{
	const context = await context_of(browser, instance, null, { language });
	const page = await context.newPage();
	/* The start page asks whether there is a sandbox; its redirect is not followed, but seen by who drives the browser. */
	const wrong = await watch(context, page, [new URL(instance.url).origin, instance.env.GATEPOST_SANDBOX_URL], [400, 401, 404, 410]);
	const faults = [];

	for (const [at, status, ready] of PAGES) {
		/* From here to the same page behind another '#' is no way that is asked for. */
		await page.goto(`${instance.url}/push/icon.svg`, { timeout: WAIT });
		const answer = await page.goto(`${instance.url}${at}`, { timeout: WAIT });
		assert.equal(answer.status(), status, at);
		if (ready)
			await ready(page);
		const said = await page.evaluate(() => ({ lang: document.documentElement.lang, dir: document.documentElement.dir,
			persian: /[\u0600-\u06ff]/.test(document.querySelector('h1').textContent), ways: document.querySelectorAll('main a, main button, header a').length }));
		if (said.lang !== language || said.dir !== (language === 'fa' ? 'rtl' : 'ltr') || said.persian !== (language === 'fa') || said.ways === 0)
			faults.push(`${at} ${language}: ${JSON.stringify(said)}`);
		for (const [theme, width] of language === 'en' ? [['light', 320], ['', 768], ['dark', 1440]] : [['dark', 320], ['', 768], ['light', 1440]]) {
			await page.setViewportSize({ width, height: 800 });
			if (theme) {
				await page.emulateMedia({ colorScheme: theme });
				await page.evaluate((t) => { document.documentElement.dataset.theme = t; }, theme);
			}
			const found = [...await layout_faults(page), ...(theme ? await axe(page, { colours: width > 320 }) : []), ...await page.evaluate(() => window.violations)];
			faults.push(...found.map((f) => `${at} ${language} ${theme} ${width}: ${f}`));
			if (opt.shots)
				await page.screenshot({ path: path.join(opt.shots, `outside-${at.replace(/\W+/g, '-')}-${language}-${width}.png`), fullPage: true });
		}
	}
	/* A failed load is what the page is about. */
	faults.push(...wrong);
	await context.close();
	assert.deepEqual(faults, []);
	say(`${PAGES.length} pages in both themes, ${language}`);
}

/* A language that is chosen on a page of ours is that of what the server says itself, too. */
async function chosen(browser, instance)
{
	const context = await browser.newContext({ ignoreHTTPSErrors: instance.any_certificate || false, locale: 'en-GB' });
	const page = await context.newPage();
	const spoken = async (at) => {
		await page.goto(`${instance.url}${at}`, { timeout: WAIT });
		return page.evaluate(() => document.documentElement.lang);
	};
	const pages = ['/nowhere', '/docs/problems/', '/api/unsubscribe/?t=abc', '/api/auth/otp/link/?token=abc'];

	for (const at of pages)
		assert.equal(await spoken(at), 'en', at);
	await page.goto(`${instance.url}/console/signin/`, { timeout: WAIT });
	assert.deepEqual(await context.cookies(), [], 'nothing is kept of who chose nothing');
	await page.click('.out-bar button[lang="fa"]');
	await page.waitForFunction(() => document.documentElement.lang === 'fa', null, { timeout: WAIT });
	/* What the API refuses is of the page's language, not the browser's. */
	assert.match(await page.evaluate(async () => (await (await fetch('/api/auth/otp/verify/', { method: 'POST', headers: { 'Content-Type': 'application/json' },
		body: '{}' })).json()).title), /[\u0600-\u06ff]/);
	for (const at of pages)
		assert.equal(await spoken(at), 'fa', at);
	const [kept] = await context.cookies();
	assert.deepEqual([kept.name, kept.value, kept.secure, kept.sameSite, kept.path], ['__Host-gatepost-language', 'fa', true, 'Lax', '/']);
	await context.close();
	say('the language that was chosen is that of every page');
}

lib.main('console_outside', async () => {
	await with_chromium(async (browser, instance, opt) => {
		await chosen(browser, instance);
		await Promise.all(['en', 'fa'].map((l) => look(browser, instance, l, opt)));
	});
	process.stdout.write('PASSED console_outside\n');
});
