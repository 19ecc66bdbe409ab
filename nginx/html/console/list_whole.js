/*
 * Lists of which there are tens (accounts, tokens, webhooks, templates): every row is asked for, and searched, filtered and
 * ordered here, by the same members of the address as those that the API does it for.
 */
import { get } from './api.js';
import { locale } from './i18n.js';

const AT_ONCE = 100;
const MOST = 2000;

/**
 * Every row, at most MOST; `cut` when there are more.
 * @param {string} url
 * @param {Record<string, any>} fixed  goes with every question
 * @param {boolean} sized  whether the list takes page and page_size
 * @returns {Promise<{results: any[], cut: boolean}>}
 */
export async function all_rows(url, fixed, sized)
{
	const rows = [];

	for (let page = 1; ; page++) {
		const doc = await get(url, sized ? { ...fixed, page, page_size: AT_ONCE } : fixed);
		rows.push(...doc.results);
		if (!doc.next || rows.length >= MOST)
			return { results: rows, cut: Boolean(doc.next) };
	}
}

const collator = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
const none = (v) => v === null || v === undefined || v === '';

/* What there is not, is last in either order. */
function compare(a, b, down)
{
	if (none(a) || none(b))
		return Number(none(a)) - Number(none(b));
	const n = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
	return down ? -n : n;
}

function passes(row, filter, value)
{
	if (filter.test)
		return filter.test(row, value);
	const has = row[filter.name];
	return Array.isArray(has) ? has.includes(value) : String(has) === value;
}

/**
 * The rows that are asked for, in their order.
 * @param {any[]} rows
 * @param {{columns: import('./list.js').Column[], filters: import('./list.js').ListFilter[], value: (column: any, row: any) => any,
 *	asked: (name: string) => string, search?: string, order: string}} how  `value`: of a cell, as plain text has it
 */
export function choose(rows, { columns, filters, value, asked, search, order })
{
	const words = search ? asked(search).toLocaleLowerCase(locale).split(/\s+/).filter(Boolean) : [];
	const text = (row) => columns.map((c) => (c.text ? c.text(row) : value(c, row))).filter((v) => !none(v)).join(' ').toLocaleLowerCase(locale);
	const on = filters.filter((f) => asked(f.name));
	const found = rows.filter((row) => on.every((f) => passes(row, f, asked(f.name))) && (words.length === 0 || ((s) => words.every((w) => s.includes(w)))(text(row))));
	const down = order.startsWith('-');
	const by = columns.find((c) => c.order && c.order === order.replace(/^-/, ''));

	return by ? found.sort((a, b) => compare(by.by ? by.by(a) : value(by, a), by.by ? by.by(b) : value(by, b), down)) : found;
}
