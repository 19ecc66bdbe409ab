/*
 * Sign in with a password, by cookies that nginx sets, and go on to the page
 * that the gate sent the visitor from.  Only pages of this host are followed:
 * cookies are a host's, so another's could not be meant (and would be an open
 * redirect).
 */
'use strict';

const form = document.getElementById('signin');
const said = document.getElementById('said');

function onward()
{
	try {
		const to = new URL(new URLSearchParams(location.search).get('rd') || '/', location.origin);
		if (to.protocol === 'https:' && to.hostname === location.hostname && !to.username && !to.password)
			return to.href;
	} catch {
		/* not an address: the front page, then */
	}
	return '/';
}

async function sign_in()
{
	const answer = await ask_json('/api/auth/login/?tokens=cookie',
	    { username: form.username.value, password: form.password.value });
	if (answer.ok) {
		location.assign(onward());
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
