/* Accounts at the providers: how they are, what they sent today, and a new one. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Badge, Head } from '../ui.js';
import { Actions, Field, Form, use_form } from '../form.js';
import { AccountFields } from './provider_form.js';
import { KINDS, body_of } from './provider_kinds.js';
import { Icon } from '../icons.js';
import { dialog } from '../dialog.js';
import { new_key, patch, post } from '../api.js';
import { go } from '../router.js';
import { is_superuser } from '../state.js';
import { number, t, word } from '../i18n.js';

const CHANNELS = ['email', 'sms', 'whatsapp', 'web_push', 'expo'];

function New({ close })
{
	const form = use_form({ name: '', kind: 'smtp', weight: 1, daily_limit: 0, per_s: 0, concurrency: 0, is_active: true }, async (v) => close(
		await post('/api/admin/providers/', { name: v.name, kind: v.kind, ...body_of(v.kind, v) }, { key: new_key() })));

	return html`<${Form} form=${form}>
		<div class="pair">
			<${Field} form=${form} name="kind" label=${t('providers.kind')} type="select" options=${Object.keys(KINDS).map((k) => [k, word('kind', k)])} />
			<${Field} form=${form} name="name" label=${t('providers.name')} hint=${t('providers.name_hint')} dir="ltr" autocomplete="off" required />
		</div>
		<${AccountFields} form=${form} kind=${form.values.kind} />
		<${Actions} form=${form} close=${close}>${t('providers.create')}<//>
	<//>`;
}

async function create()
{
	const made = await dialog({ title: t('providers.new'), body: New, wide: true });
	if (made)
		go(`/console/providers/${made.id}/`);
}

/** What went by it today, of how much may. */
export function today(p)
{
	if (p.daily_limit)
		return t('providers.of_limit', { n: number(p.sent_today), all: number(p.daily_limit) });
	return number(p.sent_today);
}

/** One word for how an account is. @param {{p: any}} props */
export function Health({ p })
{
	if (!p.is_active)
		return html`<${Badge} state="inactive" />`;
	if (!p.is_configured)
		return html`<${Badge} tone="plain">${t('providers.not_set')}<//>`;
	if (p.breaker.state !== 'closed')
		return html`<${Badge} tone="bad">${word('account_breaker', p.breaker.state)}<//>`;
	return html`<${Badge} tone=${p.health === 'ok' ? 'good' : 'warn'}>${word('account_health', p.health)}<//>`;
}

export default function Providers()
{
	const button = is_superuser.value && html`<button type="button" class="button primary" onClick=${create}><${Icon} name="plus" size="16" />${t('providers.new')}</button>`;
	const own = (r) => !r.implicit && is_superuser.value;

	return html`<${Head} title=${t('nav.providers')} lead=${t('providers.lead')}>${button}<//>
	<${List} url="/api/admin/providers/" name="providers" label=${t('nav.providers')} paged="whole" search="q" search_label=${t('providers.search')} every=${10000} link=${(r) => `/console/providers/${r.id}/`}
		filters=${[
			{ name: 'channel', label: t('providers.channel'), options: CHANNELS.map((c) => [c, word('channel', c)]) },
			{ name: 'health', label: t('providers.health'), options: ['ok', 'open', 'quota_spent', 'not_configured', 'inactive'].map((h) => [h, word('account_health', h)]) },
		]}
		columns=${[
			{ key: 'name', label: t('providers.name'), main: true, order: 'name', show: (r) => html`<bdi>${r.name}</bdi>` },
			{ key: 'channel', label: t('providers.channel'), order: 'channel', show: (r) => word('channel', r.channel) },
			{ key: 'kind', fold: true, plain: true, label: t('providers.kind'), text: (r) => `${r.kind} ${word('kind', r.kind)}`, show: (r) => html`${word('kind', r.kind)}${r.implicit ? html` <span class="soft small">${t('providers.from_file')}</span>` : ''}` },
			{ key: 'health', label: t('providers.health'), csv: (r) => r.health, show: (r) => html`<span class="nowrap"><${Health} p=${r} /></span>` },
			{ key: 'weight', label: t('providers.weight'), number: true, order: 'weight', show: (r) => number(r.weight) },
			{ key: 'sent_today', label: t('providers.today'), number: true, order: 'sent_today', show: (r) => today(r) },
		]}
		actions=${is_superuser.value ? [
			{ label: t('providers.on'), each: (r) => patch(`/api/admin/providers/${r.id}/`, { is_active: true }), when: (r) => own(r) && !r.is_active },
			{ label: t('providers.off'), danger: true, each: (r) => patch(`/api/admin/providers/${r.id}/`, { is_active: false }), when: (r) => own(r) && r.is_active,
				ask: (rows) => ({ title: t('providers.off'), text: t('providers.off_text', { n: number(rows.length) }) }) },
		] : []}
		empty=${{ icon: 'plug', title: t('providers.empty'), text: t('providers.empty_text'), action: button }} />`;
}
