/*
 * A bell for any site: how many notifications are unread, and the list of them, by one script tag.
 *
 *	<script type="module" src="https://id.example.com/gatepost-bell.js"></script>
 *
 * It stands where the tag stands, in a corner of the page when the tag is in the head, or wherever the page has
 * <gatepost-bell></gatepost-bell>. What follows is an attribute of the element, or data-… of the script tag:
 *
 *	lang="fa", dir="rtl"	else as the page around it; Persian or English
 *	theme="dark"		or light; else as the browser is set
 *	corner			floats at the lower end of the page
 *	target="#header"	(script tag) put into that element
 *	token-url="/my/token"	on a site that does not share Gatepost's cookies: an address of the site's own that answers its signed-in
 *				visitor's POST by {"token": "…"}, an access token of that person
 *	scope="…"		who the visitor is, by any name that differs from person to person: bells of one scope share a connection in
 *				all tabs of the site, so where people take turns in one browser their tabs are told apart by it
 *	link-base="https://…"	what addresses of notifications without a host are relative to; else Gatepost
 *				(a link leads over https, or by http to the very origin it is relative to, or is none)
 *	inbox-url="https://…"	where "all notifications" leads; else the console, and nowhere where it is empty
 *	sign-in-url="https://…"	where who is signed out may sign in; else Gatepost, and nowhere where there is a token
 *
 * By script: bell.getToken = async (again) => accessToken; bell.show(), bell.hide(); and the events gatepost-counts,
 * gatepost-notification, and gatepost-open (detail: the notification), which preventDefault() takes over.
 *
 * It keeps to itself: a shadow root, no dependency but gatepost.js beside it, and no style or script in the page's markup, so that
 * a policy of script-src and connect-src for Gatepost's address suffices. --gatepost-accent and ::part(button), ::part(panel) are
 * for the page's own style sheet.
 */
import { Refused, connect } from './gatepost.js';

/** What it says. */
export const WORDS = {
	en: {
		title: 'Notifications', unread: 'Notifications, {n} unread', read: 'Mark as read', read_all: 'Mark all read', all: 'All notifications',
		more: 'Older ones', close: 'Close', fresh: 'New', came: 'New notification: {title}', loading: 'Loading…', none: 'No notifications yet',
		none_text: 'New ones appear here as they come.', failed: 'The notifications could not be loaded.', again: 'Try again',
		waiting: 'No connection. Trying again…', out: 'You are signed out', out_text: 'Sign in to see your notifications.', sign_in: 'Sign in',
		new_tab: '(in a new tab)', undone: 'That did not work. Try again.',
	},
	fa: {
		title: 'اعلان‌ها', unread: 'اعلان‌ها، {n} خوانده‌نشده', read: 'خوانده شد', read_all: 'همه را خواندم', all: 'همهٔ اعلان‌ها',
		more: 'قدیمی‌ترها', close: 'بستن', fresh: 'جدید', came: 'اعلان جدید: {title}', loading: 'در حال بارگذاری…', none: 'هنوز اعلانی ندارید',
		none_text: 'اعلان‌های جدید بلافاصله اینجا دیده می‌شوند.', failed: 'اعلان‌ها بارگذاری نشدند.', again: 'تلاش دوباره',
		waiting: 'اتصال برقرار نیست. دوباره تلاش می‌شود…', out: 'وارد نشده‌اید', out_text: 'برای دیدن اعلان‌ها وارد شوید.', sign_in: 'ورود',
		new_tab: '(در زبانهٔ جدید)', undone: 'انجام نشد. دوباره تلاش کنید.',
	},
};

const HOME = new URL('/', import.meta.url);
const ATTRIBUTES = ['lang', 'dir', 'theme', 'corner', 'token-url', 'scope', 'link-base', 'inbox-url', 'sign-in-url'];
const PAGE = 20;
const READ_WAIT = 1000;		/* ms: a link is followed then, whether or not the reading was heard of */
const EDGE = 8;			/* pixels between the panel and the window's edge */
const WIDE = 384;

const DARK = `color-scheme: dark; --panel: #17181c; --text: #ececf0; --soft: #a3a7b4; --line: #2a2c34; --edge: #6a6f7d; --sunk: #1e2026;
	--new: #23264a; --accent: var(--gatepost-accent, #98a2ff); --bad: #ff938b; --lift: 0 12px 40px rgb(0 0 0 / .6);`;
const STYLE = `
:host {
	display: inline-block; color-scheme: light; --panel: #fff; --text: #17181c; --soft: #5a5f6d; --line: #e3e4ea; --edge: #7f8492; --sunk: #f1f1f4;
	--new: #eceefb; --accent: var(--gatepost-accent, #4453c9); --bad: #b3261e; --lift: 0 12px 40px rgb(20 22 30 / .18);
}
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${DARK} } }
:host([theme="dark"]) { ${DARK} }
:host([hidden]) { display: none; }
:host([corner]) { position: fixed; z-index: 2147483000; inset-block-end: 1rem; inset-inline-end: 1rem; }
*, *::before, *::after { box-sizing: border-box; }
/* Nothing of the page's is inherited, but what its policy of colours says and whether it is to be seen. */
.root { all: initial; display: block; color-scheme: inherit; visibility: inherit; pointer-events: inherit; font: 400 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Vazirmatn", "Noto Sans Arabic", sans-serif;
	color: var(--text); text-align: start; }
h2, p, ul { margin: 0; padding: 0; }
ul { list-style: none; }
a { color: var(--accent); }
button, .button { font: inherit; color: inherit; cursor: pointer; }
button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
button:disabled { opacity: .55; cursor: default; }
svg { display: block; fill: none; stroke: currentcolor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
[hidden] { display: none !important; }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.bell { position: relative; display: grid; place-items: center; width: 44px; height: 44px; padding: 0; border: 1px solid var(--line); border-radius: 50%;
	background: var(--panel); }
.bell:hover { background: var(--sunk); }
.bell:focus-visible { border-radius: 50%; }
.count { position: absolute; inset-block-start: -3px; inset-inline-end: -5px; min-width: 20px; height: 20px; padding: 0 5px; border-radius: 10px;
	background: #b3261e; color: #fff; border: 1px solid #fff; font-size: 11px; font-weight: 650; line-height: 18px; text-align: center; }
.panel { position: fixed; inset: auto; z-index: 2147483000; margin: 0; padding: 0; flex-direction: column; overflow: hidden; border: 1px solid var(--line);
	border-radius: 12px; background: var(--panel); color: var(--text); box-shadow: var(--lift); }
.panel.open { display: flex; }
.panel:not(.open) { display: none; }
.panel:focus { outline: none; }
.head { display: flex; align-items: center; gap: 8px; padding: 8px 16px; border-block-end: 1px solid var(--line); }
h2 { flex: 1 0 auto; font-size: 16px; font-weight: 650; line-height: 1.5; }
.quiet { min-height: 32px; padding: 2px 4px; line-height: 1.2; text-align: end; border: 0; border-radius: 6px; background: none; color: var(--accent); font-size: 13px; font-weight: 550; }
.quiet:hover:not(:disabled) { background: var(--sunk); }
.icon { display: grid; place-items: center; flex: none; width: 32px; height: 32px; padding: 0; border: 0; border-radius: 6px; background: none; color: var(--soft); }
.head .icon { margin-inline-end: -8px; }
.icon:hover { background: var(--sunk); color: var(--text); }
.scroll { flex: 1 1 auto; min-height: 0; overflow-y: auto; overscroll-behavior: contain; }
.row { position: relative; display: flex; align-items: flex-start; gap: 8px; padding: 10px 16px; border-block-end: 1px solid var(--line); }
.row:last-child { border-block-end: 0; }
.row.new { background: var(--new); }
.row.new::before { content: ""; position: absolute; inset-block: 0; inset-inline-start: 0; width: 3px; background: var(--accent); }
.main { display: block; flex: 1 1 auto; min-width: 0; padding: 0; border: 0; background: none; color: inherit; text-align: start; text-decoration: none; }
a.main:hover .t { text-decoration: underline; text-underline-offset: .15em; }
.main span { display: block; overflow-wrap: anywhere; }
/* What is written the other way round keeps its order, and stands with the rest. */
.root[dir="ltr"] .main span { text-align: left; }
.root[dir="rtl"] .main span { text-align: right; }
.main .hidden { display: inline-block; }
.t { font-weight: 600; }
.b { display: -webkit-box !important; overflow: hidden; -webkit-box-orient: vertical; -webkit-line-clamp: 3; color: var(--text); }
.main .w { color: var(--soft); font-size: 13px; }
.said { padding: 32px 20px; text-align: center; color: var(--soft); }
.said b { display: block; color: var(--text); font-weight: 600; }
.said p + p { margin-block-start: 12px; }
.button { display: inline-block; min-height: 36px; padding: 5px 16px; border: 1px solid var(--edge); border-radius: 8px; background: var(--panel); font-weight: 550;
	text-decoration: none; color: var(--text); }
.button:hover { background: var(--sunk); }
.trouble { padding: 8px 16px; border-block-end: 1px solid var(--line); color: var(--bad); font-size: 13px; }
.foot { display: flex; justify-content: center; padding: 6px 16px; border-block-start: 1px solid var(--line); }
.foot a { min-height: 32px; padding: 5px 8px; font-size: 14px; font-weight: 550; }
.older { display: block; width: 100%; min-height: 44px; border: 0; background: none; color: var(--accent); font-weight: 550; }
.older:hover { background: var(--sunk); }
@media (prefers-reduced-motion: no-preference) { .panel.open { animation: come .12s ease-out; } @keyframes come { from { opacity: 0; transform: translateY(-4px); } } }
@media (forced-colors: active) { .count, .bell, .row.new::before { border: 1px solid currentcolor; } }
`;

const PATHS = {
	bell: 'M6 16V11a6 6 0 1 1 12 0v5l1.5 2h-15zM10 20.5h4',
	check: 'M5 12.5l4.5 4.5L19 7.5',
	close: 'M6 6l12 12M18 6L6 18',
};

/* One sheet for all bells of a page, filled by script: no policy against styles in markup stands against it. */
let sheet = /** @type {CSSStyleSheet|null} */ (null);

function style_of_all()
{
	if (!sheet) {
		sheet = new CSSStyleSheet();
		sheet.replaceSync(STYLE);
	}
	return sheet;
}

/* An element; text is text, never markup. */
function make(tag, props = {}, ...children)
{
	const el = document.createElement(tag);

	for (const [k, v] of Object.entries(props)) {
		if (typeof v === 'function')
			el.addEventListener(k, v);
		else if (v !== null && v !== undefined && v !== false)
			el.setAttribute(k, v === true ? '' : String(v));
	}
	el.append(...children.filter((c) => c !== null && c !== false));
	return el;
}

function icon(name, size = 20)
{
	const NS = 'http://www.w3.org/2000/svg';
	const svg = document.createElementNS(NS, 'svg');
	const path = document.createElementNS(NS, 'path');

	for (const [k, v] of Object.entries({ width: size, height: size, viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' }))
		svg.setAttribute(k, String(v));
	path.setAttribute('d', PATHS[name]);
	svg.append(path);
	return svg;
}

/* An access token of the site's own visitor, from the site's own server. */
async function token_from(url)
{
	const r = await fetch(url, { method: 'POST', credentials: 'same-origin', cache: 'no-store', headers: { Accept: 'application/json' } });
	const doc = r.ok && r.status !== 204 ? await r.json() : {};

	if (typeof (doc.token || doc.access_token) === 'string')
		return doc.token || doc.access_token;
	/* The site's visitor is signed in at the site, or nowhere. */
	throw new Refused(r.ok || r.status === 403 ? 401 : r.status, null, 1000 * Number(r.headers.get('Retry-After') || 0));
}

/* Where a link may lead: over TLS, or as the base itself is; never javascript:, data: or the like. */
function web_address(value, base)
{
	try {
		const url = new URL(value, base);
		return url.protocol === 'https:' || (url.protocol === 'http:' && url.origin === new URL(base).origin) ? url.href : null;
	} catch {
		return null;
	}
}

/** The element <gatepost-bell>. */
export class GatepostBell extends HTMLElement {
	static observedAttributes = ATTRIBUTES;

	/** @type {((again: boolean) => Promise<string>)|null} */
	#get_token = null;
	/** @type {import('./gatepost.js').Connection|null} */
	#inbox = null;
	#rows = /** @type {any[]} */ ([]);
	#late = /** @type {any[]} */ ([]);	/* came while the list was fetched */
	#items = new Map();
	#counts = { unread: 0, unseen: 0, seq: 0 };
	#next = /** @type {string|null} */ (null);
	#state = 'connecting';
	#load = /** @type {'idle'|'loading'|'done'|'failed'} */ ('idle');
	#open = false;
	#el = /** @type {Record<string, any>} */ ({});
	#ticking = /** @type {any} */ (0);
	#outside = (/** @type {Event} */ e) => e.composedPath().includes(this) || this.hide(false);
	#again = () => this.#place();

	constructor()
	{
		super();
		const root = this.attachShadow({ mode: 'open' });

		root.adoptedStyleSheets = [style_of_all()];
	}

	connectedCallback()
	{
		/* Set before this file came. */
		if (Object.hasOwn(this, 'getToken')) {
			const had = this.getToken;
			delete this.getToken;
			this.#get_token = had;
		}
		this.#build();
		this.#connect();
	}

	disconnectedCallback()
	{
		this.hide(false);
		if (this.#inbox)
			this.#inbox.close();
		this.#inbox = null;
		this.#forget();
	}

	attributeChangedCallback(name, before, after)
	{
		if (!this.isConnected || before === after || !this.#el.root)
			return;
		if (name === 'token-url' || name === 'scope')
			this.#connect();
		else if (name !== 'theme' && name !== 'corner')
			this.#build();
	}

	/** A function of the page that gives an access token; `again`: the last one was refused. */
	get getToken()
	{
		return this.#get_token;
	}

	set getToken(fn)
	{
		this.#get_token = typeof fn === 'function' ? fn : null;
		if (this.isConnected)
			this.#connect();
	}

	/** The connection of gatepost.js, or null. */
	get connection()
	{
		return this.#inbox;
	}

	/* ---- words ---- */

	get #language()
	{
		const near = this.closest('[lang]');
		const said = this.lang || (near && near.getAttribute('lang')) || navigator.language || 'en';

		return said.toLowerCase().startsWith('fa') ? 'fa' : 'en';
	}

	get #direction()
	{
		const said = this.dir === 'rtl' || this.dir === 'ltr' ? this.dir : '';

		return said || (this.#language === 'fa' ? 'rtl' : 'ltr');
	}

	get #locale()
	{
		return this.#language === 'fa' ? 'fa-IR' : (navigator.languages || []).find((l) => l.toLowerCase().startsWith('en')) || 'en-GB';
	}

	#say(key, values = {})
	{
		return WORDS[this.#language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
	}

	#number(n)
	{
		return new Intl.NumberFormat(this.#locale).format(n);
	}

	#ago(value)
	{
		const s = (new Date(value).getTime() - Date.now()) / 1000;
		const relative = new Intl.RelativeTimeFormat(this.#locale, { numeric: 'auto', style: 'short' });

		for (const [below, unit, per] of [[60, 'second', 1], [3600, 'minute', 60], [86400, 'hour', 3600], [86400 * 30, 'day', 86400]])
			if (Math.abs(s) < Number(below))
				return relative.format(Math.round(s / Number(per)), /** @type {any} */ (unit));
		return new Intl.DateTimeFormat(this.#locale, { dateStyle: 'medium' }).format(new Date(value));
	}

	/* ---- connecting ---- */

	#connect()
	{
		const url = this.getAttribute('token-url');
		const token = this.#get_token || (url ? () => token_from(new URL(url, document.baseURI)) : null);

		if (this.#inbox)
			this.#inbox.close();
		this.#forget();
		this.#inbox = connect({
			url: HOME,
			...(token ? { getToken: token } : {}),
			scope: this.getAttribute('scope') || (token ? url || 'token' : ''),
			onCounts: (c) => this.#counted(c),
			onState: (s) => this.#stands(s),
			onNotification: (n) => this.#came(n),
			onRead: (r) => this.#read_elsewhere(r),
			onReload: () => this.#load !== 'idle' && this.#fetch(),
		});
		this.#draw();
		if (this.#open)
			this.#fetch();
	}

	#forget()
	{
		this.#rows = [];
		this.#next = null;
		this.#load = 'idle';
		this.#counts = { unread: 0, unseen: 0, seq: 0 };
		this.#state = 'connecting';
	}

	#tell(name, detail, cancelable = false)
	{
		return this.dispatchEvent(new CustomEvent(`gatepost-${name}`, { detail, cancelable, bubbles: true, composed: true }));
	}

	#stands(state)
	{
		this.#state = state;
		if (state === 'signed_out') {
			this.#rows = [];
			this.#load = 'idle';
			this.#counts = { unread: 0, unseen: 0, seq: 0 };
		} else if (state === 'open' && this.#open && (this.#load === 'idle' || this.#load === 'failed')) {
			this.#fetch();
		}
		this.#draw();
	}

	#counted(counts)
	{
		this.#counts = counts;
		this.#tell('counts', counts);
		this.#draw();
	}

	#came(n)
	{
		if (this.#load === 'loading') {
			this.#late.push(n);
		} else if (this.#load === 'done') {
			this.#add([n]);
			this.#seen();
			this.#draw();
		}
		if (n.missed)
			return;
		this.#tell('notification', n);
		this.#el.status.textContent = this.#say('came', { title: n.title });
	}

	#add(list)
	{
		const known = new Set(this.#rows.map((r) => r.id));

		this.#rows = [...this.#rows, ...list.filter((r) => !known.has(r.id))].sort((a, b) => b.seq - a.seq);
	}

	/** @param {{id?: string, upto?: number}} said */
	#read_elsewhere({ id, upto })
	{
		const at = new Date().toISOString();

		for (const r of this.#rows)
			if (!r.read_at && (r.id === id || (upto !== undefined && r.seq <= upto)))
				r.read_at = at;
		this.#draw();
	}

	async #fetch(older = false)
	{
		const inbox = this.#inbox;

		if (!inbox || this.#state === 'signed_out')
			return;
		this.#load = 'loading';
		this.#late = [];
		this.#draw();
		try {
			const last = this.#rows.at(-1);
			const page = await inbox.list({ before: older && last ? last.seq : 0, limit: PAGE });
			if (inbox !== this.#inbox)
				return;
			this.#rows = older ? this.#rows : [];
			this.#add([...page.results, ...this.#late]);
			this.#next = page.next;
			this.#load = 'done';
			this.#seen();
		} catch {
			if (inbox === this.#inbox)
				this.#load = 'failed';
		}
		this.#draw();
	}

	#seen()
	{
		if (this.#open && !document.hidden && this.#rows.length && this.#counts.unseen > 0 && this.#inbox)
			this.#inbox.seen(this.#rows[0].seq).catch(() => {});
	}

	async #try(work)
	{
		try {
			await work();
		} catch {
			this.#el.status.textContent = '';
			this.#el.status.textContent = this.#say('undone');
			this.#el.trouble.textContent = this.#say('undone');
			this.#el.trouble.hidden = false;
		}
	}

	/* ---- the panel ---- */

	/** Opens the list. */
	show()
	{
		const { panel, button } = this.#el;

		if (this.#open || !panel)
			return;
		this.#open = true;
		panel.classList.add('open');
		/* The top layer: over whatever the page has, and out of what cuts off. */
		if (panel.showPopover)
			panel.showPopover();
		button.setAttribute('aria-expanded', 'true');
		this.#fetch();
		this.#place();
		panel.focus({ preventScroll: true });
		document.addEventListener('pointerdown', this.#outside, true);
		addEventListener('resize', this.#again);
		addEventListener('scroll', this.#again, { capture: true, passive: true });
		this.#ticking = setInterval(() => this.#times(), 30000);
	}

	/** Closes it. @param {boolean} [back] give the button the focus */
	hide(back = true)
	{
		const { panel, button } = this.#el;

		if (!this.#open)
			return;
		this.#open = false;
		clearInterval(this.#ticking);
		document.removeEventListener('pointerdown', this.#outside, true);
		removeEventListener('resize', this.#again);
		removeEventListener('scroll', this.#again, { capture: true });
		if (panel.hidePopover && panel.matches(':popover-open'))
			panel.hidePopover();
		panel.classList.remove('open');
		button.setAttribute('aria-expanded', 'false');
		if (back)
			button.focus();
	}

	/* Under the bell or, where there is more room, above it; never out of the window. */
	#place()
	{
		const { panel, button } = this.#el;
		const at = button.getBoundingClientRect();
		const width = Math.min(WIDE, document.documentElement.clientWidth - 2 * EDGE);
		const wanted = this.#direction === 'rtl' ? at.left : at.right - width;
		const left = Math.min(Math.max(EDGE, wanted), document.documentElement.clientWidth - width - EDGE);
		const below = innerHeight - at.bottom - 2 * EDGE, above = at.top - 2 * EDGE;
		const up = below < 320 && above > below;

		panel.style.setProperty('left', `${left}px`);
		panel.style.setProperty('width', `${width}px`);
		panel.style.setProperty('max-height', `${Math.max(120, Math.min(560, up ? above : below))}px`);
		panel.style.setProperty('top', up ? 'auto' : `${at.bottom + EDGE}px`);
		panel.style.setProperty('bottom', up ? `${innerHeight - at.top + EDGE}px` : 'auto');
	}

	#key(e)
	{
		const controls = [...this.#el.list.querySelectorAll('.main')];
		const at = controls.indexOf(/** @type {ShadowRoot} */ (this.shadowRoot).activeElement?.closest('.row')?.querySelector('.main'));
		const to = { ArrowDown: at + 1, ArrowUp: Math.max(0, at - 1), Home: 0, End: controls.length - 1 }[e.key];

		if (e.key === 'Escape' && this.#open) {
			e.preventDefault();
			e.stopPropagation();
			this.hide();
		} else if (e.key === 'ArrowDown' && !this.#open) {
			e.preventDefault();
			this.show();
		} else if (to !== undefined && this.#open && controls.length) {
			e.preventDefault();
			controls[Math.min(to, controls.length - 1)].focus();
		}
	}

	/* Out of the bell by Tab: it closes. */
	#left(e)
	{
		if (this.#open && e.relatedTarget && !(/** @type {ShadowRoot} */ (this.shadowRoot).contains(e.relatedTarget)))
			this.hide(false);
	}

	#build()
	{
		const el = this.#el;
		const was = this.#open;
		const root = /** @type {ShadowRoot} */ (this.shadowRoot);

		this.hide(false);
		el.count = make('span', { class: 'count', 'aria-hidden': 'true', hidden: true });
		el.button = make('button', { type: 'button', class: 'bell', part: 'button', 'aria-haspopup': 'dialog', 'aria-expanded': 'false',
			'aria-controls': 'panel', click: () => (this.#open ? this.hide() : this.show()) }, icon('bell', 22), el.count);
		el.all = make('button', { type: 'button', class: 'quiet', click: () => this.#try(() => this.#inbox?.readAll(Math.max(this.#counts.seq,
			...this.#rows.map((r) => r.seq)))) }, this.#say('read_all'));
		el.list = make('ul', { role: 'list', 'aria-labelledby': 'title' });
		el.said = make('div', { class: 'said' });
		el.trouble = make('p', { class: 'trouble', hidden: true });
		el.older = make('button', { type: 'button', class: 'older', hidden: true, click: () => this.#fetch(true) }, this.#say('more'));
		el.foot = this.#foot();
		el.panel = make('div', { id: 'panel', class: 'panel', part: 'panel', role: 'dialog', 'aria-labelledby': 'title', tabindex: '-1', popover: 'manual' },
			make('div', { class: 'head' }, make('h2', { id: 'title' }, this.#say('title')), el.all,
				make('button', { type: 'button', class: 'icon', 'aria-label': this.#say('close'), click: () => this.hide() }, icon('close'))),
			el.trouble, make('div', { class: 'scroll' }, el.said, el.list, el.older), el.foot);
		el.status = make('p', { class: 'hidden', role: 'status', 'aria-live': 'polite' });
		el.root = make('div', { class: 'root', lang: this.#language, dir: this.#direction, keydown: (e) => this.#key(e), focusout: (e) => this.#left(e) },
			el.button, el.panel, el.status);
		this.#items.clear();
		root.replaceChildren(el.root);
		this.#draw();
		if (was)
			this.show();
	}

	#foot()
	{
		const said = this.getAttribute('inbox-url');
		const to = said === null ? new URL('/console/inbox/', HOME).href : said && web_address(said, document.baseURI);

		return to ? make('p', { class: 'foot' }, make('a', { href: to }, this.#say('all'))) : make('p', { hidden: true });
	}

	/* Where a click leads. */
	#address(n)
	{
		let base;

		try {
			base = new URL(this.getAttribute('link-base') || HOME, document.baseURI);
		} catch {
			return null;
		}
		return n.url ? web_address(n.url, base) : null;
	}

	async #follow(e, n, href)
	{
		const elsewhere = e.ctrlKey || e.metaKey || e.shiftKey || e.button > 0;
		const reading = n.read_at ? Promise.resolve() : this.#inbox?.read(n.id).catch(() => {});

		if (!this.#tell('open', n, true)) {
			e.preventDefault();
			this.hide();
		} else if (href && !elsewhere) {
			e.preventDefault();
			await Promise.race([reading, new Promise((go) => setTimeout(go, READ_WAIT))]);
			location.assign(href);
		}
	}

	#item(n)
	{
		const href = this.#address(n);
		const text = [
			make('span', { class: 'hidden fresh' }, `${this.#say('fresh')}: `),
			make('span', { class: 't', dir: 'auto' }, n.title),
			n.body ? make('span', { class: 'b', dir: 'auto' }, n.body) : null,
			make('span', { class: 'w' }, make('time', { datetime: n.created_at }, this.#ago(n.created_at))),
		];
		const main = href ? make('a', { class: 'main', href, click: (e) => this.#follow(e, n, href) }, ...text)
			: make('button', { type: 'button', class: 'main', click: (e) => this.#follow(e, n, null) }, ...text);
		const read = make('button', { type: 'button', class: 'icon read', title: this.#say('read'), 'aria-label': `${this.#say('read')}: ${n.title}`,
			click: () => {
				main.focus();
				this.#try(() => this.#inbox?.read(n.id));
			} }, icon('check'));

		return make('li', { class: 'row', 'data-id': n.id }, main, read);
	}

	#times()
	{
		for (const t of this.#el.list.querySelectorAll('time'))
			t.textContent = this.#ago(t.dateTime);
	}

	/* In place of a list: why there is none. */
	#instead()
	{
		const signed_out = this.#state === 'signed_out';
		const said = this.getAttribute('sign-in-url');
		const none = this.#get_token || this.hasAttribute('token-url');
		const sign_in = said ? web_address(said, document.baseURI) : none ? null : new URL('/console/signin/', HOME).href;

		if (signed_out)
			return [make('p', {}, make('b', {}, this.#say('out')), this.#say('out_text')), sign_in ? make('p', {}, make('a', { class: 'button', href: sign_in,
				target: '_blank', rel: 'noopener' }, this.#say('sign_in'), make('span', { class: 'hidden' }, ` ${this.#say('new_tab')}`))) : null];
		if (this.#load === 'failed')
			return [make('p', { role: 'alert' }, this.#say('failed')),
				make('p', {}, make('button', { type: 'button', class: 'button', click: () => this.#fetch() }, this.#say('again')))];
		if (this.#load === 'done' && this.#rows.length === 0)
			return [make('p', {}, make('b', {}, this.#say('none')), this.#say('none_text'))];
		return this.#rows.length === 0 ? [make('p', { 'aria-busy': 'true' }, this.#say('loading'))] : [];
	}

	#draw()
	{
		const el = this.#el;
		const { unread } = this.#counts;

		if (!el.root)
			return;
		el.count.hidden = unread === 0;
		el.count.textContent = unread > 99 ? `${this.#number(99)}+` : this.#number(unread);
		el.button.setAttribute('aria-label', unread ? this.#say('unread', { n: this.#number(unread) }) : this.#say('title'));
		/* Nothing to do: not there, and who pressed it stays in the panel. */
		const idle = unread === 0 || this.#state === 'signed_out';
		if (idle && this.shadowRoot?.activeElement === el.all)
			el.panel.focus();
		el.all.hidden = idle;
		el.trouble.hidden = !['waiting', 'offline'].includes(this.#state);
		el.trouble.textContent = this.#say('waiting');
		el.foot.hidden = !el.foot.firstChild || this.#state === 'signed_out';

		const ids = new Set(this.#rows.map((r) => r.id));
		for (const [id, li] of this.#items)
			if (!ids.has(id)) {
				li.remove();
				this.#items.delete(id);
			}
		this.#rows.forEach((n, i) => {
			let li = this.#items.get(n.id);
			if (!li)
				this.#items.set(n.id, li = this.#item(n));
			if (el.list.children[i] !== li)
				el.list.insertBefore(li, el.list.children[i] || null);
			li.classList.toggle('new', !n.read_at);
			li.querySelector('.read').hidden = Boolean(n.read_at);
			li.querySelector('.fresh').hidden = Boolean(n.read_at);
		});
		const said = this.#instead().filter(Boolean);
		/* Not anew where it says the same: a button in it may have the focus. */
		if (said.map((s) => s.textContent).join('') !== el.said.textContent || said.length !== el.said.children.length)
			el.said.replaceChildren(...said);
		el.said.hidden = said.length === 0;
		el.older.hidden = !this.#next || this.#rows.length === 0;
		el.older.disabled = this.#load === 'loading';
	}
}

/* The tag that brought this file, where one did: what it says, the element is told. */
function stand_in(tag)
{
	const bell = document.createElement('gatepost-bell');
	const into = tag.dataset.target ? document.querySelector(tag.dataset.target) : null;

	for (const name of ATTRIBUTES) {
		const said = tag.getAttribute(`data-${name}`);
		if (said !== null)
			bell.setAttribute(name, said);
	}
	if (into) {
		into.append(bell);
	} else if (document.body.contains(tag)) {
		tag.after(bell);
	} else {
		bell.setAttribute('corner', '');
		document.body.append(bell);
	}
}

if (!customElements.get('gatepost-bell')) {
	customElements.define('gatepost-bell', GatepostBell);
	const tag = [...document.scripts].find((s) => s.src === import.meta.url);
	if (tag && !document.querySelector('gatepost-bell'))
		stand_in(tag);
}
