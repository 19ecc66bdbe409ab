/* What the pages of webhooks share. */
import { html } from '../lib.js';
import { Field } from '../form.js';
import { Badge, Copy } from '../ui.js';
import { t, word } from '../i18n.js';

export const EVENTS = ['sent', 'delivered', 'read', 'failed', 'skipped', 'expired', 'cancelled', 'unsure'];

/** The chosen events of a form; all of them is none in particular. */
export const events_of = (v) => (EVENTS.every((e) => v[e]) ? [] : EVENTS.filter((e) => v[e]).map((e) => `delivery.${e}`));

/** The form's values of a webhook, or of a new one. */
export const values_of = (h) => ({ url: h ? h.url : '', description: h ? h.description : '',
	...Object.fromEntries(EVENTS.map((e) => [e, !h || h.events.length === 0 || h.events.includes(`delivery.${e}`)])) });

/** @param {{form: any}} props */
export function HookFields({ form })
{
	return html`<${Field} form=${form} name="url" label=${t('webhooks.url')} hint=${t('webhooks.url_hint')} dir="ltr" inputmode="url" required />
		<${Field} form=${form} name="description" label=${t('webhooks.description')} />
		<fieldset class="field" id=${form.id('events')} tabindex="-1"><legend>${t('webhooks.events')}</legend>
			<div class="ticks">${EVENTS.map((e) => html`<${Field} key=${e} form=${form} name=${e} label=${word('state', e)} type="checkbox" />`)}</div>
			${form.errors.events && html`<p class="wrong">${form.errors.events.join(' ')}</p>`}
		</fieldset>`;
}

/** The one time that a secret is shown. @param {{secret: string, close: (v?: any) => void}} props */
export function Secret({ secret, close })
{
	return html`<div><p>${t('webhooks.secret_text')}</p><${Copy} text=${secret} block />
		<p class="soft small">${t('webhooks.secret_how')}</p>
		<div class="dialog-actions"><button type="button" class="button primary" onClick=${() => close(true)}>${t('webhooks.secret_kept')}</button></div></div>`;
}

/** One word for how a webhook is: active, failing, inactive (an administrator's doing) or switched_off (ours). */
export const state_of = (h) => (h.is_active ? (h.failing_since ? 'failing' : 'active') : h.disabled_reason && h.disabled_reason !== 'admin' ? 'switched_off' : 'inactive');

/** @param {{h: any}} props */
export function HookState({ h })
{
	const state = state_of(h);

	return html`<${Badge} tone=${{ active: 'good', failing: 'warn', switched_off: 'bad' }[state]}>${word('hook', state)}<//>`;
}
