'use strict';
/*
 * nginx/html/api/openapi.yaml as a document, whatever the API does: held against the OpenAPI Initiative's own schema of
 * 3.1 documents, its schemas against the dialect of 3.1 (JSON Schema 2020-12 and the base vocabulary), and linted by
 * Redocly's strictest rules.
 *
 *	node openapi_lint.js FILE
 *
 * contract.js holds its examples and what was answered against it.
 */
const fs = require('fs');
const Ajv = require('ajv/dist/2020');
const formats = require('ajv-formats');
const { createConfig, lintFromString, parseYaml } = require('@redocly/openapi-core');
const official = require('@seriousme/openapi-schema-validator/schemas/v3.1/schema.json');

/*
 * What OpenAPI adds to JSON Schema: https://spec.openapis.org/oas/3.1/meta/base.  A word of neither is a fault here, for
 * everybody would ignore it.
 */
const DIALECT = {
	$id: 'https://spec.openapis.org/oas/3.1/dialect/base',
	$schema: 'https://json-schema.org/draft/2020-12/schema',
	$dynamicAnchor: 'meta',
	allOf: [{ $ref: 'https://json-schema.org/draft/2020-12/schema' }],
	type: ['object', 'boolean'],
	properties: {
		example: true,
		discriminator: {
			type: 'object',
			properties: { propertyName: { type: 'string' }, mapping: { type: 'object', additionalProperties: { type: 'string' } } },
			required: ['propertyName'],
			patternProperties: { '^x-': true },
			additionalProperties: false,
		},
		externalDocs: {
			type: 'object',
			properties: { url: { type: 'string', format: 'uri-reference' }, description: { type: 'string' } },
			required: ['url'],
			patternProperties: { '^x-': true },
			additionalProperties: false,
		},
		xml: {
			type: 'object',
			properties: { name: { type: 'string' }, namespace: { type: 'string', format: 'uri' }, prefix: { type: 'string' },
				attribute: { type: 'boolean' }, wrapped: { type: 'boolean' } },
			patternProperties: { '^x-': true },
			additionalProperties: false,
		},
	},
	patternProperties: { '^x-': true },
	unevaluatedProperties: false,
};

let valid = null;

/** Faults of a document against the schema of OpenAPI 3.1. */
function meta(doc)
{
	if (!valid) {
		const schema = structuredClone(official);
		const ajv = new Ajv({ strict: false, allErrors: true, verbose: false });

		/* Its Schema Objects are those of the dialect: what the Initiative calls schema-base. */
		if (!schema.$defs.schema || !/^https:\/\/spec\.openapis\.org\/oas\/3\.1\/schema\/\d{4}-/.test(schema.$id))
			throw new Error('this is not the schema of OpenAPI 3.1');
		schema.$defs.schema = { $ref: DIALECT.$id };
		formats(ajv);
		ajv.addFormat('media-range', /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+(?:\s*;\s*[\w.-]+=.+)*$/);
		ajv.addSchema(DIALECT);
		valid = ajv.compile(schema);
	}
	if (valid(doc))
		return [];
	return valid.errors.map((e) => `${e.instancePath || '/'} ${e.message}` +
		(e.params.unevaluatedProperty ? ` (${e.params.unevaluatedProperty})` : '') +
		(e.params.additionalProperty ? ` (${e.params.additionalProperty})` : ''));
}

/*
 * Paths end in a slash because the replaced systems' did, and answer without one too; examples are contract.js's, which
 * takes more of them and is stricter.
 */
const RULES = {
	'no-path-trailing-slash': 'off',
	'no-invalid-media-type-examples': 'off',
	'no-required-schema-properties-undefined': 'error',
	'operation-tag-defined': 'error',
	'operation-singular-tag': 'error',
	'parameter-description': 'error',
	'path-params-defined': 'error',
	'spec-strict-refs': 'off',
};

/** Faults of a document's text by the linter's rules. */
async function lint(text)
{
	const config = await createConfig({ extends: ['recommended-strict'], rules: RULES });
	const found = await lintFromString({ source: text, config });

	/* Files that nginx gives to everybody refuse nobody. */
	const files = ({ location, ruleId }) => ruleId === 'operation-4xx-response' &&
		/^#\/paths\/~1api~1(schema|docs)~1/.test(location[0].pointer);

	return found.filter((p) => !files(p)).map((p) => `${p.location[0].pointer || ''} ${p.ruleId}: ${p.message}`);
}

async function main(file)
{
	const text = fs.readFileSync(file, 'utf8');
	const faults = [...new Set([...meta(parseYaml(text)), ...await lint(text)])];

	faults.slice(0, 100).forEach((line) => console.log(line));
	console.log(`${file}: ${faults.length} faults`);
	process.exitCode = faults.length > 0 ? 1 : 0;
}

module.exports = { meta, lint };
if (require.main === module)
	main(process.argv[2]);
