/* Everybody's sessions: who is signed in, from where; and ending them. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Addr, Badge, Head } from '../ui.js';
import { Time } from '../time.js';
import { country_name, listed, number, t, word } from '../i18n.js';
import { known } from './users.js';

const place = (s) => listed([s.city, known(s.country) && country_name(s.country)]);

/** @param {{user?: number, version?: any, fixed?: boolean}} props  of one user, or everybody's; `fixed`: seen, not ended */
export function SessionList({ user, version, fixed = false })
{
	const all = user === undefined;
	const who = { key: 'user_id', label: t('signed.who'), main: true, show: (s) => html`<span class="stack"><${Addr} text=${s.email || s.phone_number || t('log.user', { id: s.user_id })} /><span class="soft small">#${s.user_id}</span></span>` };

	return html`<${List} url="/api/admin/sessions/" name="sessions" label=${t('nav.signed_in')} paged="cursor" ordering="-created_at" version=${version} fixed=${all ? {} : { user }}
		link=${all ? (s) => `/console/users/${s.user_id}/` : undefined}
		search="q" search_label=${t(all ? 'signed.search' : 'signed.search_one')}
		filters=${[
			...(all ? [{ name: 'user', label: t('signed.user') }] : []),
			{ name: 'is_active', label: t('signed.live'), type: 'boolean' },
			{ name: 'ip', label: t('audit.ip') },
		]}
		columns=${[
			...(all ? [who] : []),
			{ key: 'device', label: t('signed.device'), main: !all, show: (s) => html`<span class="stack"><span><bdi dir=${document.dir}>${s.device}</bdi>
				${s.current && html` <${Badge} tone="good">${t('signed.this')}<//>`}
				${s.actor_id && html` <${Badge} tone="warn">${t('signed.acting', { id: s.actor_id })}<//>`}</span></span>` },
			{ key: 'ip', label: t('signed.place'), csv: (s) => [place(s), s.last_ip || s.ip].filter(Boolean).join(' '), show: (s) => html`<span class="stack"><bdi>${place(s) || t('signed.nowhere')}</bdi><bdi class="soft small">${s.last_ip || s.ip}</bdi></span>` },
			{ key: 'amr', fold: true, label: t('signed.by'), show: (s) => s.amr.split(/[ ,+]+/).filter(Boolean).map((a) => word('amr', a)).join(' + ') },
			{ key: 'is_active', label: t('log.state'), csv: (s) => (s.is_active ? 'live' : s.end_reason || 'over'), show: (s) => (s.is_active ? html`<${Badge} tone="good">${t('signed.alive')}<//>`
				: html`<${Badge} tone="plain">${s.end_reason ? word('end', s.end_reason) : t('signed.over')}<//>`) },
			{ key: 'last_seen_at', fold: true, label: t('signed.seen'), show: (s) => html`<${Time} value=${s.last_seen_at} />` },
			{ key: 'created_at', label: t('signed.since'), order: 'created_at', show: (s) => html`<${Time} value=${s.created_at} />` },
		]}
		actions=${fixed ? [] : [{ label: t('signed.end'), icon: 'out', danger: true, when: (s) => s.is_active,
			ask: (rows) => ({ title: t('signed.end_title', { n: rows.length }), text: rows.some((s) => s.current) ? t('signed.end_own') : t('signed.end_text') }),
			many: '/api/admin/sessions/revoke/' }]}
		empty=${{ icon: 'clock', title: t('signed.empty'), text: t('signed.empty_text'),
			action: all && html`<a class="button" href="/console/users/">${t('signed.empty_go')}</a>` }} />`;
}

export default function SignedIn()
{
	return html`<${Head} title=${t('nav.signed_in')} lead=${t('signed.lead')} />
	<${SessionList} />`;
}
