/* The inbox: what was said to this person, newest first, and as it comes. */
import { html, useEffect, useRef, useState } from '../lib.js';
import { Filter, Search, save_csv, tell } from '../list.js';
import { Icon } from '../icons.js';
import { Act, Empty, Head, Loading, Trouble, still } from '../ui.js';
import { Time } from '../time.js';
import { get, post, sentence_of } from '../api.js';
import { go, query, set_query } from '../router.js';
import { counts, inbox_came, inbox_news, take_counts } from '../state.js';
import { number, t, word } from '../i18n.js';
import { toast } from '../toast.js';

const TABS = ['all', 'unread', 'archived'];
const TYPES = ['system', 'message', 'order', 'payment', 'product', 'review', 'article'];
const PAGE = 20;
const CSV_PAGE = 100;
const STRETCHES = 5;	/* asked for one page of a search */
const BREATH = 1000;	/* ms between two questions, however fast it comes */

/* What the address asks for, as the API takes it. */
function asked(q)
{
	const tab = TABS.includes(q.get('show')) ? q.get('show') : 'all';

	return { [q.get('ordering') === 'created_at' ? 'after' : 'before']: 0, limit: PAGE, unread: tab === 'unread' ? true : '',
		archived: tab === 'archived' ? true : '', type: q.get('type') || '', q: q.get('q') || '' };
}

const path_of = (next) => next.replace(/^https?:\/\/[^/]+/, '');

/* A page: of a search, which looks at so many rows a call, with what the next calls find. */
async function page_of(doc)
{
	for (let n = 1; doc.next && doc.results.length < PAGE && n < STRETCHES; n++) {
		const more = await get(path_of(doc.next));
		doc = { ...doc, results: [...doc.results, ...more.results], next: more.next };
	}
	return doc;
}

/* Every row that is asked for. */
async function* pages(members)
{
	let doc = await get('/api/inbox/', { ...members, limit: CSV_PAGE });

	for (; ; doc = await get(path_of(doc.next))) {
		yield doc.results;
		if (!doc.next)
			return;
	}
}

const columns = () => [
	{ key: 'title', label: t('inbox.title') }, { key: 'body', label: t('inbox.text') }, { key: 'type', label: t('inbox.type') },
	{ key: 'url', label: t('inbox.address') }, { key: 'created_at', label: t('inbox.received') }, { key: 'read_at', label: t('inbox.was_read') },
];

/* Where a click leads: a page of this site or an address over TLS, and nothing else. */
function address_of(n)
{
	if (!n.url)
		return null;
	try {
		const url = new URL(n.url, location.origin);
		return url.protocol === 'https:' || (url.protocol === 'http:' && url.origin === location.origin) ? url : null;
	} catch {
		return null;
	}
}

function Row({ n, tab, done, picked, pick })
{
	const url = address_of(n);

	async function read()
	{
		if (!n.read_at) {
			take_counts(await post(`/api/inbox/${n.id}/read/`));
			done({ ...n, read_at: new Date().toISOString() });
		}
	}
	async function open(event)
	{
		if (event.ctrlKey || event.metaKey || event.shiftKey || !url)
			return;
		event.preventDefault();
		await read().catch(() => {});
		if (url.origin === location.origin)
			go(url.pathname + url.search + url.hash);
		else
			location.assign(url.href);
	}
	return html`<li class=${`inbox-row${n.read_at ? '' : ' new'}`} data-id=${n.id}>
		<label class="inbox-pick"><input type="checkbox" aria-label=${`${t('list.pick')}: ${n.title}`} checked=${picked} onChange=${(e) => pick(e.target.checked)} /></label>
		<span class="inbox-mark">${!n.read_at && html`<span class="hidden">${t('inbox.new')}</span>`}</span>
		<div class="inbox-text">
			<p class="inbox-title" dir="auto">${url ? html`<a href=${url.href} onClick=${open}>${n.title}</a>` : n.title}</p>
			${n.body && html`<p class="inbox-body" dir="auto">${n.body}</p>`}
			<p class="small soft">${word('type', n.type)} · <${Time} value=${n.created_at} /></p>
		</div>
		<div class="inbox-actions">
			${!n.read_at && html`<${Act} kind="small quiet" icon="check" act=${read} aria-label=${`${t('inbox.read')}: ${n.title}`} title=${t('inbox.read')} />`}
			${tab !== 'archived' && html`<${Act} kind="small quiet" icon="archive" aria-label=${`${t('inbox.archive')}: ${n.title}`} title=${t('inbox.archive')}
				act=${async () => {
					take_counts(await post(`/api/inbox/${n.id}/archive/`));
					done(null);
				}} />`}
		</div>
	</li>`;
}

export default function Inbox()
{
	const q = query.value;
	const tab = TABS.includes(q.get('show')) ? q.get('show') : 'all';
	const up = q.get('ordering') === 'created_at';
	const sought = Boolean(q.get('q') || q.get('type'));
	const key = JSON.stringify(asked(q));
	const [state, set_state] = useState({ rows: [], next: null, error: null, loading: true, key: '' });
	const [chosen, set_chosen] = useState(/** @type {Set<string>} */ (new Set()));
	const [busy, set_busy] = useState(false);
	/* Several questions may be under way: the answer to the last one stands.  `seen` is how far the list on the page goes. */
	const last = useRef({ turn: 0, waits: false, key, seen: 0, begun: 0, timer: 0, again: false, news: inbox_news.value }).current;

	last.key = key;
	async function load()
	{
		const mine = ++last.turn, shown = last.key, members = JSON.parse(shown);

		clearTimeout(last.timer);
		last.timer = 0;
		last.waits = true;
		last.again = false;
		last.begun = performance.now();
		try {
			const doc = await page_of(await get('/api/inbox/', members));
			if (mine !== last.turn)
				return;
			last.waits = false;
			last.seen = doc.seq;
			take_counts(doc);
			set_state((s) => {
				/* What "more" brought stays below, unless more has come since than this page holds. */
				const newest = new Set(doc.results.map((r) => r.id));
				const least = doc.results.length ? doc.results[doc.results.length - 1].seq : Infinity;
				const whole = s.key === shown && 'before' in members && s.rows.some((r) => newest.has(r.id));
				const below = whole ? s.rows.filter((r) => !newest.has(r.id) && r.seq < least) : [];
				return { rows: [...doc.results, ...below], next: below.length ? s.next : doc.next, error: null, loading: false, key: shown };
			});
			if (!members.archived && counts.value.unseen > 0)
				post('/api/inbox/seen/').then(take_counts, () => { /* the next time */ });
		} catch (error) {
			if (mine !== last.turn)
				return;
			last.waits = false;
			set_state((s) => ({ ...s, error, loading: false }));
		}
		if (last.again)
			soon();
	}
	/* Not while an answer is on its way: it would never be the last one. */
	function soon()
	{
		if (last.waits && still(last.begun))
			last.again = true;
		else if (!last.timer)
			last.timer = setTimeout(load, Math.max(0, last.begun + BREATH - performance.now()));
	}
	useEffect(() => { load(); }, [key]);
	useEffect(() => {
		if (inbox_news.value !== last.news)
			soon();
		last.news = inbox_news.value;
	}, [inbox_news.value]);
	useEffect(() => () => {
		last.turn++;
		clearTimeout(last.timer);
	}, []);
	useEffect(() => { set_chosen(new Set()); }, [key]);
	/* What came between the list and the first count is told by neither. */
	useEffect(() => {
		if (!last.waits && counts.value.seq > last.seen)
			soon();
	}, [counts.value.seq]);

	async function more()
	{
		const doc = await page_of(await get(path_of(state.next)));
		set_state((s) => ({ ...s, rows: [...s.rows, ...doc.results.filter((r) => !s.rows.some((x) => x.id === r.id))], next: doc.next }));
	}
	async function read_all()
	{
		try {
			take_counts(await post('/api/inbox/read-all/'));
			set_state((s) => ({ ...s, rows: s.rows.map((r) => ({ ...r, read_at: r.read_at || new Date().toISOString() })) }));
		} catch (e) {
			toast(sentence_of(e), 'bad');
		}
	}
	function change(id, to)
	{
		set_state((s) => ({ ...s, rows: to ? s.rows.map((r) => (r.id === id ? to : r)) : s.rows.filter((r) => r.id !== id) }));
		if (last.waits)
			load();		/* that answer may not know of this yet */
	}
	const { rows, error, loading } = state;
	const came = inbox_came.value;
	useEffect(() => () => { inbox_came.value = null; }, []);		/* what was said is not said again */
	const picked = rows.filter((r) => chosen.has(r.id));
	const clear = () => set_query({ q: null, type: null });
	const pick = (id) => (on) => set_chosen((c) => {
		const n = new Set(c);
		n[on ? 'add' : 'delete'](id);
		return n;
	});

	async function many(what, these)
	{
		set_busy(true);
		try {
			/** @type {any} */
			const answer = await post(`/api/inbox/${what}/`, { ids: these.map((r) => r.id) });
			take_counts(answer);
			tell(answer);
			set_chosen(new Set());
			const now = new Date().toISOString(), ids = new Set(these.map((r) => r.id));
			set_state((s) => ({ ...s, rows: what === 'archive' ? s.rows.filter((r) => !ids.has(r.id))
				: s.rows.map((r) => (ids.has(r.id) ? { ...r, read_at: r.read_at || now } : r)) }));
			if (last.waits)
				load();
		} catch (e) {
			toast(sentence_of(e), 'bad');
		}
		set_busy(false);
	}
	async function export_csv()
	{
		toast(t('list.csv_done', { n: await save_csv('inbox', columns(), pages(asked(q))) }));
	}

	return html`<${Head} title=${t('nav.inbox')} lead=${counts.value.unread ? t('inbox.count', { n: number(counts.value.unread) }) : loading ? '\u00a0' : t('inbox.none_unread')}>
		${counts.value.unread > 0 && html`<${Act} icon="check" act=${read_all}>${t('inbox.read_all')}<//>`}
	<//>
	<p class="hidden" role="status">${came && html`<span key=${came.seq} dir="auto">${t('inbox.came', { title: came.title })}</span>`}</p>
	<div class="tabs" role="group" aria-label=${t('inbox.show')}>${TABS.map((x) => html`<button key=${x} type="button" class="tab"
		aria-pressed=${x === tab ? 'true' : 'false'} onClick=${() => set_query({ show: x === 'all' ? null : x })}>${t(`inbox.tab.${x}`)}</button>`)}</div>
	${(rows.length > 0 || sought || loading || state.key !== key) && html`<div class="list-bar">
		<${Search} name="q" label=${t('inbox.search')} value=${q.get('q') || ''} />
		<div class="filters few open" role="group" aria-label=${t('list.filters')}>
			<${Filter} filter=${{ name: 'type', label: t('inbox.type'), options: TYPES.map((x) => [x, word('type', x)]) }} value=${q.get('type') || ''} />
			${sought && html`<button type="button" class="link" onClick=${clear}>${t('list.clear')}</button>`}
		</div>
		<div class="list-tools">
			<button type="button" class="button small" onClick=${() => set_query({ ordering: up ? null : 'created_at' })}>
				<${Icon} name="sort" size="16" />${up ? t('inbox.oldest') : t('inbox.newest')}</button>
			${rows.length > 0 && html`<${Act} kind="small" icon="download" act=${export_csv}>CSV<//>`}
		</div>
	</div>`}
	${picked.length > 0 && html`<div class="picked" role="group" aria-label=${t('list.picked', { n: number(picked.length) })}>
		<span>${t('list.picked', { n: number(picked.length) })}</span>
		<button type="button" class="button small" disabled=${busy || !picked.some((r) => !r.read_at)} onClick=${() => many('read', picked.filter((r) => !r.read_at))}>
			<${Icon} name="check" size="16" />${t('inbox.read')}</button>
		${tab !== 'archived' && html`<button type="button" class="button small" disabled=${busy} onClick=${() => many('archive', picked)}>
			<${Icon} name="archive" size="16" />${t('inbox.archive')}</button>`}
		${picked.length < rows.length && html`<button type="button" class="link" onClick=${() => set_chosen(new Set(rows.map((r) => r.id)))}>${t('inbox.pick_all')}</button>`}
		<button type="button" class="link" onClick=${() => set_chosen(new Set())}>${t('list.none')}</button>
	</div>`}
	${error && html`<${Trouble} error=${error} again=${load} />`}
	${loading ? html`<${Loading} />` : rows.length === 0 && sought && !error ? html`<${Empty} icon="search" title=${state.next ? t('list.nothing_yet') : t('list.nothing')}
			text=${state.next ? t('list.nothing_far') : t('list.nothing_text')}><button type="button" class="button" onClick=${clear}>${t('list.clear')}</button><//>`
	: rows.length === 0 && !error ? html`<${Empty} icon=${tab === 'archived' ? 'archive' : 'inbox'}
		title=${t(`inbox.empty.${tab}`)} text=${tab === 'all' ? t('inbox.empty_text') : undefined}>
			${tab === 'all' && html`<a class="button" href="/console/devices/">${t('inbox.empty_push')}</a>
				<a class="button" href="/console/preferences/">${t('nav.preferences')}</a>`}<//>`
	: html`<ul class="card flat inbox" aria-label=${t('nav.inbox')}>${rows.map((n) => html`<${Row} key=${n.id} n=${n} tab=${tab} done=${(to) => change(n.id, to)} picked=${chosen.has(n.id)} pick=${pick(n.id)} />`)}</ul>`}
	${state.next && html`<p class="center"><${Act} icon="down" act=${more}>${t('inbox.more')}<//></p>`}`;
}
