/*
 * Undo the closing of an account.  The token is behind the '#', so no server
 * logs it; looking consumes nothing, the button does.
 */
'use strict';

const words = {
	fa: {
		title: 'بازگرداندن حساب',
		closed: 'حساب شما بسته شده است و حذف خواهد شد.',
		until: (when) => `حساب شما بسته شده است و در ${when} حذف خواهد شد.`,
		keep: 'نگه داشتن حساب',
		no_link: 'پیوندی را که هنگام بستن حساب فرستادیم باز کنید، یا با گذرواژه وارد شوید: تا وقتی حساب حذف نشده است، از شما می‌پرسیم.',
		over: 'این پیوند کار نمی‌کند: قبلاً استفاده شده یا منقضی شده است. با گذرواژه وارد شوید: تا وقتی حساب حذف نشده است، از شما می‌پرسیم.',
		restored: 'حساب شما بازگردانده شد', back: 'دیگر حذف نمی‌شود. برای ادامه وارد شوید.',
		signin: 'ورود',
		away: 'پاسخی نیامد. کمی بعد دوباره تلاش کنید.',
	},
	en: {
		no_link: 'Open the link that we sent when the account was closed, or sign in with your password: until the account is deleted, we ask whether you want to keep it.',
		over: 'This link was used or has expired. Sign in with your password: until the account is deleted, we ask whether you want to keep it.',
		until: (when) => `It is closed, and will be deleted on ${when}.`,
		restored: 'Your account is back', back: 'It will not be deleted. Sign in to continue.',
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
		if (body.code !== 'invalid_link' && !(body.errors && body.errors.token)) {
			said.textContent = body.detail || say.away;
			return null;
		}
		no_way(say.over);
	} catch {
		said.textContent = say.away;
	}
	return null;
}

/* Nothing can be kept with what stands in the address: what to do instead. */
function no_way(text)
{
	document.getElementById('when').textContent = text;
	button.hidden = true;
	document.getElementById('done').hidden = false;
}

async function look()
{
	if (!token) {
		no_way(say.no_link);
		return;
	}
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
	document.title = document.querySelector('h1').textContent = say.restored;
	document.getElementById('when').hidden = true;
	said.textContent = say.back;
	said.className = 'good';
	button.hidden = true;
	document.getElementById('done').hidden = false;
});

look();
