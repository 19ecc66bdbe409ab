/* How this account is opened: password, second steps, recovery codes, other sites. */
import { html, useState } from '../lib.js';
import { Field, Form, Submit, use_form } from '../form.js';
import { Icon } from '../icons.js';
import { Act, Badge, Card, Copy, Head, Loaded, use_data } from '../ui.js';
import { Code } from '../code.js';
import { confirm, dialog } from '../dialog.js';
import { Time } from '../time.js';
import { del, get, patch, post } from '../api.js';
import { me } from '../state.js';
import { number, t } from '../i18n.js';
import { toast } from '../toast.js';

function Password()
{
	const form = use_form({ old_password: '', new_password: '' }, async (v) => {
		await post('/api/auth/password/change/', v, { patient: true });
		form.reset();
		toast(t('security.password_done'));
	});

	return html`<${Card} title=${t('security.password')} lead=${t('security.password_lead')}>
		<${Form} form=${form}>
			<input class="hidden" tabindex="-1" aria-hidden="true" autocomplete="username" value=${me.value.email || me.value.phone_number} readonly />
			<${Field} form=${form} name="old_password" label=${t('security.old')} type="password" dir="ltr" autocomplete="current-password" />
			<${Field} form=${form} name="new_password" label=${t('security.new')} type="password" dir="ltr" autocomplete="new-password" hint=${t('security.new_hint')} />
			<div class="form-actions"><${Submit} form=${form}>${t('security.password_go')}<//><a href="/console/reset/">${t('security.forgot')}</a></div>
		<//>
	<//>`;
}

function Codes({ codes, close })
{
	const text = codes.join('\n');
	const save = () => {
		const a = document.createElement('a');
		a.href = URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/plain' }));
		a.download = 'gatepost-recovery-codes.txt';
		a.click();
		setTimeout(() => URL.revokeObjectURL(a.href), 10000);
	};

	return html`<p>${t('security.codes_text')}</p>
		<div class="codes" dir="ltr" data-verbatim>${codes.map((c) => html`<code key=${c}>${c}</code>`)}</div>
		<div class="dialog-actions"><${Act} icon="copy" act=${() => navigator.clipboard.writeText(text).then(() => true)} done=${t('copied')}>${t('copy')}<//>
			<button type="button" class="button" onClick=${save}><${Icon} name="download" size="16" />${t('security.codes_save')}</button>
			<button type="button" class="button primary" onClick=${() => close(true)}>${t('security.codes_kept')}</button></div>`;
}

const show_codes = (codes) => dialog({ title: t('security.codes'), body: Codes, props: { codes }, wide: true });

function Authenticator({ begun, close })
{
	return html`<ol class="recipe">
			<li>${t('security.totp_1')}</li>
			<li>${t('security.totp_2')}
				<p class="qr"><img alt=${t('security.qr')} width="180" height="180" src=${`data:image/svg+xml,${encodeURIComponent(begun.qr_svg)}`} /></p>
				<p class="here"><a href=${begun.otpauth_uri}>${t('security.this_phone')}</a></p>
				<details><summary>${t('security.no_camera')}</summary><${Copy} text=${begun.secret} /></details></li>
			<li>${t('security.totp_3')}</li>
		</ol>
		<${Code} flow=${begun} send=${(code) => post('/api/auth/mfa/totp/confirm/?tokens=cookie', { code })} done=${close} />`;
}

function Factor({ name, text, on, children })
{
	return html`<div class="line">
		<div class="line-text"><p class="row"><b>${name}</b><${Badge} tone=${on ? 'good' : 'plain'}>${on ? t('security.on') : t('security.off')}<//></p><p class="soft small">${text}</p></div>
		<div class="row">${children}</div>
	</div>`;
}

function Factors()
{
	const mfa = use_data(() => get('/api/auth/mfa/'));

	async function begin()
	{
		const begun = await post('/api/auth/mfa/totp/');
		const done = await dialog({ title: t('security.totp_add'), body: Authenticator, props: { begun } });
		if (done) {
			if (done.recovery_codes && done.recovery_codes.length)
				await show_codes(done.recovery_codes);
			toast(t('security.factor_on'));
		}
		await mfa.reload();
	}
	async function end()
	{
		if (await confirm({ title: t('security.totp_remove'), text: t('security.remove_text'), yes: t('security.remove'), danger: true,
			act: () => del('/api/auth/mfa/totp/') }))
			toast(t('security.factor_off'));
		await mfa.reload();
	}
	async function turn(channel, on)
	{
		if (!on && !await confirm({ title: t('security.channel_remove'), text: t('security.remove_text'), yes: t('security.remove'), danger: true }))
			return;
		const done = await patch('/api/auth/mfa/', { [channel]: on });
		if (done.recovery_codes && done.recovery_codes.length)
			await show_codes(done.recovery_codes);
		toast(on ? t('security.factor_on') : t('security.factor_off'));
		await mfa.reload();
	}
	async function renew()
	{
		const done = await confirm({ title: t('security.codes_new'), text: t('security.codes_new_text'), yes: t('security.codes_make'),
			act: () => post('/api/auth/mfa/recovery-codes/') });
		if (done)
			await show_codes(done.value.recovery_codes);
		await mfa.reload();
	}

	return html`<${Card} title=${t('security.second')} lead=${t('security.second_lead')}><${Loaded} of=${mfa}>${(m) => html`
		<${Factor} name=${t('security.totp')} text=${t('security.totp_text')} on=${m.totp}>
			${m.totp ? html`<${Act} kind="small danger" act=${end}>${t('security.remove')}<span class="hidden"> ${t('security.totp')}</span><//>`
			: html`<${Act} kind="small" act=${begin}>${t('security.set_up')}<span class="hidden"> ${t('security.totp')}</span><//>`}<//>
		${/** @type {[string, boolean][]} */ ([['sms', me.value.phone_verified], ['email', me.value.email_verified]]).map(([channel, can]) => html`
			<${Factor} key=${channel} name=${t(`security.${channel}`)} text=${can ? t(`security.${channel}_text`) : t(`security.${channel}_none`)} on=${m[channel]}>
				${can || m[channel] ? html`<${Act} kind=${`small ${m[channel] ? 'danger' : ''}`} act=${() => turn(channel, !m[channel])}>
					${m[channel] ? t('security.remove') : t('security.turn_on')}<span class="hidden"> ${t(`security.${channel}`)}</span><//>`
				: html`<a class="button small" href="/console/profile/">${t('security.to_profile')}<span class="hidden"> ${t(`security.${channel}`)}</span></a>`}<//>`)}
		<${Factor} name=${t('security.recovery')} text=${m.enabled ? t('security.recovery_left', { n: number(m.recovery_codes_left) }) : t('security.recovery_text')} on=${m.recovery_codes_left > 0}>
			${m.enabled && html`<${Act} kind="small" act=${renew}>${t('security.codes_make')}<//>`}<//>`}<//><//>`;
}

function Sites()
{
	const linked = use_data(() => get('/api/auth/social/'));
	const offered = use_data(() => get('/api/auth/social/providers/'));

	async function connect(provider)
	{
		const { authorization_url: to } = await post(`/api/auth/social/${provider}/link/`, { next: '/console/security/' });
		location.assign(to);
	}
	return html`<${Card} title=${t('security.sites')} lead=${t('security.sites_lead')}><${Loaded} of=${linked}>${({ results }) => {
		const others = ((offered.data && offered.data.results) || []).filter((p) => !results.some((r) => r.provider === p.provider));
		const label = (p) => (((offered.data && offered.data.results) || []).find((x) => x.provider === p) || { label: p }).label;
		return html`${results.map((r) => html`<div class="line" key=${r.id}>
				<div class="line-text"><p><b>${label(r.provider)}</b></p><p class="soft small"><bdi>${r.email || r.name || ''}</bdi> · ${t('security.used')} <${Time} value=${r.used_at} /></p></div>
				<${Act} kind="small danger" act=${async () => {
					const gone = await confirm({ title: t('security.disconnect'), text: t('security.disconnect_text', { site: label(r.provider) }),
						yes: t('security.disconnect'), danger: true, act: () => del(`/api/auth/social/${r.id}/`) });
					if (gone)
						await linked.reload();
				}}>${t('security.disconnect')}<span class="hidden"> ${label(r.provider)}</span><//></div>`)}
			${others.map((p) => html`<div class="line" key=${p.provider}><div class="line-text"><p><b>${p.label}</b></p><p class="soft small">${t('security.not_connected')}</p></div>
				<${Act} kind="small" act=${() => connect(p.provider)}>${t('security.connect')}<span class="hidden"> ${p.label}</span><//></div>`)}
			${results.length + others.length === 0 && html`<p class="soft">${t('security.no_sites')}</p>`}`;
	}}<//><//>`;
}

export default function Security()
{
	return html`<${Head} title=${t('nav.security')} lead=${t('security.lead')}><a class="button" href="/console/sessions/">${t('security.see_sessions')}</a><//>
		<${Factors} /><${Password} /><${Sites} />`;
}
