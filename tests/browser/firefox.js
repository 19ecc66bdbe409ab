'use strict';
/*
 * What the Firefox tests share: starting one, and the steps a person takes on the push page.
 */
const assert = require('node:assert/strict');
const lib = require('./instance.js');

const WAIT = 30000;	/* ms: a loaded machine's Firefox takes a while; no test passes by running out of it */

/* Starts Firefox in `home` (lib.make_home(instance, '.')), its push client bound to the server at `autopush`. */
async function launch(home, autopush)
{
	const puppeteer = lib.need('puppeteer-core');
	const program = lib.find_program([process.env.FIREFOX, 'firefox-esr', 'firefox']);

	if (!program)
		throw new lib.Skip('no Firefox (Debian: firefox-esr)');
	return puppeteer.launch({
		browser: 'firefox',
		executablePath: program,
		headless: true,
		userDataDir: home.dir,
		acceptInsecureCerts: !home.trusted,
		timeout: 60000,
		env: { ...process.env, HOME: home.dir, MOZ_HEADLESS: '1' },
		extraPrefsFirefox: {
			'dom.push.serverURL': autopush,
			'dom.push.testing.allowInsecureServerURL': true,
			'dom.push.connection.enabled': true,
			'dom.push.retryBaseInterval': 200,		/* ms: come back soon when the push server restarts */
			'dom.push.enabled': true,
			'dom.serviceWorkers.enabled': true,
			'dom.webnotifications.enabled': true,
			'permissions.default.desktop-notification': 1,	/* allowed without the question */
			'alerts.useSystemBackend': false,		/* no desktop here: Firefox shows its own */
			'browser.shell.checkDefaultBrowser': false,
		},
	});
}

/* Opens the push page and presses its button; answers the subscription as the page shows it. */
async function subscribe(page, instance)
{
	await page.goto(`${instance.url}/push/`, { waitUntil: 'load', timeout: WAIT });
	await page.waitForSelector('#enable:not([disabled]):not([hidden])', { timeout: WAIT });
	assert.equal(await page.evaluate(() => Notification.permission), 'granted');
	await page.click('#enable');
	return subscription_of(page);
}

async function subscription_of(page)
{
	await page.waitForSelector('#details:not([hidden])', { timeout: WAIT });
	return JSON.parse(await page.$eval('#subscription', (el) => el.textContent));
}

/* person: {username, password} */
async function sign_in(page, person)
{
	await page.waitForSelector('#signin:not([hidden])', { timeout: WAIT });
	await page.$eval('#signin [name=username]', (el) => { el.value = ''; });	/* who was here before */
	await page.type('#signin [name=username]', person.username);
	await page.type('#signin [name=password]', person.password);
	await page.click('#signin button');
	const who = await page.waitForSelector('#who.good, #who.bad', { timeout: WAIT });
	const text = await who.evaluate((el) => el.textContent);
	assert.match(text, /^Signed in as /, `the page says: ${text}`);
}

/* Waits until the signed-in account's own list of subscriptions has this endpoint. */
function account_lists(page, endpoint)
{
	return page.waitForFunction(async (want) => {
		const r = await fetch('/api/push/subscriptions/?limit=100', { cache: 'no-store' });
		return r.ok && (await r.json()).results.some((d) => d.endpoint === want);
	}, { timeout: WAIT, polling: 500 }, endpoint);
}

module.exports = { WAIT, account_lists, launch, sign_in, subscribe, subscription_of };
