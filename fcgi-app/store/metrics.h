/*
 * metrics.h - figures for GET /metrics, from indexes and within bounds,
 * however long the queue is.
 */
#ifndef GP_STORE_METRICS_H
#define GP_STORE_METRICS_H

#include "store/db.h"

/*
 * The queue of a provider ("": to be planned) and class.  No more than
 * METRICS_COUNTED of what is due, and of what will be, are counted.  What has
 * no time to run has its state in no index: the newest METRICS_LOOKED_AT of
 * it are looked at, and `cut` says that there are more.
 */
#define METRICS_COUNTED		20000u
#define METRICS_LOOKED_AT	50000u
struct metrics_queue {
	struct metrics_queue *next;
	const char	*provider, *kind;	/* kind: of an added account */
	uint64_t	 class;
	uint64_t	 later, due;
	uint64_t	 leased, leaving, paused, gathered, dead, cut;
	int64_t		 oldest_s;	/* how long overdue; 0 nothing */
};
/* All that have a job, in the arena; *first NULL: none.  0 or -1. */
int	 metrics_queues(struct db *db, struct arena *a,
	    struct metrics_queue **first, struct err *e) MUST_CHECK;

/* Ended so, in the hours of `from` and later; `settled` of them in the hours
 * before `until`.  Both are full hours (us). */
struct metrics_sent {
	struct metrics_sent *next;
	const char	*provider, *channel, *state;
	uint64_t	 settled, n;
};
/* All of them, in the arena; *first NULL: none.  0 or -1. */
int	 metrics_sent(struct db *db, struct arena *a, int64_t from,
	    int64_t until, struct metrics_sent **first, struct err *e)
	    MUST_CHECK;

#endif
