'use strict';
/*
 * A visit to a protected site in Chromium, from the first page to the end of the session, against a running instance.
 *
 *	node tests/browser/chromium_site.js --instance var/instance.env [--shots DIR]
 *
 * Shown: a page behind the gate leads to sign-in and, signed in, to where the visitor wanted to go, under their name; a page on
 * another host name of the same owner lets them in without being asked again, with a cookie of its own that the API refuses; the
 * pages' scripts get 401 as soon as the session has ended, on both hosts, and a navigation leads to sign-in again. No page's
 * script ever reads our cookies and no site ever gets them; each keeps its own. Every page on the way fits 320, 768 and 1440
 * pixels, light and dark.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here.
 */
const assert = require('node:assert/strict');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, WIDTHS, page_faults, watch, with_chromium } = require('./chromium.js');

/* Signed out, not for this account, a code that is no good, an instance that limits: these are answers. */
const REFUSALS = [400, 401, 403];

const say = (text) => process.stdout.write(`${text}\n`);

const at = (page, url) => page.waitForURL(url, { timeout: WAIT, waitUntil: 'load' });
const go = (page, url) => page.goto(url, { waitUntil: 'load', timeout: WAIT });

async function sign_in(page, instance, password = instance.env.GATEPOST_ADMIN_PASSWORD)
{
	await page.fill('#username', instance.env.GATEPOST_ADMIN_EMAIL);
	await page.fill('#password', password);
	await page.click('#signin button');
}

/* What the page's own script was told, pressed again. */
async function script_hears(page)
{
	await page.evaluate(() => { document.getElementById('answer').textContent = ''; });
	await page.click('#ask');
	await page.waitForFunction(() => document.getElementById('answer').textContent, null, { timeout: WAIT });
	return page.textContent('#answer');
}

/* Polls; a session's end is promised within a second. */
async function until_script_hears(page, want)
{
	const begun = Date.now();
	let heard;

	while ((heard = await script_hears(page)) !== want)
		assert.ok(Date.now() - begun < WAIT, `still ${heard}`);
	return Date.now() - begun;
}

/* The rows of the page's table: what reached the site. */
const reached = (page) => page.$$eval('table tr', (rows) => rows.map((r) => [r.cells[0].textContent, r.cells[1].textContent]));

async function ours_stay_hidden(context, page)
{
	const secrets = (await context.cookies()).filter((c) => /gatepost/.test(c.name));
	const seen = JSON.stringify(await reached(page)) + await page.evaluate(() => document.cookie);

	assert.ok(secrets.length > 0);
	for (const c of secrets) {
		assert.ok(c.httpOnly && c.secure, c.name);
		assert.ok(!seen.includes(c.name) && !seen.includes(c.value), `${c.name} is seen`);
	}
}

/* Each width, light and dark: nothing sticks out; a picture where they are wanted. */
async function fits(page, name, shots)
{
	for (const colorScheme of ['light', 'dark']) {
		await page.emulateMedia({ colorScheme });
		for (const [width, height] of WIDTHS) {
			await page.setViewportSize({ width, height });
			assert.deepEqual(await page.evaluate(page_faults), [], `${name} at ${width} pixels, ${colorScheme}`);
			if (shots)
				await page.screenshot({ path: path.join(shots, `site-${name}-${width}-${colorScheme}.png`), fullPage: true });
		}
	}
	say(`  fits: ${name}`);
}

async function visit(browser, instance, { shots })
{
	const site = instance.env.GATEPOST_SITE_URL, other = instance.env.GATEPOST_OTHER_SITE_URL;
	const context = await browser.newContext({ ignoreHTTPSErrors: instance.any_certificate });
	const page = await context.newPage();
	const faults = await watch(context, page, [instance.url, site, other], REFUSALS);
	const wanted = `${site}/wiki/a%20b?c=d&e=%2F`, who = instance.env.GATEPOST_ADMIN_EMAIL;
	const signin = new RegExp(`^${instance.url}/console/signin/?\\?rd=`);

	await go(page, wanted);
	await at(page, signin);
	await fits(page, 'signin', shots);
	await sign_in(page, instance, 'not it');
	await page.waitForFunction(() => document.getElementById('said').textContent, null, { timeout: WAIT });
	assert.match(page.url(), signin);
	await fits(page, 'signin-wrong', shots);
	await sign_in(page, instance);
	await at(page, wanted);
	assert.equal(await page.textContent('#user'), who);
	assert.equal(await script_hears(page), '200 user 1');
	await page.evaluate(() => { document.cookie = 'theme=dark'; });
	await page.reload({ waitUntil: 'load' });
	await ours_stay_hidden(context, page);
	assert.deepEqual((await reached(page)).filter(([k]) => k.toLowerCase() === 'cookie'), [['Cookie', 'theme=dark']]);
	await fits(page, 'page', shots);
	say('  protected page, sign-in, and back to where the visitor wanted to go');

	/* Another host name: no question asked, one way there and back. */
	const there = await context.newPage();
	const more = await watch(context, there, [instance.url, site, other], REFUSALS);
	const way = [];
	there.on('request', (r) => r.isNavigationRequest() && way.push(r.url()));
	await go(there, `${other}/page?x=1`);
	await at(there, `${other}/page?x=1`);
	assert.equal(await there.textContent('#user'), who);
	assert.equal(await script_hears(there), '200 user 1');
	await ours_stay_hidden(context, there);
	assert.equal(way.length, 4, way.join('\n'));
	assert.match(way[1], signin);
	assert.ok(way[2].startsWith(`${other}/_gatepost/cb?code=`));
	const mine = (await context.cookies(other)).find((c) => c.name === '__Host-gatepost');
	const refused = await lib.request(`${instance.url}/api/auth/profile/`, { ca: instance.ca, headers: { authorization: `Bearer ${mine.value}` } });
	assert.equal(refused.status, 401);
	await fits(there, 'other-host', shots);
	say('  the other host let the visitor in, with a token that the API refuses');

	/* The code that was used, in a browser that is in: on to the page. In another browser: no. */
	await go(there, way[2]);
	assert.equal(there.url(), `${other}/page?x=1`);
	const stranger = await browser.newContext({ ignoreHTTPSErrors: instance.any_certificate });
	const theirs = await stranger.newPage();
	const odd = await watch(stranger, theirs, [other], REFUSALS);
	await go(theirs, way[2]);
	assert.match(await theirs.textContent('h1'), /did not sign you in/);
	assert.deepEqual(await stranger.cookies(), []);
	await fits(theirs, 'code-refused', shots);
	await stranger.close();

	/* A page for a group that the visitor is not in. */
	await go(there, `${other}/ops/`);
	assert.match(await there.textContent('h1'), /not for your account/);
	await fits(there, 'not-for-you', shots);
	await go(there, `${other}/page?x=1`);

	/* The end, from a third tab at Gatepost itself; the first two stay open. */
	const home = await context.newPage();
	await go(home, `${instance.url}/push/`);
	assert.equal(await home.evaluate(() => fetch('/api/auth/logout/', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })
		.then((r) => r.status)), 200);
	say(`  signed out: the site's script got 401 after ${await until_script_hears(page, '401 sign_in_required')} ms,`
		+ ` the other host's after ${await until_script_hears(there, '401 sign_in_required')} ms`);
	await page.reload({ waitUntil: 'load' });
	await at(page, signin);
	await there.reload({ waitUntil: 'load' });
	await at(there, signin);
	/* Nobody is let in again without being asked. */
	await there.waitForSelector('#username', { timeout: WAIT });
	await sign_in(there, instance);
	await at(there, `${other}/page?x=1`);
	assert.equal(await there.textContent('#user'), who);
	say('  after sign-out both hosts lead to sign-in, and from there back');
	assert.deepEqual([...faults, ...more, ...odd], []);
	await context.close();
}

lib.main('chromium_site', () => with_chromium(visit).then(() => say('PASSED chromium_site')));
