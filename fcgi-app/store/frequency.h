/*
 * frequency.h - table frequency: places under a cap of so many messages an
 * hour and a day, of a person, on a channel, of a scope (a type, a class, *).
 *
 * A window begins with its first place.  When it is full the next place is in
 * the window behind it: a cap puts off and never drops.  A place is taken by
 * one statement whose assignments are its whole logic, so two workers never
 * give the same one; who takes a place and dies wastes it, and the cap holds.
 */
#ifndef GP_STORE_FREQUENCY_H
#define GP_STORE_FREQUENCY_H

#include "store/db.h"

struct frequency {
	/* in */
	uint64_t	 user_id;
	const char	*scope, *channel;
	uint32_t	 an_hour, a_day;	/* 0: no such cap */
	int64_t		 from_us;		/* the place is here, or later */
	/* out */
	int64_t		 go_us;
};
/* Take a place for each of n, at most FREQUENCY_MAX, no two of one row.
 * Outside of transactions.  0 or -1. */
#define FREQUENCY_MAX	1000
int	 frequency_take(struct db *db, struct arena *a, struct frequency *f,
	    size_t n, struct err *e) MUST_CHECK;
/* Where the next place would be; takes none.  0 or -1. */
int	 frequency_peek(struct db *db, struct frequency *f, struct err *e)
	    MUST_CHECK;
/* Worker: delete up to `max` rows whose windows are over.  Rows or -1. */
int	 frequency_purge(struct db *db, unsigned max, struct err *e)
	    MUST_CHECK;

/* The arithmetic of the statement, in C: what peek and the tests ask. */
struct frequency_row { int64_t hour_us, day_us; uint32_t hour_n, day_n; };
int64_t	 frequency_next(struct frequency_row *r, const struct frequency *f);

#endif
