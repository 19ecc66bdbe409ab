'use strict';
/*
 * What the tests of the console share: people who are signed in, the pages that there are, and axe.
 */
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const lib = require('./instance.js');
const { WAIT, forget_limits, sql, until, watch } = require('./chromium.js');
const { layout_faults } = require('./layout.js');

const CONSOLE = path.join(__dirname, '../../nginx/html/console');

/** One call. */
function ask(instance, method, route, body, token)
{
	return lib.request(`${instance.url}${route}`, { method, body, ca: instance.ca, headers: token ? { authorization: `Bearer ${token}` } : {} });
}

/** Waits for a word at the edge and takes it away, so that the next one like it is not taken for it. */
async function said(page, text)
{
	await page.waitForSelector(`.toast:has-text("${text}")`, { timeout: WAIT });
	await page.evaluate((t) => {
		for (const el of document.querySelectorAll('.toast'))
			if (el.textContent.replace(/\s+/g, ' ').toLowerCase().includes(t))
				el.querySelector('button').click();
	}, text.toLowerCase());
	await page.waitForSelector(`.toast:has-text("${text}")`, { state: 'detached', timeout: WAIT });
}

/** What the sandbox got for an address, the newest first. */
async function messages(instance, channel, to)
{
	const { json } = await lib.request(`${instance.env.GATEPOST_SANDBOX_URL}/messages?channel=${channel}&to=${encodeURIComponent(to)}`);
	return json || [];
}

/** The newest six digits that went to `to` and are not in `seen`. */
function code_for(instance, channel, to, seen = [])
{
	return until(`a code for ${to}`, async () => (await messages(instance, channel, to))
		.map((m) => (/\b\d{6}\b/.exec(m.text || m.body || JSON.stringify(m)) || [])[0]).find((c) => c && !seen.includes(c)));
}

/** The administrator that quickstart made. */
function administrator(instance)
{
	return {
		username: instance.env.GATEPOST_ADMIN_EMAIL || 'admin@gatepost.example',
		password: instance.env.GATEPOST_ADMIN_PASSWORD || fs.readFileSync(path.join(instance.dir, 'admin.password'), 'utf8').trim(),
	};
}

/** A new person with a proved phone and, with `email`, an unproved address. */
async function register(instance, more = {})
{
	const phone = `+98912${String(1e7 + Math.floor(Math.random() * 8.9e7)).slice(-7)}`;
	const password = 'Blue-Harbour-7!';
	forget_limits(instance);
	const begun = await ask(instance, 'POST', '/api/auth/register/', { phone_number: phone, password, first_name: 'Mina', last_name: 'Karimi', ...more });
	assert.equal(begun.status, 201, begun.text);
	const code = await code_for(instance, 'sms', phone);
	const done = await ask(instance, 'POST', '/api/auth/otp/verify/', { register_id: begun.json.register_id, otp_code: code });
	assert.equal(done.status, 200, done.text);
	return { username: phone, phone, password, code, id: done.json.user.id, token: done.json.access_token };
}

/**
 * A browser context whose cookies are a session of `person`, as the sign-in page would have left them.
 * opt: {language, theme, width, height}
 */
async function context_of(browser, instance, person, { language = 'en', theme = 'light', width = 1440, height = 900 } = {})
{
	const context = await browser.newContext({
		ignoreHTTPSErrors: instance.any_certificate || false, locale: language === 'fa' ? 'fa-IR' : 'en-GB', timezoneId: 'Asia/Tehran',
		colorScheme: theme, viewport: { width, height }, reducedMotion: 'reduce',
	});
	await context.addInitScript(([l, t]) => {
		localStorage.setItem('gatepost-language', l);
		localStorage.setItem('gatepost-theme', t);
	}, [language, theme]);
	if (person) {
		const page = await context.newPage();
		await page.goto(`${instance.url}/push/icon.svg`, { timeout: WAIT });
		const status = await page.evaluate(async (body) => {
			for (let tries = 1; ; tries++) {
				const a = await fetch('/api/auth/login/?tokens=cookie', { method: 'POST', headers: { 'Content-Type': 'application/json' },
					body: JSON.stringify(body) });
				if (a.status !== 503 || tries === 5)
					return a.status;
				await new Promise((go) => setTimeout(go, 1000 * Number(a.headers.get('Retry-After') || 1)));
			}
		}, { username: person.username, password: person.password });
		assert.equal(status, 200, `signing in as ${person.username}`);
		await page.close();
	}
	return context;
}

/** RFC 6238, as an authenticator app does it. */
function totp(secret, at = Date.now())
{
	const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
	const count = Buffer.alloc(8);

	count.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
	const mac = crypto.createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(count).digest();
	return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

/** Every page that needs no parameter, as pages.js lists them. */
async function pages_of(who)
{
	const { user_pages } = await import(pathToFileURL(path.join(CONSOLE, 'pages_user.js')));
	const { admin_pages } = await import(pathToFileURL(path.join(CONSOLE, 'pages_admin.js')));
	const { admin2_pages } = await import(pathToFileURL(path.join(CONSOLE, 'pages_admin2.js')));
	const all = who === 'none' ? [] : who === 'user' ? user_pages : who === 'admin' ? admin_pages : who === 'admin2' ? admin2_pages
		: [...user_pages, ...admin_pages, ...admin2_pages];

	return all.filter((p) => !p.path.includes(':'));
}

/**
 * A list as every list is: what is asked of it stands in the address and comes back from there, its search finds nothing where
 * there is nothing and says what to do, and with rows there are CSV, checkboxes and the order's mark.
 * list: {path, search?, nobody?, filter?: [name, value], order?, bulk?, rows?}; `nobody` is what the search takes and nobody has,
 * `rows` says that some must be there.
 */
async function check_list(page, instance, { path: at, search, nobody = 'zzqx-nobody', filter, order, bulk, rows })
{
	const asked = new URLSearchParams({ ...(filter ? { [filter[0]]: filter[1] } : {}), ...(order ? { ordering: order } : {}) });

	await page.goto(`${instance.url}${at}?${asked}`, { timeout: WAIT });
	await settled(page);
	const seen = await page.evaluate(() => ({
		rows: document.querySelectorAll('.table-box tbody tr').length, csv: [...document.querySelectorAll('.list-tools button')].some((b) => b.textContent.includes('CSV')),
		boxes: document.querySelectorAll('.table-box tbody td.pick input').length, sorted: (document.querySelector('th[aria-sort]') || { ariaSort: '' }).getAttribute?.('aria-sort') || '',
		on: [...document.querySelectorAll('.filter.on select')].map((s) => s.value), empty: Boolean(document.querySelector('.empty')),
	}));
	if (filter)
		assert.deepEqual(seen.on, [filter[1]], `${at}: the filter is that of the address`);
	assert.ok(!rows || seen.rows > 0, `${at}: rows`);
	assert.equal(seen.empty, seen.rows === 0, `${at}: says so when there is nothing`);
	if (seen.rows > 0) {
		assert.equal(seen.csv, true, `${at}: CSV`);
		assert.equal(seen.boxes, bulk ? seen.rows : 0, `${at}: several at once`);
		assert.equal(seen.sorted, order ? (order.startsWith('-') ? 'descending' : 'ascending') : '', `${at}: the order is seen`);
		const [file] = await Promise.all([page.waitForEvent('download', { timeout: WAIT }), page.locator('.list-tools').getByRole('button', { name: 'CSV' }).click()]);
		const lines = fs.readFileSync(await file.path(), 'utf8').split('\r\n').length - 2;
		assert.ok(lines >= seen.rows, `${at}: ${lines} lines of CSV for ${seen.rows} rows`);
	}
	if (search) {
		await page.locator('[data-search]').fill(nobody);
		await page.waitForURL((u) => u.searchParams.get(search) === nobody, { timeout: WAIT });
		await page.locator('.empty', { hasText: 'Nothing matches' }).waitFor({ timeout: WAIT });
	}
}

/**
 * Looks at every page of `who` in both themes and directions: nothing serious for axe, nothing that sticks out.  What a theme can
 * change is colours alone, so of the second one only these are looked at.
 * opt: `layout`: also by layout_faults(), at every width; `dialogs`: [path, css of what opens it] each, looked at while they stand open
 */
async function look_at_all(browser, instance, person, who, extra = [], { layout = false, dialogs = [] } = {})
{
	const paths = [...(await pages_of(who)).map((p) => p.path), ...extra];
	const faults = [];

	const look = async (language, looks) => {
		const context = await context_of(browser, instance, person, { language });
		const page = await context.newPage();
		const wrong = await watch(context, page, [new URL(instance.url).origin]);
		/* The look changes as by the button. */
		const see = async (name, how) => {
			for (const [theme, width] of looks) {
				if (!theme && !layout)
					continue;
				await page.setViewportSize({ width, height: 800 });
				if (theme)
					await page.evaluate((t) => { document.documentElement.dataset.theme = t; }, theme);
				/* The layout follows the new width in its own time. */
				let here = ['not looked at'];
				for (const end = Date.now() + 3000; here.length > 0 && Date.now() < end;)
					here = [...await page.evaluate(console_faults), ...(layout ? await layout_faults(page) : [])];
				/* The frame is the same on every page. */
				const found = theme ? await axe(page, { colours: theme !== looks[0][0], ...how }) : [];
				faults.push(...[...here, ...found].map((f) => `${name} ${language} ${theme || ''} ${width}: ${f}`));
			}
		};

		for (const [i, at] of paths.entries()) {
			await (i === 0 ? page.goto(`${instance.url}${at}`, { timeout: WAIT }) : turn_to(page, at));
			await settled(page);
			await see(at, { frame: i === 0 });
		}
		for (const [at, opener] of dialogs) {
			if (new URL(page.url()).pathname !== at)
				await turn_to(page, at);
			await settled(page);
			for (const part of [].concat(opener))
				await page.locator(part).click({ timeout: WAIT });
			await page.locator('dialog[open]').waitFor({ timeout: WAIT });
			await see(`${at}, ${opener}`, { within: 'dialog[open]' });
			await page.keyboard.press('Escape');
			await page.locator('dialog').waitFor({ state: 'detached', timeout: WAIT });
		}
		/* A page that is left breaks its own line off. */
		faults.push(...wrong.filter((f) => !f.includes('/ws/notifications/')));
		await context.close();
	};

	await Promise.all([look('en', [['light', 320], ['', 768], ['dark', 1440]]), look('fa', [['dark', 320], ['', 768], ['light', 1440]])]);
	assert.deepEqual(faults, []);
}

/* To another page of the console as by a link. */
async function turn_to(page, at)
{
	await page.evaluate((to) => {
		for (const el of document.querySelector('main').children)
			el.dataset.left = '';
		history.pushState({}, '', to);
		window.dispatchEvent(new PopStateEvent('popstate'));
	}, at);
	await page.waitForFunction(() => !document.querySelector('main > [data-left]'), null, { timeout: WAIT });
}

/** Waits until the page has drawn what it asked for. */
async function settled(page)
{
	await page.waitForFunction(() => {
		const main = document.querySelector('main');
		return main && main.querySelector('h1, .empty, .notice, form') && !main.querySelector('.loading, [aria-busy="true"]');
	}, null, { timeout: WAIT });
}

/**
 * What axe finds that is serious or worse, as sentences; `colours`: of what a theme can change, on a page that was looked at;
 * without `frame`, of the page within it; `within` something that a selector names, of that alone.  `but` are the known faults
 * of others, [rule, selector, why]; which of them are met is added to `met`.
 */
async function axe(page, { colours = false, frame = true, within = '', but = [], met = new Set() } = {})
{
	/* Past the page's own policy: evaluate() is the browser's, not the page's. */
	if (!await page.evaluate(() => Boolean(globalThis.axe)))
		await page.evaluate(fs.readFileSync(lib_path('axe-core/axe.min.js'), 'utf8'));
	const found = await page.evaluate(async ([rules, where, known]) => {
		const result = await globalThis.axe.run(where, { resultTypes: ['violations'], runOnly: rules });
		const of = (rule, n) => known.findIndex(([r, selector]) => r === rule && document.querySelector(n.target.at(-1)).matches(selector));
		return result.violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => ({ id: v.id,
			nodes: v.nodes.map((n) => ({ known: of(v.id, n), said: `${n.html.slice(0, 160)} (${n.failureSummary.split('\n')[1] || ''})` })) }));
	}, [colours ? { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }
		: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
	within ? { include: [[within]] } : frame ? { include: [['html']] } : { exclude: [['.side'], ['.topbar']] }, but]);
	for (const v of found)
		v.nodes.filter((n) => n.known >= 0).forEach((n) => met.add(but[n.known]));
	return found.map((v) => [v.id, v.nodes.filter((n) => n.known < 0)]).filter(([, nodes]) => nodes.length > 0)
		.map(([id, nodes]) => `${id}: ${nodes.slice(0, 4).map((n) => n.said).join(' | ')}`);
}

function lib_path(name)
{
	try {
		return require.resolve(name);
	} catch {
		throw new lib.Skip(`${name.split('/')[0]} is not installed: npm install in tests/`);
	}
}

/** Runs in the page: what a person with a narrow phone would stumble over. */
function console_faults()
{
	const faults = [];
	const root = document.documentElement;

	if (root.scrollWidth > root.clientWidth)
		faults.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
	if (document.querySelectorAll('main h1').length !== 1)
		faults.push(`${document.querySelectorAll('main h1').length} h1`);
	for (const el of document.querySelectorAll('button, a.button, a.icon-button, select, input:not([type="checkbox"])')) {
		const r = el.getBoundingClientRect();
		if (r.width > 0 && r.height > 0 && (r.height < 24 || r.width < 24) && !el.closest('.hidden'))
			faults.push(`too small to press: ${el.outerHTML.slice(0, 120)} ${r.width}x${r.height}`);
	}
	for (const el of document.querySelectorAll('main *'))
		if (el.children.length === 0 && /^[a-z]+(\.[a-z_]+)+$/.test(el.textContent.trim()) && !el.closest('code, pre, bdi, [data-verbatim]'))
			faults.push(`a key without a sentence: ${el.textContent}`);
	return faults.concat((window.violations || []).map((v) => `policy: ${v}`));
}

/** A page of the console, in a tab of its own. @param {string} at  below /console/ */
async function open_at(context, instance, at)
{
	const page = await context.newPage();

	page.setDefaultTimeout(WAIT);
	await page.goto(`${instance.url}/console/${at}`);
	await settled(page);
	return page;
}

/** A person who goes through the console: `instance` and `page` are whose. */
class Walk {
	/* To a page by the navigation, as a person goes. */
	async nav(name)
	{
		await this.page.click(`.nav a:has-text("${name}")`);
		await this.page.waitForFunction((n) => (document.querySelector('main h1') || {}).textContent === n, name);
		await settled(this.page);
	}

	/* The code that comes there next: what came before is not it. */
	async next_code(channel, to, act)
	{
		forget_limits(this.instance);
		const seen = (await messages(this.instance, channel, to)).map((m) => (/\b\d{6}\b/.exec(m.text || '') || [])[0]);
		await act();
		return code_for(this.instance, channel, to, seen);
	}
}

module.exports = {
	CONSOLE, Walk, administrator, ask, axe, check_list, code_for, console_faults, context_of, forget_limits, look_at_all, messages, open_at, pages_of, register, said, settled, sql, totp,
	turn_to, until, watch,
};
