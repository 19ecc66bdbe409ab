/* One webhook: what it is told, how that went, a test, a replay, another secret. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Act, Addr, Badge, Card, Facts, Head, Loaded, use_data } from '../ui.js';
import { Actions, Field, Form, Submit, use_form } from '../form.js';
import { HookFields, HookState, Secret, events_of, state_of, values_of } from './webhook_parts.js';
import { Icon } from '../icons.js';
import { Time } from '../time.js';
import { confirm, dialog } from '../dialog.js';
import { del, get, new_key, patch, post } from '../api.js';
import { go } from '../router.js';
import { toast } from '../toast.js';
import { number, t, word } from '../i18n.js';
import { why } from './deliveries.js';

function Replay({ path, close })
{
	const form = use_form({ since: '', until: '' }, async (v) => {
		const time = (x) => (x ? new Date(x).toISOString() : undefined);
		await post(`${path}replay/`, { since: time(v.since), ...(v.until ? { until: time(v.until) } : {}) }, { key: new_key() });
		close(true);
	});

	return html`<${Form} form=${form}>
		<p>${t('webhook.replay_text')}</p>
		<${Field} form=${form} name="since" label=${t('webhook.since')} type="datetime-local" required />
		<${Field} form=${form} name="until" label=${t('webhook.until')} type="datetime-local" />
		<${Actions} form=${form} close=${close}>${t('webhook.replay')}<//>
	<//>`;
}

function Change({ h, path, set })
{
	const form = use_form(values_of(h), async (v) => {
		set(await patch(path, { url: v.url, description: v.description, events: events_of(v) }));
		toast(t('saved'));
	}, h.updated_at);

	return html`<${Card} title=${t('webhook.settings')}><${Form} form=${form} class="form wide"><${HookFields} form=${form} />
		<div class="form-actions"><${Submit} form=${form}>${t('save')}<//></div><//><//>`;
}

export default function Webhook({ params })
{
	const path = `/api/admin/webhooks/${encodeURIComponent(params.id)}/`;
	const of = use_data(() => get(path), params.id, { every: 5000 });

	async function test()
	{
		await post(`${path}test/`, {}, { key: new_key() });
		toast(t('webhook.tested'));
		return of.reload();
	}
	async function rotate()
	{
		const done = await confirm({ title: t('webhook.rotate'), text: t('webhook.rotate_text'), yes: t('webhook.rotate'), danger: true, act: () => post(`${path}rotate/`) });
		if (done)
			await dialog({ title: t('webhooks.secret'), body: Secret, props: { secret: done.value.secret } });
	}
	async function replay()
	{
		if (await dialog({ title: t('webhook.replay'), body: Replay, props: { path } })) {
			toast(t('webhook.replaying'));
			await of.reload();
		}
	}
	async function remove(h)
	{
		const done = await confirm({ title: t('webhook.delete'), text: t('webhook.delete_text'), yes: t('delete'), danger: true,
			typed: new URL(h.url).host, act: () => del(path) });
		if (done)
			go('/console/webhooks/');
	}
	const turn = (h) => async () => {
		const act = async () => of.set(await patch(path, { is_active: !h.is_active }));
		if (!h.is_active)
			return act();
		return confirm({ title: t('webhook.off_title', { name: new URL(h.url).host }), text: t('webhooks.off_text', { n: 1 }), yes: t('webhook.off'), danger: true, act });
	};

	return html`<${Loaded} of=${of} head>${(h) => html`
		<${Head} title=${new URL(h.url).host} back=${['/console/webhooks/', t('nav.webhooks')]} lead=${html`<${HookState} h=${h} /> <span class="soft" dir="auto">${h.description}</span>`}>
			<${Act} icon="send" act=${test} disabled=${!h.is_active}>${t('webhook.test')}<//>
			<${Act} icon="history" act=${replay} disabled=${!h.is_active || h.replaying}>${t('webhook.replay')}<//>
			<${Act} act=${turn(h)}>${t(h.is_active ? 'webhook.off' : 'webhook.on')}<//>
			<${Act} act=${rotate}>${t('webhook.rotate')}<//>
			<${Act} kind="danger" icon="trash" act=${() => remove(h)}>${t('delete')}<//>
		<//>
		${state_of(h) === 'switched_off' && html`<div class="notice bad"><${Icon} name="warn" /><div>${word('hook_off', h.disabled_reason)} <${Time} value=${h.disabled_at} none="" /></div></div>`}
		<div class="columns">
			<${Card} title=${t('providers.health')}><${Facts} rows=${[
				[t('webhooks.url'), html`<${Addr} text=${h.url} />`],
				[t('webhooks.last'), html`<${Time} value=${h.last_success_at} none=${t('webhooks.never')} />`],
				h.failing_since ? [t('webhook.failing_since'), html`<${Time} value=${h.failing_since} />`] : null,
				[t('campaign.made'), html`<${Time} value=${h.created_at} />`],
			].filter(Boolean)} /><//>
			<${Change} key=${h.updated_at} h=${h} path=${path} set=${of.set} />
		</div>
		<${Card} title=${t('webhook.attempts')} lead=${t('webhook.attempts_lead')}>
			<${List} url="/api/admin/deliveries/" fixed=${{ to: `webhook:${h.id}` }} paged="cursor" ordering="-created_at" name="webhook" label=${t('webhook.attempts')} every=${5000}
				filters=${[{ name: 'state', label: t('campaigns.state'), options: ['queued', 'sent', 'failed', 'expired', 'cancelled'].map((s) => [s, word('state', s)]) },
					{ name: 'title', label: t('webhook.event') }, { name: 'reason', label: t('delivery.reason') },
					{ name: 'since', label: t('webhook.since'), type: 'time' }, { name: 'until', label: t('webhook.until'), type: 'time' }]}
				link=${(r) => `/console/deliveries/${r.id}/`}
				columns=${[
					{ key: 'title', label: t('webhook.event'), main: true, show: (r) => html`<code dir="ltr">${r.title}</code>` },
					{ key: 'state', label: t('campaigns.state'), show: (r) => html`<${Badge} state=${r.state} />` },
					{ key: 'attempts', label: t('webhook.tries'), number: true, show: (r) => number(r.attempts) },
					{ key: 'reason_text', label: t('campaign.reason'), wide: true, show: why },
					{ key: 'created_at', label: t('campaign.made'), order: 'created_at', show: (r) => html`<${Time} value=${r.created_at} />` },
				]}
				empty=${{ icon: 'hook', title: t('webhook.nothing'), text: t('webhook.nothing_text') }} />
		<//>`}<//>`;
}
