/* What sites asked for in SQL, inside their own transactions, and why some of it was not taken. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Badge, Copy, Head } from '../ui.js';
import { Time } from '../time.js';
import { t, word } from '../i18n.js';

const TONES = { asked: 'accent', accepted: 'good', refused: 'bad' };

/* As far as it is JSON it is laid out. */
function laid_out(text)
{
	try {
		return JSON.stringify(JSON.parse(text), null, 1);
	} catch {
		return text;
	}
}

function State({ r })
{
	return html`<span class="stack"><span><${Badge} tone=${TONES[r.state]}>${word('intake.state', r.state)}<//></span>
		${r.reason && html`<span class="small soft">${r.field && html`<code dir="ltr">${r.field}</code> `}${word('intake.why', r.reason)}</span>`}</span>`;
}

function Message({ r })
{
	if (r.notification_id)
		return html`<a href=${`/console/deliveries/?by=notification_id&for=${r.notification_id}`}>${t('intake.deliveries')}</a>`;
	return r.asked && html`<details class="small"><summary>${t('intake.show')}</summary><pre tabindex="0" dir="ltr">${laid_out(r.asked)}</pre></details>`;
}

export default function Intake()
{
	return html`<${Head} title=${t('nav.intake')} lead=${t('intake.lead')} />
	<${List} url="/api/admin/intake/" name="intake" label=${t('nav.intake')} paged="cursor" ordering="-created_at" search="key" search_label=${t('intake.search')}
		filters=${[{ name: 'state', label: t('intake.state'), options: ['asked', 'accepted', 'refused'].map((s) => [s, word('intake.state', s)]) }]}
		columns=${[
			{ key: 'key', label: t('intake.key'), main: true, csv: (r) => r.key, show: (r) => html`<bdi class="addr">${r.key || t('intake.no_key')}</bdi>` },
			{ key: 'state', label: t('intake.state'), csv: (r) => [r.state, r.reason, r.field].filter(Boolean).join(' '), show: (r) => html`<${State} r=${r} />` },
			{ key: 'asked', label: t('intake.message'), wide: true, csv: (r) => r.notification_id || r.asked, show: (r) => html`<${Message} r=${r} />` },
			{ key: 'asked_by', fold: true, label: t('intake.by'), show: (r) => html`<bdi dir="ltr">${r.asked_by}</bdi>` },
			{ key: 'created_at', label: t('intake.at'), order: 'created_at', show: (r) => html`<${Time} value=${r.created_at} />` },
		]}
		empty=${{ icon: 'plug', title: t('intake.empty'), text: t('intake.empty_text'),
			action: html`<${Copy} text="scripts/render-sql site shop@localhost | mariadb" />` }} />`;
}
