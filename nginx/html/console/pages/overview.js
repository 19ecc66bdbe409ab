/*
 * Is all well?  What waits, what goes out, who signs in, which provider is
 * ill.  The hours before come once a minute, what is of this hour and moment
 * every five seconds: but never faster than a tenth of what the answer takes.
 */
import { html, useEffect, useRef, useState } from '../lib.js';
import { Chart } from '../chart.js';
import { Icon } from '../icons.js';
import { Badge, Card, Empty, Head, Loading, Scroll, Trouble, use_data } from '../ui.js';
import { get } from '../api.js';
import { here, query, set_query } from '../router.js';
import { locale, number, t, word } from '../i18n.js';
import { Time, server_now, span } from '../time.js';

const EVERY = 5000, KEPT = 120, HOUR = 3600;
const RANGES = [24, 168, 744];
const LOST = ['failed', 'expired', 'unsure'];

const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });

const sum = (rows, test) => rows.reduce((n, r) => n + (test(r) ? r.count : 0), 0);
const hour_of = (r) => Math.floor(new Date(r.hour).getTime() / 1000 / HOUR) * HOUR;

/** A value for each hour of the range, 0 where nothing was. */
function by_hour(rows, hours, test)
{
	const now = Math.floor(server_now() / 1000 / HOUR) * HOUR;
	const values = new Map();

	for (const r of rows)
		if (test(r))
			values.set(hour_of(r), (values.get(hour_of(r)) || 0) + r.count);
	return Array.from({ length: hours }, (_, i) => values.get(now - (hours - 1 - i) * HOUR) || 0);
}

const hours_axis = (hours) => {
	const now = Math.floor(server_now() / 1000 / HOUR) * HOUR;
	return Array.from({ length: hours }, (_, i) => now - (hours - 1 - i) * HOUR);
};

const gap = (at) => ({ at: Math.round(at), due: null, ready: null, sent: null, lost: null });
let kept = [];	/* what was seen before the page was left: it is there again when one comes back */

/* The newest answer, and what changed from one to the next. */
function use_live()
{
	const [state, set_state] = useState(() => {
		const now = server_now() / 1000, from = now - KEPT * EVERY / 1000, seen = kept.filter((p) => p.at > from);

		return { stats: null, error: null, points: [gap(from), ...seen, ...(seen.length > 0 ? [gap(seen.at(-1).at + 1)] : [])] };
	});
	const before = useRef(null);

	useEffect(() => {
		let gone = false, timer = 0;
		async function ask()
		{
			const begun = performance.now();
			if (!document.hidden) {
				try {
					const stats = await get('/api/admin/stats/', { hours: 1 });
					if (gone)
						return;
					const at = server_now() / 1000, was = before.current;
					const sent = sum(stats.deliveries, (d) => d.state === 'sent'), lost = sum(stats.deliveries, (d) => LOST.includes(d.state));
					const per_s = (now, then) => (now >= then ? (now - then) / Math.max(1, at - was.at) : 0);
					const point = { at: Math.round(at), due: stats.queue.due, ready: stats.queue.ready,
						sent: was ? per_s(sent, was.sent) : null, lost: was ? per_s(lost, was.lost) : null };
					before.current = { at, sent, lost };
					kept = [...kept, point].slice(-KEPT);
					set_state((s) => ({ stats, error: null, points: [...s.points, point].slice(-KEPT) }));
				} catch (error) {
					if (!gone)
						set_state((s) => ({ ...s, error }));
				}
			}
			if (!gone)
				timer = setTimeout(ask, Math.max(EVERY, (performance.now() - begun) * 10));
		}
		ask();
		return () => {
			gone = true;
			clearTimeout(timer);
		};
	}, []);
	return state;
}

function Tile({ name, value, note, tone, href })
{
	const inside = html`<span class="soft">${name}</span><b class=${tone ? `${tone}-text` : ''}>${value}</b><span class="soft small">${note}</span>`;

	return href ? html`<a class="tile" href=${href}>${inside}</a>` : html`<div class="tile">${inside}</div>`;
}

function Tiles({ stats })
{
	const { queue } = stats;
	const sent = sum(stats.deliveries, (d) => d.state === 'sent');
	const lost = sum(stats.deliveries, (d) => LOST.includes(d.state));
	const ok = sum(stats.sign_ins, (s) => s.outcome === 'ok');
	const refused = sum(stats.sign_ins, (s) => s.outcome === 'refused');

	return html`<div class="tiles">
		<${Tile} name=${t('overview.sent')} value=${number(sent)} note=${t('overview.this_hour')} href="/console/deliveries/" />
		<${Tile} name=${t('overview.lost')} value=${number(lost)} tone=${lost > 0 ? 'bad' : ''} href="/console/deliveries/?state=failed"
			note=${sent + lost > 0 ? t('overview.share', { share: percent.format(lost / (sent + lost)) }) : t('overview.this_hour')} />
		<${Tile} name=${t('overview.due')} value=${number(queue.due)} href="/console/queue/"
			note=${queue.due > 0 ? t('overview.oldest', { time: span(queue.oldest_s) }) : t('overview.nothing_due')} />
		<${Tile} name=${t('overview.dead')} value=${number(queue.dead)} tone=${queue.dead > 0 ? 'bad' : ''} href="/console/queue/?state=dead"
			note=${queue.dead > 0 ? t('overview.dead_some') : t('overview.dead_none')} />
		<${Tile} name=${t('overview.signed_in')} value=${number(ok)} href="/console/audit/?event=login"
			note=${t('overview.refused', { n: number(refused) })} />
	</div>`;
}

function Classes({ classes })
{
	if (classes.length === 0)
		return html`<p class="soft">${t('overview.nothing_waits')}</p>`;
	return html`<${Scroll} label=${t('overview.classes')}><table class="table plain" aria-label=${t('overview.classes')}>
		<thead><tr><th scope="col">${t('queue.class')}</th><th scope="col" class="number">${t('overview.ready')}</th>
			<th scope="col" class="number">${t('overview.due_short')}</th><th scope="col" class="number">${t('overview.oldest_short')}</th></tr></thead>
		<tbody>${classes.map((c) => html`<tr key=${c.class}><td data-label=${t('queue.class')} class="main">${word('class', c.class)}</td>
			<td data-label=${t('overview.ready')} class="number">${number(c.ready)}</td><td data-label=${t('overview.due_short')} class="number">${number(c.due)}</td>
			<td data-label=${t('overview.oldest_short')} class="number">${c.due > 0 ? span(c.oldest_s) : '–'}</td></tr>`)}</tbody>
	</table><//>`;
}

const HEALTH = { ok: 'good', inactive: 'plain', not_configured: 'plain', quota_spent: 'warn', open: 'bad', half_open: 'warn' };

/* A number that did not come yet, or not at all, is none. */
const known = (n) => (n === null ? '–' : number(n));

function Lost({ sent, lost })
{
	return html`<td data-label=${t('overview.lost')} class="number"><span><span class=${lost > 0 ? 'bad-text' : 'soft'}>${known(lost)}</span>
		${lost > 0 && html` <span class="small soft">${percent.format(lost / (sent + lost))}</span>`}</span></td>`;
}

const OUT = ['inactive', 'not_configured'];

/* What each let go in the range, and what of it was lost; those that take no part come last. */
function Providers({ rows, deliveries })
{
	const of = (p, test) => (deliveries ? sum(deliveries, (d) => d.provider === p.name && test(d.state)) : null);
	const shown = [...rows].sort((a, b) => Number(OUT.includes(a.health)) - Number(OUT.includes(b.health)));

	return html`<${Scroll} label=${t('overview.providers')}><table class="table plain" aria-label=${t('overview.providers')}>
		<thead><tr><th scope="col">${t('delivery.provider')}</th><th scope="col">${t('overview.health')}</th>
			<th scope="col" class="number">${t('overview.sent')}</th><th scope="col" class="number">${t('overview.lost')}</th></tr></thead>
		<tbody>${shown.map((p) => html`<tr key=${p.id}>
			<td data-label=${t('delivery.provider')} class="main"><span class="stack"><a class="row-link" href=${`/console/deliveries/?provider=${encodeURIComponent(p.name)}`}><bdi>${p.name}</bdi></a>
				<span class="small soft plain">${word('channel', p.channel)}</span></span></td>
			<td data-label=${t('overview.health')}><span class="stack"><span><${Badge} tone=${p.breaker.state !== 'closed' ? HEALTH[p.breaker.state] : HEALTH[p.health] || 'plain'}>
				${p.breaker.state !== 'closed' ? word('breaker', p.breaker.state) : word('health', p.health)}<//></span>
				${p.breaker.state !== 'closed' && html`<span class="small soft">${t('overview.breaker', { n: p.breaker.failures, time: span(p.breaker.retry_in_s) })}</span>`}</span></td>
			<td data-label=${t('overview.sent')} class="number"><span class="stack">${known(of(p, (s) => s === 'sent'))}
				${p.daily_limit > 0 && html`<span class="small soft">${t('overview.of_limit', { n: number(p.sent_today), all: number(p.daily_limit) })}</span>`}</span></td>
			<${Lost} sent=${of(p, (s) => s === 'sent')} lost=${of(p, (s) => LOST.includes(s))} />
		</tr>`)}</tbody>
	</table><//>`;
}

export default function Overview()
{
	const asked = Number(query.value.get('hours'));
	const hours = here.value && RANGES.includes(asked) ? asked : RANGES[0];
	const live = use_live();
	const long = use_data(() => get('/api/admin/stats/', { hours }), String(hours), { every: 60000 });
	const providers = use_data(async () => (await get('/api/admin/providers/', { page_size: 100 })).results, '', { every: 15000 });
	const x = hours_axis(hours);
	const stats = long.data;
	const points = live.points;

	return html`<${Head} title=${t('nav.overview')} lead=${t('overview.lead')}>
		<label class="filter solid"><span>${t('overview.range')}</span><select value=${String(hours)} onChange=${(e) => set_query({ hours: e.target.value === '24' ? null : e.target.value })}>
			${RANGES.map((h) => html`<option key=${h} value=${String(h)} selected=${h === hours}>${t(`overview.range.${h}`)}</option>`)}</select></label>
	<//>
	${live.error && html`<${Trouble} error=${live.error} />`}
	${live.stats ? html`<${Tiles} stats=${live.stats} />` : !live.error && html`<${Loading} />`}
	<div class="columns wide">
		<${Card}>
			${stats ? html`<${Chart} title=${t('overview.chart.sent')} x=${x} series=${[
				{ label: t('overview.s.sent'), values: by_hour(stats.deliveries, hours, (d) => d.state === 'sent'), colour: 'accent' },
				{ label: t('overview.s.delivered'), values: by_hour(stats.deliveries, hours, (d) => d.state === 'delivered'), colour: 'good' },
				{ label: t('overview.s.lost'), values: by_hour(stats.deliveries, hours, (d) => LOST.includes(d.state)), colour: 'bad' },
			]} />` : long.error ? html`<${Trouble} error=${long.error} again=${long.reload} />` : html`<${Loading} />`}
		<//>
		<${Card}>
			${stats ? html`<${Chart} title=${t('overview.chart.sign_ins')} x=${x} series=${[
				{ label: t('overview.s.ok'), values: by_hour(stats.sign_ins, hours, (s) => s.outcome === 'ok'), colour: 'good' },
				{ label: t('overview.s.refused'), values: by_hour(stats.sign_ins, hours, (s) => s.outcome === 'refused'), colour: 'warn' },
			]} />` : long.error ? html`<${Trouble} error=${long.error} again=${long.reload} />` : html`<${Loading} />`}
		<//>
		<${Card}>
			<${Chart} title=${t('overview.chart.rate')} x=${points.map((p) => p.at)} format=${(n) => number(Math.round(n * 10) / 10)} series=${[
				{ label: t('overview.s.sent'), values: points.map((p) => p.sent), colour: 'accent' },
				{ label: t('overview.s.lost'), values: points.map((p) => p.lost), colour: 'bad' },
			]} />
		<//>
		<${Card}>
			<${Chart} title=${t('overview.chart.queue')} x=${points.map((p) => p.at)} series=${[
				{ label: t('overview.s.due'), values: points.map((p) => p.due), colour: 'warn' },
				{ label: t('overview.s.ready'), values: points.map((p) => p.ready), colour: 'accent' },
			]} />
		<//>
	</div>
	<div class="columns wide">
		<${Card} title=${t('overview.providers')} actions=${html`<a class="button small" href="/console/providers/">${t('overview.all_providers')}</a>`}>
			${providers.error && html`<${Trouble} error=${providers.error} again=${providers.reload} />`}
			${providers.data ? (providers.data.length > 0 ? html`<${Providers} rows=${providers.data} deliveries=${stats && stats.deliveries} />`
				: html`<${Empty} icon="plug" title=${t('overview.no_provider')} text=${t('overview.no_provider_text')} />`) : !providers.error && html`<${Loading} />`}
		<//>
		<${Card} title=${t('overview.classes')} actions=${html`<a class="button small" href="/console/queue/">${t('nav.queue')}<${Icon} name="next" size="16" /></a>`}>
			${live.stats && html`<${Classes} classes=${live.stats.classes} />`}
		<//>
	</div>
	${stats && stats.providers.some((p) => p.breaker !== 'closed') && html`<div class="notice warn" role="status"><${Icon} name="warn" /><div>
		${stats.providers.filter((p) => p.breaker !== 'closed').map((p) => html`<p key=${p.name}><bdi>${p.name}</bdi>: ${word('breaker', p.breaker)}, <bdi>${p.reason.replace(/_/g, ' ')}</bdi>,
			${' '}<${Time} value=${p.until} /></p>`)}</div></div>`}`;
}
