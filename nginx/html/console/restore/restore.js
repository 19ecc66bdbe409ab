/*
 * Undo the closing of an account.  The token is behind the '#', so no server
 * logs it; looking consumes nothing, the button does.
 */
'use strict';

const form = document.getElementById('restore');
const said = document.getElementById('said');
const button = form.querySelector('button');
const token = location.hash.slice(1);
const path = '/api/auth/account/restore/';

async function look()
{
	const answer = await fetch(`${path}?token=${encodeURIComponent(token)}`, { credentials: 'omit' });
	const body = await answer.json().catch(() => ({}));
	if (!answer.ok) {
		said.textContent = body.detail || 'The link is not valid.';
		return;
	}
	document.getElementById('when').textContent =
		`It is closed, and will be deleted on ${new Date(body.purge_at).toLocaleString()}.`;
	button.disabled = false;
}

form.addEventListener('submit', async (event) => {
	event.preventDefault();
	button.disabled = true;
	const answer = await fetch(path, {
		method: 'POST',
		credentials: 'omit',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ token }),
	});
	const body = await answer.json().catch(() => ({}));
	said.textContent = answer.ok ? 'Your account is back. Sign in to go on.' :
		body.detail || 'It did not work. Try again in a moment.';
});

look();
