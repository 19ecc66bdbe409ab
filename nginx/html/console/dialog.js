/*
 * Dialogs, asked for as one asks a function: `await` gives what the person
 * chose.  The browser's own <dialog> keeps the focus inside and gives it back.
 */
import { html, signal, useEffect, useId, useRef, useState } from './lib.js';
import { Icon } from './icons.js';
import { isolated, t, visible } from './i18n.js';
import { sentence_of } from './api.js';

const open = signal(/** @type {any[]} */ ([]));
let last = 0;

/**
 * Opens a dialog of one's own; `body` is a component that gets `close(value)`.
 * @param {{title: string, body: any, props?: object, wide?: boolean, danger?: boolean}} what
 * @returns {Promise<any>} what close() was given; undefined when it was closed otherwise
 */
export function dialog({ title, body, props = {}, wide = false, danger = false })
{
	return new Promise((done) => {
		const id = ++last;
		const close = (value) => {
			open.value = open.value.filter((d) => d.id !== id);
			done(value);
		};
		open.value = [...open.value, { id, title, body, props, wide, danger, close }];
	});
}

function Confirm({ text, detail, yes, no, danger, typed, act, close })
{
	const [said, set_said] = useState('');
	const [busy, set_busy] = useState(false);
	const [trouble, set_trouble] = useState('');
	const id = useId();
	const sending = useRef(false);
	/* As it is seen: what cannot be, and how wide a gap is, need not be typed. */
	const wanted = visible(typed || '');
	const ready = visible(said) === wanted || !wanted;

	async function go_ahead(event)
	{
		event.preventDefault();
		if (!ready || sending.current)
			return;
		if (!act)
			return close(true);
		sending.current = true;
		set_busy(true);
		try {
			close({ value: await act() });
		} catch (e) {
			set_trouble(sentence_of(e));
			set_busy(false);
			sending.current = false;
		}
	}

	return html`<form onSubmit=${go_ahead}>
		<p dir="auto">${text}</p>
		${detail && html`<p class="soft" dir="auto">${detail}</p>`}
		${wanted && html`<div class="field">
			<label for=${id}>${t('dialog.type', { typed: isolated(wanted) })}</label>
			<input id=${id} value=${said} autocomplete="off" spellcheck=${false} dir="auto" onInput=${(e) => set_said(e.target.value)} />
		</div>`}
		${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
		<div class="dialog-actions">
			<button type="button" class="button" onClick=${() => close(undefined)}>${no || t('cancel')}</button>
			<button class=${`button ${danger ? 'danger' : 'primary'}`} disabled=${!ready || busy}>${busy && html`<span class="spinner" aria-hidden="true" />`}${yes || t('go_on')}</button>
		</div>
	</form>`;
}

/**
 * Asks before something is done.  With `act`, does it while the dialog stands, shows there what went wrong, and answers
 * {value}; without, answers true.  undefined: no.
 * @param {{title: string, text: string, detail?: string, yes?: string, no?: string, danger?: boolean, typed?: string, act?: () => Promise<any>}} what
 *	`typed`: a name that must be typed first, for the gravest
 */
export function confirm({ title, danger = false, ...props })
{
	return dialog({ title, danger, body: Confirm, props: { ...props, danger } });
}

function One({ d })
{
	const ref = useRef(null);
	const label = useId();

	useEffect(() => {
		const el = ref.current;
		const before = document.activeElement;
		el.showModal();
		return () => {
			/* While it stands open, nothing else can have the focus. */
			el.close();
			if (before && before.isConnected)
				before.focus();
			else if (!document.querySelector('dialog[open]'))
				document.getElementById('content')?.focus({ preventScroll: true });
		};
	}, []);
	return html`<dialog ref=${ref} class=${`dialog${d.wide ? ' wide' : ''}`} aria-labelledby=${label}
		onCancel=${(e) => { e.preventDefault(); d.close(undefined); }}
		onMouseDown=${(e) => { if (e.target === ref.current) d.close(undefined); }}>
		<div class="dialog-box">
			<header class="dialog-head">
				<h2 id=${label}>${d.title}</h2>
				<button type="button" class="icon-button" aria-label=${t('close')} onClick=${() => d.close(undefined)}><${Icon} name="close" /></button>
			</header>
			<${d.body} ...${d.props} close=${d.close} />
		</div>
	</dialog>`;
}

export function Dialogs()
{
	return open.value.map((d) => html`<${One} key=${d.id} d=${d} />`);
}
