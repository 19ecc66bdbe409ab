/*
 * What every page may want to know: who is signed in, and how many
 * notifications wait.
 */
import { get, leave, post } from './api.js';
import { computed, signal } from './lib.js';

/** The profile of who is signed in, as GET /api/auth/profile/ gives it. */
export const me = signal(/** @type {any} */ (null));

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

/** @param {string} [then]  where signing in again leads to */
export async function sign_out(then)
{
	leave();
	await post('/api/auth/logout/?tokens=cookie', {}, { public: true }).catch(() => {});
	location.assign(`/console/signin/${then ? `?rd=${encodeURIComponent(then)}` : ''}`);
}

/** The name to call somebody by. */
export function name_of(user)
{
	if (!user)
		return '';
	return [user.first_name, user.last_name].filter(Boolean).join(' ') || user.email || user.phone_number || `#${user.id}`;
}
