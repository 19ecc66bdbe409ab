/* An account's name, dates and addresses, as an administrator mends them: only what was changed is sent. */
import { html } from '../lib.js';
import { Actions, Field, Form, use_form } from '../form.js';
import { patch } from '../api.js';
import { latin, t } from '../i18n.js';

/** @param {{user: any, close: (v?: any) => void}} props  closes with what the API answered; `pending_…` of it waits for a proof */
export function EditUser({ user, close })
{
	const first = { first_name: user.first_name, last_name: user.last_name, birthday: user.birthday || '', gender: user.gender || '',
		email: user.email || '', phone: user.phone_number || '' };
	const form = use_form(first, async (v) => {
		const now = { ...v, email: v.email.trim(), phone: latin(v.phone) };
		const body = Object.fromEntries(Object.entries(now).filter(([n, x]) => x !== first[n])
			.map(([n, x]) => [n, x === '' && (n === 'birthday' || n === 'gender') ? null : x]));
		close(Object.keys(body).length > 0 ? await patch(`/api/users/${user.id}/`, body) : undefined);
	});

	return html`<${Form} form=${form}>
		<div class="pair">
			<${Field} form=${form} name="first_name" label=${t('user.first_name')} autocomplete="off" maxlength="150" />
			<${Field} form=${form} name="last_name" label=${t('user.last_name')} autocomplete="off" maxlength="150" />
		</div>
		<div class="pair">
			<${Field} form=${form} name="birthday" label=${t('user.birthday')} type="date" autocomplete="off" />
			<${Field} form=${form} name="gender" label=${t('user.gender')} type="select" options=${[['', t('user.unsaid')], ['F', t('user.female')], ['M', t('user.male')]]} />
		</div>
		<div class="pair">
			<${Field} form=${form} name="email" label=${t('users.email')} type="email" dir="ltr" autocomplete="off" />
			<${Field} form=${form} name="phone" label=${t('users.phone')} type="tel" dir="ltr" autocomplete="off" />
		</div>
		<p class="hint">${t('user.edit_hint')}</p>
		<${Actions} form=${form} close=${close}>${t('save')}<//>
	<//>`;
}
