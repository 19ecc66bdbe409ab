/*
 * "Is it you?": before a grave step the API wants a sign-in of the last
 * minutes (reauth_required).  Asks for the password, or for a code where there
 * is none; where a second factor is on, for that.  And where the session has
 * ended while somebody was filling in a form: they sign in elsewhere, and go on.
 */
import { html, useEffect, useId, useState } from './lib.js';
import { dialog } from './dialog.js';
import { call, in_turn, sentence_of, sign_in_address } from './api.js';
import { latin, ltr, t } from './i18n.js';
import { me } from './state.js';

let asking = null, over = null;

/* One at a time among all tabs, or two would look like a theft. */
function fresh_token()
{
	const work = () => call('POST', '/api/auth/token/refresh/?tokens=cookie', { body: {}, public: true });
	return in_turn(work);
}

/* A 401 is an answer here: wrong; of a token that ran out meanwhile, once a fresh one is there, it is asked again. */
async function quietly(method, path, body)
{
	const how = { body, reauth: false, public: true, patient: true };

	try {
		return await call(method, path, how);
	} catch (e) {
		if (e.status !== 401 || !['invalid_token', 'token_expired', 'sign_in_required'].includes(e.code))
			throw e;
		await fresh_token().catch(() => {});
		return call(method, path, how);
	}
}

function Ask({ close })
{
	const [ways, set_ways] = useState(['password']);
	const [how, set_how] = useState('password');
	const [value, set_value] = useState('');
	const [sent, set_sent] = useState(/** @type {any} */ (null));
	const [trouble, set_trouble] = useState('');
	const [busy, set_busy] = useState(false);
	const id = useId();

	useEffect(() => {
		call('GET', '/api/auth/mfa/').then((m) => {
			set_ways(m.enabled ? m.methods : ['password', 'sms', 'email']);
			if (m.enabled)
				choose(m.methods[0]);	/* the password alone would be refused */
		}).catch(() => { /* the password, then */ });
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

	const label = how === 'password' ? t('reauth.password') : how === 'recovery' ? t('reauth.recovery') : how === 'totp' ? t('reauth.totp') : t('reauth.code');
	return html`<form onSubmit=${send}>
		<p>${t('reauth.why')}</p>
		${sent && sent.sent_to && html`<p class="soft">${t('reauth.sent', { to: ltr(sent.sent_to) })}</p>`}
		<div class="field">
			<label for=${id}>${label}</label>
			<input id=${id} key=${how} type=${how === 'password' ? 'password' : 'text'} dir="ltr" autofocus
				autocomplete=${how === 'password' ? 'current-password' : how === 'recovery' ? 'off' : 'one-time-code'}
				inputmode=${how === 'password' || how === 'recovery' ? undefined : 'numeric'}
				aria-invalid=${trouble ? 'true' : undefined} aria-describedby=${trouble ? `${id}-wrong` : undefined} value=${value} onInput=${(e) => set_value(e.target.value)} />
			${trouble && html`<p class="wrong" id=${`${id}-wrong`} role="alert" dir="auto">${trouble}</p>`}
		</div>
		<p class="ways">${ways.filter((m) => m !== how).map((m) => html`<button key=${m} type="button" class="link"
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

function Over({ close })
{
	const [trouble, set_trouble] = useState('');

	async function go_on(event)
	{
		event.preventDefault();
		try {
			const now = await quietly('GET', '/api/auth/profile/');
			if (now.id === me.value.id)
				close(true);
			else
				set_trouble(t('over.other'));
		} catch (e) {
			set_trouble(e.status === 401 ? t('over.not_yet') : sentence_of(e));
		}
	}
	return html`<form onSubmit=${go_on}>
		<p>${t('over.text')}</p>
		<p><a class="button" href=${sign_in_address()} target="_blank" rel="noopener">${t('over.sign_in')}</a></p>
		${trouble && html`<p class="trouble" role="alert" dir="auto">${trouble}</p>`}
		<div class="dialog-actions">
			<button type="button" class="button" onClick=${() => close(false)}>${t('cancel')}</button>
			<button class="button primary">${t('go_on')}</button>
		</div>
	</form>`;
}

/**
 * The session has ended: asks to sign in in another tab, once for however many calls wait.
 * @returns {Promise<boolean>}  whether the same person is signed in again
 */
export function ask_sign_in()
{
	over = over || dialog({ title: t('over.title'), body: Over }).then((ok) => {
		over = null;
		return Boolean(ok);
	});
	return over;
}
