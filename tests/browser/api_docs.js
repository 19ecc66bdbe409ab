'use strict';
/*
 * Swagger UI and Redoc in Chromium, against a running instance whose viewers scripts/api-docs has fetched.
 *
 *	node tests/browser/api_docs.js --instance var/instance.env [--shots DIR]
 *
 * Shown: each page lists the operations of the contract, breaks nothing of its own Content-Security-Policy, allows no inline script,
 * and fetches nothing from elsewhere; without its viewer it says so and links to the contract; and in both themes and at three
 * widths axe finds nothing serious and layout.js nothing, but for what the viewers alone can mend (KNOWN).
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium, no playwright-core or no viewers here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const path = require('node:path');
const lib = require('./instance.js');
const { WIDTHS, with_chromium } = require('./chromium.js');
const { axe } = require('./console.js');
const { layout_faults } = require('./layout.js');

const WAIT = 60000;
const op = (tag, name) => `#operations-${tag}-${name}`;

/* What is looked at, step by step; and what the viewers alone can mend: rule or how a sentence of layout.js begins, selector, why. */
const PAGES = [{
	name: 'swagger', at: '/api/schema/ui/', asset: 'swagger-ui-bundle.js', shows: '.opblock-tag', operation: 'Sign-up and sign-in',
	known: [],
	steps: [
		async (page) => {
			for (const tag of await page.$$('.opblock-tag'))
				await tag.click();
			for (const one of [op('Sending', 'notificationSend'), op('Devices_and_groups', 'vapidKey'), op('Sending', 'pushSendSingle')])
				await page.click(`${one} .opblock-summary-control`);
			await page.click(`${op('Sending', 'notificationSend')} [data-name="model"]`);
			/* A real answer. */
			await page.click(`${op('Devices_and_groups', 'vapidKey')} .try-out__btn`);
			await page.click(`${op('Devices_and_groups', 'vapidKey')} .execute`);
			await page.waitForSelector('.live-responses-table .microlight');
			await page.click(`${op('Sending', 'pushSendSingle')} .try-out__btn`);
			await page.waitForSelector('.body-param__text');
		},
		async (page) => {
			await page.click('.authorize');
			await page.waitForSelector('.modal-ux input');
		},
	],
	parts: ['', '.modal-ux'],
}, {
	name: 'redoc', at: '/api/schema/redoc/', asset: 'redoc.standalone.js', shows: '[data-item-id^="tag/"]', operation: 'Tokens and sessions',
	known: [
		['a control is out of its box', ':is(h1, h2) > a[aria-label]', 'the mark of a link, in the margin before a heading'],
		['text stands out of its box', 'i', 'the cross that empties the search'],
		['the word “418272947201638401”', 'td span', 'an example after name=, where a browser does not break'],
		['color-contrast', '.api-content :is(button + button, button:has(+ button))', 'which of several schemas: white and the accent, swapped'],
	],
	steps: [
		async (page) => {
			for (const button of await page.$$('[id="operation/notificationSend"] h5, [id="operation/notificationGet"] button[aria-expanded="false"]'))
				await button.click();
			await page.fill('.search-input', 'Send');
			await page.waitForSelector('[data-role="search:results"] [role="menuitem"]');
		},
	],
	parts: [''],
}];
const say = (text) => process.stdout.write(`${text}\n`);

async function open(browser, instance, page_of, blocked, { theme = 'light', few = '' } = {})
{
	const origin = new URL(instance.url).origin;
	const faults = [];
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: theme, ignoreHTTPSErrors: instance.any_certificate });
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
	if (few)
		await page.route('**/api/openapi.*', (r) => r.fulfill({ contentType: 'application/json', body: few }));
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

/*
 * Operations with everything that the viewers draw: no body, forms and files, long bodies, lists of parameters, answers that hold
 * themselves, words in tables.  All of them are drawn by shows(); held against axe and layout.js that would take minutes.
 */
const LOOKED_AT = ['register', 'vapidKey', 'notificationSend', 'notificationGet', 'adminDeliveries', 'pushSendSingle', 'saveInformation', 'inboxLive'];

async function some_of(instance)
{
	const doc = (await lib.request(`${instance.url}/api/openapi.json`, { ca: instance.ca })).json;
	const paths = {};

	for (const [at, item] of Object.entries(doc.paths))
		for (const [method, op] of Object.entries(item))
			if (LOOKED_AT.includes(op.operationId))
				paths[at] = { ...paths[at], [method]: op };
	return { ...doc, paths, tags: doc.tags.filter((t) => Object.values(paths).some((i) => Object.values(i).some((op) => op.tags.includes(t.name)))) };
}

async function looks(browser, instance, p, theme, shots)
{
	const few = JSON.stringify(await some_of(instance));
	const { context, page } = await open(browser, instance, p, false, { theme, few });
	const found = [];

	await page.waitForSelector(p.shows, { state: 'attached', timeout: WAIT });
	for (const [i, step] of p.steps.entries()) {
		await page.setViewportSize({ width: 1440, height: 900 });
		await step(page);
		await page.mouse.move(0, 0);		/* what comes under the pointer grows there for half a second */
		for (const [width, height] of WIDTHS) {
			const how = { within: p.parts[i], but: p.known, met: p.met };

			await page.setViewportSize({ width, height });
			const faults = [...await layout_faults(page, how), ...(width === 768 ? [] : await axe(page, { ...how, colours: width === 320 && i > 0 }))];
			found.push(...faults.map((f) => `${p.name} ${theme} ${width} ${p.parts[i]}: ${f}`));
			if (shots)
				await page.screenshot({ path: path.join(shots, `${p.name}-${i}-${theme}-${width}.png`), fullPage: true });
		}
	}
	await context.close();
	return found;
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
			p.met = new Set();
			const found = (await Promise.all(['light', 'dark'].map((theme) => looks(browser, instance, p, theme, opt.shots)))).flat();
			assert.deepEqual([...found, ...p.known.filter((k) => !p.met.has(k)).map((k) => `not met any more: ${k.join(', ')}`)], []);
			say(`  ${p.name}: axe and the layout in both themes, at ${WIDTHS.length} widths`);
		}
	});
	say('PASSED api_docs');
}

lib.main('api_docs', run);
