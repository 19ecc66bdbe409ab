/*
 * A client in TypeScript whose every path, body and answer is checked by types that are generated from Gatepost's contract.
 *
 *	npm install
 *	npm run types		gatepost.d.ts from the contract; GATEPOST_SCHEMA=https://id.example.com/api/schema/ for a server's own
 *	npm start		tsc --strict, then this program: GATEPOST_URL, GATEPOST_ADMIN_TOKEN and PHONE in the environment
 *
 * Somebody registers and proves the number with the code that comes by SMS; the site tells him something; he reads it.
 */
import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from './gatepost.js';
import { asked, setting } from './terminal.js';

type Problem = components['schemas']['Problem'];
type Tokens = components['schemas']['SignedIn'];

const url = setting('GATEPOST_URL'), phone = setting('PHONE'), password = 'A12345678a@';

/* A refusal of the API: code is for programs, detail for people. */
class Refused extends Error {
	constructor(readonly problem: Problem)
	{
		super(`${problem.status} ${problem.code}: ${problem.detail}`);
	}
}

/* The value of an answer, or Refused. */
function good<T>(answer: { data?: T; error?: unknown }): T
{
	if (answer.data === undefined)
		throw new Refused(answer.error as Problem);
	return answer.data;
}

/* Gives each request the access token of the moment. */
const bearer = (tokens: () => Tokens): Middleware => ({
	onRequest({ request }) {
		request.headers.set('Authorization', `Bearer ${tokens().access}`);
		return request;
	},
});

const anybody = createClient<paths>({ baseUrl: url });

/* A person. */
const made = good(await anybody.POST('/api/auth/register/', { body: { phone_number: phone, password, first_name: 'Sara' } }));
const proved = good(await anybody.POST('/api/auth/otp/verify/', {
	body: { register_id: made.register_id, otp_code: await asked('code: ') },
}));

/* Signing in answers the tokens, or that a second step is due: the types leave no way to forget it. */
if ('mfa_token' in proved)
	throw new Error(`a second step is due: ${proved.methods.join(' or ')}`);
let tokens: Tokens = proved;
const person = createClient<paths>({ baseUrl: url });

person.use(bearer(() => tokens));
/* Access is over after 15 minutes; the refresh token is good for one more pair. */
tokens = { ...tokens, ...good(await anybody.POST('/api/auth/token/refresh/', { body: { refresh: tokens.refresh ?? '' } })) };
const me = good(await person.GET('/api/auth/profile/'));

/* The site's own program, with its token. */
const site = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${setting('GATEPOST_ADMIN_TOKEN')}` } });
const sent = good(await site.POST('/api/notifications/', {
	params: { header: { 'Idempotency-Key': crypto.randomUUID(), Prefer: 'wait=10' } },
	body: { user_id: me.id, type: 'order', title: 'Order Update', body: 'Your order has been shipped', channels: ['in_app'] },
}));

/* What was said arrived, and is read. */
const inbox = good(await person.GET('/api/inbox/', { params: { query: { unread: true } } }));
const first = inbox.results.find((n) => n.id === sent.id);

if (!first)
	throw new Error(`${sent.id} is not in the inbox`);
console.log(`${me.first_name} was told: ${first.title}. ${first.body ?? ''}`);
const left = good(await person.POST('/api/inbox/{id}/read/', { params: { path: { id: first.id } } }));

console.log(`unread: ${left.unread}`);

/* A refusal has its code. */
const no = await person.GET('/api/admin/users/');

console.log(`refused: ${no.error && 'code' in no.error ? String(no.error.code) : 'not at all'}`);
