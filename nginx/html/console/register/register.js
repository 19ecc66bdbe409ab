/*
 * A new account: name, address and password, then the code that proves the
 * address.  A taken address looks the same here as in the API; its owner is told.
 */
'use strict';

const words = {
	fa: {
		title: 'ثبت‌نام', lead: 'برای تأیید شماره یا ایمیل، کدی به آن می‌فرستیم.',
		first_name: 'نام', last_name: 'نام خانوادگی', address: 'شمارهٔ تلفن یا ایمیل', password: 'گذرواژه',
		rule: 'دست‌کم هشت نویسه، با حروف بزرگ و کوچک و نشانه‌ای مانند\u00a0!\u00a0یا\u00a0@.',
		go: 'ادامه', code: 'کد', done: 'ادامه', again: 'ارسال دوبارهٔ کد', back: 'شماره یا ایمیل دیگر',
		have: 'حساب دارید؟', signin: 'ورود',
		enter: 'کد را وارد کنید', sent: (to) => `کدی به ${to} فرستادیم.`, link: 'در ایمیل پیوند تأیید هم هست.',
		sent_again: 'کد دیگری فرستاده شد.', all: 'شماره یا ایمیل، و گذرواژه را وارد کنید.', no_code: 'کد را وارد کنید.',
		away: 'سایت پاسخ نمی‌دهد. کمی بعد دوباره تلاش کنید.',
	},
	en: {
		enter: 'Enter the code', sent: (to) => `We sent it to ${to}.`, link: 'The e-mail also has a link.',
		sent_again: 'Another code is on its way.', all: 'Enter a phone number or e-mail, and a password.', no_code: 'Enter the code.',
		away: 'The site does not answer. Try again in a moment.',
	},
};
const say = speak(words);
const at = (id) => document.getElementById(id);
const lead = at('step').textContent;
const title = document.title;
let register_id;

function tell(text, good = false)
{
	at('said').textContent = text;
	at('said').className = good ? 'good' : '';
}

/* What the API refused, beside the fields it names. */
function refused(doc, when)
{
	const fields = { email: 'username', phone_number: 'username', password: 'password', first_name: 'first_name', last_name: 'last_name' };
	const named = Object.keys(doc.errors || {}).map((n) => fields[n]).filter(Boolean);

	tell([Object.values(doc.errors || {}).flat().join(' ') || doc.detail || say.away, when].filter(Boolean).join(' '));
	for (const id of named)
		at(id).setAttribute('aria-invalid', 'true');
	if (named.length)
		at(named[0]).focus();
}

async function ask(path, body)
{
	const buttons = [...document.querySelectorAll('main button')];
	let done = null;

	tell('');
	for (const el of document.querySelectorAll('[aria-invalid]'))
		el.removeAttribute('aria-invalid');
	for (const b of buttons)
		b.disabled = true;
	try {
		const answer = await ask_json(path, body);
		const doc = await answer.json().catch(() => ({}));
		if (answer.ok)
			done = doc;
		else
			refused(doc, when_again(answer));
	} catch {
		tell(say.away);
	}
	for (const b of buttons)
		b.disabled = false;
	return done;
}

function show(second, to)
{
	at('who').hidden = second;
	at('prove').hidden = !second;
	at('foot').hidden = second;
	document.title = document.querySelector('h1').textContent = second ? say.enter : title;
	at('step').textContent = second ? [say.sent(shown(to)), to.includes('@') ? say.link : ''].join(' ').trim() : lead;
	at(second ? 'code' : 'username').focus();
}

at('who').addEventListener('submit', async (event) => {
	event.preventDefault();
	const to = at('username').value.trim();
	const password = at('password').value;
	if (!to || !password) {
		tell(say.all);
		return;
	}
	const name = {};
	for (const id of ['first_name', 'last_name'])
		if (at(id).value.trim())
			name[id] = at(id).value.trim();
	const doc = await ask('/api/auth/register/', { ...(to.includes('@') ? { email: to } : { phone_number: latin(to) }), password, ...name });
	if (!doc)
		return;
	register_id = doc.register_id;
	show(true, to);
});

at('prove').addEventListener('submit', async (event) => {
	event.preventDefault();
	const code = digits(at('code').value);
	if (!code) {
		tell(say.no_code);
		return;
	}
	const doc = await ask('/api/auth/otp/verify/?tokens=cookie', { register_id, otp_code: code });
	if (!doc)
		return;
	/* Somebody who has a second step signs in the whole way. */
	location.replace(doc.mfa_required ? '/console/signin/' : '/console/');
});

at('again').addEventListener('click', async () => {
	if (await ask('/api/auth/otp/refresh/', { register_id }))
		tell(say.sent_again, true);
});
at('back').addEventListener('click', () => show(false));
