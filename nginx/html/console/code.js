/* Six digits from a message: offered by the phone, pasted or typed in any digits, sent when the last is there. */
import { html, useId, useRef, useState } from './lib.js';
import { sentence_of } from './api.js';
import { latin, t } from './i18n.js';
import { toast } from './toast.js';

const DIGITS = 6;

/**
 * @param {{flow: any, send: (code: string) => Promise<any>, done: (answer: any) => any, again?: () => Promise<any>, label?: string}} props
 *	`send` gives the code to the API; `again` asks for another
 */
export function Code({ send, done, again, label })
{
	const [said, set_said] = useState('');
	const [busy, set_busy] = useState(false);
	const sending = useRef(false);
	const [trouble, set_trouble] = useState('');
	const tried = useRef('');
	const id = useId();

	async function go(code)
	{
		if (sending.current || code.length === 0)
			return;
		sending.current = true;
		tried.current = code;
		set_busy(true);
		set_trouble('');
		try {
			await done(await send(code));
		} catch (e) {
			set_trouble(sentence_of(e));
			set_busy(false);
			sending.current = false;
			document.getElementById(id)?.select();
		}
	}
	return html`<form class="code-form" onSubmit=${(e) => { e.preventDefault(); go(latin(said)); }}>
		<div class="field">
			<label for=${id}>${label || t('code.label')}</label>
			<input id=${id} class="code-input" dir="ltr" inputmode="numeric" autocomplete="one-time-code" autofocus value=${said}
				aria-invalid=${trouble ? 'true' : undefined} aria-describedby=${`${id}-wrong`} onInput=${(e) => {
					const code = latin(e.target.value).replace(/\D/g, '').slice(0, DIGITS);
					set_said(code);
					if (/^\d{6}$/.test(code) && code !== tried.current)
						go(code);
				}} />
			<p class="wrong" id=${`${id}-wrong`} role="alert" dir="auto">${trouble}</p>
		</div>
		<div class="dialog-actions">
			${again && html`<button type="button" class="link" onClick=${() => again().then(() => toast(t('code.sent_again')), (e) => set_trouble(sentence_of(e)))}>${t('code.again')}</button>`}
			<button class="button primary" disabled=${busy}>${busy && html`<span class="spinner" aria-hidden="true" />`}${t('go_on')}</button>
		</div>
	</form>`;
}
