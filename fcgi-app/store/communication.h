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
	const char	*state, *reason, *provider_id;	/* "queued" before it is planned */
	int64_t		 created_us, sent_us;
};
/* Of a user, newest first; channel "" all.  `row` as in db_each. */
int64_t	 communication_count(struct db *db, uint64_t user_id,
	    const char *channel, struct err *e);
int	 communication_each(struct db *db, struct arena *a, uint64_t user_id,
	    const char *channel, unsigned limit, unsigned offset,
	    struct communication *m, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;

#endif
