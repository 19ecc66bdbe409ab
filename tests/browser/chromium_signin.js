'use strict';
/*
 * The sign-in page in Chromium, against a running instance: password, code, the second step by each method, and arriving in the
 * middle from another site's sign-in or a mail (S61, S67).
 *
 *	node tests/browser/chromium_signin.js --instance var/instance.env [--shots DIR]
 *
 * Shown too: it fits 320 pixels in English and Persian, light and dark, breaks no policy, fetches nothing from elsewhere, and a
 * token that it was handed behind the "#" is out of the address at once.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, page_faults, sql, watch, with_chromium } = require('./chromium.js');

const PASSWORD = 'Sun-Flower9!';
const PAGE = '/console/signin/';
const REFUSALS = [400, 401, 403, 404, 410];	/* answers that the page shows */

const say = (text) => process.stdout.write(`${text}\n`);
const digits = (n) => Array.from({ length: n }, () => crypto.randomInt(10)).join('');

/* RFC 6238, written from the RFC: six digits of SHA-1. */
function totp(secret, at = Date.now())
{
	const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
	const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
	const count = Buffer.alloc(8);
	count.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
	const mac = crypto.createHmac('sha1', key).update(count).digest();
	const n = mac[19] & 15;
	return String((mac.readUInt32BE(n) & 0x7fffffff) % 1e6).padStart(6, '0');
}

class Site {
	constructor(instance)
	{
		this.instance = instance;
		this.sandbox = instance.env.GATEPOST_SANDBOX_URL.replace(/\/$/, '');
	}

	/* As if two minutes had passed since the last code. */
	later()
	{
		sql(this.instance, 'DELETE FROM throttle');
	}

	async post(where, body, token)
	{
		const r = await lib.request(`${this.instance.url}${where}`, { method: 'POST', body, ca: this.instance.ca,
			headers: token ? { authorization: `Bearer ${token}` } : {} });
		assert.ok(r.status < 300, `${where}: ${r.status} ${r.text}`);
		return r.json;
	}

	/* The newest match among the messages to an address, as soon as there is one that is not in `after`. */
	async message(channel, to, pattern, after = [])
	{
		for (const end = Date.now() + WAIT; Date.now() < end;) {
			const { json } = await lib.request(`${this.sandbox}/messages?channel=${channel}&to=${encodeURIComponent(to)}`);
			for (const m of json) {
				const found = pattern.exec(m.text || '');
				if (found && !after.includes(found[0]))
					return found[0];
			}
			await new Promise((r) => setTimeout(r, 50));
		}
		throw new Error(`nothing like ${pattern} came to ${to}`);
	}

	async person(address)
	{
		const to = Object.values(address)[0];
		const started = await this.post('/api/auth/register/', { ...address, password: PASSWORD });
		const code = await this.message(address.email ? 'email' : 'sms', to, /(?<!\d)\d{6}(?!\d)/);
		const session = await this.post('/api/auth/otp/verify/', { register_id: started.register_id, otp_code: code });
		return { to, code, id: session.user.id, access: session.access };
	}

	/* Somebody with an authenticator app. */
	async guarded(address)
	{
		const p = await this.person(address);
		const { secret } = await this.post('/api/auth/mfa/totp/', {}, p.access);
		const on = await this.post('/api/auth/mfa/totp/confirm/', { code: totp(secret) }, p.access);
		return { ...p, secret, recovery: on.recovery_codes, access: on.access };
	}
}

/* What everybody would stumble over, and a token that stayed in the address. */
async function faults_of(page)
{
	const kept = /mfa_token|link_token/.test(page.url()) ? [`a token in the address: ${page.url()}`] : [];

	return [...await page.evaluate(page_faults), ...kept];
}

async function visits(browser, instance, opt)
{
	const origin = new URL(instance.url).origin;
	const site = new Site(instance);

	/* One visit in a browser of its own; `go` gets the page and a way to look at it. */
	async function visit(name, go, { locale = 'en-US', scheme = 'light', width = 320, at = PAGE } = {})
	{
		site.later();
		const context = await browser.newContext({ viewport: { width, height: 640 }, locale, colorScheme: scheme, ignoreHTTPSErrors: instance.any_certificate });
		const page = await context.newPage();
		const faults = await watch(context, page, [origin], REFUSALS);
		const look = async (what) => {
			faults.push(...await faults_of(page));
			if (opt.shots)
				await page.screenshot({ path: path.join(opt.shots, `signin-${name}-${what}.png`), fullPage: true });
			assert.deepEqual(faults, [], `${name}, ${what}`);
		};
		page.setDefaultTimeout(WAIT);
		const answer = await page.goto(`${instance.url}${at}`, { waitUntil: 'load', timeout: WAIT });
		assert.doesNotMatch(answer.headers()['content-security-policy'], /unsafe-(inline|eval)/);
		await go(page, look);
		await context.close();
		say(`  ${name}: as it should be`);
	}
	const who = (page) => page.evaluate(async () => (await (await fetch('/api/auth/profile/')).json()).id);
	const there = (page, where) => page.waitForURL((u) => u.pathname === where);
	const step = (page, form) => page.waitForSelector(`#${form}:not([hidden])`);
	const password = async (page, p) => {
		await page.fill('#username', p.to);
		await page.fill('#password', PASSWORD);
		await page.click('#signin button:not(.plain)');
	};

	const phone = await site.person({ phone_number: `+98912${digits(7)}` });
	const mail = await site.person({ email: `p${digits(9)}@example.com` });
	const app = await site.guarded({ email: `p${digits(9)}@example.com` });
	const app_fa = await site.guarded({ email: `p${digits(9)}@example.com` });

	await visit('password', async (page, look) => {
		await page.click('#signin button:not(.plain)');
		assert.notEqual(await page.textContent('#said'), '');
		await look('empty');
		await password(page, phone);
		await there(page, '/push/');
		assert.equal(await who(page), phone.id);
	}, { at: `${PAGE}?rd=/push/` });

	await visit('elsewhere', async (page) => {
		await password(page, phone);
		await there(page, '/');
		assert.equal(new URL(page.url()).origin, origin);
	}, { at: `${PAGE}?rd=https://elsewhere.example/` });

	await visit('recovery', async (page, look) => {
		await password(page, app);
		await step(page, 'second');
		await look('totp');
		await page.fill('#factor', '000000');		/* the sixth digit sends it */
		await page.waitForFunction(() => document.getElementById('said').textContent !== '');
		await look('wrong');
		await page.click('text=Use a recovery code');
		await page.waitForFunction(() => document.getElementById('factor').inputMode === 'text');
		await page.fill('#factor', app.recovery[0].toLowerCase());
		await look('code');
		await page.click('#second button:not(.plain)');
		await there(page, '/push/');
		assert.equal(await who(page), app.id);
	}, { at: `${PAGE}?rd=/push/`, scheme: 'dark' });

	await visit('fa', async (page, look) => {
		assert.equal(await page.getAttribute('html', 'dir'), 'rtl');
		await look('password');
		await password(page, app_fa);
		await step(page, 'second');
		await look('second');
		await page.click('#ways button:has-text("ایمیل")');
		await page.waitForFunction(() => /@/.test(document.getElementById('second_how').textContent));
		await look('email');
		const code = await site.message('email', app_fa.to, /(?<!\d)\d{6}(?!\d)/, [app_fa.code]);
		await page.fill('#factor', code.replace(/\d/g, (d) => '۰۱۲۳۴۵۶۷۸۹'[d]));
		await there(page, '/push/');
		assert.equal(await who(page), app_fa.id);
	}, { at: `${PAGE}?rd=/push/`, locale: 'fa-IR' });

	await visit('code', async (page, look) => {
		await page.fill('#username', mail.to);
		await page.click('#by_code');
		await step(page, 'ask');
		assert.equal(await page.inputValue('#address'), mail.to);
		await look('ask');
		await page.click('#ask button:not(.plain)');
		await step(page, 'code');
		await look('enter');
		await page.fill('#otp', await site.message('email', mail.to, /(?<!\d)\d{6}(?!\d)/, [mail.code]));
		await there(page, '/push/');
		assert.equal(await who(page), mail.id);
		/* The link of the same mail was void with its code: the page says so. */
		const link = await site.message('email', mail.to, /https:\/\/\S+\/otp\/link\/\S+/);
		const gone = await page.goto(link);
		assert.equal(gone.status(), 410);
	}, { at: `${PAGE}?rd=/push/` });

	await visit('link', async (page, look) => {
		const other = await site.guarded({ email: `p${digits(9)}@example.com` });
		site.later();
		await page.fill('#username', other.to);
		await page.click('#by_code');
		await page.click('#ask button:not(.plain)');
		await step(page, 'code');
		await page.goto(await site.message('email', other.to, /https:\/\/\S+\/otp\/link\/\S+/));
		assert.ok(await page.isVisible('button'));
		if (opt.shots)
			await page.screenshot({ path: path.join(opt.shots, 'signin-link-page.png'), fullPage: true });
		await page.click('button');
		await there(page, PAGE);
		await step(page, 'second');
		await look('second');
		assert.equal(await page.isVisible('text=Send a code by e-mail'), false);
		await page.fill('#factor', other.recovery[1]);
		await page.click('text=Use a recovery code');
		await page.fill('#factor', other.recovery[1]);
		await page.click('#second button:not(.plain)');
		await there(page, '/push/');
		assert.equal(await who(page), other.id);
	}, { at: `${PAGE}?rd=/push/` });

	await visit('connect', async (page, look) => {
		assert.match(await page.textContent('#said'), /Sandbox/);
		await look('first');
		await password(page, phone);
		await step(page, 'link');
		await look('ask');
		/* This offer nobody made. */
		await page.click('#link button:not(.plain)');
		await page.waitForFunction(() => document.getElementById('said').textContent !== '');
		await page.click('#no_link');
		await there(page, '/push/');
		assert.equal(await who(page), phone.id);
	}, { at: `${PAGE}?rd=/push/#link_token=${'A'.repeat(22)}&provider=sandbox` });

	await visit('over', async (page, look) => {
		await page.waitForSelector('#second:not([hidden])');
		await page.fill('#factor', '123456');
		await step(page, 'signin');
		assert.notEqual(await page.textContent('#said'), '');
		await look('said');
	}, { at: `${PAGE}#mfa_token=${'A'.repeat(22)}&methods=totp,recovery,evil` });
}

async function run()
{
	await with_chromium(visits);
	say('PASSED chromium_signin');
}

lib.main('chromium_signin', run);
