/*
 * bounce.h - what came back about a mail: its delivery's state, and the
 * address that nothing goes to any more.
 */
#ifndef GP_STORE_BOUNCE_H
#define GP_STORE_BOUNCE_H

#include "store/db.h"

struct bounce {
	uint64_t	 notification_id;
	uint32_t	 seq;
	const char	*state;		/* "failed", "delivered"; NULL: as it is */
	const char	*reason;	/* "bounced", "bounce_soft", or "" */
	const char	*suppress;	/* NULL; "bounced", "complained" */
};
/*
 * Once or often, in any order: the state goes forward only (callback.h), and
 * an address is suppressed once.  Only the address that the delivery went to
 * is, whatever the report calls it.  1 done, 0 no mail of ours, -1.
 */
int	 bounce_take(struct db *db, const struct bounce *b, struct err *e)
	    MUST_CHECK;

#endif
