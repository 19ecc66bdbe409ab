/* Everybody who has an account. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Addr, Badge, Head } from '../ui.js';
import { Time } from '../time.js';
import { is_superuser, me, name_of } from '../state.js';
import { country_name, t } from '../i18n.js';

/** Where a country is known at all (ZZ is not). */
export const known = (country) => Boolean(country) && country !== 'ZZ';

/** Whether who is signed in may change this account: another administrator's is a superuser's to change. */
export const may_change = (user) => is_superuser.value || (me.value && me.value.id === user.id) || !(user.is_staff || user.is_superuser);

/** What an account may do, and whether it is one. */
export function Marks({ user })
{
	return html`<span class="row marks">
		${user.is_superuser && html`<${Badge} tone="accent">${t('users.superuser')}<//>`}
		${user.is_staff && html`<${Badge} tone="accent">${t('users.staff')}<//>`}
		${!user.is_active && html`<${Badge} tone="bad">${user.is_verified ? t('users.off') : t('users.claim')}<//>`}
		${user.is_active && !user.is_verified && html`<${Badge} tone="warn">${t('users.unproved')}<//>`}
		${user.is_active && user.is_verified && !user.is_staff && !user.is_superuser && html`<${Badge} tone="good">${t('users.on')}<//>`}
	</span>`;
}

export default function Users()
{
	const other = (u) => (!me.value || u.id !== me.value.id) && may_change(u);

	return html`<${Head} title=${t('nav.users')} lead=${t('users.lead')} />
	<${List} url="/api/admin/users/" name="users" label=${t('nav.users')} search="q" search_label=${t('users.search')} ordering="-id"
		link=${(u) => `/console/users/${u.id}/`}
		filters=${[
			{ name: 'is_active', label: t('users.active'), type: 'boolean' },
			{ name: 'is_verified', label: t('users.verified'), type: 'boolean' },
			{ name: 'is_staff', label: t('users.staff'), type: 'boolean' },
			{ name: 'is_superuser', label: t('users.superuser'), type: 'boolean' },
			{ name: 'group', label: t('users.group') },
		]}
		columns=${[
			{ key: 'id', label: t('users.name'), main: true, order: 'last_name', csv: (u) => u.id, show: (u) => html`<span class="stack"><span dir="auto">${name_of(u)}</span><span class="soft small">#${u.id}</span></span>` },
			{ key: 'email', label: t('users.email'), order: 'email', show: (u) => u.email && html`<span class=${u.email_verified ? '' : 'soft'}><${Addr} text=${u.email} /></span>` },
			{ key: 'phone_number', fold: true, plain: true, label: t('users.phone'), show: (u) => u.phone_number && html`<bdi class=${u.phone_verified ? '' : 'soft'}>${u.phone_number}</bdi>` },
			{ key: 'is_active', label: t('log.state'), show: (u) => html`<${Marks} user=${u} />` },
			{ key: 'last_login_at', label: t('users.last_login'), order: 'last_login_at', show: (u) => html`<span class="stack"><${Time} value=${u.last_login_at} none=${t('users.never')} />
				${u.last_login_ip && html`<bdi class="soft small">${u.last_login_ip}</bdi>`}</span>` },
			{ key: 'country', fold: true, plain: true, label: t('users.country'), csv: (u) => u.country, show: (u) => (known(u.country) ? html`<bdi>${country_name(u.country)}</bdi>` : null) },
			{ key: 'created_at', label: t('users.since'), order: 'created_at', show: (u) => html`<${Time} value=${u.created_at} />` },
		]}
		actions=${[
			{ label: t('users.sign_out'), icon: 'out', when: other, many: '/api/admin/users/sign-out/',
				ask: (rows) => ({ title: t('users.sign_out_title', { n: rows.length }), text: t('users.sign_out_text') }) },
			{ label: t('users.disable'), icon: 'block', danger: true, when: (u) => u.is_active && other(u), many: '/api/admin/users/disable/',
				ask: (rows) => ({ title: t('users.disable_title', { n: rows.length }), text: t('users.disable_text') }) },
			{ label: t('users.enable'), icon: 'check', when: (u) => !u.is_active && may_change(u), many: '/api/admin/users/enable/' },
		]}
		empty=${{ icon: 'users', title: t('users.empty'), text: t('users.empty_text'),
			action: html`<a class="button" href="/console/register/">${t('users.empty_go')}</a>` }} />`;
}
