'use strict';
/*
 * What people do about their account in the console, in Chromium against a running instance; console_user.js has the rest.
 *
 *	node tests/browser/console_account.js --instance var/instance.env [--shots DIR]
 *
 * Shown: an account by e-mail; a number added, an address and a number changed; a second step by SMS and by app, each asked for at
 * the next sign-in, and taken off; another site connected and disconnected; a browser that gets a test push; WhatsApp by hand and
 * its history; by the keyboard alone: signing in, a preference, the end of another session; and the end of all. Axe on the dialogs.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, until, with_chromium } = require('./chromium.js');
const { layout_faults } = require('./layout.js');
const { Walk, ask, axe, console_faults, context_of, messages, said, settled, totp, watch } = require('./console.js');

const PASSWORD = 'Blue-Harbour-7!';
const REFUSALS = [400, 401, 403, 404, 409, 422, 429];
const say = (text) => process.stdout.write(`  ${text}\n`);
const a_phone = () => `+98912${String(crypto.randomInt(1e7)).padStart(7, '0')}`;

/* One browser, one person, and what goes wrong around them. */
class Visit extends Walk {
	static async begin(browser, instance, opt)
	{
		const w = new Visit();
		w.instance = instance;
		w.opt = opt;
		w.context = await context_of(browser, instance, null);
		w.page = await w.context.newPage();
		w.page.setDefaultTimeout(WAIT);
		w.faults = await watch(w.context, w.page, [new URL(instance.url).origin], REFUSALS);
		w.mail = `walk${crypto.randomBytes(5).toString('hex')}.of.a.long.name@example.com`;
		w.phone = a_phone();
		return w;
	}

	async fine(what, with_axe = false)
	{
		const found = [...this.faults.filter((f) => !f.includes('/ws/notifications/')), ...await this.page.evaluate(console_faults)];
		if (this.opt.shots)
			await this.page.screenshot({ path: path.join(this.opt.shots, `account-${what.replace(/\W+/g, '-')}.png`) });
		if (with_axe)
			found.push(...await axe(this.page));
		assert.deepEqual(found, [], what);
		say(what);
	}

	line(name)
	{
		return this.page.locator('.line').filter({ has: this.page.locator(`b:text-is("${name}")`) });
	}

	dialog()
	{
		return this.page.locator('dialog[open]').last();
	}

	async sign_out()
	{
		await this.page.click('.menu-button');
		await this.page.click('.menu-list button:has-text("Sign out")');
		await this.page.waitForURL('**/console/signin/');
	}

	async password()
	{
		await this.page.fill('#username', this.mail);
		await this.page.fill('#password', PASSWORD);
		await this.page.click('#signin button:not(.plain)');
	}

	async inside()
	{
		await this.page.waitForURL('**/console/inbox/');
		await settled(this.page);
	}

	/* Tab until what has the focus is wanted. */
	async tab_to(what, wanted)
	{
		for (let i = 0; i < 120; i++) {
			await this.page.keyboard.press('Tab');
			if (await this.page.evaluate(wanted))
				return;
		}
		throw new Error(`no way by Tab to ${what}`);
	}

	/* To a page by the keys that every page has. */
	async go_to(letters, at)
	{
		await this.page.keyboard.press('Control+k');
		await this.page.waitForSelector('.palette');
		await this.page.keyboard.type(letters);
		await this.page.waitForFunction((to) => document.querySelectorAll('.palette [role="option"]').length === 1 && to, at);
		await this.page.keyboard.press('Enter');
		await this.page.waitForURL(`**${at}`);
		await settled(this.page);
		await this.page.waitForFunction(() => document.activeElement.tagName === 'H1');
	}
}

/* As on a phone. */
async function narrow(w, what)
{
	await w.page.setViewportSize({ width: 320, height: 700 });
	assert.deepEqual(await layout_faults(w.page), [], what);
	await w.page.setViewportSize({ width: 1440, height: 900 });
}

async function by_email(w)
{
	await w.page.goto(`${w.instance.url}/console/register/`);
	assert.equal(await w.page.getAttribute('#code', 'autocomplete'), 'one-time-code');
	await w.page.fill('#username', w.mail);
	await w.page.fill('#password', PASSWORD);
	const code = await w.next_code('email', w.mail, () => w.page.click('#who button'));
	await w.page.waitForSelector('#prove:not([hidden])');
	await w.page.fill('#code', '000000');
	await w.page.waitForSelector('#said:not(:empty)');
	await narrow(w, 'a long address fits');
	/* As a phone pastes it: at once, in its own digits. */
	await w.page.fill('#code', code.replace(/\d/g, (d) => '۰۱۲۳۴۵۶۷۸۹'[d]));
	await w.inside();
	await w.fine('an account by e-mail');
}

/* A number or an address by the dialog that its line opens. */
async function change(w, name, button, channel, to)
{
	await w.page.locator('.line', { hasText: name }).getByRole('button', { name: button }).click();
	await w.dialog().locator('input').fill(to);
	const code = await w.next_code(channel, to, () => w.dialog().getByRole('button', { name: 'Send code' }).click());
	const field = w.dialog().locator('.code-input');
	await field.waitFor();
	assert.equal(await field.getAttribute('autocomplete'), 'one-time-code');
	await field.fill(code);
	await w.page.locator('.line', { hasText: name }).filter({ hasText: to }).filter({ hasText: /Verified/ }).waitFor();
	await said(w.page, 'Changed.');
}

async function addresses(w)
{
	const was = w.mail;

	await w.nav('Profile');
	await change(w, 'Phone number', 'Add', 'sms', w.phone);
	w.phone = a_phone();
	await change(w, 'Phone number', 'Change', 'sms', w.phone);
	w.mail = `new${was}`;
	await change(w, 'E-mail', 'Change', 'email', w.mail);
	await until('the old address is told', async () => (await messages(w.instance, 'email', was)).some((m) => /\/api\/auth\/undo\/\?token=/.test(m.text || '')));
	await w.fine('number and address change by their codes', true);
}

async function second_steps(w)
{
	await w.nav('Security');
	await w.line('SMS').getByRole('button', { name: 'Turn on' }).click();
	await w.dialog().locator('.codes code').first().waitFor();
	await w.fine('recovery codes', true);
	await w.dialog().getByRole('button', { name: 'I have saved them' }).click();
	await said(w.page, 'Two-step verification is on.');
	await w.sign_out();
	await w.next_code('sms', w.phone, () => w.password()).then(async (code) => {
		await w.page.waitForSelector('#second:not([hidden])');
		assert.equal(await w.page.getAttribute('#factor', 'autocomplete'), 'one-time-code');
		await w.page.fill('#factor', code);
	});
	await w.inside();
	await w.fine('the second step by SMS');

	await w.nav('Security');
	await w.line('Authenticator app').getByRole('button', { name: 'Set up' }).click();
	await w.page.waitForFunction(() => (document.querySelector('dialog .qr img') || {}).naturalWidth > 20);
	await w.fine('the QR code', true);
	await w.page.click('dialog summary');
	const secret = (await w.page.textContent('dialog .copy code')).trim();
	await w.page.fill('dialog .code-input', totp(secret));
	await w.dialog().getByRole('button', { name: 'I have saved them' }).click();
	await said(w.page, 'Two-step verification is on.');
	await w.sign_out();
	await w.password();
	await w.page.waitForSelector('#second:not([hidden])');
	await w.page.waitForFunction(() => /authenticator/.test(document.getElementById('second_how').textContent));
	/* This half minute's digits were used up; those of the next serve too. */
	await w.page.fill('#factor', totp(secret, Date.now() + 30000));
	await w.inside();
	await w.fine('the second step by app');

	await w.nav('Security');
	for (const name of ['Authenticator app', 'SMS']) {
		await w.line(name).getByRole('button', { name: 'Remove' }).click();
		await w.dialog().getByRole('button', { name: 'Remove' }).click();
		await said(w.page, 'That method is off.');
		await w.line(name).locator('.badge:text-is("Off")').waitFor();
	}
	await w.fine('second steps taken off', true);
}

async function other_sites(w)
{
	const sub = crypto.randomBytes(8).toString('hex');
	const sandbox = (method, body) => lib.request(`${w.instance.env.GATEPOST_SANDBOX_URL}/oidc/settings`, { method, body });
	const origin = new URL(w.instance.url).origin;

	await sandbox('PUT', { people: { [sub]: { name: 'Ann Elsewhere', email: `${sub}@example.com`, email_verified: true } } });
	try {
		await w.line('Sandbox').getByRole('button', { name: 'Connect' }).click();
		await w.page.waitForURL((u) => u.origin !== origin);
		await w.page.click('a:has-text("Ann Elsewhere")');
		await w.page.waitForURL('**/console/security/');
		await settled(w.page);
		await w.line('Sandbox').filter({ hasText: 'last used' }).getByRole('button', { name: 'Disconnect' }).click();
		await w.dialog().getByRole('button', { name: 'Disconnect', exact: true }).click();
		await w.line('Sandbox').filter({ hasText: 'Not connected' }).waitFor();
	} finally {
		await sandbox('DELETE');
	}
	/* The other site's page is not ours to judge. */
	w.faults.splice(0, w.faults.length, ...w.faults.filter((f) => !f.startsWith('fetched from elsewhere')));
	await w.fine('another site, connected and disconnected');
}

async function devices(w)
{
	const page_ask = (method, route, body) => w.page.evaluate(([m, r, b]) => fetch(r, { method: m, headers: { 'Content-Type': 'application/json', 'X-Gatepost': '1' },
		body: b && JSON.stringify(b) }).then((a) => a.json()), [method, route, body]);
	const key = (await page_ask('GET', '/api/push/vapid-key/')).public_key;
	const browser = async (user_agent) => {
		const { json: made } = await lib.request(`${w.instance.env.GATEPOST_SANDBOX_URL}/push/subscriptions`, { method: 'POST', body: { vapid_public_key: key } });
		await page_ask('POST', '/api/push/subscriptions/', { subscription: { endpoint: made.endpoint, keys: made.keys }, user_agent });
		return made;
	};
	const made = await browser('Mozilla/5.0 (Android 15) Firefox/140.0');
	await browser('Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Edg/140.0');
	await w.nav('Devices');
	const row = w.page.locator('tbody tr', { hasText: 'Firefox on Android' });
	await narrow(w, 'the list of browsers fits');
	await w.page.locator('tbody tr', { hasText: 'Edge on Windows' }).getByRole('button', { name: /^Remove/ }).click();
	await w.page.getByRole('heading', { name: /Remove \S?Edge on Windows/ }).waitFor();
	await w.page.locator('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
	await said(w.page, 'Removed. It gets no more');
	await w.page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
	await row.getByRole('button', { name: /^Send a test/ }).click();
	await said(w.page, 'The test is on its way.');
	await until('the push', async () => (await messages(w.instance, 'web_push', made.endpoint)).length > 0);
	await lib.request(`${w.instance.env.GATEPOST_SANDBOX_URL}/push/subscriptions/${made.id}`, { method: 'DELETE' });
	await row.getByRole('button', { name: /^Send a test/ }).click();
	await said(w.page, 'The push service refused the test.');
	await w.page.waitForSelector('.empty-title:text-is("No browsers yet")');
	await w.page.click('button:has-text("Send a test to my phones")');
	await said(w.page, 'No push tokens are registered');
	await w.fine('devices: a test arrives, one is removed, a dead one is told and goes');
}

async function whatsapp(w)
{
	const to = a_phone();

	await w.nav('Send a message');
	await w.page.click('.tab:has-text("WhatsApp")');
	await w.page.waitForSelector('select[name="message_type"]');
	await w.page.fill('input[name="to"]', to);
	/* To somebody who never wrote: said at the choice that helps, and in no word of the API. */
	await w.page.fill('textarea[name="message"]', 'Hello');
	await w.page.click('button.primary:has-text("Send")');
	await w.page.waitForSelector('.field:has(select[name="message_type"]) .wrong:has-text("Choose a template")');
	await w.page.selectOption('select[name="message_type"]', 'template');
	await w.page.waitForSelector('.notice.bad', { state: 'detached' });
	await w.page.waitForSelector('input[name="template"]');
	await w.page.click('button.primary:has-text("Send")');
	await said(w.page, 'Accepted');
	await until('the message', async () => (await messages(w.instance, 'whatsapp', to)).length === 1);
	await w.nav('History');
	await w.page.waitForSelector(`tbody tr:has-text("WhatsApp"):has-text("${to}")`);
	await w.fine('WhatsApp by hand');
}

/* Nothing here touches a mouse. */
async function by_keys(w)
{
	const elsewhere = await ask(w.instance, 'POST', '/api/auth/login/', { username: w.mail, password: PASSWORD });

	assert.equal(elsewhere.status, 200, elsewhere.text);
	await w.page.goto(`${w.instance.url}/console/signin/`);
	await w.page.waitForFunction(() => document.activeElement.id === 'username');
	await w.page.keyboard.type(w.mail);
	await w.page.keyboard.press('Tab');
	await w.page.keyboard.type(PASSWORD);
	await w.page.keyboard.press('Enter');
	await w.inside();
	await w.go_to('pref', '/console/preferences/');
	await w.tab_to('the switch', () => /Payment, E-mail/.test((document.activeElement.labels || [{}])[0]?.textContent || ''));
	await w.page.keyboard.press('Space');
	await until('the preference', () => w.page.evaluate(async () => (await (await fetch('/api/preferences/')).json()).types.payment?.email === false));
	await w.go_to('sessions', '/console/sessions/');
	await w.tab_to('the other session', () => Boolean(document.activeElement.closest('td.row-actions')));
	await w.page.keyboard.press('Enter');
	await w.tab_to('the answer', () => document.activeElement.matches('dialog .danger'));
	await w.page.keyboard.press('Enter');
	await said(w.page, 'That session is signed out.');
	await w.fine('by keys alone: signed in, a preference, a session ended');
}

async function by_code(w)
{
	await w.page.click('button:has-text("Sign out everywhere")');
	await w.dialog().getByRole('button', { name: 'Sign out everywhere' }).click();
	await w.page.waitForURL('**/console/signin/');
	await w.page.fill('#username', w.phone.replace('+98', '0'));
	await w.page.click('#by_code');
	assert.equal(await w.page.getAttribute('#otp', 'autocomplete'), 'one-time-code');
	await w.page.fill('#otp', await w.next_code('sms', w.phone, () => w.page.click('#ask button:not(.plain)')).then(async (code) => {
		await w.page.waitForSelector('#code:not([hidden])');
		return code;
	}));
	await w.inside();
	await w.nav('Sessions');
	assert.equal(await w.page.locator('tbody tr').count(), 1);
	await w.fine('signed out everywhere, and in again by a code');
}

lib.main('console_account', async () => {
	await with_chromium(async (browser, instance, opt) => {
		const w = await Visit.begin(browser, instance, opt);
		try {
			for (const part of [by_email, addresses, second_steps, other_sites, devices, whatsapp])
				await part(w);
			await w.sign_out();
			for (const part of [by_keys, by_code])
				await part(w);
		} catch (e) {
			process.stderr.write(`${w.page.url()}\n${w.faults.join('\n')}\n`);
			if (opt.shots)
				await w.page.screenshot({ path: path.join(opt.shots, 'account-failed.png') }).catch(() => {});
			throw e;
		}
		await w.context.close();
	});
	process.stdout.write('PASSED console_account\n');
});
