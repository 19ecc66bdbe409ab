'use strict';
/*
 * The admin's pages of watching and people, in Chromium against a running instance: every flow by hand, as an administrator
 * would, then every page held against axe in both themes and both directions, and at the width of a phone.
 *
 *	node tests/browser/console_admin.js --instance var/instance.env
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium, no playwright-core or no axe-core here.
 */
const assert = require('node:assert/strict');
const lib = require('./instance.js');
const { WAIT, watch, with_chromium } = require('./chromium.js');
const { administrator, check_list, context_of, forget_limits, look_at_all, register, said, settled, sql, until } = require('./console.js');

/* What each list can, as check_list() takes it; the logs are in the order of time. */
const LISTS = [
	{ path: '/console/users/', search: 'q', filter: ['is_staff', 'true'], order: 'created_at', bulk: true, rows: true },
	{ path: '/console/signed-in/', filter: ['is_active', 'true'], order: 'created_at', bulk: true, rows: true },
	{ path: '/console/subscriptions/', search: 'q', filter: ['is_active', 'true'], order: 'created_at', bulk: true, rows: true },
	{ path: '/console/phones/', search: 'q', filter: ['is_active', 'true'], order: 'created_at', bulk: true, rows: true },
	{ path: '/console/tokens/', search: 'q', filter: ['state', 'live'], order: 'created_at', bulk: true, rows: true },
	{ path: '/console/deliveries/', filter: ['state', 'sent'], order: 'created_at', bulk: true, rows: true },
	{ path: '/console/queue/', filter: ['state', 'dead'], order: 'created_at', bulk: true },
	{ path: '/console/audit/', filter: ['outcome', 'ok'], order: 'created_at', rows: true },
];

const say = (text) => process.stdout.write(`${text}\n`);

/* Presses Tab (or `key`) until the focus is on what `css` names; at each stop the focus is seen.  Ends where it began: not there. */
async function tab_to(page, css, key = 'Tab')
{
	for (let i = 0; i < 150; i++) {
		await page.keyboard.press(key);
		const at = await page.evaluate((want) => {
			const el = document.activeElement, s = getComputedStyle(el);
			const ring = el === document.body || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1.5);
			const r = el.getBoundingClientRect();
			return { there: el.matches(want), ring, seen: el === document.body || (r.width > 1 && r.height > 1 && el.checkVisibility({ checkVisibilityCSS: true })),
				name: el.outerHTML.slice(0, 120) };
		}, css);
		assert.ok(at.ring, `the focus is seen on ${at.name}`);
		assert.ok(at.seen, `the focus is on what is seen: ${at.name}`);
		if (at.there)
			return;
	}
	throw new Error(`no way to ${css} by ${key}`);
}

/* An administrator who has no mouse. */
async function by_keys(browser, instance, root, mina, story)
{
	const context = await context_of(browser, instance, null);
	const page = await context.newPage();
	const press = (key) => page.keyboard.press(key);
	const on = (css) => page.waitForFunction((c) => document.activeElement.matches(c), css);

	page.setDefaultTimeout(WAIT);
	await page.goto(`${instance.url}/console/signin/?rd=${encodeURIComponent('/console/users/')}`);
	await page.locator('#username').waitFor();
	if (!await page.evaluate(() => document.activeElement.id === 'username'))
		await tab_to(page, '#username');
	await page.keyboard.type(root.username);
	await tab_to(page, '#password');
	await page.keyboard.type(root.password);
	await press('Enter');
	await page.waitForURL(/\/console\/users\//);
	await settled(page);
	/* Past the frame, to the page itself. */
	await tab_to(page, '.skip');
	await press('Enter');
	await on('main');
	/* Found, ordered, and opened. */
	await press('/');
	await on('[data-search]');
	await page.keyboard.type(mina.phone.slice(1));
	await page.waitForURL(/q=/);
	await page.locator('tbody tr', { hasText: mina.phone }).waitFor();
	await tab_to(page, '.order:not(th:first-child *)');
	await press('Enter');
	await page.waitForURL(/ordering=/);
	await settled(page);
	await tab_to(page, 'tbody .row-link');
	await press('Enter');
	await page.waitForURL(new RegExp(`/console/users/${mina.id}/`));
	await settled(page);
	/* Disabled: the question takes the focus, keeps it, and gives it back. */
	const toggle = page.getByRole('switch', { name: 'Active' });
	await tab_to(page, 'input[role="switch"]');
	await press('Space');
	await page.locator('dialog').waitFor();
	for (let i = 0; i < 6; i++) {
		await press('Tab');
		assert.ok(await page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement.closest('dialog'))), 'the focus stays in the dialog');
	}
	await press('Escape');
	await page.locator('dialog').waitFor({ state: 'detached' });
	await on('input[role="switch"]');
	assert.equal(await toggle.isChecked(), true, 'Escape is no');
	await press('Space');
	await page.locator('dialog').waitFor();
	await tab_to(page, 'dialog .danger');
	await press('Enter');
	await page.locator('dialog').waitFor({ state: 'detached' });
	await until('she is disabled', () => sql(instance, `SELECT is_active FROM user WHERE id = ${mina.id}`) === '0');
	/* Back in the list, all of it ticked and enabled at once. */
	await tab_to(page, 'a.back', 'Shift+Tab');
	await press('Enter');
	await page.waitForURL(/\/console\/users\/$/);
	await settled(page);
	await press('/');
	await page.keyboard.type(mina.phone.slice(1));
	await page.waitForURL(/q=/);
	await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
	await tab_to(page, 'thead .pick input');
	await press('Space');
	await page.locator('.picked').waitFor();
	await tab_to(page, '.picked .button:not(.danger) + .danger + .button', 'Shift+Tab');
	await press('Enter');
	await until('she is enabled', () => sql(instance, `SELECT is_active FROM user WHERE id = ${mina.id}`) === '1');
	/* A delivery that failed, from the log, sent again. */
	const [nid, seq] = story.split('/').filter(Boolean).pop().split('-');
	sql(instance, `UPDATE delivery SET state = 'failed', reason = 'gone' WHERE notification_id = ${nid} AND seq = ${seq}`);
	await press('Control+k');
	await page.locator('dialog').waitFor();
	await page.keyboard.type('deliver');
	await press('Enter');
	await page.waitForURL(/\/console\/deliveries\//);
	await settled(page);
	await press('/');
	await page.keyboard.type(nid);
	await press('Enter');
	await page.waitForURL(/by=notification_id/);
	await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
	await tab_to(page, 'tbody .row-link');
	await press('Enter');
	await page.waitForURL(`**${story}`);
	await settled(page);
	await tab_to(page, '.page-head .primary');
	await press('Enter');
	await page.locator('dialog').waitFor();
	await tab_to(page, 'dialog .primary');
	await press('Enter');
	await page.locator('dialog').waitFor({ state: 'detached' });
	await until('it is sent again', () => sql(instance, `SELECT state FROM delivery WHERE notification_id = ${nid} AND seq = ${seq}`) !== 'failed');
	await context.close();
}

lib.main('console_admin', () => with_chromium(async (browser, instance) => {
	const origins = [new URL(instance.url).origin];
	const ask = (method, route, token, body, headers = {}) => lib.request(`${instance.url}${route}`, { method, body, ca: instance.ca,
		headers: { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) } });
	const sandbox = (method, route, body) => lib.request(`${instance.env.GATEPOST_SANDBOX_URL}${route}`, { method, body });
	const mina = await register(instance);
	const root = administrator(instance);
	forget_limits(instance);

	/* Two browsers and a phone of hers. */
	const vapid = (await ask('GET', '/api/push/vapid-key/')).json.public_key;
	for (let i = 0; i < 2; i++) {
		const made = (await sandbox('POST', '/push/subscriptions', { vapid_public_key: vapid })).json;
		const r = await ask('POST', '/api/push/subscriptions/', mina.token, { subscription: { endpoint: made.endpoint, keys: made.keys } });
		assert.equal(r.status, 201, r.text);
	}
	const phone = `ExponentPushToken[${Math.random().toString(36).slice(2).padEnd(22, 'x').slice(0, 22)}]`;
	assert.equal((await ask('POST', '/api/users/push-tokens/', mina.token, { token: phone })).status, 200);

	const context = await context_of(browser, instance, root);
	await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: instance.url }).catch(() => {});
	const page = await context.newPage();
	const faults = await watch(context, page, origins, [400, 401]);
	page.setDefaultTimeout(WAIT);

	const open = async (at) => {
		await page.goto(`${instance.url}${at}`, { timeout: WAIT });
		await settled(page);
	};
	const row = (text) => page.locator('.table-box tbody tr', { hasText: text });
	const button = (name, where = page) => where.getByRole('button', { name, exact: true });
	const yes = (name) => button(name, page.locator('dialog'));
	const toast = (text) => said(page, text);

	/* ---- overview ---- */
	await open('/console/overview/');
	assert.equal(await page.locator('.tile').count(), 5);
	await page.waitForFunction(() => document.querySelectorAll('.chart canvas').length === 4);
	await page.getByRole('row', { name: /webpush.*well/ }).waitFor();
	await page.locator('.page-head select').selectOption('168');
	await page.waitForURL(/hours=168/);
	await settled(page);
	await page.waitForFunction(() => document.querySelector('.chart-table tbody').rows.length === 168);
	/* It lives: what is sent meanwhile is in the next figures (and a new hour begins at 0). */
	const before = Number((await page.locator('.tile b').first().textContent()).replace(/\D/g, ''));
	await ask('POST', '/api/notifications/', instance.env.GATEPOST_ADMIN_TOKEN, { user_id: mina.id, channels: ['web_push'], title: 'Walk', body: 'one two' });
	await page.waitForFunction((n) => Number(document.querySelector('.tile b').textContent.replace(/\D/g, '')) !== n, before);
	say('ok overview');

	/* ---- web push subscriptions: found, tried, switched off and on ---- */
	await open('/console/subscriptions/');
	await page.getByRole('link', { name: 'Web push' }).waitFor();
	await open(`/console/subscriptions/?user_id=${mina.id}`);
	assert.equal(await page.locator('.table-box tbody tr').count(), 2);
	const first = page.locator('.table-box tbody tr').first();
	await first.getByRole('button', { name: /^Test/ }).click();
	await toast('The push service took it');
	/* The other one is refused for good: the list leads to the story. */
	assert.equal((await sandbox('PUT', '/faults/push', { mode: 'status', status: 413, times: 1 })).status < 300, true);
	await first.getByRole('button', { name: /^Test/ }).click();
	await toast('Not delivered');
	await first.getByRole('link', { name: 'Story' }).click();
	await page.waitForURL(/\/console\/deliveries\/\d+-\d+\//);
	await settled(page);
	const story = page.url();
	await page.locator('.verdict.bad', { hasText: 'The message is larger than the service takes.' }).waitFor();
	await page.locator('.verdict', { hasText: 'status 413' }).waitFor();
	await page.locator('.step', { hasText: 'Tried by' }).waitFor();
	await button('Copy as curl').click();
	await toast('Copied');
	const curl = await page.evaluate(() => navigator.clipboard.readText());
	assert.match(curl, /^curl -X POST .*Idempotency-Key/s);
	await button('Send again').click();
	await yes('Send again').click();
	await toast('Queued again.');
	await page.locator('.verdict.good', { hasText: 'took it' }).waitFor();
	assert.ok(await page.locator('.step', { hasText: 'Tried by' }).count() >= 2);
	assert.equal(await button('Send again').count(), 0);
	say('ok one delivery: why, as curl, again');

	await open(`/console/subscriptions/?user_id=${mina.id}`);
	await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
	await button('Deactivate').click();
	await yes('Deactivate').click();
	await toast('Changed: 2');
	await page.locator('.filter', { hasText: 'Active' }).locator('select').selectOption('false');
	await page.waitForURL(/is_active=false/);
	await settled(page);
	assert.equal(sql(instance, `SELECT COUNT(*) FROM device WHERE user_id = ${mina.id} AND is_active = 0`), '2');
	await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
	await button('Activate').click();
	await toast('Changed: 2');
	await until('they are on', () => sql(instance, `SELECT COUNT(*) FROM device WHERE user_id = ${mina.id} AND kind = 'web_push' AND is_active = 1`) === '2');
	say('ok web push: search, test, off and on');

	/* ---- app tokens: searched by their end, shown by their beginning ---- */
	await open('/console/phones/');
	await page.keyboard.press('/');
	await page.keyboard.type(phone.slice(-20));
	await page.waitForURL(/q=/);
	await row(phone.slice(0, 20)).waitFor();
	await settled(page);
	await page.locator('.table-box tbody tr').first().getByRole('button', { name: /^Test/ }).click();
	await toast('The push service took it');
	say('ok app push');

	/* ---- the log: found by what was told ---- */
	await open('/console/deliveries/');
	await page.locator('.finder input').fill(`0${mina.phone.slice(3)}`);
	await button('Find').click();
	await page.waitForURL(/by=to/);
	await settled(page);
	await row(/SMS/).first().waitFor();
	await page.locator('.finder input').fill(String(mina.id));
	await page.locator('.finder select').selectOption('user');
	await button('Find').click();
	await page.waitForURL(/by=user/);
	await settled(page);
	assert.ok(await page.locator('.table-box tbody tr').count() >= 4);
	const [csv] = await Promise.all([page.waitForEvent('download'), button('CSV').click()]);
	const text = require('node:fs').readFileSync(await csv.path(), 'utf8');
	assert.match(text, /^\ufeffTo,Channel,Message,State,Tries,Created\r\n/);
	assert.ok(text.split('\r\n').length > 4);
	await page.locator('.filter', { hasText: 'State' }).locator('select').selectOption('failed');
	await page.waitForURL(/state=failed/);
	await page.locator('.empty', { hasText: 'Nothing matches' }).waitFor();
	/* The address is the list: reloaded it says the same. */
	await page.reload();
	await page.locator('.empty', { hasText: 'Nothing matches' }).waitFor();
	await page.locator('.finder input').fill(story.split('/').filter(Boolean).pop());
	await page.locator('.finder select').selectOption('');
	await button('Find').click();
	await page.waitForURL(story);
	await settled(page);
	say('ok the log');

	/* ---- the queue and its dead letters ---- */
	const nid = story.split('/').filter(Boolean).pop().split('-')[0];
	const dead = (from) => sql(instance, `INSERT INTO job (id, class, state, kind, notification_id, seq, device_id, user_id, provider, crashes, expires_at,
		last_error, created_at) SELECT ${from} + x.seq, 1, 9, 2, d.notification_id, d.seq, d.device_id, d.user_id, d.provider, 3,
		UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, 'dead_letter', UTC_TIMESTAMP(6) FROM delivery d, seq_1_to_3 x WHERE d.notification_id = ${nid}`);
	sql(instance, 'DELETE FROM job WHERE state = 9');
	sql(instance, `UPDATE delivery SET state = 'failed', reason = 'dead_letter' WHERE notification_id = ${nid}`);
	dead(7000);
	await open('/console/queue/?state=dead');
	assert.equal(await row('dead letter').count(), 3);
	await row('three times').first().waitFor();
	await row('dead letter').nth(0).getByRole('checkbox').check();
	await button('Discard').click();
	await yes('Discard').click();
	await until('it is gone', () => sql(instance, 'SELECT COUNT(*) FROM job WHERE state = 9') === '2');
	await settled(page);
	await row('dead letter').nth(0).getByRole('checkbox').check();
	await button('Redrive').click();
	await toast('Made ready again: 1');
	await until('one is left', () => sql(instance, 'SELECT COUNT(*) FROM job WHERE state = 9') === '1');
	await button('Redrive all dead letters').click();
	await yes('Redrive').click();
	await toast('Made ready again: 1');
	await page.locator('.empty', { hasText: 'Nothing matches' }).waitFor();
	say('ok the queue');

	/* ---- users ---- */
	await open('/console/users/');
	await page.locator('[data-search]').fill(mina.phone.slice(1));
	await page.waitForURL(/q=/);
	await row(mina.phone).waitFor();
	await row(mina.phone).getByRole('link').click();
	await page.waitForURL(new RegExp(`/console/users/${mina.id}/`));
	await settled(page);
	/* Edited: a name at once, an address that nothing proves yet, too. */
	await button('Edit').click();
	await page.locator('dialog').getByLabel('Last name').fill('Rahimi');
	await page.locator('dialog').getByLabel('E-mail').fill('nonsense');
	await yes('Save').click();
	await page.locator('dialog .wrong').first().waitFor();
	await page.locator('dialog').getByLabel('E-mail').fill(`mina-${mina.id}@example.com`);
	await yes('Save').click();
	await toast('Saved.');
	await page.getByRole('heading', { level: 1, name: 'Mina Rahimi' }).waitFor();
	assert.equal(sql(instance, `SELECT email FROM user WHERE id = ${mina.id}`), `mina-${mina.id}@example.com`);
	await page.getByRole('switch', { name: /^Staff/ }).check();
	await yes('Continue').click();
	await toast('Saved.');
	assert.equal(sql(instance, `SELECT is_staff FROM user WHERE id = ${mina.id}`), '1');
	await page.getByRole('switch', { name: /^Staff/ }).uncheck();
	await yes('Take away').click();
	await toast('Saved.');
	await page.getByLabel('Country codes').fill('ir, xx1');
	await button('Save', page.locator('.card', { hasText: 'Allowed countries' })).click();
	await page.locator('.wrong', { hasText: 'ISO 3166' }).waitFor();
	await page.getByLabel('Country codes').fill('ir, de');
	await button('Save', page.locator('.card', { hasText: 'Allowed countries' })).click();
	await toast('Saved.');
	assert.equal(sql(instance, `SELECT allowed_countries FROM user WHERE id = ${mina.id}`), 'DE,IR');
	await page.getByLabel('Country codes').fill('');
	await button('Save', page.locator('.card', { hasText: 'Allowed countries' })).click();
	await toast('Saved.');
	await page.getByLabel('Groups', { exact: true }).fill('ops wiki');
	await button('Save', page.locator('.card', { hasText: 'Groups for protected sites' })).click();
	await toast('Saved.');
	assert.equal((await page.getByLabel('Groups', { exact: true }).inputValue()), 'ops, wiki');

	/* Her session ends, by the list on her page; then all, by one button. */
	await row('live').first().getByRole('checkbox').check();
	await button('End').click();
	await yes('End').click();
	await toast('1 done.');
	await until('her session is over', async () => (await ask('GET', '/api/auth/profile/', mina.token)).status === 401);
	const sign_in = async () => {
		forget_limits(instance);
		const r = await ask('POST', '/api/auth/login/', null, { username: mina.username, password: mina.password });
		return r.status === 200 ? r.json.access : null;
	};
	let token = await sign_in();
	await button('Sign out everywhere').click();
	await yes('Sign out everywhere').click();
	await toast('Signed out everywhere.');
	await until('all are over', async () => (await ask('GET', '/api/auth/profile/', token)).status === 401);
	await page.getByRole('switch', { name: 'Active' }).click();
	await yes('Disable').click();
	await toast('Saved.');
	assert.equal(await sign_in(), null);
	await page.getByRole('switch', { name: 'Active' }).check();
	await toast('Saved.');
	assert.ok(token = await sign_in());
	forget_limits(instance);
	await button('Send the reset').click();
	await yes('Send the reset').click();
	await toast('The reset has been sent.');
	/* In the list: several at once. */
	await open(`/console/users/?q=${encodeURIComponent(mina.phone.slice(1))}`);
	await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
	await button('Sign out everywhere').click();
	await yes('Sign out everywhere').click();
	await toast('1 done.');
	await until('she is out', async () => (await ask('GET', '/api/auth/profile/', token)).status === 401);
	await page.getByRole('button', { name: /^Last sign-in/ }).click();
	await page.waitForURL(/ordering=last_login_at/);
	await settled(page);
	say('ok users');

	/* ---- everybody's sessions ---- */
	token = await sign_in();
	await open(`/console/signed-in/?user=${encodeURIComponent(mina.phone)}&is_active=true`);
	assert.equal(await page.locator('.table-box tbody tr').count(), 1);
	await page.locator('.table-box tbody tr').getByRole('checkbox').check();
	await button('End').click();
	await yes('End').click();
	await toast('1 done.');
	await until('it is over', async () => (await ask('GET', '/api/auth/profile/', token)).status === 401);
	say('ok sessions');

	/* ---- admin tokens ---- */
	await open('/console/tokens/');
	await page.locator('.page-head').getByRole('button', { name: 'New token' }).click();
	const form = page.locator('dialog form');
	await form.getByLabel('Name').fill('walk');
	await form.getByLabel('Send web pushes').uncheck();
	await button('Create token', form).click();
	await form.locator('.wrong', { hasText: 'Choose one at least.' }).waitFor();
	await form.getByLabel('Administer').check();
	await form.getByLabel('Networks').fill('nonsense');
	await button('Create token', form).click();
	await form.locator('.wrong', { hasText: '192.0.2.0/24' }).waitFor();
	await form.getByLabel('Networks').fill('127.0.0.0/8');
	await button('Create token', form).click();
	const made = (await page.locator('.token-text pre').textContent()).trim();
	assert.match(made, /^gp_/);
	assert.equal((await ask('GET', '/api/admin/stats/', made)).status, 200);
	await yes('I have kept it').click();
	await row('walk').first().getByRole('checkbox').check();
	await button('Revoke').click();
	await yes('Revoke').click();
	await toast('1 done.');
	await until('it is dead', async () => (await ask('GET', '/api/admin/stats/', made)).status === 401);
	say('ok admin tokens');

	/* ---- the audit has it all ---- */
	await open('/console/audit/?event=token_revoked');
	await row('Admin token revoked').first().waitFor();
	await open(`/console/audit/?user_id=${mina.id}&outcome=ok`);
	await row('Signed out everywhere').first().waitFor();
	await page.locator('.table-box details summary').first().click();
	say('ok audit');

	/* ---- every list ---- */
	for (const list of LISTS)
		await check_list(page, instance, list);
	say(`ok ${LISTS.length} lists: state in the address, filters, order, search, CSV, several at once`);

	/* ---- by the keys alone ---- */
	forget_limits(instance);
	await by_keys(browser, instance, root, mina, new URL(story).pathname);
	say('ok the keys alone: signed in, found, disabled, sorted, several at once, sent again');

	/* ---- acting as somebody, in a browser of its own ---- */
	const acting = await context_of(browser, instance, root);
	const other = await acting.newPage();
	other.setDefaultTimeout(WAIT);
	await other.goto(`${instance.url}/console/users/${mina.id}/`);
	await settled(other);
	await button('Act as them', other).click();
	await other.getByLabel('Reason').fill('ticket 7');
	await button('Act as them', other.locator('dialog')).click();
	await other.waitForURL(/\/console\/(inbox\/)?$/);
	assert.equal(await other.evaluate(async () => (await (await fetch('/api/auth/profile/')).json()).id), mina.id);
	/* Told so on every page; ended there, it leads back by signing in. */
	await other.goto(`${instance.url}/console/profile/`);
	await other.locator('.acting', { hasText: /You act as \S?Mina Rahimi/ }).waitFor();
	await button('Stop acting', other).click();
	await other.waitForURL(new RegExp(`/console/signin/\\?rd=.*users.*${mina.id}`));
	assert.equal(await other.evaluate(async () => (await fetch('/api/auth/profile/')).status), 401);
	await acting.close();
	say('ok acting as somebody, seen on every page, ended');

	/* ---- every page: axe in both themes and directions, and narrow ---- */
	await context.close();
	assert.deepEqual(faults, []);
	const hers = `/console/users/${mina.id}/`;
	await look_at_all(browser, instance, root, 'admin', [hers, new URL(story).pathname], { layout: true, dialogs: [
		['/console/tokens/', '.page-head button'],
		['/console/users/', ['tbody .pick label >> nth=0', '.picked .danger']],
		[hers, '.page-head button >> nth=0'],
		...[1, 2, 3, 4, 5].map((n) => [hers, `.steps-list li:nth-child(${n}) button`]),
	] });
	say('ok axe and the layout of every page and dialog in both themes and directions, narrow and wide');
}));
