'use strict';
/*
 * Gatepost's service worker: shows what arrives by Web Push, opens it when clicked, and renews the subscription when the
 * browser drops it. It caches nothing and answers no requests, so it can stand beside any site.
 *
 * A payload is {title, head, body, url, icon?, requireInteraction, data: {url, …}}. Everything in it is checked here again: whoever
 * may send pushes may not thereby make a click leave this site.
 *
 * A page in this worker's scope is told of each message: {type: 'gatepost-push', payload, at}.
 */

const ICON = '/push/icon.svg';
const HOME = '/push/';

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

/* An address of this site, or its push page: never another origin, never javascript: or data:. */
function own_url(value)
{
	try {
		const url = new URL(words(value, HOME), self.location.origin);
		if (url.origin === self.location.origin)
			return url.href;
	} catch {
		/* not an address: the push page then */
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

async function open_url(url)
{
	const all = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
	const there = all.find((c) => c.url === url);

	return there ? there.focus() : self.clients.openWindow(url);
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

/*
 * The browser or its push service dropped the old subscription. Some browsers hand over a new one, others only tell; either
 * way the server needs the new address. The cookies sign the user in; when they have expired, the page does this at its next visit.
 */
async function renew(event)
{
	let sub = event.newSubscription || await self.registration.pushManager.getSubscription();

	if (!sub) {
		const answer = await fetch('/api/push/vapid-key/', { credentials: 'omit', cache: 'no-store' });
		if (!answer.ok)
			throw new Error(`vapid-key: ${answer.status}`);
		const { public_key } = await answer.json();
		sub = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: to_bytes(public_key) });
	}
	await fetch('/api/push/subscriptions/', {
		method: 'POST',
		credentials: 'same-origin',
		headers: { 'Content-Type': 'application/json', 'X-Gatepost': '1' },
		body: JSON.stringify({ subscription: sub.toJSON() }),
	});
	for (const page of await pages())
		page.postMessage({ type: 'gatepost-resubscribed', at: Date.now() });
}

self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(event)));
