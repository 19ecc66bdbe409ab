/*
 * The inbox as it changes, by Gatepost's own client library (/gatepost.js): one
 * connection for all tabs, and polling where nothing better gets through.
 */
import { load_counts, counts, inbox_came, inbox_news, me, take_counts } from './state.js';
import { here } from './router.js';
import { toast } from './toast.js';
import { go } from './router.js';

/** Follows the inbox for as long as the page stands. */
export async function follow_inbox()
{
	if (typeof Notification === 'function' && Notification.permission === 'granted')
		import('./push.js').then((m) => {
			m.follow_clicks(go);
			return m.mend(String(me.value.id));
		}).catch((e) => console.warn('push', e));
	await load_counts();
	const { connect } = await import('/gatepost.js');
	connect({
		scope: String(me.value.id),		/* another tab may be another person's, signed in since */
		after: counts.value.seq,
		onNotification: (n) => {
			inbox_news.value++;
			/* The inbox shows it itself, and says it. */
			if (here.value.path === '/console/inbox/')
				inbox_came.value = { seq: n.seq, title: n.title };
			else if (!document.hidden)
				toast(n.title, 'plain');
		},
		onCounts: (c) => {
			if (c.unread !== counts.value.unread || c.seq !== counts.value.seq)
				inbox_news.value++;
			take_counts(c);
		},
		onRead: () => { inbox_news.value++; },
		onReload: () => { inbox_news.value++; },
	});
}
