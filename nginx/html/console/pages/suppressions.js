/* Addresses that nothing goes to: found, added, taken off, brought from a file. */
import { html, useState } from '../lib.js';
import { List } from '../list.js';
import { Addr, Badge, Head } from '../ui.js';
import { Actions, Field, Form, use_form } from '../form.js';
import { Icon } from '../icons.js';
import { Person } from '../person.js';
import { Time } from '../time.js';
import { dialog } from '../dialog.js';
import { new_key, post, sentence_of } from '../api.js';
import { toast } from '../toast.js';
import { number, t, word } from '../i18n.js';

const REASONS = ['blocked', 'unsubscribed', 'bounced', 'complained', 'stopped', 'ads_blocked', 'no_marketing'];
const CHANNELS = ['email', 'sms', 'whatsapp'];
const AT_ONCE = 300;
const channels = () => CHANNELS.map((c) => [c, t(`channel.${c}`)]);
const reasons = () => REASONS.map((r) => [r, word('suppressed', r)]);

function Add({ close })
{
	const form = use_form({ channel: 'email', address: '', reason: 'blocked' }, async (v) => close(await post('/api/suppressions/', v, { key: new_key() })));

	return html`<${Form} form=${form}>
		<${Field} form=${form} name="channel" label=${t('suppressions.channel')} type="select" options=${channels()} />
		<${Field} form=${form} name="address" label=${t('suppressions.address')} dir="ltr" autocomplete="off" required />
		<${Field} form=${form} name="reason" label=${t('suppressions.reason')} type="select" options=${reasons()} />
		<${Actions} form=${form} close=${close}>${t('suppressions.add')}<//>
	<//>`;
}

/** Rows of a CSV with quotes: lists of cells. */
export function read_csv(text)
{
	const rows = [];
	let row = [], cell = '', quoted = false;

	for (let i = 0; i <= text.length; i++) {
		const c = text[i];
		if (quoted && c !== undefined) {
			if (c === '"' && text[i + 1] === '"') {
				cell += '"';
				i++;
			} else if (c === '"') {
				quoted = false;
			} else {
				cell += c;
			}
		} else if (c === '"') {
			quoted = true;
		} else if (c === ',' || c === ';' || c === '\t' || c === '\n' || c === undefined) {
			row.push(cell.trim());
			cell = '';
			if (c === '\n' || c === undefined) {
				if (row.some(Boolean))
					rows.push(row);
				row = [];
			}
		} else if (c !== '\r' && c !== '\ufeff') {
			cell += c;
		}
	}
	return rows;
}

/** What a file's rows mean: with or without a line of names, in any order of columns. */
export function entries_of(rows, otherwise)
{
	const first = (rows[0] || []).map((c) => c.toLowerCase());
	const named = first.includes('address') || first.includes('email') || first.includes('phone');
	const at = (...names) => first.findIndex((c) => names.includes(c));
	const where = named ? { address: at('address', 'email', 'phone'), channel: at('channel'), reason: at('reason') } : null;

	return (named ? rows.slice(1) : rows).map((r) => {
		const address = (where ? r[where.address] : r.find((c) => c.includes('@') || /^\+?[\d ()-]{6,}$/.test(c))) || '';
		const channel = (where ? r[where.channel] : r.find((c) => CHANNELS.includes(c))) || (address.includes('@') ? 'email' : 'sms');
		const reason = (where ? r[where.reason] : r.find((c) => REASONS.includes(c))) || otherwise;
		return { address, channel, reason };
	}).filter((e) => e.address);
}

function Import({ close })
{
	const [entries, set_entries] = useState(/** @type {any[]} */ ([]));
	const [reason, set_reason] = useState('blocked');
	const [state, set_state] = useState({ busy: false, done: 0, bad: /** @type {string[]} */ ([]), over: false });
	const [rows, set_rows] = useState(/** @type {string[][]} */ ([]));

	async function choose(event)
	{
		const file = event.target.files[0];
		if (file) {
			const got = read_csv(await file.text());
			set_rows(got);
			set_entries(entries_of(got, reason));
		}
	}
	async function bring(event)
	{
		let done = 0;
		const bad = [];

		event.preventDefault();
		set_state({ busy: true, done, bad, over: false });
		try {
			for (let i = 0; i < entries.length; i += AT_ONCE) {
				const got = await post('/api/suppressions/import/', { entries: entries.slice(i, i + AT_ONCE) });
				done += got.added + got.known;
				for (const r of got.refused)
					bad.push(`${number(i + r.index + 1)}: ${entries[i + r.index].address}`);
				set_state({ busy: true, done, bad, over: false });
			}
			set_state({ busy: false, done, bad, over: true });
		} catch (e) {
			toast(sentence_of(e), 'bad');
			set_state({ busy: false, done, bad, over: false });
		}
	}
	return html`<form onSubmit=${bring}>
		<p>${t('suppressions.import_text')}</p>
		<p class="small soft"><code dir="ltr">channel,address,reason</code></p>
		<div class="field"><label for="import-file">${t('suppressions.file')}</label>
			<input id="import-file" type="file" accept=".csv,.txt,text/csv,text/plain" onChange=${choose} /></div>
		<div class="field"><label for="import-reason">${t('suppressions.otherwise')}</label>
			<select id="import-reason" onChange=${(e) => { set_reason(e.target.value); set_entries(entries_of(rows, e.target.value)); }}>
				${reasons().map(([v, text]) => html`<option key=${v} value=${v} selected=${v === reason}>${text}</option>`)}</select></div>
		<p role="status">${state.over ? t('suppressions.imported', { n: number(state.done), bad: number(state.bad.length) })
			: entries.length ? t('suppressions.found', { n: entries.length }) : ''}</p>
		${state.busy && html`<progress max=${entries.length} value=${state.done + state.bad.length} aria-label=${t('suppressions.import')} />`}
		${state.bad.length > 0 && html`<details><summary>${t('suppressions.bad', { n: number(state.bad.length) })}</summary><ul>${state.bad.slice(0, 50).map((b) => html`<li key=${b}><bdi>${b}</bdi></li>`)}</ul></details>`}
		<div class="dialog-actions">${state.over ? html`<button type="button" class="button primary" onClick=${() => close(true)}>${t('close')}</button>`
			: html`<button type="button" class="button" onClick=${() => close(undefined)}>${t('cancel')}</button>
				<button class="button primary" disabled=${!entries.length || state.busy}>${t('suppressions.import')}</button>`}</div>
	</form>`;
}

export default function Suppressions()
{
	const [version, set_version] = useState(0);
	const open = async (title, body) => {
		await dialog({ title: t(title), body });
		set_version((v) => v + 1);
	};
	const add = html`<button type="button" class="button primary" onClick=${() => open('suppressions.add', Add)}><${Icon} name="plus" size="16" />${t('suppressions.add')}</button>`;

	return html`<${Head} title=${t('nav.suppressions')} lead=${t('suppressions.lead')}>
		<button type="button" class="button" onClick=${() => open('suppressions.import', Import)}>${t('suppressions.import')}</button>${add}<//>
	<${List} url="/api/suppressions/" name="suppressions" label=${t('nav.suppressions')} search="address" search_label=${t('suppressions.search')} version=${version}
		filters=${[{ name: 'channel', label: t('suppressions.channel'), options: channels() }, { name: 'reason', label: t('suppressions.reason'), options: reasons() }]}
		columns=${[
			{ key: 'address', label: t('suppressions.address'), main: true, show: (r) => html`<${Addr} text=${r.address} />` },
			{ key: 'channel', label: t('suppressions.channel'), show: (r) => t(`channel.${r.channel}`) },
			{ key: 'reason', label: t('suppressions.reason'), show: (r) => html`<${Badge} tone=${r.reason === 'complained' || r.reason === 'bounced' ? 'bad' : 'plain'}>${word('suppressed', r.reason)}<//>` },
			{ key: 'added_by', fold: true, label: t('suppressions.by'), show: (r) => (r.added_by ? html`<${Person} id=${r.added_by} />` : t('suppressions.by_them')) },
			{ key: 'created_at', label: t('suppressions.since'), order: 'created_at', show: (r) => html`<${Time} value=${r.created_at} />` },
		]}
		actions=${[{ label: t('suppressions.remove'), icon: 'trash', danger: true, many: '/api/suppressions/remove/',
			ask: (rows) => ({ title: t('suppressions.remove'), text: t('suppressions.remove_text', { n: number(rows.length) }) }) }]}
		empty=${{ icon: 'block', title: t('suppressions.empty'), text: t('suppressions.empty_text'), action: add }} />`;
}
