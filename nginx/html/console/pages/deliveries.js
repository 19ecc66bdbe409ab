/* The log of deliveries: found by whatever somebody who complains can tell. */
import { html, useEffect, useId, useState } from '../lib.js';
import { List } from '../list.js';
import { Icon } from '../icons.js';
import { Addr, Badge, Head } from '../ui.js';
import { Name } from '../person.js';
import { Time } from '../time.js';
import { new_key, post } from '../api.js';
import { go, query, set_query } from '../router.js';
import { bare, latin, number, t, word } from '../i18n.js';

const BY = ['to', 'user', 'request_id', 'provider_id', 'notification_id', 'title', 'body'];
export const CHANNELS = ['email', 'sms', 'whatsapp', 'web_push', 'expo', 'in_app', 'webhook'];
const STATES = ['queued', 'sent', 'delivered', 'read', 'skipped', 'failed', 'expired', 'cancelled', 'unsure'];
const OVER = ['failed', 'unsure', 'expired'];
const SECRET = ['code', 'notice', ''];

/** What the API lets be sent again: not what carried a code or a link, nor an event of a webhook, which is replayed. */
export const can_again = (d) => OVER.includes(d.state) && !SECRET.includes(d.type) && d.channel !== 'webhook' && Boolean(d.target)
	&& !['', 'digest'].includes(d.provider);

/** What was typed, and what it looks like: the name of the API's filter, or 'id' for one delivery. */
export function kind_of(text)
{
	if (/^\d{15,20}-\d{1,10}$/.test(text))
		return 'id';
	if (/^[0-9a-f]{32}$/i.test(text))
		return 'request_id';
	if (text.includes('@') || /^(https:|ExponentPushToken|ExpoPushToken)/.test(text) || /^\+?[\d\s()-]{7,16}$/.test(text))
		return 'to';
	if (/^\d{17,20}$/.test(text))
		return 'notification_id';
	return /^\d{1,10}$/.test(text) ? 'user' : 'title';
}

/* An account that is named as its channel says nothing more. */
const plainly = (s) => s.replace(/_/g, '');

const clear = () => set_query({ for: null, by: null, before: null, after: null });

function Find()
{
	const q = query.value;
	const [text, set_text] = useState(q.get('for') || '');
	const [by, set_by] = useState(BY.includes(q.get('by')) ? q.get('by') : '');
	const id = useId();

	useEffect(() => { set_text(q.get('for') || ''); }, [q.get('for')]);
	function find(event)
	{
		event.preventDefault();
		const said = bare(text);
		const what = /^[\s۰-۹٠-٩+()-]+$/.test(said) ? latin(said) : said;
		const kind = by || kind_of(what);
		if (kind === 'id')
			return go(`/console/deliveries/${what}/`);
		return set_query({ for: what, by: what ? kind : null, before: null, after: null });
	}
	return html`<form class="finder" role="search" onSubmit=${find}>
		<label class="hidden" for=${`${id}-by`}>${t('log.find_by')}</label>
		<select id=${`${id}-by`} value=${by} onChange=${(e) => set_by(e.target.value)}>
			<option value="" selected=${by === ''}>${t('log.by.any')}</option>
			${BY.map((b) => html`<option key=${b} value=${b} selected=${b === by}>${t(`log.by.${b}`)}</option>`)}
		</select>
		<div class="search">
			<label class="hidden" for=${`${id}-for`}>${t('log.find')}</label>
			<${Icon} name="search" size="16" />
			<input id=${`${id}-for`} data-search type="search" dir="auto" maxlength="2048" value=${text} placeholder=${t('log.find_hint')} spellcheck=${false} autocomplete="off"
				onInput=${(e) => set_text(e.target.value)} />
			<kbd aria-hidden="true">/</kbd>
		</div>
		<button class="button">${t('log.go')}</button>
		${q.get('for') && html`<button type="button" class="link" onClick=${clear}>${t('list.clear')}</button>`}
	</form>`;
}

/** Why, in a few words; nothing where all went well.  Where a number says more, the word that holds it follows. */
export function why(d)
{
	if (['sent', 'delivered', 'read'].includes(d.state) || !d.reason_text)
		return '';
	return html`<span>${d.reason_text}</span>${/\d/.test(d.reason) && html` <code>${d.reason}</code>`}`;
}

export default function Deliveries()
{
	const q = query.value;
	const by = BY.includes(q.get('by')) ? q.get('by') : 'to';
	const sought = q.get('for') ? { [by]: q.get('for') } : {};

	return html`<${Head} title=${t('nav.deliveries')} lead=${t('log.lead')} />
	<${Find} />
	<${List} url="/api/admin/deliveries/" name="deliveries" label=${t('nav.deliveries')} paged="cursor" ordering="-created_at" fixed=${sought}
		link=${(d) => `/console/deliveries/${d.id}/`}
		filters=${[
			{ name: 'state', label: t('log.state'), options: STATES.map((s) => [s, word('state', s)]) },
			{ name: 'channel', label: t('log.channel'), options: CHANNELS.map((c) => [c, word('channel', c)]) },
			{ name: 'provider', label: t('delivery.provider') },
			{ name: 'type', label: t('delivery.type') },
			{ name: 'reason', label: t('delivery.reason') },
			{ name: 'since', label: t('since'), type: 'time' },
			{ name: 'until', label: t('until'), type: 'time' },
		]}
		columns=${[
			{ key: 'target', label: t('log.to'), main: true, csv: (d) => d.target, show: (d) => (d.target ? html`<${Addr} text=${d.target} />` : d.user_id ? html`<${Name} id=${d.user_id} />` : null) },
			{ key: 'channel', label: t('log.channel'), show: (d) => html`<span class="stack">${word('channel', d.channel)}${plainly(d.provider) !== plainly(d.channel) && html`<bdi class="soft small">${d.provider}</bdi>`}</span>` },
			{ key: 'title', label: t('log.what'), wide: true, show: (d) => html`<span class="stack clip"><bdi>${d.title || word('type', d.type)}</bdi></span>` },
			{ key: 'state', wide: true, label: t('log.state'), csv: (d) => d.state, show: (d) => html`<span class="stack"><span><${Badge} state=${d.state} /></span>
				${why(d) && html`<span class="small soft">${why(d)}</span>`}</span>` },
			{ key: 'attempts', fold: true, label: t('log.attempts'), number: true, show: (d) => number(d.attempts) },
			{ key: 'created_at', label: t('log.when'), order: 'created_at', show: (d) => html`<${Time} value=${d.created_at} />` },
		]}
		actions=${[{ label: t('delivery.again'), icon: 'refresh', when: can_again,
			ask: (rows) => ({ title: t('log.again_title', { n: rows.length }), text: t('log.again_text') }),
			each: (d) => post(`/api/admin/deliveries/${d.id}/resend/`, {}, { key: new_key() }) }]}
		empty=${q.get('for') ? { icon: 'search', title: t('list.nothing'), text: t('log.nothing_text'),
			action: html`<button type="button" class="button" onClick=${clear}>${t('list.clear')}</button>` }
			: { icon: 'list', title: t('log.empty'), text: t('log.empty_text'), action: html`<a class="button primary" href="/console/send/">${t('log.first')}</a>` }} />`;
}
