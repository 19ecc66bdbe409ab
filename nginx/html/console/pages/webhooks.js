/* Addresses of the site's own that are told what became of each delivery. */
import { html, useState } from '../lib.js';
import { List } from '../list.js';
import { Addr, Head } from '../ui.js';
import { Actions, Form, use_form } from '../form.js';
import { EVENTS, HookFields, HookState, Secret, events_of, state_of, values_of } from './webhook_parts.js';
import { Icon } from '../icons.js';
import { Time } from '../time.js';
import { dialog } from '../dialog.js';
import { del, patch, post, wish } from '../api.js';
import { go } from '../router.js';
import { t, word } from '../i18n.js';

function New({ close })
{
	const [key_of] = useState(wish);
	const form = use_form(values_of(null), async (v) => {
		const body = { url: v.url, description: v.description, events: events_of(v) };

		return close(await post('/api/admin/webhooks/', body, { key: key_of(body) }));
	});

	return html`<${Form} form=${form}><${HookFields} form=${form} />
		<${Actions} form=${form} close=${close}>${t('webhooks.create')}<//><//>`;
}

async function create()
{
	const made = await dialog({ title: t('webhooks.new'), body: New, wide: true });
	if (!made)
		return;
	if (made.secret)
		await dialog({ title: t('webhooks.secret'), body: Secret, props: { secret: made.secret } });
	go(`/console/webhooks/${made.id}/`);
}

const event = (e) => word('state', e.replace('delivery.', ''));

export default function Webhooks()
{
	const button = html`<button type="button" class="button primary" onClick=${create}><${Icon} name="plus" size="16" />${t('webhooks.new')}</button>`;
	const turn = (on) => (h) => patch(`/api/admin/webhooks/${h.id}/`, { is_active: on });

	return html`<${Head} title=${t('nav.webhooks')} lead=${t('webhooks.lead')}>${button}<//>
	<${List} url="/api/admin/webhooks/" name="webhooks" label=${t('nav.webhooks')} paged="all" search="q" search_label=${t('webhooks.search')} every=${10000} link=${(h) => `/console/webhooks/${h.id}/`}
		filters=${[
			{ name: 'state', label: t('campaigns.state'), test: (h, v) => state_of(h) === v,
				options: ['active', 'failing', 'switched_off', 'inactive'].map((s) => [s, word('hook', s)]) },
			{ name: 'event', label: t('webhook.event'), test: (h, v) => h.events.length === 0 || h.events.includes(`delivery.${v}`), options: EVENTS.map((e) => [e, word('state', e)]) },
		]}
		columns=${[
			{ key: 'url', label: t('webhooks.url'), main: true, order: 'url', text: (h) => `${h.url} ${h.description}`,
				show: (h) => html`<span class="stack"><${Addr} text=${h.url} />${h.description && html`<span class="soft small" dir="auto">${h.description}</span>`}</span>` },
			{ key: 'events', label: t('webhook.events'), wide: true, csv: (h) => h.events.join(' ') || 'all', show: (h) => (h.events.length ? h.events.map(event).join(', ') : t('webhooks.all')) },
			{ key: 'is_active', label: t('campaigns.state'), csv: state_of, show: (h) => html`<${HookState} h=${h} />` },
			{ key: 'last_success_at', label: t('webhooks.last'), order: 'last_success_at', show: (h) => html`<${Time} value=${h.last_success_at} none=${t('webhooks.never')} />` },
			{ key: 'created_at', label: t('campaign.made'), order: 'created_at', show: (h) => html`<${Time} value=${h.created_at} />` },
		]}
		actions=${[
			{ label: t('webhook.on'), icon: 'check', when: (h) => !h.is_active, each: turn(true) },
			{ label: t('webhook.off'), icon: 'block', danger: true, when: (h) => h.is_active, each: turn(false),
				ask: (rows) => ({ title: t('webhook.off'), text: t('webhooks.off_text', { n: rows.length }) }) },
			{ label: t('delete'), icon: 'trash', danger: true, each: (h) => del(`/api/admin/webhooks/${h.id}/`),
				ask: (rows) => ({ title: t('webhook.delete'), text: t('webhooks.delete_text', { n: rows.length }) }) },
		]}
		empty=${{ icon: 'hook', title: t('webhooks.empty'), text: t('webhooks.empty_text'), action: button }} />`;
}
