/* One message to many: the list. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Badge, Head } from '../ui.js';
import { Icon } from '../icons.js';
import { Time } from '../time.js';
import { post } from '../api.js';
import { number, t, word } from '../i18n.js';

const STATES = ['draft', 'scheduled', 'running', 'paused', 'done', 'cancelled', 'failed'];

export default function Campaigns()
{
	const button = html`<a class="button primary" href="/console/campaigns/new/"><${Icon} name="plus" size="16" />${t('campaigns.new')}</a>`;
	const step = (name) => (row) => post(`/api/campaigns/${row.id}/${name}/`);

	return html`<${Head} title=${t('nav.campaigns')} lead=${t('campaigns.lead')}>${button}<//>
	<${List} url="/api/campaigns/" name="campaigns" label=${t('nav.campaigns')} search="q" search_label=${t('campaigns.search')} every=${5000} link=${(r) => `/console/campaigns/${r.id}/`}
		filters=${[{ name: 'state', label: t('campaigns.state'), options: STATES.map((s) => [s, word('campaign', s)]) }]}
		columns=${[
			{ key: 'name', label: t('campaigns.name'), main: true, order: 'name' },
			{ key: 'state', label: t('campaigns.state'), show: (r) => html`<${Badge} state=${r.state} family="campaign" />` },
			{ key: 'channels', fold: true, label: t('campaigns.channels'), show: (r) => r.channels.map((c) => t(`channel.${c}`)).join(', ') || t('campaigns.preferred') },
			{ key: 'people', label: t('campaigns.people'), number: true, order: 'people', show: (r) => (r.planned || r.people ? number(r.people) : null) },
			{ key: 'released', label: t('campaigns.progress'), csv: (r) => r.released, show: (r) => (r.total && r.state !== 'cancelled' ? html`<span class="stack">
				<progress max=${r.total} value=${r.released} aria-label=${t('campaigns.progress')} />
				<span class="small soft">${t('campaigns.of', { n: number(r.released), all: number(r.total) })}</span></span>` : null) },
			{ key: 'at', label: t('campaigns.when'), order: 'at', show: (r) => html`<${Time} value=${r.started_at || r.at} />` },
		]}
		actions=${[
			{ label: t('campaign.pause'), each: step('pause'), when: (r) => ['running', 'scheduled'].includes(r.state) },
			{ label: t('campaign.resume'), each: step('resume'), when: (r) => r.state === 'paused' },
			{ label: t('campaign.cancel'), danger: true, each: step('cancel'), when: (r) => ['draft', 'scheduled', 'running', 'paused'].includes(r.state),
				ask: (rows) => ({ title: t('campaign.cancel'), text: t('campaigns.cancel_text', { n: number(rows.length) }) }) },
		]}
		empty=${{ icon: 'megaphone', title: t('campaigns.empty'), text: t('campaigns.empty_text'), action: button }} />`;
}
