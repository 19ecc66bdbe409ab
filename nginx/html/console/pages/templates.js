/* Ready messages: the list, and a new one. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Head } from '../ui.js';
import { Actions, Field, Form, use_form } from '../form.js';
import { Icon } from '../icons.js';
import { Time } from '../time.js';
import { dialog } from '../dialog.js';
import { new_key, post } from '../api.js';
import { go } from '../router.js';
import { number, t } from '../i18n.js';

function New({ close })
{
	const key = new_key();
	const form = use_form({ name: '', description: '', title: '', body: '' }, async (v) => {
		const made = await post('/api/templates/', { name: v.name, description: v.description, definition: {
			type: 'system', variables: Object.fromEntries([...`${v.title} ${v.body}`.matchAll(/\{(\w+)\}/g)].map((m) => [m[1], { type: 'string' }])),
			default_locale: 'en', locales: { en: { title: v.title, body: v.body } },
		} }, { key: `${key}-${v.name}` });
		close(made);
	});

	return html`<${Form} form=${form}>
		<${Field} form=${form} name="name" label=${t('templates.name')} hint=${t('templates.name_hint')} required dir="ltr" autocomplete="off" spellcheck=${false} />
		<${Field} form=${form} name="description" label=${t('templates.description')} />
		<${Field} form=${form} name="title" label=${t('templates.title')} required />
		<${Field} form=${form} name="body" label=${t('templates.body')} hint=${t('templates.body_hint', { name: '{name}' })} type="textarea" rows="3" required />
		<${Actions} form=${form} close=${close}>${t('templates.create')}<//>
	<//>`;
}

async function create()
{
	const made = await dialog({ title: t('templates.new'), body: New });
	if (made)
		go(`/console/templates/${made.id}/`);
}

export default function Templates()
{
	const button = html`<button type="button" class="button primary" onClick=${create}><${Icon} name="plus" size="16" />${t('templates.new')}</button>`;

	return html`<${Head} title=${t('nav.templates')} lead=${t('templates.lead')}>${button}<//>
	<${List} url="/api/templates/" name="templates" label=${t('nav.templates')} paged="whole" search="q" search_label=${t('templates.search')} link=${(r) => `/console/templates/${r.id}/`}
		columns=${[
			{ key: 'name', label: t('templates.name'), main: true, order: 'name', show: (r) => html`<code dir="ltr">${r.name}</code>` },
			{ key: 'description', label: t('templates.description'), wide: true },
			{ key: 'active_version', label: t('templates.active'), number: true, order: 'active_version', show: (r) => t('templates.version_of', { n: number(r.active_version), all: number(r.versions) }) },
			{ key: 'updated_at', label: t('templates.changed'), order: 'updated_at', show: (r) => html`<${Time} value=${r.updated_at} />` },
		]}
		empty=${{ icon: 'template', title: t('templates.empty'), text: t('templates.empty_text'), action: button }} />`;
}
