/*
 * Gatepost's client library: a person's notifications in a page, as they commit.
 *
 *	import { connect } from 'https://id.example.com/gatepost.js';
 *
 *	const inbox = connect({
 *		onNotification: (n) => show(n.title, n.body, n.url),
 *		onCounts: (c) => badge(c.unread),
 *	});
 *	await inbox.read(id);
 *
 * Nothing is lost and nothing is given twice: every notification has a number (seq) that rises in its owner's inbox, and a page
 * that comes back says the last one it had. All tabs of an origin share one connection: the tab that holds a lock has it and hands
 * on what comes; when it goes, another takes over where it stood. Where WebSocket does not get through, the library reads an event
 * stream; where that does not either, it asks every few seconds.
 *
 * Who is asking: the session's cookie on Gatepost's own pages and on pages of the same site; elsewhere getToken (an access token)
 * or getTicket. A token never stands in an address: a ticket, good once and for 30 seconds, is fetched for each connection.
 *
 * No dependencies. What the frames are: /ws/notifications/ in the API's document.
 */

/**
 * @typedef {object} Notification
 * @property {string} id
 * @property {number} seq rises in the inbox; gaps are what was put away
 * @property {string} type
 * @property {string} title
 * @property {string|null} body
 * @property {string|null} url of http or https, or relative to Gatepost; what else stood there is not given
 * @property {object|null} data as the sender gave it
 * @property {string} created_at RFC 3339
 * @property {string|null} [read_at] only where the inbox was fetched
 * @property {boolean} missed it was there before this page connected, or came while the page was away
 */
/** @typedef {{unread: number, unseen: number, seq: number}} Counts */
/** @typedef {'connecting'|'open'|'waiting'|'offline'|'signed_out'|'closed'} State */
/** @typedef {'websocket'|'sse'|'polling'} Way */
/**
 * @typedef {object} Options
 * @property {string|URL} [url] where Gatepost is; else where this file came from
 * @property {number} [after] the last seq the page has; else everything unread comes first (the newest 100)
 * @property {boolean} [remember] keep the last seq in localStorage, and go on from there
 * @property {string} [scope] pages that show different people's inboxes on one origin name them apart
 * @property {() => Promise<string>} [getTicket] a fresh ticket (POST /api/auth/ticket/), when a connection needs one
 * @property {(again: boolean) => Promise<string>} [getToken] an access token; `again`: the last one was refused
 * @property {(n: Notification) => void} [onNotification] each once, seq rising
 * @property {(c: Counts) => void} [onCounts]
 * @property {(r: {id?: string, upto?: number}) => void} [onRead] read elsewhere: one, or all up to a seq
 * @property {(list: Notification[], seq: number) => void} [onReload] too much was missed: this is the newest of the inbox, oldest
 *	first; forget the rest. Without it the unread ones come to onNotification.
 * @property {(s: State, how: {way: Way, leader: boolean}) => void} [onState]
 * @property {Way[]} [ways] which to try, best first
 */
/**
 * @typedef {object} Connection
 * @property {State} state
 * @property {Way} way
 * @property {boolean} leader this tab has the connection
 * @property {number|null} seq the last one given
 * @property {Counts|null} counts
 * @property {(id: string) => Promise<Counts>} read
 * @property {(upto?: number) => Promise<Counts>} readAll
 * @property {(upto?: number) => Promise<Counts>} seen it was shown in a list, up to that seq
 * @property {(id: string) => Promise<Counts>} archive
 * @property {(query?: object) => Promise<{results: Notification[], next: string|null, unread: number, unseen: number, seq: number}>} list
 *	a page of the inbox; {before: 0} from the newest
 * @property {() => void} reconnect try at once, as after a sign-in
 * @property {() => void} close
 */

/** @type {Way[]} */
const WAYS = ['websocket', 'sse', 'polling'];
const RETRY = 1000;		/* ms; until a server has said its own */
const RETRY_MOST = 60000;
const READY = 10000;		/* a connection that says nothing by then is blocked on its way */
const SILENT = 45000;		/* then ask whether the other side is there */
const ANSWER = 10000;
const STREAM_SILENT = 70000;	/* more than two of the server's comments */
const POLL = 5000;
const POLL_HIDDEN = 30000;
const BETTER = 300000;		/* after that long on a lesser way, try the best again */
const SIGNED_OUT = 300000;	/* nobody signed in: look again, or when the page is shown */
const PAGE = 100;
const PAGES = 5;		/* more was missed: reload */

/**
 * How long to wait before attempt n (0, 1, …): full jitter, as 10,000 clients of one server must not come back together.
 * @param {number} attempt
 * @param {number} base ms, what the server said or RETRY
 * @param {() => number} [random]
 * @returns {number} ms
 */
export function backoff(attempt, base, random = Math.random)
{
	return Math.round(random() * Math.min(RETRY_MOST, Math.max(1, base) * 2 ** Math.min(attempt, 20)));
}

/**
 * The events of a text/event-stream that comes in pieces.
 * @returns {(text: string) => {event: string, data: string}[]}
 */
export function event_parser()
{
	let rest = '', event = '', data = /** @type {string[]} */ ([]);

	return (text) => {
		const out = [];
		const lines = (rest + text).split('\n');
		rest = lines.pop() || '';
		for (const line of lines.map((l) => l.replace(/\r$/, ''))) {
			if (line === '') {
				if (data.length)
					out.push({ event: event || 'message', data: data.join('\n') });
				event = '';
				data = [];
			} else if (!line.startsWith(':')) {
				const [, field, value] = /^([^:]*)(?:: ?(.*))?$/.exec(line) || [];
				if (field === 'event')
					event = value || '';
				else if (field === 'data')
					data.push(value || '');
			}
		}
		return out;
	};
}

/** A refusal of the API, in its own words. */
export class Refused extends Error {
	/** @param {number} status @param {any} problem @param {number} wait ms the server asks for, or 0 */
	constructor(status, problem, wait)
	{
		super((problem && problem.detail) || `status ${status}`);
		this.status = status;
		this.code = (problem && problem.code) || '';
		this.wait = wait;
	}
}

function parse(text)
{
	try {
		const v = JSON.parse(text);
		return v !== null && typeof v === 'object' ? v : null;
	} catch {
		return null;
	}
}

/* A page's own fault in a callback is the page's to see, and stops nothing here. */
function tell(fn, ...args)
{
	if (!fn)
		return;
	try {
		fn(...args);
	} catch (e) {
		if (typeof reportError === 'function')
			reportError(e);
		else
			console.error(e);
	}
}

/* A browser may refuse a page its storage: then nothing is remembered. */
function storage(act, ...args)
{
	try {
		return localStorage[act](...args);
	} catch {
		return null;
	}
}

/* One at a time among all tabs; a page that is refused its locks (a frame without an origin, no storage) has no other tabs. */
function in_turn(name, opt, work)
{
	let begun = false;
	const once = () => {
		begun = true;
		return work();
	};

	if (!navigator.locks)
		return once();
	return navigator.locks.request(name, opt, once).catch((e) => {
		if (begun || (opt.signal && opt.signal.aborted))
			throw e;
		return once();
	});
}

function channel_of(name)
{
	try {
		return new BroadcastChannel(name);
	} catch {
		return null;
	}
}

/* ---- the API ---- */

function make_api(options, base)
{
	const own = base.origin === location.origin;
	let token = '', again = false;

	async function once(method, path, body)
	{
		const headers = /** @type {Record<string, string>} */ ({ Accept: 'application/json' });

		if (options.getToken) {
			token = token && !again ? token : await options.getToken(again);
			again = false;
			headers.Authorization = `Bearer ${token}`;
		}
		if (own)
			headers['X-Gatepost'] = '1';
		if (body !== undefined)
			headers['Content-Type'] = 'application/json';
		const r = await fetch(new URL(path, base), {
			method, headers, cache: 'no-store', body: body === undefined ? undefined : JSON.stringify(body),
			credentials: options.getToken ? 'omit' : 'include',
		});
		const json = parse(await r.text());
		if (!r.ok)
			throw new Refused(r.status, json, 1000 * Number(r.headers.get('Retry-After') || 0));
		return json;
	}

	/* One refresh at a time in all tabs, and none where another tab's has helped: the first to ask again finds out. */
	function refresh()
	{
		if (options.getToken) {
			again = true;
			return once('GET', '/api/inbox/counts/');
		}
		const work = async () => {
			try {
				return await once('GET', '/api/inbox/counts/');
			} catch (e) {
				if (!(e instanceof Refused) || e.status !== 401)
					throw e;
			}
			return once('POST', '/api/auth/token/refresh/?tokens=cookie', {});
		};
		return in_turn('gatepost-refresh', {}, work);
	}

	async function call(method, path, body)
	{
		try {
			return await once(method, path, body);
		} catch (e) {
			if (!(e instanceof Refused) || e.status !== 401)
				throw e;
		}
		await refresh();
		return once(method, path, body);
	}

	/* What goes into the address of a connection: nothing where the cookie goes by itself. */
	async function ticket()
	{
		if (options.getTicket)
			return options.getTicket();
		return options.getToken ? (await call('POST', '/api/auth/ticket/', {})).ticket : '';
	}

	return { call, refresh, ticket };
}

/* ---- one connection: resolves when it has ended, and says how ----
 *
 * {ready: it got as far as the first frame, why: 'closed' | 'refused' (sign in again) | 'busy' | 'blocked', wait: ms}
 */

function stream_url(base, after, ticket)
{
	const url = new URL('/ws/notifications/', base);

	if (after !== null)
		url.searchParams.set('after', String(after));
	if (ticket)
		url.searchParams.set('ticket', ticket);
	return url;
}

async function by_socket(link)
{
	const url = stream_url(link.base, link.after(), await link.api.ticket());
	url.protocol = url.protocol.replace('http', 'ws');

	let socket = /** @type {any} */ (null);
	try {
		socket = new WebSocket(url);
	} catch {
		return { ready: false, why: 'blocked', wait: 0 };	/* the page's policy, or a browser that has none */
	}
	return new Promise((resolve) => {
		let ready = false, bye = null, heard = Date.now(), frames = 0, asking = /** @type {any} */ (0);
		const timers = [];
		const send = (frame) => {
			if (socket.readyState !== WebSocket.OPEN)
				return false;
			socket.send(JSON.stringify(frame));
			return true;
		};
		/* Not waiting for a closing handshake: the other side may be long gone. */
		const end = (why, wait = 0) => {
			timers.forEach(clearInterval);
			link.signal.removeEventListener('abort', leave);
			link.ask = () => {};
			socket.onmessage = socket.onclose = null;
			socket.close();
			resolve({ ready, why, wait, retry: bye && bye.retry_ms });
		};
		const leave = () => end('closed');
		const ask = (patience = ANSWER) => {
			const before = frames;
			if (ready && !asking && send({ type: 'ping' }))
				timers.push(asking = setTimeout(() => {
					asking = 0;
					if (frames === before)
						end('closed');
				}, patience));
		};

		timers.push(setTimeout(() => ready || end('blocked'), READY));
		timers.push(setInterval(() => Date.now() - heard > SILENT && ask(), 15000));
		link.signal.addEventListener('abort', leave);
		link.ask = ask;
		socket.onmessage = (e) => {
			const frame = parse(e.data);
			heard = Date.now();
			frames++;
			if (!frame || typeof frame.type !== 'string')
				return;
			if (frame.type === 'ready')
				ready = true;
			if (frame.type === 'bye')
				bye = frame;
			else if (frame.type === 'renew')
				link.renew().then((t) => t && send({ type: 'ticket', ticket: t }), () => {});
			else
				link.take(frame);
		};
		socket.onclose = (e) => {
			const reason = bye ? bye.reason : '';
			if (e.code === 4401 || reason === 'revoked' || reason === 'expired')
				end('refused');
			else if (e.code === 4429 || reason === 'limit')
				end('busy', 5000);
			else
				end(ready ? 'closed' : 'blocked');
		};
	});
}

async function by_stream(link)
{
	const headers = /** @type {Record<string, string>} */ ({ Accept: 'text/event-stream' });
	const url = stream_url(link.base, link.after(), await link.api.ticket());
	const stop = new AbortController();
	const leave = () => stop.abort();
	let ready = false, bye = null, timer = setTimeout(leave, READY);

	link.signal.addEventListener('abort', leave);
	try {
		const r = await fetch(url, { headers, cache: 'no-store', signal: stop.signal,
			credentials: url.searchParams.has('ticket') ? 'omit' : 'include' });
		const wait = 1000 * Number(r.headers.get('Retry-After') || 0);
		if (r.status === 401)
			return { ready, why: 'refused', wait };
		if (r.status === 429 || r.status >= 500)
			return { ready, why: 'busy', wait };
		if (!r.ok || !r.body || !/^text\/event-stream\b/.test(r.headers.get('Content-Type') || ''))
			return { ready, why: 'blocked', wait: 0 };
		const reader = r.body.getReader(), decoder = new TextDecoder(), events = event_parser();
		for (;;) {
			const { done, value } = await reader.read();
			if (done)
				break;
			for (const { data } of events(decoder.decode(value, { stream: true }))) {
				const frame = parse(data);
				if (!frame || typeof frame.type !== 'string')
					continue;
				if (frame.type === 'ready')
					ready = true;
				if (frame.type === 'bye')
					bye = frame;
				else
					link.take(frame);
			}
			if (ready) {
				clearTimeout(timer);
				timer = setTimeout(leave, STREAM_SILENT);
			}
		}
	} catch (e) {
		if (e instanceof Refused)
			throw e;
	} finally {
		clearTimeout(timer);
		link.signal.removeEventListener('abort', leave);
		stop.abort();
	}
	if (bye && (bye.reason === 'revoked' || bye.reason === 'expired'))
		return { ready, why: 'refused', wait: 0, retry: bye.retry_ms };
	return { ready, why: ready ? 'closed' : 'blocked', wait: 0, retry: bye && bye.retry_ms };
}

async function by_polling(link)
{
	const end = Date.now() + BETTER;
	let ready = false, had = '';

	while (!link.signal.aborted && (Date.now() < end || !link.better)) {
		const after = link.after();
		let page;
		try {
			page = await link.api.call('GET', after === null ? `/api/inbox/?unread=true&before=0&limit=${PAGE}`
				: `/api/inbox/?after=${after}&limit=${PAGE}`);
		} catch (e) {
			if (ready && !(e instanceof Refused))
				return { ready, why: 'closed', wait: 0 };
			throw e;
		}
		const counts = { unread: page.unread, unseen: page.unseen, seq: page.seq };
		if (!ready)
			link.take({ type: 'ready', ...counts });
		ready = true;
		if (after !== null && page.seq < after) {
			link.take({ type: 'reload', seq: page.seq });
		} else {
			if (after === null)
				page.results.reverse();
			for (const row of page.results)
				link.take({ type: after === null ? 'notification_missed' : 'notification', id: row.id, seq: row.seq, data: row });
			if (after === null)
				link.take({ type: 'settled' });
		}
		if (JSON.stringify(counts) !== had)
			link.take({ type: 'counts', ...counts });
		had = JSON.stringify(counts);
		if (page.results.length < PAGE || after === null)
			await link.pause((document.hidden ? POLL_HIDDEN : POLL) * (0.8 + 0.4 * Math.random()));
	}
	return { ready, why: 'closed', wait: 0 };
}

const BY = { websocket: by_socket, sse: by_stream, polling: by_polling };

/* ---- the whole ---- */

/**
 * @param {Options} [options]
 * @returns {Connection}
 */
export function connect(options = {})
{
	const base = new URL(options.url || '/', import.meta.url);
	const name = `gatepost:${base.origin}:${options.scope || ''}`;
	const kept = options.remember ? `${name}:seq` : '';
	const ways = (options.ways || WAYS).filter((w) => w in BY);
	const api = make_api(options, base);
	const channel = channel_of(name);
	let stop = new AbortController();		/* of this stay: from start() to close() or the page's going */
	let wake = () => {};
	/* Initial: the first frames of a connection without `after` are the unread ones; until they are all there a break
	 * starts anew, and `early` keeps what was given of them from being given again. */
	let initial = null;
	const early = new Set();
	let work = Promise.resolve();			/* what came from the tab that leads, one after the other */
	let behind = false, tries = 0, later = /** @type {any} */ (0);
	let held = /** @type {any[]|null} */ (null);	/* what comes while the inbox is fetched anew */

	/** @type {Connection} */
	const self = { state: 'connecting', way: ways[0], leader: false, seq: options.after === undefined ? null : options.after,
		counts: null, read, readAll, seen, archive, list, reconnect, close };

	if (kept && self.seq === null) {
		const had = Number(storage('getItem', kept) || NaN);
		self.seq = Number.isSafeInteger(had) ? had : null;
	}

	function say(message)
	{
		if (channel && !stop.signal.aborted)
			channel.postMessage(message);
	}

	function set_state(state, way = self.way)
	{
		if (state === self.state && way === self.way)
			return;
		self.state = state;
		self.way = way;
		if (state === 'signed_out')
			self.counts = null;		/* nobody's; told anew to who comes back */
		if (self.leader)
			say({ kind: 'state', state, way });
		tell(options.onState, state, { way, leader: self.leader });
	}

	function set_counts(c)
	{
		const now = self.counts;

		if (now && now.unread === c.unread && now.unseen === c.unseen && now.seq === c.seq)
			return;
		self.counts = { unread: c.unread, unseen: c.unseen, seq: c.seq };
		tell(options.onCounts, self.counts);
	}

	function set_seq(seq)
	{
		self.seq = seq;
		if (kept)
			storage('setItem', kept, String(seq));
	}

	function give(item)
	{
		if (self.seq === null ? early.has(item.seq) : item.seq <= self.seq)
			return;
		if (self.seq === null)
			early.add(item.seq);
		else
			set_seq(item.seq);
		tell(options.onNotification, item);
	}

	/* All that was there at the start has been given: from here seq alone tells. */
	function settle(seq)
	{
		if (self.seq !== null)
			return;
		set_seq(Math.max(seq, ...early));
		early.clear();
		initial = null;
	}

	function item_of(row, missed)
	{
		const d = row.data || {};
		const web = (u) => {
			try {
				return typeof u === 'string' && /^https?:$/.test(new URL(u, base).protocol) ? u : null;
			} catch {
				return null;
			}
		};

		return { id: String(row.id), seq: row.seq, type: d.type, title: d.title, body: d.body === undefined ? null : d.body,
			url: web(d.url), data: d.data === undefined ? null : d.data, created_at: d.created_at,
			read_at: d.read_at === undefined ? null : d.read_at, missed };
	}

	const rows_of = (page, missed) => page.results.map((r) => item_of({ id: r.id, seq: r.seq, data: r }, missed));

	function renewed(seq, items)
	{
		early.clear();
		initial = null;
		const before = self.seq;
		set_seq(seq);
		if (options.onReload)
			tell(options.onReload, items, seq);
		else
			for (const item of items)
				if (!item.read_at && (before === null || before > seq || item.seq > before))
					tell(options.onNotification, item);
	}

	async function reload()
	{
		const page = await api.call('GET', `/api/inbox/?before=0&limit=${PAGE}`);
		const items = rows_of(page, true).reverse();
		const seq = Math.max(page.seq, 0, ...items.map((i) => i.seq));

		renewed(seq, items);
		set_counts(page);
		say({ kind: 'reload', seq, items, counts: self.counts });
	}

	/* What a tab that does not lead has missed, it fetches. */
	async function catch_up()
	{
		if (self.seq === null) {
			const page = await api.call('GET', `/api/inbox/?unread=true&before=0&limit=${PAGE}`);
			const items = rows_of(page, true).reverse();
			items.forEach(give);
			settle(page.seq);
			return set_counts(page);
		}
		for (let i = 0; i < PAGES; i++) {
			const page = await api.call('GET', `/api/inbox/?after=${self.seq}&limit=${PAGE}`);
			if (page.seq < self.seq)
				break;
			rows_of(page, true).forEach(give);
			set_counts(page);
			if (page.results.length < PAGE)
				return undefined;
		}
		return reload();
	}

	/* ---- the tab that leads ---- */

	const link = {
		base, api, signal: stop.signal, better: ways.length > 1, ask: /** @type {(patience?: number) => void} */ (() => {}),
		after: () => self.seq,
		pause,
		/** @param {any} frame */
		take(frame) {
			const before = self.seq;

			if (held && /^notification/.test(frame.type)) {
				held.push(frame);
				return;
			}
			switch (frame.type) {
			case 'ready':
				initial = before === null ? { seq: frame.seq, left: Math.min(frame.unread, PAGE) } : null;
				set_counts(frame);
				set_state('open');
				say({ kind: 'ready', prev: before, seq: frame.seq, counts: self.counts });
				if (initial && initial.left === 0)
					link.take({ type: 'settled' });
				break;
			case 'settled':
				if (initial) {
					settle(initial.seq);
					say({ kind: 'ready', prev: before, seq: self.seq, counts: self.counts });
				}
				break;
			case 'notification':
			case 'notification_missed': {
				const missed = frame.type === 'notification_missed';
				if (!missed)
					link.take({ type: 'settled' });
				const item = item_of({ ...frame, id: frame.id || frame.job_id }, missed);
				const prev = self.seq;
				give(item);
				if (self.seq !== null)
					say({ kind: 'item', prev, seq: item.seq, item });
				else if (initial && --initial.left <= 0)
					link.take({ type: 'settled' });
				break;
			}
			case 'counts':
				set_counts(frame);
				say({ kind: 'counts', counts: self.counts });
				break;
			case 'read':
				tell(options.onRead, frame);
				say({ kind: 'read', frame: { id: frame.id, upto: frame.upto } });
				break;
			case 'reload':
				held = [];
				reload().then(() => {
					const later = held || [];
					held = null;
					later.forEach(link.take);
				}, () => link.again());
				break;
			}
		},
		again: () => {},
		async renew() {
			await api.refresh();
			return options.getTicket || options.getToken ? api.ticket() : (await api.call('POST', '/api/auth/ticket/', {})).ticket;
		},
	};

	/** Waits; reconnect(), the network's return or the page's being shown end it. @param {number} ms */
	function pause(ms)
	{
		return new Promise((resolve) => {
			const done = () => {
				clearTimeout(timer);
				wake = () => {};
				stop.signal.removeEventListener('abort', done);
				resolve(undefined);
			};
			const timer = setTimeout(done, ms);
			stop.signal.addEventListener('abort', done);
			wake = done;
		});
	}

	async function attempt(way)
	{
		const here = new AbortController();
		const leave = () => here.abort();
		const mine = { ...link, signal: here.signal };
		held = null;

		/* `ask` is set by the connection on the object that others look at. */
		Object.defineProperty(mine, 'ask', { set: (f) => { link.ask = f; }, get: () => link.ask });
		link.again = leave;
		stop.signal.addEventListener('abort', leave);
		try {
			return await BY[way](mine);
		} catch (e) {
			if (e instanceof Refused && (e.status === 401 || e.status === 403))
				return { ready: false, why: e.status === 401 ? 'out' : 'blocked', wait: 0 };
			return { ready: false, why: 'busy', wait: e instanceof Refused ? e.wait : 0 };
		} finally {
			stop.signal.removeEventListener('abort', leave);
		}
	}

	/* Whether to go on at once: the session has a fresh token. */
	async function sign_in_again()
	{
		try {
			await api.refresh();
			return 'fresh';
		} catch (e) {
			return e instanceof Refused && e.status < 500 && e.status !== 429 ? 'out' : 'later';
		}
	}

	async function lead()
	{
		const mine = stop.signal;
		let at = 0, fails = 0, n = 0, retry = RETRY, lesser = 0, refused = 0;

		await work.catch(() => {});
		while (!mine.aborted) {
			set_state('connecting', ways[at]);
			const end = await attempt(ways[at]);
			if (mine.aborted)
				return;
			let delay = 0, out = end.why === 'out';
			retry = end.retry > 0 ? end.retry : retry;
			if (end.ready) {
				fails = n = 0;
				refused = end.why === 'refused' ? refused : 0;
			}
			if (end.why === 'refused') {
				const got = refused++ > 3 ? 'out' : await sign_in_again();
				out = got === 'out';
				delay = got === 'later' || refused > 1 ? backoff(n++, retry) : 0;
				/* A WebSocket cannot say that it was this. */
				if (!end.ready)
					at = fails = 0;
			} else if (end.why === 'blocked' && at + 1 < ways.length && ++fails > (ways[at] === 'websocket' ? 1 : 0)) {
				at++;
				fails = 0;
				lesser = Date.now();
			} else if (!out) {
				delay = end.wait + backoff(end.ready ? 0 : n++, retry);
				/* What cannot be reached by a lesser way is down, not blocked. */
				if (at > 0 && (!end.ready || Date.now() - lesser > BETTER))
					at = fails = 0;
			}
			if (out) {
				set_state('signed_out');
				refused = 0;
				await pause(SIGNED_OUT * (1 + Math.random()));
			} else if (delay > 0) {
				set_state(navigator.onLine === false ? 'offline' : 'waiting');
				await pause(delay);
			}
		}
	}

	/* ---- the tabs ---- */

	function follow(message)
	{
		work = work.then(async () => {
			if (stop.signal.aborted || self.leader)
				return;
			if (message.counts)
				set_counts(message.counts);
			if (message.kind === 'reload')
				return renewed(message.seq, message.items);
			if (message.kind !== 'item' && message.kind !== 'ready')
				return;
			/* `prev` is what the leading tab had before this: more than we have, and we have missed some. */
			const had = self.seq;
			if (had === null || behind || (message.seq > had && (message.prev === null || message.prev > had)))
				await catch_up();
			behind = false;
			tries = 0;
			if (message.item)
				give(message.item);
		}).catch((e) => {
			/* The next message, or this, tries again; where nobody is signed in, the leading tab's word that somebody is. */
			behind = true;
			if (later || (e instanceof Refused && e.status === 401))
				return;
			later = setTimeout(() => {
				later = 0;
				if (behind)
					say({ kind: 'hello' });
			}, backoff(2 + tries++, RETRY));
		});
	}

	function hear(event)
	{
		const m = event.data || {};

		if (m.kind === 'hello') {
			if (self.leader && self.state === 'signed_out' && m.fresh) {
				wake();			/* somebody may be by now: lead() looks, and tells what it finds */
			} else if (self.leader) {
				say({ kind: 'state', state: self.state, way: self.way });
				if (self.seq !== null && self.state === 'open')
					say({ kind: 'ready', prev: self.seq, seq: self.seq, counts: self.counts });
			}
		} else if (m.kind === 'wake') {
			wake();
		} else if (m.kind === 'read') {
			tell(options.onRead, m.frame);
		} else if (self.leader) {
			/* Another's last words, or counts that an answer of the API told another tab. */
			if (m.kind === 'counts' && self.way === 'polling')
				set_counts(m.counts);
		} else if (m.kind === 'state') {
			set_state(m.state, m.way);
		} else {
			follow(m);
		}
	}

	function start()
	{
		const { signal } = stop;
		const run = async () => {
			if (signal.aborted)
				return;
			self.leader = true;
			tell(options.onState, self.state, { way: self.way, leader: true });
			await lead();
		};

		if (channel)
			channel.onmessage = hear;
		say({ kind: 'hello', fresh: true });
		if (channel)
			in_turn(name, { signal }, run).catch(() => {});
		else
			run();
	}

	function shown()
	{
		if (document.hidden)
			return;
		if (!self.leader)
			say({ kind: 'hello', fresh: true });
		else if (self.state === 'open')
			link.ask(5000);
		wake();
	}

	function gone(event)
	{
		if (!event.persisted)
			return;
		stop.abort();		/* a page that is kept aside holds neither the lock nor a connection */
		self.leader = false;
	}

	function back(event)
	{
		if (!event.persisted || self.state === 'closed')
			return;
		stop = new AbortController();
		link.signal = stop.signal;
		start();
	}

	/* A network that is new: what was blocked may be open, what was open may be dead. */
	function online()
	{
		link.ask(5000);
		wake();
	}

	function offline()
	{
		if (self.leader && self.state !== 'open')
			set_state('offline');
		else
			link.ask(3000);
	}

	/* ---- what the page may do ---- */

	/* An open connection tells the counts itself, in the order of the commits. */
	function counted(counts, read_)
	{
		if (self.state !== 'open' || self.way === 'polling') {
			set_counts(counts);
			say({ kind: 'counts', counts });
		}
		if (read_) {
			tell(options.onRead, read_);
			say({ kind: 'read', frame: read_ });
		}
		return counts;
	}

	async function read(id)
	{
		return counted(await api.call('POST', `/api/inbox/${encodeURIComponent(id)}/read/`, {}), { id });
	}

	async function archive(id)
	{
		return counted(await api.call('POST', `/api/inbox/${encodeURIComponent(id)}/archive/`, {}), { id });
	}

	async function readAll(upto)
	{
		const counts = await api.call('POST', '/api/inbox/read-all/', upto === undefined ? {} : { seq: upto });
		return counted(counts, { upto: upto === undefined ? counts.seq : upto });
	}

	async function seen(upto)
	{
		return counted(await api.call('POST', '/api/inbox/seen/', upto === undefined ? {} : { seq: upto }), null);
	}

	async function list(query = { before: 0 })
	{
		const text = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)])).toString();
		return api.call('GET', `/api/inbox/?${text}`);
	}

	function reconnect()
	{
		say({ kind: 'wake' });
		wake();
	}

	function close()
	{
		stop.abort();
		document.removeEventListener('visibilitychange', shown);
		window.removeEventListener('online', online);
		window.removeEventListener('offline', offline);
		window.removeEventListener('pagehide', gone);
		window.removeEventListener('pageshow', back);
		if (channel)
			channel.close();
		self.leader = false;
		set_state('closed');
	}

	document.addEventListener('visibilitychange', shown);
	window.addEventListener('online', online);
	window.addEventListener('offline', offline);
	window.addEventListener('pagehide', gone);
	window.addEventListener('pageshow', back);
	start();
	return self;
}
