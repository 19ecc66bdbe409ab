'use strict';
/*
 * Gatepost's service worker: shows what arrives by Web Push, opens it when clicked, and renews the subscription when the
 * browser drops it. It answers no requests, so it can stand beside any site; what it keeps is the address that the account knows.
 *
 * A payload is {title, head, body, url, icon?, requireInteraction, data: {url, …}}. Everything in it is checked here again: whoever
 * may send pushes may not thereby make a click leave this site.
 *
 * A page in this worker's scope is told of each message: {type: 'gatepost-push', payload, at}. A page of the console is asked to show
 * what was clicked, {type: 'gatepost-open', url} with a port to answer on; where none answers, a new window is opened.
 */

const ICON = '/push/icon.svg';
const HOME = '/console/inbox/';
const CONSOLE = '/console/';
const ANSWER = 1000;		/* ms that a page has to say that it shows it */
/* The endpoint that the account was told of, and whose that is, written by whoever told it. */
const KEPT = 'gatepost-push', TOLD = '/push/endpoint', WHOSE = 'X-Gatepost-User';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

/* Browsers withdraw permission from a worker that shows nothing for a push, so a broken payload is shown too, as a plain notice. */
function read(data)
{
	let p = null;

	if (data) {
		try {
			p = data.json();
		} catch {
			p = { body: data.text() };
		}
	}
	if (p === null || typeof p !== 'object' || Array.isArray(p))
		p = {};
	return p;
}

function words(value, fallback)
{
	return typeof value === 'string' && value !== '' ? value : fallback;
}

/* An address of this site, or the inbox: never another origin, never javascript: or data:. */
function own_url(value)
{
	try {
		const url = new URL(words(value, HOME), self.location.origin);
		if (url.origin === self.location.origin)
			return url.href;
	} catch {
		/* not an address: the inbox then */
	}
	return new URL(HOME, self.location.origin).href;
}

/* An icon may be a picture of this site, one over TLS, or one in the message itself. */
function icon_of(value)
{
	return typeof value === 'string' && /^(https:\/\/|\/(?!\/)|data:image\/(png|jpeg|gif|webp);base64,)/.test(value) ? value : ICON;
}

async function pages()
{
	const all = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
	return all.filter((c) => c.url.startsWith(self.registration.scope));
}

async function show(payload)
{
	const extra = payload.data !== null && typeof payload.data === 'object' ? payload.data : {};
	const options = {
		body: words(payload.body, ''),
		icon: icon_of(payload.icon),
		requireInteraction: payload.requireInteraction !== false,
		data: { ...extra, url: own_url(words(payload.url, extra.url)) },
	};

	if (typeof payload.tag === 'string' && payload.tag)
		options.tag = payload.tag;
	await self.registration.showNotification(words(payload.title, words(payload.head, self.location.host)), options);
	for (const page of await pages())
		page.postMessage({ type: 'gatepost-push', payload, at: Date.now() });
}

self.addEventListener('push', (event) => event.waitUntil(show(read(event.data))));

/* Whether a page that stands open takes it. */
function taken_by(page, url)
{
	return new Promise((resolve) => {
		const { port1, port2 } = new MessageChannel();
		const timer = setTimeout(() => resolve(false), ANSWER);

		port1.onmessage = (event) => {
			clearTimeout(timer);
			resolve(event.data === true);
		};
		page.postMessage({ type: 'gatepost-open', url }, [port2]);
	});
}

async function open_url(url)
{
	const all = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
	const there = all.find((c) => c.url === url);
	const of_console = (address) => new URL(address).pathname.startsWith(CONSOLE);

	if (there)
		return there.focus();
	if (of_console(url))
		for (const page of all.filter((c) => of_console(c.url)))
			if (await taken_by(page, url))
				return page.focus();
	return self.clients.openWindow(url);
}

self.addEventListener('notificationclick', (event) => {
	event.notification.close();
	event.waitUntil(open_url(own_url((event.notification.data || {}).url)));
});

function to_bytes(base64url)
{
	const raw = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'));
	return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

/* ---- what the account knows ---- */

async function told()
{
	try {
		const kept = await (await caches.open(KEPT)).match(TOLD);
		return kept ? { endpoint: await kept.text(), user: kept.headers.get(WHOSE) } : null;
	} catch {
		return null;		/* a browser that lets nothing be kept */
	}
}

async function tell(endpoint, user)
{
	try {
		await (await caches.open(KEPT)).put(TOLD, new Response(endpoint, { headers: { [WHOSE]: user } }));
	} catch {
		/* then the account has one more device than there are, until the push service says that it is gone */
	}
}

function ask(method, path, body)
{
	return fetch(path, { method, credentials: 'same-origin', cache: 'no-store', headers: { 'Content-Type': 'application/json', 'X-Gatepost': '1' },
		body: body && JSON.stringify(body) });
}

/* With a fresh token where the old one ran out; one of all tabs and this asks for it at a time. */
async function ask_signed_in(method, path, body)
{
	const first = await ask(method, path, body);

	if (first.status !== 401)
		return first;
	return navigator.locks.request('gatepost-refresh', async () => {
		const again = await ask(method, path, body);
		if (again.status !== 401)
			return again;
		const fresh = await ask('POST', '/api/auth/token/refresh/?tokens=cookie', {});
		return fresh.ok ? ask(method, path, body) : again;
	});
}

/* The id of who is signed in, or null. */
async function who()
{
	const answer = await ask_signed_in('GET', '/api/auth/profile/');

	return answer.ok ? String((await answer.json()).id) : null;
}

/*
 * The browser or its push service dropped the old subscription. Some browsers hand over a new one, others only tell; either
 * way the account needs the new address in place of the old. The cookies sign the user in; when they have expired, or are somebody
 * else's by now, a page does this at the user's next visit, as what was told last still stands.
 */
async function renew(event)
{
	let sub = event.newSubscription || await self.registration.pushManager.getSubscription();
	const had = await told();
	const old = had ? had.endpoint : event.oldSubscription ? event.oldSubscription.endpoint : null;

	if (!sub) {
		const answer = await fetch('/api/push/vapid-key/', { credentials: 'omit', cache: 'no-store' });
		if (!answer.ok)
			throw new Error(`vapid-key: ${answer.status}`);
		const { public_key } = await answer.json();
		sub = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: to_bytes(public_key) });
	}
	const user = await who();
	if (user && (!had || !had.user || had.user === user)) {
		const replaces = old && old !== sub.endpoint ? { replaces: old } : {};
		const answer = await ask_signed_in('POST', '/api/push/subscriptions/', { subscription: sub.toJSON(), ...replaces });
		if (answer.ok)
			await tell(sub.endpoint, user);
	}
	for (const page of await pages())
		page.postMessage({ type: 'gatepost-resubscribed', at: Date.now() });
}

self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(event)));
