/* Times: how long ago, in the reader's words; the exact one in their zone when pointed at. */
import { html, signal } from './lib.js';
import { locale } from './i18n.js';

const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
/** @type {[number, Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [[60, 'second', 1], [3600, 'minute', 60], [86400, 'hour', 3600], [86400 * 30, 'day', 86400]];

/* By how many ms this device's clock is wrong, as answers date themselves: in a minute's worth of seconds it is not. */
let off = 0;
const GRACE = 30000;

/** What the server's clock says, ms since 1970. */
export const server_now = () => Date.now() + off;

const now = signal(Date.now());
setInterval(() => { now.value = server_now(); }, 30000);

/** Hears what the server's clock says. @param {string|null} date  the header */
export function hear_time(date)
{
	const by = Date.parse(date || '') - Date.now();
	const before = off;

	if (!Number.isNaN(by))
		off = Math.abs(by) < GRACE ? 0 : by;
	if (Math.abs(off - before) >= GRACE)
		now.value = server_now();
}

/** "3 min. ago", "in 2 hr."; further away than a month, the date. */
export function ago(value, at = server_now())
{
	const s = (new Date(value).getTime() - at) / 1000;

	for (const [below, unit, per] of STEPS)
		if (Math.abs(s) < below)
			return relative.format(Math.round(s / per), unit);
	return day.format(new Date(value));
}

/** The exact time in the reader's zone. */
export const when = (value) => (value ? exact.format(new Date(value)) : '');
/** The day alone. */
export const date = (value) => (value ? day.format(new Date(value)) : '');

/**
 * @param {{value: string|null|undefined, absolute?: boolean, none?: string}} props  RFC 3339; `none` is shown without one
 */
export function Time({ value, absolute = false, none = '–' })
{
	if (!value)
		return html`<span class="soft">${none}</span>`;
	return html`<time datetime=${value} title=${absolute ? ago(value, now.value) : when(value)}>${absolute ? when(value) : ago(value, now.value)}</time>`;
}

/** Seconds as a short length of time: "850 ms", "12 s", "4 min". */
export function span(seconds)
{
	const unit = (n, u) => new Intl.NumberFormat(locale, { style: 'unit', unit: u, unitDisplay: 'short', maximumFractionDigits: 1 }).format(n);

	if (seconds === null || seconds === undefined)
		return '–';
	if (seconds < 1)
		return unit(Math.round(seconds * 1000), 'millisecond');
	if (seconds < 120)
		return unit(seconds, 'second');
	if (seconds < 7200)
		return unit(seconds / 60, 'minute');
	return seconds < 172800 ? unit(seconds / 3600, 'hour') : unit(seconds / 86400, 'day');
}
