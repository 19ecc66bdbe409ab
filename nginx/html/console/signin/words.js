/*
 * What the sign-in page says, in the languages it speaks.  The visitor's
 * choice decides; the page itself is English for those without scripts.
 */
'use strict';

const WORDS = {
	en: {
		title: 'Sign in', where: 'Then you continue to where you were.',
		name: 'Phone number or e-mail', password: 'Password', code: 'Code',
		go: 'Sign in', send: 'Send me a code', again: 'Send another code', anew: 'Start again',
		by_code: 'Sign in with a code instead', by_password: 'Sign in with the password',
		forgot: 'Forgot your password?', new_here: 'New here?', register: 'Create an account',
		connect: 'Connect', not_now: 'Not now', or: 'or', other: (who) => `Continue with ${who}`,
		both: 'Enter both.', one: 'Enter a phone number or an e-mail address.', no_code: 'Enter the code.',
		sent: (to) => `If there is an account for ${to}, a code is on its way.${to.includes('@') ? ' The e-mail also has a link.' : ''}`,
		sent_again: 'Another code is on its way.',
		not_proved: 'We sent you a code to confirm that the address is yours.',
		second: 'Two-step verification',
		how: {
			totp: 'Enter the six digits that your authenticator app shows.',
			sms: (to) => `Enter the code sent to ${to}.`,
			email: (to) => `Enter the code sent to ${to}.`,
			recovery: 'Enter one of your recovery codes. Each works once.',
		},
		way: {
			totp: 'Use the authenticator app', sms: 'Send a code by SMS', email: 'Send a code by e-mail',
			recovery: 'Use a recovery code',
		},
		no_way: 'No second step is possible here. Sign in another way.',
		link_first: (who) => `There is already an account with your ${who} address. Sign in as you did before to connect the two.`,
		link: (who) => `Sign in with ${who} from now on?`,
		no_link: 'They could not be connected. You are signed in all the same.',
		answers: {
			invalid_credentials: 'The name or the password is wrong. Try again.',
			invalid_code: 'That code is wrong or has expired.',
			too_many_tries: 'Too many wrong codes. Ask for a new one.',
			code_too_soon: 'A code was sent a moment ago.',
			too_many_codes: 'No more codes for this address today.',
			too_many_failures: 'Too many tries. Sign in from a browser that you used before, with a code or a link from your mail.',
			invalid_mfa_token: 'That took too long. Sign in again.',
			passwordless_off: 'Signing in with a code alone is switched off here.',
		},
		failed: 'It did not work. Try again in a moment.',
		loops: 'You are signed in, but the page keeps sending you here. Does this browser keep its cookies?',
		away: 'The site does not answer. Try again in a moment.',
		no_cookies: 'This browser blocks cookies, and without them nobody stays signed in. Allow them for this site, then load the page again.',
	},
	fa: {
		title: 'ورود', where: 'پس از آن به جایی که بودید می‌روید.',
		name: 'شمارهٔ تلفن یا ایمیل', password: 'گذرواژه', code: 'کد',
		go: 'ورود', send: 'کد بفرستید', again: 'کد دیگری بفرستید', anew: 'از نو',
		by_code: 'ورود با کد', by_password: 'ورود با گذرواژه',
		forgot: 'گذرواژه را فراموش کرده‌اید؟', new_here: 'تازه آمده‌اید؟', register: 'ساختن حساب',
		connect: 'وصل شود', not_now: 'فعلاً نه', or: 'یا', other: (who) => `ادامه با ${who}`,
		both: 'هر دو را وارد کنید.', one: 'شمارهٔ تلفن یا ایمیل را وارد کنید.', no_code: 'کد را وارد کنید.',
		sent: (to) => `اگر حسابی با ${to} باشد، کد در راه است.${to.includes('@') ? ' در ایمیل پیوند هم هست.' : ''}`,
		sent_again: 'کد دیگری در راه است.',
		not_proved: 'کدی برای شما فرستاده شد تا نشان دهید نشانی از آن شماست.',
		second: 'مرحلهٔ دوم',
		how: {
			totp: 'شش رقمی را که برنامهٔ احراز هویت نشان می‌دهد وارد کنید.',
			sms: (to) => `کدی را که به ${to} فرستاده شد وارد کنید.`,
			email: (to) => `کدی را که به ${to} فرستاده شد وارد کنید.`,
			recovery: 'یکی از کدهای بازیابی را وارد کنید. هر کدام یک بار کار می‌کند.',
		},
		way: {
			totp: 'با برنامهٔ احراز هویت', sms: 'کد با پیامک', email: 'کد با ایمیل',
			recovery: 'با کد بازیابی',
		},
		no_way: 'مرحلهٔ دوم از اینجا ممکن نیست. از راه دیگری وارد شوید.',
		link_first: (who) => `حسابی با نشانی ${who} شما هست. همان‌طور که پیش‌تر وارد می‌شدید وارد شوید تا این دو به هم وصل شوند.`,
		link: (who) => `از این پس ${who} هم حساب شما را باز کند؟`,
		no_link: 'وصل نشدند. با این همه شما وارد شده‌اید.',
		answers: {
			invalid_credentials: 'درست نیست. دوباره بکوشید.',
			invalid_code: 'کد درست نیست یا زمان آن گذشته است.',
			too_many_tries: 'کد چند بار نادرست بود. کد تازه‌ای بخواهید.',
			code_too_soon: 'کدی لحظه‌ای پیش فرستاده شد.',
			too_many_codes: 'امروز کد دیگری به این نشانی فرستاده نمی‌شود.',
			too_many_failures: 'بیش از اندازه کوشیده شد. از مرورگری که پیش‌تر به کار برده‌اید، یا با کد یا پیوند ایمیل وارد شوید.',
			invalid_mfa_token: 'زمان گذشت. از نو وارد شوید.',
			passwordless_off: 'ورود تنها با کد در اینجا خاموش است.',
		},
		failed: 'نشد. کمی بعد دوباره بکوشید.',
		loops: 'وارد شده‌اید، ولی آن صفحه شما را باز به اینجا می‌فرستد. آیا این مرورگر کوکی نگه می‌دارد؟',
		away: 'سایت پاسخ نمی‌دهد. کمی بعد دوباره بکوشید.',
		no_cookies: 'این مرورگر کوکی‌ها را بسته است و بی آن‌ها ورود نمی‌ماند. کوکی را برای این سایت مجاز کنید و صفحه را از نو بار کنید.',
	},
};

/* The language that theme.js found. */
const words = WORDS[document.documentElement.lang] || WORDS.en;

document.title = words.title;
for (const el of document.querySelectorAll('[data-say]'))
	el.textContent = words[el.dataset.say];
