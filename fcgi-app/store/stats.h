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
/* `from`: ids of that moment and later (delivery_id_of). */
int	 stats_each_signin(struct db *db, struct arena *a, uint64_t from,
	    struct stats_signin *s, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;

struct stats_provider {
	const char	*name, *state, *reason;
	int64_t		 until_us, updated_us;
	uint64_t	 failures;
};
int	 stats_each_provider(struct db *db, struct arena *a,
	    struct stats_provider *s, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;

#endif
