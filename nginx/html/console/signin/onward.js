/*
 * Where a visitor goes after signing in.  The server says: it follows only
 * what the gate signed.  Without a signature only addresses of this very site
 * are followed, or this page would send people anywhere.
 */
'use strict';

const asked = new URLSearchParams(location.search);

/* Going back more often than this means that the page does not take what it is given. */
const HOPS = 6;
const HOPS_MS = 30000;

function post(path, body)
{
	return fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

/* One refresh at a time among all tabs, or two would look like a theft. */
function refresh()
{
	const once = () => post('/api/auth/token/refresh/?tokens=cookie', {}).then((r) => r.ok);

	return navigator.locks ? navigator.locks.request('gatepost-refresh', once) : once();
}

function own_page(rd)
{
	try {
		const to = new URL(rd || '/', location.origin);
		if (to.origin === location.origin && to.protocol === location.protocol && !to.username && !to.password)
			return to.href;
	} catch {
		/* not an address: the front page, then */
	}
	return '/';
}

/* The way back: an address, '/' without one, or null when nobody is signed in. */
async function onward()
{
	const way = {};

	for (const name of ['rd', 'until', 'sig', 'bind'])
		if (asked.has(name))
			way[name] = asked.get(name);
	if (!way.rd)
		return '/console/';
	if (!way.sig)
		return own_page(way.rd);
	const answer = await post('/api/auth/gate/pass/', way);
	if (answer.ok)
		return (await answer.json()).url;
	return answer.status === 400 ? '/' : null;
}

/* Where the link of a mail leads: this page again, which knows the way, or a
 * page of this site. */
function onward_path()
{
	const to = asked.has('sig') ? location : new URL(own_page(asked.get('rd')), location.origin);
	const path = to.pathname + to.search;

	return path.length <= 400 ? path : '/';
}

function too_many_hops()
{
	try {
		const now = Date.now();
		const kept = JSON.parse(sessionStorage.getItem('gatepost-hops') || '[]').filter((t) => now - t < HOPS_MS);

		sessionStorage.setItem('gatepost-hops', JSON.stringify([...kept, now]));
		return kept.length >= HOPS;
	} catch {
		return false;		/* no storage: the browser has limits of its own */
	}
}

/* True: on the way, or it was said why not. */
async function go_on()
{
	const to = await onward();

	if (to === null)
		return false;
	if (to !== '/' && too_many_hops()) {
		said.textContent = words.loops;
		return true;
	}
	location.replace(to);
	return true;
}
