'use strict';
/*
 * Kavenegar's own rules: numbers, tokens, templates, codes and their texts.
 * Source: the provider's documentation (kavenegar.com/rest.html).
 */

const STATUS_TEXT = {
	1: 'در صف ارسال', 2: 'زمان بندی شده', 4: 'ارسال به مخابرات',
	5: 'ارسال به مخابرات', 6: 'خطا در ارسال پیام', 10: 'رسیده به گیرنده',
	11: 'نرسیده به گیرنده', 13: 'لغو شده', 14: 'بلاک شده',
	100: 'شناسه پیامک نامعتبر است',
};

const CODE_TEXT = {
	200: 'تایید شد',
	400: 'پارامترها ناقص هستند',
	401: 'حساب کاربری غیرفعال شده است',
	402: 'عملیات ناموفق بود',
	403: 'کد شناسائی API-Key معتبر نمی‌باشد',
	404: 'متد نامشخص است',
	405: 'متد Get/Post اشتباه است',
	406: 'پارامترهای اجباری خالی ارسال شده اند',
	407: 'دسترسی به اطلاعات مورد نظر برای شما امکان پذیر نیست',
	409: 'سرور قادر به پاسخگوئی نیست بعدا تلاش کنید',
	411: 'دریافت کننده نامعتبر است',
	412: 'ارسال کننده نامعتبر است',
	413: 'پیام خالی است و یا طول پیام بیش از حد مجاز می‌باشد',
	414: 'حجم درخواست بیشتر از حد مجاز است',
	417: 'تاریخ ارسال اشتباه است',
	418: 'اعتبار شما کافی نمی‌باشد',
	419: 'طول آرایه متن و گیرنده و فرستنده هم اندازه نیست',
	420: 'استفاده از لینک در متن پیام برای شما محدود شده است',
	422: 'داده ها به دلیل وجود کاراکتر نامناسب قابل پردازش نیست',
	424: 'الگوی مورد نظر پیدا نشد',
	426: 'استفاده از این متد نیازمند سرویس پیشرفته می‌باشد',
	427: 'استفاده از این خط نیازمند ایجاد سطح دسترسی می باشد',
	428: 'ارسال کد از طریق تماس تلفنی امکان پذیر نیست',
	429: 'IP محدود شده است',
	431: 'ساختار کد صحیح نمی‌باشد',
	432: 'پارامتر کد در متن پیام پیدا نشد',
	451: 'فراخوانی بیش از حد در بازه زمانی مشخص IP محدود شده',
	501: 'فقط امکان ارسال پیام تست به شماره صاحب حساب کاربری وجود دارد',
	607: 'نام تگ انتخابی اشتباه است',
};

class Refused extends Error {
	constructor(code, why) {
		super(why);
		this.code = code;
	}
}

function refuse(code, why) {
	throw new Refused(code, why);
}

/*
 * A receptor as Kavenegar takes it. Returns {e164, wire, landline}, or null.
 * A plus sign is understood for Iran only; abroad is 00 and the country code.
 */
function readReceptor(text) {
	let m;

	if ((m = /^(?:0|\+98|0098)?(9\d{9})$/.exec(text)))
		return { e164: `+98${m[1]}`, wire: `0${m[1]}`, landline: false };
	if ((m = /^(?:0|\+98|0098)([1-8]\d{9})$/.exec(text)))
		return { e164: `+98${m[1]}`, wire: `0${m[1]}`, landline: true };
	if ((m = /^00([1-9]\d{7,14})$/.exec(text)) && !m[1].startsWith('98'))
		return { e164: `+${m[1]}`, wire: text, landline: false };
	return null;
}

function receptor(text) {
	const r = readReceptor(text);

	if (!r)
		refuse(411, `receptor ${JSON.stringify(text)}`);
	return r;
}

/* Form fields with the rules common to all: UTF-8, no empty optional one. */
class Form {
	constructor(pairs) {
		this.map = new Map();
		for (const [k, v] of pairs) {
			if (this.map.has(k))
				refuse(400, `${k} given twice`);
			this.map.set(k, v);
		}
	}

	has(name) {
		return this.map.has(name);
	}

	need(name) {
		const v = this.map.get(name);

		if (v === undefined)
			refuse(400, `${name} is missing`);
		if (v === '')
			refuse(406, `${name} is empty`);
		return v;
	}

	maybe(name) {
		const v = this.map.get(name);

		if (v === '')
			refuse(400, `${name} is optional but sent empty`);
		return v;
	}

	list(name, max, code) {
		const v = this.need(name).split(',');

		if (v.length > max)
			refuse(code, `${v.length} values in ${name}, at most ${max}`);
		return v;
	}

	array(name, optional) {
		const text = optional ? this.maybe(name) : this.need(name);
		let v;

		if (text === undefined)
			return undefined;
		try {
			v = JSON.parse(text);
		} catch {
			refuse(422, `${name} is no JSON`);
		}
		if (!Array.isArray(v) ||
		    !v.every((x) => ['string', 'number'].includes(typeof x)))
			refuse(422, `${name} is no JSON array of strings`);
		return v.map(String);
	}

	integer(name) {
		const v = this.maybe(name);

		if (v === undefined)
			return undefined;
		if (!/^\d{1,15}$/.test(v))
			refuse(400, `${name} is no number`);
		return Number(v);
	}
}

/* Percent-decodes once, strictly. */
function decodeForm(text) {
	const out = [];

	for (const piece of text.split('&')) {
		if (piece === '')
			continue;
		const eq = piece.indexOf('=');
		const dec = (s) => {
			try {
				return decodeURIComponent(s.replace(/\+/g, ' '));
			} catch {
				return refuse(422, 'not UTF-8, percent-encoded');
			}
		};
		out.push(eq < 0 ? [dec(piece), ''] :
		    [dec(piece.slice(0, eq)), dec(piece.slice(eq + 1))]);
	}
	return out;
}

const TOKEN_SPACES = { token: 0, token2: 0, token3: 0, token10: 5, token20: 8 };

function checkToken(name, value) {
	const spaces = (value.match(/ /g) || []).length;

	if ([...value].length > 100)
		refuse(431, `${name} is longer than 100`);
	if (spaces > TOKEN_SPACES[name])
		refuse(431, `${spaces} spaces in ${name}, at most ` +
		    `${TOKEN_SPACES[name]}`);
	/* No line break, tab, other separator or underscore in any of them. */
	if (/[_,;|\p{Cc}\p{Cf}]/u.test(value) ||
	    /[\p{Z}]/u.test(value.replace(/ /g, '')))
		refuse(431, `${name} has an underscore or a separator`);
}

/* The text of a template with its tokens in place. */
function render(template, tokens) {
	if (!/%token(?!\d)/.test(template))
		refuse(432, '%token is not in the template');
	return template.replace(/%token(20|10|2|3)?(?!\d)/g, (m, n) => {
		const v = tokens[`token${n || ''}`];
		if (v === undefined)
			refuse(400, `the template needs token${n || ''}`);
		return v;
	});
}

function checkTag(tag, known) {
	if (!/^[A-Za-z0-9_-]{1,200}$/.test(tag) ||
	    (known && !known.includes(tag)))
		refuse(607, `tag ${tag}`);
}

function readSender(text) {
	return text.replace(/^(\+98|0098)/, '');
}

module.exports = { STATUS_TEXT, CODE_TEXT, TOKEN_SPACES, Refused, refuse, Form,
	decodeForm, receptor, readReceptor, checkToken, render, checkTag,
	readSender };
