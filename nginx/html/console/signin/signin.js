/*
 * Sign in with a password, by cookies that nginx sets, and go on to the page that the gate sent the visitor from. Where
 * that is the server says: it follows only what the gate signed. Somebody who is signed in already, or whose session can
 * be refreshed, goes on without being asked.
 */
'use strict';

const form = document.getElementById('signin');
const said = document.getElementById('said');
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

/* The way back: an address, '/' without one, or null when nobody is signed in. */
async function onward()
{
	const way = {};

	for (const name of ['rd', 'until', 'sig', 'bind'])
		if (asked.has(name))
			way[name] = asked.get(name);
	if (!way.rd || !way.sig)
		return '/';
	const answer = await post('/api/auth/gate/pass/', way);
	if (answer.ok)
		return (await answer.json()).url;
	return answer.status === 400 ? '/' : null;
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

async function go_on()
{
	const to = await onward();

	if (to === null)
		return false;
	if (to !== '/' && too_many_hops()) {
		said.textContent = 'You are signed in, but the page keeps sending you here. Does this browser keep its cookies?';
		return true;
	}
	location.replace(to);
	return true;
}

/* On arrival only with a page to go back to: whoever opens this page by itself wants the form. */
async function arrive()
{
	if (!asked.has('sig'))
		return;
	if (!await go_on() && await refresh())
		await go_on();
}

async function sign_in()
{
	const answer = await ask_json('/api/auth/login/?tokens=cookie', { username: form.username.value, password: form.password.value });

	if (answer.ok) {
		if (!await go_on())
			location.replace('/');
		return;
	}
	const problem = await answer.json().catch(() => ({}));
	said.textContent = problem.code === 'invalid_credentials' ? 'That is not right. Try again.' :
		problem.detail || 'It did not work. Try again in a moment.';
}

form.addEventListener('submit', async (event) => {
	event.preventDefault();
	if (!form.username.value || !form.password.value) {
		said.textContent = 'Give both.';
		return;
	}
	form.querySelector('button').disabled = true;
	said.textContent = '';
	try {
		await sign_in();
	} catch {
		said.textContent = 'The site does not answer. Try again in a moment.';
	}
	form.querySelector('button').disabled = false;
});

arrive().catch(() => { /* the form is there */ });
