/*
 * Undo the closing of an account.  The token is behind the '#', so no server
 * logs it; looking consumes nothing, the button does.
 */
'use strict';

const words = {
	fa: {
		title: 'حساب خود را نگه دارید',
		closed: 'حساب بسته است و حذف خواهد شد.',
		until: (when) => `حساب بسته است و در ${when} حذف خواهد شد.`,
		keep: 'نگه داشتن حساب',
		back: 'حساب شما بازگشت. برای ادامه وارد شوید.',
		signin: 'ورود',
		away: 'پاسخی نیامد. کمی بعد دوباره بکوشید.',
	},
	en: {
		until: (when) => `It is closed, and will be deleted on ${when}.`,
		back: 'Your account is back. Sign in to go on.',
		away: 'The site does not answer. Try again in a moment.',
	},
};
const say = speak(words);
const form = document.getElementById('restore');
const said = document.getElementById('said');
const button = form.querySelector('button');
const token = location.hash.slice(1);
const path = '/api/auth/account/restore/';

async function ask(url, how)
{
	said.textContent = '';
	said.className = '';
	try {
		const answer = await fetch(url, { credentials: 'omit', ...how });
		const body = await answer.json().catch(() => ({}));
		if (answer.ok)
			return body;
		said.textContent = body.detail || say.away;
	} catch {
		said.textContent = say.away;
	}
	return null;
}

async function look()
{
	const body = await ask(`${path}?token=${encodeURIComponent(token)}`, {});
	if (!body)
		return;
	document.getElementById('when').textContent = say.until(new Date(body.purge_at)
		.toLocaleString(document.documentElement.lang, { dateStyle: 'long', timeStyle: 'short' }));
	button.disabled = false;
}

form.addEventListener('submit', async (event) => {
	event.preventDefault();
	button.disabled = true;
	const body = await ask(path, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ token }),
	});
	if (!body) {
		button.disabled = false;
		return;
	}
	said.textContent = say.back;
	said.className = 'good';
	button.hidden = true;
	document.getElementById('done').hidden = false;
});

look();
