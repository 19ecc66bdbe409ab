'use strict';
/*
 * Swagger UI and Redoc in Chromium, against a running instance whose viewers scripts/api-docs has fetched.
 *
 *	node tests/browser/api_docs.js --instance var/instance.env [--shots DIR]
 *
 * Shown: each page lists the operations of the contract, breaks nothing of its own Content-Security-Policy, allows no inline script,
 * and fetches nothing from elsewhere; and without its viewer it says so and links to the contract.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium, no playwright-core or no viewers here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const path = require('node:path');
const lib = require('./instance.js');
const { with_chromium } = require('./chromium.js');

const WAIT = 60000;
const PAGES = [
	{ name: 'swagger', at: '/api/schema/ui/', asset: 'swagger-ui-bundle.js', shows: '.opblock-tag', operation: 'Sign-up and sign-in' },
	{ name: 'redoc', at: '/api/schema/redoc/', asset: 'redoc.standalone.js', shows: '[data-item-id^="tag/"]', operation: 'Tokens and sessions' },
];
const say = (text) => process.stdout.write(`${text}\n`);

async function open(browser, instance, page_of, blocked)
{
	const origin = new URL(instance.url).origin;
	const faults = [];
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ignoreHTTPSErrors: instance.any_certificate });
	const page = await context.newPage();

	await context.addInitScript(() => {
		window.violations = [];
		document.addEventListener('securitypolicyviolation', (e) => window.violations.push(`${e.violatedDirective}: ${e.blockedURI}`));
	});
	page.on('pageerror', (e) => faults.push(`error: ${e.message}`));
	page.on('request', (r) => {
		const u = new URL(r.url());
		if (u.protocol.startsWith('http') && u.origin !== origin)
			faults.push(`fetched from elsewhere: ${r.url()}`);
	});
	if (blocked)
		await page.route('**/api/schema/assets/*', (r) => r.abort());
	const answer = await page.goto(instance.url + page_of.at, { waitUntil: 'load', timeout: WAIT });
	const csp = answer.headers()['content-security-policy'];
	assert.equal(answer.status(), 200);
	assert.match(csp, /default-src 'none'; script-src 'self';/);
	assert.match(csp, /frame-ancestors 'none'/);
	assert.doesNotMatch(csp, /unsafe-|https?:|\*/);
	return { context, page, faults };
}

async function shows(browser, instance, p, shots)
{
	const { context, page, faults } = await open(browser, instance, p, false);

	await page.waitForSelector(p.shows, { timeout: WAIT });
	await page.waitForFunction((text) => document.body.innerText.includes(text), p.operation, { timeout: WAIT });
	if (shots)
		await page.screenshot({ path: path.join(shots, `${p.name}.png`) });
	/* Redoc's emblem is an image at its makers'; the policy keeps it out, and nothing else may be kept out. */
	const broken = (await page.evaluate(() => window.violations)).filter((v) => !/^img-src: https:\/\/cdn\.redoc/.test(v));
	assert.deepEqual([...faults.filter((f) => !/cdn\.redoc/.test(f)), ...broken], [], p.name);
	await context.close();
	say(`  ${p.name} shows the contract`);
}

async function does_without(browser, instance, p)
{
	const { context, page } = await open(browser, instance, p, true);
	const text = await page.evaluate(() => document.body.innerText);

	assert.match(text, /scripts\/api-docs/);
	assert.equal((await lib.request(instance.url + await page.getAttribute('a', 'href'), { ca: instance.ca })).status, 200);
	await context.close();
	say(`  ${p.name} without its viewer says so`);
}

async function run()
{
	await with_chromium(async (browser, instance, opt) => {
		for (const p of PAGES)
			if ((await lib.request(`${instance.url}/api/schema/assets/${p.asset}`, { ca: instance.ca })).status !== 200)
				throw new lib.Skip(`no ${p.asset} (scripts/api-docs --out ${instance.dir}/api-docs)`);
		for (const p of PAGES) {
			await shows(browser, instance, p, opt.shots);
			await does_without(browser, instance, p);
		}
	});
	say('PASSED api_docs');
}

lib.main('api_docs', run);
