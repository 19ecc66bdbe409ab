'use strict';
/*
 * Every page of the console as a picture, to be looked at: three widths, both themes and both languages.
 *
 *	node tests/browser/console_pictures.js --instance var/instance.env --out DIR [--only PART] [--who user|admin|admin2]
 *		[--widths 320,768,1440] [--looks en-light,fa-dark]
 *
 * Files are named PAGE-LANGUAGE-THEME-WIDTH.png.  --only takes pages whose path holds PART.  `who: user` is a new person,
 * anyone else the administrator.  What does not fit or breaks the policy is said, and the exit is 1 then.
 */
const fs = require('node:fs');
const path = require('node:path');
const lib = require('./instance.js');
const { WAIT } = require('./chromium.js');
const { administrator, console_faults, context_of, pages_of, settled } = require('./console.js');

const SIGNED_OUT = ['/console/signin/', '/console/register/', '/console/reset/', '/console/restore/'];

lib.main('console_pictures', async () => {
	const opt = lib.options(process.argv.slice(2), ['instance', 'out', 'only', 'who', 'widths', 'looks', 'extra']);
	const { chromium } = lib.need('playwright-core');
	const instance = lib.load(opt.instance || 'var/instance.env');
	const program = lib.find_program([process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome']);
	const widths = (opt.widths || '320,768,1440').split(',').map(Number);
	const looks = (opt.looks || 'en-light,fa-dark').split(',').map((l) => l.split('-'));
	let bad = 0;

	if (!program)
		throw new lib.Skip('no Chromium (Debian: chromium)');
	instance.any_certificate = true;
	fs.mkdirSync(opt.out, { recursive: true });
	const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-dev-shm-usage', '--ignore-certificate-errors'] });
	const inside = [...(await pages_of(opt.who)).map((p) => p.path), ...(opt.extra ? opt.extra.split(',') : [])];
	for (const [language, theme] of looks) {
		for (const [person, paths] of [[administrator(instance), inside], [null, opt.who ? [] : SIGNED_OUT]]) {
			const wanted = paths.filter((p) => !opt.only || opt.only.split(',').some((o) => p.includes(o)));
			if (wanted.length === 0)
				continue;
			const context = await context_of(browser, instance, person, { language, theme });
			const page = await context.newPage();
			page.on('pageerror', (e) => { bad++; process.stdout.write(`error: ${e.message}\n`); });
			page.on('console', (m) => { if (m.type() === 'error') process.stdout.write(`console: ${m.text()}\n`); });
			for (const at of wanted) {
				await page.goto(`${instance.url}${at}`, { timeout: WAIT });
				if (person)
					await settled(page).catch((e) => { bad++; process.stdout.write(`${at}: ${e.message.split('\n')[0]}\n`); });
				for (const width of widths) {
					await page.setViewportSize({ width, height: width < 600 ? 700 : 900 });
					const name = `${at.replace(/^\/console\/|\/$|\?.*$/g, '').replace(/\//g, '-') || 'home'}-${language}-${theme}-${width}`;
					await page.screenshot({ path: path.join(opt.out, `${name}.png`), fullPage: true });
					for (const f of person ? await page.evaluate(console_faults) : []) {
						bad++;
						process.stdout.write(`${name}: ${f}\n`);
					}
				}
			}
			await context.close();
		}
	}
	await browser.close();
	if (bad)
		throw new Error(`${bad} faults`);
});
