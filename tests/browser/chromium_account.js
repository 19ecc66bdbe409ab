'use strict';
/*
 * The pages that links in messages lead to, in Chromium against a running instance: a new password, the way back of an
 * account that is closing, and, with scripts off, to prove an address, stop mail, sign in by a link and take a change back.
 *
 *	node tests/browser/chromium_account.js --instance var/instance.env [--shots DIR]
 *
 * Shown: each page in English and Persian, from 320 pixels up, light and dark; a whole reset with the code that the sandbox
 * got, a password that is refused first; a closed account comes back by its link, which looking at does not use up (S36).
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, WIDTHS, forget_limits, page_faults, until, watch, with_chromium } = require('./chromium.js');
const { axe } = require('./console.js');
const { layout_faults } = require('./layout.js');

const FIRST = 'Blue-Harbour-7!';
const SECOND = 'Rain-Cloud7?';
const say = (text) => process.stdout.write(`${text}\n`);

/* Somebody with a phone, known to the API only. */
class Person {
	constructor(instance)
	{
		this.instance = instance;
		this.phone = `+98912${String(1e7 + Math.floor(Math.random() * 9e6)).slice(-7)}`;
	}

	call(method, route, body, token)
	{
		return lib.request(`${this.instance.url}${route}`, { method, body, ca: this.instance.ca,
			headers: token ? { authorization: `Bearer ${token}` } : {} });
	}

	/* What the sandbox got for the number, the newest first, that `find` finds something in. */
	async message(find, seen = [])
	{
		const url = `${this.instance.env.GATEPOST_SANDBOX_URL}/messages?channel=sms&to=${encodeURIComponent(this.phone)}`;

		return until(`a message for ${this.phone}`, async () => {
			const { json } = await lib.request(url);
			return json.map((m) => (find.exec(m.text) || [])[0]).find((t) => t && !seen.includes(t));
		});
	}

	code(seen)
	{
		return this.message(/\b\d{6}\b/, seen);
	}

	async register()
	{
		const begun = await this.call('POST', '/api/auth/register/', { phone_number: this.phone, password: FIRST });
		assert.equal(begun.status, 201, begun.text);
		this.first_code = await this.code();
		const done = await this.call('POST', '/api/auth/otp/verify/', { register_id: begun.json.register_id, otp_code: this.first_code });
		assert.equal(done.status, 200, done.text);
		this.token = done.json.access_token;
		return this;
	}

	async signs_in(password)
	{
		return (await this.call('POST', '/api/auth/login/', { username: this.phone, password })).status;
	}
}

/* One page in a fresh browser; `then` works on it, and nothing may be wrong with it at any width. */
async function on_page(browser, instance, opt, name, url, { locale, colorScheme, refusals }, then)
{
	const context = await browser.newContext({ locale, colorScheme, ignoreHTTPSErrors: instance.any_certificate,
		viewport: { width: 320, height: 640 } });
	const page = await context.newPage();
	const faults = await watch(context, page, [new URL(instance.url).origin], refusals);
	const fits = async (step) => {
		for (const [width, height] of WIDTHS) {
			await page.setViewportSize({ width, height });
			faults.push(...await page.evaluate(page_faults));
			if (opt.shots)
				await page.screenshot({ path: path.join(opt.shots, `${name}-${step}-${locale}-${width}.png`), fullPage: true });
		}
		assert.deepEqual(faults, [], `${name}, ${step}, ${locale}`);
	};
	const answer = await page.goto(url, { waitUntil: 'load', timeout: WAIT });

	assert.equal(answer.status(), 200);
	assert.doesNotMatch(answer.headers()['content-security-policy'] || 'unsafe-inline', /unsafe-(inline|eval)/);
	await then(page, fits);
	await context.close();
	assert.deepEqual(faults, [], `${name}, ${locale}`);
	say(`  ${name}, ${locale}`);
}

const RESET = {
	'en-GB': { dir: 'ltr', title: 'Reset your password', done: /signed out everywhere/ },
	'fa-IR': { dir: 'rtl', title: 'بازنشانی گذرواژه', done: /همهٔ نشست‌ها/ },
};

async function resets(browser, instance, opt)
{
	for (const [locale, want] of Object.entries(RESET)) {
		const person = await new Person(instance).register();

		forget_limits(instance);
		/* Where the sign-in page sends who forgot it. */
		await on_page(browser, instance, opt, 'reset', `${instance.url}/console/signin/`,
			{ locale, colorScheme: want.dir === 'rtl' ? 'dark' : 'light', refusals: [400, 401] }, async (page, fits) => {
				await page.click('#forgot');
				await page.waitForURL('**/console/reset/', { timeout: WAIT });
				assert.equal(await page.title(), want.title);
				assert.equal(await page.getAttribute('html', 'dir'), want.dir);
				await fits('who');
				await page.click('#who button');
				await page.waitForFunction(() => document.getElementById('said').textContent);
				/* As Persian keyboards give it, and with spaces. */
				await page.fill('#username', person.phone.replace('+98', '0').replace(/\d/g, (d) =>
					(want.dir === 'rtl' ? String.fromCharCode(0x6f0 + Number(d)) : d)).replace(/(....)(...)/, '$1 $2 '));
				await page.click('#who button');
				await page.waitForSelector('#set:not([hidden])', { timeout: WAIT });
				await fits('set');
				await page.fill('#code', await person.code([person.first_code]));
				await page.fill('#password', 'weak');
				await page.click('#set button');
				await page.waitForFunction(() => document.getElementById('said').textContent);
				await fits('refused');
				assert.equal(await page.evaluate(() => document.getElementById('said').getBoundingClientRect().bottom <= document.getElementById('code').getBoundingClientRect().top), true,
					'what was refused is said above the fields');
				assert.equal(await person.signs_in(FIRST), 200);
				await page.fill('#password', SECOND);
				await page.click('#set button');
				await page.waitForSelector('#done:not([hidden])', { timeout: WAIT });
				assert.match(await page.textContent('#step'), want.done);
				await fits('done');
				await page.click('#done a');
				await page.waitForURL('**/console/signin/**', { timeout: WAIT });
			});
		assert.equal(await person.signs_in(SECOND), 200);
		assert.equal(await person.signs_in(FIRST), 401);
	}
}

async function restores(browser, instance, opt)
{
	const person = await new Person(instance).register();
	const closed = await person.call('DELETE', '/api/auth/account/', undefined, person.token);

	assert.equal(closed.status, 200, closed.text);
	const link = await person.message(/https:\S+\/console\/restore\/#[\w-]{22}/);
	for (const locale of ['en-GB', 'fa-IR'])
		await on_page(browser, instance, opt, 'restore', link, { locale, colorScheme: 'light', refusals: [400] }, async (page, fits) => {
			await page.waitForSelector('#restore button:not([disabled])', { timeout: WAIT });
			assert.equal(await person.signs_in(FIRST), 403);
			await fits('shows');
			if (locale !== 'fa-IR')
				return;
			await page.click('#restore button');
			await page.waitForSelector('#done:not([hidden])', { timeout: WAIT });
			assert.match(await page.textContent('h1'), /بازگردانده/);
			assert.match(await page.textContent('#said'), /حذف نمی‌شود/);
			await fits('done');
			/* The link is used up, and the page says so. */
			await page.reload({ waitUntil: 'load' });
			await page.waitForSelector('#done:not([hidden])', { timeout: WAIT });
			assert.match(await page.textContent('#when'), /کار نمی‌کند/);
			assert.equal(await page.isVisible('#restore button'), false);
			await fits('used');
		});
	assert.equal(await person.signs_in(FIRST), 200);
}

/* Where the links of messages lead that need no scripts, with scripts off: what the page says, in whose language. */
const LINKS = {
	'en-GB': { dir: 'ltr', confirm: 'Confirm your e-mail address', stop: 'Stop these e-mails?', stopped: 'You are unsubscribed', enter: 'Sign in',
		undone: 'The change was undone' },
	'fa-IR': { dir: 'rtl' },
};

async function links(browser, instance, opt)
{
	for (const [locale, want] of Object.entries(LINKS)) {
		const email = `links${Date.now()}@example.com`;
		const mails = `${instance.env.GATEPOST_SANDBOX_URL}/messages?channel=email&to=${encodeURIComponent(email)}`;
		const mail = (what, look) => until(what, async () =>
			(await lib.request(mails)).json.map(look).find(Boolean));
		const post = (route, body, token) => lib.request(`${instance.url}${route}`, { method: 'POST', body, ca: instance.ca,
			headers: token ? { authorization: `Bearer ${token}` } : {} });
		const context = await browser.newContext({ locale, colorScheme: want.dir === 'rtl' ? 'dark' : 'light',
			javaScriptEnabled: false, ignoreHTTPSErrors: instance.any_certificate, viewport: { width: 320, height: 640 } });
		const page = await context.newPage();
		const scripted = await browser.newContext({ locale, ignoreHTTPSErrors: instance.any_certificate, viewport: { width: 320, height: 640 } });
		const other = await scripted.newPage();
		let shown = '';
		await other.route('**/as-shown', (r) => r.fulfill({ contentType: 'text/html; charset=utf-8', body: shown }));
		const looks = async (step, with_axe = false) => {
			for (const [width, height] of WIDTHS) {
				await page.setViewportSize({ width, height });
				const faults = [...await page.evaluate(`window.violations = []; (${page_faults})()`), ...await layout_faults(page)];
				if (opt.shots)
					await page.screenshot({ path: path.join(opt.shots, `link-${step}-${locale}-${width}.png`), fullPage: true });
				assert.deepEqual(faults, [], `${step}, ${locale}, ${width}`);
			}
			assert.equal(await page.getAttribute('html', 'dir'), want.dir);
			const sheet = await page.evaluate('getComputedStyle(document.querySelector("main")).maxWidth');
			assert.equal(sheet, '448px', 'its style came');
			/* Axe is a script: it looks at the same page in a browser that runs some. */
			if (!with_axe)
				return;
			shown = await page.content();
			await other.goto(`${instance.url}/as-shown`, { timeout: WAIT });
			for (const scheme of ['light', 'dark']) {
				await other.emulateMedia({ colorScheme: scheme });
				assert.deepEqual(await axe(other), [], `${step}, ${locale}, ${scheme}`);
			}
		};
		const presses = async (step, title, with_axe) => {
			const [answer] = await Promise.all([page.waitForNavigation({ timeout: WAIT }), page.click('form button')]);
			assert.equal(answer.status(), 200, step);
			if (title)
				assert.equal(await page.title(), title);
			await looks(step, with_axe);
		};

		forget_limits(instance);
		assert.equal((await post('/api/register/', { email, password: FIRST })).status, 201);
		const link = await mail('the link to confirm', (m) => (/token=(\S+)/.exec(m.text || '') || [])[1]);
		await page.goto(`${instance.url}/api/verify-email/?token=${link}`, { timeout: WAIT });
		if (want.confirm)
			assert.equal(await page.title(), want.confirm);
		await looks('confirm', true);
		await presses('confirmed', undefined, true);
		/* Used: a refusal is a page too. */
		await page.goto(`${instance.url}/api/verify-email/?token=${link}`, { timeout: WAIT });
		await looks('used', true);
		const sent = await post('/api/notifications/', { email, title: 'News', body: 'Of the week.' }, instance.env.GATEPOST_ADMIN_TOKEN);
		assert.equal(sent.status, 202, sent.text);
		const out = await mail('a way out', (m) => (/<(https:[^>]*unsubscribe[^>]*)>/.exec((m.headers || {})['list-unsubscribe'] || '') || [])[1]);
		await page.goto(out, { timeout: WAIT });
		if (want.stop)
			assert.equal(await page.title(), want.stop);
		await looks('unsubscribe', true);
		await presses('unsubscribed', want.stopped, true);

		/* Signed in by the link of a mail: the page is whose it says, and the button leads where one was going. */
		forget_limits(instance);
		assert.equal((await post('/api/auth/otp/request/', { email, next: '/push/' })).status, 200);
		await page.goto(await mail('the link to sign in', (m) => (/https:\S+\/otp\/link\/\S+/.exec(m.text || '') || [])[0]), { timeout: WAIT });
		if (want.enter)
			assert.equal(await page.title(), want.enter);
		await looks('enter', true);
		await Promise.all([page.waitForURL('**/push/', { timeout: WAIT }), page.click('form button')]);
		assert.ok((await context.cookies()).some((c) => c.name === '__Host-gatepost'), 'signed in');

		/* Somebody changed the address: the one before takes it back. */
		const { access } = (await post('/api/auth/login/', { username: email, password: FIRST })).json;
		const moved = `moved${Date.now()}@example.com`;
		forget_limits(instance);
		const begun = await post('/api/auth/email/change/', { new_email: moved }, access);
		assert.equal(begun.status, 200, begun.text);
		const code = await until('its code', async () => (await lib.request(mails.replace(encodeURIComponent(email), encodeURIComponent(moved))))
			.json.map((m) => (/\b\d{6}\b/.exec(m.text || '') || [])[0]).find(Boolean));
		assert.equal((await post('/api/auth/otp/verify/', { register_id: begun.json.register_id, otp_code: code })).status, 200);
		const back = await mail('the way back', (m) => (/https:\S+\/api\/auth\/undo\/\?token=[\w-]{22}/.exec(m.text || '') || [])[0]);
		await page.goto(back, { timeout: WAIT });
		await looks('undo', true);
		await presses('undone', want.undone, true);
		assert.equal(await page.getAttribute('main a', 'href'), '/console/reset/');
		assert.equal((await page.goto(back, { timeout: WAIT })).status(), 410);
		await looks('undo-used', true);
		await context.close();
		await scripted.close();
		say(`  links without scripts, ${locale}`);
	}
}

lib.main('chromium_account', async () => {
	await with_chromium(async (browser, instance, opt) => {
		await resets(browser, instance, opt);
		await restores(browser, instance, opt);
		await links(browser, instance, opt);
	});
	say('PASSED chromium_account');
});
