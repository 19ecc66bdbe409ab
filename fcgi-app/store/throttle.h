/*
 * throttle.h - table throttle: exact counters by one statement (S41, D27).
 *
 * A window begins with its first use and lasts window_s; `limit` uses pass in
 * it.  Keys are 16 bytes of a keyed HMAC that auth/throttle makes.
 */
#ifndef GP_STORE_THROTTLE_H
#define GP_STORE_THROTTLE_H

#include "store/db.h"

/*
 * Count one use.  1 it passes, 0 refused and *wait_s ≥ 1 says how long the
 * window still lasts, -1.  ERR_INTERNAL inside a transaction: there it would
 * not be committed before the work.
 */
int	 throttle_row_take(struct db *db, const uint8_t k[16], uint32_t limit,
	    uint32_t window_s, int *wait_s, struct err *e) MUST_CHECK;
/*
 * Count one use of each of n counters, in order, in one commit; a refusal
 * stops there, and the counters behind it stay as they were.  1 all pass, 0
 * refused and *wait_s, -1.
 */
struct throttle_row { uint8_t k[16]; uint32_t limit, window_s; };
int	 throttle_row_take_all(struct db *db, const struct throttle_row *r,
	    size_t n, int *wait_s, struct err *e) MUST_CHECK;
/* Would it pass?  Counts nothing; same results, also in a transaction. */
int	 throttle_row_peek(struct db *db, const uint8_t k[16], uint32_t limit,
	    uint32_t window_s, int *wait_s, struct err *e) MUST_CHECK;
/* Forget the counter.  0 or -1. */
int	 throttle_row_clear(struct db *db, const uint8_t k[16], struct err *e)
	    MUST_CHECK;
/* Give one use back (never below 0).  0 or -1. */
int	 throttle_row_give(struct db *db, const uint8_t k[16], struct err *e)
	    MUST_CHECK;
/* Worker: delete up to `max` rows whose window is over.  Rows or -1. */
int	 throttle_row_purge(struct db *db, unsigned max, struct err *e)
	    MUST_CHECK;

#endif
