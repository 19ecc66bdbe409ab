/*
 * site_notify.h - what sites asked for in their own transactions
 * (gatepost_notify, D22) becomes notifications.
 */
#ifndef GP_DELIVER_SITE_NOTIFY_H
#define GP_DELIVER_SITE_NOTIFY_H

#include "store/db.h"

/*
 * Take up to a batch of what was committed, in one transaction: each row
 * becomes a notification, or is refused with its reason and stays to be seen.
 * *more: there may be another batch.  0 or -1.
 */
int	 site_notify_take(struct db *db, unsigned *accepted, bool *more,
	    struct err *e) MUST_CHECK;

#endif
