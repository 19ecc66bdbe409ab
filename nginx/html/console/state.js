/*
 * What every page may want to know: who is signed in, and how many
 * notifications wait.
 */
import { call, get, leave, post, sentence_of, unsaved } from './api.js';
import { t, visible } from './i18n.js';
import { computed, signal } from './lib.js';
import { toast } from './toast.js';

/** The profile of who is signed in, as GET /api/auth/profile/ gives it. */
export const me = signal(/** @type {import('calls').Profile} */ (null));

export const is_admin = computed(() => Boolean(me.value && (me.value.is_staff || me.value.is_superuser)));
export const is_superuser = computed(() => Boolean(me.value && me.value.is_superuser));

/** {unread, unseen, seq} of the inbox. */
export const counts = signal({ unread: 0, unseen: 0, seq: 0 });

/** Rises whenever something in the inbox changed; pages that show it ask again. */
export const inbox_news = signal(0);

/** What came last while the inbox stands open, {seq, title}: it is said to who cannot see the list change. */
export const inbox_came = signal(/** @type {any} */ (null));

export async function load_me()
{
	me.value = await get('/api/auth/profile/');
}

/** Counts that an answer brought, unless later ones came by another way meanwhile. */
export function take_counts(c)
{
	if (c.seq >= counts.value.seq && ['unread', 'unseen', 'seq'].some((n) => c[n] !== counts.value[n]))
		counts.value = { unread: c.unread, unseen: c.unseen, seq: c.seq };
}

export async function load_counts()
{
	try {
		take_counts(await get('/api/inbox/counts/'));
	} catch {
		/* the number stays as it was: it is a hint */
	}
}

/* ---- one browser, one session: all tabs are the same person's, or go ---- */

const AGAIN = 10000;		/* ms between two looks at who it is */
const tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel('gatepost-who') : null;
const who = (user) => (user ? `${user.id} ${user.acted_by || ''}` : '');
let looked = 0;

/* Somebody else by now, or nobody: what stands here is not theirs to see, nor what is done here theirs. */
function turn_away()
{
	leave();
	document.getElementById('app').hidden = true;
	location.reload();
}

async function look_who()
{
	if (!me.value || Date.now() - looked < AGAIN)
		return;
	looked = Date.now();
	try {
		const now = await call('GET', '/api/auth/profile/', { public: unsaved() });
		if (who(now) !== who(me.value))
			turn_away();
	} catch {
		/* no answer: the next call tells */
	}
}

/** Sees to it for as long as the page stands. */
export function watch_who()
{
	if (tabs) {
		tabs.onmessage = (event) => event.data !== who(me.value) && turn_away();
		tabs.postMessage(who(me.value));
	}
	document.addEventListener('visibilitychange', () => !document.hidden && look_who());
	/* Kept by the browser and shown again by "back": perhaps to another. */
	window.addEventListener('pageshow', (event) => event.persisted && turn_away());
}

/** Nobody is signed in here any more: the other tabs go too, and this browser gets no more of the account's pushes. */
export async function gone()
{
	leave();
	if (tabs)
		tabs.postMessage('');
	if (me.value && !me.value.acted_by && typeof Notification === 'function' && Notification.permission === 'granted')
		await import('./push.js').then((m) => m.let_go(String(me.value.id))).catch((e) => console.warn('push', e));
}

/** @param {string} [then]  where signing in again leads to */
export async function sign_out(then)
{
	leave();
	try {
		await post('/api/auth/logout/?tokens=cookie', {}, { public: true });
	} catch (e) {
		/* Else who goes away believes to be signed out. */
		if (e.status !== 401) {
			leave(false);
			toast(t('account.still', { why: sentence_of(e) }), 'bad');
			return;
		}
	}
	await gone();
	location.assign(`/console/signin/${then ? `?rd=${encodeURIComponent(then)}` : ''}`);
}

/** The name to call somebody by. */
export function name_of(user)
{
	if (!user)
		return '';
	/* A name of nothing but joiners is none that could be seen, or pressed. */
	return [user.first_name, user.last_name].filter((n) => n && visible(n)).join(' ') || user.email || user.phone_number || `#${user.id}`;
}
