'use strict';
/*
 * The console as an admin uses it to send and to look after the system, in Chromium against a running instance.
 *
 *	node tests/browser/console_admin2.js --instance var/instance.env
 *
 * Shown: a template is made, changed, seen on each channel (a mail rendered, and harmless whoever wrote it), sent to oneself and activated; a campaign is counted, sent, followed to
 * each recipient, another is scheduled, paused and cancelled by its typed name; groups and a push; addresses are put on the list,
 * brought from a file, found, exported and taken off; an article is written, published and deleted; an account at a provider is
 * added, tested, switched off and deleted; a webhook gives its secret once and shows its attempts; nginx takes the lines for a
 * protected site; the system says how it is; and axe on every page in both themes and directions.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT, with_chromium } = require('./chromium.js');
const { layout_faults } = require('./layout.js');
const { administrator, check_list, context_of, look_at_all, messages, settled, sql, until, watch } = require('./console.js');

const tag = crypto.randomBytes(3).toString('hex');
const say = (text) => process.stdout.write(`  ${text}\n`);

async function open(page, instance, at)
{
	await page.goto(`${instance.url}${at}`, { timeout: WAIT });
	await settled(page);
}

/* What each list can, as check_list() takes it. */
const LISTS = [
	{ path: '/console/templates/', search: 'q', order: 'name', rows: true },
	{ path: '/console/campaigns/', search: 'q', filter: ['state', 'done'], bulk: true, rows: true },
	{ path: '/console/groups/', search: 'q', filter: ['open', 'false'], order: 'users', bulk: true },
	{ path: '/console/suppressions/', search: 'address', nobody: 'nobody@example.com', filter: ['channel', 'email'], bulk: true, rows: true },
	{ path: '/console/articles/', search: 'q', filter: ['status', 'published'], order: '-created_at', bulk: true },
	{ path: '/console/providers/', search: 'q', filter: ['health', 'ok'], order: 'name', bulk: true, rows: true },
	{ path: '/console/webhooks/', search: 'q', filter: ['state', 'active'], order: 'url', bulk: true },
];

const button = (page, name) => page.getByRole('button', { name, exact: true });
const dialog = (page) => page.locator('dialog[open]').last();

/* The gravest ask for a name first: without it the button stays shut. */
async function type_and_confirm(page, name, yes)
{
	const d = dialog(page), go = d.getByRole('button', { name: yes, exact: true });
	assert.equal(await go.isDisabled(), true, 'without the name');
	await d.locator('input').fill(name);
	await go.click();
}

/* Everything that a mail's HTML could do to whoever looks at it; MARK is in each address that would be asked. */
const MARK = 'walk-must-not-ask';
const HOSTILE = `<html dir="rtl" style="background:url(/${MARK}-0)"><head><base href="https://elsewhere.example/"><meta http-equiv="refresh" content="0;url=/${MARK}-1">
<meta name="color-scheme" content="light dark"><style>@import url(/${MARK}-2);@import "/${MARK}-3";.c{color:rgb(1, 2, 3)}
@media (prefers-color-scheme: dark){.c{color:rgb(4, 5, 6)}}.d{background:url( '/${MARK}-4' )}@font-face{font-family:x;src:url(/${MARK}-5)}.d{font-family:x}</style>
<link rel="stylesheet" href="/${MARK}-6"><script>top.walk_ran = 1</script></head><body onload="top.walk_ran = 2" style="margin:11px">
<p class="c" style="padding-top:7px" onclick="top.walk_ran = 3">shown as it is</p><p class="d" style="background:url(&quot;/${MARK}-7&quot;);padding-top:9px">styled</p>
<script>top.walk_ran = 4</script><img src="/${MARK}-8" alt="a picture" onerror="top.walk_ran = 5"><img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" alt="">
<svg onload="top.walk_ran = 6"><image href="/${MARK}-9"/></svg><iframe src="/${MARK}-10" srcdoc="<script>top.walk_ran = 7</script>"></iframe>
<object data="/${MARK}-11"></object><video poster="/${MARK}-12" src="/${MARK}-13"></video><form action="/${MARK}-14"><input name="password" autofocus><button>Pay</button></form>
<a href="javascript:top.walk_ran = 8" target="_top">a script</a><a href="/${MARK}-15" target="_top" ping="/${MARK}-16">a link</a>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=/${MARK}-17 onerror=top.walk_ran=9&gt;"></table></math>
<table background="/${MARK}-18"><tr><td>cell</td></tr></table><div style="position:fixed;inset:0;z-index:9">over it all</div></body></html>`;

/*
 * A mail stands there as its reader sees it, and does nothing, whoever wrote it.  On a page of its own, for what such a mail tries the
 * browser says where the other tests look for what the console did wrong.
 */
async function mail_preview(browser, instance, boss)
{
	const context = await context_of(browser, instance, boss);
	const page = await context.newPage();
	const asked = [], answered = [];
	const mail = page.frameLocator('.mail-frame');
	const colour = () => mail.getByText('shown as it is').evaluate((el) => getComputedStyle(el).color);

	page.on('request', (r) => { if (r.url().includes(MARK)) asked.push(r.url()); });
	page.on('response', (r) => { if (r.url().includes(MARK)) answered.push(r.url()); });
	await open(page, instance, '/console/templates/3/');
	await button(page, 'Whole definition').click();
	const definition = JSON.parse(await page.locator('#definition').inputValue());
	definition.locales.en.email = { html: HOSTILE.replace(/[{}]/g, '$&$&') };
	await page.locator('#definition').fill(JSON.stringify(definition));
	await mail.getByText('shown as it is').waitFor({ timeout: WAIT });
	/* Its styles, and its light and dark, whatever the browser has. */
	assert.deepEqual(await mail.locator('body').evaluate((body) => [getComputedStyle(body).margin, getComputedStyle(body.querySelector('.c')).paddingTop, getComputedStyle(body).direction,
		getComputedStyle(body.querySelector('.d')).paddingTop]), ['11px', '7px', 'rtl', '9px']);
	await until('the picture that it brings', () => mail.locator('img').nth(1).evaluate((img) => img.naturalWidth === 1));
	assert.equal(await colour(), 'rgb(1, 2, 3)');
	await button(page, 'Dark mode').click();
	await until('the dark', async () => await colour() === 'rgb(4, 5, 6)');
	await page.getByText('4 pictures from elsewhere are not loaded here.').waitFor({ timeout: WAIT });
	/* Nothing of what acts is there. */
	assert.deepEqual(await mail.locator('html').evaluate((root) => [...root.querySelectorAll('body *')].filter((el) => ['SCRIPT', 'IFRAME', 'OBJECT', 'FORM', 'INPUT', 'BUTTON', 'LINK', 'VIDEO']
		.includes(el.tagName.toUpperCase()) || el.namespaceURI !== 'http://www.w3.org/1999/xhtml' || el.getAttributeNames().some((n) => /^(on|href|background|target|ping|srcset|action)/.test(n)))
		.map((el) => el.outerHTML)), []);
	assert.equal(await mail.getByText('a link').getAttribute('title'), `/${MARK}-15`);
	/* What stands over everything stands over the mail alone. */
	assert.equal(await mail.getByText('over it all').evaluate((el) => el.ownerDocument === document && window !== top), true);
	await mail.getByText('a script').click({ force: true });
	await mail.getByText('a link').click({ force: true });
	assert.equal(await mail.getByText('shown as it is').count(), 1);
	assert.equal(await page.evaluate(() => window.walk_ran), undefined);
	assert.deepEqual(asked, []);
	/* Should the lists let something through, the frame and the policies hold by themselves.  (The browser tells of a request that
	 * it refuses to make, too; one that was made has an answer.) */
	assert.equal(await page.locator('.mail-frame').getAttribute('sandbox'), 'allow-same-origin');
	const last = page.waitForEvent('console', { predicate: (m) => m.text().includes(`${MARK}-last`), timeout: WAIT });
	await page.locator('.mail-frame').evaluate((frame, mark) => {
		const page = frame.contentDocument, { body } = page;

		body.innerHTML = `<img src="/${mark}-a" onerror="top.walk_ran = 10"><a href="/${mark}-b" target="_top">go</a><form action="/${mark}-c"><button>go</button></form><svg onload="top.walk_ran = 11"></svg>`;
		body.append(Object.assign(page.createElement('script'), { textContent: 'top.walk_ran = 12' }), Object.assign(page.createElement('script'), { src: `/gatepost.js?${mark}-d` }));
		body.querySelector('a').click();
		body.querySelector('button').click();
		body.append(Object.assign(page.createElement('img'), { src: `/${mark}-last` }));
	}, MARK);
	await last;
	assert.equal(await page.evaluate(() => window.walk_ran), undefined);
	assert.deepEqual(answered, []);
	assert.equal(new URL(page.url()).pathname, '/console/templates/3/');
	await context.close();
	say('a mail in the preview: styled, light and dark, and nothing in it runs, asks, leads or covers; the frame holds without the lists');
}

async function templates(page, instance, mail)
{
	const name = `walk_${tag}`;

	await open(page, instance, '/console/templates/');
	await page.locator('.page-actions button').click();
	await dialog(page).getByLabel('Name').fill(name);
	await dialog(page).getByLabel('Title').fill('Order {orderId}');
	await dialog(page).getByLabel('Text').fill('It goes to {place}.');
	await dialog(page).getByRole('button', { name: 'Create template' }).click();
	await page.getByRole('heading', { level: 1, name }).waitFor({ timeout: WAIT });
	/* The preview follows what is typed, before anything is saved. */
	await page.locator('#words-body').fill('It is at {place} now.');
	await page.locator('.previews').getByText('It is at place now.').first().waitFor({ timeout: WAIT });
	await page.locator('.previews').getByText('GSM-7').waitFor({ timeout: WAIT });
	await page.getByRole('button', { name: '+ Persian' }).click();
	await page.locator('#words-title').fill('سفارش {orderId}');
	await page.locator('#words-body').fill('اکنون در {place} است.');
	await button(page, 'Save and activate').click();
	await page.getByText('Version 2').waitFor({ timeout: WAIT });
	await button(page, 'E-mail').click();
	await until('the test', async () => (await messages(instance, 'email', mail)).some((m) => m.subject === 'Order 1017' || /Order/.test(m.subject)));
	await page.getByRole('button', { name: 'Activate 1' }).click();
	await dialog(page).getByRole('button', { name: 'Activate' }).click();
	await page.getByRole('row', { name: /Version 1.*active/ }).waitFor({ timeout: WAIT });
	/* Found by its search, which stands in the address. */
	await open(page, instance, `/console/templates/?q=${name}`);
	await page.getByRole('link', { name }).waitFor({ timeout: WAIT });
	say('templates: made, previewed, sent to oneself, activated, found');
}

async function campaigns(page, instance, id)
{
	const write = async (name) => {
		await open(page, instance, '/console/campaigns/new/');
		await page.getByLabel('Name', { exact: true }).fill(name);
		await page.getByLabel('Title').fill(`Hello ${tag}`);
		await page.getByLabel('Text').fill('To all who wanted it.');
		await page.getByLabel('Web push').uncheck();
		await page.getByLabel('Who gets it').selectOption('ids');
		await page.getByLabel(/User numbers/).fill(String(id));
		await page.getByText('That is one person now.').waitFor({ timeout: WAIT });
	};

	await write(`Walk ${tag}`);
	await button(page, 'Send now').click();
	await dialog(page).getByText('That is one person now.').waitFor({ timeout: WAIT });
	await dialog(page).getByRole('button', { name: 'Send now' }).click();
	await page.locator('.page-head .badge', { hasText: 'done' }).waitFor({ timeout: WAIT });
	await page.locator('.table .badge', { hasText: 'sent' }).waitFor({ timeout: WAIT });
	await write(`Later ${tag}`);
	const at = new Date(Date.now() + 86400e3 * 2);
	await page.getByLabel('Begin at').fill(at.toISOString().slice(0, 16));
	await button(page, 'Schedule').click();
	await dialog(page).getByRole('button', { name: 'Schedule' }).click();
	await page.locator('.page-head .badge', { hasText: 'scheduled' }).waitFor({ timeout: WAIT });
	await button(page, 'Pause').click();
	await page.locator('.page-head .badge', { hasText: 'paused' }).waitFor({ timeout: WAIT });
	await button(page, 'Resume').click();
	await page.locator('.page-head .badge', { hasText: 'scheduled' }).waitFor({ timeout: WAIT });
	await button(page, 'Cancel the campaign').click();
	await type_and_confirm(page, `Later ${tag}`, 'Cancel the campaign');
	await page.locator('.page-head .badge', { hasText: 'cancelled' }).waitFor({ timeout: WAIT });
	/* What the API refuses is said beside its field; mended, it is a draft until it is started. */
	await write(`Draft ${tag}`);
	await page.getByLabel('Title').fill('');
	await button(page, 'Keep as a draft').click();
	await page.locator('.field .wrong').first().waitFor({ timeout: WAIT });
	await page.getByLabel('Title').fill('Mended');
	await button(page, 'Keep as a draft').click();
	await page.locator('.page-head .badge', { hasText: 'draft' }).waitFor({ timeout: WAIT });
	await button(page, 'Start').click();
	await dialog(page).getByRole('button', { name: 'Start' }).click();
	await page.locator('.page-head .badge', { hasText: 'done' }).waitFor({ timeout: WAIT });
	await open(page, instance, '/console/campaigns/?state=cancelled');
	await page.getByRole('link', { name: `Later ${tag}` }).waitFor({ timeout: WAIT });
	assert.equal(await page.getByRole('link', { name: `Walk ${tag}` }).count(), 0);
	say('campaigns: counted, sent, followed, scheduled, paused, resumed, cancelled by name, refused, drafted, started, filtered');
}

async function groups(page, instance, id)
{
	await open(page, instance, '/console/groups/');
	await page.locator('.page-actions button').click();
	await dialog(page).getByLabel('Name').fill(`walk-${tag}`);
	await dialog(page).getByRole('button', { name: 'Create group' }).click();
	await page.getByRole('heading', { level: 1, name: `walk-${tag}` }).waitFor({ timeout: WAIT });
	await button(page, 'Add users').first().click();
	await dialog(page).getByLabel(/User numbers/).fill(String(id));
	await dialog(page).getByRole('button', { name: 'Add users' }).click();
	await page.locator(`a[href="/console/users/${id}/"]`, { hasText: 'Ada Admin' }).waitFor({ timeout: WAIT });
	await open(page, instance, `/console/groups/?q=walk-${tag}`);
	await page.getByRole('checkbox', { name: 'Select', exact: true }).check();
	await button(page, 'Delete').click();
	await type_and_confirm(page, `walk-${tag}`, 'Delete');
	await page.getByText('Nothing matches').waitFor({ timeout: WAIT });
	say('groups: made, joined, deleted by name');
}

async function suppressions(page, instance)
{
	const one = `one-${tag}@example.com`;

	await open(page, instance, '/console/suppressions/');
	await button(page, 'Add an address').first().click();
	await dialog(page).getByLabel('Address').fill('nobody');
	await dialog(page).getByRole('button', { name: 'Add an address' }).click();
	await dialog(page).locator('.wrong').waitFor({ timeout: WAIT });
	await dialog(page).getByLabel('Address').fill(one);
	await dialog(page).getByRole('button', { name: 'Add an address' }).click();
	await page.locator('dialog').waitFor({ state: 'detached', timeout: WAIT });
	await button(page, 'Import').click();
	await dialog(page).locator('input[type=file]').setInputFiles({ name: 'list.csv', mimeType: 'text/csv',
		buffer: Buffer.from(`\ufeffaddress,reason\r\n"two-${tag}@example.com",bounced\r\nthree-${tag}@example.com,\r\nnobody,blocked\r\n${one},blocked\r\n`) });
	await dialog(page).getByText('4 addresses in the file.').waitFor({ timeout: WAIT });
	await dialog(page).getByRole('button', { name: 'Import' }).click();
	await dialog(page).getByText('On the list now: 3. Could not be used: 1.').waitFor({ timeout: WAIT });
	await dialog(page).locator('.dialog-actions').getByRole('button', { name: 'Close' }).click();
	await page.locator('[data-search]').fill(`two-${tag}@example.com`);
	await page.waitForURL(/address=two/, { timeout: WAIT });
	await until('one row', async () => (await page.locator('.table tbody tr').count()) === 1);
	await page.locator('.table .badge', { hasText: 'bounced' }).waitFor({ timeout: WAIT });
	const [file] = await Promise.all([page.waitForEvent('download', { timeout: WAIT }), button(page, 'CSV').click()]);
	const csv = fs.readFileSync(await file.path(), 'utf8');
	assert.match(csv, /^\ufeffAddress,Channel,Reason/);
	assert.equal(csv.trim().split('\r\n').length, 2);
	await page.getByRole('checkbox', { name: 'Select', exact: true }).check();
	await button(page, 'Take off the list').click();
	await dialog(page).getByRole('button', { name: 'Take off the list' }).click();
	await page.getByText('Nothing matches').waitFor({ timeout: WAIT });
	say('suppressions: refused, added, brought from a file, found, exported, taken off');
}

async function articles(page, instance)
{
	await open(page, instance, '/console/articles/new/');
	await page.getByLabel('Title').fill(`Walk ${tag}`);
	await page.getByLabel('Text').fill('A first line.\n\nو یک خط فارسی.');
	await button(page, 'Save').click();
	await page.getByRole('heading', { level: 1, name: `Walk ${tag}` }).waitFor({ timeout: WAIT });
	await page.getByLabel('Status').selectOption('published');
	await button(page, 'Save').click();
	await dialog(page).getByRole('button', { name: 'Publish' }).click();
	await page.locator('.page-head .badge', { hasText: 'published' }).waitFor({ timeout: WAIT });
	await button(page, 'Delete').click();
	await type_and_confirm(page, `Walk ${tag}`, 'Delete');
	await page.waitForURL(/\/console\/articles\/$/, { timeout: WAIT });
	say('articles: written, published, deleted by name');
}

async function providers(page, instance, settings)
{
	await open(page, instance, '/console/providers/');
	await page.locator('.page-actions button').click();
	const d = dialog(page);
	await d.getByLabel('Name', { exact: true }).fill(`walk-${tag}`);
	await d.getByLabel('Server', { exact: true }).fill(settings.EMAIL_HOST);
	await d.getByLabel('Port', { exact: true }).fill(settings.EMAIL_PORT);
	await d.getByLabel('User', { exact: true }).fill('sandbox');
	await d.getByLabel('Sender', { exact: true }).fill('Walk <walk@example.com>');
	await d.getByLabel('Password', { exact: true }).fill('sandbox-smtp-password');
	await d.getByRole('button', { name: 'Add account' }).click();
	await page.getByRole('heading', { level: 1, name: `walk-${tag}` }).waitFor({ timeout: WAIT });
	await page.getByText('Set; leave empty to keep it.').waitFor({ timeout: WAIT });
	assert.ok(!(await page.content()).includes('sandbox-smtp-password'), 'a secret is never shown');
	await page.getByLabel('E-mail address').fill(`walk-${tag}@example.com`);
	await button(page, 'Send a test').click();
	await until('the test arrives', async () => (await messages(instance, 'email', `walk-${tag}@example.com`)).length > 0);
	await page.getByLabel('Daily limit').fill('7');
	await page.getByRole('switch', { name: 'Active' }).uncheck();
	await button(page, 'Save').click();
	await dialog(page).getByText('Nothing more goes by it').waitFor({ timeout: WAIT });
	await dialog(page).getByRole('button', { name: 'Deactivate', exact: true }).click();
	await page.locator('.page-head .badge', { hasText: 'inactive' }).waitFor({ timeout: WAIT });
	await button(page, 'Reset counter').click();
	await dialog(page).getByRole('button', { name: 'Reset counter' }).click();
	await page.locator('dialog').waitFor({ state: 'detached', timeout: WAIT });
	await button(page, 'Delete').click();
	await type_and_confirm(page, `walk-${tag}`, 'Delete');
	await page.waitForURL(/\/console\/providers\/$/, { timeout: WAIT });
	say('providers: added, its secret never shown, tested, limited, switched off, deleted by name');
}

/* A group with somebody in it, to be looked at. */
async function one_group(instance, id)
{
	const post = (at, body) => lib.request(`${instance.url}${at}`, { method: 'POST', body, ca: instance.ca,
		headers: { authorization: `Bearer ${instance.env.GATEPOST_ADMIN_TOKEN}` } });
	const made = await post('/api/push/groups/', { name: `look-${tag}` });

	assert.equal(made.status, 201, made.text);
	assert.equal((await post(`/api/push/groups/${made.json.id}/members/`, { user_ids: [Number(id)] })).status, 201);
	return made.json.id;
}

/* A time as the field has it, in the browser's zone (Tehran's, which knows no summer time). */
const local_hour = (hours) => new Date(Date.now() + (3.5 + hours) * 3600e3).toISOString().slice(0, 16);

async function webhooks(page, instance, settings)
{
	await open(page, instance, '/console/webhooks/');
	await page.locator('.page-actions button').click();
	await dialog(page).getByLabel('Address').fill(`${settings.GATEPOST_FACEBOOK_URL}/sandbox/hook`);
	await dialog(page).getByLabel('Description').fill(`Walk ${tag}`);
	await dialog(page).getByRole('button', { name: 'Add webhook' }).click();
	const secret = await dialog(page).locator('pre').textContent({ timeout: WAIT });
	assert.match(secret, /^whsec_/);
	await button(page, 'I have kept it').click();
	await page.getByText(`Walk ${tag}`).first().waitFor({ timeout: WAIT });
	assert.ok(!(await page.content()).includes(secret), 'the secret is shown once');
	const id = page.url().split('/').filter(Boolean).pop();
	await button(page, 'Send a test').click();
	await page.locator('.table .badge', { hasText: 'sent' }).first().waitFor({ timeout: WAIT });
	/* Another secret, and the old one is no more. */
	await button(page, 'New secret').click();
	await dialog(page).getByRole('button', { name: 'New secret' }).click();
	await page.getByRole('heading', { name: 'Signing secret' }).waitFor({ timeout: WAIT });
	const second = await dialog(page).locator('pre').textContent({ timeout: WAIT });
	assert.match(second, /^whsec_/);
	assert.notEqual(second, secret);
	await button(page, 'I have kept it').click();
	/* What is told is chosen: failures alone. */
	for (const state of ['queued', 'sent', 'delivered', 'read', 'skipped', 'expired', 'cancelled', 'unsure'])
		if (await page.getByRole('checkbox', { name: state, exact: true }).count() > 0)
			await page.getByRole('checkbox', { name: state, exact: true }).uncheck();
	await button(page, 'Save').click();
	await until('the choice', () => sql(instance, `SELECT events FROM webhook WHERE id = ${id}`) === 'failed');
	/* A replay tells again what became of the last hour. */
	sql(instance, `UPDATE webhook SET events = '' WHERE id = ${id}`);
	const told = () => Number(sql(instance, "SELECT COUNT(*) FROM delivery WHERE channel = 'webhook' AND state = 'sent'"));
	const before = told();
	await button(page, 'Replay').click();
	await dialog(page).getByLabel('Since').fill(local_hour(-1));
	await dialog(page).getByRole('button', { name: 'Replay' }).click();
	await page.locator('.toast', { hasText: 'The replay has begun.' }).waitFor({ timeout: WAIT });
	await until('it is told again', () => told() > before);
	/* Switched off by itself: it says why, and is activated again. */
	sql(instance, `UPDATE webhook SET is_active = 0, disabled_at = UTC_TIMESTAMP(6), disabled_reason = 'gone' WHERE id = ${id}`);
	await open(page, instance, `/console/webhooks/${id}/`);
	await page.locator('.notice', { hasText: '410 Gone' }).waitFor({ timeout: WAIT });
	await button(page, 'Activate').click();
	await page.locator('.page-head .badge', { hasText: 'active' }).waitFor({ timeout: WAIT });
	await button(page, 'Deactivate').click();
	await dialog(page).getByRole('button', { name: 'Deactivate', exact: true }).click();
	await page.locator('.page-head .badge', { hasText: 'inactive' }).waitFor({ timeout: WAIT });
	/* In the list: several at once. */
	await open(page, instance, `/console/webhooks/?q=Walk+${tag}&state=inactive`);
	await page.getByRole('checkbox', { name: 'Select', exact: true }).check();
	await button(page, 'Activate').click();
	await page.getByText('Nothing matches').waitFor({ timeout: WAIT });
	assert.equal(sql(instance, `SELECT is_active FROM webhook WHERE id = ${id}`), '1');
	await open(page, instance, `/console/webhooks/${id}/`);
	await button(page, 'Delete').click();
	await type_and_confirm(page, new URL(settings.GATEPOST_FACEBOOK_URL).host, 'Delete');
	await page.waitForURL(/\/console\/webhooks\/$/, { timeout: WAIT });
	say('webhooks: added, secret shown once and rotated, tested, chosen, replayed, switched off and on, found, deleted by name');
}

/* The lines are nginx's own language: nginx itself says whether they are right. */
async function protect(page, instance)
{
	await open(page, instance, '/console/protect/');
	await page.getByLabel('Host name').fill('wiki.example.com');
	await page.getByLabel('Path').fill('/docs/');
	await page.getByLabel('Where the site runs').fill('http://127.0.0.1:3000');
	await page.getByLabel('with a second factor').check();
	await page.getByLabel('in these groups').fill('ops, "; return 200; "');
	await page.getByLabel('From these countries').fill('ir, de');
	const lines = await page.locator('.copy pre').textContent();
	assert.match(lines, /set \$gp_require "verified mfa group:ops group:return";/, 'names only, whatever else was typed');
	assert.match(lines, /server_name wiki\.example\.com;[^]*location \/docs\/ \{[^]*proxy_pass http:\/\/127\.0\.0\.1:3000;/);
	assert.match(lines, /set \$gp_countries IR,DE;/);
	await page.getByText('GATEPOST_SITES=wiki.example.com').waitFor({ timeout: WAIT });
	const nginx = path.join(instance.dir, 'nginx');
	const file = path.join(nginx, 'extra.d', `walk-${tag}.conf`);
	const tls = path.join(instance.dir, 'tls/tls');
	fs.writeFileSync(file, lines.replace(/\/etc\/letsencrypt\/\S+fullchain\.pem/, `${tls}.crt`).replace(/\/etc\/letsencrypt\/\S+privkey\.pem/, `${tls}.key`)
		.replace('listen 443', 'listen 127.0.0.1:18443'));
	try {
		execFileSync('nginx', ['-t', '-q', '-p', nginx, '-c', 'nginx.conf'], { stdio: 'pipe', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
	} finally {
		fs.unlinkSync(file);
	}
	for (const [box, word] of [[/^Staff/, 'staff'], [/^Superusers/, 'superuser']]) {
		await page.getByLabel(box).check();
		assert.match(await page.locator('.copy pre').textContent(), new RegExp(`gp_require "[^"]*\\b${word}\\b`));
	}
	say('protect: what is asked for stands in lines that nginx takes');
}

async function system(page, instance)
{
	await open(page, instance, '/console/system/');
	await page.getByRole('row', { name: /Database schema.*well/ }).waitFor({ timeout: WAIT });
	await page.getByRole('row', { name: /Workers.*well/ }).waitFor({ timeout: WAIT });
	await page.getByText('MariaDB', { exact: true }).waitFor({ timeout: WAIT });
	assert.equal(await page.locator('.facts div', { hasText: 'Gatepost' }).first().locator('dd').textContent(),
		await page.evaluate(async () => (await (await fetch('/api/admin/system/')).json()).version));
	say('system: says how it is');
}

/* What is to be found on no page is found where it is. */
const BAD = {
	'the document is wider than its window': '<div style="width: 3000px; height: 1px"></div>',
	'scrolls sideways by': '<div style="width: 100px; overflow-x: auto; white-space: nowrap">A text that is longer than its box</div>',
	'text is cut': '<div style="width: 100px; overflow: hidden; white-space: nowrap">A text that is longer than its box</div>',
	'is broken in two': '<p style="width: 80px; word-break: break-all; font: 16px monospace">aaaa bbbbbb</p>',
	'text stands out of its box': '<div style="width: 60px; white-space: nowrap">Longer than that is this</div>',
	'what a field says is cut': '<select aria-label="Which" style="width: 50px"><option>A long word to choose</option></select>',
	'a field’s hint is cut': '<input aria-label="What" style="width: 60px" placeholder="A long word to write">',
	'too small to press': '<button style="width: 9px; height: 9px; padding: 0"></button><button style="width: 9px; height: 9px; padding: 0"></button>',
	'a control is out of its box': '<div style="width: 60px"><button style="width: 120px; height: 30px">Out</button></div>',
	'a control is under another thing': '<div style="position: relative"><button style="height: 30px">Under</button><i style="position: absolute; inset: 0"></i></div>',
};

async function layout_sees(browser)
{
	const page = await browser.newPage();
	const faults = async (body) => {
		await page.setContent(`<!doctype html><body style="font: 16px sans-serif">${body}`);
		return layout_faults(page);
	};

	for (const [what, body] of Object.entries(BAD)) {
		const found = await faults(body);
		assert.ok(found.some((f) => f.includes(what)), `${what}: ${found.join('; ')}`);
	}
	assert.deepEqual(await faults('<p>All is <a href="/">well</a> here.</p><button style="height: 30px">Go on</button><code style="word-break: break-all">0123456789abcdef</code>'), []);
	await page.close();
}

lib.main('console_admin2', () => with_chromium(async (browser, instance) => {
	const boss = administrator(instance);
	const [id, mail] = sql(instance, `SELECT id, email FROM user WHERE email = '${boss.username}'`).split('\t');
	const settings = Object.fromEntries(fs.readFileSync(path.join(instance.dir, 'gatepost.env'), 'utf8').split('\n')
		.filter((l) => /^[A-Z]/.test(l)).map((l) => [l.slice(0, l.indexOf('=')), l.slice(l.indexOf('=') + 1).replace(/^"|"$/g, '')]));
	const context = await context_of(browser, instance, boss);
	const page = await context.newPage();
	const faults = await watch(context, page, [new URL(instance.url).origin], [400, 401, 409]);

	await layout_sees(browser);
	await templates(page, instance, mail);
	await mail_preview(browser, instance, boss);
	await campaigns(page, instance, id);
	await groups(page, instance, id);
	await suppressions(page, instance);
	await articles(page, instance);
	await providers(page, instance, settings);
	await webhooks(page, instance, settings);
	await protect(page, instance);
	await system(page, instance);
	for (const list of LISTS)
		await check_list(page, instance, list);
	say(`lists: ${LISTS.length} keep their state in the address, filter, order, find, export and take several at once`);
	assert.deepEqual(Array.isArray(faults) ? faults : [], []);
	await context.close();
	const group = `/console/groups/${await one_group(instance, id)}/`;
	const campaign = `/console/campaigns/${sql(instance, "SELECT MAX(id) FROM campaign WHERE state = 'done'")}/`;
	await look_at_all(browser, instance, boss, 'admin2', ['/console/templates/3/', '/console/providers/smtp/', '/console/articles/new/', group, campaign], { layout: true, dialogs: [
		...['templates', 'groups', 'suppressions', 'providers', 'webhooks'].map((list) => [`/console/${list}/`, '.page-head .button.primary']),
		['/console/suppressions/', '.page-head .button >> nth=0'],
		[group, '.page-head .button >> nth=0'], [group, '.page-head .button >> nth=1'],
		['/console/providers/smtp/', '.page-head .button'],
	] });
	say('axe and the layout: nothing to say on any page or dialog, in both themes and directions');
	process.stdout.write('PASSED console_admin2\n');
}));
