/* What this user sent by the forms or the API: the replaced system's dashboard. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Badge, Head } from '../ui.js';
import { Time } from '../time.js';
import { t, word } from '../i18n.js';

export default function History()
{
	return html`<${Head} title=${t('nav.history')} lead=${t('history.lead')}>
		<a class="button primary" href="/console/send/">${t('history.write')}</a>
	<//>
	<${List} url="/api/communications/history/" name="history" label=${t('nav.history')} ordering="-created_at" search="q" search_label=${t('history.search')}
		filters=${[{ name: 'type', label: t('history.type'), options: [['email', t('channel.email')], ['sms', t('channel.sms')], ['whatsapp', t('channel.whatsapp')]] },
			{ name: 'status', label: t('history.status'), options: ['pending', 'sent', 'failed'].map((s) => [s, word('state', s)]) }]}
		columns=${[
			{ key: 'recipient', label: t('history.to'), main: true, show: (m) => html`<bdi>${m.recipient}</bdi>` },
			{ key: 'type', label: t('history.type'), show: (m) => word('channel', m.type) },
			{ key: 'content', label: t('history.what'), wide: true, csv: (m) => [m.subject, m.content].filter(Boolean).join(': '),
				show: (m) => html`<span class="stack clip">${m.subject && html`<b dir="auto">${m.subject}</b>`}<span dir="auto" class="soft">${m.content || (m.type === 'whatsapp' ? t('send.template') : '')}</span></span>` },
			{ key: 'status', label: t('history.status'), show: (m) => html`<span class="stack"><span><${Badge} state=${m.state || m.status} /></span>
				${m.reason_text && html`<span class="small bad-text" dir="auto" title=${m.error_message}>${m.reason_text}</span>`}</span>` },
			{ key: 'created_at', label: t('history.when'), order: 'created_at', show: (m) => html`<${Time} value=${m.created_at} />` },
		]}
		empty=${{ icon: 'history', title: t('history.empty'), text: t('history.empty_text'),
			action: html`<a class="button" href="/console/send/">${t('history.write')}</a>` }} />`;
}
