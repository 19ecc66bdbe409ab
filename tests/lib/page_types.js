'use strict';
/*
 * The scripts of nginx/html, held by TypeScript against what their JSDoc says and against the contract: a name that is not there,
 * a call with other arguments, a path, a query, a body or a member of an answer that is not in openapi.yaml (pages/calls.d.ts).
 *
 *	node tests/lib/page_types.js
 *
 * Loose on purpose: no strictNullChecks and no noImplicitAny, which would ask for a hundred notes and found no fault; what a
 * template is given is not seen.  gatepost.js, which others import, is held strictly (tests/tsconfig.json).
 *
 * Exit: 0 nothing found, 1 something, which it prints.
 */
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const ts = require('typescript');

const TOP = path.resolve(__dirname, '../..');
const HTML = path.join(TOP, 'nginx/html');
const known = (name) => path.join(__dirname, 'pages', `${name}.d.ts`);
const files = (dir, ext) => fs.readdirSync(dir, { recursive: true }).filter((f) => f.endsWith(ext)).map((f) => path.join(dir, f));

/* Those that a page loads the old way share their names; each page is a program of its own. */
function pages()
{
	return files(HTML, '.html').map((page) => [...fs.readFileSync(page, 'utf8').matchAll(/<script src="([^"]+)"/g)]
		.map((m) => path.join(HTML, m[1])).filter((f) => fs.existsSync(f))).filter((scripts) => scripts.length > 0);
}

async function run(work)
{
	const contract = path.join(work, 'contract.d.ts');
	execFileSync(path.join(TOP, 'tests/node_modules/.bin/openapi-typescript'),
		[path.join(HTML, 'api/openapi.yaml'), '--output', contract]);

	const loose = { allowJs: true, checkJs: true, noEmit: true,
		strict: true, strictNullChecks: false, noImplicitAny: false, useUnknownInCatchVariables: false,
		target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
		skipLibCheck: true, types: [], lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
		paths: { contract: [contract], calls: [known('calls')], gatepost: [path.join(HTML, 'gatepost.js')] } };
	const host = ts.createCompilerHost(loose);
	const read = new Map(), once = host.getSourceFile;
	/* The library's own declarations are read once for all programs. */
	host.getSourceFile = (name, ...rest) => read.get(name) || read.set(name, once.call(host, name, ...rest)).get(name);

	const classic = pages();
	const taken = new Set(classic.flat());
	const modules = files(path.join(HTML, 'console'), '.js').filter((f) => !taken.has(f));
	const found = new Set();
	for (const [names, more] of [
		...classic.map((scripts) => [[...scripts, known('around')], {}]),
		[[...modules, known('around'), known('vendor')], { moduleDetection: ts.ModuleDetectionKind.Force }],
		[[path.join(HTML, 'gatepost-bell.js'), known('around')], {}],
		[[path.join(HTML, 'gatepost-sw.js'), known('worker')], { lib: ['lib.es2023.d.ts', 'lib.webworker.d.ts'] }],
	]) {
		const program = ts.createProgram(names, { ...loose, ...more }, host);
		for (const d of ts.getPreEmitDiagnostics(program)) {
			const at = d.file && d.file.getLineAndCharacterOfPosition(d.start);
			found.add((d.file ? `${path.relative(TOP, d.file.fileName)}:${at.line + 1}: ` : '')
				+ ts.flattenDiagnosticMessageText(d.messageText, ' '));
		}
	}
	for (const line of found)
		process.stdout.write(`${line}\n`);
	return found.size === 0 ? 0 : 1;
}

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'gp-types-'));
run(work).then((code) => { process.exitCode = code; }, (e) => { process.stderr.write(`${e.stack}\n`); process.exitCode = 1; })
	.finally(() => fs.rmSync(work, { recursive: true, force: true }));
