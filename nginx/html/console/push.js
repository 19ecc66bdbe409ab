/*
 * Web Push in this browser: the site's service worker, the subscription, and
 * what the account knows of it.
 */
import { del, get, new_key, post } from './api.js';

const WORKER = '/gatepost-sw.js';
const SCOPE = '/push/';		/* a site on the same host may have a worker of its own at '/' */
const KEPT = 'gatepost-push', TOLD = '/push/endpoint', WHOSE = 'X-Gatepost-User';		/* as the service worker has them */

/** Whether this browser can at all. */
export const can_push = () => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

function to_bytes(base64url)
{
	return Uint8Array.from(atob(base64url.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
}

const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

async function registration()
{
	const r = await navigator.serviceWorker.register(WORKER, { scope: SCOPE });

	if (!r.active)
		await new Promise((done) => {
			const w = r.installing || r.waiting;
			w.addEventListener('statechange', () => w.state === 'activated' && done());
		});
	return r;
}

/** The subscription of this browser, or null. */
export async function current()
{
	if (!can_push())
		return null;
	const r = await navigator.serviceWorker.getRegistration(SCOPE);
	return r && new URL(r.scope).pathname === SCOPE ? r.pushManager.getSubscription() : null;
}

/* What an account was told last of this browser, and whose it is; null: nothing that is known. */
async function told()
{
	const had = 'caches' in window ? await caches.open(KEPT).then((c) => c.match(TOLD)).catch(() => null) : null;

	return had ? { endpoint: await had.text(), user: had.headers.get(WHOSE) } : null;
}

/* Tells the account, and what it was told last goes: one browser is one device, whatever its push service calls it. */
async function tell(sub, user, had)
{
	await post('/api/push/subscriptions/', { subscription: sub.toJSON(), ...(had && had.endpoint !== sub.endpoint ? { replaces: had.endpoint } : {}) },
		{ key: new_key() });
	if ('caches' in window)
		await caches.open(KEPT).then((c) => c.put(TOLD, new Response(sub.endpoint, { headers: { [WHOSE]: user } }))).catch(() => {});
}

/**
 * Where the service worker got a new address while nobody was signed in, the account is told now: theirs alone who turned it on.
 * @param {string} user  the id of who is signed in
 */
export async function mend(user)
{
	const sub = await current();
	const had = sub && await told();

	if (had && had.user === user && had.endpoint !== sub.endpoint)
		await tell(sub, user, had);
}

/** Shows here what was clicked in a notification; `go` as in router.js. */
export function follow_clicks(go)
{
	navigator.serviceWorker.addEventListener('message', (event) => {
		const m = event.data || {};
		if (m.type === 'gatepost-open' && event.ports[0]) {
			event.ports[0].postMessage(true);
			go(m.url);
		}
	});
	navigator.serviceWorker.startMessages();
}

/**
 * Asks for permission, subscribes, and tells the account.  What another account left here is given back: its messages that are on
 * their way come to nobody.
 * @param {string} user  the id of who is signed in
 * @returns {Promise<'on'|'denied'>}
 */
export async function turn_on(user)
{
	if (await Notification.requestPermission() !== 'granted')
		return 'denied';
	const r = await registration();
	const key = to_bytes((await get('/api/push/vapid-key/')).public_key);
	let sub = await r.pushManager.getSubscription();
	const with_key = sub && sub.options && sub.options.applicationServerKey;
	const had = await told();
	/* An older key: nothing can reach it any more. */
	if (sub && (!(with_key && same(new Uint8Array(with_key), key)) || (had && had.user && had.user !== user))) {
		await sub.unsubscribe();
		sub = null;
	}
	sub = sub || await r.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
	await tell(sub, user, had);
	return 'on';
}

const LET_GO = 3000;	/* ms that the push service has */

/**
 * Who signs out leaves no way for their messages to come to the browser's next person; what somebody else turned on stays theirs.  The
 * push service tells the sender; what the account was told stays, so that the same browser is no second device after the next sign-in.
 * @param {string} user  the id of who signs out
 */
export async function let_go(user)
{
	const sub = await current();
	const had = sub && await told();

	if (sub && !(had && had.user && had.user !== user))
		await Promise.race([sub.unsubscribe(), new Promise((go_on) => setTimeout(go_on, LET_GO))]);
}

/** @param {{id: string, endpoint: string}} row  what the account knows; of this browser or another */
export async function turn_off(row)
{
	await del(`/api/push/subscriptions/${row.id}/`);
	await give_back([row]);
}

/** What the API no longer knows, this browser gives back as well. @param {{endpoint: string}[]} rows */
export async function give_back(rows)
{
	const sub = await current();

	if (sub && rows.some((r) => r.endpoint === sub.endpoint)) {
		await sub.unsubscribe();
		await caches.delete(KEPT).catch(() => {});
	}
}
