'use strict';
/*
 * Every list of the console in Chromium against a running instance, each with rows of its own: what is typed finds those and no
 * others, stands in the address, outlives a reload and is undone by going back; each filter leaves as many rows as there are;
 * each column that orders does so both ways; two rows are ticked and something is done to both, after a question that says how
 * many; the CSV has the rows that the list has, in its order; and a search that finds nothing says so and how to go on.
 *
 *	node tests/browser/console_lists.js --instance var/instance.env
 *
 * LISTS=suppressions,webhooks walks those alone.
 *
 * Exit: 0 passed, 1 failed, 77 no Chromium or no playwright-core here. CHROMIUM names another program.
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const lib = require('./instance.js');
const { with_chromium } = require('./chromium.js');

const { administrator, ask, context_of, forget_limits, register, settled, sql, until, watch } = require('./console.js');

const WAIT = 10000;
const tag = `q${crypto.randomBytes(4).toString('hex')}`;
const apart = `w${crypto.randomBytes(4).toString('hex')}`;	/* of what is found by nothing else */
const prose = `p${crypto.randomBytes(4).toString('hex')}`;	/* of articles: what tells of them has their titles */
const say = (text) => process.stdout.write(`  ${text}\n`);
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const CHROME = 'Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36';
const DAY = 86400000;

/* --- rows -------------------------------------------------------------------------------------------------------- */

/* As rand_id() makes them: 41 bits of ms, 22 of chance. */
const id_of = (ms) => String((BigInt(Math.floor(ms) - Date.UTC(2024, 0, 1)) << 22n) | BigInt(crypto.randomInt(1 << 22)));
const at = (ms) => `'${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}'`;
const now = Date.now();

/* Four people, of whom one is staff, one is switched off and one has proved nothing. */
function people(instance)
{
	const names = ['Ada', 'Bela', 'Cyra', 'Dara'];

	sql(instance, names.map((n, i) => `INSERT INTO user (reg_key, email, email_cmp, email_unique, email_verified_at, first_name, last_name, is_active,
		is_staff, last_login_at, last_login_ip, country, created_at) VALUES (${id_of(now - i)}, '${n}-${tag}@example.com', LOWER('${n}-${tag}@example.com'),
		LOWER('${n}-${tag}@example.com'), ${i === 3 ? 'NULL' : 'UTC_TIMESTAMP(6)'}, '${n}', '${n}son', ${i !== 2}, ${i === 1},
		${at(now - (i + 1) * DAY)}, '198.51.100.${i + 1}', 'IR', ${at(now - (9 - i) * DAY)});`).join(''));
	return sql(instance, `SELECT id FROM user WHERE email LIKE '%-${tag}@example.com' ORDER BY id`).split('\n').map(Number);
}

/* One for each entry: [how many days ago, which browser, whether it has ended]. */
function sessions(instance, user, rows)
{
	sql(instance, rows.map(([days, agent, over], i) => `INSERT INTO session (id, user_id, rotated_at, minute_at, created_at, auth_at, idle_ends_at, ends_at,
		ended_at, end_reason, amr, ip, last_ip, country, user_agent) VALUES (${id_of(now - days * DAY)}, ${user}, ${at(now - days * DAY)},
		${at(now - days * DAY)}, ${at(now - days * DAY)}, ${at(now - days * DAY)}, ${at(now + 9 * DAY)}, ${at(now + 30 * DAY)},
		${over ? at(now) : 'NULL'}, ${over ? "'logout'" : 'NULL'}, 'pwd', '203.0.113.${i + 1}', '203.0.113.${i + 1}', 'DE', '${agent}');`).join(''));
}

function devices(instance, user, kind, rows)
{
	sql(instance, rows.map(([days, agent, on], i) => {
		const target = kind === 'expo' ? `ExponentPushToken[${tag}${i}xxxxxxxxxxxx]` : `https://updates.push.services.mozilla.com/wpush/v2/${tag}-${user}-${i}`;
		return `INSERT INTO device (id, user_id, kind, device_type, target_hash, target, browser, user_agent, is_active, dead_at, dead_reason,
			p256dh, auth, vapid, created_at, seen_at) VALUES (${id_of(now - days * DAY)}, ${user}, '${kind}', '${kind === 'expo' ? 'android' : ''}',
			UNHEX(SHA2('${target}', 256)), '${target}', '${agent === FIREFOX ? 'Firefox' : 'Chrome'}', '${agent}', ${on}, ${on ? 'NULL' : 'UTC_TIMESTAMP(6)'},
			${on ? 'NULL' : "'gone'"}, ${kind === 'expo' ? 'NULL, NULL, NULL' : "REPEAT('a', 65), REPEAT('b', 16), REPEAT('c', 8)"},
			${at(now - days * DAY)}, ${at(now - days * DAY)});`;
	}).join(''));
}

/* Messages of one notification each: [days ago, type, channel, provider, state, reason, target, more of the notification]. */
function deliveries(instance, rows)
{
	return rows.map(([days, type, channel, provider, state, reason, target, more = {}]) => {
		const id = id_of(now - days * DAY), t = at(now - days * DAY);
		const n = { user_id: 'NULL', title: `'${apart} ${days}'`, content: `'{"title":"${tag} ${days}","body":"words ${tag}"}'`, audience: "'{}'", channel: "''", ...more };
		sql(instance, `INSERT INTO notification (id, user_id, type, class, channel, title, content, audience, created_at, expires_at, planned_at, total) VALUES
			(${id}, ${n.user_id}, '${type}', 1, ${n.channel}, ${n.title}, ${n.content}, ${n.audience}, ${t}, ${at(now + 9 * DAY)}, ${t}, 1);
			INSERT INTO delivery (notification_id, seq, channel, target_hash, target, provider, state, reason, attempts, created_at, updated_at) VALUES
			(${id}, 1, '${channel}', LEFT(UNHEX(SHA2('${target}', 256)), 16), '${target}', '${provider}', '${state}', '${reason}', 1, ${t}, ${t})`);
		return id;
	});
}

/* --- what a list shows ---------------------------------------------------------------------------------------------- */

/* The rows as they are seen: of each the cells' texts, and the moment where there is one. */
const rows_of = (page) => page.evaluate(() => [...document.querySelectorAll('.list .table tbody tr')].map((tr) => [...tr.querySelectorAll('td:not(.pick):not(.row-actions)')]
	.map((td) => ({ text: td.textContent.replace(/\s+/g, ' ').trim(), at: (td.querySelector('time') || { dateTime: '' }).dateTime }))));

function read_csv(text)
{
	const rows = [[]];
	let cell = '', quoted = false;

	for (let i = 0; i < text.length; i++) {
		const c = text[i];
		if (quoted && c === '"' && text[i + 1] === '"')
			cell += text[++i];
		else if (c === '"')
			quoted = !quoted;
		else if (!quoted && (c === ',' || c === '\n')) {
			rows[rows.length - 1].push(cell);
			cell = '';
			if (c === '\n')
				rows.push([]);
		} else if (quoted || c !== '\r')
			cell += c;
	}
	rows.pop();
	return rows;
}

/* Waits until the list has so many rows. */
async function count(page, n, what)
{
	await until(`${what}: ${n} rows`, async () => {
		await settled(page);
		return (await rows_of(page)).length === n;
	}).catch(async (e) => { throw new Error(`${e.message}, but ${(await rows_of(page)).length} at ${page.url()}`); });
}

const asked = (page, name) => new URL(page.url()).searchParams.get(name);

/* A filter is set as by hand; a Date as the field of this browser takes it. */
async function set_filter(page, name, value)
{
	const labels = await page.evaluate(() => [...document.querySelectorAll('.list .filters .filter')].length);
	assert.ok(labels > 0, `no filters at ${page.url()}`);
	const control = page.locator(`.list .filter[data-name="${name}"]`).locator('select, input');
	if (value instanceof Date)
		await control.fill(await page.evaluate((ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString().slice(0, 16), value.getTime()));
	else if (await control.evaluate((el) => el.tagName) === 'SELECT')
		await control.selectOption(String(value));
	else
		await control.fill(String(value));
	await control.blur();
}

/* Both ways; what is not there is last or first, and does not count. */
async function order_by(page, index, label, what)
{
	const values = async () => (await rows_of(page)).map((r) => r[index].at || r[index].text).filter((v) => v && v !== '–');
	const head = page.locator('.list th .order', { hasText: label });
	const plain = (s) => (/^[\d٬,.]+$/.test(s) ? Number(s.replace(/\D/g, '')) : s.toLowerCase());
	const rises = (all) => all.every((v, i) => i === 0 || plain(all[i - 1]) <= plain(v));
	const was = {};

	for (let n = 0; n < 2; n++) {
		await head.click();
		await settled(page);
		const name = asked(page, 'ordering');
		assert.ok(name, `${what}: the order is in the address`);
		assert.equal(await page.locator('.list th[aria-sort]').count(), 1, `${what}: the order is seen`);
		const way = name.startsWith('-') ? 'down' : 'up';
		/* The rows of before stand until the others are there. */
		await until(`${what}: ${label} ${way}`, async () => {
			was[way] = await values();
			return was[way].length > 0 && rises(way === 'up' ? was[way] : [...was[way]].reverse());
		});
	}
	assert.deepEqual(was.down, [...was.up].reverse(), `${what}: ${label} both ways`);
}

/**
 * list: {at, rows, search?: {name, text, rows?}, find?, base?, filters?: {name: [value, rows]}, columns?, says?, order?: labels, all?, act?: {name, done, yes?}}
 * `base` stands in the address all the time, `rows` is how many there are then; `columns` must be there, and `says` in its rows.
 */
async function check(page, instance, list)
{
	const what = list.at, base = new URLSearchParams(list.base || {});
	const open = async (more = {}) => {
		await page.goto(`${instance.url}${what}?${new URLSearchParams({ ...(list.base || {}), ...more })}`, { timeout: WAIT });
		await settled(page);
	};
	const kept = {};

	/* Search: typed, in the address, kept by a reload, undone by going back. */
	await open();
	if (list.search) {
		const { name, text, rows = list.rows } = list.search;
		await page.locator('.list [data-search]').fill(text);
		await page.waitForURL((u) => u.searchParams.get(name) === text, { timeout: WAIT });
		await count(page, rows, `${what} searched`);
		await page.reload();
		await count(page, rows, `${what} reloaded`);
		assert.equal(await page.locator('.list [data-search]').inputValue(), text);
		await page.goBack();
		await until(`${what}: back`, () => asked(page, name) === null);
		await until(`${what}: back empties the field`, async () => await page.locator('.list [data-search]').inputValue() === '');
		if (rows === list.rows)
			kept[name] = text;
	}
	if (list.find) {
		await list.find(page);
		await count(page, list.rows, `${what} found`);
		for (const [name, value] of new URL(page.url()).searchParams)
			kept[name] = value;
	}
	await open(kept);
	await count(page, list.rows, what);
	/* Past the end, as when the last of a page have gone: the last page that there is. */
	if (list.pages) {
		await open({ ...kept, page: 9 });
		await until(`${what}: back from past the end`, () => asked(page, 'page') === null);
		await count(page, list.rows, `${what} from past the end`);
	}

	/* Each filter by itself. */
	const offered = await page.evaluate(() => [...document.querySelectorAll('.list .filter')].map((f) => f.dataset.name));
	assert.deepEqual(offered.filter((f) => !(list.filters || {})[f] && !base.has(f)), [], `${what}: a filter that nobody tries`);
	for (const [name, [value, rows]] of Object.entries(list.filters || {})) {
		await set_filter(page, name, value);
		await page.waitForURL((u) => Boolean(u.searchParams.get(name)), { timeout: WAIT });
		await count(page, rows, `${what} ${name}=${value}`);
		await page.goBack();
		await count(page, list.rows, `${what} without ${name}`);
	}

	/* The order of each column that has one. */
	const heads = await page.evaluate(() => [...document.querySelectorAll('.list .table th:not(.pick):not(.row-actions)')].map((th, i) => [i, Boolean(th.querySelector('.order')), th.textContent.replace(/[↑↓↕]/g, '').trim()]));
	assert.deepEqual((list.columns || []).filter((c) => !heads.some((h) => h[2] === c)), [], `${what}: a column is missing`);
	const told = (await rows_of(page)).flat().map((c) => c.text).join(' ');
	assert.deepEqual((list.says || []).filter((w) => !told.includes(w)), [], `${what}: is not said in ${told.slice(0, 400)}`);
	for (const [index, can, label] of heads.filter((h) => h[1] && !(list.unordered || []).includes(h[2])))
		await order_by(page, index, label, what, can);
	assert.ok(heads.some((h) => h[1]), `${what}: nothing orders it`);

	/* The CSV has these rows, all of them, in this order. */
	const [file] = await Promise.all([page.waitForEvent('download', { timeout: WAIT }), page.locator('.list-tools').getByRole('button', { name: 'CSV' }).click()]);
	const csv = read_csv(fs.readFileSync(await file.path(), 'utf8').replace(/^\ufeff/, ''));
	const seen = await rows_of(page);
	assert.equal(csv[0].length, heads.length, `${what}: the columns of the CSV`);
	assert.equal(csv.length - 1, list.rows, `${what}: the rows of the CSV`);
	for (const [i, row] of seen.entries()) {
		const text = row.map((c) => c.text).join(' ');
		assert.ok(csv[i + 1].some((c, k) => c.length > 1 && (text.includes(c) || (row[k].at && Date.parse(row[k].at) === Date.parse(c)))), `${what}: ${csv[i + 1]} for ${text}`);
		assert.ok(csv[i + 1].every((c) => !/^[=@\t\r]/.test(c)), 'nothing that a spreadsheet would run');
	}

	/* Nothing found: said, with a way on. */
	if (list.search || list.nothing) {
		const nothing = list.nothing || { [list.search.name]: list.nobody || `zz-${tag}-nobody` };
		await open(nothing);
		await page.locator('.list .empty', { hasText: 'Nothing matches' }).waitFor({ timeout: WAIT });
		await page.locator('.list .empty').getByRole('button', { name: 'Clear' }).click();
		await until(`${what}: cleared`, () => Object.keys(nothing).every((n) => asked(page, n) === null));
		await open(kept);
		await count(page, list.rows, what);
	}

	/* Two at once, after a question that says how many. */
	if (list.act) {
		const { name, done, yes = name, rows = [0, 1] } = list.act;
		if (list.act.of)
			await open({ ...kept, ...list.act.of });
		for (const i of rows)
			await page.locator('.list td.pick input').nth(i).check();
		await page.locator('.list .picked').getByRole('button', { name, exact: true }).click();
		const d = page.locator('dialog[open]').last();
		assert.match(await d.textContent(), /2/, `${what}: ${name} asks for two`);
		await d.getByRole('button', { name: yes, exact: true }).click();
		await until(`${what}: ${name}`, () => sql(instance, done[0]) === String(done[1])).catch(async (e) => {
			throw new Error(`${e.message}; ${sql(instance, done[0])}; ${await page.locator('.toast, dialog .trouble').allTextContents()}`);
		});
		await d.waitFor({ state: 'detached', timeout: WAIT });
	} else {
		assert.equal(await page.locator('.list td.pick').count(), 0, `${what}: what several at once would be`);
	}
}

/* --- the lists ------------------------------------------------------------------------------------------------------ */

async function admin_lists(instance, boss, token)
{
	const must = async (method, route, body, status = 201) => {
		const a = await ask(instance, method, route, body, token);
		assert.equal(a.status, status, `${route}: ${a.text}`);
		return a.json;
	};
	const mail = (n) => `${n}-${tag}@example.com`;
	const conf = Object.fromEntries(fs.readFileSync(path.join(instance.dir, 'gatepost.env'), 'utf8').split('\n').filter((l) => /^[A-Z]/.test(l))
		.map((l) => [l.slice(0, l.indexOf('=')), l.slice(l.indexOf('=') + 1).replace(/^"|"$/g, '')]));
	const [ada, bela, cyra] = people(instance);
	const days = (n) => new Date(now - n * DAY);
	const users = `SELECT id FROM user WHERE email LIKE '%-${tag}@example.com'`;

	sessions(instance, ada, [[3, FIREFOX, false], [2, CHROME, false]]);
	sessions(instance, bela, [[4, FIREFOX, true], [1, CHROME, false]]);
	for (const kind of ['web_push', 'expo'])
		devices(instance, ada, kind, [[3, FIREFOX, true], [2, CHROME, true], [1, CHROME, false]]);
	const groups = [];
	for (const n of ['c', 'a', 'b'])
		groups.push((await must('POST', '/api/push/groups/', { name: `${tag}-${n}`, open: n === 'a' })).id);
	await must('POST', `/api/push/groups/${groups[1]}/members/`, { user_ids: [ada, bela, cyra] });
	sql(instance, [ada, bela, cyra].map((u, i) => `UPDATE push_group_user SET created_at = ${at(now - i * DAY)} WHERE user_id = ${u};`).join('')
		+ groups.map((g, i) => `UPDATE push_group SET created_at = ${at(now - i * DAY)} WHERE id = ${g};`).join(''));
	for (const [n, scopes] of [['c', ['push']], ['a', ['send']], ['b', ['push', 'send']]])
		await must('POST', '/api/push/token/generate/', { name: `${tag}-${n}`, scopes, expires_at: days(-3 - n.charCodeAt(0)).toISOString().replace(/\.\d+/, '') });
	sql(instance, `UPDATE admin_token SET created_at = created_at - INTERVAL ORD(RIGHT(name, 1)) MINUTE, last_used_at = UTC_TIMESTAMP(6) - INTERVAL ORD(RIGHT(name, 1)) HOUR
		WHERE name LIKE '${tag}-%'`);
	const log = deliveries(instance, [[4, 'order', 'email', 'smtp', 'sent', '', mail('ada')], [3, 'order', 'sms', 'kavenegar', 'failed', 'kavenegar_411', '+989121112233'],
		[2, 'message', 'web_push', 'webpush', 'skipped', 'no_device', ''], [1, 'message', 'email', 'smtp', 'failed', 'smtp_550_5_1_1', mail('bela')]]);
	sql(instance, [[3, 1, 'webpush'], [2, 1, 'webpush'], [1, 1, 'webpush'], [0, 2, `${tag}-p`]].map(([n, c, provider]) => `INSERT INTO job (id, class, state, kind, run_at,
		notification_id, seq, provider, crashes, expires_at, last_error, created_at) VALUES (${id_of(now - n * DAY)}, ${c}, ${n ? 9 : 0}, 2, ${n ? 'NULL' : "'2100-01-01'"},
		${log[0]}, ${n + 2}, '${provider}', 3, '2101-01-01', 'dead_letter', ${at(now - n * DAY)});`).join(''));
	for (const who of ['Ada', 'Ada', 'Bela'])
		await lib.request(`${instance.url}/api/auth/login/`, { method: 'POST', ca: instance.ca, headers: { 'user-agent': `${apart}/1.0` },
			body: { username: mail(who), password: 'Wrong-Harbour-7!' } });
	const seen = Number(sql(instance, `SELECT COUNT(*) FROM audit WHERE user_agent = '${apart}/1.0'`));
	const of = (where) => Number(sql(instance, `SELECT COUNT(*) FROM audit WHERE user_agent = '${apart}/1.0' AND ${where}`));
	assert.equal(seen >= 3, true);
	for (const n of ['c', 'a', 'b'])
		await must('POST', '/api/templates/', { name: `${tag}_${n}`, description: 'walked', definition: { type: 'system', variables: {}, default_locale: 'en',
			locales: { en: { title: 'T', body: 'B' } } } });
	sql(instance, `UPDATE template SET updated_at = updated_at - INTERVAL ORD(RIGHT(name, 1)) HOUR WHERE name LIKE '${tag}%'`);
	for (const [i, n] of ['c', 'a', 'b'].entries())
		await must('POST', '/api/campaigns/', { name: `${tag} ${n}`, channels: ['email'], title: 'T', body: 'B', audience: { ids: [ada, bela, cyra].slice(0, i + 1) },
			at: days(-3 - i).toISOString().replace(/\.\d+/, '') });
	/* Of a draft nobody is counted yet. */
	sql(instance, `UPDATE campaign SET people = ORD(RIGHT(name, 1)) WHERE name LIKE '${tag}%'`);
	for (const [i, n] of ['x', 'y', 'z'].entries()) {
		const s = await must('POST', '/api/suppressions/', { channel: i ? 'email' : 'sms', address: i ? mail(n) : `+98912${String(crypto.randomInt(1e7)).padStart(7, '0')}`, reason: 'complained' });
		sql(instance, `UPDATE suppression SET created_at = ${at(now - (2 - i) * 1000)} WHERE id = ${s.id}`);
	}
	sql(instance, "DELETE FROM intake WHERE asked_by LIKE 'q________@localhost'");	/* of a walk before: its ids are of another order */
	sql(instance, [['2', 'invalid_json', 'message', 'NULL', '[]'], ['2', 'required', 'title', 'NULL', '{"user_id": 1}'], ['1', '', '', log[0], '']].map(([state, why, field, n, asked_], i) =>
		`INSERT INTO intake (message, unique_key, asked_by, state, notification_id, reason, field, created_at, done_at) VALUES ('${asked_}', '${tag}-${i}', '${tag}@localhost',
		${state}, ${n}, '${why}', '${field}', ${at(now - (3 - i) * DAY)}, ${at(now)});`).join(''));
	const asked_for = (where = '1') => Number(sql(instance, `SELECT COUNT(*) FROM intake WHERE ${where}`));
	const barred = (where = '1') => Number(sql(instance, `SELECT COUNT(*) FROM suppression WHERE reason = 'complained' AND ${where}`));
	for (const [i, n] of ['c', 'a', 'b'].entries())
		await must('POST', '/api/articles/', { title: `${prose} ${n}`, content: 'C', status: i ? 'draft' : 'published' });
	sql(instance, `UPDATE article SET updated_at = updated_at - INTERVAL ORD(RIGHT(title, 1)) MINUTE WHERE title LIKE '${prose}%'`);
	for (const [i, n] of ['b', 'a'].entries())
		await must('POST', '/api/admin/providers/', { name: `${tag.slice(0, 9)}-${n}`, kind: 'smtp', weight: i + 1, 
			settings: { host: conf.EMAIL_HOST, port: Number(conf.EMAIL_PORT || 587), user: 'sandbox', from: mail(n), tls: 'starttls' }, secrets: { password: conf.EMAIL_HOST_PASSWORD } });
	sql(instance, `UPDATE provider SET weight = ORD(RIGHT(name, 1)) - 96 WHERE name LIKE '${tag.slice(0, 9)}-%'`);
	const hooks = [];
	for (const n of ['c', 'a', 'b'])
		hooks.push((await must('POST', '/api/admin/webhooks/', { url: `${conf.GATEPOST_FACEBOOK_URL}/${n}-${tag}`, description: tag, events: n === 'a' ? ['delivery.unsure'] : ['delivery.expired'] })).id);
	sql(instance, `UPDATE webhook SET created_at = created_at - INTERVAL ORD(SUBSTRING_INDEX(SUBSTRING_INDEX(url, '/', -1), '-', 1)) MINUTE WHERE description = '${tag}'`);
	deliveries(instance, [3, 2, 1].map((n) => [n, 'webhook', 'webhook', 'webhook', n === 3 ? 'sent' : 'failed', n === 3 ? '' : 'webhook_500', `webhook:${hooks[0]}`, { title: `'delivery.${n === 3 ? 'sent' : 'failed'}'` }]));
	const dead = `SELECT COUNT(*) FROM job WHERE notification_id = ${log[0]} AND state = 9`;

	return [
		/* Before anybody is switched off: that ends sessions. */
		{ at: '/console/signed-in/', search: { name: 'q', text: tag }, rows: 4, filters: { user: [mail('ada'), 2], is_active: ['false', 1], ip: ['203.0.113.1', 2] }, nothing: { user: 'nobody@example.com' },
			act: { name: 'End', of: { is_active: 'true' }, done: [`SELECT COUNT(*) FROM session WHERE user_id IN (${users}) AND ended_at IS NULL`, 1] } },
		{ at: '/console/users/', pages: true, search: { name: 'q', text: tag }, rows: 4, columns: ['Name', 'E-mail', 'Phone', 'State', 'Last sign-in', 'Country', 'Since'],
			says: ['198.51.100.1', 'Iran', 'Staff', 'disabled'], filters: { is_active: ['false', 1], is_verified: ['true', 3], is_staff: ['true', 1], is_superuser: ['false', 4],
			group: [`${tag}-a`, 3] }, act: { name: 'Disable', of: { is_active: 'true' }, done: [`SELECT COUNT(*) FROM user WHERE id IN (${users}) AND NOT is_active`, 3] } },
		{ at: '/console/tokens/', pages: true, search: { name: 'q', text: tag }, rows: 3, filters: { state: ['live', 3], scopes: ['send', 2] },
			act: { name: 'Revoke', done: [`SELECT COUNT(*) FROM admin_token WHERE name LIKE '${tag}%' AND revoked_at IS NULL`, 1] } },
		...[['subscriptions', 'web_push', `https://updates.push.services.mozilla.com/wpush/v2/${tag}-${ada}-0`], ['phones', 'expo', `ExponentPushToken[${tag}0xxxxxxxxxxxx]`]].map(([name, kind, whole]) => (
			{ at: `/console/${name}/`, search: { name: 'q', text: tag }, rows: 3, columns: ['Owner', 'State', 'Last seen', 'Since'], says: [mail('Ada')], filters: { is_active: ['true', 2], user_id: [ada, 3], email: [mail('ada'), 3], token: [whole, 1],
				since: [days(2.5), 2], until: [days(2.5), 1] }, act: { name: 'Deactivate', of: { is_active: 'true' },
				done: [`SELECT COUNT(*) FROM device WHERE user_id = ${ada} AND kind = '${kind}' AND is_active`, 0] } })),
		{ at: '/console/deliveries/', rows: 4, columns: ['To', 'Channel', 'Message', 'State', 'Tries', 'Created'], says: [mail('ada'), 'kavenegar', '550'], find: async (page) => {
			await page.locator('.finder select').selectOption('title');
			await page.locator('.finder input').fill(apart);
			await page.locator('.finder').getByRole('button', { name: 'Find' }).click();
			await page.waitForURL(/by=title/, { timeout: WAIT });
		}, filters: { state: ['failed', 2], channel: ['email', 2], provider: ['smtp', 2], type: ['order', 2], reason: ['kavenegar_411', 1], since: [days(2.5), 2], until: [days(2.5), 2] },
		nothing: { reason: 'zz_nobody' }, act: { name: 'Send again', of: { state: 'failed' }, done: [`SELECT COUNT(*) FROM delivery WHERE notification_id IN (${log}) AND reason IN
			('kavenegar_411', 'smtp_550_5_1_1')`, 0] } },
		{ at: '/console/queue/', search: { name: 'q', text: log[0] }, rows: 4, columns: ['Job', 'Kind', 'Class', 'Provider', 'State', 'Tries', 'Next', 'Created'],
			 filters: { state: ['dead', 3], class: ['campaign', 1], provider: [`${tag}-p`, 1], notification_id: [log[0], 4] },
			act: { name: 'Discard', of: { state: 'dead' }, done: [dead, 1] } },
		{ at: '/console/audit/', search: { name: 'q', text: apart }, rows: seen, columns: ['Event', 'Outcome', 'By', 'About', 'From', 'Detail', 'When', 'Browser'], says: ['127.0.0.1'],
			 filters: { event: ['login', of("event = 'login'")], outcome: ['refused', of("outcome = 'refused'")],
			user_id: [ada, of(`(user_id = ${ada} OR actor_id = ${ada})`)], ip: ['127.0.0.1', of("ip = '127.0.0.1'")], since: [days(1), seen], until: [days(-1), seen] } },
		{ at: '/console/templates/', search: { name: 'q', text: tag }, rows: 3 },
		{ at: '/console/campaigns/', search: { name: 'q', text: tag }, rows: 3, filters: { state: ['draft', 3] },
			act: { name: 'Cancel the campaign', done: [`SELECT COUNT(*) FROM campaign WHERE name LIKE '${tag}%' AND state = 'cancelled'`, 2] } },
		{ at: '/console/intake/', search: { name: 'key', text: `${tag}-1`, rows: 1 }, rows: asked_for(), columns: ['Key', 'State', 'Message', 'Asked by', 'Asked'],
			says: ['title is missing', 'what became of it', `${tag}@localhost`], filters: { state: ['refused', asked_for('state = 2')] } },
		{ at: '/console/suppressions/', search: { name: 'address', text: mail('y'), rows: 1 }, nobody: 'nobody@example.com', base: { reason: 'complained' }, rows: barred(),
			filters: { channel: ['sms', barred("channel = 'sms'")] }, act: { name: 'Take off the list', done: ["SELECT COUNT(*) FROM suppression WHERE reason = 'complained'", barred() - 2] } },
		{ at: '/console/articles/', search: { name: 'q', text: prose }, rows: 3, filters: { status: ['draft', 2], author: [boss, 3] },
			act: { name: 'Delete', done: [`SELECT COUNT(*) FROM article WHERE title LIKE '${prose}%'`, 1] } },
		{ at: `/console/groups/${groups[1]}/`, search: { name: 'q', text: `user-${bela}`, rows: 1 }, rows: 3,
			act: { name: 'Take out of the group', done: [`SELECT COUNT(*) FROM push_group_user WHERE group_id = ${groups[1]}`, 1] } },
		{ at: '/console/groups/', search: { name: 'q', text: tag }, rows: 3, filters: { open: ['true', 1] },
			act: { name: 'Delete', done: [`SELECT COUNT(*) FROM push_group WHERE name LIKE '${tag}%'`, 1] } },
		{ at: '/console/providers/', search: { name: 'q', text: tag.slice(0, 9) }, rows: 2, columns: ['Name', 'Channel', 'Kind', 'Health', 'Weight', 'Sent today'], filters: { channel: ['email', 2], health: ['ok', 2] },
			act: { name: 'Deactivate', done: [`SELECT COUNT(*) FROM provider WHERE name LIKE '${tag.slice(0, 9)}-%' AND is_active`, 0] } },
		{ at: `/console/webhooks/${hooks[0]}/`, rows: 3, filters: { state: ['failed', 2], title: ['delivery.failed', 2], reason: ['webhook_500', 2], since: [days(1.5), 1], until: [days(1.5), 2] },
			nothing: { title: 'zz_nobody' } },
		{ at: '/console/webhooks/', search: { name: 'q', text: tag }, rows: 3, filters: { state: ['active', 3], event: ['unsure', 1] },
			act: { name: 'Deactivate', done: [`SELECT COUNT(*) FROM webhook WHERE description = '${tag}' AND is_active`, 1] } },
	];
}

function own_lists(instance, person)
{
	sessions(instance, person.id, [[3, FIREFOX, false], [2, CHROME, false], [1, FIREFOX, false]]);
	/* What has gone is not theirs any more. */
	devices(instance, person.id, 'web_push', [[4, CHROME, true], [3, FIREFOX, true], [2, CHROME, true], [1, CHROME, false]]);
	const mine = (n, to) => ({ user_id: person.id, title: `'${tag} ${n}'`, audience: `'{"to":"${to}"}'`, channel: n === 2 ? "'sms'" : "'email'" });
	deliveries(instance, [[3, 'communication', 'email', 'smtp', 'sent', '', 'a@example.com', mine(3, 'a@example.com')],
		[2, 'communication', 'sms', 'kavenegar', 'failed', 'kavenegar_411', '+989121112233', mine(2, '+989121112233')],
		[1, 'communication', 'email', 'smtp', 'sent', '', 'b@example.com', mine(1, 'b@example.com')]]);
	const live = `SELECT COUNT(*) FROM session WHERE user_id = ${person.id} AND ended_at IS NULL`;
	const all = Number(sql(instance, live)) + 1;	/* the browser's own, to come */

	return [
		{ at: '/console/sessions/', search: { name: 'q', text: '203.0.113', rows: 3 }, rows: all, unordered: ['Location'], act: { name: 'Sign out', yes: 'Sign them out', of: { q: '203.0.113' }, done: [live, all - 2] } },
		{ at: '/console/devices/', search: { name: 'q', text: 'Chrome', rows: 2 }, rows: 3, unordered: ['Browser', 'Push service'],
			act: { name: 'Remove', done: [`SELECT COUNT(*) FROM device WHERE user_id = ${person.id} AND is_active`, 1] } },
		{ at: '/console/history/', search: { name: 'q', text: tag }, rows: 3, filters: { type: ['email', 2], status: ['failed', 1] } },
	];
}

/* The inbox is no table. */
async function inbox(page, instance, person)
{
	/* That somebody signed in from elsewhere is told there, too. */
	sql(instance, `DELETE FROM inbox WHERE user_id = ${person.id}; UPDATE inbox_count SET unread = 0, unseen = 0 WHERE user_id = ${person.id}`);
	/* A spreadsheet begins a cell anew within, where the separator is its own. */
	const bodies = ['a;=1+1\n @x\t-2, +98912', `only ${tag}`, '=1+1'];
	for (const n of [1, 2, 3])
		assert.equal((await lib.request(`${instance.url}/api/notifications/`, { method: 'POST', ca: instance.ca, headers: { authorization: `Bearer ${instance.env.GATEPOST_ADMIN_TOKEN}`,
			prefer: 'wait=10' }, body: { user_id: person.id, channels: ['in_app'], title: `Note ${n}`, body: bodies[n - 1], type: n === 3 ? 'order' : 'system' } })).status < 300, true);
	const titles = () => page.locator('.inbox-title').allTextContents();
	const show = async (want) => until(`the inbox: ${want}`, async () => JSON.stringify(await titles()) === JSON.stringify(want));

	await page.goto(`${instance.url}/console/inbox/`, { timeout: WAIT });
	await show(['Note 3', 'Note 2', 'Note 1']);
	await page.locator('[data-search]').fill(tag);
	await page.waitForURL(/q=/, { timeout: WAIT });
	await show(['Note 2']);
	await page.reload();
	await show(['Note 2']);
	await page.goBack();
	await show(['Note 3', 'Note 2', 'Note 1']);
	await page.locator('.filter select').selectOption('order');
	await show(['Note 3']);
	await page.locator('.filter select').selectOption('review');
	await page.locator('.empty', { hasText: 'Nothing matches' }).getByRole('button', { name: 'Clear' }).click();
	await page.getByRole('button', { name: 'Newest first' }).click();
	await page.waitForURL(/ordering=created_at/, { timeout: WAIT });
	await show(['Note 1', 'Note 2', 'Note 3']);
	const [file] = await Promise.all([page.waitForEvent('download', { timeout: WAIT }), page.getByRole('button', { name: 'CSV' }).click()]);
	const csv = read_csv(fs.readFileSync(await file.path(), 'utf8'));
	assert.deepEqual(csv.slice(1).map((r) => r.slice(0, 2)), [['Note 1', "a;'=1+1\n' @x\t'-2, +98912"], ['Note 2', `only ${tag}`], ['Note 3', "'=1+1"]]);
	await page.locator('.inbox-pick input').nth(0).check();
	await page.locator('.inbox-pick input').nth(1).check();
	await page.locator('.picked').getByRole('button', { name: 'Mark as read' }).click();
	await until('two are read', () => sql(instance, `SELECT COUNT(*) FROM inbox WHERE user_id = ${person.id} AND read_at IS NULL`) === '1');
	await page.locator('.inbox-pick input').nth(0).check();
	await page.locator('.inbox-pick input').nth(2).check();
	await page.locator('.picked').getByRole('button', { name: 'Archive' }).click();
	await show(['Note 2']);
	assert.equal(sql(instance, `SELECT COUNT(*) FROM inbox WHERE user_id = ${person.id} AND archived_at IS NULL`), '1');
}

lib.main('console_lists', () => with_chromium(async (browser, instance) => {
	const root = administrator(instance);
	const origins = [new URL(instance.url).origin];
	const begun = Date.now();

	forget_limits(instance);
	const token = (await ask(instance, 'POST', '/api/auth/login/', root)).json.access_token;
	const boss = Number(sql(instance, `SELECT id FROM user WHERE email = '${root.username}'`));
	const person = await register(instance);
	const lists = await admin_lists(instance, boss, token);
	/* Nothing yet: the next step is said. */
	const own = await context_of(browser, instance, person);
	const mine = await own.newPage();
	const wrong = await watch(own, mine, origins, [400, 401]);
	mine.setDefaultTimeout(WAIT);
	const failed = [];
	const each = async (p, what, run) => {
		if (process.env.LISTS && !process.env.LISTS.split(',').some((l) => what.includes(l)))
			return;
		try {
			await run();
			say(`ok ${what}`);
		} catch (e) {
			failed.push(`${what}: ${e.message}`);
			say(`NOT ok ${what}: ${e.message.slice(0, 600)}\n${p.url()}\n${(await p.locator('main').innerText().catch(() => '')).slice(0, 500)}`);
		}
	};
	for (const [at_, next] of [['devices', null], ['history', 'Send a message']])
		await each(mine, `${at_}, empty`, async () => {
			await mine.goto(`${instance.url}/console/${at_}/`);
			await settled(mine);
			assert.ok((await mine.locator('.empty').textContent({ timeout: 5000 })).length > 40, `${at_}: says what comes here`);
			if (next)
				await mine.locator('.empty').getByText(next).waitFor({ timeout: 5000 });
		});
	const theirs = own_lists(instance, { ...person });
	/* The browser's own session is there by now. */
	theirs[0].rows--;
	theirs[0].act.done[1]--;
	for (const list of theirs)
		await each(mine, list.at, () => check(mine, instance, list));
	await each(mine, '/console/inbox/', () => inbox(mine, instance, person));
	assert.deepEqual(wrong.filter((f) => !f.includes('/ws/notifications/')), []);
	await own.close();

	const context = await context_of(browser, instance, root);
	const page = await context.newPage();
	const faults = await watch(context, page, origins, [400, 401]);
	page.setDefaultTimeout(WAIT);
	for (const list of lists) {
		forget_limits(instance);
		await each(page, list.at, () => check(page, instance, list));
	}
	assert.deepEqual(faults.filter((f) => !f.includes('/ws/notifications/')), []);
	await context.close();
	assert.deepEqual(failed, []);
	/* Accounts that nothing must go by. */
	sql(instance, `DELETE FROM provider WHERE name LIKE '${tag.slice(0, 9)}-%'; DELETE FROM job WHERE provider = '${tag}-p'; DELETE FROM webhook WHERE description = '${tag}'`);
	say(`${lists.length + theirs.length + 1} lists in ${Math.round((Date.now() - begun) / 1000)} s`);
	process.stdout.write('PASSED console_lists\n');
}));
