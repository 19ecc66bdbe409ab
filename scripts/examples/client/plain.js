/*
 * The same in JavaScript, without dependencies and without a build: JSDoc names the types that are generated from the contract,
 * and `tsc --checkJs` or an editor holds every path, body and answer against them.
 *
 *	GATEPOST_URL=… GATEPOST_ADMIN_TOKEN=… PHONE=… node plain.js
 */
import { asked, setting } from './terminal.js';

/** @typedef {import('./gatepost.js').paths} Paths */
/** @typedef {import('./gatepost.js').components['schemas']} Schemas */
/**
 * The body of an answer with one of these states.
 * @template Op
 * @typedef {Op extends {responses: infer R} ? {[S in keyof R]: S extends 200 | 201 | 202
 *	? (R[S] extends {content: {'application/json': infer Body}} ? Body : never) : never}[keyof R] : never} Answer
 */
/**
 * The body that a request takes.
 * @template Op
 * @typedef {Op extends {requestBody?: {content: {'application/json': infer Body}}} ? Body : undefined} Body
 */

const url = setting('GATEPOST_URL');

/**
 * POST a body to a path of the contract.
 * @template {keyof Paths} P
 * @param {P} path
 * @param {Body<Paths[P]['post']>} body
 * @param {string} [token]
 * @returns {Promise<Answer<Paths[P]['post']>>}
 */
const post = (path, body, token) => call('POST', path, body, token);

/**
 * GET a path of the contract.
 * @template {keyof Paths} P
 * @param {P} path
 * @param {string} token
 * @returns {Promise<Answer<Paths[P]['get']>>}
 */
const get = (path, token) => call('GET', path, undefined, token);

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {string} [token]
 * @returns {Promise<any>}
 */
async function call(method, path, body, token)
{
	/** @type {Record<string, string>} */
	const headers = { 'Content-Type': 'application/json', Prefer: 'wait=10' };

	if (token)
		headers.Authorization = `Bearer ${token}`;
	if (method === 'POST' && path === '/api/notifications/')
		headers['Idempotency-Key'] = crypto.randomUUID();
	const answer = await fetch(url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
	const said = await answer.json();

	if (!answer.ok) {
		/** @type {Schemas['Problem']} */
		const problem = said;

		throw new Error(`${problem.status} ${problem.code}: ${problem.detail}`);
	}
	return said;
}

const made = await post('/api/auth/register/', { phone_number: setting('PHONE'), password: 'A12345678a@', first_name: 'Reza' });
const proved = await post('/api/auth/otp/verify/', { register_id: made.register_id, otp_code: await asked('code: ') });

if ('mfa_token' in proved)
	throw new Error(`a second step is due: ${proved.methods.join(' or ')}`);
const token = proved.access ?? '', me = await get('/api/auth/profile/', token);

await post('/api/notifications/', {
	user_id: me.id, type: 'order', title: 'Order Update', body: 'Your order has been shipped', channels: ['in_app'],
}, setting('GATEPOST_ADMIN_TOKEN'));
for (const n of (await get('/api/inbox/', token)).results)
	console.log(`${me.first_name} was told: ${n.title}. ${n.body ?? ''}`);
console.log(`unread: ${(await post('/api/inbox/read-all/', {}, token)).unread}`);
