/* One account: what it is, what it may do, where it is signed in; and the grave steps. */
import { html, useState } from '../lib.js';
import { Act, Addr, Card, Facts, Head, Loaded, Switch, use_data } from '../ui.js';
import { Actions, Field, Form, Submit, use_form } from '../form.js';
import { Time } from '../time.js';
import { confirm, dialog } from '../dialog.js';
import { del, get, patch, post, put, sentence_of } from '../api.js';
import { is_superuser, me, name_of } from '../state.js';
import { go } from '../router.js';
import { toast } from '../toast.js';
import { country_name, isolated, language_name, ltr, t } from '../i18n.js';
import { Marks, known, may_change } from './users.js';
import { SessionList } from './signed_in.js';
import { EditUser } from './user_edit.js';

const words_of = (text) => text.split(/[\s,،;]+/).filter(Boolean);

/* A reason of at least three letters, kept in the audit; then the step. */
function Reason({ text, warn, yes, act, close })
{
	const form = use_form({ reason: '' }, async ({ reason }) => close(await act(reason)));

	return html`<p>${text}</p>${warn && html`<div class="notice warn"><div>${warn}</div></div>`}
		<${Form} form=${form}>
			<${Field} form=${form} name="reason" label=${t('user.reason')} hint=${t('user.reason_hint')} autocomplete="off" required />
			<${Actions} form=${form} close=${close} danger>${yes}<//>
		<//>`;
}

function Rights({ user, set })
{
	async function change(members, question)
	{
		if (question && !await confirm(question))
			return set({ ...user });
		try {
			set(await patch(`/api/admin/users/${user.id}/`, members));
			toast(t('saved'));
		} catch (e) {
			toast(sentence_of(e), 'bad');
			set({ ...user });		/* the switch goes back */
		}
		return undefined;
	}
	const mine = me.value && me.value.id === user.id;
	const name = name_of(user);

	return html`<${Card} title=${t('user.rights')} lead=${is_superuser.value ? t('user.rights_lead') : t('user.rights_staff')}>
		<div class="switches">
			<${Switch} checked=${user.is_active} label=${t('users.active')} disabled=${mine || !may_change(user)} change=${(on) => change({ is_active: on },
				on ? null : { title: t('users.disable'), text: t('users.disable_text'), yes: t('users.disable'), danger: true })} />
			<${Switch} checked=${user.is_staff} label=${t('user.staff')} disabled=${!is_superuser.value} change=${(on) => change({ is_staff: on },
				{ title: t(on ? 'user.staff_give' : 'user.staff_take', { name }), text: t(on ? 'user.staff_text' : 'user.staff_end'), yes: t(on ? 'go_on' : 'user.take'), danger: !on })} />
			<${Switch} checked=${user.is_superuser} label=${t('user.superuser')} disabled=${!is_superuser.value || mine} change=${(on) => change({ is_superuser: on },
				{ title: t(on ? 'user.superuser_give' : 'user.superuser_take', { name }), text: t(on ? 'user.superuser_text' : 'user.superuser_end'), yes: t(on ? 'go_on' : 'user.take'), danger: true })} />
		</div>
	<//>`;
}

function Countries({ user, set })
{
	const form = use_form({ allowed_countries: user.allowed_countries.join(', ') }, async (v) => {
		set(await patch(`/api/admin/users/${user.id}/`, { allowed_countries: words_of(v.allowed_countries).map((c) => c.toUpperCase()) }));
		toast(t('saved'));
	}, user.allowed_countries.join());

	if (!may_change(user) || (!is_superuser.value && me.value.id === user.id))
		return html`<${Card} title=${t('user.countries')}><p>${user.allowed_countries.length > 0 ? html`<bdi>${user.allowed_countries.join(', ')}</bdi>` : t('user.no_countries')}</p><//>`;
	return html`<${Card} title=${t('user.countries')}>
		<${Form} form=${form}>
			<${Field} form=${form} name="allowed_countries" label=${t('user.countries_label')} hint=${t('user.countries_hint')} dir="ltr" autocomplete="off" spellcheck=${false} />
			<div class="form-actions"><${Submit} form=${form}>${t('save')}<//></div>
		<//>
	<//>`;
}

function Groups({ user })
{
	const groups = use_data(() => get(`/api/admin/users/${user.id}/groups/`), String(user.id));
	const said = groups.data ? groups.data.groups.join(', ') : '';
	const form = use_form({ groups: said }, async (v) => {
		groups.set(await put(`/api/admin/users/${user.id}/groups/`, { groups: words_of(v.groups) }));
		toast(t('saved'));
	}, said);

	return html`<${Card} title=${t('user.groups')}>
		<${Loaded} of=${groups}>${() => (is_superuser.value ? html`<${Form} form=${form}>
			<${Field} form=${form} name="groups" label=${t('user.groups_label')} hint=${t('user.groups_hint')} dir="ltr" autocomplete="off" spellcheck=${false} />
			<div class="form-actions"><${Submit} form=${form}>${t('save')}<//></div>
		<//>` : html`<p>${said ? html`<bdi>${said}</bdi>` : t('user.no_groups')}</p>`)}<//>
	<//>`;
}

function Grave({ user, reload, set_version })
{
	const path = `/api/admin/users/${user.id}/`;
	const name = name_of(user);
	const ask = (what) => dialog({ danger: true, title: what.title, body: Reason, props: what });

	async function sign_out()
	{
		if (await confirm({ title: t('users.sign_out'), text: t('users.sign_out_text'), yes: t('users.sign_out'), danger: true, act: () => post(`${path}sign-out/`) })) {
			toast(t('user.signed_out'));
			set_version((v) => v + 1);
		}
	}
	async function reset_password()
	{
		if (await confirm({ title: t('user.reset'), text: t('user.reset_text'), yes: t('user.reset_yes'), act: () => post(`${path}reset-password/`) }))
			toast(t('user.reset_done'));
	}
	async function reset_factors()
	{
		if (await ask({ title: t('user.factors'), text: t('user.factors_text'), yes: t('user.factors_yes'), act: (reason) => post(`${path}reset-factors/`, { reason }) })) {
			toast(t('user.factors_done'));
			reload();
		}
	}
	async function impersonate()
	{
		if (await ask({ title: t('user.act', { name: isolated(name) }), text: t('user.act_text'), warn: t('user.act_warn'), yes: t('user.act_yes'),
			act: (reason) => post(`${path}impersonate/`, { reason, cookie: true }) }))
			location.assign('/console/');
	}
	async function remove()
	{
		const typed = user.email || user.phone_number || String(user.id);
		if (await confirm({ title: t('user.delete'), text: t('user.delete_text', { name: isolated(name) }), yes: t('user.delete'), danger: true, typed,
			act: () => del(`/api/users/${user.id}/`) })) {
			toast(t('user.deleted'));
			go('/console/users/');
		}
	}
	return html`<${Card} title=${t('user.steps')} class="grave"><ul class="steps-list">
		<li><div><b>${t('users.sign_out')}</b><p class="soft small">${t('users.sign_out_text')}</p></div><${Act} icon="out" act=${sign_out}>${t('users.sign_out')}<//></li>
		<li><div><b>${t('user.reset')}</b><p class="soft small">${t('user.reset_text')}</p></div><${Act} icon="key" act=${reset_password}>${t('user.reset_yes')}<//></li>
		${is_superuser.value && html`
			<li><div><b>${t('user.factors')}</b><p class="soft small">${t('user.factors_text')}</p></div><${Act} kind="danger" icon="shield" act=${reset_factors}>${t('user.factors_yes')}<//></li>
			<li><div><b>${t('user.act_short')}</b><p class="soft small">${t('user.act_text')}</p></div><${Act} kind="danger" icon="user" act=${impersonate}
				disabled=${!user.is_active || user.is_superuser}>${t('user.act_yes')}<//></li>`}
		<li><div><b>${t('user.delete')}</b><p class="soft small">${t('user.delete_short')}</p></div><${Act} kind="danger" icon="trash" act=${remove}
			disabled=${me.value && me.value.id === user.id}>${t('user.delete')}<//></li>
	</ul><//>`;
}

function Page({ user, set, reload })
{
	const [version, set_version] = useState(0);
	const proved = (on) => (on ? t('user.proved') : t('user.not_proved'));

	async function edit()
	{
		const got = await dialog({ title: t('user.edit'), body: EditUser, props: { user }, wide: true });
		if (!got)
			return;
		const waits = got.pending_email || got.pending_phone;
		toast(waits ? t('user.pending', { to: ltr(waits) }) : t('saved'));
		reload();
	}

	const may = may_change(user);

	return html`<${Head} title=${name_of(user)} back=${['/console/users/', t('nav.users')]} lead=${html`<${Marks} user=${user} />`}>
		${may && html`<button type="button" class="button" onClick=${edit}>${t('user.edit')}</button>`}
		<a class="button" href=${`/console/deliveries/?by=user&for=${user.id}`}>${t('user.deliveries')}</a>
		<a class="button" href=${`/console/subscriptions/?user_id=${user.id}`}>${t('user.devices')}</a>
		<a class="button" href=${`/console/audit/?user_id=${user.id}`}>${t('user.audit')}</a>
	<//>
	<div class="columns">
		<${Card} title=${t('user.account')}>
			<${Facts} rows=${[
				[t('user.id'), `#${user.id}`],
				[t('users.email'), user.email ? html`<${Addr} text=${user.email} /> <span class="soft small">${proved(user.email_verified)}</span>` : null],
				[t('users.phone'), user.phone_number ? html`<bdi>${user.phone_number}</bdi> <span class="soft small">${proved(user.phone_verified)}</span>` : null],
				[t('user.language'), user.locale ? html`<bdi>${language_name(user.locale)}</bdi>` : null],
				[t('user.zone'), user.time_zone ? html`<bdi>${user.time_zone}</bdi>` : null],
				[t('user.country'), known(user.country) ? html`<bdi>${country_name(user.country)}</bdi>` : null],
				[t('users.last_login'), html`<${Time} value=${user.last_login_at} none=${t('users.never')} />${user.last_login_ip ? html` · <bdi>${user.last_login_ip}</bdi>` : ''}`],
				[t('users.since'), html`<${Time} value=${user.created_at} absolute />`],
				user.purge_at ? [t('user.purge'), html`<${Time} value=${user.purge_at} absolute />`] : null,
			].filter(Boolean)} />
		<//>
		<div>
			<${Rights} user=${user} set=${set} />
			<${Countries} user=${user} set=${set} />
			<${Groups} user=${user} />
		</div>
	</div>
	<section class="under"><h2>${t('user.sessions')}</h2><${SessionList} user=${user.id} version=${version} fixed=${!may} /></section>
	${may ? html`<${Grave} user=${user} reload=${reload} set_version=${set_version} />` : html`<p class="soft">${t('user.peer')}</p>`}`;
}

export default function User({ params })
{
	const user = use_data(() => get(`/api/admin/users/${encodeURIComponent(params.id)}/`), params.id);

	if (user.error && !user.data)
		return html`<${Head} title=${t('nav.user')} back=${['/console/users/', t('nav.users')]} /><${Loaded} of=${user}>${() => null}<//>`;
	return html`<${Loaded} of=${user}>${(u) => html`<${Page} user=${u} set=${user.set} reload=${user.reload} />`}<//>`;
}
