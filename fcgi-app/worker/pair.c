/*
 * pair.c - a provider that takes one message per recipient and so many seconds
 * (WhatsApp: PROVIDERS.md 4.4) is not asked sooner, whichever worker sends.
 *
 * What must stay true: a turn is one committed row of table throttle, taken
 * before the intent is marked.  A turn that is then not used costs a pause; a
 * message never leaves without one, and is never dropped for want of one.
 */
#include "worker/loop_own.h"

#include "auth/throttle.h"

int
pair_take(struct db *db, struct depart *d, struct err *e)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct item *it = d->it[i];
		const struct provider *p = it->account->p;
		char rule[40];

		d->wait_s[i] = 0;
		if (p->pair_s == 0)
			continue;
		/* The provider counts by number, and that is an account's. */
		snprintf(rule, sizeof(rule), "pair_%s", it->lane->name);
		if (throttle_take(db, rule, it->to, strlen(it->to), 1,
		    p->pair_s, &d->wait_s[i], e) < 0)
			return -1;
	}
	return 0;
}
