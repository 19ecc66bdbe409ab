/* What was done, by whom, to whom, from where. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Badge, Head } from '../ui.js';
import { Time } from '../time.js';
import { known } from './users.js';
import { has_words, t, word } from '../i18n.js';

const TONES = { ok: 'good', refused: 'bad', failed: 'bad', stopped: 'warn' };

const person = (id) => html`<a href=${`/console/users/${id}/`}>#${id}</a>`;
const named = (event) => (has_words(`did.${event}`) ? t(`did.${event}`) : event.replace(/_/g, ' '));

export default function Audit()
{
	return html`<${Head} title=${t('nav.audit')} lead=${t('audit.lead')} />
	<${List} url="/api/admin/audit/" name="audit" label=${t('nav.audit')} paged="cursor" ordering="-created_at"
		search="q" search_label=${t('audit.search')}
		filters=${[
			{ name: 'event', label: t('audit.event') },
			{ name: 'outcome', label: t('audit.outcome'), options: ['ok', 'refused', 'stopped'].map((o) => [o, word('audit.out', o)]) },
			{ name: 'user_id', label: t('audit.user_id') },
			{ name: 'ip', label: t('audit.ip') },
			{ name: 'since', label: t('since'), type: 'time' },
			{ name: 'until', label: t('until'), type: 'time' },
		]}
		columns=${[
			{ key: 'event', label: t('audit.event'), main: true, csv: (r) => r.event, show: (r) => html`<span class="stack"><span>${named(r.event)}</span><code class="soft small">${r.event}</code></span>` },
			{ key: 'outcome', label: t('audit.outcome'), csv: (r) => r.outcome, show: (r) => html`<${Badge} tone=${TONES[r.outcome] || 'plain'}>${word('audit.out', r.outcome)}<//>` },
			{ key: 'actor_id', label: t('audit.by'), show: (r) => (r.actor_id ? person(r.actor_id) : t('audit.nobody')) },
			{ key: 'user_id', label: t('audit.to'), show: (r) => (r.user_id ? person(r.user_id) : null) },
			{ key: 'ip', label: t('audit.from'), show: (r) => html`<span class="stack"><bdi>${r.ip || '–'}</bdi><span class="soft small"><bdi>${known(r.country) ? r.country : ''}</bdi></span></span>` },
			{ key: 'detail', label: t('audit.detail'), wide: true, show: (r) => (r.detail ? html`<details class="small"><summary>${t('audit.show')}</summary>
				<pre tabindex="0" dir="ltr">${JSON.stringify(r.detail, null, 1)}</pre>${r.request_id && html`<a href=${`/console/deliveries/?by=request_id&for=${r.request_id}`}>${t('audit.request')}</a>`}</details>` : null) },
			{ key: 'at', label: t('audit.at'), order: 'created_at', show: (r) => html`<${Time} value=${r.at} />` },
			{ key: 'user_agent', label: t('audit.agent'), wide: true, show: (r) => r.user_agent && html`<span class="clip small soft"><bdi>${r.user_agent}</bdi></span>` },
		]}
		empty=${{ icon: 'history', title: t('audit.empty'), text: t('audit.empty_text') }} />`;
}
