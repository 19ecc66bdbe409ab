'use strict';
/*
 * How a session in the console ends, and what is left: for console_user.js.
 *
 * Shown: who presses "Sign out" and gets no answer is told so and is still there; signed out, every tab of the browser is; a tab of one
 * person never does anything as the next; what was being written when the session ended is sent after signing in again; and a code
 * copied with what a message puts around it is the code.
 */
const assert = require('node:assert/strict');
const { WAIT, forget_limits, sql, until } = require('./chromium.js');
const { code_for, context_of, open_at, register, settled } = require('./console.js');

const say = (text) => process.stdout.write(`  ${text}\n`);

async function press_sign_out(page)
{
	await page.click('.menu-button');
	await page.click('.menu-list button:has-text("Sign out")');
}

async function sign_in(page, instance, person)
{
	forget_limits(instance);
	await page.fill('#username', person.username);
	await page.fill('#password', person.password);
	await page.click('#signin button:not(.plain)');
}

/* Two tabs; the second signs out, at last, and somebody else signs in there. */
async function tabs(browser, instance, [mina, bob])
{
	const context = await context_of(browser, instance, mina);
	const first = await open_at(context, instance, 'profile/');
	const second = await open_at(context, instance, 'devices/');

	await first.fill('input[name="first_name"]', 'Not for Bob');
	await second.route('**/api/auth/logout/**', (r) => r.abort());
	await press_sign_out(second);
	await second.waitForSelector('.toast.bad:has-text("You are still signed in.")');
	assert.match(second.url(), /devices/);
	await second.unroute('**/api/auth/logout/**');
	await press_sign_out(second);
	await second.waitForURL('**/console/signin/');
	await first.waitForURL('**/console/signin/?rd=*');
	say('signed out only when it was answered, and then in every tab');

	await sign_in(first, instance, mina);
	await first.waitForURL('**/console/profile/');
	await settled(first);
	await first.fill('input[name="first_name"]', 'Not for Bob');
	/* Not by a page of the console, which would tell: this tab finds out when it is looked at. */
	assert.equal(await second.evaluate(async (body) => (await fetch('/api/auth/login/?tokens=cookie', { method: 'POST',
		headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).status, { username: bob.username, password: bob.password }), 200);
	await second.goto(`${instance.url}/console/inbox/`);
	await first.waitForFunction((name) => (document.querySelector('input[name="first_name"]') || {}).value === name, 'Bob');
	assert.equal(sql(instance, `SELECT first_name FROM user WHERE id = ${bob.id}`).trim(), 'Bob');
	await context.close();
	say('a tab of one person turns into the next one\'s, and writes nothing of theirs');
}

/* The session ends while somebody writes. */
async function in_the_middle(browser, instance, person)
{
	const context = await context_of(browser, instance, person);
	const page = await open_at(context, instance, 'profile/');

	await page.fill('input[name="last_name"]', 'Written long');
	sql(instance, `UPDATE session SET ended_at = NOW(6), end_reason = 'logout' WHERE user_id = ${person.id} AND ended_at IS NULL`);
	await context.clearCookies();
	await page.click('main form button:has-text("Save")');
	await page.waitForSelector('h2:text-is("Your session has ended")');
	await page.click('dialog button:has-text("Continue")');
	await page.waitForSelector('dialog .trouble:has-text("You are not signed in yet.")');
	const [tab] = await Promise.all([context.waitForEvent('page'), page.click('dialog a:has-text("Sign in")')]);
	tab.setDefaultTimeout(WAIT);
	await tab.waitForSelector('#username');
	await sign_in(tab, instance, person);
	await tab.waitForURL('**/console/profile/');
	await page.bringToFront();
	await page.click('dialog button:has-text("Continue")');
	await page.waitForSelector('.toast:has-text("Saved")');
	await until('the name to be kept', async () => sql(instance, `SELECT last_name FROM user WHERE id = ${person.id}`).trim() === 'Written long');
	await context.close();
	say('what was written when the session ended is kept, and sent after signing in again');
}

/* What a phone or a messenger copies along with the digits. */
async function copied(browser, instance)
{
	const context = await context_of(browser, instance, null);
	const page = await context.newPage();
	const person = await register(instance);
	const sent = [];

	page.setDefaultTimeout(WAIT);
	page.on('request', (r) => r.url().includes('/otp/verify/') && sent.push(r.postDataJSON().otp_code));
	await page.goto(`${instance.url}/console/signin/`);
	await page.click('#by_code');
	await page.fill('#address', person.phone);
	forget_limits(instance);
	sql(instance, 'UPDATE otp SET sent_at = sent_at - INTERVAL 10 MINUTE');
	await page.click('#ask button:not(.plain)');
	const code = await code_for(instance, 'sms', person.phone, [person.code]);
	const wrong = (n) => String((Number(code) + n) % 1e6).padStart(6, '0');
	const digits = (text, zero) => text.replace(/\d/g, (d) => String.fromCharCode(zero + Number(d)));
	const persian = digits(wrong(1), 0x6f0), arabic = digits(wrong(3), 0x660);
	for (const [text, meant] of [[`\u2068${persian.slice(0, 3)}-${persian.slice(3)}\u2069`, wrong(1)],
		[wrong(2).replace(/(..)(?=.)/g, '$1 '), wrong(2)], [`\u200f${arabic}`, wrong(3)]]) {
		await page.fill('#otp', text);
		await until(`${meant} to be sent`, async () => sent.at(-1) === meant);
		await page.waitForSelector('#code button:not([disabled])');
	}
	await page.fill('#otp', `\u200e${code}\u200e`);
	await page.waitForURL('**/console/inbox/');
	await context.close();
	say('a copied code is the code');
}

/** All of it. */
async function session_ends(browser, instance)
{
	const people = [await register(instance), await register(instance, { first_name: 'Bob' })];

	await copied(browser, instance);
	await tabs(browser, instance, people);
	await in_the_middle(browser, instance, people[0]);
}

module.exports = { session_ends };
