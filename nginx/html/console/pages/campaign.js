/* One campaign: how far it is, what to do about it, and what became of each recipient. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Act, Addr, Badge, Card, Facts, Head, Loaded, use_data } from '../ui.js';
import { Person } from '../person.js';
import { Time } from '../time.js';
import { get, post } from '../api.js';
import { confirm } from '../dialog.js';
import { number, t, word } from '../i18n.js';

const LIVE = ['running', 'scheduled', 'paused'];
const ENDS = [['sent', 'good'], ['queued', ''], ['skipped', 'soft'], ['failed', 'bad'], ['unsure', 'warn'], ['expired', 'warn'], ['cancelled', 'soft']];

function Progress({ c })
{
	const all = Math.max(1, c.total);

	return html`<div class="meter" role="img" aria-label=${ENDS.map(([s]) => `${word('state', s)} ${number(c.progress[s])}`).join(', ')}>
		${ENDS.filter(([s]) => s !== 'queued' && c.progress[s] > 0).map(([s, colour]) => html`<svg key=${s} class=${`part ${colour}`} width=${`${(100 * c.progress[s]) / all}%`} height="10"><rect width="100%" height="10" /></svg>`)}
	</div>
	<div class="tiles">${ENDS.filter(([s]) => c.progress[s] > 0 || s === 'sent').map(([s]) => html`<div class="tile" key=${s}><span class="soft">${word('state', s)}</span><b>${number(c.progress[s])}</b></div>`)}</div>`;
}

function audience_words(a)
{
	if (a.all)
		return t('campaign_new.who.all');
	if (a.ids)
		return t('campaign.ids', { n: a.ids.length });
	if (typeof a.addresses === 'number')
		return t('campaign.addresses', { n: a.addresses });
	return html`<code dir="ltr">${JSON.stringify(a)}</code>`;
}

export default function Campaign({ params })
{
	const id = encodeURIComponent(params.id);
	const of = use_data(() => get(`/api/campaigns/${id}/`), params.id, { every: 2000 });
	const step = (name) => async () => {
		of.set(await post(`/api/campaigns/${id}/${name}/`));
		return true;
	};

	async function cancel(c)
	{
		return confirm({ title: t('campaign.cancel'), text: c.planned ? t('campaign.cancel_text', { n: c.progress.queued }) : t('campaign.cancel_whole'), yes: t('campaign.cancel'),
			no: t('campaign.keep'), danger: true,
			typed: c.name || undefined, act: step('cancel') });
	}
	return html`<${Loaded} of=${of} head>${(c) => html`
		<${Head} title=${c.name || c.title} back=${['/console/campaigns/', t('nav.campaigns')]} lead=${html`<${Badge} state=${c.state} family="campaign" />
			${c.reason && html` <span class="soft">${word('campaign_reason', c.reason)}</span>`}`}>
			${c.state === 'draft' && html`<${Act} kind="primary" icon="send" act=${() => confirm({ title: t('campaign.start'), text: t('campaign.start_text'), yes: t('campaign.start'), act: step('start') })}>${t('campaign.start')}<//>`}
			${['running', 'scheduled'].includes(c.state) && html`<${Act} act=${step('pause')}>${t('campaign.pause')}<//>`}
			${c.state === 'paused' && html`<${Act} kind="primary" act=${step('resume')}>${t('campaign.resume')}<//>`}
			${(LIVE.includes(c.state) || c.state === 'draft') && html`<${Act} kind="danger" act=${() => cancel(c)}>${t('campaign.cancel')}<//>`}
		<//>
		<${Card} title=${t('campaigns.progress')} lead=${c.planned ? t('campaigns.of', { n: number(c.total - c.progress.queued), all: number(c.total) })
			: c.state === 'running' ? t('campaign.planning') : t('campaign.not_begun')}><${Progress} c=${c} /><//>
		<div class="columns">
			<${Card} title=${t('campaign_new.message')}>
				<div class="bubble"><b dir="auto">${c.title}</b><p class="lines" dir="auto">${c.body}</p>${c.url && html`<p><a href=${c.url} rel="noreferrer" dir="ltr">${c.url}</a></p>`}</div>
			<//>
			<${Card} title=${t('campaign.facts')}><${Facts} rows=${[
				[t('campaigns.channels'), c.channels.map((x) => t(`channel.${x}`)).join(', ')],
				[t('campaign_new.audience'), audience_words(c.audience)],
				[t('campaigns.people'), c.planned || c.people ? number(c.people) : null],
				[t('campaign_new.rate'), c.rate ? t('campaign.per_s', { n: number(c.rate) }) : t('campaign.no_rate')],
				[t('campaign.made'), html`<${Time} value=${c.created_at} />`],
				[t(c.started_at ? 'campaign.began' : 'campaigns.when'), html`<${Time} value=${c.started_at || c.at} />`],
				c.ended_at ? [t('campaign.ended'), html`<${Time} value=${c.ended_at} />`] : null,
			].filter(Boolean)} /><//>
		</div>
		<${Card} title=${t('campaign.recipients')} lead=${t('campaign.recipients_lead')}>
			<${List} url=${`/api/campaigns/${id}/recipients/`} name=${`campaign-${c.id}`} label=${t('campaign.recipients')} paged="cursor"
				id=${(r) => r.seq ?? r.id} version=${c.state} every=${LIVE.includes(c.state) ? 5000 : 0}
				search="q" search_label=${t('campaign.search')}
				filters=${[{ name: 'state', label: t('campaigns.state'), options: ['queued', 'sent', 'delivered', 'read', 'skipped', 'failed', 'expired', 'cancelled', 'unsure'].map((s) => [s, word('state', s)]) }]}
				columns=${[
					{ key: 'target', label: t('campaign.to'), main: true, show: (r) => (r.target ? html`<${Addr} text=${r.target} />` : r.user_id ? html`<${Person} id=${r.user_id} />` : null) },
					{ key: 'channel', label: t('campaign.channel'), show: (r) => t(`channel.${r.channel}`) },
					{ key: 'state', label: t('campaigns.state'), show: (r) => html`<${Badge} state=${r.state} />` },
					{ key: 'reason', label: t('campaign.reason'), wide: true, show: (r) => r.reason_text || word('reason', r.reason) },
					{ key: 'sent_at', fold: true, label: t('campaign.sent'), show: (r) => r.sent_at && html`<${Time} value=${r.sent_at} />` },
				]}
				row_actions=${(r) => (r.id ? html`<a class="button small" href=${`/console/deliveries/${r.id}/`}>${t('campaign.why')}</a>` : null)}
				empty=${{ icon: 'users', title: t('campaign.nobody'), text: t(c.planned ? 'campaign.nobody_wide' : 'campaign.nobody_text'),
					action: c.planned && html`<a class="button" href="/console/campaigns/new/">${t('campaigns.new')}</a>` }} />
		<//>`}<//>`;
}
