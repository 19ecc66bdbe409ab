/*
 * session_admin.h - table session as administrators see it: everybody's.
 */
#ifndef GP_STORE_SESSION_ADMIN_H
#define GP_STORE_SESSION_ADMIN_H

#include "store/session.h"
#include "store/span.h"

struct session_row {
	struct session_seen s;
	uint64_t	 user_id;
	const char	*email, *phone, *end_reason;	/* or NULL */
	int64_t		 ended_us;	/* 0: nobody ended it */
	bool		 live;
};
struct session_search {
	struct span	 span;
	uint64_t	 user_id;		/* 0: anybody's */
	int		 live;			/* -1: either */
	const char	*ip;			/* first or last; NULL: any */
	const char	*q;	/* part of name, address, number, place or
				 * browser; "" any */
	unsigned	 limit;
	uint64_t	 edge;		/* out: it looked as far as this id and
					 * no further; 0: at all there are */
};
/* By time, of users only, among some ten thousand where no index finds
 * them; `row` as in db_each with *r filled.  Rows or -1.  Those that ended are
 * there until session_purge. */
int	 session_search(struct db *db, struct arena *a,
	    struct session_search *f, struct session_row *r,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

#endif
