/* What was done, by whom, to whom, from where. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Badge, Head } from '../ui.js';
import { Person } from '../person.js';
import { Time } from '../time.js';
import { known } from './users.js';
import { country_name, has_words, ltr, t, word } from '../i18n.js';

const TONES = { ok: 'good', refused: 'bad', failed: 'bad', stopped: 'warn' };

const named = (event) => (has_words(`did.${event}`) ? t(`did.${event}`) : event.replace(/_/g, ' '));

const BROWSERS = [['Edg', 'Edge'], ['OPR', 'Opera'], ['Firefox', 'Firefox'], ['Chrome', 'Chrome'], ['Safari', 'Safari'], ['curl', 'curl']];
const SYSTEMS = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android'], ['Windows', 'Windows'], ['Mac OS X', 'macOS'], ['Linux', 'Linux']];

/* A User-Agent in two words; what is none of those, as far as its first blank. */
function browser_of(agent)
{
	const [browser, system] = [BROWSERS, SYSTEMS].map((all) => (all.find(([part]) => agent.includes(part)) || [])[1]);

	return browser && system ? t('audit.agent_on', { browser: ltr(browser), system: ltr(system) }) : browser || agent.split(' ')[0];
}

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
			{ key: 'actor_id', label: t('audit.by'), show: (r) => (r.actor_id ? html`<${Person} id=${r.actor_id} />` : null) },
			{ key: 'user_id', label: t('audit.to'), show: (r) => (r.user_id ? html`<${Person} id=${r.user_id} />` : null) },
			{ key: 'ip', fold: true, label: t('audit.from'), show: (r) => html`<span class="stack"><bdi>${r.ip || '–'}</bdi><span class="soft small"><bdi>${known(r.country) ? country_name(r.country) : ''}</bdi></span></span>` },
			{ key: 'detail', label: t('audit.detail'), wide: true, show: (r) => (r.detail ? html`<details class="small"><summary>${t('audit.show')}</summary>
				<pre tabindex="0" dir="ltr">${JSON.stringify(r.detail, null, 1)}</pre>${r.request_id && html`<a href=${`/console/deliveries/?by=request_id&for=${r.request_id}`}>${t('audit.request')}</a>`}</details>` : null) },
			{ key: 'at', label: t('audit.at'), order: 'created_at', show: (r) => html`<${Time} value=${r.at} />` },
			{ key: 'user_agent', fold: true, label: t('audit.agent'), show: (r) => r.user_agent && html`<bdi class="small soft" title=${r.user_agent}>${browser_of(r.user_agent)}</bdi>` },
		]}
		empty=${{ icon: 'history', title: t('audit.empty'), text: t('audit.empty_text'),
			action: html`<a class="button" href="/console/signed-in/">${t('audit.empty_go')}</a>` }} />`;
}
