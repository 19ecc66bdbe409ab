/*
 * The start page: its words in Persian, and the sandbox where there is one.
 */
'use strict';

speak({
	fa: {
		title: 'ورود و اعلان‌ها', lead: 'یک حساب برای این سایت، و یک جا برای آنچه به شما می‌گوید.',
		signin: 'ورود', register: 'ساختن حساب',
		yours: 'برای شما',
		inbox: 'صندوق شما', inbox_text: 'آنچه این سایت به شما گفته است، همان دم که می‌رسد؛ و این که چگونه باخبر شوید.',
		push: 'اعلان‌های مرورگر', push_text: 'در این مرورگر روشنشان کنید و یکی برای خود بفرستید.',
		developers: 'برای برنامه‌نویسان',
		swagger: 'آزمودن API', swagger_text: 'همهٔ عملیات در Swagger UI، از همین‌جا.',
		redoc: 'خواندن API', redoc_text: 'همان قرارداد در Redoc، با نمونه‌هایی برای curl.',
		problems: 'کدهای خطا', problems_text: 'هر پاسخ رد چه معنایی دارد و چه باید کرد.',
		contract: 'قرارداد', contract_text: 'OpenAPI 3.1، برای برنامه‌ها.',
		health: 'سلامت', health_text: 'آیا پایگاه داده، طرح آن و صف خوب‌اند؛ به صورت JSON.',
		sandbox: 'آزمایشگاه', sandbox_text: 'هر پیامک، ایمیل و اعلانی که از این نمونهٔ آزمایشی رفته است.',
	},
	en: {},
});
document.title = 'Gatepost';

/* Only scripts/quickstart makes one. */
fetch('/sandbox', { method: 'HEAD', redirect: 'manual', credentials: 'omit' }).then((answer) => {
	document.getElementById('sandbox').hidden = answer.type !== 'opaqueredirect';
}, () => { /* none, then */ });
