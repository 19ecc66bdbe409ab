'use strict';
/*
 * The bell (nginx/html/gatepost-bell.js) in Chromium, on pages of other origins than Gatepost's, against a running instance.
 *
 *	node tests/browser/chromium_bell.js --instance var/instance.env [--shots DIR]
 *
 * Shown: one script tag on a page of a site beside Gatepost's, under a policy without unsafe-inline and with Trusted Types, counts what is
 * unread, lists it, marks it as read and follows its links, live, by keyboard and for a screen reader; on a site of another domain it does
 * so with a token of that site's server; it speaks the page's language and direction, keeps its look whatever the page's style sheet
 * says, and says so when it is empty, cannot load, stands in a frame without an origin, or nobody is signed in.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here.
 */
const assert = require('node:assert/strict');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, watch, with_chromium } = require('./chromium.js');
const { axe, context_of, register, sql, until } = require('./console.js');

const say = (text) => process.stdout.write(`${text}\n`);

async function tell(instance, person, title, more = {})
{
	const r = await lib.request(`${instance.url}/api/notifications/`, { method: 'POST', ca: instance.ca,
		headers: { authorization: `Bearer ${instance.env.GATEPOST_ADMIN_TOKEN}` },
		body: { user_id: person.id, channels: ['in_app'], title, body: 'Your order is on its way.', ...more } });
	assert.equal(r.status, 202, r.text);
}

const bell = (page) => page.locator('gatepost-bell');
const button = (page) => page.locator('gatepost-bell .bell');
const rows = (page) => page.locator('gatepost-bell .row');
const named = (page, want) => until(`the button says ${want}`, async () => await button(page).getAttribute('aria-label') === want);
const focused = (page) => page.evaluate(() => {
	const el = document.querySelector('gatepost-bell').shadowRoot.activeElement;
	return el && [el.className, el.closest('.row')?.querySelector('.t').textContent].filter(Boolean).join(' ');
});
const is_open = (page) => page.locator('gatepost-bell .panel.open').count().then(Boolean);
const unread = (instance, person) => Number(sql(instance, `SELECT COALESCE(MAX(unread), 0) FROM inbox_count WHERE user_id = ${person.id}`));

async function open(page, n)
{
	if (!await is_open(page))
		await button(page).click();
	await until(`${n} rows`, async () => await rows(page).count() === n);
}

/* Nothing of it is cut off or too small, and axe finds nothing serious. */
async function looks(page, name, shots)
{
	const found = await page.evaluate(() => {
		const root = document.querySelector('gatepost-bell').shadowRoot;
		const faults = [];
		const panel = root.querySelector('.panel.open');
		for (const el of [root.querySelector('.bell'), ...(panel ? [panel, ...panel.querySelectorAll('button, a')] : [])]) {
			const r = el.getBoundingClientRect();
			if (r.width === 0)
				continue;
			if (r.left < 0 || r.right > document.documentElement.clientWidth + 1 || el === panel && r.bottom > innerHeight)
				faults.push(`sticks out: ${el.className}`);
			if (r.height < 24 || r.width < 24)
				faults.push(`too small to press: ${el.className} ${r.width}x${r.height}`);
		}
		/* One line above the list, whatever stands in it. */
		const [close, title] = panel ? ['.head .icon', '.head h2'].map((c) => panel.querySelector(c).getBoundingClientRect()) : [];
		if (panel && (close.top > title.bottom || close.bottom < title.top))
			faults.push('the head is broken in two');
		if (document.documentElement.scrollWidth > document.documentElement.clientWidth)
			faults.push('scrolls sideways');
		return faults.concat((window.violations || []).map((v) => `policy: ${v}`));
	});
	if (shots)
		await page.screenshot({ path: path.join(shots, `bell-${name}.png`) });
	assert.deepEqual([...found, ...await axe(page)], [], name);
}

async function beside(browser, instance, { shots })
{
	const site = instance.env.GATEPOST_SITE_URL;
	const sara = await register(instance);
	const context = await context_of(browser, instance, sara, { width: 1000, height: 800 });
	const page = await context.newPage();
	const faults = await watch(context, page, [instance.url, site]);

	/* Nothing yet. */
	await page.goto(`${site}/bell/?lang=en`, { waitUntil: 'load', timeout: WAIT });
	await named(page, 'Notifications');
	await button(page).click();
	await page.locator('gatepost-bell .said b', { hasText: 'No notifications yet' }).waitFor({ timeout: WAIT });
	await looks(page, 'empty', shots);
	await page.keyboard.press('Escape');
	assert.equal(await focused(page), 'bell');
	assert.equal(await is_open(page), false);

	/* As it comes, said to who cannot see it. */
	for (const title of ['One', 'Two <b>bold</b>'])
		await tell(instance, sara, title);
	await named(page, 'Notifications, 2 unread');
	assert.equal(await page.locator('gatepost-bell .count').textContent(), '2');
	await tell(instance, sara, 'Three', { url: '/push/?order=3' });
	await named(page, 'Notifications, 3 unread');
	await until('it is announced', async () => await page.locator('gatepost-bell [role=status]').textContent() === 'New notification: Three');
	await tell(instance, sara, 'Four', { url: 'javascript:alert(1)' }).catch(() => tell(instance, sara, 'Four'));
	await named(page, 'Notifications, 4 unread');
	say('  counted as they came');

	/* By keyboard alone. */
	await button(page).focus();
	await page.keyboard.press('ArrowDown');
	assert.equal(await is_open(page), true);
	await until('4 rows', async () => await rows(page).count() === 4);
	assert.deepEqual(await page.locator('gatepost-bell .t').allTextContents(), ['Four', 'Three', 'Two <b>bold</b>', 'One']);
	assert.equal(await button(page).getAttribute('aria-expanded'), 'true');
	const walk = [];
	for (const key of ['ArrowDown', 'ArrowDown', 'End', 'ArrowDown', 'ArrowUp', 'Home', 'ArrowUp']) {
		await page.keyboard.press(key);
		walk.push((await focused(page)).replace('main ', ''));
	}
	assert.deepEqual(walk, ['Four', 'Three', 'One', 'One', 'Two <b>bold</b>', 'Four', 'Four']);
	assert.equal(await page.locator('gatepost-bell a.main').count(), 1, 'what is no address over TLS is no link');
	await page.keyboard.press('Enter');
	await named(page, 'Notifications, 3 unread');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Tab');
	assert.equal(await page.evaluate(() => document.querySelector('gatepost-bell').shadowRoot.activeElement.getAttribute('aria-label')), 'Mark as read: Three');
	await page.keyboard.press('Space');
	await named(page, 'Notifications, 2 unread');
	assert.equal(await focused(page), 'main Three', 'what was pressed is gone, its row is not');
	await until('the inbox knows', async () => unread(instance, sara) === 2);
	await until('all are seen', async () => sql(instance, `SELECT unseen FROM inbox_count WHERE user_id = ${sara.id}`) === '0');
	await page.keyboard.press('Escape');
	assert.equal(await focused(page), 'bell');
	assert.equal(await button(page).getAttribute('aria-expanded'), 'false');
	await button(page).click();
	await page.mouse.click(500, 780);
	assert.equal(await is_open(page), false, 'a click beside it closes it');
	await button(page).click();
	await page.locator('gatepost-bell .foot a').focus();
	await page.keyboard.press('Tab');
	assert.equal(await is_open(page), false, 'Tab out of it closes it');
	say('  opened, walked, read and closed by keyboard');

	/* Each look, over a page whose style sheet would spoil it. */
	for (const [lang, theme, width] of [['en', 'light', 1000], ['fa', 'light', 320], ['en', 'dark', 320], ['fa', 'dark', 1000]]) {
		await page.setViewportSize({ width, height: 800 });
		await page.goto(`${site}/bell/?lang=${lang}&theme=${theme}`, { waitUntil: 'load', timeout: WAIT });
		await named(page, lang === 'fa' ? 'اعلان‌ها، ۲ خوانده‌نشده' : 'Notifications, 2 unread');
		await looks(page, `closed-${lang}-${theme}-${width}`, null);
		await open(page, 4);
		await looks(page, `${lang}-${theme}-${width}`, shots);
		assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('gatepost-bell').shadowRoot.querySelector('.root')).direction),
			lang === 'fa' ? 'rtl' : 'ltr');
	}
	await page.goto(`${site}/bell/?lang=en`, { waitUntil: 'load', timeout: WAIT });
	const back = async (colorScheme) => {
		await page.emulateMedia({ colorScheme });
		return button(page).evaluate((b) => getComputedStyle(b).backgroundColor);
	};
	assert.deepEqual([await back('light'), await back('dark')], ['rgb(255, 255, 255)', 'rgb(23, 24, 28)'], 'as the browser is set');
	await page.emulateMedia({ colorScheme: 'light' });
	await page.setViewportSize({ width: 1000, height: 800 });
	say('  both themes and directions, from 320 pixels');

	/* A style sheet that leaves nothing as it is: what is within is the bell's own. */
	await page.evaluate(() => {
		const sheet = new CSSStyleSheet();
		sheet.replaceSync('* { all: unset !important; font-size: 40px !important; text-indent: 5em !important; word-spacing: 3em !important; text-shadow: 0 0 3px red !important }');
		document.adoptedStyleSheets = [sheet];
	});
	await open(page, 4);
	await until('it is where it was', () => page.evaluate(() => {
		const root = document.querySelector('gatepost-bell').shadowRoot;
		const { width, height } = root.querySelector('.bell').getBoundingClientRect(), panel = root.querySelector('.panel').getBoundingClientRect();
		const s = getComputedStyle(root.querySelector('.t'));
		return [width, height, panel.width, s.fontSize, s.textIndent, s.wordSpacing, s.textShadow].join() === '44,44,384,15px,0px,0px,none'
			&& panel.left >= 0 && panel.right <= innerWidth && panel.bottom <= innerHeight;
	}));
	await page.reload({ waitUntil: 'load' });
	/* In a part of the page that is not to be seen it is not, either. */
	await page.evaluate(() => { document.body.style.visibility = 'hidden'; });
	await page.locator('gatepost-bell .bell').waitFor({ state: 'hidden' });
	await page.evaluate(() => { document.body.style.visibility = ''; });

	/* A link: read, and there. */
	await open(page, 4);
	await page.evaluate(() => document.addEventListener('gatepost-open', (e) => { e.preventDefault(); window.opened = e.detail.title; }, { once: true }));
	await page.locator('gatepost-bell a.main').click();
	assert.equal(await page.evaluate(() => window.opened), 'Three');
	assert.equal(await is_open(page), false, 'the page took it over');
	await open(page, 4);
	await page.locator('gatepost-bell a.main').click();
	await page.waitForURL(`${instance.url}/push/?order=3`, { timeout: WAIT });
	await page.goto(`${site}/bell/?lang=en`, { waitUntil: 'load', timeout: WAIT });
	await open(page, 4);
	await page.locator('gatepost-bell .quiet').click();
	await named(page, 'Notifications');
	assert.equal(unread(instance, sara), 0);
	assert.equal(await page.locator('gatepost-bell .row.new').count(), 0);
	assert.equal(await page.locator('gatepost-bell .quiet').isVisible(), false, 'nothing is left to be read');
	say('  links followed, all read');

	/* What cannot be loaded is said, and asked for again. */
	await page.keyboard.press('Escape');
	const list = /\/api\/inbox\/\?before=/;
	await page.route(list, (r) => r.fulfill({ status: 401, headers: { 'Access-Control-Allow-Origin': site, 'Access-Control-Allow-Credentials': 'true' }, body: '{}' }));
	await page.reload({ waitUntil: 'load' });
	await button(page).click();
	await page.locator('gatepost-bell [role=alert]').waitFor({ timeout: WAIT });
	await looks(page, 'failed', shots);
	await page.unroute(list);
	await page.locator('gatepost-bell .said .button').click();
	await until('4 rows', async () => await rows(page).count() === 4);

	/* A page that lets no WebSocket through: the stream's answer may be read from here too. */
	await page.routeWebSocket(/\/ws\/notifications\//, (ws) => ws.close());
	await page.reload({ waitUntil: 'load' });
	await until('an event stream', async () => await bell(page).evaluate((b) => b.connection.way === 'sse' && b.connection.state === 'open'));
	await tell(instance, sara, 'Five');
	await named(page, 'Notifications, 1 unread');
	say('  failures said and mended; by event stream where no WebSocket gets through');

	/* In a corner, when the tag stands in the head; where the page wants it; and nobody signed in. */
	await page.goto(`${site}/bell/?lang=fa&place=head`, { waitUntil: 'load', timeout: WAIT });
	await named(page, 'اعلان‌ها، ۱ خوانده‌نشده');
	const at = await button(page).boundingBox();
	assert.ok(at.x < 100 && at.y > 700, 'the lower end of a page that is read from the right');
	await open(page, 5);
	await looks(page, 'corner', shots);
	assert.deepEqual(await page.evaluate(async (src) => {
		const { WORDS } = await import(src);
		return Object.keys(WORDS.en).filter((k) => !WORDS.fa[k]).concat(Object.keys(WORDS.fa).filter((k) => !WORDS.en[k]));
	}, `${instance.url}/gatepost-bell.js`), [], 'both languages say everything');
	await page.goto(`${site}/bell/?lang=en&place=element`, { waitUntil: 'load', timeout: WAIT });
	assert.equal(await page.locator('gatepost-bell').count(), 1);
	await named(page, 'Notifications, 1 unread');
	await open(page, 5);

	/* What a page's own code put into an attribute unlooked-at leads nowhere but where the web is. */
	const led = (name, value) => bell(page).evaluate((b, [n, v]) => {
		b.setAttribute(n, v);
		return b.shadowRoot.querySelector('.foot a')?.href || null;
	}, [name, value]);
	for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'blob:https://elsewhere.example/1', 'http://elsewhere.example/', 'https://['])
		assert.equal(await led('inbox-url', bad), null, bad);
	assert.equal(await led('inbox-url', '/all'), `${site}/all`);
	const leads = (base) => bell(page).evaluate((b, to) => {
		b.setAttribute('link-base', to);
		return [b.shadowRoot.querySelectorAll('.row').length, [...b.shadowRoot.querySelectorAll('a.main')].map((a) => a.href)];
	}, base);
	assert.deepEqual(await leads('https://shop.example/x/'), [5, ['https://shop.example/push/?order=3']]);
	assert.deepEqual(await leads('data:text/html,x'), [5, []], 'two opaque origins are not one');
	await bell(page).evaluate((b) => b.removeAttribute('link-base'));

	/* Who takes turns in one browser is told apart by the scope: a connection of its own. */
	const alone = await context.newPage();
	await alone.goto(`${site}/bell/?lang=en&place=element`, { waitUntil: 'load', timeout: WAIT });
	const leads_it = (p) => bell(p).evaluate((b) => b.connection.leader && b.connection.state === 'open');
	await named(alone, 'Notifications, 1 unread');
	assert.equal(await leads_it(alone), false, 'one connection for both tabs');
	await bell(alone).evaluate((b) => b.setAttribute('scope', 'somebody else'));
	await until('a connection of its own', () => leads_it(alone));
	assert.equal(await leads_it(page), true);
	await alone.close();
	await bell(page).evaluate((b) => b.setAttribute('sign-in-url', 'javascript:alert(1)'));
	const home = await context.newPage();
	await home.goto(`${instance.url}/push/`, { timeout: WAIT });
	assert.equal(await home.evaluate(() => fetch('/api/auth/logout/', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })
		.then((r) => r.status)), 200);
	await home.close();
	await page.locator('gatepost-bell .said b', { hasText: 'You are signed out' }).waitFor({ timeout: WAIT });
	await named(page, 'Notifications');
	assert.equal(await rows(page).count(), 0, 'nothing of theirs stays');
	assert.equal(await page.locator('gatepost-bell .said a').count(), 0, 'javascript: is nowhere to sign in');
	await bell(page).evaluate((b) => b.removeAttribute('sign-in-url'));
	assert.equal(await page.locator('gatepost-bell .said a').getAttribute('href'), `${instance.url}/console/signin/`);
	await looks(page, 'signed-out', shots);

	/* Signed in again elsewhere: another tab's coming is enough. */
	const anew = await context.newPage();
	await anew.goto(`${instance.url}/push/`, { timeout: WAIT });
	assert.equal(await anew.evaluate((body) => fetch('/api/auth/login/?tokens=cookie', { method: 'POST', body: JSON.stringify(body),
		headers: { 'Content-Type': 'application/json', 'X-Gatepost': '1' } }).then((r) => r.status), { username: sara.phone, password: sara.password }), 200);
	await anew.goto(`${site}/bell/?lang=en`, { waitUntil: 'load', timeout: WAIT });
	await named(anew, 'Notifications, 1 unread');
	await named(page, 'Notifications, 1 unread');
	await until('5 rows in the panel that stood open', async () => await rows(page).count() === 5);
	await anew.close();
	say('  three places; signed out, it keeps nothing; signed in again, it is there');
	assert.deepEqual(faults, []);
	await in_a_frame(await context.newPage(), instance);
	await context.close();
}

/* A frame that a page takes its origin from has neither storage nor locks: no inbox comes there, which is said and stops nothing. */
async function in_a_frame(page, instance)
{
	const site = instance.env.GATEPOST_SITE_URL;

	await page.route(`${site}/framed`, (r) => r.fulfill({ contentType: 'text/html',
		body: `<iframe sandbox="allow-scripts" width="500" height="500" src="${site}/bell/?lang=en"></iframe>` }));
	await page.goto(`${site}/framed`, { timeout: WAIT });
	const frame = page.frameLocator('iframe');
	await frame.locator('gatepost-bell .bell').click({ timeout: WAIT });
	await frame.locator('gatepost-bell .trouble', { hasText: 'No connection.' }).waitFor({ timeout: WAIT });
	await page.unroute(`${site}/framed`);
	say('  in a frame without an origin it says that it cannot');
}

/* Another domain: no cookie of Gatepost's comes along, so the site's own server gives a token. */
async function abroad(browser, instance, { shots })
{
	const site = instance.env.GATEPOST_OTHER_SITE_URL;
	const omid = await register(instance);
	const context = await context_of(browser, instance, null, { language: 'fa', width: 1000, height: 800 });
	const page = await context.newPage();
	const faults = await watch(context, page, [instance.url, site]);

	await tell(instance, omid, 'سفارش شما در راه است', { body: 'تا فردا می‌رسد.' });
	await page.goto(`${site}/bell/?lang=fa&token=1`, { waitUntil: 'load', timeout: WAIT });
	await button(page).click();
	await page.locator('gatepost-bell .said b', { hasText: 'وارد نشده‌اید' }).waitFor({ timeout: WAIT });
	assert.equal(await page.locator('gatepost-bell .said a').count(), 0, 'where to sign in is the site’s to say');
	await context.addCookies([{ name: 'shop', value: omid.token, url: site, httpOnly: true, secure: true, sameSite: 'Lax' }]);
	await page.reload({ waitUntil: 'load' });
	await named(page, 'اعلان‌ها، ۱ خوانده‌نشده');
	await open(page, 1);
	await looks(page, 'abroad', shots);
	await page.locator('gatepost-bell .icon.read').click();
	await named(page, 'اعلان‌ها');
	await until('the inbox knows', async () => unread(instance, omid) === 0);
	assert.equal(await bell(page).evaluate((b) => b.connection.way), 'websocket');
	assert.ok((await context.cookies(instance.url)).every((c) => !/gatepost/.test(c.name)));
	say('  on another domain, by a token of its own server');
	assert.deepEqual(faults, []);
	await context.close();
}

lib.main('chromium_bell', () => with_chromium(async (browser, instance, opt) => {
	await beside(browser, instance, opt);
	await abroad(browser, instance, opt);
}).then(() => say('PASSED chromium_bell')));
