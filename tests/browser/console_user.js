'use strict';
/*
 * The console as somebody without any role uses it, in Chromium against a running instance.
 *
 *	node tests/browser/console_user.js --instance var/instance.env [--shots DIR]
 *
 * Shown: what nginx says of the console's files, and that the first load stays below 100 KB compressed; an account is made and
 * proved by its code; the inbox shows what commits, without a reload, and is read and archived; profile, address, preferences,
 * second step with its recovery codes, sessions, messages, history and their CSV, the data and the end of the account; a token
 * that ran out is renewed unseen; keys, focus and titles; how a session ends (console_ends.js); and axe on every page in both themes and directions.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, with_chromium } = require('./chromium.js');
const { administrator, ask, code_for, console_faults, context_of, forget_limits, look_at_all, messages, register, said, settled, sql, totp, until, watch } = require('./console.js');
const { session_ends } = require('./console_ends.js');

const FIRST_LOAD = 100000;
const say = (text) => process.stdout.write(`  ${text}\n`);

/* --- what nginx says ------------------------------------------------------------------------------------------- */

async function headers(instance)
{
	const get = (at, more = {}) => lib.request(`${instance.url}${at}`, { ca: instance.ca, headers: { 'accept-encoding': 'gzip', ...more } });

	for (const at of ['/console/', '/console/app.js', '/console/console.css', '/console/words/fa/frame.js', '/console/signin/', '/console/sessions/']) {
		const a = await get(at);
		assert.equal(a.status, 200, at);
		assert.match(a.headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self';/);
		assert.doesNotMatch(a.headers['content-security-policy'], /unsafe|https?:|\*/);
		assert.equal(a.headers['cache-control'], 'no-cache', at);
		assert.equal(a.headers['x-content-type-options'], 'nosniff');
		assert.equal(a.headers['x-frame-options'], 'DENY');
		assert.equal(a.headers['content-encoding'], 'gzip', at);
		assert.match(a.headers.vary, /Accept-Encoding/i);
		const again = await get(at, { 'if-none-match': a.headers.etag });
		assert.equal(again.status, 304, `${at} is not sent twice`);
	}
	const kept = await get('/console/vendor/preact-10.29.8.js');
	assert.equal(kept.status, 200, 'scripts/console-vendor has run');
	assert.equal(kept.headers['cache-control'], 'public, max-age=31536000, immutable');
	assert.equal(kept.headers['content-encoding'], 'gzip');
	assert.match(kept.headers['content-type'], /^text\/javascript/);
	for (const at of ['/console/missing.js', '/console/vendor/missing-1.0.0.js', '/console/words/de/frame.js', '/console/.git']) {
		const a = await get(at);
		assert.equal(a.status, 404, at);
		assert.notEqual(a.headers['cache-control'], 'public, max-age=31536000, immutable', at);
	}
	/* A page that the scripts draw; and no API answer is ever compressed (BREACH). */
	assert.match((await get('/console/users/17/')).headers['content-type'], /^text\/html/);
	assert.equal((await get('/api/auth/social/providers/')).headers['content-encoding'], undefined);
	say('headers: strict policy, revalidated or kept for good, compressed, and nothing for what is not there');
}

/* All that the browser asked for but the API's answers and the live stream; and so many bytes it is, compressed, as nginx sends it. */
async function first_load(browser, instance, person, at, language, done)
{
	const context = await context_of(browser, instance, person, { language });
	const page = await context.newPage();
	const asked = new Map();
	let bytes = 0;

	page.on('request', (r) => {
		if (r.url().startsWith(`${instance.url}/`) && !r.url().includes('/api/'))
			asked.set(r.url(), r.headers().accept || '*/*');
	});
	await page.goto(`${instance.url}${at}`, { timeout: WAIT, waitUntil: 'load' });
	await done(page);
	await until('all that was asked for', async () => asked.size > await page.evaluate(() =>
		new Set(performance.getEntriesByType('resource').map((r) => r.name).filter((r) => r.startsWith(`${location.origin}/`) && !r.includes('/api/'))).size));
	await context.close();
	for (const [url, accept] of asked) {
		const got = await lib.request(url, { ca: instance.ca, headers: { accept, 'accept-encoding': 'gzip, deflate, br, zstd', 'accept-language': language } });

		assert.equal(got.status, 200, url);
		bytes += got.bytes;
	}
	assert.ok(bytes > 5000 && bytes < FIRST_LOAD, `${at}: ${bytes} bytes`);
	say(`first load of ${at} (${language}): ${asked.size} files, ${(bytes / 1000).toFixed(1)} KB compressed`);
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

async function notify(instance, user_id, more)
{
	const a = await lib.request(`${instance.url}/api/notifications/`, { method: 'POST', ca: instance.ca,
		headers: { authorization: `Bearer ${instance.env.GATEPOST_ADMIN_TOKEN}` }, body: { user_id, channels: ['in_app'], ...more } });
	assert.equal(a.status, 202, a.text);
	return a.json;
}

async function walk(browser, instance, opt)
{
	const context = await context_of(browser, instance, null);
	const page = await context.newPage();
	const refusals = [400, 401, 403, 404, 409, 422, 429];
	const faults = (await watch(context, page, [new URL(instance.url).origin], refusals));
	const fine = async (what) => {
		const found = [...faults.filter((f) => !f.includes('/ws/notifications/')), ...await page.evaluate(console_faults)];
		if (opt.shots)
			await page.screenshot({ path: path.join(opt.shots, `walk-${what.replace(/\W+/g, '-')}.png`), fullPage: true });
		assert.deepEqual(found, [], what);
		say(what);
	};
	const nav = async (name) => {
		await page.click(`.nav a:has-text("${name}")`);
		await page.waitForFunction((n) => (document.querySelector('main h1') || {}).textContent === n, name);
		await settled(page);
	};
	const toast = (text) => said(page, text);
	const phone = `+98912${String(1e7 + Math.floor(Math.random() * 8.9e7)).slice(-7)}`;
	const password = 'Blue-Harbour-7!';

	page.setDefaultTimeout(WAIT);
	forget_limits(instance);

	/* An account: refused first, then made; the sixth digit sends the code. */
	await page.goto(`${instance.url}/console/profile/`);
	await page.waitForURL('**/console/signin/?rd=*');
	await page.click('#new a');
	await page.waitForURL('**/console/register/');
	await page.fill('#username', phone);
	await page.fill('#password', 'short');
	await page.click('#who button');
	await page.waitForSelector('#password[aria-invalid="true"]');
	await page.fill('#first_name', 'Mina');
	await page.fill('#last_name', 'Karimi');
	await page.fill('#password', password);
	await page.click('#who button');
	await page.waitForSelector('#prove:not([hidden])');
	const first_code = await code_for(instance, 'sms', phone);
	await page.fill('#code', first_code);
	await page.waitForURL('**/console/inbox/');
	await page.waitForSelector('.empty-title');
	await fine('register, and the code goes off by itself');
	const me = await page.evaluate(async () => (await fetch('/api/auth/profile/')).json());
	assert.equal(me.phone_number, phone);

	/* The inbox: what commits appears by itself, and its counters; reading and archiving count at once. */
	await notify(instance, me.id, { title: 'Your order is on its way', body: 'It comes on Monday.', url: '/console/preferences/', type: 'order' });
	await page.waitForSelector('.inbox-row.new:has-text("Your order is on its way")');
	await page.waitForSelector('.bell .dot:text-is("1")');
	await notify(instance, me.id, { title: '<b>سلام</b>', body: 'دو خط' });
	await page.waitForSelector('.inbox-row:first-child:has-text("<b>سلام</b>")');
	await page.waitForFunction(() => document.title.startsWith('(2)'));
	await page.click('.inbox-row:first-child button[title="Mark as read"]');
	await page.waitForSelector('.inbox-row:first-child:not(.new)');
	await page.click('.inbox-row:first-child button[title="Archive"]');
	await page.waitForSelector('.inbox-row:has-text("سلام")', { state: 'detached' });
	await page.click('.tab:has-text("Archived")');
	await page.waitForSelector('.inbox-row:has-text("سلام")');
	assert.match(page.url(), /show=archived/);
	await page.goBack();
	await page.waitForSelector('.inbox-row:has-text("Your order")');
	await fine('the inbox lives');
	await page.click('.inbox-row a');
	await page.waitForURL('**/console/preferences/');
	await page.waitForFunction(() => !document.querySelector('.bell .dot'));

	/* Preferences, kept. */
	await settled(page);
	await page.click('label:has-text("Order, E-mail")');
	await until('the switch', async () => (await page.evaluate(async () => (await (await fetch('/api/preferences/')).json()).types.order?.email)) === false);
	/* One channel alone: the page says what that takes away, and how to have it back. */
	await page.selectOption('#default-channel', 'sms');
	await toast('Turned off: E-mail, Web push, App push');
	await page.waitForSelector('#default-hint:has-text("The other channels are off, unless you turn them on below")');
	assert.equal(await page.isChecked('label:has-text("Everything, E-mail") input'), false);
	await page.selectOption('#default-channel', '');
	await page.waitForFunction(() => [...document.querySelectorAll('.matrix tr.all input')].filter((i) => i.checked).length > 2);
	await page.click('label:has-text("Use quiet hours")');
	await page.fill('input[type="time"]', '21:30');
	await page.click('.columns .card:first-child button:has-text("Save")');
	await toast('Saved.');
	await page.selectOption('.columns .card:last-child select', 'week');
	await page.click('.columns .card:last-child button:has-text("Save")');
	await until('the digest', async () => (await page.evaluate(async () => (await (await fetch('/api/preferences/')).json()).digest?.every)) === 'week');
	await page.reload();
	await settled(page);
	assert.equal(await page.isChecked('label:has-text("Order, E-mail") input'), false);
	assert.equal(await page.inputValue('input[type="time"]'), '21:30');
	await fine('preferences stay');

	/* Profile: the API's refusal stands at its field; an address by its code. */
	await nav('Profile');
	await page.fill('input[name="first_name"]', 'M\u0007na');
	await page.click('button:has-text("Save")');
	await page.waitForSelector('.notice.bad');
	await page.waitForSelector('input[name="first_name"][aria-invalid="true"]');
	await page.fill('input[name="first_name"]', 'مینا');
	await page.selectOption('select[name="locale"]', 'en');
	await page.click('button:has-text("Save")');
	await toast('Saved.');
	const mail = `mina${Date.now()}@example.com`;
	forget_limits(instance);
	await page.click('button:has-text("Add")');
	await page.fill('dialog input', mail);
	await page.click('dialog button:has-text("Send code")');
	await page.waitForSelector('dialog .code-input');
	await page.fill('dialog .code-input', '000000');
	await page.waitForSelector('dialog .wrong:not(:empty)');
	await page.fill('dialog .code-input', await code_for(instance, 'email', mail));
	await page.waitForSelector('dialog', { state: 'detached' });
	await page.waitForSelector(`.line:has-text("${mail}"):has(.badge:text-is("Verified"))`);
	await fine('profile and a proved address');

	/* The second step: set up by key, with recovery codes; asked for at the next sign-in. */
	await nav('Security');
	await page.click('button:has-text("Set up")');
	await page.waitForSelector('dialog .qr img');
	await page.waitForFunction(() => document.querySelector('.qr img').naturalWidth > 20);	/* it is drawn */
	await page.click('dialog summary');
	const secret = (await page.textContent('dialog .copy code')).trim();
	await page.fill('dialog .code-input', totp(secret));
	await page.waitForSelector('dialog .codes code');
	const recovery = await page.$$eval('dialog .codes code', (all) => all.map((c) => c.textContent));
	assert.ok(recovery.length >= 8);
	await page.click('dialog button:has-text("I have saved them")');
	await page.waitForSelector('.line:has-text("Authenticator app") .badge:text-is("On")');
	await fine('an authenticator app and its recovery codes');
	await page.fill('input[name="old_password"]', 'Wrong-Harbour-7!');
	await page.fill('input[name="new_password"]', 'Green-Harbour-8!');
	await page.click('button:has-text("Change password")');
	await page.waitForSelector('.notice.bad');
	await page.fill('input[name="old_password"]', password);
	await page.click('button:has-text("Change password")');
	await toast('Password changed');
	await page.click('.menu-button');
	await page.click('.menu-list button:has-text("Sign out")');
	await page.waitForURL('**/console/signin/');
	forget_limits(instance);
	await page.fill('#username', mail);
	await page.fill('#password', 'Green-Harbour-8!');
	await page.click('#signin button:not(.plain)');
	await page.waitForSelector('#second:not([hidden])');
	await page.click('text=Use a recovery code');
	await page.fill('#factor', recovery[0]);
	await page.click('#second button:not(.plain)');
	await page.waitForURL('**/console/inbox/');
	await settled(page);
	await fine('signed in again with a recovery code');

	/* "Confirm it is you": the session is no longer fresh; the wish goes on after the answer. */
	await nav('Security');
	sql(instance, `UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR WHERE user_id = ${me.id}`);
	assert.equal(await page.evaluate(async () => (await fetch('/api/auth/token/refresh/?tokens=cookie', { method: 'POST',
		headers: { 'Content-Type': 'application/json' }, body: '{}' })).status), 200);
	await page.click('button:has-text("Make new codes")');
	await page.click('dialog button:has-text("Make new codes")');
	await page.waitForSelector('h2:text-is("Confirm it is you")');
	/* At once: the password alone would be refused. */
	await page.waitForSelector('dialog input[inputmode="numeric"][autocomplete="one-time-code"]');
	/* The app's present digits were used up; those of the next half minute serve too. */
	await page.fill('dialog input[inputmode="numeric"]', totp(secret, Date.now() + 30000));
	await page.click('dialog:has-text("Confirm it is you") button.primary');
	await page.waitForSelector('dialog .codes code');
	await page.click('dialog button:has-text("I have saved them")');
	await fine('who it is is asked before a grave step');

	/* A token that ran out: renewed without a word, by one of two tabs. */
	const cookies = await context.cookies();
	await context.clearCookies({ name: '__Host-gatepost' });
	const other = await context.newPage();
	await Promise.all([nav('Sessions'), other.goto(`${instance.url}/console/history/`).then(() => other.waitForSelector('main h1'))]);
	assert.match(page.url(), /sessions/);
	assert.match(other.url(), /history/);
	await other.close();
	assert.ok(cookies.length >= 2);

	/* Sessions: another one is ended; then all others. */
	const elsewhere = async () => {
		forget_limits(instance);
		const a = await ask(instance, 'POST', '/api/auth/login/', { username: mail, password: 'Green-Harbour-8!' });
		assert.ok(a.json.mfa_token, a.text);
		return (await ask(instance, 'POST', '/api/auth/mfa/verify/', { mfa_token: a.json.mfa_token, method: 'recovery', code: recovery_now.pop() })).json;
	};
	const recovery_now = (await page.evaluate(async () => (await (await fetch('/api/auth/mfa/recovery-codes/', { method: 'POST',
		headers: { 'Content-Type': 'application/json' }, body: '{}' })).json()).recovery_codes)).slice();
	const far = await elsewhere();
	await page.reload();
	await settled(page);
	await page.waitForSelector('tr:has-text("this one")');
	assert.equal(await page.locator('tbody tr').count(), 2);
	await page.click('td.row-actions button');
	await page.click('dialog .danger');
	await toast('That session is signed out.');
	await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
	await until('the other is out', async () => (await lib.request(`${instance.url}/api/auth/profile/`, { ca: instance.ca,
		headers: { authorization: `Bearer ${far.access_token}` } })).status === 401);
	await elsewhere();
	await page.click('button:has-text("Sign out all others")');
	await page.click('dialog button:has-text("Sign them out")');
	await toast('Sessions signed out');
	await fine('sessions end');

	/* Messages by hand, and their history as a list with its state in the address, and as CSV. */
	await nav('Send a message');
	await page.fill('input[name="to"]', 'nowhere');
	await page.fill('input[name="subject"]', 'Hello');
	await page.fill('textarea[name="message"]', 'From the console.');
	await page.click('button.primary:has-text("Send")');
	await page.waitForSelector('input[name="to"][aria-invalid="true"]');
	await page.click('.notice.bad li a');
	assert.equal(await page.evaluate(() => document.activeElement.name), 'to');
	const friend = `friend${Date.now()}@example.com`;
	await page.fill('input[name="to"]', friend);
	await page.click('button.primary:has-text("Send")');
	await toast('Accepted');
	await until('the mail', async () => (await messages(instance, 'email', friend)).length === 1);
	await page.click('.tab:has-text("SMS")');
	await page.fill('input[name="to"]', '0912 765 4321');
	await page.fill('textarea[name="message"]', '=سلام');
	await page.waitForSelector('.hint:has-text("1 SMS")');
	await page.click('button.primary:has-text("Send")');
	await toast('Accepted');
	await nav('History');
	await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2);
	await page.selectOption('.filter select', 'sms');
	await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
	assert.match(page.url(), /type=sms/);
	const [download] = await Promise.all([page.waitForEvent('download'), page.click('button:has-text("CSV")')]);
	const csv = fs.readFileSync(await download.path(), 'utf8');
	assert.match(csv, /^\ufeffRecipient,Channel,Message,Status,Created\r\n/);
	assert.match(csv, /,'=سلام,/, 'a cell that a spreadsheet would run is made harmless');
	await page.reload();
	await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
	await page.selectOption('.filter select', 'whatsapp');
	await page.waitForSelector('.empty-title:text-is("Nothing matches")');
	await fine('messages by hand, their history, its filter and its CSV');

	/* Keys, focus and titles. */
	await page.keyboard.press('Control+k');
	await page.waitForSelector('.palette');
	await page.keyboard.type('pref');
	await page.keyboard.press('Enter');
	await page.waitForURL('**/console/preferences/');
	await page.waitForFunction(() => document.activeElement.tagName === 'H1' && document.title.includes('Preferences'));
	await page.keyboard.press('/');
	await page.waitForSelector('.palette');
	await page.keyboard.press('Escape');
	await page.waitForSelector('.palette', { state: 'detached' });
	await page.goto(`${instance.url}/console/nowhere/at/all/`);
	await page.waitForSelector('.empty-title:text-is("Page not found")');
	await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	assert.equal(await page.evaluate(() => document.activeElement.id), 'content', 'the first stop skips to the content');
	await page.click('button[aria-label="Dark theme"]');
	assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
	say('keys, focus, titles and themes');

	/* The data, and the end: only with the name typed. */
	await nav('Your data');
	const [data] = await Promise.all([page.waitForEvent('download'), page.click('button:has-text("Download")')]);
	assert.equal(JSON.parse(fs.readFileSync(await data.path(), 'utf8')).id, me.id);
	await page.click('button:has-text("Delete account")');
	assert.equal(await page.isDisabled('dialog button.danger'), true);
	await page.fill('dialog input', mail);
	await page.click('dialog button.danger');
	await page.waitForURL('**/console/signin/**');
	await page.waitForSelector('#said.info:has-text("will be erased on")');
	assert.equal((await ask(instance, 'POST', '/api/auth/login/', { username: mail, password: 'Green-Harbour-8!' })).status, 403);
	say('the data taken along, the account closed');
	await context.close();
}

/*
 * Nothing but keys, in a system's own colours and without movement: sign in, read a notification from the bell, change a
 * preference, end a session.
 */
async function by_keys(browser, instance, opt)
{
	const person = await register(instance);
	const context = await browser.newContext({ ignoreHTTPSErrors: instance.any_certificate || false, locale: 'en-GB', forcedColors: 'active', reducedMotion: 'reduce' });
	const page = await context.newPage();
	const faults = await watch(context, page, [new URL(instance.url).origin]);
	const keys = page.keyboard;
	/* On to what is wanted, as somebody who hears or sees the focus. */
	const reach = async (css, text = '') => {
		for (let n = 0; n < 120; n++) {
			await keys.press('Tab');
			const there = await page.evaluate(([c, t]) => {
				const el = document.activeElement;
				return el.matches(c) && (el.getAttribute('aria-label') || (el.labels && el.labels[0] ? el.labels[0].textContent : el.textContent)).includes(t)
					&& (getComputedStyle(el).outlineStyle !== 'none' || `no ring on ${el.outerHTML.slice(0, 90)}`);
			}, [css, text]);
			if (there)
				return assert.equal(there, true);
		}
		throw new Error(`the keys do not come to ${css} ${text}`);
	};
	const to = async (name) => {
		await keys.press('Control+k');
		await page.waitForSelector('.palette', { timeout: WAIT });
		await keys.type(name);
		assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.palette [aria-selected="true"]')).outlineStyle), 'solid', 'which one is chosen is seen');
		await keys.press('Enter');
		await page.waitForFunction((n) => (document.querySelector('main h1') || {}).textContent === n, name, { timeout: WAIT });
		await settled(page);
	};

	await notify(instance, person.id, { title: 'Read me', body: 'By the keys.' });
	await page.goto(`${instance.url}/console/signin/`, { timeout: WAIT });
	await page.waitForFunction(() => document.activeElement.id === 'username', null, { timeout: WAIT });
	await keys.type(person.phone);
	await reach('#password');
	await keys.type(person.password);
	await keys.press('Enter');
	await page.waitForURL('**/console/inbox/', { timeout: WAIT });
	await settled(page);
	await to('Profile');
	await reach('a.bell');
	await keys.press('Enter');
	await page.waitForSelector('.inbox-row.new', { timeout: WAIT });
	await reach('button', 'Mark as read: Read me');
	await keys.press('Enter');
	await page.waitForSelector('.inbox-row:not(.new)', { timeout: WAIT });
	await page.waitForFunction(() => !document.querySelector('.bell .dot'), null, { timeout: WAIT });
	await to('Preferences');
	await reach('input[role="switch"]', 'Order, E-mail');
	await keys.press('Space');
	await until('the switch', async () => (await ask(instance, 'GET', '/api/preferences/', undefined, person.token)).json.types.order?.email === false);
	if (opt.shots)
		await page.screenshot({ path: path.join(opt.shots, 'keys-preferences.png'), fullPage: true });
	await to('Sessions');
	assert.equal(await page.locator('tbody tr').count(), 2);
	await reach('td.row-actions button', 'Sign out');
	await keys.press('Enter');
	await page.waitForSelector('dialog[open]', { timeout: WAIT });
	await reach('dialog .danger', 'Sign out');
	await keys.press('Enter');
	await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1, null, { timeout: WAIT });
	assert.equal((await ask(instance, 'GET', '/api/auth/profile/', undefined, person.token)).status, 401);
	const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running').length);
	assert.deepEqual([moving, ...faults.filter((f) => !f.includes('/ws/notifications/'))], [0]);
	await context.close();
	say('by the keys alone: sign in, read one from the bell, change a preference, end a session');
}

lib.main('console_user', async () => {
	await with_chromium(async (browser, instance, opt) => {
		await headers(instance);
		const admin = administrator(instance);
		for (const language of ['en', 'fa']) {
			await first_load(browser, instance, admin, '/console/', language, async (page) => {
				await settled(page);
				await page.waitForFunction(() => performance.getEntriesByType('resource').some((r) => r.name.endsWith('/gatepost.js')));
			});
			await first_load(browser, instance, null, '/console/signin/', language, (page) => page.waitForLoadState('networkidle', { timeout: WAIT }));
		}
		const person = await register(instance);
		await notify(instance, person.id, { title: 'One to look at', body: 'With a text', type: 'order' });
		await look_at_all(browser, instance, person, 'user', ['/console/nothing/'], { layout: true, dialogs: [
			['/console/profile/', '.line button >> nth=0'], ['/console/sessions/', '.page-actions .button >> nth=0'],
			['/console/security/', 'button:has-text("Set up"), button:has-text("راه‌اندازی")'], ['/console/data/', '.button.danger'],
		] });
		say('axe and layout: every page and its dialogs in both themes and directions');
		await by_keys(browser, instance, opt);
		await walk(browser, instance, opt).catch(async (e) => {
			for (const page of browser.contexts().flatMap((c) => c.pages()))
				if (opt.shots)
					await page.screenshot({ path: path.join(opt.shots, 'walk-failed.png') }).catch(() => {});
			throw e;
		});
		await session_ends(browser, instance);
	});
	process.stdout.write('PASSED console_user\n');
});
