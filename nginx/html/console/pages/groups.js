/* Groups of browsers and people, that pushes and campaigns name. */
import { html, useState } from '../lib.js';
import { List } from '../list.js';
import { Badge, Head } from '../ui.js';
import { Actions, Field, Form, use_form } from '../form.js';
import { Icon } from '../icons.js';
import { Time } from '../time.js';
import { dialog } from '../dialog.js';
import { del, post, wish } from '../api.js';
import { go } from '../router.js';
import { number, t } from '../i18n.js';

function New({ close })
{
	const [key_of] = useState(wish);
	const form = use_form({ name: '', open: false }, async (v) => close(await post('/api/push/groups/', v, { key: key_of(v) })));

	return html`<${Form} form=${form}>
		<${Field} form=${form} name="name" label=${t('groups.name')} required />
		<${Field} form=${form} name="open" type="switch" label=${t('groups.open')} hint=${t('groups.open_hint')} />
		<${Actions} form=${form} close=${close}>${t('groups.create')}<//>
	<//>`;
}

async function create()
{
	const made = await dialog({ title: t('groups.new'), body: New });
	if (made)
		go(`/console/groups/${made.id}/`);
}

export default function Groups()
{
	const button = html`<button type="button" class="button primary" onClick=${create}><${Icon} name="plus" size="16" />${t('groups.new')}</button>`;

	return html`<${Head} title=${t('nav.groups')} lead=${t('groups.lead')}>${button}<//>
	<${List} url="/api/push/groups/" name="groups" label=${t('nav.groups')} paged="whole" search="q" search_label=${t('groups.search')} link=${(r) => `/console/groups/${r.id}/`}
		filters=${[{ name: 'open', label: t('groups.open'), type: 'boolean' }]}
		columns=${[
			{ key: 'name', label: t('groups.name'), main: true, order: 'name' },
			{ key: 'open', label: t('groups.who'), csv: (r) => r.open, show: (r) => (r.open ? html`<${Badge} tone="warn">${t('groups.is_open')}<//>` : t('groups.closed')) },
			{ key: 'users', label: t('groups.users'), number: true, order: 'users', show: (r) => number(r.users) },
			{ key: 'devices', label: t('groups.devices'), number: true, order: 'devices', show: (r) => number(r.devices) },
			{ key: 'created_at', label: t('groups.made'), order: 'created_at', show: (r) => html`<${Time} value=${r.created_at} />` },
		]}
		actions=${[{ label: t('delete'), icon: 'trash', danger: true, each: (r) => del(`/api/push/groups/${r.id}/`),
			ask: (rows) => ({ title: t('groups.delete'), text: t('groups.delete_text', { n: number(rows.length) }), typed: rows.length === 1 ? rows[0].name : undefined }) }]}
		empty=${{ icon: 'users', title: t('groups.empty'), text: t('groups.empty_text'), action: button }} />`;
}
