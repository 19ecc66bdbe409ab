/*
 * The words of the console.  A table is a module words/LANGUAGE/AREA.js whose
 * default export maps a key to a sentence, with {name} where a value goes, to
 * a sentence for each plural form of {n} (as Intl.PluralRules names them), or
 * to a function of the values.  `frame` and `user` are there from the start;
 * the areas of the admin's pages come with them (pages.js: `words`).
 * scripts/check-console holds the languages and the uses against each other.
 */

export const LANGUAGES = { en: 'English', fa: 'فارسی' };

/** The language of this page, as theme.js found it. */
export const language = document.documentElement.lang;

/** What Intl is told: the region decides about digits and calendar. */
export const locale = language === 'fa' ? 'fa-IR'
	: (navigator.languages || []).find((l) => l.toLowerCase().startsWith('en')) || 'en-GB';

const numbers = new Intl.NumberFormat(locale);

/** A number as people of this language write it. */
export const number = (n) => (n === null || n === undefined ? '' : numbers.format(n));

const tables = {};
const asked = new Map();

/**
 * Brings the words of an area; at most once.
 * @param {string} area
 * @returns {Promise<void>}
 */
export function bring_words(area)
{
	if (!asked.has(area))
		asked.set(area, import(`./words/${language}/${area}.js`).then((m) => void Object.assign(tables, m.default), (e) => {
			asked.delete(area);		/* it may come the next time */
			throw e;
		}));
	return asked.get(area);
}

/** Whether there is a sentence for the key. */
export const has_words = (key) => key in tables;

const plurals = new Intl.PluralRules(locale);

/**
 * The sentence of a key.  A key without one shows itself, so that it is seen.
 * @param {string} key
 * @param {Record<string, any>} [values]  `n` may be a number: it chooses the plural, and is written as people here write it
 * @returns {string}
 */
export function t(key, values = {})
{
	let said = tables[key];

	if (said === undefined)
		return key;
	if (typeof said === 'function')
		return said(values);
	if (typeof said === 'object')
		said = said[plurals.select(values.n)] ?? said.other;
	if (typeof values.n === 'number')
		values = { ...values, n: number(values.n) };
	return said.replace(/\{(\w+)\}/g, (_, name) => (values[name] === undefined ? '' : String(values[name])));
}

/**
 * The sentence of a word that the API answers with (a state, a channel, a
 * reason), or the word itself where there is none.
 * @param {string} family  the part of the key before the word
 * @param {string|null|undefined} word_
 */
export function word(family, word_)
{
	if (word_ === null || word_ === undefined || word_ === '')
		return '';
	const key = `${family}.${word_}`;
	return has_words(key) ? t(key) : String(word_).replace(/_/g, ' ');
}

/** As it stands alone: in a list to choose from, at the head of a tile. */
export const capital = (text) => String(text).replace(/^./u, (c) => c.toLocaleUpperCase(locale));

const names = {};

function name_of(type, code)
{
	try {
		names[type] = names[type] || new Intl.DisplayNames(locale, { type });
		return names[type].of(code);
	} catch {
		return code;		/* none of those that there are */
	}
}

/** "Persian" for fa, in the reader's language. */
export const language_name = (code) => name_of('language', code);

/** "Iran" for IR, in the reader's language. */
export const country_name = (code) => name_of('region', code);

/** Chooses another language, for this browser; the page starts again with it. */
export function choose_language(to)
{
	try {
		localStorage.setItem('gatepost-language', to);
	} catch {
		return;
	}
	location.reload();
}

/* What turns the order of letters round: within a sentence of ours, nobody's text does. */
const tame = (text) => String(text).replace(/[\u202a-\u202e\u2066-\u2069]/g, '');

/** Left-to-right text (an address, a number, a code) within a sentence of either direction. */
export const ltr = (text) => `\u2066${tame(text)}\u2069`;

/** Somebody's own text, of whichever direction, within a sentence. */
export const isolated = (text) => `\u2068${tame(text)}\u2069`;

/** Several words in a row, those that are nothing left out. */
export const listed = (words) => words.filter(Boolean).join(language === 'fa' ? '، ' : ', ');

/** What somebody looks for, without the signs of direction that come with a copy of an address or a number. */
export const bare = (text) => tame(text).replace(/[\u200e\u200f]/g, '').trim();

/** Text as it is seen: without what has no width, and any gap one space. */
export const visible = (text) => text.normalize('NFC').replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '').replace(/\s+/g, ' ').trim();

/** Digits of Persian and Arabic keyboards as ASCII, without the spaces people type and the marks of direction that come with a copy. */
export function latin(text)
{
	return visible(text).replace(/[\u06f0-\u06f9]/g, (d) => String(d.charCodeAt(0) - 0x6f0))
		.replace(/[\u0660-\u0669]/g, (d) => String(d.charCodeAt(0) - 0x660)).replace(/\s/g, '');
}
