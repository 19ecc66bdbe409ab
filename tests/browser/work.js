'use strict';
/*
 * The work that a crowded site asks for before an SMS (S49), as a person's browser does it unseen: for test_sms_guard.py, whose
 * instance is crowded and counts this machine.
 *
 *	node tests/browser/work.js --instance DIR/instance.env
 *
 * Shown: the same press asks, is asked for work, does it in the page and asks again; signing in by a code, a new password and a new
 * number all do.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const lib = require('./instance.js');
const { WAIT, with_chromium } = require('./chromium.js');
const { Walk, code_for, context_of, messages, register, said, settled, sql, until } = require('./console.js');

const OTHER = 'Green-Harbour-8!';

/* The site's budget of the hour is nearly gone, and what went to this number is long ago. */
function crowd(instance)
{
	sql(instance, 'UPDATE sms_spend SET spent = 300000 WHERE scope = 6 AND window_s = 3600');
	sql(instance, 'DELETE FROM throttle');
	sql(instance, 'UPDATE otp SET sent_at = sent_at - INTERVAL 10 MINUTE');
}

class Worker extends Walk {
	constructor(instance, page)
	{
		super();
		Object.assign(this, { instance, page });
	}

	/* What `act` sends to `route`: refused, then with the work that the refusal named. */
	async code(route, phone, act)
	{
		const sent = [], answers = [];
		const note = async (r) => {
			if (!r.url().endsWith(route))
				return;
			sent.push(r.request().postDataJSON());
			answers.push({ status: r.status(), json: await r.json().catch(() => ({})) });
		};

		const seen = (await messages(this.instance, 'sms', phone)).map((m) => (/\b\d{6}\b/.exec(m.text) || [])[0]);
		crowd(this.instance);
		this.page.on('response', note);
		await act();
		const code = await code_for(this.instance, 'sms', phone, seen);
		await until('both answers', async () => answers.length > 1);
		this.page.off('response', note);
		assert.ok(answers.length === 2 && answers[0].status === 403 && answers[1].status < 300, JSON.stringify(answers));
		const { code: why, challenge, difficulty: bits } = answers[0].json;
		const { pow, ...again } = sent[1];
		assert.equal(why, 'pow_required');
		assert.deepEqual(again, sent[0]);
		assert.ok(pow.startsWith(`${challenge}:`), pow);
		assert.equal(crypto.createHash('sha256').update(pow).digest().readUInt16BE() >> (16 - bits), 0, pow);
		return code;
	}
}

lib.main('work', () => with_chromium(async (browser, instance) => {
	const person = await register(instance);
	const context = await context_of(browser, instance, null);
	const page = await context.newPage();
	const w = new Worker(instance, page);

	page.setDefaultTimeout(WAIT);
	await page.goto(`${instance.url}/console/signin/`);
	await page.click('#by_code');
	await page.fill('#address', person.phone);
	await page.fill('#otp', await w.code('/api/auth/otp/request/', person.phone, () => page.click('#ask button:not(.plain)')));
	await page.waitForURL('**/console/inbox/');
	await settled(page);

	const phone = `+98912${String(crypto.randomInt(1e7)).padStart(7, '0')}`;
	await w.nav('Profile');
	await page.locator('.line', { hasText: 'Phone number' }).getByRole('button', { name: /^Change/ }).click();
	const dialog = page.locator('dialog[open]').last();
	await dialog.locator('input').fill(phone);
	await dialog.locator('.code-input').fill(await w.code('/api/auth/number/change/', phone,
		() => dialog.getByRole('button', { name: 'Send code' }).click()));
	await said(page, 'Changed.');

	await page.goto(`${instance.url}/console/reset/`);
	await page.fill('#username', phone);
	await page.fill('#code', await w.code('/api/auth/password/reset/request/', phone, () => page.click('#who button')));
	await page.fill('#password', OTHER);
	await page.click('#set button:not([type="button"])');
	await page.waitForSelector('#done:not([hidden])');
	await context.close();
	process.stdout.write('PASSED work\n');
}));
