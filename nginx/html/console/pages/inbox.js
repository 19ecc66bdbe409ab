/* The inbox: what was said to this person, newest first, and as it comes. */
import { html, useEffect, useRef, useState } from '../lib.js';
import { Icon } from '../icons.js';
import { Act, Empty, Head, Loading, Trouble } from '../ui.js';
import { Time } from '../time.js';
import { get, post, sentence_of } from '../api.js';
import { go, query, set_query } from '../router.js';
import { counts, inbox_came, inbox_news, take_counts } from '../state.js';
import { number, t, word } from '../i18n.js';
import { toast } from '../toast.js';

const TABS = ['all', 'unread', 'archived'];
const PAGE = 20;

const asked = (tab) => ({ before: 0, limit: PAGE, unread: tab === 'unread' ? true : '', archived: tab === 'archived' ? true : '' });

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

function Row({ n, tab, done })
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
	const tab = TABS.includes(query.value.get('show')) ? query.value.get('show') : 'all';
	const [state, set_state] = useState({ rows: [], next: null, error: null, loading: true, tab: '' });
	/* Several questions may be under way: the answer to the last one stands.  `seen` is how far the list on the page goes. */
	const last = useRef({ turn: 0, waits: false, tab, seen: 0 }).current;

	last.tab = tab;
	async function load()
	{
		const mine = ++last.turn, shown = last.tab;

		last.waits = true;
		try {
			const doc = await get('/api/inbox/', asked(shown));
			if (mine !== last.turn)
				return;
			last.waits = false;
			last.seen = doc.seq;
			take_counts(doc);
			set_state((s) => {
				/* What "more" brought stays below. */
				const newest = new Set(doc.results.map((r) => r.id));
				const least = doc.results.length ? doc.results[doc.results.length - 1].seq : Infinity;
				const below = s.tab === shown ? s.rows.filter((r) => !newest.has(r.id) && r.seq < least) : [];
				return { rows: [...doc.results, ...below], next: below.length ? s.next : doc.next, error: null, loading: false, tab: shown };
			});
			if (shown !== 'archived' && counts.value.unseen > 0)
				post('/api/inbox/seen/').then(take_counts, () => { /* the next time */ });
		} catch (error) {
			if (mine !== last.turn)
				return;
			last.waits = false;
			set_state((s) => ({ ...s, error, loading: false }));
		}
	}
	useEffect(() => { load(); }, [tab, inbox_news.value]);
	/* What came between the list and the first count is told by neither. */
	useEffect(() => {
		if (!last.waits && counts.value.seq > last.seen)
			load();
	}, [counts.value.seq]);

	async function more()
	{
		const doc = await get(state.next.replace(/^https?:\/\/[^/]+/, ''));
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

	return html`<${Head} title=${t('nav.inbox')} lead=${counts.value.unread ? t('inbox.count', { n: number(counts.value.unread) }) : t('inbox.none_unread')}>
		${counts.value.unread > 0 && html`<${Act} icon="check" act=${read_all}>${t('inbox.read_all')}<//>`}
	<//>
	<p class="hidden" role="status">${came && html`<span key=${came.seq} dir="auto">${t('inbox.came', { title: came.title })}</span>`}</p>
	<div class="tabs" role="group" aria-label=${t('inbox.show')}>${TABS.map((x) => html`<button key=${x} type="button" class="tab"
		aria-pressed=${x === tab ? 'true' : 'false'} onClick=${() => set_query({ show: x === 'all' ? null : x })}>${t(`inbox.tab.${x}`)}</button>`)}</div>
	${error && html`<${Trouble} error=${error} again=${load} />`}
	${loading ? html`<${Loading} />` : rows.length === 0 && !error ? html`<${Empty} icon=${tab === 'archived' ? 'archive' : 'inbox'}
		title=${t(`inbox.empty.${tab}`)} text=${tab === 'all' ? t('inbox.empty_text') : undefined}>
			${tab === 'all' && html`<a class="button" href="/console/devices/">${t('inbox.empty_push')}</a>
				<a class="button" href="/console/preferences/">${t('nav.preferences')}</a>`}<//>`
	: html`<ul class="card flat inbox" aria-label=${t('nav.inbox')}>${rows.map((n) => html`<${Row} key=${n.id} n=${n} tab=${tab} done=${(to) => change(n.id, to)} />`)}</ul>`}
	${state.next && html`<p class="center"><${Act} icon="down" act=${more}>${t('inbox.more')}<//></p>`}`;
}
