/*
 * inbox.h - tables inbox and inbox_count: the in-app channel.
 *
 * What must stay true: seq is gapless within a user, and the counters are
 * exact; both live in the user's row of inbox_count, which whoever adds,
 * sees or reads has locked.  A notification is in an inbox once.
 */
#ifndef GP_STORE_INBOX_H
#define GP_STORE_INBOX_H

#include "store/db.h"

/* --- planning (worker) ---------------------------------------------------- */
struct inbox_new { uint64_t user_id, notification_id; };
/* Add them, at most 5,000, in the caller's transaction; sorts n.  0 or -1. */
int	 inbox_add(struct db *db, struct inbox_new *n, size_t count,
	    struct err *e) MUST_CHECK;

/* --- reading (api) ---------------------------------------------------------- */
struct inbox {
	uint64_t	 notification_id, seq;
	const char	*type, *title, *content;	/* content: JSON */
	const char	*locale;		/* the reader's, or NULL */
	int64_t		 created_us, seen_us, read_us, archived_us; /* 0: not */
};
struct inbox_page {
	uint64_t	 user_id, after;	/* seq */
	uint64_t	 before;	/* seq; 0: none */
	bool		 down;		/* newest first */
	bool		 unread, archived;	/* only those; else all that
						 * are not archived */
	const char	*type, *q;	/* "": any; q is part of a title … */
	const char	*text;		/* … or, as JSON has it, of a text */
	unsigned	 limit;
};
/* Rows a page looks at where it is asked for a type or a text; seq has no
 * gaps, so that the caller knows where that ends. */
#define INBOX_STRETCH	1000u
/* By seq; `row` as in db_each with *i filled.  Rows or -1. */
int	 inbox_each(struct db *db, struct arena *a, const struct inbox_page *p,
	    struct inbox *i, int (*row)(void *arg, struct err *e), void *arg,
	    struct err *e) MUST_CHECK;
struct inbox_counts { uint64_t unread, unseen, seq; };
int	 inbox_count(struct db *db, uint64_t user_id, struct inbox_counts *c,
	    struct err *e) MUST_CHECK;

/* Each in the caller's transaction: 1 done or done before, 0 not there, -1. */
int	 inbox_read(struct db *db, uint64_t user_id, uint64_t notification_id,
	    struct err *e) MUST_CHECK;
/* Also reads it: what is put away is no news. */
int	 inbox_archive(struct db *db, uint64_t user_id,
	    uint64_t notification_id, struct err *e) MUST_CHECK;
/* All up to seq `to`, at most `max` rows: their notifications in id, lowest
 * seq first.  How many, or -1. */
int	 inbox_read_all(struct db *db, uint64_t user_id, uint64_t to,
	    uint64_t *id, size_t max, struct err *e) MUST_CHECK;
/* Shown in a list: up to seq `to`.  Rows or -1. */
int64_t	 inbox_seen(struct db *db, uint64_t user_id, uint64_t to,
	    struct err *e) MUST_CHECK;

/* --- the end (worker) --------------------------------------------------------- */
/* What belongs to notifications below `bound`, by at most `max` people, each in
 * a transaction: their counters count it no more.  People, or -1. */
int	 inbox_purge(struct db *db, uint64_t bound, unsigned max,
	    struct err *e) MUST_CHECK;

#endif
