/*
 * The start page: its words in Persian, and the sandbox where there is one.
 */
'use strict';

speak({
	fa: {
		title: 'ورود و اعلان‌ها', lead: 'یک حساب برای این سایت، و یک جا برای همهٔ پیام‌های آن.',
		signin: 'ورود', register: 'ثبت‌نام',
		yours: 'برای شما',
		inbox: 'صندوق شما', inbox_text: 'پیام‌های این سایت، همان لحظه که می‌رسند؛ و تنظیم این که چگونه باخبر شوید.',
		push: 'اعلان‌های مرورگر', push_text: 'در این مرورگر روشنشان کنید و یک اعلان آزمایشی برای خود بفرستید.',
		developers: 'برای برنامه‌نویسان',
		swagger: 'آزمودن API', swagger_text: 'همهٔ عملیات در Swagger UI، از همین‌جا.',
		redoc: 'خواندن API', redoc_text: 'همان قرارداد در Redoc، با نمونه‌هایی برای curl.',
		problems: 'کدهای خطا', problems_text: 'معنای هر خطا و این که چه باید کرد.',
		contract: 'قرارداد', contract_text: 'OpenAPI 3.1، برای برنامه‌ها.',
		health: 'سلامت', health_text: 'وضعیت پایگاه داده، ساختار آن و صف، به صورت JSON.',
		sandbox: 'محیط آزمایشی', sandbox_text: 'همهٔ پیامک‌ها، ایمیل‌ها و اعلان‌هایی که این نمونهٔ آزمایشی فرستاده است.',
	},
	en: {},
});
document.title = 'Gatepost';

/* Only scripts/quickstart makes one. */
fetch('/sandbox', { method: 'HEAD', redirect: 'manual', credentials: 'omit' }).then((answer) => {
	document.getElementById('sandbox').hidden = answer.type !== 'opaqueredirect';
}, () => { /* none, then */ });
