/*
 * What the sign-in page says, in the languages it speaks.  The visitor's
 * choice decides; the page itself is English for those without scripts.
 */
'use strict';

const WORDS = {
	en: {
		title: 'Sign in', where: 'Then you continue to where you were.',
		name: 'Phone number or e-mail', password: 'Password', code: 'Code',
		go: 'Sign in', send: 'Send me a code', again: 'Send another code', anew: 'Back to sign-in',
		by_code: 'Sign in with a code instead', by_password: 'Sign in with the password',
		forgot: 'Forgot your password?', new_here: 'New here?', register: 'Create an account',
		connect: 'Connect', not_now: 'Not now', or: 'or', other: (who) => `Continue with ${who}`,
		both: 'Enter your e-mail or phone number, and your password.', one: 'Enter a phone number or an e-mail address.', no_code: 'Enter the code.',
		sent: (to) => `If there is an account for ${to}, a code is on its way.${to.includes('@') ? ' The e-mail also has a link.' : ''}`,
		sent_again: 'Another code is on its way.',
		not_proved: 'Your account is not confirmed yet. We sent you a code.',
		titles: { signin: 'Sign in', ask: 'Sign in with a code', code: 'Enter the code', second: 'Two-step verification' },
		connect_to: (who) => `Connect ${who}?`, on: 'Continue',
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
		no_way: 'The second step cannot be done here. Sign in another way.',
		link_first: (who) => `There is already an account with your ${who} address. Sign in as you did before to connect the two.`,
		link: (who) => `Then you can sign in with ${who}, too.`,
		no_link: 'They could not be connected, but you are signed in.',
		answers: {
			invalid_credentials: 'The phone number, e-mail or password is wrong.',
			invalid_code: 'That code is wrong or has expired.',
			too_many_tries: 'Too many wrong codes. Ask for a new one.',
			code_too_soon: 'A code was sent a moment ago.',
			too_many_codes: 'No more codes for this address today.',
			too_many_failures: 'Too many failed tries. Sign in with a code, or from a browser that you have used before.',
			invalid_mfa_token: 'That took too long. Sign in again.',
			passwordless_off: 'Signing in with a code alone is switched off here.',
		},
		failed: 'That did not work. Try again in a moment.',
		loops: 'You are signed in, but the page keeps sending you here. Does this browser keep its cookies?',
		away: 'The site does not answer. Try again in a moment.',
		no_cookies: 'This browser blocks cookies, and without them nobody stays signed in. Allow them for this site, then load the page again.',
	},
	fa: {
		title: 'ورود', where: 'پس از ورود به همان‌جا که بودید برمی‌گردید.',
		name: 'شمارهٔ تلفن یا ایمیل', password: 'گذرواژه', code: 'کد',
		go: 'ورود', send: 'ارسال کد', again: 'ارسال دوبارهٔ کد', anew: 'بازگشت به ورود',
		by_code: 'ورود با کد', by_password: 'ورود با گذرواژه',
		forgot: 'گذرواژه را فراموش کرده‌اید؟', new_here: 'حساب ندارید؟', register: 'ثبت‌نام',
		connect: 'اتصال', not_now: 'فعلاً نه', or: 'یا', other: (who) => `ادامه با ${who}`,
		both: 'شمارهٔ تلفن یا ایمیل، و گذرواژه را وارد کنید.', one: 'شمارهٔ تلفن یا ایمیل را وارد کنید.', no_code: 'کد را وارد کنید.',
		sent: (to) => `اگر حسابی با ${to} وجود داشته باشد، کدی برایش فرستاده شده است.${to.includes('@') ? ' در ایمیل پیوند ورود هم هست.' : ''}`,
		sent_again: 'کد دیگری فرستاده شد.',
		not_proved: 'حساب شما هنوز تأیید نشده است. کدی برایتان فرستادیم.',
		titles: { signin: 'ورود', ask: 'ورود با کد', code: 'کد را وارد کنید', second: 'تأیید دومرحله‌ای' },
		connect_to: (who) => `اتصال ${who}`, on: 'ادامه',
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
		link_first: (who) => `با نشانی ${who} شما از قبل حسابی هست. همان‌طور که قبلاً وارد می‌شدید وارد شوید تا این دو به هم متصل شوند.`,
		link: (who) => `پس از آن با ${who} هم می‌توانید وارد شوید.`,
		no_link: 'اتصال انجام نشد، ولی وارد حساب شده‌اید.',
		answers: {
			invalid_credentials: 'شمارهٔ تلفن، ایمیل یا گذرواژه اشتباه است.',
			invalid_code: 'کد اشتباه است یا منقضی شده است.',
			too_many_tries: 'کد چند بار اشتباه وارد شد. کد جدیدی بخواهید.',
			code_too_soon: 'لحظه‌ای پیش کدی فرستاده شد.',
			too_many_codes: 'امروز کد دیگری به این نشانی فرستاده نمی‌شود.',
			too_many_failures: 'تلاش‌های ناموفق بیش از حد بود. با کد، یا از مرورگری که قبلاً با آن وارد شده‌اید، وارد شوید.',
			invalid_mfa_token: 'مهلت تمام شد. دوباره وارد شوید.',
			passwordless_off: 'ورود فقط با کد در این سایت فعال نیست.',
		},
		failed: 'انجام نشد. کمی بعد دوباره تلاش کنید.',
		loops: 'وارد شده‌اید، ولی آن صفحه شما را دوباره به اینجا می‌فرستد. آیا کوکی‌ها در این مرورگر فعال‌اند؟',
		away: 'سایت پاسخ نمی‌دهد. کمی بعد دوباره تلاش کنید.',
		no_cookies: 'این مرورگر کوکی‌ها را مسدود کرده است و بدون آن‌ها کسی وارد نمی‌ماند. کوکی‌ها را برای این سایت مجاز کنید و صفحه را دوباره بارگذاری کنید.',
	},
};

/* The language that theme.js found. */
const words = WORDS[document.documentElement.lang] || WORDS.en;

document.title = words.title;
for (const el of document.querySelectorAll('[data-say]'))
	el.textContent = words[el.dataset.say];
