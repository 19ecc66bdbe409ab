/* Who this person is here: name, language and zone; number and e-mail, which change only when a code proves the new one. */
import { html, useState } from '../lib.js';
import { Field, Form, Submit, use_form } from '../form.js';
import { Addr, Badge, Card, Head } from '../ui.js';
import { Code } from '../code.js';
import { dialog } from '../dialog.js';
import { patch, post } from '../api.js';
import { load_me, me } from '../state.js';
import { latin, ltr, t } from '../i18n.js';
import { date } from '../time.js';
import { toast } from '../toast.js';

const zones = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : ['UTC', 'Asia/Tehran', 'Europe/Berlin'];
const or_null = (v) => (v === '' ? null : v);

function About()
{
	const user = me.value;
	const form = use_form({ first_name: user.first_name, last_name: user.last_name, birthday: user.birthday || '', gender: user.gender || '',
		locale: user.locale || '', time_zone: user.time_zone || '' }, async (v) => {
		me.value = await patch('/api/auth/profile/', { ...v, birthday: or_null(v.birthday), gender: or_null(v.gender), locale: or_null(v.locale), time_zone: or_null(v.time_zone) });
		toast(t('saved'));
	});

	return html`<${Card} title=${t('profile.about')} lead=${t('profile.about_lead')}>
		<${Form} form=${form}>
			<div class="pair">
				<${Field} form=${form} name="first_name" label=${t('profile.first_name')} autocomplete="given-name" maxlength="150" />
				<${Field} form=${form} name="last_name" label=${t('profile.last_name')} autocomplete="family-name" maxlength="150" />
			</div>
			<div class="pair">
				<${Field} form=${form} name="birthday" label=${t('profile.birthday')} type="date" autocomplete="bday" />
				<${Field} form=${form} name="gender" label=${t('profile.gender')} type="select" options=${[['', t('profile.unsaid')], ['F', t('profile.female')], ['M', t('profile.male')]]} />
			</div>
			<div class="pair">
				<${Field} form=${form} name="locale" label=${t('profile.locale')} hint=${t('profile.locale_hint')} type="select"
					options=${[['', t('profile.site_choice')], ['en', 'English'], ['fa', 'فارسی'], ...(['', 'en', 'fa'].includes(form.values.locale) ? [] : [[form.values.locale, form.values.locale]])]} />
				<${Field} form=${form} name="time_zone" label=${t('profile.time_zone')} hint=${t('profile.time_zone_hint')} type="select"
					options=${[['', t('profile.site_choice')], ...zones.map((z) => [z, z.replace(/_/g, ' ')])]} />
			</div>
			<div class="form-actions"><${Submit} form=${form}>${t('save')}<//></div>
		<//>
	<//>`;
}

/* A new number or address: where it is, then the code that was sent there. */
function Change({ kind, close })
{
	const [flow, set_flow] = useState(/** @type {any} */ (null));
	const phone = kind === 'phone';
	const form = use_form({ to: '' }, async ({ to }) => {
		const address = phone ? latin(to) : to.trim();
		const begun = await post(phone ? '/api/auth/number/change/' : '/api/auth/email/change/', phone ? { new_phone_number: address } : { new_email: address });
		set_flow({ register_id: begun.register_id, to: address });
	});
	/* What the API calls the field is not what this form does. */
	const wrong = form.errors.new_phone_number || form.errors.new_email;
	form.errors = wrong ? { to: wrong } : form.errors;

	if (flow)
		return html`<p>${t('profile.code_sent', { to: ltr(flow.to) })}</p>
			<${Code} flow=${flow} send=${(code) => post('/api/auth/otp/verify/?tokens=cookie', { register_id: flow.register_id, otp_code: code })}
				again=${async () => set_flow({ ...flow, ...await post('/api/auth/otp/refresh/', { register_id: flow.register_id }) })}
				done=${async () => {
					await load_me();
					toast(t('profile.changed'));
					close(true);
				}} />`;
	return html`<${Form} form=${form}>
		<p class="soft">${phone ? t('profile.phone_how') : t('profile.email_how')}</p>
		<${Field} form=${form} name="to" label=${phone ? t('profile.new_phone') : t('profile.new_email')} type=${phone ? 'tel' : 'email'} dir="ltr"
			autocomplete=${phone ? 'tel' : 'email'} autofocus />
		<div class="dialog-actions"><button type="button" class="button" onClick=${() => close()}>${t('cancel')}</button>
			<${Submit} form=${form}>${t('profile.send_code')}<//></div>
	<//>`;
}

/* Proves the address that is there already. */
function Prove({ kind, close })
{
	const [sent, set_sent] = useState(false);
	const form = use_form({}, async () => {
		await post('/api/otp/send/', { email_or_phone: kind });
		set_sent(true);
	});

	if (sent)
		return html`<p>${t('profile.code_sent', { to: ltr(kind === 'email' ? me.value.email : me.value.phone_number) })}</p>
			<${Code} flow=${{}} send=${(code) => post('/api/otp/verify/', { code })} done=${async () => {
				await load_me();
				toast(t('profile.proved_now'));
				close(true);
			}} />`;
	return html`<${Form} form=${form}><p>${t('profile.prove_how')}</p>
		<div class="dialog-actions"><button type="button" class="button" onClick=${() => close()}>${t('cancel')}</button>
			<${Submit} form=${form}>${t('profile.send_code')}<//></div><//>`;
}

function Contact({ kind, value, proved })
{
	const name = kind === 'phone' ? t('profile.phone') : t('profile.email');

	return html`<div class="line">
		<div class="line-text"><p class="soft small">${name}</p>
			<p class="row">${value ? html`<${Addr} text=${value} />` : t('profile.nothing')}${value && html`<${Badge} tone=${proved ? 'good' : 'warn'}>${proved ? t('profile.proved') : t('profile.unproved')}<//>`}</p></div>
		<div class="row">
			${value && !proved && html`<button type="button" class="button small" onClick=${() => dialog({ title: t('profile.prove'), body: Prove, props: { kind } })}>
				${t('profile.prove')}<span class="hidden"> ${name}</span></button>`}
			<button type="button" class="button small" onClick=${() => dialog({ title: kind === 'phone' ? t('profile.change_phone') : t('profile.change_email'), body: Change, props: { kind } })}>
				${value ? t('profile.change') : t('profile.add')}<span class="hidden"> ${name}</span></button>
		</div>
	</div>`;
}

export default function Profile()
{
	const user = me.value;

	return html`<${Head} title=${t('nav.profile')} lead=${t('profile.since', { date: date(user.created_at) })} />
		<${Card} title=${t('profile.contact')} lead=${t('profile.contact_lead')}>
			<${Contact} kind="email" value=${user.email} proved=${user.email_verified} />
			<${Contact} kind="phone" value=${user.phone_number} proved=${user.phone_verified} />
		<//>
		<${About} />`;
}
