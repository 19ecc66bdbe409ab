/* What waits to be sent, and what was given up: dead letters, and making them ready again. */
import { html, useState } from '../lib.js';
import { List } from '../list.js';
import { Act, Badge, Card, Head, Loading, Scroll, Trouble, use_data } from '../ui.js';
import { Time } from '../time.js';
import { confirm } from '../dialog.js';
import { get, post } from '../api.js';
import { toast } from '../toast.js';
import { set_query } from '../router.js';
import { number, t, word } from '../i18n.js';
import { why } from './deliveries.js';

const CLASSES = ['critical', 'transactional', 'campaign', 'transactional_bulk', 'campaign_bulk'];
const STATES = ['ready', 'leased', 'leaving', 'paused', 'gathered', 'dead'];

function Queues({ rows })
{
	if (rows.length === 0)
		return html`<p class="soft">${t('queue.none')}</p>`;
	return html`<${Scroll} label=${t('queue.by')}><table class="table plain" aria-label=${t('queue.by')}>
		<thead><tr><th scope="col">${t('delivery.provider')}</th><th scope="col">${t('queue.class')}</th><th scope="col">${t('log.state')}</th>
			<th scope="col" class="number">${t('queue.count')}</th><th scope="col">${t('queue.next')}</th><th scope="col">${t('queue.oldest')}</th></tr></thead>
		<tbody>${rows.map((q) => html`<tr key=${`${q.provider}/${q.class}/${q.state}`}>
			<td class="main" data-label=${t('delivery.provider')}>${q.provider ? html`<button type="button" class="link"
				onClick=${() => set_query({ provider: q.provider, state: q.state, before: null })}><bdi>${q.provider}</bdi></button>`
			: html`<span class="soft">${t('queue.plan')}</span>`}</td>
			<td data-label=${t('queue.class')}>${word('class', q.class)}</td>
			<td data-label=${t('log.state')}><${Badge} state=${q.state} family="job" /></td>
			<td class="number" data-label=${t('queue.count')}>${number(q.count)}</td>
			<td data-label=${t('queue.next')}><${Time} value=${q.next_at} /></td>
			<td data-label=${t('queue.oldest')}><${Time} value=${q.oldest_at} /></td></tr>`)}</tbody>
	</table><//>`;
}

export default function Queue()
{
	const [version, set_version] = useState(0);
	const queues = use_data(async () => (await get('/api/admin/jobs/', { limit: 1 })).queues, String(version), { every: 5000 });
	const dead = (queues.data || []).reduce((n, q) => n + (q.state === 'dead' ? q.count : 0), 0);

	async function all_again()
	{
		const done = await confirm({ title: t('queue.all_title', { n: dead }), text: t('queue.all_text'), yes: t('queue.redrive'),
			act: () => post('/api/admin/jobs/redrive/', { all: true }) });
		if (!done)
			return;
		toast(t('queue.redriven', { n: number(done.value.redriven) }));
		set_version((v) => v + 1);
	}
	return html`<${Head} title=${t('nav.queue')} lead=${t('queue.lead')}>
		<${Act} kind="primary" icon="refresh" disabled=${dead === 0} act=${all_again}>${t('queue.all')}<//>
	<//>
	<${Card} title=${t('queue.by')}>
		${queues.error && html`<${Trouble} error=${queues.error} again=${queues.reload} />`}
		${queues.data ? html`<${Queues} rows=${queues.data} />` : !queues.error && html`<${Loading} />`}
	<//>
	<${List} url="/api/admin/jobs/" name="queue" label=${t('queue.jobs')} paged="cursor" ordering="-created_at" search="q" search_label=${t('queue.search')} every=${5000} version=${version}
		link=${(j) => j.delivery_id && `/console/deliveries/${j.delivery_id}/`}
		filters=${[
			{ name: 'state', label: t('log.state'), options: STATES.map((s) => [s, word('job', s)]) },
			{ name: 'class', label: t('queue.class'), options: CLASSES.map((c) => [c, word('class', c)]) },
			{ name: 'provider', label: t('delivery.provider') },
			{ name: 'notification_id', label: t('log.by.notification_id') },
		]}
		columns=${[
			{ key: 'id', label: t('queue.job'), main: true, show: (j) => html`<bdi class="nowrap">${j.delivery_id || j.id}</bdi>` },
			{ key: 'kind', fold: true, label: t('queue.kind'), show: (j) => html`<span class="nowrap">${word('kind', j.kind)}</span>` },
			{ key: 'class', fold: true, label: t('queue.class'), show: (j) => html`<span class="nowrap">${word('class', j.class)}</span>` },
			{ key: 'provider', label: t('delivery.provider'), show: (j) => j.provider && html`<bdi>${j.provider}</bdi>` },
			{ key: 'state', label: t('log.state'), csv: (j) => j.state, wide: true, show: (j) => html`<span class="stack"><span><${Badge} state=${j.state} family="job" /></span>
				${j.reason_text && html`<span class="small soft">${why({ ...j, state: '' })}</span>`}</span>` },
			{ key: 'tries', fold: true, label: t('log.attempts'), number: true, show: (j) => number(j.tries) },
			{ key: 'run_at', label: t('queue.next'), show: (j) => html`<${Time} value=${j.run_at || j.lease_ends_at} />` },
			{ key: 'created_at', label: t('log.when'), order: 'created_at', show: (j) => html`<${Time} value=${j.created_at} />` },
		]}
		actions=${[
			{ label: t('queue.redrive'), icon: 'refresh', when: (j) => j.state === 'dead', all: async (rows) => {
				const { redriven } = await post('/api/admin/jobs/redrive/', { ids: rows.map((j) => j.id) });
				toast(t('queue.redriven', { n: number(redriven) }));
				set_version((v) => v + 1);
			} },
			{ label: t('queue.discard'), icon: 'trash', danger: true, when: (j) => j.state === 'dead',
				ask: (rows) => ({ title: t('queue.discard_title', { n: rows.length }), text: t('queue.discard_text') }),
				many: '/api/admin/jobs/discard/' },
		]}
		empty=${{ icon: 'queue', title: t('queue.empty'), text: t('queue.empty_text'),
			action: html`<a class="button" href="/console/deliveries/">${t('queue.empty_go')}</a>` }} />`;
}
