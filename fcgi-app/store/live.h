/*
 * live.h - what the gateway of /ws/notifications/ reads, many people at once.
 *
 * A batch is one statement, however many people it is about (LIVE_BATCH).
 */
#ifndef GP_STORE_LIVE_H
#define GP_STORE_LIVE_H

#include "store/db.h"

#define LIVE_BATCH	1000	/* people, or rows, of a statement */

/* Where an inbox stands.  No row: nothing ever came, all is 0. */
struct live_count { uint64_t user_id, seq, version, unread, unseen; };
/*
 * `row` as in db_each with *c filled; *c is the caller's.  Rows or -1.
 *
 * live_changed: those dated within the last window_us of the database's clock
 * (the date is the statement's: a commit lands later).
 * live_counts: those of n people.
 */
int64_t	 live_changed(struct db *db, struct arena *a, int64_t window_us,
	    struct live_count *c, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;
int64_t	 live_counts(struct db *db, struct arena *a, const uint64_t *user_id,
	    size_t n, struct live_count *c, int (*row)(void *arg,
	    struct err *e), void *arg, struct err *e) MUST_CHECK;

struct live_row {
	uint64_t	 user_id, seq, notification_id;
	const char	*type, *title, *content;	/* content: JSON */
	const char	*locale;			/* the reader's, or NULL */
	int64_t		 created_us;
};
struct live_want { uint64_t user_id, seq; };
/* Exactly these rows of inboxes, less what is archived or gone; in no order. */
int64_t	 live_rows(struct db *db, struct arena *a, const struct live_want *w,
	    size_t n, struct live_row *r, int (*row)(void *arg,
	    struct err *e), void *arg, struct err *e) MUST_CHECK;
/* The newest `most` unread of each of n people; in no order. */
int64_t	 live_unread(struct db *db, struct arena *a, const uint64_t *user_id,
	    size_t n, unsigned most, struct live_row *r, int (*row)(void *arg,
	    struct err *e), void *arg, struct err *e) MUST_CHECK;

struct live_session { uint64_t session_id, user_id; int64_t iat_s; };
/* Which of these tokens are good still: `row` with *alive's session_id and
 * iat_s filled.  For when nobody keeps a list of revocations on this host. */
int64_t	 live_sessions(struct db *db, const struct live_session *s,
	    size_t n, struct live_session *alive, int (*row)(void *arg,
	    struct err *e), void *arg, struct err *e) MUST_CHECK;

/*
 * Tickets serve once.  `key` is a number of the caller's, made before
 * (rand_id): by it a redo knows its own rows.  0, and ok[i] for each; or -1.
 */
int	 live_ticket_use(struct db *db, const uint8_t (*hash)[32], size_t n,
	    uint64_t key, bool *ok, struct err *e) MUST_CHECK;
/* Worker: rows deleted, or -1. */
int	 live_ticket_purge(struct db *db, unsigned most, struct err *e)
	    MUST_CHECK;

#endif
