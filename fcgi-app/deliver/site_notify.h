/*
 * site_notify.h - what sites asked for in their own transactions
 * (gatepost_notify, D22) becomes notifications.
 */
#ifndef GP_DELIVER_SITE_NOTIFY_H
#define GP_DELIVER_SITE_NOTIFY_H

#include "base/burst.h"
#include "store/db.h"

#define SITES		16
/* How much each database user asked for lately; zeroes at first. */
struct site_senders { _Atomic int64_t word[SITES]; };

/*
 * Take up to a batch of what was committed, in one transaction: each row
 * becomes a notification, or is refused with its reason and stays to be seen.
 * *more: there may be another batch.  0 or -1.
 */
int	 site_notify_take(struct db *db, struct site_senders *s,
	    unsigned *accepted, bool *more, struct err *e) MUST_CHECK;

#endif
