'use strict';
/*
 * The ways through the console that people take seldom, in Chromium against a running instance; console_user.js and
 * console_account.js have the usual ones.
 *
 *	node tests/browser/console_more.js --instance var/instance.env [--shots DIR]
 *
 * Shown: the other language and back, before and after signing in; a new account that asks for another code, and by another
 * address; signing in by a code, with an address that is not proved, while the account closes and while it is locked; a new
 * password by e-mail, and e-mail as the second step; an address proved later; what a profile and the preferences keep; the inbox
 * by its pages, read at once, and what comes said aloud; a test to an app; a message that failed, one that left, and one that is
 * refused; and how an iPhone gets its pushes.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, with_chromium } = require('./chromium.js');
const { Walk, ask, console_faults, forget_limits, messages, register, said, settled, sql, until, watch } = require('./console.js');

const PASSWORD = 'Blue-Harbour-7!', OTHER = 'Green-Harbour-8!';
const REFUSALS = [400, 401, 403, 404, 409, 422, 429];
const say = (text) => process.stdout.write(`  ${text}\n`);
const a_phone = () => `+98912${String(crypto.randomInt(1e7)).padStart(7, '0')}`;
const an_email = () => `more${crypto.randomBytes(5).toString('hex')}@example.com`;

/* One browser, and what goes wrong in it. */
class Visit extends Walk {
	static async begin(browser, instance, opt)
	{
		const w = new Visit();
		w.browser = browser;
		w.instance = instance;
		w.opt = opt;
		/* Without a language in its store: the buttons put one there. */
		w.context = await browser.newContext({ ignoreHTTPSErrors: instance.any_certificate || false, locale: 'en-GB', timezoneId: 'Asia/Tehran',
			viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
		w.page = await w.context.newPage();
		w.page.setDefaultTimeout(WAIT);
		w.faults = await watch(w.context, w.page, [new URL(instance.url).origin], REFUSALS);
		return w;
	}

	async fine(what)
	{
		const found = [...this.faults.filter((f) => !f.includes('/ws/notifications/')), ...await this.page.evaluate(console_faults)]
			.filter((f) => f !== '0 h1' || !this.page.url().includes('/signin/'));	/* where it stands above the form */
		if (this.opt.shots)
			await this.page.screenshot({ path: path.join(this.opt.shots, `more-${what.replace(/\W+/g, '-')}.png`) });
		assert.deepEqual(found, [], what);
		say(what);
	}

	go(at)
	{
		return this.page.goto(`${this.instance.url}${at}`);
	}

	async sign_in(name, password)
	{
		await this.page.fill('#username', name);
		await this.page.fill('#password', password);
		await this.page.click('#signin button:not(.plain)');
	}

	async inside()
	{
		await this.page.waitForURL('**/console/inbox/');
		await settled(this.page);
	}

	async sign_out()
	{
		await this.page.click('.menu-button');
		await this.page.click('.menu-list button:has-text("Sign out")');
		await this.page.waitForURL('**/console/signin/');
	}

	dialog()
	{
		return this.page.locator('dialog[open]').last();
	}

	own(method, route, body)
	{
		return this.page.evaluate(([m, r, b]) => fetch(r, { method: m, headers: { 'Content-Type': 'application/json' },
			body: b && JSON.stringify(b) }).then((a) => a.json()), [method, route, body]);
	}

	said(wanted)
	{
		return this.page.waitForFunction((text) => new RegExp(text).test(document.getElementById('said').textContent), wanted);
	}
}

const dir = (w, to) => w.page.waitForFunction((d) => document.documentElement.dir === d && document.querySelector('h1'), to);

async function new_account(w)
{
	/* Persian and back, in the bar above. */
	await w.go('/console/register/');
	await w.page.click('.out-bar button:has-text("فارسی")');
	await dir(w, 'rtl');
	await w.page.click('.out-bar button:has-text("English")');
	await dir(w, 'ltr');

	const wrong = an_email(), mail = an_email();
	await w.page.fill('#username', wrong);
	await w.page.fill('#password', PASSWORD);
	await w.next_code('email', wrong, () => w.page.click('#who button'));
	await w.page.waitForSelector('#prove:not([hidden])');
	await w.page.click('#back');
	await w.page.waitForSelector('#who:not([hidden])');
	await w.page.fill('#username', mail);
	const first = await w.next_code('email', mail, () => w.page.click('#who button'));
	await w.page.waitForSelector('#prove:not([hidden])');
	assert.match((await w.page.textContent('#step')).replace(/\u200b/g, ''), new RegExp(mail));
	/* Too soon, with when; then another, as if that time had passed, and the first is worth nothing. */
	await w.page.click('#again');
	await w.said('Try again in \\d+ (seconds|minutes)\\.$');
	sql(w.instance, 'UPDATE otp SET sent_at = sent_at - INTERVAL 10 MINUTE');
	const code = await w.next_code('email', mail, () => w.page.click('#again'));
	await w.said('^Another code is on its way');
	await w.page.fill('#code', first);
	await w.page.waitForSelector('#said:not(.good):not(:empty)');
	await w.page.fill('#code', code);
	await w.inside();
	await w.fine('another address and another code for a new account');

	/* In the account menu. */
	await w.page.click('.menu-button');
	await w.page.click('.menu-list button:has-text("فارسی")');
	await dir(w, 'rtl');
	await w.page.click('.menu-button');
	await w.page.click('.menu-list button:has-text("English")');
	await dir(w, 'ltr');
	await settled(w.page);
	await w.fine('the other language and back');
	await w.sign_out();
}

async function unproved(w)
{
	const phone = a_phone();

	await w.next_code('sms', phone, async () => {
		const begun = await ask(w.instance, 'POST', '/api/auth/register/', { phone_number: phone, password: PASSWORD });
		assert.equal(begun.status, 201, begun.text);
	});
	const code = await w.next_code('sms', phone, () => w.sign_in(phone, PASSWORD));
	await w.page.waitForSelector('#code:not([hidden])');
	assert.match(await w.page.textContent('#code_sent'), /Your account is not confirmed yet/);
	await w.page.fill('#otp', code);
	await w.inside();
	await w.fine('signed in by an address that was not proved before');
	await w.sign_out();
}

async function by_code(w, person)
{
	await w.page.click('#by_code');
	await w.page.fill('#address', person.phone);
	const code = await w.next_code('sms', person.phone, () => w.page.click('#ask button:not(.plain)'));
	await w.page.waitForSelector('#code:not([hidden])');
	await w.page.fill('#otp', code);
	await w.inside();
	await w.fine('signed in by a code');
}

async function profile(w, person)
{
	await w.nav('Profile');
	const line = w.page.locator('.line', { hasText: person.mail });
	await line.getByRole('button', { name: /^Verify/ }).click();
	const code = await w.next_code('email', person.mail, () => w.dialog().getByRole('button', { name: 'Send code' }).click());
	await w.dialog().locator('.code-input').fill(code);
	await said(w.page, 'Verified.');
	await line.locator('.badge:text-is("Verified")').waitFor();

	person.phone = a_phone();
	await w.page.locator('.line', { hasText: 'Phone number' }).getByRole('button', { name: /^Change/ }).click();
	await w.dialog().locator('input').fill(person.phone);
	const proof = await w.next_code('sms', person.phone, () => w.dialog().getByRole('button', { name: 'Send code' }).click());
	await w.dialog().locator('.code-input').fill(proof);
	await said(w.page, 'Changed.');

	await w.page.fill('input[name="birthday"]', '1990-03-21');
	await w.page.selectOption('select[name="gender"]', 'F');
	await w.page.selectOption('select[name="time_zone"]', 'Asia/Tehran');
	await w.page.click('button:has-text("Save")');
	await said(w.page, 'Saved.');
	await w.page.reload();
	await settled(w.page);
	const kept = await Promise.all(['input[name="birthday"]', 'select[name="gender"]', 'select[name="time_zone"]'].map((at) => w.page.inputValue(at)));
	assert.deepEqual(kept, ['1990-03-21', 'F', 'Asia/Tehran']);
	await w.fine('an address proved later, a number changed; birthday, gender and time zone stay');
}

async function preferences(w)
{
	await w.nav('Preferences');
	await w.page.click('label:has-text("Everything, E-mail")');
	await w.page.selectOption('#default-channel', 'in_app');
	await until('the preferences', async () => {
		const p = await w.own('GET', '/api/preferences/');
		return p.channels.email === false && p.default_channel === 'in_app';
	});
	await w.page.reload();
	await settled(w.page);
	assert.equal(await w.page.isChecked('label:has-text("Everything, E-mail") input'), false);
	assert.equal(await w.page.isChecked('label:has-text("Payment, E-mail") input'), false, 'a kind without a wish of its own follows');
	assert.equal(await w.page.isChecked('label:has-text("Everything, Inbox") input'), true);
	assert.equal(await w.page.inputValue('#default-channel'), 'in_app');
	await w.fine('a channel off for everything, and the preferred one, stay');
}

async function inbox(w, person)
{
	const notify = async (title) => {
		const a = await lib.request(`${w.instance.url}/api/notifications/`, { method: 'POST', ca: w.instance.ca,
			headers: { authorization: `Bearer ${w.instance.env.GATEPOST_ADMIN_TOKEN}` }, body: { user_id: person.id, channels: ['in_app'], title, body: 'A text.' } });
		assert.equal(a.status, 202, a.text);
	};
	const rows = (n) => w.page.waitForFunction((want) => document.querySelectorAll('.inbox-row').length === want, n);

	/* Elsewhere it is a word at the edge, in the inbox a word for who does not see it: both are read aloud. */
	await notify('The first of many');
	await w.page.waitForSelector('[role="status"] .toast:has-text("The first of many")');
	await w.nav('Inbox');
	assert.equal(await w.page.textContent('main > [role="status"], main [role="status"].hidden'), '');
	await notify('The second of many');
	await w.page.waitForSelector('main [role="status"]:has-text("New: The second of many")', { state: 'attached' });
	await rows(2);
	for (let n = 3; n <= 21; n++)
		await notify(`Number ${n}`);
	await w.page.waitForSelector('main [role="status"]:has-text("New: Number 21")', { state: 'attached' });
	await w.page.waitForSelector('.bell .dot:text-is("21")');
	await w.page.click('.tab:has-text("Unread")');
	await w.page.waitForURL('**/console/inbox/?show=unread');
	await rows(20);
	await w.page.click('button:has-text("Show more")');
	await rows(21);
	await w.page.waitForSelector('.inbox-row:last-child:has-text("The first of many")');
	await w.page.waitForSelector('button:has-text("Show more")', { state: 'detached' });
	await w.page.click('button:has-text("Mark all as read")');
	await w.page.waitForFunction(() => !document.querySelector('.bell .dot') && !document.querySelector('.inbox-row.new'));
	await w.page.reload();
	await w.page.waitForSelector('.empty-title:text-is("You have read everything")');
	await w.page.click('.tab:has-text("All")');
	await rows(20);
	await w.fine('the inbox by its pages, and read at once');
}

async function app(w)
{
	const token = `ExponentPushToken[${crypto.randomBytes(11).toString('hex')}]`;

	assert.equal((await w.own('POST', '/api/users/push-tokens/', { token, device_type: 'android' })).success, true);
	await w.nav('Devices');
	await w.page.click('button:has-text("Send a test to my phones")');
	await said(w.page, 'The test is on its way.');
	await until('the test', async () => (await messages(w.instance, 'expo', token)).length === 1);
	await w.fine('a test to an app');

	/* Where the browser cannot, because it is an iPhone's: how it can. */
	const phone = await w.context.newPage();
	await phone.addInitScript(() => {
		delete window.PushManager;
		Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1' });
	});
	await phone.goto(w.page.url());
	await phone.waitForSelector('.line:has-text("Safari on iOS"):has-text("does not support push"):has-text("Add to Home Screen")');
	await phone.close();
	say('an iPhone is told of its home screen');
}

async function history(w, person)
{
	const good = an_email(), bad = `r550-5.1.1+${crypto.randomBytes(4).toString('hex')}@example.com`;

	await w.nav('Send a message');
	for (const to of [good, bad]) {
		await w.page.fill('input[name="to"]', to);
		await w.page.fill('input[name="subject"]', 'Hello');
		await w.page.fill('textarea[name="message"]', 'From the console.');
		await w.page.click('button.primary:has-text("Send")');
		await said(w.page, 'Accepted');
	}
	await until('both are settled', async () => {
		const { results } = await w.own('GET', '/api/communications/history/');
		return results.length === 2 && results.every((m) => m.status !== 'pending');
	});
	await w.nav('History');
	await w.page.reload();
	await settled(w.page);
	await w.page.waitForSelector(`tbody tr:has-text("${good}") .badge:text-is("sent")`);
	await w.page.waitForSelector(`tbody tr:has-text("${bad}") .badge:text-is("failed")`);
	assert.equal(await w.page.textContent(`tbody tr:has-text("${bad}") .bad-text`), 'The mailbox does not exist.');
	await w.fine('what was sent, and what failed and why');

	/* Who has proved nothing may not send, and is told what to do (GATEPOST_USER_SEND). */
	const proofs = sql(w.instance, `SELECT phone_verified_at, email_verified_at FROM user WHERE id = ${person.id}`).split('\t');
	sql(w.instance, `UPDATE user SET phone_verified_at = NULL, email_verified_at = NULL WHERE id = ${person.id}`);
	await w.page.evaluate(() => fetch('/api/auth/token/refresh/?tokens=cookie', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' }));
	await w.nav('Send a message');
	await w.page.fill('input[name="to"]', good);
	await w.page.fill('input[name="subject"]', 'Hello');
	await w.page.fill('textarea[name="message"]', 'From nobody.');
	await w.page.click('button.primary:has-text("Send")');
	await w.page.waitForSelector('.notice.bad:has-text("Prove your phone number or e-mail address first.")');
	assert.equal(await w.page.inputValue('textarea[name="message"]'), 'From nobody.', 'what was written stays');
	sql(w.instance, `UPDATE user SET phone_verified_at = '${proofs[0]}', email_verified_at = '${proofs[1]}' WHERE id = ${person.id}`);
	await w.page.evaluate(() => fetch('/api/auth/token/refresh/?tokens=cookie', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' }));
	await w.fine('a message that may not be sent');
}

async function reset(w, person)
{
	await w.page.click('#forgot');
	await w.page.waitForURL('**/console/reset/');
	await w.page.fill('#username', person.mail);
	const code = await w.next_code('email', person.mail, () => w.page.click('#who button'));
	await w.page.waitForSelector('#set:not([hidden])');
	assert.equal(await w.page.getAttribute('#code', 'autocomplete'), 'one-time-code');
	await w.page.fill('#code', code);
	await w.page.fill('#password', OTHER);
	await w.page.click('#set button');
	await w.page.waitForSelector('#done:not([hidden])');
	await w.page.click('#done a');
	await w.page.waitForURL('**/console/signin/**');
	await w.sign_in(person.mail, OTHER);
	await w.inside();
	await w.fine('a new password by e-mail');
}

async function second_step(w, person)
{
	const line = w.page.locator('.line').filter({ has: w.page.locator('b:text-is("E-mail")') });

	await w.nav('Security');
	await line.getByRole('button', { name: 'Turn on' }).click();
	await w.dialog().getByRole('button', { name: 'I have saved them' }).click();
	await said(w.page, 'Two-step verification is on.');
	await w.sign_out();
	/* What proves one way may prove the other: the phone comes first, and the mail is a press away. */
	await w.sign_in(person.phone, OTHER);
	await w.page.waitForSelector('#second:not([hidden])');
	const code = await w.next_code('email', person.mail, () => w.page.click('text=Send a code by e-mail'));
	await w.page.waitForFunction(() => /^Enter the code sent to .+@/.test(document.getElementById('second_how').textContent));
	await w.page.fill('#factor', code);
	await w.inside();
	await w.nav('Security');
	await line.getByRole('button', { name: 'Remove' }).click();
	await w.dialog().getByRole('button', { name: 'Remove' }).click();
	await said(w.page, 'That method is off.');
	await w.fine('the second step by e-mail');
}

async function closing(w, person)
{
	const gone = await w.page.evaluate(() => fetch('/api/auth/account/', { method: 'DELETE' }).then((a) => a.status));

	assert.equal(gone, 200);
	await w.go('/console/signin/');
	await w.sign_in(person.mail, OTHER);
	await w.page.waitForURL('**/console/restore/*');
	await w.page.waitForFunction(() => /will be deleted on .*\d{4}/.test(document.getElementById('when').textContent));
	await w.page.click('#restore button:not([disabled])');
	await w.page.waitForSelector('#done:not([hidden])');
	await w.said('^It will not be deleted');
	await w.page.click('#done a');
	await w.page.waitForURL('**/console/signin/**');
	await w.sign_in(person.mail, OTHER);
	await w.inside();
	await w.fine('signing in while the account closes brings it back');
	await w.sign_out();
}

async function locked(w)
{
	const nobody = an_email();

	for (let n = 0; n < 5; n++)
		assert.equal((await ask(w.instance, 'POST', '/api/auth/login/', { username: nobody, password: 'Not-It-12!' })).status, 401);
	await w.sign_in(nobody, PASSWORD);
	await w.said('^Too many failed tries\\..* Try again in 5 minutes\\.$');
	forget_limits(w.instance);
	await w.fine('who tried too often is told until when');
}

lib.main('console_more', async () => {
	await with_chromium(async (browser, instance, opt) => {
		const w = await Visit.begin(browser, instance, opt);
		try {
			await new_account(w);
			await unproved(w);
			const mail = an_email();
			const person = { ...await register(instance, { email: mail }), mail };
			for (const part of [by_code, profile, preferences, inbox, app, history])
				await part(w, person);
			await w.sign_out();
			for (const part of [reset, second_step, closing, locked])
				await part(w, person);
		} catch (e) {
			process.stderr.write(`${w.page.url()}\n${w.faults.join('\n')}\n`);
			if (opt.shots)
				await w.page.screenshot({ path: path.join(opt.shots, 'more-failed.png') }).catch(() => {});
			throw e;
		}
		await w.context.close();
	});
	process.stdout.write('PASSED console_more\n');
});
