/*
 * session_admin.h - table session as administrators see it: everybody's.
 */
#ifndef GP_STORE_SESSION_ADMIN_H
#define GP_STORE_SESSION_ADMIN_H

#include "store/session.h"

struct session_row {
	struct session_seen s;
	uint64_t	 user_id;
	const char	*email, *phone, *end_reason;	/* or NULL */
	int64_t		 ended_us;	/* 0: nobody ended it */
	bool		 live;
};
struct session_search {
	uint64_t	 user_id, before;	/* 0: not asked */
	int		 live;			/* -1: either */
	const char	*ip;			/* first or last; NULL: any */
	unsigned	 limit;
};
/* Newest first, of users only; `row` as in db_each with *r filled.  Rows or
 * -1.  Those that ended are there until session_purge. */
int	 session_search(struct db *db, struct arena *a,
	    const struct session_search *f, struct session_row *r,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

#endif
