/* Of what, and where, this person wants to be told; when not; and what may wait to come together. */
import { html, useRef, useState } from '../lib.js';
import { Field, Form, Submit, use_form } from '../form.js';
import { Card, Head, Loaded, Switch, use_data } from '../ui.js';
import { get, patch, sentence_of } from '../api.js';
import { listed, t, word } from '../i18n.js';
import { toast } from '../toast.js';

const CHANNELS = ['in_app', 'email', 'web_push', 'expo', 'sms', 'whatsapp'];
const TYPES = ['order', 'message', 'payment', 'product', 'review', 'system'];
const zones = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : ['UTC'];
const here = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/* A switch for each kind and channel; a kind without a word of its own follows the first row. */
function Matrix({ prefs, change })
{
	const types = [...TYPES, ...Object.keys(prefs.types).filter((x) => !TYPES.includes(x))];
	const cell = (name, on, set, c) => html`<td key=${c}><${Switch} quiet checked=${on} label=${name} short=${t(`channel.${c}`)} change=${set} /></td>`;

	return html`<div class="scroll" tabindex="0" role="region" aria-label=${t('prefs.matrix')}><table class="matrix">
		<thead><tr><th scope="col"><span class="hidden">${t('prefs.kind')}</span></th>${CHANNELS.map((c) => html`<th key=${c} scope="col">${t(`channel.${c}`)}</th>`)}</tr></thead>
		<tbody>
			<tr class="all"><th scope="row">${t('prefs.all')}</th>${CHANNELS.map((c) => cell(`${t('prefs.all')}, ${t(`channel.${c}`)}`, Boolean(prefs.channels[c]),
				(on) => change({ channels: { [c]: on } }), c))}</tr>
			${types.map((type) => html`<tr key=${type}><th scope="row">${word('type', type)}</th>${CHANNELS.map((c) => {
				const own = prefs.types[type] && prefs.types[type][c];
				return cell(`${word('type', type)}, ${t(`channel.${c}`)}`, own === undefined ? Boolean(prefs.channels[c]) : own,
					(on) => change({ types: { [type]: { ...prefs.types[type], [c]: on } } }), c);
			})}</tr>`)}
		</tbody></table></div>`;
}

function Quiet({ prefs, saved })
{
	const q = prefs.quiet_hours;
	const form = use_form({ on: Boolean(q), from: q ? q.from : '22:00', to: q ? q.to : '07:00', time_zone: (q && q.time_zone) || here }, async (v) => {
		saved(await patch('/api/preferences/', { quiet_hours: v.on ? { from: v.from, to: v.to, time_zone: v.time_zone } : null }));
		toast(t('saved'));
	});

	return html`<${Card} title=${t('prefs.quiet')} lead=${t('prefs.quiet_lead')}><${Form} form=${form}>
		<${Field} form=${form} name="on" type="switch" label=${t('prefs.quiet_on')} />
		${form.values.on && html`<div class="pair">
			<${Field} form=${form} name="from" type="time" label=${t('prefs.from')} required />
			<${Field} form=${form} name="to" type="time" label=${t('prefs.to')} required /></div>
			<${Field} form=${form} name="time_zone" type="select" label=${t('prefs.zone')} options=${[...new Set([form.values.time_zone, ...zones])].map((z) => [z, z.replace(/_/g, ' ')])} />`}
		<div class="form-actions"><${Submit} form=${form}>${t('save')}<//></div>
	<//><//>`;
}

function Digest({ prefs, saved })
{
	const d = prefs.digest;
	const form = use_form({ every: d ? d.every : '', at: (d && d.at) || '08:00', weekday: String((d && d.weekday) ?? 0) }, async (v) => {
		saved(await patch('/api/preferences/', { digest: v.every === '' ? null : { every: v.every, ...(v.every === 'hour' ? {} : { at: v.at }),
			...(v.every === 'week' ? { weekday: Number(v.weekday) } : {}) } }));
		toast(t('saved'));
	});

	return html`<${Card} title=${t('prefs.digest')} lead=${t('prefs.digest_lead')}><${Form} form=${form}>
		<${Field} form=${form} name="every" type="select" label=${t('prefs.every')}
			options=${[['', t('prefs.at_once')], ['hour', t('prefs.hour')], ['day', t('prefs.day')], ['week', t('prefs.week')]]} />
		${['day', 'week'].includes(form.values.every) && html`<div class="pair">
			${form.values.every === 'week' && html`<${Field} form=${form} name="weekday" type="select" label=${t('prefs.weekday')}
				options=${[0, 1, 2, 3, 4, 5, 6].map((n) => [String(n), t(`weekday.${n}`)])} />`}
			<${Field} form=${form} name="at" type="time" label=${t('prefs.at')} required /></div>`}
		<div class="form-actions"><${Submit} form=${form}>${t('save')}<//></div>
	<//><//>`;
}

function Loose({ prefs, first })
{
	const [p, set_p] = useState(prefs);

	/* Wishes go one after the other: each sends its whole row, and the last must be the last there too. */
	const queue = useRef({ turn: 0, end: Promise.resolve() }).current;

	/* Shown as wished at once; what the server then says stands. */
	function change(some, /** @type {(now: any) => void} */ told = () => {})
	{
		const mine = ++queue.turn;
		const show = (now) => mine === queue.turn && set_p(now);

		set_p((was) => ({ ...was, ...some, channels: { ...was.channels, ...some.channels }, types: { ...was.types, ...some.types } }));
		queue.end = queue.end.then(() => patch('/api/preferences/', some)).then((now) => {
			show(now);
			told(now);
		}, async (e) => {
			toast(sentence_of(e), 'bad');
			await get('/api/preferences/').then(show, () => {});
		});
	}
	/* One channel alone: what that takes away is said, for it happens elsewhere on the page. */
	function prefer(channel)
	{
		const was = p.channels;

		change({ default_channel: channel }, (now) => {
			const off = CHANNELS.filter((c) => was[c] && !now.channels[c]);
			if (off.length > 0)
				toast(t('prefs.turned_off', { channels: listed(off.map((c) => t(`channel.${c}`))) }));
		});
	}
	const one = p.default_channel;
	const hint = !one ? 'prefs.default_hint' : !p.channels[one] ? 'prefs.default_off' : one === 'in_app' ? 'prefs.default_inbox'
		: p.channels.in_app ? 'prefs.default_alone' : 'prefs.default_only';

	return html`<${Card} title=${t('prefs.matrix')} lead=${t('prefs.matrix_lead')}>
			<div class="field matrix-default"><label for="default-channel">${t('prefs.default')}</label>
				<select id="default-channel" value=${one || ''} aria-describedby="default-hint" onChange=${(e) => prefer(e.target.value || null)}>
					<option value="" selected=${!one}>${t('prefs.site_choice')}</option>
					${CHANNELS.map((c) => html`<option key=${c} value=${c} selected=${one === c}>${t(`channel.${c}`)}</option>`)}</select>
				<p class="hint" id="default-hint">${t(hint, { channel: one && t(`channel.${one}`) })}</p></div>
			<${Matrix} prefs=${p} change=${change} />
		<//>
		<div class="columns"><${Quiet} prefs=${first} saved=${set_p} /><${Digest} prefs=${first} saved=${set_p} /></div>`;
}

export default function Preferences()
{
	const prefs = use_data(() => get('/api/preferences/'));

	return html`<${Head} title=${t('nav.preferences')} lead=${t('prefs.lead')} />
		<${Loaded} of=${prefs}>${(p) => html`<${Loose} prefs=${p} first=${p} />`}<//>`;
}
