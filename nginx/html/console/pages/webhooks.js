/* Addresses of the site's own that are told what became of each delivery. */
import { html, useState } from '../lib.js';
import { Empty, Head, Loaded, use_data } from '../ui.js';
import { Form, Submit, use_form } from '../form.js';
import { HookFields, HookState, Secret, events_of, values_of } from './webhook_parts.js';
import { Icon } from '../icons.js';
import { Time } from '../time.js';
import { dialog } from '../dialog.js';
import { get, new_key, post } from '../api.js';
import { go } from '../router.js';
import { t, word } from '../i18n.js';

function New({ close })
{
	const [key] = useState(new_key);
	const form = use_form(values_of(null), async (v) => close(await post('/api/admin/webhooks/',
		{ url: v.url, description: v.description, events: events_of(v) }, { key: `${key}-${v.url.length}` })));

	return html`<${Form} form=${form}><${HookFields} form=${form} />
		<div class="dialog-actions"><${Submit} form=${form}>${t('webhooks.create')}<//></div><//>`;
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

export default function Webhooks()
{
	const of = use_data(() => get('/api/admin/webhooks/'), '', { every: 10000 });
	const button = html`<button type="button" class="button primary" onClick=${create}><${Icon} name="plus" size="16" />${t('webhooks.new')}</button>`;

	return html`<${Head} title=${t('nav.webhooks')} lead=${t('webhooks.lead')}>${button}<//>
	<${Loaded} of=${of}>${(list) => (list.results.length === 0 ? html`<${Empty} icon="hook" title=${t('webhooks.empty')} text=${t('webhooks.empty_text')}>${button}<//>`
	: html`<div class="table-box"><table class="table" aria-label=${t('nav.webhooks')}>
		<thead><tr><th scope="col">${t('webhooks.url')}</th><th scope="col">${t('webhooks.events')}</th><th scope="col">${t('campaigns.state')}</th><th scope="col">${t('webhooks.last')}</th></tr></thead>
		<tbody>${list.results.map((h) => html`<tr key=${h.id}>
			<td class="main"><span class="stack"><a class="row-link" dir="ltr" href=${`/console/webhooks/${h.id}/`}>${h.url}</a><span class="soft small" dir="auto">${h.description}</span></span></td>
			<td data-label=${t('webhooks.events')}>${h.events.length ? h.events.map((e) => word('state', e.replace('delivery.', ''))).join(', ') : t('webhooks.all')}</td>
			<td data-label=${t('campaigns.state')}><${HookState} h=${h} /></td>
			<td data-label=${t('webhooks.last')}><${Time} value=${h.last_success_at} none=${t('webhooks.never')} /></td></tr>`)}</tbody>
	</table></div>`)}<//>`;
}
