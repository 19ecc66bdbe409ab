/*
 * A new password by a code: where it goes, then the code and the password.
 * Known and unknown addresses look alike here, as they do in the API.
 */
'use strict';

const words = {
	fa: {
		title: 'بازنشانی گذرواژه',
		ask: 'کدی به شمارهٔ تلفن یا ایمیل شما می‌فرستیم.',
		type: (to) => `اگر حسابی با ${to} وجود داشته باشد، کدی برایش فرستاده شده است.`,
		address: 'شمارهٔ تلفن یا ایمیل',
		send: 'ارسال کد',
		code: 'کد',
		password: 'گذرواژهٔ جدید',
		rule: 'دست‌کم هشت نویسه، با حروف بزرگ و کوچک و نشانه‌ای مانند\u00a0!\u00a0یا\u00a0@.',
		save: 'ثبت گذرواژه',
		again: 'ارسال دوبارهٔ کد',
		back: 'شماره یا ایمیل دیگر',
		sent: 'کد دیگری فرستاده شد.',
		all: 'کد و گذرواژهٔ جدید را وارد کنید.',
		set: 'گذرواژه عوض شد',
		done: 'از همهٔ نشست‌ها خارج شدید. با گذرواژهٔ جدید وارد شوید.',
		signin: 'ورود',
		away: 'پاسخی نیامد. کمی بعد دوباره تلاش کنید.',
	},
	en: {
		type: (to) => `If there is an account for ${to}, a code is on its way.`,
		sent: 'Another code is on its way.',
		all: 'Fill in every field.',
		set: 'Your password is changed',
		done: 'You were signed out everywhere. Sign in with the new password.',
		away: 'The site does not answer. Try again in a moment.',
	},
};
const say = speak(words);
const at = (id) => document.getElementById(id);
let register_id;

function good(text)
{
	at('said').textContent = text;
	at('said').className = 'good';
}

async function ask(path, body)
{
	let answer, doc = {};

	at('said').textContent = '';
	at('said').className = '';
	for (const b of document.querySelectorAll('button'))
		b.disabled = true;
	try {
		answer = await ask_json(path, body);
		doc = await answer.json().catch(() => ({}));
		if (!answer.ok)
			at('said').textContent = [Object.values(doc.errors || {}).flat().join(' ') || doc.detail || say.away, when_again(answer)]
				.filter(Boolean).join(' ');
	} catch {
		at('said').textContent = say.away;
	}
	for (const b of document.querySelectorAll('button'))
		b.disabled = false;
	return answer && answer.ok ? doc : null;
}

const first = at('step').textContent;

function show(second)
{
	at('step').textContent = second ? say.type(shown(at('for').value)) : first;
	at('who').hidden = second;
	at('set').hidden = !second;
	at(second ? 'code' : 'username').focus();
}

at('who').addEventListener('submit', async (event) => {
	event.preventDefault();
	const to = at('username').value.trim();
	if (!to) {
		at('said').textContent = say.all;
		return;
	}
	const doc = await ask('/api/auth/password/reset/request/',
		to.includes('@') ? { email: to } : { phone_number: latin(to) });
	if (!doc)
		return;
	register_id = doc.register_id;
	at('for').value = to;
	show(true);
});

at('back').addEventListener('click', () => {
	good('');
	show(false);
});

at('set').addEventListener('submit', async (event) => {
	event.preventDefault();
	if (!at('code').value || !at('password').value) {
		at('said').textContent = say.all;
		return;
	}
	const doc = await ask('/api/auth/password/reset/',
		{ register_id, otp_code: digits(at('code').value), new_password: at('password').value });
	if (!doc)
		return;
	at('set').hidden = true;
	document.title = document.querySelector('h1').textContent = say.set;
	at('step').textContent = say.done;
	at('done').hidden = false;
	at('done').querySelector('a').focus();
});

at('again').addEventListener('click', async () => {
	if (await ask('/api/auth/otp/refresh/', { register_id }))
		good(say.sent);
});
