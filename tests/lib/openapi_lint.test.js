'use strict';
/*
 * What openapi_lint.js would not let pass: the document itself, broken in one place at a time.
 *
 *	node --test tests/lib/openapi_lint.test.js
 */
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { parseYaml } = require('@redocly/openapi-core');
const { lint, meta } = require('./openapi_lint');

const text = fs.readFileSync(path.join(__dirname, '../../nginx/html/api/openapi.yaml'), 'utf8');
const whole = parseYaml(text);

/* A document of one operation, and all that it refers to. */
function small()
{
	const doc = structuredClone(whole);
	const kept = {}, walk = (node) => {
		for (const [k, v] of Object.entries(node && typeof node === 'object' ? node : {})) {
			if (k !== '$ref') {
				walk(v);
				continue;
			}
			const [, , kind, name] = v.split('/');

			if ((kept[kind] = kept[kind] || {})[name] === undefined) {
				kept[kind][name] = doc.components[kind][name];
				walk(kept[kind][name]);
			}
		}
	};
	const at = '/api/push/subscriptions/{id}/';

	doc.paths = { [at]: doc.paths[at] };
	delete doc.webhooks;
	doc.tags = doc.tags.filter((t) => t.name === 'Devices and groups');
	walk(doc.paths);
	doc.components = { ...kept, securitySchemes: doc.components.securitySchemes };
	return { doc, item: doc.paths[at], op: doc.paths[at].delete };
}

const BROKEN = [
	['no licence', ({ doc }) => delete doc.info.license.name, /info\/license.*'name'/],
	['an unknown word beside paths', ({ doc }) => { doc.path = {}; }, /unevaluated properties \(path\)/],
	['an answer without a description', ({ op }) => { op.responses['204'] = { content: {} }; }, /responses\/204.*'description'/],
	['a status that is none', ({ op }) => { op.responses['2004'] = { description: 'x' }; }, /2004/],
	['a parameter of no place', ({ op }) => { op.parameters = [{ name: 'a', in: 'body', schema: {} }]; }, /parameters\/0\/in/],
	['a comma that ended a description', ({ op }) => { op.parameters = [{ name: 'a', in: 'query', schema: {}, description: 'One', 'or two.': null }]; },
		/\(or two\.\)/],
	['a schema of 3.0', ({ doc }) => { doc.components.schemas.Id = { type: 'string', nullable: true }; }, /schemas\/Id.*nullable/],
	['a type that is none', ({ doc }) => { doc.components.schemas.Id = { type: 'text' }; }, /schemas\/Id/],
	['a misspelt word deep in a schema', ({ doc }) => {
		doc.components.schemas.Id = { type: 'array', items: { type: 'object', properties: { a: { maxLenght: 3 } } } };
	}, /maxLenght/],
	['a discriminator without a name', ({ doc }) => { doc.components.schemas.Id = { anyOf: [{ discriminator: {} }] }; }, /propertyName/],
];

const UNTIDY = [
	['an operation without a summary', ({ op }) => delete op.summary, /operation-summary/],
	['a tag that is not described', ({ op }) => { op.tags = ['Other']; }, /operation-tag-defined/],
	['a reference to nothing', ({ op }) => { op.responses['204'] = { $ref: '#/components/responses/None' }; }, /no-unresolved-refs/],
	['a path parameter that is not there', ({ op, item }) => { op.parameters = item.parameters = []; }, /path-parameters-defined/],
	['a scheme that is not there', ({ op }) => { op.security = [{ other: [] }]; }, /security-defined/],
	['a component that nothing uses', ({ doc }) => { doc.components.schemas.Alone = { type: 'string' }; }, /no-unused-components/],
	['a required member that is not described', ({ op }) => {
		op.responses['200'] = { description: 'x', content: { 'application/json': { schema: { type: 'object', required: ['a'], properties: {} } } } };
	}, /no-required-schema-properties-undefined/],
];

test('as it is, nothing is found', async () => {
	assert.deepEqual(meta(whole), []);
	assert.deepEqual(meta(small().doc), []);
	assert.deepEqual(await lint(JSON.stringify(small().doc)), []);
});

for (const [name, spoil, told] of BROKEN)
	test(`the schema of OpenAPI 3.1: ${name}`, () => {
		const one = small();

		spoil(one);
		assert.match(meta(one.doc).join('\n'), told);
	});

for (const [name, spoil, told] of UNTIDY)
	test(`the linter: ${name}`, async () => {
		const one = small();

		spoil(one);
		assert.match((await lint(JSON.stringify(one.doc))).join('\n'), told);
	});
