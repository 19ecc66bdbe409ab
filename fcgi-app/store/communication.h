/*
 * communication.h - what a user sent by /api/communications/: rows of
 * notification, each with its one delivery.
 */
#ifndef GP_STORE_COMMUNICATION_H
#define GP_STORE_COMMUNICATION_H

#include "store/db.h"

struct communication {
	uint64_t	 id;
	const char	*channel, *subject, *content;	/* at most 4000 characters */
	const char	*recipient;
	const char	*status;	/* pending, sent or failed: of its state */
	const char	*state, *reason, *provider_id;	/* "queued" before it is planned */
	int64_t		 created_us, sent_us;
};
struct communication_page {
	uint64_t	 user_id;
	const char	*channel, *status, *q;	/* "": any; status is pending,
						 * sent or failed, q part of
						 * subject, text, recipient */
	bool		 up;			/* oldest first */
	unsigned	 limit, offset;
};
/* Of a user, by time.  `row` as in db_each. */
int64_t	 communication_count(struct db *db,
	    const struct communication_page *p, struct err *e);
int	 communication_each(struct db *db, struct arena *a,
	    const struct communication_page *p, struct communication *m,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

#endif
