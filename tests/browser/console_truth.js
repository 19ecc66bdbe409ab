'use strict';
/*
 * What the console says is so, in Chromium against a running instance.
 *
 *	node tests/browser/console_truth.js --instance var/instance.env
 *
 * Shown: a list that has nothing says so and what to do next (on an instance with nobody in it yet most lists are such); a list of many
 * pages is gone through both ways, by number and by cursor, without a row twice or left out, and its CSV has them all; the overview's
 * tiles, charts and accounts have the database's numbers, and a queue that fills is seen to, with nothing pressed; and of one
 * delivery every step is told, why it ended, and what to do about it.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const lib = require('./instance.js');
const { WAIT, with_chromium } = require('./chromium.js');
const { administrator, ask, context_of, forget_limits, pages_of, register, settled, sql, until, watch } = require('./console.js');

const tag = `t${crypto.randomBytes(4).toString('hex')}`;
const say = (text) => process.stdout.write(`  ${text}\n`);

async function open(page, instance, at)
{
	await page.goto(`${instance.url}${at}`, { timeout: WAIT });
	await settled(page);
}

/* ---- nothing yet ---- */

async function nothing_yet(page, instance, who, fresh, least)
{
	const empty = [];

	for (const { path } of await pages_of(who)) {
		await open(page, instance, path);
		for (const e of await page.locator('.list > .empty, .inbox .empty, main > .empty').all()) {
			const title = await e.locator('.empty-title').textContent(), whole = await e.textContent();
			assert.ok(whole.length > title.length + 20, `${path}: what comes here: ${whole}`);
			/* A step to take, there or (of devices, whose button stands above) named by the text. */
			const ways = await e.locator('a[href^="/"], button:not([disabled])').count();
			assert.ok(ways > 0 || (path === '/console/devices/' && /Turn on push notifications above/.test(whole)), `${path}: what to do next: ${whole}`);
			empty.push(path);
		}
	}
	assert.ok(!fresh || empty.length >= least, `only ${empty} are empty`);
	say(`${empty.length} lists of ${who} have nothing, and say what to do`);
}

/* ---- lists of many pages ---- */

const MANY = 60, PAGE = 25;
const at = (minutes) => `UTC_TIMESTAMP(6) - INTERVAL ${minutes} MINUTE`;

function many(instance)
{
	const n = `seq_1_to_${MANY}`, name = `CONCAT('${tag}-', LPAD(seq, 3, '0'))`, mail = `CONCAT(${name}, '@example.com')`;
	/* The newest first: an id holds its moment. */
	const id = `(${(BigInt(Date.now() - Date.UTC(2024, 0, 1)) << 22n) + BigInt(crypto.randomInt(1 << 20))} - seq)`;

	sql(instance, `INSERT INTO user (reg_key, email, email_cmp, email_unique, first_name, last_name, created_at)
		SELECT ${id}, ${mail}, ${mail}, ${mail}, 'Many', ${name}, ${at('seq')} FROM ${n}`);
	sql(instance, `INSERT INTO device (id, user_id, kind, device_type, target_hash, target, browser, user_agent, is_active, created_at, seen_at)
		SELECT ${id}, (SELECT u.id FROM user u WHERE u.email = ${mail}), 'expo', 'android', UNHEX(SHA2(${name}, 256)), CONCAT('ExponentPushToken[', ${name}, 'xxxxxxxx]'), '', '', 1, ${at('seq')}, ${at('seq')} FROM ${n}`);
	sql(instance, `INSERT INTO push_group (id, name, is_open, created_at) SELECT ${id}, ${name}, 0, ${at('seq')} FROM ${n}`);
}

/* What tells the rows apart, of the page that is seen. */
const names = (page) => page.locator('.list tbody tr').evaluateAll((all, t) => all.map((tr) => new RegExp(`${t}-(\\d+)`).exec(tr.textContent)?.[1]), tag);

/* On as long as it goes: the names of each page. */
async function leaf(page, on)
{
	const pages = [await names(page)];

	for (; await on.isEnabled() && pages.length < 9;) {

		const before = JSON.stringify(pages.at(-1));
		await on.click();
		await until(`the page after ${page.url()}`, async () => JSON.stringify(await names(page)) !== before);
		await settled(page);
		pages.push(await names(page));
	}
	return pages;
}

async function leaves(page, instance)
{
	const rising = Array.from({ length: MANY }, (_, i) => String(i + 1).padStart(3, '0'));
	const button = (name) => page.locator('.pager').getByRole('button', { name });

	many(instance);
	for (const [path, order, want] of [['/console/users/', 'last_name', rising], ['/console/groups/', '-name', [...rising].reverse()],
		['/console/phones/', '-created_at', rising], ['/console/phones/', 'created_at', [...rising].reverse()]]) {
		const cursor = path.includes('phones'), what = `${path} ${order}`;
		await open(page, instance, `${path}?q=${tag}-&ordering=${order}`);
		const pages = await leaf(page, button(cursor ? (order.startsWith('-') ? 'Older' : 'Newer') : 'Next'));
		assert.deepEqual(pages.map((p) => p.length), [PAGE, PAGE, MANY - 2 * PAGE], what);
		assert.deepEqual(pages.flat(), want, `${what}: every row once`);
		/* The page is the address's, and the way back is there. */
		await page.reload();
		await until(`${what}: reloaded`, async () => JSON.stringify(await names(page)) === JSON.stringify(pages[2]));
		const [file] = await Promise.all([page.waitForEvent('download', { timeout: WAIT }), page.locator('.list-tools').getByRole('button', { name: 'CSV' }).click()]);
		assert.equal(new Set(fs.readFileSync(await file.path(), 'utf8').split('\r\n').slice(1, -1)).size, MANY, `${what}: the CSV has all pages`);
		if (cursor) {
			await button(order.startsWith('-') ? 'Newest' : 'Oldest').click();
		} else {
			await page.locator('.pager', { hasText: `Page 3 of 3` }).waitFor({ timeout: WAIT });
			await button('Previous').click();
			await until(`${what}: the second`, async () => JSON.stringify(await names(page)) === JSON.stringify(pages[1]));
			await button('Previous').click();
		}
		await until(`${what}: the first again`, async () => JSON.stringify(await names(page)) === JSON.stringify(pages[0]));
	}
	sql(instance, `DELETE FROM device WHERE target LIKE 'ExponentPushToken[${tag}-%'; DELETE FROM push_group WHERE name LIKE '${tag}-%'; DELETE FROM user WHERE last_name LIKE '${tag}-%'`);
	say('lists of three pages: by number and by cursor, both orders, back, reloaded, and whole as CSV');
}

/* ---- one delivery ---- */

async function story(page, instance, token)
{
	const post = async (route, body) => {
		const r = await ask(instance, 'POST', route, body, token);
		assert.ok(r.status < 300, `${route}: ${r.text}`);
		return r.json;
	};
	const sent = async (email) => {
		const { id } = await post('/api/notifications/', { email, title: `Story ${tag}`, body: 'Why did it not come?' });
		return until('its end', () => sql(instance, `SELECT CONCAT(notification_id, '-', seq) FROM delivery WHERE notification_id = ${id} AND state IN ('failed', 'skipped')`));
	};
	const barred = `barred-${tag}@example.com`;
	const next = page.locator('.verdict dl > div', { hasText: 'What happens next' }).locator('dd');

	await post('/api/suppressions/', { channel: 'email', address: barred, reason: 'blocked' });
	const [refused, kept] = [await sent(`r550-5.1.1+${tag}@example.com`), await sent(barred)];
	const told = (await ask(instance, 'GET', `/api/admin/deliveries/${refused}/`, undefined, token)).json;

	/* Every step in its order, with its moment; what the mail server said, in full. */
	await open(page, instance, `/console/deliveries/${refused}/`);
	const steps = await page.locator('.steps .step').evaluateAll((all) => all.map((s) => ({ at: Date.parse(s.querySelector('time').dateTime), text: s.textContent })));
	assert.deepEqual(steps.map((s) => s.at), told.timeline.map((e) => Date.parse(e.at)), 'each step of the API’s');
	for (const word of ['Accepted', 'Planned', 'Tried by', 'Failed'])
		assert.ok(steps.some((s) => s.text.includes(word)), `${word}: ${JSON.stringify(steps)}`);
	await page.locator('.verdict.bad', { hasText: '550' }).waitFor({ timeout: WAIT });
	assert.match(await next.textContent(), /Remove the cause, then send it again/);
	await page.locator('.message', { hasText: 'Why did it not come?' }).waitFor({ timeout: WAIT });
	/* It lives: what is reported meanwhile is there. */
	sql(instance, `UPDATE delivery SET state = 'delivered', reason = '', updated_at = UTC_TIMESTAMP(6) WHERE notification_id = ${refused.split('-')[0]}`);
	await page.locator('.verdict.good').waitFor({ timeout: WAIT });

	/* Not tried at all: why, and where that is mended. */
	await open(page, instance, `/console/deliveries/${kept}/`);
	assert.equal(await page.locator('.step', { hasText: 'Tried by' }).count(), 0);
	await next.getByRole('link', { name: 'Look at the suppression list' }).click();
	await page.waitForURL('**/console/suppressions/', { timeout: WAIT });

	/* What is held is no dead letter, and no worker takes it either: till when, is said. */
	const [nid, seq] = refused.split('-');
	const held = (state) => sql(instance, `DELETE FROM job WHERE provider = '${tag}'; INSERT INTO job (id, class, state, kind, notification_id, seq, provider, expires_at, created_at)
		VALUES (${BigInt(nid) + 90n}, 1, ${state}, 2, ${nid}, ${seq}, '${tag}', '2101-01-01', UTC_TIMESTAMP(6))`);
	sql(instance, `UPDATE delivery SET state = 'queued' WHERE notification_id = ${nid}`);
	for (const [state, text] of [[3, /Its campaign is paused/], [4, /It waits for the person’s digest/], [9, /it is a dead letter/]]) {
		held(state);
		await open(page, instance, `/console/deliveries/${refused}/`);
		assert.match(await next.textContent(), text);
	}
	sql(instance, `DELETE FROM job WHERE provider = '${tag}'; UPDATE delivery SET state = 'failed' WHERE notification_id = ${nid}`);
	say('one delivery: each step, the end, what to do about it, and what is reported meanwhile');
	return nid;
}

/* ---- the queue and the figures ---- */

/* Jobs that no worker takes: dead, or to be run in another age. */
function jobs(instance, nid, from, n, state)
{
	sql(instance, `INSERT INTO job (id, class, state, kind, run_at, notification_id, seq, provider, crashes, expires_at, last_error, created_at)
		SELECT ${BigInt(nid) + BigInt(from)} + seq, 1, ${state}, 2, ${state ? 'NULL' : "'2100-01-01'"}, ${nid}, ${from} + seq, '${tag}', 3, '2101-01-01', 'dead_letter', UTC_TIMESTAMP(6)
		FROM seq_1_to_${n}`);
}

async function queue(page, instance, nid)
{
	await open(page, instance, `/console/queue/?provider=${tag}`);
	await page.locator('.empty', { hasText: 'Nothing matches' }).waitFor({ timeout: WAIT });
	await page.evaluate(() => { window.same = true; });
	jobs(instance, nid, 100, 2, 9);
	await until('the dead are listed', async () => await page.locator('.list tbody tr').count() === 2);
	await page.locator('.card tr', { hasText: tag }).locator('td', { hasText: /^2$/ }).waitFor({ timeout: WAIT });
	assert.equal(await page.evaluate(() => window.same), true, 'with nothing pressed');
	say('the queue lives');
}

const figure = (text) => Number(text.replace(/[^\d.]/g, ''));

async function figures(page, instance, nid, person)
{
	const hour = (ago) => `DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL ${ago} HOUR, '%Y-%m-%d %H:00:00')`;
	const sum = (where) => Number(sql(instance, `SELECT COALESCE(SUM(n), 0) FROM delivery_hour WHERE ${where}`));
	const tile = async (name) => figure(await page.locator('.tile', { hasText: name }).locator('b').textContent());
	const rows = async (title) => page.locator('figure.chart', { hasText: title }).locator('tbody tr')
		.evaluateAll((all) => all.map((r) => [...r.querySelectorAll('td')].map((d) => Number(d.textContent.replace(/[^\d.]/g, '')))));
	/* Its numbers come by themselves, or with the next answer of the hours before. */
	const so = async (what, is) => until(what, async () => await is() || (await open(page, instance, '/console/overview/'), await is()));

	sql(instance, [[5, 'sent', 4000], [5, 'delivered', 300], [5, 'failed', 7], [5, 'expired', 2], [0, 'failed', 3]].map(([ago, state, n]) =>
		`REPLACE INTO delivery_hour (hour, provider, channel, state, shard, n) VALUES (${hour(ago)}, 'smtp', 'email', '${state}', 99, ${n});`).join(''));
	jobs(instance, nid, 200, 3, 0);
	forget_limits(instance);
	assert.equal((await ask(instance, 'POST', '/api/auth/login/', { username: person.username, password: 'Not-It-12!' })).status, 401);
	try {
		await open(page, instance, '/console/overview/');
		await page.waitForFunction(() => document.querySelectorAll('.chart canvas').length === 4);
		await so('the hour of the past', async () => (await rows('Deliveries an hour')).some((r) => r.join() === '4000,300,9'));
		await so('who was refused', async () => (await rows('Sign-ins an hour')).slice(-2).reduce((n, r) => n + r[1], 0) >= 1);
		await so('the tile of the lost', async () => await tile('Not delivered') === sum(`state IN ('failed', 'expired', 'unsure') AND hour = ${hour(0)}`));
		await so('the tile of the dead', async () => await tile('Dead letters') === Number(sql(instance, 'SELECT COUNT(*) FROM job WHERE state = 9')) && await tile('Dead letters') >= 2);
		await so('the tile of the sign-ins', async () => await tile('Sign-ins') === Number(sql(instance, `SELECT COUNT(*) FROM audit WHERE event = 'login' AND outcome = 'ok'
			AND at >= ${hour(0)}`)) && await tile('Sign-ins') > 0);
		/* The chart of the queue: due and waiting, by its newest point. */
		await so('what waits', async () => ((await rows('The queue, now')).at(-1) || [])[1] >= 3);
		const smtp = page.getByRole('row', { name: /^smtp/ });
		await so('what an account let go', async () => figure((await smtp.locator('td[data-label="Sent"]').textContent()))
			=== sum(`provider = 'smtp' AND state = 'sent' AND hour > UTC_TIMESTAMP() - INTERVAL 24 HOUR`));
		assert.match(await smtp.locator('td[data-label="Not delivered"]').textContent(), /^\s*\d+ /);
		/* Something goes out: the chart of the moment has it. */
		await page.evaluate(() => { window.same = true; });
		await ask(instance, 'POST', '/api/notifications/', { email: `rate-${tag}@example.com`, title: 'Rate', body: 'Rate' }, instance.env.GATEPOST_ADMIN_TOKEN);
		await until('a point above nothing', async () => (await rows('Sent a second')).some((r) => r[0] > 0));
		assert.equal(await page.evaluate(() => window.same), true, 'with nothing pressed');
	} finally {
		sql(instance, `DELETE FROM delivery_hour WHERE shard = 99; DELETE FROM job WHERE provider = '${tag}'`);
	}
	say('the overview: tiles, charts and accounts have the database’s numbers, and follow them');
}

lib.main('console_truth', () => with_chromium(async (browser, instance) => {
	const fresh = Number(sql(instance, 'SELECT COUNT(*) FROM user')) === 1;
	const person = await register(instance);
	const token = instance.env.GATEPOST_ADMIN_TOKEN;
	const origins = [new URL(instance.url).origin];

	const own = await context_of(browser, instance, person);
	await nothing_yet(await own.newPage(), instance, 'user', true, 3);
	await own.close();
	const context = await context_of(browser, instance, administrator(instance));
	const page = await context.newPage();
	const faults = await watch(context, page, origins, [400, 401]);
	page.setDefaultTimeout(WAIT);
	await nothing_yet(page, instance, 'admin', fresh, 3);
	await nothing_yet(page, instance, 'admin2', fresh, 5);
	await leaves(page, instance);
	const nid = await story(page, instance, token);
	await queue(page, instance, nid);
	await figures(page, instance, nid, person);
	assert.deepEqual(faults.filter((f) => !f.includes('/ws/notifications/')), []);
	await context.close();
	process.stdout.write('PASSED console_truth\n');
}));
