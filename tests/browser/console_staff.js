'use strict';
/*
 * The console's sharp edges, in Chromium against a running instance:
 *
 *	node tests/browser/console_staff.js --instance var/instance.env
 *
 * Shown: who is staff and no superuser is refused nothing on any page that his menu has, and is shown nothing that he would be refused;
 * who is neither sees no such page; the charts' numbers, and an account at a provider that is left out; the gravest steps, and what
 * the database holds after them; the log's finder by all that one can be told; a copied curl, run; a campaign's progress and
 * audiences; tests of a template on each channel; and axe on what the other walks leave behind too soon.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium, no playwright-core or no axe-core here.
 */
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const lib = require('./instance.js');
const { WAIT, with_chromium } = require('./chromium.js');
const { administrator, ask, context_of, forget_limits, look_at_all, messages, pages_of, register, said, settled, sql, turn_to, until, watch } = require('./console.js');

const tag = crypto.randomBytes(3).toString('hex');
const say = (text) => process.stdout.write(`  ${text}\n`);
const button = (page, name) => page.getByRole('button', { name, exact: true });
const dialog = (page) => page.locator('dialog[open]').last();
const yes = (page, name) => button(dialog(page), name);

async function open(page, instance, at)
{
	await page.goto(`${instance.url}${at}`, { timeout: WAIT });
	await settled(page);
}

/* What the operator's own programs would do, by the token of quickstart. */
async function made(instance, route, body)
{
	const r = await ask(instance, 'POST', route, body, instance.env.GATEPOST_ADMIN_TOKEN);
	assert.ok(r.status >= 200 && r.status < 300, `${route}: ${r.text}`);
	return r.json;
}

/* One page in a browser of its own, as `person`. */
async function as(browser, instance, person, refusals = [401])
{
	const context = await context_of(browser, instance, person);
	await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: instance.url });
	const page = await context.newPage();
	page.setDefaultTimeout(WAIT);
	const faults = await watch(context, page, [new URL(instance.url).origin], refusals);

	return { context, page, faults };
}

/* ---- what is drawn ---- */

/* The numbers beside a chart: a list of rows, the newest last. */
async function numbers(page, title)
{
	const chart = page.locator('figure.chart', { hasText: title });

	if (!await chart.locator('details').evaluate((d) => d.open))
		await chart.locator('summary').click();
	return (await chart.locator('tbody tr').evaluateAll((rows) => rows.map((r) => [...r.querySelectorAll('td')].map((d) => d.textContent))))
		.map((r) => r.map((n) => Number(n.replace(/[^\d.]/g, ''))));
}

async function charts(page, instance)
{
	/* The hour may have turned since. */
	const lately = async (title) => (await numbers(page, title)).slice(-2).reduce((n, [first]) => n + first, 0);

	await open(page, instance, '/console/overview/');
	await page.waitForFunction(() => document.querySelectorAll('.chart canvas').length === 4);
	assert.ok(await lately('Sign-ins an hour') >= 1, 'the sign-in is in its hour');
	assert.equal((await numbers(page, 'Sign-ins an hour')).length, 24);
	const rate = (await numbers(page, 'Sent a second')).length, queue = (await numbers(page, 'The queue')).length;
	await until('what was sent is in its hour', async () => {
		if (await lately('Deliveries an hour') >= 1)
			return true;
		await open(page, instance, '/console/overview/');
		return false;
	});
	const more = (title, n) => page.waitForFunction(([t, was]) => [...document.querySelectorAll('figure.chart')]
		.find((f) => f.textContent.includes(t)).querySelectorAll('tbody tr').length > was, [title, n]);
	await more('Sent a second', Math.min(rate, 2));
	await more('The queue', Math.min(queue, 2));
	/* A line is drawn, and not off the picture: some of its pixels are the series' own. */
	assert.ok(await page.locator('figure.chart canvas').evaluateAll((all) => all.every((c) => {
		const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
		return data.some((v, i) => i % 4 === 3 && v > 200);
	})), 'each chart has ink');

	sql(instance, `INSERT INTO provider_state (name, state, reason, until_at, failures) VALUES ('smtp', 'open', 'connect', UTC_TIMESTAMP(6) + INTERVAL 600 SECOND, 5)
		ON DUPLICATE KEY UPDATE state = 'open', reason = 'connect', until_at = UTC_TIMESTAMP(6) + INTERVAL 600 SECOND, failures = 5`);
	try {
		await open(page, instance, '/console/overview/');
		await page.getByRole('row', { name: /smtp.*not used, after failures.*5 failures; tried again in/ }).waitFor();
		await page.locator('.notice.warn', { hasText: 'smtp: not used, after failures, connect' }).waitFor();
		await open(page, instance, '/console/providers/smtp/');
		await page.locator('.page-head .badge.bad').waitFor();
	} finally {
		sql(instance, "UPDATE provider_state SET state = 'closed', reason = '', until_at = NULL, failures = 0 WHERE name = 'smtp'");
	}
	await open(page, instance, '/console/overview/');
	await page.getByRole('row', { name: /smtp.*well/ }).waitFor();
	assert.equal(await page.locator('.notice').count(), 0);
	say('charts: the sign-in and what was sent are in their hours, the live ones go on; an account that is left out is seen, with its reason');
}

/* ---- staff, and who is not ---- */

async function staff_walk(browser, instance, staff, root_id, plain, things)
{
	const { context, page, faults } = await as(browser, instance, staff);
	const pages = [...await pages_of('admin'), ...await pages_of('admin2')];
	const his = pages.filter((p) => p.who === 'admin'), not_his = pages.filter((p) => p.who !== 'admin');

	await open(page, instance, '/console/overview/');
	const menu = await page.locator('nav a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
	assert.deepEqual(his.filter((p) => p.icon && !menu.includes(p.path)).map((p) => p.path), [], 'his menu has every page of his');
	assert.deepEqual(not_his.filter((p) => menu.includes(p.path)).map((p) => p.path), []);
	assert.ok(not_his.some((p) => p.path === '/console/tokens/'));
	for (const at of [...his.map((p) => p.path).filter((p) => p !== '/console/overview/'), ...things]) {
		await turn_to(page, at);
		await settled(page);
		assert.equal(await page.locator('.notice.bad, .empty-title:text-is("There is no such thing")').count(), 0, `${at}: nothing is refused`);
		assert.deepEqual(faults, [], at);
	}
	for (const { path } of not_his) {
		await page.goto(`${instance.url}${path}`);
		await page.getByRole('heading', { name: 'Page not found' }).waitFor();
	}
	/* What he would be refused he is not shown. */
	const none = async (at, ...names) => {
		await turn_to(page, at);
		await settled(page);
		for (const name of names)
			assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, `${at}: ${name}`);
	};
	await none(`/console/users/${plain.id}/`, 'Act as them', 'Remove them');
	assert.equal(await page.getByLabel('Groups', { exact: true }).count(), 0, 'groups are a superuser’s to give');
	for (const role of [/^Staff/, /^Superuser/])
		assert.equal(await page.getByRole('switch', { name: role }).isDisabled(), true, 'and so are roles');
	assert.equal(await page.getByRole('switch', { name: 'Active' }).isDisabled(), false);
	await none(`/console/users/${root_id}/`, 'Edit', 'Sign out everywhere', 'Send the reset', 'Delete the account', 'Act as them', 'Save', 'End');
	assert.equal(await page.getByRole('switch', { name: 'Active' }).isDisabled(), true);
	await page.getByText('only superusers change it').waitFor();
	await none(`/console/users/${staff.id}/`, 'Act as them', 'Save');
	await none('/console/providers/', 'New account');
	assert.equal(await page.locator('.page-head .primary').count(), 0);
	assert.equal(await page.locator('td.pick').count(), 0);
	/* What is his he does. */
	await turn_to(page, `/console/users/${plain.id}/`);
	await settled(page);
	await button(page, 'Sign out everywhere').click();
	await yes(page, 'Sign out everywhere').click();
	await said(page, 'Signed out everywhere.');
	assert.equal((await ask(instance, 'GET', '/api/auth/profile/', undefined, plain.token)).status, 401);
	assert.deepEqual(faults, []);
	say(`staff: ${his.length} pages of his menu and ${things.length} more, nothing refused, nothing shown that would be`);
	return { context, page, faults };
}

async function plain_walk(browser, instance, plain)
{
	const { context, page, faults } = await as(browser, instance, plain);

	await open(page, instance, '/console/');
	await page.waitForURL(/\/console\/(inbox\/)?$/);
	const pages = [...await pages_of('admin'), ...await pages_of('admin2')].map((p) => p.path);
	const menu = await page.locator('nav a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
	assert.deepEqual(menu.filter((at) => pages.includes(at)), []);
	for (const at of ['/console/users/', '/console/tokens/', `/console/users/${plain.id}/`]) {
		await page.goto(`${instance.url}${at}`);
		await page.getByRole('heading', { name: 'Page not found' }).waitFor();
	}
	await page.keyboard.press('Control+k');
	await dialog(page).locator('input').fill('users');
	await dialog(page).getByText('No page has that name.').waitFor();
	assert.deepEqual(faults, []);
	await context.close();
	say('who is neither: no such page, not in the menu and not by its name');
}

/* ---- the gravest steps ---- */

async function grave(page, instance, nora, others)
{
	const is = (column) => sql(instance, `SELECT ${column} FROM user WHERE id = ${nora.id}`);
	const mfa = () => sql(instance, `SELECT (SELECT COUNT(*) FROM mfa WHERE user_id = ${nora.id} AND sms) + (SELECT COUNT(*) FROM recovery_code WHERE user_id = ${nora.id})`);

	/* Two steps to sign in, and codes; both go, and she is out. */
	const on = await ask(instance, 'PATCH', '/api/auth/mfa/', { sms: true }, nora.token);
	assert.equal(on.status, 200, on.text);
	assert.notEqual(mfa(), '0');
	const sign_in = async () => {
		forget_limits(instance);
		return (await ask(instance, 'POST', '/api/auth/login/', { username: nora.username, password: nora.password })).json;
	};
	assert.ok((await sign_in()).mfa_token);
	await open(page, instance, `/console/users/${nora.id}/`);
	await button(page, 'Remove them').click();
	await dialog(page).getByLabel('Reason').fill('x');
	await yes(page, 'Remove them').click();
	await dialog(page).locator('.wrong').first().waitFor();
	assert.notEqual(mfa(), '0', 'not without a reason');
	await dialog(page).getByLabel('Reason').fill(`ticket ${tag}`);
	await yes(page, 'Remove them').click();
	await said(page, 'The second factors are gone.');
	assert.equal(mfa(), '0');
	assert.equal((await ask(instance, 'GET', '/api/auth/profile/', undefined, nora.token)).status, 401);
	assert.ok((await sign_in()).access, 'the password alone is enough again');
	assert.match(sql(instance, `SELECT detail FROM audit WHERE user_id = ${nora.id} AND event = 'factors_reset' ORDER BY id DESC LIMIT 1`),
		new RegExp(`ticket ${tag}`), 'why is in the audit');

	/* A superuser, and no more: no is no. */
	await open(page, instance, `/console/users/${nora.id}/`);
	const role = page.getByRole('switch', { name: /^Superuser/ });
	await role.click();
	await dialog(page).getByRole('heading', { name: /Make \S?Mina Karimi\S? a superuser\?/ }).waitFor();
	await yes(page, 'Cancel').click();
	await page.locator('dialog').waitFor({ state: 'detached' });
	await until('the switch goes back', async () => !await role.isChecked());
	assert.equal(is('is_superuser'), '0');
	await role.click();
	await yes(page, 'Continue').click();
	await said(page, 'Saved.');
	assert.equal(is('is_superuser'), '1');
	await role.click();
	await yes(page, 'Take away').click();
	await said(page, 'Saved.');
	assert.equal(is('is_superuser'), '0');
	assert.equal(sql(instance, `SELECT GROUP_CONCAT(outcome) FROM audit WHERE user_id = ${nora.id} AND event = 'user_change'`), 'ok,ok');

	/* Several at once: not himself, whatever is ticked. */
	await open(page, instance, `/console/users/?q=${encodeURIComponent(others[0].phone.slice(1))}`);
	assert.equal(await page.locator('.table-box tbody tr').count(), 1);
	await open(page, instance, '/console/users/?ordering=-created_at');
	for (const o of others)
		await page.locator('.table-box tbody tr', { hasText: o.phone }).getByRole('checkbox').check();
	await page.locator('.picked', { hasText: `${others.length} selected` }).waitFor();
	await button(page, 'Disable').click();
	await dialog(page).getByRole('heading', { name: `Disable ${others.length} accounts?` }).waitFor();
	await yes(page, 'Disable').click();
	await said(page, `${others.length} done.`);
	const ids = others.map((o) => o.id).join();
	assert.equal(sql(instance, `SELECT SUM(is_active) FROM user WHERE id IN (${ids})`), '0');
	assert.equal(sql(instance, `SELECT COUNT(*) FROM session WHERE user_id IN (${ids}) AND ended_at IS NULL`), '0', 'and are out');
	assert.notEqual(sql(instance, 'SELECT SUM(is_active) FROM user WHERE is_superuser'), '0');

	/* Deleted by the typed name: closed at once, gone after the grace time. */
	await open(page, instance, `/console/users/${nora.id}/`);
	await button(page, 'Delete the account').click();
	assert.equal(await yes(page, 'Delete the account').isDisabled(), true, 'without the name');
	await dialog(page).locator('input').fill(`${nora.phone}0`);
	assert.equal(await yes(page, 'Delete the account').isDisabled(), true, 'nor with another');
	await dialog(page).locator('input').fill(nora.phone);
	await yes(page, 'Delete the account').click();
	await said(page, 'The account is closed.');
	await page.waitForURL('**/console/users/');
	assert.equal(is('is_active'), '0');
	assert.equal(sql(instance, `SELECT purge_at > UTC_TIMESTAMP() + INTERVAL 1 DAY AND restored_at IS NULL FROM closing WHERE user_id = ${nora.id}`), '1');
	assert.equal((await sign_in()).access, undefined);
	await open(page, instance, `/console/users/${nora.id}/`);
	await page.locator('.facts div', { hasText: 'Deleted at' }).waitFor();
	say('the gravest: factors removed, a superuser made and unmade, two disabled at once, one deleted by its typed name');
}

/* ---- the log's finder, and a curl that runs ---- */

const local_time = (at) => new Date(at + 3.5 * 3600e3).toISOString().slice(0, 16);	/* Tehran's, which knows no summer time */

async function finder(page, instance, to)
{
	const nid = (await made(instance, '/api/notifications/', { user_id: to.id, channels: ['sms'], title: `Title ${tag}`, body: `Words-${tag} of it` })).id;
	const one = await until('it is sent', () => {
		const [request, seq, provider_id, state] = sql(instance, `SELECT n.request_id, d.seq, d.provider_id, d.state FROM delivery d JOIN notification n ON n.id = d.notification_id
			WHERE n.id = ${nid}`).split('\t');
		return ['sent', 'delivered'].includes(state) && { request, provider_id, id: `${nid}-${seq}` };
	});
	const found = async (by, what) => {
		await page.locator('.finder select').selectOption(by);
		await page.locator('.finder input').fill(what);
		await button(page, 'Find').click();
		await page.waitForURL((u) => u.searchParams.get('by') === by && u.searchParams.get('for') === what);
		await settled(page);
		await page.locator(`.table-box a[href="/console/deliveries/${one.id}/"]`).waitFor();
	};
	assert.ok(one.provider_id, 'the provider gave it a number');
	await open(page, instance, '/console/deliveries/');
	for (const [by, what] of [['request_id', one.request], ['provider_id', one.provider_id], ['notification_id', String(nid)], ['title', `Title ${tag}`], ['body', `Words-${tag}`]])
		await found(by, what);
	/* By what it looks like. */
	await page.locator('.finder select').selectOption('');
	await page.locator('.finder input').fill(one.request);
	await button(page, 'Find').click();
	await page.waitForURL(/by=request_id/);
	await settled(page);
	/* In a span of time: within it, before it, and out again by "Clear". */
	const span = async (name, at) => page.locator('.filter', { hasText: name }).locator('input').fill(local_time(at));
	await span('From', Date.now() - 3600e3);
	await page.waitForURL(/since=/);
	await settled(page);
	await page.locator(`.table-box a[href="/console/deliveries/${one.id}/"]`).waitFor();
	await span('Until', Date.now() - 1800e3);
	await page.waitForURL(/until=/);
	await page.locator('.empty', { hasText: 'Nothing matches' }).waitFor();
	await page.locator('.empty').getByRole('button', { name: 'Clear' }).click();
	await page.waitForURL((u) => !u.searchParams.get('since') && !u.searchParams.get('until'));
	await page.locator(`.table-box a[href="/console/deliveries/${one.id}/"]`).waitFor();
	/* What nobody sent: nothing, and a way out. */
	await page.locator('.finder select').selectOption('title');
	await page.locator('.finder input').fill(`nobody ${tag}`);
	await button(page, 'Find').click();
	await page.locator('.empty').getByRole('button', { name: 'Clear' }).click();
	await page.waitForURL((u) => !u.searchParams.get('for'));
	say('the log: found by request, provider’s id, notification, title, text, and in a span of time');

	/* Copied and run in a shell, it does what it says. */
	await open(page, instance, `/console/deliveries/${one.id}/`);
	await button(page, 'Copy as curl').click();
	await said(page, 'Copied');
	const line = await page.evaluate(() => navigator.clipboard.readText());
	const answer = execFileSync('bash', ['--norc', '-c', `${line} --silent --show-error --cacert "$CA" --write-out '\\n%{http_code}'`],
		{ encoding: 'utf8', env: { PATH: process.env.PATH, CA: instance.env.GATEPOST_CA, GATEPOST_TOKEN: instance.env.GATEPOST_ADMIN_TOKEN } });
	assert.match(answer, /\n2\d\d$/, `${line}: ${answer}`);
	await until('the same, once more', () => sql(instance, `SELECT COUNT(*) FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE d.user_id = ${to.id} AND n.title = 'Title ${tag}'`) === '2');
	say('copy as curl: bash runs it, and the message goes once more');
	return one.id;
}

/* ---- campaigns and templates ---- */

async function campaigns(page, instance, people)
{
	const group = await made(instance, '/api/push/groups/', { name: `staff-${tag}` });
	await made(instance, `/api/push/groups/${group.id}/members/`, { user_ids: people.map((p) => p.id) });

	await open(page, instance, '/console/campaigns/new/');
	await page.getByLabel('Name', { exact: true }).fill(`Group ${tag}`);
	await page.getByLabel('Title').fill(`Hello ${tag}`);
	await page.getByLabel('Text', { exact: true }).fill('To the group.');
	await page.getByLabel('Web push', { exact: true }).uncheck();
	await page.locator('summary', { hasText: 'The mail as HTML' }).click();
	await page.getByLabel('HTML', { exact: true }).fill(`<h1>Hello ${tag}</h1><p>In colours.</p>`);
	/* Nobody's language but English, somewhere, lately, with a phone: all counted by the API. */
	await page.getByLabel('Who gets it').selectOption('filter');
	await page.getByLabel('Signed in within').selectOption('7');
	await page.getByLabel('Can be reached by').selectOption('email');
	await page.getByText(/That is (one person|\d+ people) now/).waitFor();
	await page.getByLabel('Countries').fill('IS');
	await page.getByText('That is 0 people now.').waitFor();
	/* What can be nobody's is said where it is typed. */
	const wrong = (text) => page.locator('.audience-count.wrong', { hasText: text }).waitFor();
	await page.getByLabel('Countries').fill('ISL');
	await wrong('Use ISO 3166 codes of two letters.');
	await page.getByLabel('Who gets it').selectOption('ids');
	await page.getByLabel('User numbers').fill(`${people[0].id}, abc`);
	await wrong('user ids');
	await page.getByLabel('User numbers').fill(String(people[0].id).replace(/\d/g, (d) => '۰۱۲۳۴۵۶۷۸۹'[d]));
	await page.getByText('That is one person now.').waitFor();
	await page.getByLabel('Who gets it').selectOption('group');
	await page.getByLabel('Name of the group').fill(`nobody-${tag}`);
	await wrong('There is no such group.');
	await page.getByLabel('Name of the group').fill(`staff-${tag}`);
	await page.getByText(`That is ${people.length === 1 ? 'one person' : `${people.length} people`} now.`).waitFor();
	await button(page, 'Send now').click();
	await yes(page, 'Send now').click();
	await page.locator('.page-head .badge', { hasText: 'done' }).waitFor();
	/* How far it is, in each of its places. */
	const n = people.length;
	await page.locator(`.meter[aria-label*="sent ${n},"]`).waitFor();
	await page.locator('.tile', { hasText: 'sent' }).locator(`b:text-is("${n}")`).waitFor();
	await page.getByText(`${n} of ${n}`).first().waitFor();
	assert.equal(await page.locator('.meter .part').count(), 1);
	const at = new URL(page.url()).pathname;
	/* One of them, by what he signs in with; and nobody. */
	const to = administrator(instance).username;
	await page.locator('[data-search]').fill(to);
	await page.waitForURL((u) => u.searchParams.get('q') === to);
	await settled(page);
	await page.locator('.table-box tbody tr', { hasText: to }).first().waitFor();
	await page.locator('[data-search]').fill(`nobody-${tag}@example.com`);
	await page.locator('.empty', { hasText: 'Nothing matches' }).waitFor();
	await open(page, instance, `/console/campaigns/?q=Group+${tag}`);
	await page.locator('.table-box tbody tr', { hasText: `${n} of ${n}` }).waitFor();
	assert.equal(await page.locator('.table-box progress').evaluate((p) => p.value / p.max), 1);
	await until('its HTML', async () => (await messages(instance, 'email', administrator(instance).username)).some((m) => JSON.stringify(m).includes('In colours.')));
	say('campaigns: its HTML, audiences by conditions and by a group, and the progress in meter, tile and list');
	return at;
}

async function template_tests(page, instance, staff, device)
{
	const t = await made(instance, '/api/templates/', { name: `staff_${tag}`, definition: { type: 'order', variables: {}, default_locale: 'en', locales: { en: { title: `Test ${tag}`, body: 'By the button.',
		email: { html: `<h1 style="color: rgb(1, 2, 3)">Mail ${tag}</h1><script>parent.ran = 1</script>
			<p onclick="parent.ran = 1" style="font-weight: 700; background-image: url(https://elsewhere.example.com/a.png)">Read <a href="https://example.com/">this</a> or <a href="javascript:1">that</a>.</p>
			<img src="https://elsewhere.example.com/b.png" alt="A logo" onerror="parent.ran = 1"><iframe src="https://elsewhere.example.com/"></iframe>` } } } } });

	await open(page, instance, `/console/templates/${t.id}/`);
	await button(page, 'Web push').click();
	await said(page, 'The test is on its way: Web push.');
	await until('the push', async () => (await messages(instance, 'web_push', device.endpoint)).length > 0);
	await button(page, 'SMS').click();
	await said(page, 'The test is on its way: SMS.');
	await until('the SMS', async () => (await messages(instance, 'sms', staff.phone)).some((m) => JSON.stringify(m).includes(tag)));
	say('a template’s tests by web push and SMS arrive');
	return t;
}

lib.main('console_staff', () => with_chromium(async (browser, instance) => {
	const boss = administrator(instance);
	const root_id = sql(instance, `SELECT id FROM user WHERE email = '${boss.username}'`);
	const [staff, plain, nora, other] = [await register(instance), await register(instance), await register(instance), await register(instance)];

	sql(instance, `UPDATE user SET is_staff = 1 WHERE id = ${staff.id}`);
	const vapid = (await ask(instance, 'GET', '/api/push/vapid-key/')).json.public_key;
	const device = (await lib.request(`${instance.env.GATEPOST_SANDBOX_URL}/push/subscriptions`, { method: 'POST', body: { vapid_public_key: vapid } })).json;
	assert.equal((await ask(instance, 'POST', '/api/push/subscriptions/', { subscription: { endpoint: device.endpoint, keys: device.keys } }, staff.token)).status, 201);

	const root = await as(browser, instance, boss, [400, 401]);
	await charts(root.page, instance);
	const story = await finder(root.page, instance, plain);
	const campaign = await campaigns(root.page, instance, [{ id: Number(root_id) }]);
	const hook = await made(instance, '/api/admin/webhooks/', { url: `https://hook-${tag}.example.com/` });
	sql(instance, `UPDATE webhook SET is_active = 0 WHERE id = ${hook.id}`);
	const article = (await ask(instance, 'POST', '/api/articles/', { title: `Article ${tag}`, content: 'Read me.', status: 'draft' }, staff.token)).json;
	const group = sql(instance, `SELECT id FROM push_group WHERE name = 'staff-${tag}'`);
	const his = await staff_walk(browser, instance, staff, root_id, plain, [`/console/users/${plain.id}/`, `/console/users/${root_id}/`, `/console/deliveries/${story}/`, campaign,
		'/console/templates/3/', `/console/groups/${group}/`, '/console/providers/smtp/', `/console/webhooks/${hook.id}/`, `/console/articles/${article.id}/`]);
	const template = await template_tests(his.page, instance, staff, device);
	assert.deepEqual(his.faults, []);
	await his.context.close();
	await plain_walk(browser, instance, plain);
	await grave(root.page, instance, nora, [plain, other]);
	assert.deepEqual(root.faults, []);
	await root.context.close();

	/* What the other walks leave before it is looked at. */
	sql(instance, `UPDATE webhook SET is_active = 1 WHERE id = ${hook.id}`);
	await made(instance, `/api/templates/${template.id}/versions/`, { definition: { type: 'order', variables: {}, default_locale: 'en', locales: { en: { title: 'Two', body: 'Another.' } } }, activate: false });
	const later = await made(instance, '/api/campaigns/', { name: `Later ${tag}`, title: 'Later', body: 'Later.', channels: ['sms'], audience: { ids: [Number(staff.id)] },
		at: new Date(Date.now() + 86400e3).toISOString(), start: true });
	const webhook = `/console/webhooks/${hook.id}/`, page_of = `/console/users/${staff.id}/`;
	const head = (n) => `.page-actions button >> nth=${n}`;
	await look_at_all(browser, instance, boss, 'none', [webhook, `/console/articles/${article.id}/`, `/console/campaigns/${later.id}/`], { layout: true, dialogs: [
		[webhook, head(1)], [webhook, head(2)], [webhook, head(3)], [webhook, head(4)],
		[`/console/articles/${article.id}/`, head(0)],
		[`/console/templates/${template.id}/`, '.row-actions button >> nth=0'],
		[`/console/campaigns/${later.id}/`, '.page-actions .danger'],
		[page_of, 'input[role="switch"] >> nth=1'], [page_of, 'input[role="switch"] >> nth=2'],
		['/console/tokens/', ['.page-actions button', 'dialog form .primary', '.token-text pre']],
	] });
	sql(instance, "UPDATE admin_token SET revoked_at = UTC_TIMESTAMP(6) WHERE name = '' AND revoked_at IS NULL");
	sql(instance, `UPDATE webhook SET is_active = 0 WHERE id = ${hook.id}`);
	say('axe and the layout: a webhook, an article, a campaign that waits, and what each asks; the token that is shown once');
	process.stdout.write('PASSED console_staff\n');
}));
