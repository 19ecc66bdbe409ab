/* One account: its health, its settings, a test, and its end. */
import { html, useState } from '../lib.js';
import { Act, Badge, Card, Facts, Head, Loaded, use_data } from '../ui.js';
import { Field, Form, Submit, use_form } from '../form.js';
import { AccountFields } from './provider_form.js';
import { Health, today } from './providers.js';
import { KINDS, body_of } from './provider_kinds.js';
import { Time } from '../time.js';
import { confirm } from '../dialog.js';
import { del, get, new_key, patch, post } from '../api.js';
import { go } from '../router.js';
import { is_superuser } from '../state.js';
import { toast } from '../toast.js';
import { number, t, word } from '../i18n.js';

function Test({ p })
{
	const pushes = ['web_push', 'expo'].includes(p.channel);
	const [got, set_got] = useState(/** @type {any} */ (null));
	const form = use_form({ to: '', user_id: '' }, async (v) => set_got(await post(`/api/admin/providers/${p.id}/test/`,
		pushes ? { user_id: Number(v.user_id) } : { to: v.to }, { key: new_key(), headers: { Prefer: 'wait=10' } })));

	return html`<${Card} title=${t('provider.test')} lead=${t('provider.test_lead')}>
		<${Form} form=${form}>
			${pushes ? html`<${Field} form=${form} name="user_id" label=${t('provider.test_user')} inputmode="numeric" dir="ltr" />`
			: html`<${Field} form=${form} name="to" label=${t(p.channel === 'email' ? 'provider.test_mail' : 'provider.test_phone')} dir="ltr" autocomplete="off" />`}
			<div class="form-actions"><${Submit} form=${form}>${t('provider.test_send')}<//></div>
		<//>
		${got && html`<div role="status">${got.deliveries.map((d) => html`<p key=${d.id}><${Badge} state=${d.state} /> <bdi>${d.target}</bdi>
			${d.reason && html` <span class="soft">${d.reason_text || word('reason', d.reason)}</span>`}
			${' '}<a href=${`/console/deliveries/${d.id}/`}>${t('campaign.why')}</a></p>`)}
			${got.deliveries.length === 0 && html`<p class="soft">${t('provider.test_waiting')}</p>`}</div>`}
	<//>`;
}

function Change({ p, reload })
{
	const first = { weight: p.weight, daily_limit: p.daily_limit, per_s: p.per_s, concurrency: p.concurrency, is_active: p.is_active };
	for (const [n, v] of Object.entries(p.settings || {}))
		first[`settings.${n}`] = v;
	const form = use_form(first, async (v) => {
		const body = body_of(p.kind, v);
		if (!Object.keys(body.secrets).length)
			delete body.secrets;
		if (p.is_active && !v.is_active
		    && !await confirm({ title: t('provider.off_title', { name: p.name }), text: t('provider.off_text'), yes: t('providers.off'), danger: true }))
			return false;
		await patch(`/api/admin/providers/${p.id}/`, body);
		toast(t('saved'));
		reload();
	}, p.updated_at);

	return html`<${Card} title=${t('provider.settings')} lead=${t('provider.settings_lead')}>
		<${Form} form=${form} class="form wide"><${AccountFields} form=${form} kind=${p.kind} set=${p.secrets_set} />
			<div class="form-actions"><${Submit} form=${form}>${t('save')}<//></div><//>
	<//>`;
}

export default function Provider({ params })
{
	const path = `/api/admin/providers/${encodeURIComponent(params.id)}/`;
	const of = use_data(() => get(path), params.id);

	async function remove(p)
	{
		const done = await confirm({ title: t('provider.delete'), text: t('provider.delete_text'), yes: t('delete'), danger: true, typed: p.name, act: () => del(path) });
		if (done)
			go('/console/providers/');
	}
	async function reset()
	{
		return confirm({ title: t('provider.reset'), text: t('provider.reset_text'), yes: t('provider.reset'), act: async () => {
			await post(`${path}reset-counter/`);
			await of.reload();
		} });
	}
	return html`<${Loaded} of=${of} head>${(p) => html`
		<${Head} title=${p.name} back=${['/console/providers/', t('nav.providers')]} lead=${html`<${Health} p=${p} /> <span class="soft">${word('kind', p.kind)} · ${word('channel', p.channel)}</span>`}>
			<${Act} act=${reset}>${t('provider.reset')}<//>
			${!p.implicit && is_superuser.value && html`<${Act} kind="danger" icon="trash" act=${() => remove(p)}>${t('delete')}<//>`}
		<//>
		${p.problem && html`<div class="notice warn"><div dir="auto">${p.problem}</div></div>`}
		<div class="columns">
			<${Card} title=${t('providers.health')}><${Facts} rows=${[
				[t('providers.today'), today(p)],
				[t('provider.breaker'), html`${word('account_breaker', p.breaker.state)}${p.breaker.reason ? html` · <code>${p.breaker.reason}</code>` : ''}`],
				[t('provider.failures'), number(p.breaker.failures)],
				p.breaker.retry_in_s ? [t('provider.retry'), t('provider.seconds', { n: number(p.breaker.retry_in_s) })] : null,
				[t('provider.secrets'), p.secrets_set.length ? p.secrets_set.map((s) => word('setting', s)).join(', ') : null],
				p.updated_at ? [t('templates.changed'), html`<${Time} value=${p.updated_at} />`] : null,
			].filter(Boolean)} /><//>
			${KINDS[p.kind] || p.channel === 'web_push' ? html`<${Test} p=${p} />` : null}
		</div>
		${p.implicit ? html`<${Card} title=${t('provider.settings')} lead=${t('provider.implicit')}>
			<${Facts} rows=${Object.entries(p.settings || {}).map(([n, v]) => [word('setting', n), html`<code dir="ltr">${String(v)}</code>`])} /><//>`
		: is_superuser.value ? html`<${Change} key=${p.updated_at} p=${p} reload=${of.reload} />` : null}`}<//>`;
}
