'use strict';
/*
 * What the Chromium tests share: starting one, watching a page for faults, and what a person on a phone, or with a screen
 * reader, would stumble over.
 */
const { spawnSync } = require('node:child_process');
const os = require('node:os');
const lib = require('./instance.js');

const WAIT = 30000;	/* ms: a loaded machine's browser takes a while; no test passes by running out of it */
const WIDTHS = [[320, 640], [768, 1024], [1440, 900]];

/*
 * Runs test(context) in a profile of its own, as a person's is: what private windows refuse can be tried there.  `before` may put
 * something into its directory first.
 */
async function with_profile(instance, test, before = (home) => home)
{
	const { chromium } = lib.need('playwright-core');
	const program = lib.find_program([process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome']);
	const home = lib.make_home(instance, '.pki/nssdb');
	let context = null;

	try {
		before(home.dir);
		context = await chromium.launchPersistentContext(`${home.dir}/profile`, {
			executablePath: program,
			timeout: 60000,
			locale: 'en-GB',
			env: { ...process.env, HOME: home.dir },
			ignoreHTTPSErrors: !home.trusted,
			args: ['--no-sandbox', '--disable-dev-shm-usage', ...(home.trusted ? [] : ['--ignore-certificate-errors'])],
		});
		await test(context);
	} finally {
		if (context)
			await context.close();
		lib.remove_home(home);
	}
}

/* Runs test(browser, instance, opt) in a Chromium that trusts the instance's CA. CHROMIUM names another program. */
async function with_chromium(test)
{
	const opt = lib.options(process.argv.slice(2), ['instance', 'shots']);
	const { chromium } = lib.need('playwright-core');
	const program = lib.find_program([process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome']);

	if (!program)
		throw new lib.Skip('no Chromium (Debian: chromium)');
	const instance = lib.load(opt.instance || 'var/instance.env');
	const home = lib.make_home(instance, '.pki/nssdb');
	instance.any_certificate = !home.trusted;
	let browser = null;

	try {
		browser = await chromium.launch({
			executablePath: program,
			timeout: 60000,
			env: { ...process.env, HOME: home.dir },
			args: ['--no-sandbox', '--disable-dev-shm-usage', ...(home.trusted ? [] : ['--ignore-certificate-errors'])],
		});
		process.stdout.write(`Chromium ${browser.version()}\n`);
		await test(browser, instance, opt);
	} finally {
		if (browser)
			await browser.close();
		lib.remove_home(home);
	}
}

/*
 * Collects what a page did wrong, from before its first line runs; `refusals` are the statuses that are answers here.  503 always
 * is one: a password's turn in the line took too long, and the page asks again.
 */
async function watch(context, page, origins, refusals = [401])
{
	const faults = [], answers = [...refusals, 503];

	await context.addInitScript(() => {
		window.violations = [];
		document.addEventListener('securitypolicyviolation', (e) => window.violations.push(`${e.violatedDirective}: ${e.blockedURI}`));
	});
	page.on('pageerror', (e) => faults.push(`error: ${e.message}`));
	page.on('console', (m) => {
		/* Such an answer of the API the browser logs as a failed load. */
		if (m.type() === 'error' && !answers.some((s) => m.text().includes(`status of ${s}`)))
			faults.push(`console: ${m.text()}`);
	});
	page.on('request', (r) => {
		if (!r.url().startsWith('data:') && !origins.includes(new URL(r.url()).origin))
			faults.push(`fetched from elsewhere: ${r.url()}`);
	});
	page.on('response', (r) => {
		if (r.status() >= 400 && !answers.includes(r.status()))
			faults.push(`${r.status()} ${r.url()}`);
	});
	return faults;
}

/* Asks until there is an answer; ends after WAIT. */
async function until(what, look)
{
	for (const end = Date.now() + WAIT; Date.now() < end;) {
		const found = await look();
		if (found)
			return found;
		await new Promise((go) => setTimeout(go, 50));
	}
	throw new Error(`${what}: not within ${WAIT} ms`);
}

/*
 * SQL as the instance's owner; the database itself as it would be after some time.  What stood in the way of another's
 * statement, or it in ours, is said again.
 */
function sql(instance, text)
{
	const { GATEPOST_DB_SOCKET: socket, GATEPOST_DB_NAME: name } = instance.env;

	for (let tries = 1; ; tries++) {
		const r = spawnSync('mariadb', [`--socket=${socket}`, `--user=${os.userInfo().username}`, '--batch', '--skip-column-names', name, '-e', text],
			{ encoding: 'utf8' });
		if (r.status === 0)
			return r.stdout.trim();
		if (tries === 10 || !/Deadlock|Lock wait|Record has changed/.test(r.stderr))
			throw new Error(`${text}: ${r.error || r.stderr}`);
	}
}

/* As if the waits between codes and the daily limits had passed. */
function forget_limits(instance)
{
	sql(instance, 'DELETE FROM throttle');
	sql(instance, 'DELETE FROM sms_spend');
}

/* Runs in the page. */
function page_faults()
{
	const faults = [];
	const root = document.documentElement;
	const visible = (el) => el.getClientRects().length > 0;

	if (root.scrollWidth > root.clientWidth)
		faults.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
	for (const el of [...document.querySelectorAll('body *')].filter(visible)) {
		const r = el.getBoundingClientRect();
		if (r.right > root.clientWidth + 1 || r.left < -1)
			faults.push(`sticks out: ${el.tagName}#${el.id}`);
	}
	for (const el of [...document.querySelectorAll('button, input')].filter(visible)) {
		const name = el.tagName === 'INPUT' ? (el.labels[0] || {}).textContent : el.textContent;
		if (!name || !name.trim())
			faults.push(`no name: ${el.outerHTML}`);
		if (el.getBoundingClientRect().height < 40)
			faults.push(`too small to press: ${el.outerHTML}`);
	}
	for (const el of document.querySelectorAll('img:not([alt])'))
		faults.push(`no alt: ${el.outerHTML}`);
	if (!document.documentElement.lang || document.querySelectorAll('h1').length !== 1)
		faults.push('no language or not exactly one h1');
	return faults.concat(window.violations.map((v) => `policy: ${v}`));
}

module.exports = { WAIT, WIDTHS, forget_limits, page_faults, sql, until, watch, with_chromium, with_profile };
