/* Where the user is signed in, and the end of what is not theirs. */
import { html, useState } from '../lib.js';
import { List } from '../list.js';
import { Act, Badge, Head } from '../ui.js';
import { Time } from '../time.js';
import { confirm } from '../dialog.js';
import { del, leave, post } from '../api.js';
import { gone } from '../state.js';
import { country_name, listed, number, t, word } from '../i18n.js';
import { toast } from '../toast.js';

/* What was given, each once: that there was a second step is seen by which. */
function ways(amr)
{
	const all = amr.split(/[ ,+]+/).filter((a) => a && a !== 'mfa');
	const named = all.some((a) => ['totp', 'sms', 'email', 'recovery'].includes(a));

	const text = [...new Set(all)].filter((a) => a !== 'otp' || !named).map((a) => word('amr', a)).join(' + ');

	return text.charAt(0).toUpperCase() + text.slice(1);
}

/* ZZ: nowhere that is known. */
const place = (s) => listed([s.city, s.country && s.country !== 'ZZ' && country_name(s.country)]);

export default function Sessions()
{
	const [version, set_version] = useState(0);

	async function end_one(s, reload)
	{
		const ended = await confirm({ title: t('sessions.end_title', { name: s.device || t('sessions.unknown') }), text: t('sessions.end_text'), yes: t('sessions.end'), danger: true,
			act: () => del(`/api/auth/sessions/${s.id}/`) });
		if (ended)
			reload();
		return Boolean(ended);
	}

	async function end_others()
	{
		const ended = await confirm({ title: t('sessions.others'), text: t('sessions.others_text'), yes: t('sessions.others_yes'), danger: true,
			act: () => post('/api/auth/sessions/revoke-others/') });
		if (!ended)
			return false;
		toast(t('sessions.ended', { n: number(ended.value.revoked) }));
		set_version((v) => v + 1);
		return undefined;
	}

	async function end_all()
	{
		const ended = await confirm({ title: t('sessions.all'), text: t('sessions.all_text'), yes: t('sessions.all_yes'), danger: true, act: () => {
			leave();
			return post('/api/auth/sessions/revoke-all/').catch((e) => {
				leave(false);
				throw e;
			});
		} });
		if (!ended)
			return;
		await gone();
		location.assign('/console/signin/');
	}

	return html`<${Head} title=${t('nav.sessions')} lead=${t('sessions.lead')}>
		<${Act} icon="out" act=${end_others}>${t('sessions.others')}<//>
		<${Act} kind="danger" icon="out" act=${end_all}>${t('sessions.all')}<//>
	<//>
	<${List} url="/api/auth/sessions/" name="sessions" label=${t('nav.sessions')} version=${version} paged="all"
		search="q" search_label=${t('sessions.search')} ordering="-last_seen_at"
		columns=${[
			{ key: 'device', label: t('sessions.device'), main: true, order: 'device', show: (s) => html`<span class="stack"><span><bdi dir=${document.dir}>${s.device || t('sessions.unknown')}</bdi>
				${s.current && html` <${Badge} tone="good">${t('sessions.this')}<//>`}
				${s.impersonated && html` <${Badge} tone="warn">${t('sessions.impersonated')}<//>`}</span></span>` },
			{ key: 'place', label: t('sessions.place'), order: 'place', csv: (s) => [place(s), s.last_ip || s.ip].filter(Boolean).join(' '), show: (s) => html`<span class="stack">${place(s) && html`<bdi>${place(s)}</bdi>`}<bdi class=${place(s) ? 'soft small' : ''}>${s.last_ip || s.ip || t('sessions.nowhere')}</bdi></span>` },
			{ key: 'amr', label: t('sessions.by'), csv: (s) => ways(s.amr), show: (s) => ways(s.amr) },
			{ key: 'last_seen_at', label: t('sessions.seen'), order: 'last_seen_at', show: (s) => html`<${Time} value=${s.last_seen_at} />` },
			{ key: 'created_at', label: t('sessions.since'), order: 'created_at', show: (s) => html`<${Time} value=${s.created_at} />` },
		]}
		actions=${[{ label: t('sessions.end'), icon: 'out', danger: true, when: (s) => !s.current, many: '/api/auth/sessions/revoke/',
			ask: (rows) => ({ title: t('sessions.some', { n: rows.length }), text: t('sessions.some_text'), yes: t('sessions.others_yes') }) }]}
		row_actions=${(s, reload) => !s.current && html`<${Act} kind="small" act=${() => end_one(s, reload)}
			done=${t('sessions.one_ended')}>${t('sessions.end')}<span class="hidden"> ${s.device}</span><//>`} />`;
}
