'use strict';
/*
 * The console's sharp edges, in Chromium against a running instance:
 *
 *	node tests/browser/console_staff.js --instance var/instance.env
 *
 * Shown: the charts' numbers, and an account at a provider that is left out; the log's finder by all that one can be told; a
 * copied curl, run.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium, no playwright-core or no axe-core here.
 */
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const lib = require('./instance.js');
const { WAIT, with_chromium } = require('./chromium.js');
const { administrator, ask, context_of, register, said, settled, sql, until, watch } = require('./console.js');

const tag = crypto.randomBytes(3).toString('hex');
const say = (text) => process.stdout.write(`  ${text}\n`);
const button = (page, name) => page.getByRole('button', { name, exact: true });

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

lib.main('console_staff', () => with_chromium(async (browser, instance) => {
	const plain = await register(instance);
	const root = await as(browser, instance, administrator(instance), [400, 401]);

	await charts(root.page, instance);
	await finder(root.page, instance, plain);
	assert.deepEqual(root.faults, []);
	await root.context.close();
	process.stdout.write('PASSED console_staff\n');
}));
