/*
 * Forms: a label bound to each field, what the API refuses shown beside the
 * field it names, a summary on top that leads there, and one sending at a time.
 *
 *	const form = use_form({ name: '' }, async (values) => { await post(...); });
 *	html`<${Form} form=${form}>
 *		<${Field} form=${form} name="name" label=${t('…')} />
 *		<${Submit} form=${form}>${t('save')}<//>
 *	<//>`
 */
import { html, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from './lib.js';
import { Icon } from './icons.js';
import { Problem, begun as unsent, sentence_of } from './api.js';
import { capital, t } from './i18n.js';

/** Says for as long as it is drawn whether it holds something that is not sent yet. @param {boolean} on */
export function use_unsent(on)
{
	const mark = useRef({}).current;

	useEffect(() => {
		unsent[on ? 'add' : 'delete'](mark);
		return () => { unsent.delete(mark); };
	}, [on]);
}

/**
 * @param {Record<string, any>} first  the values at the start; the form begins anew when `key` changes
 * @param {(values: Record<string, any>) => Promise<any>} send  false: nothing was sent after all
 * @param {any} [key]
 */
export function use_form(first, send, key = '')
{
	const [values, set_values] = useState(first);
	const [errors, set_errors] = useState(/** @type {Record<string, string[]>} */ ({}));
	const [trouble, set_trouble] = useState(/** @type {any} */ (null));
	const [busy, set_busy] = useState(false);
	const latest = useRef(values);
	const begun = useRef(key);
	const base = useId();
	const labels = useRef(/** @type {Record<string, string>} */ ({})).current;
	const sending = useRef(false);
	const [touched, set_touched] = useState(false);

	use_unsent(touched);
	latest.current = values;
	useEffect(() => {
		/* Not at the start: effects run after the page is drawn, and somebody may have typed by then. */
		if (begun.current === key)
			return;
		begun.current = key;
		set_values(first);
		set_errors({});
		set_trouble(null);
		set_touched(false);
	}, [key]);

	return useMemo(() => ({
		values, errors, trouble, busy, labels,
		id: (name) => `${base}-${name}`,
		set: (name, value) => {
			set_touched(true);
			set_values((v) => ({ ...v, [name]: value }));
			set_errors(({ [name]: _, ...rest }) => rest);
		},
		set_all: (v) => set_values(v),
		/** Shows words at a field, as the API's own would be. */
		refuse: (name, text) => set_errors((e) => ({ ...e, [name]: [text] })),
		reset: () => {
			set_values(first);
			set_errors({});
			set_trouble(null);
			set_touched(false);
		},
		submit: async (event) => {
			if (event)
				event.preventDefault();
			/* Not `busy`: a second press may come before it is drawn. */
			if (sending.current)
				return;
			sending.current = true;
			set_busy(true);
			set_errors({});
			set_trouble(null);
			try {
				if (await send(latest.current) !== false)
					set_touched(false);
			} catch (e) {
				set_errors(e instanceof Problem ? e.errors : {});
				set_trouble(e);
				if (!(e instanceof Problem))
					console.error(e);
			}
			sending.current = false;
			set_busy(false);
		},
	}), [values, errors, trouble, busy, base]);
}

function Summary({ form, labels })
{
	const ref = useRef(null);
	const names = Object.keys(form.errors);
	/* Refused for what stands in the fields, and nothing else: the list below says all, in the words of the form. */
	const fields = names.length > 0 && names.every((n) => labels[n]);

	/* Before it is drawn: later it would take the focus from whoever went on. */
	useLayoutEffect(() => {
		if (form.trouble && ref.current)
			ref.current.focus();
	}, [form.trouble]);
	/* What was refused in the fields is told until each was changed. */
	if (!form.trouble || (names.length === 0 && form.trouble instanceof Problem && Object.keys(form.trouble.errors).length > 0))
		return null;
	return html`<div ref=${ref} class="notice bad" role="alert" tabindex="-1">
		<${Icon} name="warn" />
		<div>
			${!fields ? html`<p dir="auto">${sentence_of(form.trouble)}</p>` : names.length > 1 && html`<p>${t('form.check')}</p>`}
			${names.length > 0 && html`<ul>${names.map((n) => html`<li key=${n}>
				<a href=${`#${form.id(n)}`} onClick=${(e) => {
					const el = document.getElementById(form.id(n));
					if (el) {
						e.preventDefault();
						el.focus();
					}
				}}><bdi>${labels[n] || n}</bdi>: <bdi>${[].concat(form.errors[n]).join(' ')}</bdi></a></li>`)}</ul>`}
			${!fields && form.trouble.request_id && html`<p class="small soft">${t('api.request')} <code>${form.trouble.request_id}</code></p>`}
		</div>
	</div>`;
}

/** @param {{form: any, children: any, labels?: Record<string, string>, class?: string}} props  `labels` name fields in the summary */
export function Form({ form, children, labels = {}, class: kind = 'form' })
{
	return html`<form class=${kind} onSubmit=${form.submit} novalidate>
		<${Summary} form=${form} labels=${{ ...form.labels, ...labels }} />
		${children}
	</form>`;
}

/**
 * One field.  `type`: as of <input>, or textarea, select, checkbox, switch.
 * @param {{form: any, name: string, label: string, type?: string, hint?: any, options?: [string, string][], rows?: number,
 *	[more: string]: any}} props
 */
export function Field({ form, name, label, type = 'text', hint, options = [], rows = 5, ...more })
{
	const id = form.id(name);
	const wrong = form.errors[name];
	const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(' ') || undefined;
	const value = form.values[name];
	const common = { id, name, 'aria-describedby': described, 'aria-invalid': wrong ? 'true' : undefined, ...more };

	form.labels[name] = label;
	const notes = html`
		${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
		${wrong && html`<p class="wrong" id=${`${id}-wrong`} dir="auto">${[].concat(wrong).join(' ')}</p>`}`;

	if (type === 'checkbox' || type === 'switch')
		return html`<div class="field check">
			<label for=${id}><input ...${common} type="checkbox" role=${type === 'switch' ? 'switch' : undefined} checked=${Boolean(value)}
				onChange=${(e) => form.set(name, e.target.checked)} /><span>${label}</span></label>${notes}</div>`;
	const input = (e) => form.set(name, e.target.value);
	return html`<div class="field">
		<label for=${id}>${label}</label>
		${type === 'textarea' ? html`<textarea ...${common} rows=${rows} dir=${more.dir || 'auto'} onInput=${input} value=${value ?? ''} />`
		: type === 'select' ? html`<select ...${common} value=${value ?? ''} onChange=${input}>
			${options.map(([v, text]) => html`<option key=${v} value=${v} selected=${v === (value ?? '')}>${capital(text)}</option>`)}</select>`
		: html`<input ...${common} type=${type} dir=${more.dir || 'auto'} value=${value ?? ''} onInput=${input} />`}
		${notes}
	</div>`;
}

/**
 * The end of a form in a dialog: out of it, or on.
 * @param {{form: any, close: (value?: any) => void, children: any, danger?: boolean}} props  children: what the button does
 */
export function Actions({ form, close, children, danger = false })
{
	return html`<div class="dialog-actions"><button type="button" class="button" onClick=${() => close(undefined)}>${t('cancel')}</button>
		<${Submit} form=${form} danger=${danger}>${children}<//></div>`;
}

/** @param {{form: any, children: any, danger?: boolean}} props */
export function Submit({ form, children, danger = false })
{
	return html`<button class=${`button ${danger ? 'danger' : 'primary'}`} disabled=${form.busy}>
		${form.busy && html`<span class="spinner" aria-hidden="true" />`}${children}</button>`;
}
