/*
 * metrics.h - figures for GET /metrics, from indexes and within bounds,
 * however long the queue is.
 */
#ifndef GP_STORE_METRICS_H
#define GP_STORE_METRICS_H

#include "store/db.h"

/* The queue of a provider ("": to be planned).  Of what waits, and of what is
 * held, no more than METRICS_COUNTED rows a provider are counted. */
#define METRICS_COUNTED		20000u
struct metrics_queue {
	const char	*provider, *kind;	/* kind: of an added account */
	uint64_t	 later, due, leased, leaving, dead;
	int64_t		 oldest_s;		/* how long overdue; 0 nothing */
};
/* At most `max`.  How many, or -1. */
int	 metrics_queues(struct db *db, struct arena *a,
	    struct metrics_queue *q, size_t max, struct err *e) MUST_CHECK;

/* Ended so, in the hours of `from` and later; `settled` of them in the hours
 * before `until`.  Both are full hours (us). */
struct metrics_sent {
	const char	*provider, *channel, *state;
	uint64_t	 settled, n;
};
int	 metrics_sent(struct db *db, struct arena *a, int64_t from,
	    int64_t until, struct metrics_sent *s, size_t max, struct err *e)
	    MUST_CHECK;

#endif
