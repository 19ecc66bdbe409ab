/*
 * The shell: who is signed in, where they are, and the page for it.
 */
import { html, effect, render, signal, useEffect, useLayoutEffect, useRef, useState } from './lib.js';
import { LANGUAGES, bring_words, choose_language, isolated, language, number, t } from './i18n.js';
import { GROUPS, PAGES } from './pages.js';
import { counts, is_admin, is_superuser, load_me, me, name_of, sign_out, watch_who } from './state.js';
import { go, here, match, start_router } from './router.js';
import { Icon } from './icons.js';
import { away } from './api.js';
import { Dialogs } from './dialog.js';
import { Toasts, toast } from './toast.js';
import { Empty, Loading, Trouble } from './ui.js';

/* ---- themes ---- */

const theme = signal(document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));

function turn_theme()
{
	theme.value = theme.value === 'dark' ? 'light' : 'dark';
	document.documentElement.dataset.theme = theme.value;
	try {
		localStorage.setItem('gatepost-theme', theme.value);
	} catch {
		/* for this page only, then */
	}
}

/* ---- which page ---- */

const allowed = (page) => page.who === 'superuser' ? is_superuser.value : page.who === 'admin' ? is_admin.value : true;

function find(path)
{
	for (const page of PAGES) {
		const params = match(page.path, path);
		if (params && allowed(page))
			return { page, params };
	}
	return null;
}

/** Where the console begins: what an admin watches, or what a user reads. */
function home()
{
	const overview = PAGES.find((p) => p.path === '/console/overview/');
	return overview && allowed(overview) ? overview.path : '/console/inbox/';
}

function View()
{
	const path = here.value.path;
	const found = find(path);
	const [shown, set_shown] = useState(/** @type {any} */ (null));
	const [error, set_error] = useState(/** @type {any} */ (null));
	const [turn, set_turn] = useState(0);
	const first = useRef(true);
	const ref = useRef(null);

	useEffect(() => {
		let gone = false;
		set_error(null);
		if (!found) {
			set_shown(null);
			return undefined;
		}
		Promise.all([found.page.load(), ...[].concat(found.page.words || []).map(bring_words)])
			.then(([m]) => !gone && set_shown({ page: found.page, part: m.default, params: found.params, path }))
			/* A file that did not come is no fault of the page's; one that does not fit those of before an upgrade is a SyntaxError. */
			.catch((e) => !gone && set_error(!(e instanceof SyntaxError) && /import|module|fetch/i.test(e.message) ? away() : e));
		return () => { gone = true; };
	}, [path, turn]);

	/* The page has changed: say so in the title, and go to its heading, as a new document would. */
	useEffect(() => {
		const name = found ? t(found.page.title) : t('missing.title');
		document.title = `${counts.value.unread ? `(${number(counts.value.unread)}) ` : ''}${name} · Gatepost`;
	}, [path, counts.value.unread]);
	useLayoutEffect(() => {
		if (first.current) {
			first.current = false;
			return;
		}
		const h1 = ref.current && ref.current.querySelector('h1');
		if (h1)
			h1.focus({ preventScroll: true });
	}, [shown && shown.path]);

	return html`<main id="content" class=${found && found.page.narrow ? 'narrow' : undefined} ref=${ref} tabindex="-1">
		${!found ? html`<${Empty} icon="search" title=${t('missing.title')} text=${t('missing.text')} head>
			<a class="button primary" href=${home()}>${t('missing.home')}</a><//>`
		: error ? html`<${Trouble} error=${error} again=${() => set_turn(turn + 1)} />`
		: shown && shown.path === path ? html`<${shown.part} key=${path} params=${shown.params} />`
		: html`<${Loading} />`}
	</main>`;
}

/* ---- around it ---- */

function Nav({ close })
{
	const path = here.value.path;
	const found = find(path);
	const current = found && (found.page.under || found.page.path);
	const ref = useRef(null);

	/* Where one is, is seen; the list is longer than a laptop's window. */
	useEffect(() => {
		const link = ref.current.querySelector('[aria-current]');
		if (link)
			link.scrollIntoView({ block: 'nearest' });
	}, [current]);
	return html`<nav class="nav" ref=${ref} aria-label=${t('nav.label')}>
		${GROUPS.map((group) => {
			const pages = PAGES.filter((p) => p.group === group && p.icon && allowed(p));
			return pages.length > 0 && html`<div key=${group} class="nav-group">
				<h2 id=${`nav-${group}`}>${t(`nav.group.${group}`)}</h2>
				<ul aria-labelledby=${`nav-${group}`}>${pages.map((p) => html`<li key=${p.path}>
					<a href=${p.path} aria-current=${p.path === current ? 'page' : undefined} onClick=${close}>
						<${Icon} name=${p.icon} /><span>${t(p.title)}</span>
						${p.path === '/console/inbox/' && counts.value.unread > 0 && html`<span class="count">${number(counts.value.unread)}
							<span class="hidden">${t('inbox.unread')}</span></span>`}
					</a></li>`)}</ul>
			</div>`;
		})}
	</nav>`;
}

/* A button that opens a small list of things to do. */
function Menu({ label, button, children })
{
	const [open, set_open] = useState(false);
	const box = useRef(null);

	useEffect(() => {
		if (!open)
			return undefined;
		const outside = (e) => {
			if (!box.current.contains(e.target))
				set_open(false);
		};
		const escape = (e) => {
			if (e.key === 'Escape') {
				set_open(false);
				box.current.querySelector('button').focus();
			}
		};
		document.addEventListener('pointerdown', outside);
		document.addEventListener('keydown', escape);
		return () => {
			document.removeEventListener('pointerdown', outside);
			document.removeEventListener('keydown', escape);
		};
	}, [open]);
	return html`<div class="menu" ref=${box}>
		<button type="button" class="menu-button" aria-haspopup="true" aria-expanded=${open ? 'true' : 'false'} aria-label=${label}
			onClick=${() => set_open(!open)}>${button}</button>
		${open && html`<div class="menu-list" onClick=${() => set_open(false)}>${children}</div>`}
	</div>`;
}

function Account()
{
	const user = me.value;
	const name = name_of(user);

	return html`<${Menu} label=${t('account.label', { name })} button=${html`<span class="avatar" aria-hidden="true">${[...name.replace(/^[#+]/, '')][0] || '·'}</span>`}>
		<p class="menu-head"><bdi>${name}</bdi><bdi class="soft small">${user.email || user.phone_number || ''}</bdi></p>
		<a href="/console/profile/"><${Icon} name="user" size="16" />${t('nav.profile')}</a>
		<a href="/console/security/"><${Icon} name="shield" size="16" />${t('nav.security')}</a>
		${Object.entries(LANGUAGES).filter(([l]) => l !== language).map(([l, said]) => html`<button key=${l} type="button" lang=${l} onClick=${() => choose_language(l)}>
			<${Icon} name="globe" size="16" />${said}</button>`)}
		<button type="button" onClick=${() => sign_out()}><${Icon} name="out" size="16" />${t('account.sign_out')}</button>
	<//>`;
}

async function open_palette()
{
	const { palette } = await import('./palette.js');
	const to = await palette(PAGES.filter((p) => p.icon && allowed(p)));
	if (to)
		go(to);
}

/* A superuser who acts as somebody sees it on every page, and how to end it. */
function Acting()
{
	const user = me.value;

	return user.acted_by && html`<div class="acting" role="status"><${Icon} name="user" size="16" />
		<span>${t('acting.text', { name: isolated(name_of(user)) })}</span>
		<button type="button" class="button small" onClick=${() => sign_out(`/console/users/${user.id}/`)}>${t('acting.end')}</button></div>`;
}

function Shell()
{
	const [open, set_open] = useState(false);
	const button = useRef(null);
	const side = useRef(null);

	useEffect(() => { set_open(false); }, [here.value.path]);
	useEffect(() => {
		if (!open)
			return undefined;
		const escape = (e) => {
			if (e.key === 'Escape') {
				set_open(false);
				button.current.focus();
			}
		};
		const first = side.current.querySelector('a');
		if (first)
			first.focus();
		document.addEventListener('keydown', escape);
		return () => document.removeEventListener('keydown', escape);
	}, [open]);

	return html`<div class=${`shell${open ? ' nav-open' : ''}`}>
		<a class="skip" href="#content" onClick=${(e) => {
			e.preventDefault();
			document.getElementById('content').focus();
		}}>${t('skip')}</a>
		<div class="side" ref=${side} id="side">
			<a class="brand" href=${home()}><img src="/push/icon.svg" alt="" width="24" height="24" /><span>Gatepost</span></a>
			<button type="button" class="goto" onClick=${open_palette}><${Icon} name="search" size="16" /><span>${t('palette.open')}</span><kbd aria-hidden="true">Ctrl K</kbd></button>
			<${Nav} close=${() => set_open(false)} />
		</div>
		<div class="veil" onClick=${() => set_open(false)} />
		<div class="body">
			<${Acting} />
			<header class="topbar">
				<button type="button" class="icon-button only-narrow" ref=${button} aria-label=${t('nav.open')} aria-expanded=${open ? 'true' : 'false'}
					aria-controls="side" onClick=${() => set_open(!open)}><${Icon} name=${open ? 'close' : 'menu'} /></button>
				<a class="brand only-narrow" href=${home()} aria-label="Gatepost"><img src="/push/icon.svg" alt="" width="22" height="22" /><span>Gatepost</span></a>
				<span class="grow" />
				<button type="button" class="icon-button only-narrow" aria-label=${t('palette.open')} onClick=${open_palette}><${Icon} name="search" /></button>
				<button type="button" class="icon-button" aria-label=${theme.value === 'dark' ? t('theme.light') : t('theme.dark')} onClick=${turn_theme}>
					<${Icon} name=${theme.value === 'dark' ? 'sun' : 'moon'} /></button>
				<a class="icon-button bell" href="/console/inbox/" aria-label=${t('inbox.link', { n: number(counts.value.unread) })}>
					<${Icon} name="bell" />${counts.value.unread > 0 && html`<span class="dot" aria-hidden="true">${counts.value.unread > 99 ? '99+' : number(counts.value.unread)}</span>`}</a>
				<${Account} />
			</header>
			<${View} />
		</div>
		<${Dialogs} />
		<${Toasts} />
	</div>`;
}

function keys(event)
{
	const typing = event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable]');

	if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
		event.preventDefault();
		if (!document.querySelector('dialog[open]'))
			open_palette();
	} else if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && !document.querySelector('dialog[open]')) {
		const search = document.querySelector('[data-search]');
		event.preventDefault();
		if (search instanceof HTMLInputElement) {
			search.focus();
			search.select();
		} else {
			open_palette();
		}
	}
}

export async function start()
{
	await Promise.all([bring_words('frame'), load_me()]);
	watch_who();
	start_router();
	document.addEventListener('keydown', keys);
	window.addEventListener('unhandledrejection', () => toast(t('api.fault'), 'bad'));
	effect(() => {
		if (/^\/console\/?$/.test(here.value.path))
			go(home(), { replace: true });
	});
	const app = document.getElementById('app');
	app.replaceChildren();
	render(html`<${Shell} />`, app);
	import('./live.js').then((m) => m.follow_inbox()).catch((e) => console.warn('no live inbox', e));
}
