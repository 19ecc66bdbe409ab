/*
 * "Is it you?": before a grave step the API wants a sign-in of the last
 * minutes (reauth_required).  Asks for the password, or for a code where there
 * is none or a second factor serves.
 */
import { html, useEffect, useId, useState } from './lib.js';
import { dialog } from './dialog.js';
import { call, sentence_of } from './api.js';
import { latin, ltr, t } from './i18n.js';

let asking = null;

/* One way to prove it. */
const quietly = (method, path, body) => call(method, path, { body, reauth: false, public: true, patient: true });

function Ask({ close })
{
	const [methods, set_methods] = useState(/** @type {string[]} */ ([]));
	const [how, set_how] = useState('password');
	const [value, set_value] = useState('');
	const [sent, set_sent] = useState(/** @type {any} */ (null));
	const [trouble, set_trouble] = useState('');
	const [busy, set_busy] = useState(false);
	const id = useId();

	useEffect(() => {
		call('GET', '/api/auth/mfa/').then((m) => set_methods(m.methods.length ? m.methods : ['sms', 'email'])).catch(() => {});
	}, []);

	async function choose(method)
	{
		set_trouble('');
		set_value('');
		set_sent(null);
		set_how(method);
		if (method !== 'sms' && method !== 'email')
			return;
		try {
			set_sent(await quietly('POST', '/api/auth/reauth/challenge/', { method }));
		} catch (e) {
			set_trouble(sentence_of(e));
		}
	}

	async function send(event)
	{
		event.preventDefault();
		if (busy || !value.trim())
			return;
		set_busy(true);
		set_trouble('');
		try {
			await quietly('POST', '/api/auth/reauth/?tokens=cookie', how === 'password' ? { password: value }
				: { code: latin(value), method: how, ...(sent && sent.register_id ? { register_id: sent.register_id } : {}) });
			close(true);
		} catch (e) {
			set_trouble(sentence_of(e));
			set_busy(false);
		}
	}

	const label = how === 'password' ? t('reauth.password') : how === 'recovery' ? t('reauth.recovery') : t('reauth.code');
	return html`<form onSubmit=${send}>
		<p>${t('reauth.why')}</p>
		${sent && sent.sent_to && html`<p class="soft">${t('reauth.sent', { to: ltr(sent.sent_to) })}</p>`}
		<div class="field">
			<label for=${id}>${label}</label>
			<input id=${id} key=${how} type=${how === 'password' ? 'password' : 'text'} dir="ltr" autofocus
				autocomplete=${how === 'password' ? 'current-password' : how === 'recovery' ? 'off' : 'one-time-code'}
				inputmode=${how === 'password' || how === 'recovery' ? undefined : 'numeric'}
				value=${value} onInput=${(e) => set_value(e.target.value)} />
		</div>
		${trouble && html`<p class="trouble" role="alert" dir="auto">${trouble}</p>`}
		<p class="ways">${['password', ...methods].filter((m) => m !== how).map((m) => html`<button key=${m} type="button" class="link"
			onClick=${() => choose(m)}>${t(`reauth.by.${m}`)}</button>`)}</p>
		<div class="dialog-actions">
			<button type="button" class="button" onClick=${() => close(false)}>${t('cancel')}</button>
			<button class="button primary" disabled=${busy}>${busy && html`<span class="spinner" aria-hidden="true" />`}${t('go_on')}</button>
		</div>
	</form>`;
}

/**
 * Asks once, for however many calls wait for it.
 * @returns {Promise<boolean>}
 */
export function ask_who()
{
	asking = asking || dialog({ title: t('reauth.title'), body: Ask }).then((ok) => {
		asking = null;
		return Boolean(ok);
	});
	return asking;
}
