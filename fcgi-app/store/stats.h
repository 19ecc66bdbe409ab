/*
 * stats.h - figures for operators: what was sent by the hour, sign-ins, the
 * breakers.  From counters and indexes; nothing walks the log.
 */
#ifndef GP_STORE_STATS_H
#define GP_STORE_STATS_H

#include "store/db.h"

struct stats_sent {
	int64_t		 hour_us;
	const char	*provider, *channel, *state;
	uint64_t	 n;
};
/* Newest hour first; `row` as in db_each.  Rows or -1. */
int	 stats_each_sent(struct db *db, struct arena *a, unsigned hours,
	    struct stats_sent *s, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;

/* What waits of a class, and since when the first of what is due: from an
 * index alone. */
struct stats_class { uint64_t class, ready, due; int64_t oldest_us; };
int	 stats_each_class(struct db *db, struct stats_class *k,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

struct stats_signin { int64_t hour_us; const char *outcome; uint64_t n; };
int	 stats_each_signin(struct db *db, struct arena *a, unsigned hours,
	    struct stats_signin *s, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;

/* One more, in the transaction of its audit row where that has one (a refusal
 * has none: a connection lost between them leaves the row alone).  0 or -1. */
int	 stats_count_signin(struct db *db, const char *outcome, struct err *e)
	    MUST_CHECK;
/* Forget hours long past, at most `max` rows.  How many, or -1. */
int	 stats_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

struct stats_provider {
	const char	*name, *state, *reason;
	int64_t		 until_us, updated_us;
	uint64_t	 failures;
};
int	 stats_each_provider(struct db *db, struct arena *a,
	    struct stats_provider *s, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;

#endif
