/*
 * One delivery: why did it not arrive?  The answer in a sentence, what was
 * tried, what comes next, and what can be done.
 */
import { html, useState } from '../lib.js';
import { Icon } from '../icons.js';
import { Act, Addr, Badge, Card, Copy, Facts, Head, Loaded, use_data } from '../ui.js';
import { Person } from '../person.js';
import { Time, ago, span, when } from '../time.js';
import { confirm } from '../dialog.js';
import { get, new_key, post } from '../api.js';
import { toast } from '../toast.js';
import { ltr, number, t, word } from '../i18n.js';
import { can_again, why } from './deliveries.js';

const TONE = { delivered: 'good', read: 'good', sent: 'good', failed: 'bad', unsure: 'warn', expired: 'warn', queued: 'plain' };
const MARK = { good: 'check', bad: 'warn', warn: 'warn', plain: 'clock' };

/* What a provider reported, by itself or asked later (nothing was sent then, so nothing took its time): it stands among the tries, and is none. */
const reported = (e) => e.event === 'attempt' && (e.callback || (e.ms === undefined && e.reason));
const tries_of = (d) => d.timeline.filter((e) => e.event === 'attempt' && !reported(e));

/* How the connection ended, where that says something: not when the answer was whole. */
const broke = (e) => e.error && (!(e.status > 0) || e.outcome === 'unsure') && ltr(word('net', e.error));

/* What a try was answered with, in a line: what the status says already, is not said again. */
function said_of(e)
{
	const answer = Object.entries(e.answer || {}).filter(([k, v]) => !(['status', 'return_status', 'reply'].includes(k) && v === e.status))
		.map(([k, v]) => `${k}: ${typeof v === 'object' ? JSON.stringify(v) : v}`).join(', ');

	return [e.status > 0 && t('delivery.status', { status: e.status }), answer && ltr(answer), broke(e)].filter(Boolean).join(' · ')
		|| word('outcome', e.outcome);
}

/* The one sentence. */
function answer_of(d)
{
	const channel = word('channel', d.channel);

	if (d.state === 'queued')
		return d.attempts > 0 ? t('delivery.answer.retrying', { n: d.attempts }) : t('delivery.answer.queued');
	if (d.state === 'sent')
		return t('delivery.answer.sent', { provider: ltr(d.provider), time: ago(d.sent_at || d.updated_at) });
	if (d.state === 'delivered' || d.state === 'read')
		return t(`delivery.answer.${d.state}`, { channel, time: ago(d.updated_at) });
	return why(d) || t(`delivery.answer.${d.state}`);
}

/* What comes next, by itself or by somebody's hand. */
function next_of(d)
{
	if (d.state === 'queued' && d.job && d.job.state === 'dead')
		return t('delivery.next.dead');
	if (d.state === 'queued' && d.job && ['paused', 'gathered'].includes(d.job.state))
		return t(`delivery.next.${d.job.state}`);
	if (d.state === 'queued' && d.job && d.job.run_at)
		return t('delivery.next.at', { time: when(d.job.run_at), end: when(d.job.expires_at) });
	if (d.state === 'queued')
		return t('delivery.next.now');
	if (d.state === 'unsure')
		return t('delivery.next.unsure');
	if (d.state === 'failed' || d.state === 'expired')
		return can_again(d) ? t('delivery.next.again') : t('delivery.next.nothing');
	if (d.state === 'sent')
		return t('delivery.next.report');
	return t('delivery.next.nothing');
}

/* What somebody may do about the cause, where that is known. */
function advice_of(d)
{
	const links = { suppressed: '/console/suppressions/', unsubscribed: '/console/suppressions/', no_provider: '/console/providers/', quota_spent: '/console/providers/',
		breaker_open: '/console/providers/', not_configured: '/console/providers/', provider_blocked: '/console/providers/', dead_letter: '/console/queue/?state=dead' };
	const to = links[d.reason];

	if (to)
		return html`<a href=${to}>${t(`delivery.advice.${to.split('/')[2]}`)}</a>`;
	if (d.user_id && ['no_device', 'device_gone', 'gone', 'opted_out', 'not_preferred', 'no_address', 'unproved', 'inactive'].includes(d.reason))
		return html`<a href=${`/console/users/${d.user_id}/`}>${t('delivery.advice.users')}</a>`;
	return null;
}

/** The same message by the API, for a terminal. */
export function curl_of(d, origin)
{
	const body = { type: d.type };
	const quoted = (s) => `'${String(s).replace(/'/g, '\'\\\'\'')}'`;

	if (d.user_id)
		body.user_id = d.user_id;
	else if (/^[^\s@*…]+@[^\s@*…]+$/.test(d.target))
		body.email = d.target;
	else if (/^\+\d{7,15}$/.test(d.target))
		body.phone = d.target;
	if (!(body.user_id || body.email || body.phone) || !d.content || !d.content.body || !(d.content.title || d.title))
		return `curl -X POST ${quoted(`${origin}/api/admin/deliveries/${d.id}/resend/`)} \\\n  -H "Authorization: Bearer $GATEPOST_TOKEN" \\\n  -H ${quoted(`Idempotency-Key: ${new_key()}`)}`;
	Object.assign(body, { channels: [d.channel], title: d.content.title || d.title, body: d.content.body });
	if (d.content.data && typeof d.content.data === 'object')
		body.data = d.content.data;
	return `curl -X POST ${quoted(`${origin}/api/notifications/`)} \\\n  -H "Authorization: Bearer $GATEPOST_TOKEN" \\\n  -H 'Content-Type: application/json' \\\n`
		+ `  -H ${quoted(`Idempotency-Key: ${new_key()}`)} \\\n  -d ${quoted(JSON.stringify(body))}`;
}

function Step({ e, before })
{
	const told = reported(e), tried = e.event === 'attempt' && !told;
	const tone = told ? TONE[told] || (e.outcome === 'perm' ? 'bad' : 'plain') : tried ? (e.outcome === 'ok' ? 'good' : e.outcome === 'unsure' || e.outcome === 'retry' || e.outcome === 'slow' ? 'warn' : 'bad')
		: TONE[e.event] || 'plain';

	return html`<li class=${`step ${tone}`}>
		<div class="step-head"><b>${told ? t('delivery.told', { provider: ltr(e.provider) }) : tried ? t('delivery.tried', { provider: ltr(e.provider) }) : word('event', e.event)}</b>
			${told ? html` <${Badge} state=${told} />` : tried && html` <${Badge} tone=${tone}>${word('outcome', e.outcome)}<//>`}
			<span class="soft small"><${Time} value=${e.at} absolute /></span></div>
		${e.reason_text && !(before && before.reason_text === e.reason_text) && html`<p dir="auto">${e.reason_text}</p>`}
		${(tried || told) && html`<p class="soft small">${[e.status > 0 && t('delivery.status', { status: e.status }), e.reason && e.reason !== told && ltr(e.reason), broke(e),
			e.ms !== undefined && span(e.ms / 1000)].filter(Boolean).join(' · ')}</p>`}
		${tried && e.answer && Object.keys(e.answer).length > 0 && html`<details><summary>${t('delivery.provider_said')}</summary>
			<pre tabindex="0" dir="ltr">${JSON.stringify(e.answer, null, 2)}</pre></details>`}
	</li>`;
}

function Story({ d, reload })
{
	const [key, set_key] = useState(new_key);
	const tone = TONE[d.state] || 'plain';
	const tries = tries_of(d);
	const last = tries[tries.length - 1];
	const content = d.content;

	async function again()
	{
		const done = await confirm({ title: t('delivery.again'), text: d.state === 'unsure' ? t('delivery.again_unsure') : t('delivery.again_text'),
			yes: t('delivery.again'), danger: d.state === 'unsure', act: () => post(`/api/admin/deliveries/${d.id}/resend/`, {}, { key }) });
		if (!done)
			return;
		set_key(new_key());
		toast(t('delivery.again_done'));
		reload();
	}
	return html`<${Head} title=${t('delivery.title', { channel: word('channel', d.channel), to: ltr(d.target || (d.user_id ? `#${d.user_id}` : '')) })}
		back=${['/console/deliveries/', t('nav.deliveries')]}
		lead=${html`<${Badge} state=${d.state} /> <span dir="auto" data-verbatim>${d.title}</span>`}>
		<button type="button" class="button" onClick=${async () => {
			try {
				await navigator.clipboard.writeText(curl_of(d, location.origin));
				toast(t('copied'));
			} catch {
				toast(t('copy_failed'), 'bad');
			}
		}}><${Icon} name="copy" size="16" />${t('delivery.curl')}</button>
		${can_again(d) && html`<${Act} kind="primary" icon="refresh" act=${again}>${t('delivery.again')}<//>`}
	<//>
	<section class=${`verdict ${tone}`} aria-label=${t('delivery.why')}>
		<span class="verdict-mark"><${Icon} name=${MARK[tone]} size="22" /></span>
		<div>
			<p class="verdict-text">${answer_of(d)}</p>
			<dl>
				<div><dt>${t('delivery.q.tried')}</dt><dd>${tries.length === 0 ? t('delivery.never') : t('delivery.tries', { n: tries.length, provider: ltr(last.provider) })}</dd></div>
				${last && html`<div><dt>${t('delivery.q.said')}</dt><dd dir="auto">${said_of(last)}</dd></div>`}
				<div><dt>${t('delivery.q.next')}</dt><dd>${next_of(d)} ${advice_of(d)}</dd></div>
			</dl>
		</div>
	</section>
	<div class="columns story">
		<${Card} title=${t('delivery.timeline')}>
			<ol class="steps">${d.timeline.map((e, i) => html`<${Step} key=${i} e=${e} before=${d.timeline[i - 1]} />`)}</ol>
		<//>
		<div>
			<${Card} title=${t('delivery.message')}>
				${content && (content.title || content.body) ? html`<div class="message">
					${(content.title || d.title) && html`<p dir="auto"><b>${content.title || d.title}</b></p>`}
					${content.body && html`<p dir="auto" class="message-body">${content.body}</p>`}
					${content.data && html`<details><summary>${t('delivery.data')}</summary><pre tabindex="0" dir="ltr">${JSON.stringify(content.data, null, 2)}</pre></details>`}
				</div>` : html`<p class="soft">${t('delivery.no_content')}</p>`}
			<//>
			<${Card} title=${t('delivery.facts')}>
				<${Facts} rows=${[
					[t('log.to'), d.target ? html`<${Addr} text=${d.target} />` : null],
					[t('delivery.user'), d.user_id ? html`<${Person} id=${d.user_id} />` : null],
					[t('delivery.sender'), d.sender_id ? html`<${Person} id=${d.sender_id} />` : t('delivery.system')],
					[t('delivery.provider'), html`<bdi>${d.provider}</bdi>`],
					[t('delivery.provider_id'), d.provider_id ? html`<${Copy} text=${d.provider_id} />` : null],
					[t('delivery.reason'), d.reason ? html`<code>${d.reason}</code>` : null],
					[t('delivery.type'), html`<bdi>${d.type}</bdi>`],
					d.segments ? [t('delivery.segments'), number(d.segments)] : null,
					[t('delivery.request'), d.request_id ? html`<${Copy} text=${d.request_id} />` : null],
					[t('delivery.notification'), html`<a href=${`/console/deliveries/?by=notification_id&for=${d.notification_id}`}>${t('delivery.all_of_it')}</a>`],
					[t('delivery.accepted'), html`<${Time} value=${d.accepted_at} absolute />`],
					[t('delivery.sent_at'), html`<${Time} value=${d.sent_at} absolute />`],
					[t('delivery.expires'), html`<${Time} value=${d.expires_at} absolute />`],
				].filter(Boolean)} />
			<//>
		</div>
	</div>`;
}

export default function Delivery({ params })
{
	const story = use_data(() => get(`/api/admin/deliveries/${encodeURIComponent(params.id)}/`), params.id, { every: 4000 });

	if (story.error && !story.data)
		return html`<${Head} title=${t('nav.delivery')} back=${['/console/deliveries/', t('nav.deliveries')]} /><${Loaded} of=${story}>${() => null}<//>`;
	return html`<${Loaded} of=${story}>${(d) => html`<${Story} d=${d} reload=${story.reload} />`}<//>`;
}
