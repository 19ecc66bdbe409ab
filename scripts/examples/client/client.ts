/*
 * A client in TypeScript whose every path, body, answer and refusal is checked by types that are generated from Gatepost's contract.
 *
 *	npm install
 *	npm run types		gatepost.d.ts from the contract; GATEPOST_SCHEMA=https://id.example.com/api/schema/ for a server's own
 *	npm start		tsc --strict, then this program: GATEPOST_URL, GATEPOST_ADMIN_TOKEN and PHONE in the environment
 *
 * Somebody registers and proves the number with the code that comes by SMS; the site tells them something; they read it.
 */
import createClient from 'openapi-fetch';
import type { paths } from './gatepost.js';
import { Refused, good, once, rows, signed_in } from './session.js';
import { asked, setting } from './terminal.js';

const url = setting('GATEPOST_URL'), password = 'A12345678a@';
const anybody = createClient<paths>({ baseUrl: url });

/* A person. */
const made = good(await anybody.POST('/api/auth/register/', { body: { phone_number: setting('PHONE'), password, first_name: 'Sara' } }));
const proved = good(await anybody.POST('/api/auth/otp/verify/', {
	body: { register_id: made.register_id, otp_code: await asked('code: ') },
}));

/* Signing in answers the tokens, or that a second step is due: the types leave no way to forget it. */
if ('mfa_token' in proved)
	throw new Error(`a second step is due: ${proved.methods.join(' or ')}`);
const person = signed_in(url, { access: proved.access ?? '', refresh: proved.refresh ?? '' });
const me = good(await person.GET('/api/auth/profile/'));

/* The site's own program, with its token. */
const site = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${setting('GATEPOST_ADMIN_TOKEN')}` } });
const sent = await once((key) => site.POST('/api/notifications/', {
	params: { header: { 'Idempotency-Key': key, Prefer: 'wait=10' } },
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

/* A list, however long it is. */
const names: string[] = [];

for await (const template of rows((page) => site.GET('/api/templates/', { params: { query: { page, page_size: 5 } } })))
	names.push(template.name);
console.log(`templates: ${names.join(', ')}`);

/* A refusal has its code. */
try {
	good(await person.GET('/api/admin/users/'));
} catch (e) {
	if (!(e instanceof Refused) || e.code !== 'role_required')
		throw e;
	console.log(`refused: ${e.code}. ${e.message}`);
}
