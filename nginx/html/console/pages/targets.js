/* What the pages of web push subscriptions and of app tokens share. */
import { html, useState } from '../lib.js';
import { List } from '../list.js';
import { Act, Addr, Badge, Head } from '../ui.js';
import { Person } from '../person.js';
import { Time } from '../time.js';
import { new_key, post } from '../api.js';
import { toast } from '../toast.js';
import { ltr, number, t } from '../i18n.js';

async function try_one(d, key)
{
	const done = await post(`/api/admin/devices/${d.id}/test/`, undefined, { key, headers: { Prefer: 'wait=10' } });
	const one = done.deliveries[0];

	if (!one)
		toast(t('targets.pending'), 'plain');
	else if (one.state === 'sent')
		toast(t('targets.sent'));
	else if (one.state === 'queued')
		toast(t('targets.pending'), 'plain');
	else
		toast(t('targets.refused', { reason: ltr(one.reason) }), 'bad');
	return one;
}

function Test({ device, reload })
{
	const [last, set_last] = useState(null);
	const [key, set_key] = useState(new_key);

	return html`${last && html`<a class="button small" href=${`/console/deliveries/${last.id}/`}>${t('targets.story')}</a>`}
		<${Act} kind="small" icon="send" disabled=${!device.is_active} act=${async () => {
			set_last(await try_one(device, key));
			set_key(new_key());
			reload();
		}}>${t('targets.test')}<span class="hidden"> ${device.target}</span><//>`;
}

/* An endpoint as its service and the rest of it, for a line of its own each. */
function shown(target)
{
	const [, host, rest] = /^https:\/\/([^/]+)(\/.*)$/.exec(target) || [];

	return host ? html`<span class="stack"><${Addr} text=${host} /><span class="soft small"><${Addr} text=${rest} /></span></span>` : html`<${Addr} text=${target} />`;
}

/** @param {{type: 'web_push'|'expo'}} props */
export function Targets({ type })
{
	const name = type === 'expo' ? 'phones' : 'subscriptions';
	const many = (on) => async (rows) => {
		const { changed } = await post(`/api/admin/devices/${on ? 'activate' : 'deactivate'}/`, { ids: rows.map((d) => d.id) });
		toast(t('targets.changed', { n: number(changed) }));
	};

	return html`<${Head} title=${t(`nav.${name}`)} lead=${t(`targets.${type}_lead`)} />
	<${List} url="/api/admin/devices/" name=${name} label=${t(`nav.${name}`)} paged="cursor" ordering="-created_at" fixed=${{ type }} search="q" search_label=${t('targets.search')}
		filters=${[
			{ name: 'is_active', label: t('targets.active'), type: 'boolean' },
			{ name: 'user_id', label: t('audit.user_id') },
			{ name: 'email', label: t('targets.owner') },
			{ name: 'token', label: t(`targets.${type}_whole`) },
			{ name: 'since', label: t('since'), type: 'time' },
			{ name: 'until', label: t('until'), type: 'time' },
		]}
		columns=${[
			{ key: 'target', label: t(`targets.${type}_target`), main: true, wide: true, csv: (d) => d.target, show: (d) => shown(d.target) },
			{ key: 'user_id', label: t('targets.whose'), show: (d) => (d.user_id && !d.email ? html`<${Person} id=${d.user_id} />` : d.user_id ? html`<a href=${`/console/users/${d.user_id}/`}><${Addr} text=${d.email} /></a>` : html`<span class="soft">${t('audit.nobody')}</span>`) },
			{ key: 'browser', fold: true, label: t(`targets.${type}_kind`), show: (d) => d.browser && html`<bdi>${d.browser}</bdi>` },
			{ key: 'is_active', label: t('log.state'), csv: (d) => (d.is_active ? 'active' : d.reason || 'inactive'), show: (d) => (d.is_active ? html`<${Badge} state="active" />`
				: html`<span class="stack"><span><${Badge} state="inactive" /></span><span class="small soft reason">${d.reason_text} <${Time} value=${d.ended_at} none="" /></span></span>`) },
			{ key: 'seen_at', fold: true, label: t('targets.seen'), show: (d) => html`<${Time} value=${d.seen_at} />` },
			{ key: 'created_at', label: t('targets.since'), order: 'created_at', show: (d) => html`<${Time} value=${d.created_at} />` },
		]}
		row_actions=${(d, reload) => html`<${Test} device=${d} reload=${reload} />`}
		actions=${[
			{ label: t('targets.on'), icon: 'check', when: (d) => !d.is_active, all: many(true) },
			{ label: t('targets.off'), icon: 'block', danger: true, when: (d) => d.is_active, all: many(false),
				ask: (rows) => ({ title: t('targets.off_title', { n: rows.length }), text: t('targets.off_text') }) },
		]}
		empty=${{ icon: type === 'expo' ? 'device' : 'bell', title: t(`targets.${type}_empty`), text: t(`targets.${type}_empty_text`),
			action: type === 'web_push' ? html`<a class="button primary" href="/console/devices/">${t('targets.first')}</a>`
				: html`<a class="button" href="/api/docs/">${t('targets.docs')}</a>` }} />`;
}
