/* One group: its members, and a push to all of them. */
import { html, useState } from '../lib.js';
import { List } from '../list.js';
import { Card, Head, Loaded, use_data } from '../ui.js';
import { Actions, Field, Form, use_form } from '../form.js';
import { Icon } from '../icons.js';
import { Person } from '../person.js';
import { Time } from '../time.js';
import { dialog } from '../dialog.js';
import { get, post, wish } from '../api.js';
import { toast } from '../toast.js';
import { number, t } from '../i18n.js';
import { ids_of } from './campaign_new.js';

/* The list names groups; there is no row for one. */
async function find(id)
{
	for (let page = 1; ; page++) {
		const list = await get('/api/push/groups/', { page, page_size: 100 });
		const found = list.results.find((g) => g.id === id);
		if (found || !list.next)
			return found || { id, name: id, users: 0, devices: 0 };
	}
}

function Push({ group, close })
{
	const [key_of] = useState(wish);
	const form = use_form({ title: '', body: '', url: '' }, async (v) => {
		const body = { group: group.name, title: v.title, body: v.body, ...(v.url ? { url: v.url } : {}) };

		return close(await post('/api/push/send/group/', body, { key: key_of(body) }));
	});

	return html`<${Form} form=${form}>
		<${Field} form=${form} name="title" label=${t('templates.title')} required />
		<${Field} form=${form} name="body" label=${t('templates.body')} type="textarea" rows="3" required />
		<${Field} form=${form} name="url" label=${t('campaign_new.url')} dir="ltr" inputmode="url" />
		<${Actions} form=${form} close=${close}>${t('group.send_yes')}<//>
	<//>`;
}

function Add({ group, close })
{
	const form = use_form({ user_ids: '' }, async (v) => close(await post(`/api/push/groups/${group.id}/members/`, { user_ids: ids_of(v.user_ids) })));

	return html`<${Form} form=${form}>
		<${Field} form=${form} name="user_ids" label=${t('campaign_new.ids')} type="textarea" rows="3" dir="ltr" inputmode="numeric" />
		<${Actions} form=${form} close=${close}>${t('group.add')}<//>
	<//>`;
}

export default function Group({ params })
{
	const of = use_data(() => find(params.id), params.id);
	const [version, set_version] = useState(0);

	async function send(group)
	{
		const sent = await dialog({ title: t('group.send'), body: Push, props: { group } });
		if (sent)
			toast(sent.total === undefined ? t('group.sending') : t('group.sent', { n: number(sent.success_count), all: number(sent.total) }));
	}
	async function add(group)
	{
		const done = await dialog({ title: t('group.add'), body: Add, props: { group } });
		if (done) {
			toast(t('group.added', { n: number(done.added) }));
			set_version((v) => v + 1);
		}
	}
	return html`<${Loaded} of=${of} head>${(g) => html`
		<${Head} title=${g.name} back=${['/console/groups/', t('nav.groups')]} lead=${g.open ? t('groups.is_open') : ''}>
			<button type="button" class="button" onClick=${() => add(g)}><${Icon} name="plus" size="16" />${t('group.add')}</button>
			<button type="button" class="button primary" onClick=${() => send(g)}><${Icon} name="send" size="16" />${t('group.send')}</button>
		<//>
		<${Card} title=${t('group.members')}>
			<${List} url=${`/api/push/groups/${encodeURIComponent(params.id)}/members/`} name=${`group-${g.name}`} label=${t('group.members')} version=${version} ordering="created_at"
				search="q" search_label=${t('group.search')}
				columns=${[
					{ key: 'user_id', label: t('group.who'), main: true, csv: (r) => r.user_id ?? r.device_id,
						show: (r) => (r.user_id ? html`<${Person} id=${r.user_id} />` : t('group.browser')) },
					{ key: 'endpoint', label: t('group.device'), wide: true, show: (r) => (r.endpoint ? html`<code class="clip" dir="ltr">${r.endpoint}</code>` : t('group.all_devices')) },
					{ key: 'created_at', label: t('groups.made'), order: 'created_at', show: (r) => html`<${Time} value=${r.created_at} />` },
				]}
				actions=${[{ label: t('group.remove'), danger: true, many: `/api/push/groups/${encodeURIComponent(params.id)}/remove-members/`,
					ask: (rows) => ({ title: t('group.remove'), text: t('group.remove_text', { n: number(rows.length) }) }) }]}
				empty=${{ icon: 'users', title: t('group.empty'), text: t('group.empty_text'),
					action: html`<button type="button" class="button" onClick=${() => add(g)}><${Icon} name="plus" size="16" />${t('group.add')}</button>` }} />
		<//>`}<//>`;
}
