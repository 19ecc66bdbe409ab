/* The small parts of which pages are made. */
import { html, useCallback, useEffect, useRef, useState } from './lib.js';
import { Icon } from './icons.js';
import { Problem, sentence_of } from './api.js';
import { t, word } from './i18n.js';
import { toast } from './toast.js';

/**
 * The head of a page: its name, what to do here, and where it belongs.
 * @param {{title: any, lead?: any, back?: [string, string], children?: any}} props  back: [address, name]; children: buttons
 */
export function Head({ title, lead, back, children })
{
	return html`<header class="page-head">
		<div class="page-names">
			${back && html`<a class="back" href=${back[0]}><${Icon} name="prev" size="16" />${back[1]}</a>`}
			<h1 tabindex="-1" dir="auto">${title}</h1>
			${lead && html`<p class="lead">${lead}</p>`}
		</div>
		${children && html`<div class="page-actions">${children}</div>`}
	</header>`;
}

/** @param {{title?: any, lead?: any, actions?: any, children: any, class?: string}} props */
export function Card({ title, lead, actions, children, class: kind = '' })
{
	return html`<section class=${`card ${kind}`}>
		${(title || actions) && html`<header class="card-head">
			<div>${title && html`<h2>${title}</h2>`}${lead && html`<p class="soft">${lead}</p>`}</div>
			${actions && html`<div class="card-actions">${actions}</div>`}
		</header>`}
		${children}
	</section>`;
}

const TONES = {
	delivered: 'good', read: 'good', sent: 'good', active: 'good', ok: 'good', done: 'good', running: 'accent', queued: 'accent',
	ready: 'accent', leased: 'accent', leaving: 'accent', scheduled: 'accent', pending: 'accent', published: 'good',
	failed: 'bad', dead: 'bad', unsure: 'warn', expired: 'warn', cancelled: 'plain', skipped: 'plain', paused: 'warn',
	inactive: 'plain', disabled: 'bad', open: 'bad', half_open: 'warn', closed: 'good', draft: 'plain',
};

/**
 * A state, as a word with a colour; the word carries the meaning.
 * @param {{state?: string, tone?: string, family?: string, children?: any}} props
 */
export function Badge({ state = '', tone, family = 'state', children })
{
	return html`<span class=${`badge ${tone || TONES[state] || 'plain'}`}>${children || word(family, state)}</span>`;
}

export function Loading()
{
	return html`<div class="loading" role="status"><span class="spinner" aria-hidden="true" /><span>${t('loading')}</span></div>`;
}

const AGAIN_MS = 8000;

/**
 * What went wrong, and a way to try again.  Where nobody answers, or says "not now", it is tried again by itself: `again` only asks.
 * @param {{error: any, again?: () => any}} props  `again` ends when it is answered
 */
export function Trouble({ error, again })
{
	const ask = useRef(again);
	const not_before = useRef(0);
	const soon = Boolean(again) && error instanceof Problem && (error.status === 0 || error.status === 503);

	ask.current = again;
	useEffect(() => { not_before.current = performance.now() + 1000 * (error.retry_after || 0); }, [error]);
	useEffect(() => {
		if (!soon)
			return undefined;
		let waits = false;
		const go_on = async () => {
			/* Asked anew before it is answered, a slow answer would never be the last one. */
			if (waits || document.hidden || !ask.current || performance.now() < not_before.current)
				return;
			waits = true;
			await ask.current();
			waits = false;
		};
		const timer = setInterval(go_on, AGAIN_MS * (1 + Math.random()));
		addEventListener('online', go_on);
		return () => {
			clearInterval(timer);
			removeEventListener('online', go_on);
		};
	}, [soon]);
	return html`<div class="notice bad" role="alert">
		<${Icon} name="warn" />
		<div>
			<p dir="auto">${sentence_of(error)}</p>
			${error instanceof Problem && error.request_id && html`<p class="small soft">${t('api.request')} <code>${error.request_id}</code></p>`}
		</div>
		${again && html`<button type="button" class="button small" onClick=${again}>${t('again')}</button>`}
	</div>`;
}

/**
 * Nothing here, and what to do about it.
 * @param {{icon?: string, title: string, text?: any, head?: boolean, children?: any}} props  `head`: it is the page's heading
 */
export function Empty({ icon = 'list', title, text, head = false, children })
{
	return html`<div class="empty">
		<span class="empty-mark"><${Icon} name=${icon} size="26" /></span>
		${head ? html`<h1 class="empty-title" tabindex="-1">${title}</h1>` : html`<p class="empty-title">${title}</p>`}
		${text && html`<p class="soft">${text}</p>`}
		${children && html`<div class="empty-actions">${children}</div>`}
	</div>`;
}

const PATIENCE = 30000;

/**
 * Whether what was asked then, or never (0), may still be answered: asked anew before, a slow answer would never be the last one.
 * @param {number} since  by performance.now()
 */
export const still = (since) => since > 0 && performance.now() - since < PATIENCE;

/**
 * What a page loads: {data, error, loading, reload, set}.  Asked anew when `key` changes, and every `every` ms while the page
 * is seen; the old data stands meanwhile.
 * @template T
 * @param {() => Promise<T>} ask
 * @param {any} [key]
 * @param {{every?: number}} [opt]
 */
export function use_data(ask, key = '', { every = 0 } = {})
{
	const [state, set_state] = useState(/** @type {{data: T, error: any, loading: boolean}} */ ({ data: null, error: null, loading: true }));
	const turn = useRef(0);
	const since = useRef(0);		/* when the last turn began; 0: it has ended */
	const latest = useRef(ask);

	latest.current = ask;
	const reload = useCallback(async () => {
		const mine = ++turn.current;
		since.current = performance.now();
		try {
			const data = await latest.current();
			if (mine === turn.current)
				set_state({ data, error: null, loading: false });
		} catch (error) {
			if (mine === turn.current && error.name !== 'AbortError')
				set_state((s) => ({ data: s.data, error, loading: false }));
		}
		if (mine === turn.current)
			since.current = 0;
	}, []);

	useEffect(() => {
		set_state((s) => ({ ...s, loading: true }));
		reload();
		return () => { turn.current++; };
	}, [key]);
	useEffect(() => {
		if (!every)
			return undefined;
		const timer = setInterval(() => {
			if (!document.hidden && !still(since.current))
				reload();
		}, every);
		return () => clearInterval(timer);
	}, [every]);
	/* What is under way was asked before. */
	const set = (/** @type {T} */ data) => {
		turn.current++;
		since.current = 0;
		set_state({ data, error: null, loading: false });
	};
	return { ...state, reload, set };
}

/**
 * Loading, trouble, or what `children` makes of the data.
 * @param {{of: ReturnType<typeof use_data>, head?: boolean, children: (data: any) => any}} props  `head`: the page has no other heading
 */
export function Loaded({ of, head = false, children })
{
	if (of.data !== null)
		return html`${of.error && html`<${Trouble} error=${of.error} again=${of.reload} />`}${children(of.data)}`;
	if (of.error instanceof Problem && of.error.status === 404)
		return html`<${Empty} icon="search" title=${t('gone.title')} text=${t('gone.text')} head=${head}>
			${head && html`<a class="button" href=${location.pathname.replace(/[^/]+\/?$/, '')}>${t('gone.back')}</a>`}<//>`;
	if (!of.error)
		return html`<${Loading} />`;
	return html`${head && html`<${Head} title=${t('gone.failed')} />`}<${Trouble} error=${of.error} again=${of.reload} />`;
}

/**
 * A button that does one thing, once at a time, and says when it failed.  Busy, it keeps the focus: a dialog gives it back here.
 * @param {{act: () => any, children: any, kind?: string, icon?: string, done?: string, disabled?: boolean, [more: string]: any}} props
 */
export function Act({ act, children, kind = '', icon, done, disabled = false, ...more })
{
	const [busy, set_busy] = useState(false);
	const alive = useRef(true);
	const under_way = useRef(false);

	useEffect(() => () => { alive.current = false; }, []);
	async function run()
	{
		if (under_way.current)
			return;
		under_way.current = true;
		set_busy(true);
		try {
			const was = await act();
			if (done && was !== undefined && was !== false)
				toast(done);
		} catch (e) {
			toast(sentence_of(e), 'bad');
		}
		under_way.current = false;
		if (alive.current)
			set_busy(false);
	}
	return html`<button type="button" class=${`button ${kind}`} disabled=${disabled} aria-disabled=${busy ? 'true' : undefined} onClick=${run} ...${more}>
		${busy ? html`<span class="spinner" aria-hidden="true" />` : icon && html`<${Icon} name=${icon} size="16" />`}${children}</button>`;
}

/** Text with a button that copies it. @param {{text: string, label?: string, block?: boolean}} props */
export function Copy({ text, label, block = false })
{
	async function copy()
	{
		try {
			await navigator.clipboard.writeText(text);
			toast(t('copied'));
		} catch {
			toast(t('copy_failed'), 'bad');
		}
	}
	return html`<span class=${`copy${block ? ' block' : ''}`}>
		${block ? html`<pre tabindex="0" dir="ltr">${text}</pre>` : html`<code dir="ltr">${label || text}</code>`}
		<button type="button" class="icon-button" aria-label=${t('copy')} title=${t('copy')} onClick=${copy}><${Icon} name="copy" size="16" /></button>
	</span>`;
}

/**
 * What may be wider than its place: its edges say where there is more, and the keys reach it.
 * @param {{label: string, children: any, class?: string, busy?: boolean}} props
 */
export function Scroll({ label, children, class: kind = 'scroll', busy })
{
	const ref = useRef(null);
	const [more, set_more] = useState({ wide: false, start: false, end: false });

	useEffect(() => {
		const box = ref.current;
		const look = () => {
			const left = Math.abs(box.scrollLeft), over = box.scrollWidth - box.clientWidth;
			const now = { wide: over > 1, start: left > 1, end: over - left > 1 };
			set_more((was) => (was.wide === now.wide && was.start === now.start && was.end === now.end ? was : now));
		};
		const watch = new ResizeObserver(look);

		watch.observe(box);
		for (const el of box.children)
			watch.observe(el);
		box.addEventListener('scroll', look, { passive: true });
		return () => {
			watch.disconnect();
			box.removeEventListener('scroll', look);
		};
	}, []);
	return html`<div class=${`edges${more.start ? ' more-start' : ''}${more.end ? ' more-end' : ''}`}><div ref=${ref} class=${kind} tabindex=${more.wide ? '0' : undefined}
		role=${more.wide ? 'region' : undefined} aria-label=${more.wide ? label : undefined} aria-busy=${busy === undefined ? undefined : String(busy)}>${children}</div></div>`;
}

/** An address or another long name without spaces: whole in a table, broken at its signs where there is no room. @param {{text: string}} props */
export function Addr({ text })
{
	return html`<bdi class="addr" title=${text}>${String(text).split(/(?=[@./?&=_-])/).map((part, i) => html`${i > 0 && html`<wbr />`}${part}`)}</bdi>`;
}

/**
 * Names and values. @param {{rows: [string, any][]}} props  rows whose value is undefined are left out
 */
export function Facts({ rows })
{
	return html`<dl class="facts">${rows.filter((r) => r && r[1] !== undefined).map(([name, value]) => html`<div key=${name}>
		<dt>${name}</dt><dd dir=${typeof value === 'string' ? 'auto' : undefined}>${value === null || value === '' ? html`<span class="soft">–</span>` : value}</dd></div>`)}</dl>`;
}

/**
 * A switch with its own name, outside of forms; a quiet one's is only heard, but for `short` where the page is narrow.
 * @param {{checked: boolean, label: string, change: (on: boolean) => any, quiet?: boolean, disabled?: boolean, short?: string}} props
 */
export function Switch({ checked, label, change, quiet = false, disabled = false, short })
{
	return html`<label class=${`switch${quiet ? ' quiet' : ''}`}><input type="checkbox" role="switch" checked=${checked} disabled=${disabled}
		onChange=${(e) => change(e.target.checked)} /><span>${label}</span>${short && html`<span class="short" aria-hidden="true">${short}</span>`}</label>`;
}
