'use strict';
/*
 * The API's document and what was seen of the API, held against each other by ajv (JSON Schema 2020-12).
 *
 *	node contract.js lint < openapi.json
 *	node contract.js answers DIRECTORY < openapi.json
 *
 * Every object is closed (unevaluatedProperties: false) unless the document says additionalProperties itself. An allOf is
 * one object: it is closed as a whole, and a member that a later part narrows is closed where it is described first.
 */
const fs = require('fs');
const path = require('path');
const Ajv = require('ajv/dist/2020');
const formats = require('ajv-formats');

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];
const doc = JSON.parse(fs.readFileSync(0, 'utf8'));
const faults = [];

const resolve = (node) => {
	while (node && node.$ref)
		node = node.$ref.slice(2).split('/').reduce((at, name) => at[name], doc);
	return node;
};

/* Names of the members that a schema describes, through $ref and allOf. */
function described(schema)
{
	schema = resolve(schema);
	return [...Object.keys(schema.properties || {}), ...(schema.allOf || []).flatMap(described)];
}

/*
 * A copy whose members' schemas are closed; `open`: members that another part of the same allOf describes, null outside
 * of one.
 */
function inside(schema, open)
{
	if (typeof schema !== 'object' || schema === null)
		return schema;
	const out = { ...schema };

	if (out.$ref)
		out.$ref = out.$ref.replace('#/components/schemas/', '#/$defs/');
	if (out.properties)
		out.properties = Object.fromEntries(Object.entries(out.properties)
			.map(([name, s]) => [name, open && open.has(name) ? inside(s, null) : closed(s)]));
	if (out.items)
		out.items = closed(out.items);
	if (typeof out.additionalProperties === 'object')
		out.additionalProperties = closed(out.additionalProperties);
	if (out.allOf) {
		const before = new Set(open);

		out.allOf = out.allOf.map((part) => {
			const s = inside(part, before);

			described(part).forEach((name) => before.add(name));
			return s;
		});
	}
	for (const word of ['oneOf', 'anyOf'])
		if (out[word])
			out[word] = out[word].map((s) => (open || !alone(schema) ? inside(s, null) : closed(s)));
	return out;
}

/* Its alternatives are the whole object. */
const alone = (s) => !s.properties && !s.allOf && Boolean(s.oneOf || s.anyOf);

function closed(schema)
{
	const out = inside(schema, null);

	if (typeof out !== 'object' || out === null)
		return out;
	const bare = resolve(schema);
	const parts = [bare, ...(bare.allOf || []).map(resolve)];
	const says = parts.some((s) => 'additionalProperties' in s || 'unevaluatedProperties' in s);
	const is_object = parts.some((s) => s.properties || [].concat(s.type).includes('object'));

	if (is_object && !says && !alone(bare))
		out.unevaluatedProperties = false;
	return out;
}

/* Every operation: where it stands and what it says. */
function operations()
{
	return Object.entries(doc.paths).flatMap(([p, item]) => METHODS.filter((m) => item[m])
		.map((m) => ({ name: `${m.toUpperCase()} ${p}`, op: item[m] })));
}

/* All schemas under names of one root, so that references among them hold. */
class Schemas {
	constructor()
	{
		this.defs = {};
		this.open = {};
		for (const [name, s] of Object.entries(doc.components.schemas)) {
			this.defs[name] = inside(s, null);
			this.open[name] = JSON.parse(JSON.stringify(s).replaceAll('#/components/schemas/', '#/$defs/'));
		}
		this.made = new Map();
		this.engine = (defs, more) => {
			const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true,
				allowUnionTypes: true, ...more });

			formats(ajv);
			ajv.addVocabulary(['example', 'xml', 'externalDocs']);
			ajv.addSchema({ $id: 'gatepost', $defs: defs });
			return ajv;
		};
		this.answers = this.engine(this.defs);
		this.requests = this.engine(this.open);
		this.forms = this.engine(this.open, { coerceTypes: 'array' });
	}

	compile(ajv, name, schema)
	{
		const closing = ajv === this.answers;
		const text = JSON.stringify(closing ? closed(schema) : schema).replaceAll('#/components/schemas/', '#/$defs/')
			.replaceAll('"#/$defs/', '"gatepost#/$defs/');
		const key = `${[this.answers, this.requests, this.forms].indexOf(ajv)} ${text}`;

		if (!this.made.has(key)) {
			try {
				this.made.set(key, ajv.compile(JSON.parse(text)));
			} catch (e) {
				faults.push(`${name}: ${e.message}`);
				this.made.set(key, () => true);
			}
		}
		return this.made.get(key);
	}

	check(ajv, name, schema, value)
	{
		const valid = this.compile(ajv, name, schema);

		if (valid(value))
			return;
		for (const e of (valid.errors || []).slice(0, 3))
			faults.push(`${name}: ${e.instancePath || '/'} ${e.message}` +
				(e.params.unevaluatedProperty ? ` (${e.params.unevaluatedProperty})` : '') +
				(e.params.allowedValues ? ` (${JSON.stringify(at(value, e.instancePath))})` : ''));
	}
}

function at(value, pointer)
{
	return pointer.split('/').slice(1).reduce((v, k) => (v === undefined || v === null ? v : v[k]), value);
}

/* null counts as absent where the type does not say null: what the API does with a body. */
function without_nulls(value, schema)
{
	const s = resolve(schema || {});
	const members = Object.assign({}, ...(s.allOf || []).map((p) => resolve(p).properties || {}), s.properties);

	if (value === null || typeof value !== 'object' || Array.isArray(value))
		return value;
	return Object.fromEntries(Object.entries(value).filter(([k, v]) => v !== null ||
		[].concat(resolve(members[k] || {}).type).includes('null')));
}

function answers(directory)
{
	const schemas = new Schemas(), seen = new Set(), open = new Map(operations().map((o) => [o.name, o.op]));
	let count = 0;

	for (const file of fs.readdirSync(directory).filter((f) => f.endsWith('.jsonl'))) {
		for (const line of fs.readFileSync(path.join(directory, file), 'utf8').split('\n').filter(Boolean)) {
			const r = JSON.parse(line), name = `${r.method} ${r.path}`, op = open.get(name);

			count++;
			if (op)
				one(schemas, op, name, r, seen);
		}
	}
	if (count === 0)
		faults.push(`${directory}: nothing was recorded`);
	unexercised(seen);
	return count;
}

/* One record held against what the document says of it. */
function one(schemas, op, name, r, seen)
{
	const where = `${name} ${r.status}`;
	const answer = resolve(op.responses[r.status] || op.responses.default);

	if (op.responses[r.status])
		seen.add(where);
	else if (!answer || ![405, 431, 500].includes(r.status))
		return faults.push(`${where}: the document does not have this status`);
	const content = answer.content || {};

	for (const [head, said] of Object.entries(answer.headers || {}))
		if ((resolve(said).required || head === 'X-Request-Id') && !r.headers.includes(head.toLowerCase()))
			faults.push(`${where}: no ${head}`);
	if (r.bytes > 0 && !content[r.got])
		faults.push(`${where}: ${r.got || 'a body'} is not described`);
	else if (r.bytes === 0 && Object.keys(content).length > 0)
		faults.push(`${where}: no body`);
	else if (r.got.endsWith('json') && r.bytes > 0 && r.answer !== null)
		schemas.check(schemas.answers, `${where} ${r.got}`, content[r.got].schema, r.answer);
	if (r.status < 400 && r.request !== null && r.request !== undefined) {
		const body = resolve(op.requestBody || {}).content || {};

		/* Where no member is known any body will do; and what providers post is read leniently, by design. */
		/* Callbacks are read leniently; an import refuses its entries one by one and succeeds. */
		if (!op.requestBody || op.tags.includes('Provider callbacks') || op.operationId === 'suppressionsImport')
			return;
		if (!body[r.sent])
			faults.push(`${where}: a body of ${r.sent} is not described`);
		else
			schemas.check(r.sent.endsWith('json') ? schemas.requests : schemas.forms, `${where} body ${r.sent}`,
				body[r.sent].schema, without_nulls(r.request, body[r.sent].schema));
	}
}

/*
 * tests/UNEXERCISED: "METHOD PATH STATUS why"; or "=NAME why", for a response of components/responses that one mechanism
 * makes for all operations: it has to be seen of one; "!NAME why": it need not.
 */
function reasons()
{
	return fs.readFileSync(path.join(__dirname, '../UNEXERCISED'), 'utf8').split('\n')
		.filter((line) => line && !line.startsWith('#'))
		.map((line) => {
			const [first, where, status] = line.split(/\s+/);
			const shared = /^[=!]/.test(first) ? `#/components/responses/${first.slice(1)}` : null;

			return { line, shared, used: false, fits: (m, p, s, answer) => (shared ? answer.$ref === shared :
				first === m && where === p && status === s) };
		});
}

function unexercised(seen)
{
	const why = reasons(), shared = new Set();

	for (const { name, op } of operations()) {
		for (const [status, answer] of Object.entries(op.responses).filter(([s]) => s !== 'default')) {
			const [method, where] = name.split(' ');
			const reason = why.find((w) => w.fits(method, where, status, answer));

			if (seen.has(`${name} ${status}`)) {
				shared.add(answer.$ref);
				if (reason && !reason.shared)
					faults.push(`tests/UNEXERCISED: ${name} ${status} was seen: its reason is over`);
			} else if (reason) {
				reason.used = true;
			} else {
				faults.push(`${name} ${status}: no test saw it, and tests/UNEXERCISED has no reason`);
			}
		}
	}
	for (const w of why.filter((x) => x.line.startsWith('=') && !shared.has(x.shared)))
		faults.push(`tests/UNEXERCISED: no test saw it of any operation: ${w.line}`);
	for (const w of why.filter((x) => !x.used))
		faults.push(`tests/UNEXERCISED: nothing in the document fits: ${w.line}`);
}

/* Every media type that stands anywhere, under a name. */
function* media(node, where)
{
	for (const [type, m] of Object.entries((resolve(node) || {}).content || {}))
		yield { where: `${where} ${type}`, type, m };
}

function lint()
{
	const schemas = new Schemas();
	let count = 0;
	/* A form has the members of the JSON that stands beside it; a page is no example of anything. */
	const look = ({ where, type, m }, request) => {
		const asked = type.endsWith('json') || request === 1;
		const ajv = request ? schemas.requests : schemas.answers;
		const given = [...('example' in m ? [m.example] : []), ...Object.values(m.examples || {}).map((e) => resolve(e).value)];

		schemas.compile(ajv, where, m.schema);
		if (given.length === 0 && asked)
			faults.push(`${where}: no example`);
		for (const value of given) {
			schemas.check(ajv, where, m.schema, value);
			count++;
		}
	};
	const own = (schema, where) => {
		const s = schema || {};

		for (const value of [...('example' in s ? [s.example] : []), ...(s.examples || [])]) {
			const { example, examples, ...bare } = s;

			schemas.check(schemas.requests, `${where} (example)`, bare, value);
			count++;
		}
		for (const [k, v] of Object.entries(s.properties || {}))
			own(v, `${where}.${k}`);
		if (s.items)
			own(s.items, `${where}[]`);
		for (const word of ['allOf', 'oneOf', 'anyOf'])
			(s[word] || []).forEach((p) => own(p, where));
	};
	const parameter = (p, where) => {
		const q = resolve(p);

		schemas.compile(schemas.requests, `${where} ${q.name}`, q.schema);
		if ('example' in q) {
			schemas.check(schemas.requests, `${where} ${q.name}`, q.schema, q.example);
			count++;
		} else if (!resolve(q.schema).enum && q.schema.type !== 'boolean') {
			faults.push(`${where} ${q.name}: no example`);
		}
	};

	for (const { name, op } of operations()) {
		(op.parameters || []).forEach((p) => parameter(p, name));
		const bodies = [...media(op.requestBody, `${name} body`)];

		bodies.forEach((m) => look(m, bodies.length));
		for (const [status, r] of Object.entries(op.responses))
			for (const m of media(r, `${name} ${status}`))
				look(m, false);
	}
	for (const [name, s] of Object.entries(doc.components.schemas)) {
		schemas.compile(schemas.answers, name, s);
		own(s, name);
	}
	return count;
}

const [what, directory] = process.argv.slice(2);
const count = what === 'lint' ? lint() : answers(directory);
const told = [...new Set(faults)];

told.forEach((line) => console.log(line));
console.log(`${count} ${what === 'lint' ? 'examples' : 'records'}, ${told.length} faults`);
process.exit(told.length > 0 ? 1 : 0);
