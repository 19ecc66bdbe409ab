/*
 * The one list of the console.  Its whole state (search, filters, order, page)
 * stands in the address, so that a list can be linked, reloaded and gone back
 * to.  It takes both kinds of paging that the API has: numbered pages with a
 * count, and `next` alone; and it does all of it itself for lists of tens
 * (list_whole.js).
 *
 *	html`<${List} url="/api/admin/users/" columns=${[
 *		{ key: 'email', label: t('user.email'), main: true, order: 'email' },
 *		{ key: 'created_at', label: t('created'), order: 'created_at', show: (r) => html`<${Time} value=${r.created_at} />` },
 *	]} search="q" filters=${[{ name: 'is_active', label: t('user.active'), type: 'boolean' }]}
 *		link=${(r) => `/console/users/${r.id}/`}
 *		actions=${[{ label: t('user.disable'), danger: true, ask: (rows) => ({ title: …, text: … }), each: (row) => post(…) }]}
 *		empty=${{ title: t('…'), text: t('…') }} />`
 */
import { html, useEffect, useId, useMemo, useRef, useState } from './lib.js';
import { Icon } from './icons.js';
import { Problem, get, post, sentence_of } from './api.js';
import { here, query, set_query } from './router.js';
import { Empty, Loading, Scroll, Trouble, still } from './ui.js';
import { confirm } from './dialog.js';
import { all_rows, choose } from './list_whole.js';
import { toast } from './toast.js';
import { bare, capital, number, t } from './i18n.js';

const PAGE_SIZE = 25;
const CSV_PAGE = 100;
const STRETCHES = 5;	/* of a log, asked for one page */
const CSV_MAX = 50000;

/*
 * A cell as CSV.  A spreadsheet runs what begins with these characters, so such text gets a quote before it; and so within, where one
 * that takes semicolons, tabs or lines for the next cell would begin anew.
 */
function csv_cell(value)
{
	let s = value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

	if (typeof value !== 'number' && !/^\+\d+$/.test(s))
		s = s.replace(/(^|[;\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])/g, '$1\'');
	return /[",;\t\n\r]/.test(s) ? `"${s.replace(/"/g, '""')}"` : s;
}

const plain_value = (column, row) => (column.csv ? column.csv(row) : row[column.key]);

/** The members of `next` that name the following page. */
function next_of(doc, asked)
{
	if (!doc.next)
		return null;
	/** @type {Record<string, string>} */
	const members = {};
	for (const [name, value] of new URL(doc.next, location.origin).searchParams)
		if (String(asked[name] ?? '') !== value)
			members[name] = value;
	return members;
}

/** What became of each, in a word; nothing done at all is a failure. @param {{done: number, failed: number, results: any[]}} answer */
export function tell({ done, failed, results })
{
	const first = results.find((r) => r.code), why = first && (first.detail || first.code);

	if (failed && !done)
		throw new Problem(first.status, first);
	if (failed)
		toast(t('list.some', { done: number(done), all: number(done + failed), why }), 'bad');
	else
		toast(t('list.done', { n: number(done) }));
}

/**
 * Saves rows as CSV.  @param {string} name  @param {Column[]} columns  @param {AsyncIterable<any[]>|Iterable<any[]>} pages
 */
export async function save_csv(name, columns, pages)
{
	const parts = [`\ufeff${columns.map((c) => csv_cell(c.label)).join(',')}\r\n`];
	let rows = 0;

	for await (const some of pages) {
		parts.push(some.map((row) => `${columns.map((c) => csv_cell(plain_value(c, row))).join(',')}\r\n`).join(''));
		rows += some.length;
		if (rows >= CSV_MAX) {
			toast(t('list.csv_cut', { n: number(CSV_MAX) }), 'plain');
			break;
		}
	}
	const a = document.createElement('a');
	a.href = URL.createObjectURL(new Blob(parts, { type: 'text/csv' }));
	a.download = `${name}-${new Date().toISOString().slice(0, 10)}.csv`;
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 10000);
	return rows;
}

export function Filter({ filter, value })
{
	const id = useId();
	const change = (v) => set_query({ [filter.name]: v, page: null, before: null, after: null }, { replace: false });
	const options = filter.type === 'boolean' ? [['true', t('yes')], ['false', t('no')]] : filter.options;

	if (options)
		return html`<label class=${`filter${value ? ' on' : ''}`} for=${id} data-name=${filter.name}><span>${filter.label}</span>
			<select id=${id} value=${value} onChange=${(e) => change(e.target.value)}>
				<option value="" selected=${!value}>${t('list.any')}</option>
				${options.map(([v, text]) => html`<option key=${v} value=${v} selected=${v === value}>${capital(text)}</option>`)}
			</select></label>`;
	if (filter.type === 'time')
		return html`<label class=${`filter${value ? ' on' : ''}`} for=${id} data-name=${filter.name}><span>${filter.label}</span>
			<input id=${id} type="datetime-local" value=${local_time(value)}
				onChange=${(e) => change(e.target.value ? new Date(e.target.value).toISOString().replace(/\.\d+Z$/, 'Z') : '')} /></label>`;
	return html`<label class=${`filter${value ? ' on' : ''}`} for=${id} data-name=${filter.name}><span>${filter.label}</span>
		<input id=${id} type="text" dir="auto" maxlength="2048" spellcheck=${false} autocomplete="off" value=${value}
			onChange=${(e) => change(bare(e.target.value))} /></label>`;
}

/* RFC 3339 as datetime-local has it. */
function local_time(value)
{
	if (!value)
		return '';
	const d = new Date(value);
	return new Date(d.getTime() - d.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

export function Search({ name, label, value })
{
	const [said, set_said] = useState(value);
	const timer = useRef(0);
	const sent = useRef([value]);		/* by us, since what the address last said */
	const id = useId();
	const search = (v) => {
		const wanted = bare(v);

		sent.current.push(wanted);
		/* Back undoes the search, not its last letter. */
		set_query({ [name]: wanted, page: null, before: null, after: null }, { replace: Boolean(value && wanted) });
	};

	/* The address changed otherwise (back, "clear"): what is being typed stays. */
	useEffect(() => {
		const at = sent.current.indexOf(value);

		sent.current = at < 0 ? [value] : sent.current.slice(at);
		if (at < 0)
			set_said(value);
	}, [value]);
	return html`<form class="search" role="search" onSubmit=${(e) => { e.preventDefault(); clearTimeout(timer.current); search(said); }}>
		<label class="hidden" for=${id}>${label}</label>
		<${Icon} name="search" size="16" />
		<input id=${id} data-search type="search" dir="auto" maxlength="100" value=${said} placeholder=${label} spellcheck=${false} autocomplete="off"
			onInput=${(e) => {
				const v = e.target.value;
				set_said(v);
				clearTimeout(timer.current);
				timer.current = setTimeout(() => search(v), 350);
			}} />
		<kbd aria-hidden="true">/</kbd>
	</form>`;
}

function Order({ column, ordering })
{
	const up = ordering === column.order, down = ordering === `-${column.order}`;

	return html`<button type="button" class=${`order${up || down ? ' on' : ''}`}
		onClick=${() => set_query({ ordering: up ? `-${column.order}` : column.order, page: null, before: null, after: null })}>
		${column.label}<span class="order-mark" aria-hidden="true">${up ? '↑' : down ? '↓' : '↕'}</span></button>`;
}

const none = (shown) => shown === null || shown === undefined || shown === '';
const shown_of = (column, row) => (column.show ? column.show(row) : row[column.key]);

/* What has no column of its own where the table is narrow; console.css shows either. */
function Folded({ columns, row })
{
	const some = columns.filter((c) => c.fold).map((c) => [c, shown_of(c, row)]).filter(([, shown]) => !none(shown));

	return some.length > 0 && html`<span class="folded soft small">${some.map(([c, shown]) => html`<span key=${c.key}>${c.plain ? '' : `${c.label}: `}<bdi>${shown}</bdi></span>`)}</span>`;
}

/**
 * @typedef {{key: string, label: string, show?: (row: any) => any, csv?: (row: any) => any, order?: string, main?: boolean,
 *	number?: boolean, wide?: boolean, fold?: boolean, plain?: boolean, text?: (row: any) => string, by?: (row: any) => any}} Column  `main` is the
 *	head of a card on a phone and carries the link; what may `fold` stands below it where the table has no room, without its label
 *	where it is `plain` what it is; of a whole list,
 *	`text` is what is searched and `by` what is ordered by, where the plain value is not
 * @typedef {{name: string, label: string, type?: 'boolean'|'text'|'time', options?: [string, string][],
 *	test?: (row: any, value: string) => boolean}} ListFilter  `test`: of a whole list, where it is not the row's member of that name
 * @typedef {{label: string, icon?: string, danger?: boolean, ask?: (rows: any[]) => any, each?: (row: any) => Promise<any>,
 *	all?: (rows: any[]) => Promise<any>, many?: string, when?: (row: any) => boolean}} Action  `ask` gives what confirm() takes; `many` is
 *	the row of the API that takes the ids and tells of each
 *
 * @param {{url: string, columns: Column[], filters?: ListFilter[], search?: string, search_label?: string, link?: (row: any) => string,
 *	actions?: Action[], row_actions?: (row: any, reload: () => void) => any, empty?: {title: string, text?: any, icon?: string, action?: any}, ordering?: string,
 *	fixed?: Record<string, any>, name?: string, id?: (row: any) => string, every?: number, paged?: 'page'|'cursor'|'whole'|'all', label: string,
 *	csv?: boolean, version?: any, tools?: any}} props
 *	label names the table for a screen reader; `fixed` goes with every question; `version` asks anew when it changes;
 *	`every` asks anew every so many ms; `paged: 'cursor'` for lists that give `next` alone and refuse `page`, 'whole' for those of
 *	which there are tens, 'all' for such that the API does not page at all
 */
export function List({ url, columns, filters = [], search, search_label, link, actions = [], row_actions, empty, ordering = '', fixed = {},
	name = 'gatepost', id = (row) => row.id, every = 0, paged = 'page', label, csv = true, version = 0, tools })
{
	const q = query.value;
	const [state, set_state] = useState({ doc: null, error: null, loading: true, asked: {} });
	const [chosen, set_chosen] = useState(/** @type {Set<any>} */ (new Set()));
	const [saving, set_saving] = useState(false);
	const [busy, set_busy] = useState(false);
	const [open, set_open] = useState(false);		/* the filters, where there is no room for them */
	const box = useId();
	const turn = useRef(0);
	const since = useRef(0);		/* when the last turn began; 0: it has ended */
	const names = [...filters.map((f) => f.name), ...(search ? [search] : [])];
	const filtered = names.some((n) => q.get(n));
	const on = filters.filter((f) => q.get(f.name)).length;
	const order = q.get('ordering') || ordering;
	const up = Boolean(order) && !order.startsWith('-');
	const whole = paged === 'whole' || paged === 'all';

	const asked = useMemo(() => {
		const a = { ...fixed };
		if (whole)
			return a;
		for (const n of names)
			if (q.get(n))
				a[n] = q.get(n);
		if (order)
			a.ordering = order;
		if (paged === 'page') {
			a.page = q.get('page') || 1;
			a.page_size = PAGE_SIZE;
		} else {
			a.limit = PAGE_SIZE;
			for (const n of ['before', 'after'])
				if (q.get(n))
					a[n] = q.get(n);
		}
		return a;
	}, [whole ? '' : here.value.query, url, JSON.stringify(fixed)]);

	/* A log is looked through in stretches: a page may be short, or empty, and go on. */
	async function cursor_page()
	{
		let members = asked, doc = await get(url, asked);
		const rows = doc.results;

		for (let n = 1; doc.next && rows.length < PAGE_SIZE && n < STRETCHES; n++) {
			members = { ...members, ...next_of(doc, members) };
			doc = await get(url, members);
			rows.push(...doc.results);
		}
		return [{ ...doc, results: rows }, members];
	}
	async function ask(quietly)
	{
		const mine = ++turn.current;
		since.current = performance.now();
		if (!quietly)
			set_state((s) => ({ ...s, loading: true }));
		try {
			const [doc, members] = paged === 'cursor' ? await cursor_page()
				: [whole ? await all_rows(url, asked, paged === 'whole') : await get(url, asked), asked];
			if (mine === turn.current)
				set_state({ doc, error: null, loading: false, asked: members });
		} catch (error) {
			if (mine === turn.current)
				set_state((s) => ({ ...s, error, loading: false }));
		}
		if (mine === turn.current)
			since.current = 0;
	}
	useEffect(() => {
		ask(false);
		return () => { turn.current++; };
	}, [asked, version]);
	useEffect(() => { set_chosen(new Set()); }, [here.value.query, asked, version]);
	useEffect(() => {
		if (!every)
			return undefined;
		const timer = setInterval(() => !document.hidden && !still(since.current) && ask(true), every);
		return () => clearInterval(timer);
	}, [asked, every]);

	const found = whole && state.doc ? choose(state.doc.results, { columns, filters, value: plain_value, asked: (n) => q.get(n) || '', search, order }) : null;
	const page = Math.max(1, Number(whole ? q.get('page') : asked.page) || 1);
	/* What is asked for cannot be ("no such user"): trying again would not help, asking for something else does. */
	const refused = state.error instanceof Problem && state.error.status === 400 ? Object.entries(state.error.errors) : [];
	const wrong = refused.length > 0 && refused.every(([n]) => names.includes(n) || n in fixed) ? refused.flatMap(([, why]) => why).join(' ') : '';
	const rows = !state.doc || wrong ? [] : found ? found.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE) : state.doc.results;
	const count = !state.doc ? undefined : found ? found.length : state.doc.count;
	const pages = count === undefined ? 0 : Math.max(1, Math.ceil(count / PAGE_SIZE));
	const onward = paged === 'cursor' && state.doc ? next_of(state.doc, state.asked) : null;
	const picked = rows.filter((r) => chosen.has(id(r)));

	/* The last row of the last page has gone, or somebody typed its number. */
	useEffect(() => {
		if (!state.loading && !state.error && rows.length === 0 && count > 0 && page > pages)
			set_query({ page: pages > 1 ? pages : null }, { replace: true });
	}, [state, page, pages]);

	async function* all_pages()
	{
		if (found)
			return yield found;
		/* From its beginning, wherever in it one is. */
		const { before, after, ...whole_list } = asked;
		/** @type {any} */
		let members = paged === 'page' ? { ...whole_list, page: 1, page_size: CSV_PAGE } : { ...whole_list, limit: CSV_PAGE };

		for (;;) {
			const doc = await get(url, members, { patient: true });
			yield doc.results;
			if (!doc.next || (doc.results.length === 0 && paged === 'page'))
				return;
			members = paged === 'page' ? { ...members, page: members.page + 1 } : { ...members, ...next_of(doc, members) };
		}
	}
	async function export_csv()
	{
		set_saving(true);
		try {
			const n = await save_csv(name, columns.filter((c) => c.csv !== null), all_pages());
			toast(t('list.csv_done', { n: n }));
		} catch (e) {
			toast(sentence_of(e), 'bad');
		}
		set_saving(false);
	}
	async function run(action)
	{
		const these = picked.filter((r) => !action.when || action.when(r));
		const work = async () => {
			if (action.all || action.many) {
				const answer = action.all ? await action.all(these) : await post(action.many, { ids: these.map((r) => String(id(r))) });
				if (answer && answer.results)
					tell(answer);
				return answer;
			}
			let done = 0, failed = null;
			for (const row of these) {
				try {
					await action.each(row);
					done++;
				} catch (e) {
					failed = e;
				}
			}
			if (failed && done === 0)
				throw failed;
			if (failed)
				toast(t('list.some', { done: number(done), all: number(these.length), why: sentence_of(failed) }), 'bad');
			else
				toast(t('list.done', { n: number(done) }));
			return true;
		};
		set_busy(true);
		try {
			if (!action.ask)
				await work();
			else if (!await confirm({ danger: action.danger, yes: action.label, ...action.ask(these), act: work }))
				return;
			set_chosen(new Set());
			await ask(true);
		} catch (e) {
			toast(sentence_of(e), 'bad');
		} finally {
			set_busy(false);
		}
	}
	const clear = () => set_query(Object.fromEntries([...names, 'page', 'before', 'after'].map((n) => [n, null])));
	const pick = (row, on) => set_chosen((c) => {
		const n = new Set(c);
		n[on ? 'add' : 'delete'](id(row));
		return n;
	});

	return html`<div class="list">
		<div class=${`list-bar${search ? '' : ' plain'}`}>
			${search && html`<${Search} name=${search} label=${search_label || t('list.search')} value=${q.get(search) || ''} />`}
			<div class="list-tools">${tools}
				${filters.length > 0 && html`<button type="button" class="button small filters-turn" aria-expanded=${open ? 'true' : 'false'} aria-controls=${box} onClick=${() => set_open(!open)}>
					<${Icon} name="filter" size="16" />${t('list.filters')}${on > 0 && html`<span class="count">${number(on)}</span>`}</button>`}
				${csv && rows.length > 0 && html`<button type="button" class="button small" disabled=${saving} onClick=${export_csv}>
					${saving ? html`<span class="spinner" aria-hidden="true" />` : html`<${Icon} name="download" size="16" />`}CSV</button>`}
			</div>
			${filters.length > 0 && html`<div class=${`filters${open ? ' open' : ''}${search && filters.length < 4 ? ' few' : ''}`} id=${box} role="group" aria-label=${t('list.filters')}>
				${filters.map((f) => html`<${Filter} key=${f.name} filter=${f} value=${q.get(f.name) || ''} />`)}
				${filtered && html`<button type="button" class="link" onClick=${clear}>${t('list.clear')}</button>`}
			</div>`}
		</div>
		<p class="hidden" role="status">${state.loading ? t('loading') : wrong || count === undefined ? t('list.shown', { n: number(rows.length) }) : t('list.found', { n: number(count) })}</p>
		${actions.length > 0 && picked.length > 0 && html`<div class="picked" role="group" aria-label=${t('list.picked', { n: number(picked.length) })}>
			<span>${t('list.picked', { n: number(picked.length) })}</span>
			${actions.map((a) => html`<button key=${a.label} type="button" class=${`button small ${a.danger ? 'danger' : ''}`}
				disabled=${busy || !picked.some((r) => !a.when || a.when(r))} onClick=${() => run(a)}>
				${a.icon && html`<${Icon} name=${a.icon} size="16" />`}${a.label}</button>`)}
			<button type="button" class="link" onClick=${() => set_chosen(new Set())}>${t('list.none')}</button>
		</div>`}
		${wrong ? html`<${Empty} icon="search" title=${t('list.nothing')} text=${html`<bdi>${wrong}</bdi>`}>
			${filtered ? html`<button type="button" class="button" onClick=${clear}>${t('list.clear')}</button>` : empty && empty.action}<//>`
		: state.error && html`<${Trouble} error=${state.error} again=${() => ask(false)} />`}
		${wrong ? null : !state.doc && !state.error ? html`<${Loading} />`
		: state.doc && rows.length === 0 ? (filtered
			? html`<${Empty} icon="search" title=${onward ? t('list.nothing_yet') : t('list.nothing')} text=${onward ? t('list.nothing_far') : t('list.nothing_text')}>
				${onward && html`<button type="button" class="button primary" onClick=${() => set_query(onward)}>${t('list.look_on')}</button>`}
				<button type="button" class="button" onClick=${clear}>${t('list.clear')}</button><//>`
			: html`<${Empty} icon=${(empty && empty.icon) || 'list'} title=${(empty && empty.title) || t('list.empty')} text=${empty && empty.text}>${empty && empty.action}<//>`)
		: state.doc && html`<${Scroll} class=${`table-box${state.loading ? ' waiting' : ''}`} label=${label} busy=${state.loading}>
			<table class="table" aria-label=${label}>
				<thead><tr>
					${actions.length > 0 && html`<th scope="col" class="pick"><label><input type="checkbox" aria-label=${t('list.pick_all')}
						checked=${rows.length > 0 && picked.length === rows.length}
						onChange=${(e) => set_chosen(e.target.checked ? new Set(rows.map(id)) : new Set())} /></label></th>`}
					${columns.map((c) => html`<th key=${c.key} scope="col" class=${`${c.number ? 'number' : ''}${c.fold ? ' fold' : ''}`}
						aria-sort=${c.order && order === c.order ? 'ascending' : c.order && order === `-${c.order}` ? 'descending' : undefined}>
						${c.order ? html`<${Order} column=${c} ordering=${order} />` : c.label}</th>`)}
					${row_actions && html`<th scope="col" class="row-actions"><span class="hidden">${t('list.actions')}</span></th>`}
				</tr></thead>
				<tbody>${rows.map((row) => html`<tr key=${id(row)} class=${chosen.has(id(row)) ? 'chosen' : ''}>
					${actions.length > 0 && html`<td class="pick"><label><input type="checkbox" aria-label=${t('list.pick')} checked=${chosen.has(id(row))}
						onChange=${(e) => pick(row, e.target.checked)} /></label></td>`}
					${columns.map((c) => {
						const shown = shown_of(c, row);
						const cell = none(shown) ? html`<span class="soft">–</span>` : shown;
						return html`<td key=${c.key} data-label=${c.label} class=${`${c.main ? 'main' : ''}${c.number ? ' number' : ''}${c.wide ? ' wide' : ''}${c.fold ? ' fold' : ''}${none(shown) ? ' none' : ''}`}>
							${c.main && link && link(row) ? html`<a class="row-link" href=${link(row)} dir="auto">${cell}</a>`
							: html`<span dir=${typeof shown === 'string' ? 'auto' : undefined}>${cell}</span>`}
							${c.main && html`<${Folded} columns=${columns} row=${row} />`}</td>`;
					})}
					${row_actions && html`<td class="row-actions">${row_actions(row, () => ask(true))}</td>`}
				</tr>`)}</tbody>
			</table>
		<//>`}
		${state.doc && !wrong && (pages > 1 || (paged === 'cursor' && (onward || asked.before || asked.after))) && html`<nav class="pager" aria-label=${t('list.pages')}>
			${paged !== 'cursor' ? html`
				<button type="button" class="button small" disabled=${page <= 1} onClick=${() => set_query({ page: page > 2 ? page - 1 : null })}>
					<${Icon} name="prev" size="16" />${t('list.before')}</button>
				<span class="soft">${t('list.page', { page: number(page), pages: number(pages), n: number(count) })}</span>
				<button type="button" class="button small" disabled=${page >= pages} onClick=${() => set_query({ page: page + 1 })}>
					${t('list.after')}<${Icon} name="next" size="16" /></button>`
			: html`
				<button type="button" class="button small" disabled=${!asked.before && !asked.after} onClick=${() => set_query({ before: null, after: null })}>
					<${Icon} name="prev" size="16" />${up ? t('list.oldest') : t('list.newest')}</button>
				<button type="button" class="button small" disabled=${!onward} onClick=${() => set_query(onward)}>
					${up ? t('list.newer') : t('list.older')}<${Icon} name="next" size="16" /></button>`}
		</nav>`}
		${found && state.doc.cut && html`<p class="soft small">${t('list.cut', { n: state.doc.results.length })}</p>`}
		${pages === 1 && rows.length > 0 && html`<p class="list-count soft">${t('list.found', { n: number(count) })}</p>`}
	</div>`;
}
