/*
 * delivery_log.h - table delivery as a log that is searched: by time, from
 * either end, by cursor, read-only.
 *
 * What stays fast at any size.  A search walks one index from the cursor
 * on: of the recipient's address, the user, the provider's id, the request,
 * the state that went wrong, the type of the notification, or the time alone.
 * What that index does not decide is compared row by row, for at most
 * a stretch of rows a call; then the cursor is handed out although the
 * page is not full, and the caller goes on from there if it wants to.  So a
 * call costs the same whether the log has a million rows or a billion: a
 * descent a partition (13 in a year, each 4 pages deep at 10^8 rows) and two
 * passes over at most one stretch.
 *
 * Titles and texts have no index: a full text index of every message would
 * cost more than sending it, and has a table of its own that no partition
 * drop empties.  They are looked for in the stretch, so a search for a text
 * is told a time (or a recipient), or goes on by cursor.
 *
 * Dates are of acceptance: they are in the ids (base/rand.h), so that a range
 * of time is a range of the key, and touches its partitions only.
 */
#ifndef GP_STORE_DELIVERY_LOG_H
#define GP_STORE_DELIVERY_LOG_H

#include "store/delivery.h"

/* In the order of the key, and by another index, where each row is a page of
 * its own. */
#define DELIVERY_LOG_STRETCH	8000u
#define DELIVERY_LOG_STRETCH_BY	2000u
#define DELIVERY_LOG_PAGE_MAX	200u

struct delivery_at { uint64_t id; uint32_t seq; };

struct delivery_search {
	/* NULL, "" or 0: not asked for */
	const uint8_t	*to;		/* 16 bytes of delivery_hash */
	uint64_t	 user_id, notification_id, sender_id;
	const char	*request_id, *provider_id, *type, *channel, *state,
			*reason, *provider;
	const char	*title, *text;	/* parts; text as JSON has it */
	int64_t		 since_us, until_us;
	struct delivery_at after, before;	/* strictly between; id 0: open */
	bool		 up;		/* oldest first */
	unsigned	 limit;		/* at most DELIVERY_LOG_PAGE_MAX */
};

struct delivery_seen {
	uint64_t	 notification_id, seq, user_id, device_id, attempts,
			 sender_id, segments;	/* of an SMS; else 0 */
	const char	*type, *title, *request_id;	/* "": purged */
	const char	*channel, *target, *provider, *state, *reason,
			*provider_id;
	int64_t		 created_us, sent_us, updated_us;	/* 0: NULL */
};
/*
 * Rows into out (room for limit), in the arena.  How many, or -1.  *next is
 * where to go on, id 0: that was all.
 */
int	 delivery_search(struct db *db, struct arena *a,
	    const struct delivery_search *f, struct delivery_seen *out,
	    struct delivery_at *next, struct err *e) MUST_CHECK;

/* One row with its whole story. */
struct delivery_story {
	struct delivery_seen d;
	const char	*content, *attempt_log;
	unsigned	 class;
	int64_t		 accepted_us, expires_us, planned_us;
	/* its job, if it still has one */
	uint64_t	 job_id, job_state, job_tries;
	int64_t		 run_us, job_expires_us;
	const char	*last_error;
};
/* 1 found, 0, -1. */
int	 delivery_story(struct db *db, struct arena *a, struct delivery_at at,
	    struct delivery_story *s, struct err *e) MUST_CHECK;

/*
 * Once more: one that failed, or of which nobody knows, is queued again with
 * a job of its own.  1 it is; 0 its state is another by now; -1.  In a
 * transaction of the caller.
 */
struct delivery_again {
	struct delivery_at at;
	uint64_t	 job_id;	/* made before (D20) */
	uint32_t	 life_s;
};
int	 delivery_again(struct db *db, const struct delivery_again *g,
	    struct err *e) MUST_CHECK;

/* Ids of that moment and later. */
uint64_t delivery_id_of(int64_t us);

/* --- partitions -------------------------------------------------------------- */
/* Months ahead made, those past keep_days (0: none) dropped.  0, or -1:
 * ERR_UNAVAILABLE "busy" while somebody reads, come again. */
int	 delivery_partitions(struct db *db, unsigned keep_days, struct err *e)
	    MUST_CHECK;
struct delivery_partition { const char *name; uint64_t bound, rows, bytes; };
int	 delivery_each_partition(struct db *db, struct arena *a,
	    struct delivery_partition *p,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
/* Notifications (and dead letters) of months that are gone; counters of
 * three months ago.  Rows, at most max of each, or -1. */
int	 delivery_log_purge(struct db *db, unsigned keep_days, unsigned max,
	    struct err *e) MUST_CHECK;

#endif
