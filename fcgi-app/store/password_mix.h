/*
 * password_mix.h - table password_mix: which kinds of hash the accounts have,
 * and how many of each, so that an unknown identifier can be made to cost
 * what a known one may (S22, D9).
 */
#ifndef GP_STORE_PASSWORD_MIX_H
#define GP_STORE_PASSWORD_MIX_H

#include "store/db.h"

#define PASSWORD_MIX_MAX	32

/* `blank` is a hash that belongs to nobody and costs what its kind costs. */
struct password_mix {
	char		 blank[256];
	uint64_t	 n;
};
/* The rows, oldest kinds of ours first by number; how many or -1. */
int	 password_mix_all(struct db *db,
	    struct password_mix row[PASSWORD_MIX_MAX], struct err *e)
	    MUST_CHECK;
/* In one transaction: these instead of what was.  0 or -1. */
int	 password_mix_replace(struct db *db, const struct password_mix *row,
	    size_t n, struct err *e) MUST_CHECK;
/*
 * Look at up to `max` accounts' hashes from user id `from` on, in order of
 * id; `see` gets each (not NULL ones only).  Sets *next to the id to go on
 * from, 0 when there are no more.  Rows looked at, or -1.
 */
int	 password_mix_sample(struct db *db, uint64_t from, unsigned max,
	    void (*see)(void *arg, const char *hash), void *arg,
	    uint64_t *next, struct err *e) MUST_CHECK;
/* Smallest and largest user id; 0 and 0 when there is none. */
int	 password_mix_range(struct db *db, uint64_t *low, uint64_t *high,
	    struct err *e) MUST_CHECK;

#endif
