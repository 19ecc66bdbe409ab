/*
 * throttle.h - exact limits across processes and restarts (S41, D27): one
 * committed statement on a primary key, before the work, for unknown
 * identifiers too.  Inside a caller's transaction it would not be committed
 * before the work, so it refuses to run there.
 */
#ifndef GP_AUTH_THROTTLE_H
#define GP_AUTH_THROTTLE_H

#include "base/err.h"
#include "store/db.h"

/*
 * Count one use of `rule` (a constant word) by `subject` (n bytes; stored as
 * keyed HMAC).  1: within `limit` uses per `window_s`; 0: refused, and *wait_s
 * says when to come back; -1 with *e set.  limit 0 always refuses.
 */
int	 throttle_take(struct db *db, const char *rule, const void *subject,
	    size_t n, uint32_t limit, uint32_t window_s, int *wait_s,
	    struct err *e) MUST_CHECK;
/* As throttle_take, but a refusal is -1 with ERR_THROTTLED `code`. */
int	 throttle_or_fail(struct db *db, const char *rule, const void *subject,
	    size_t n, uint32_t limit, uint32_t window_s, const char *code,
	    struct err *e) MUST_CHECK;
/*
 * Count one use of each of n ≤ THROTTLES_MAX rules by the same subject, in
 * one commit, in order; the first refusal is -1 with ERR_THROTTLED `code` and
 * leaves the rules behind it as they were.
 */
#define THROTTLES_MAX	4
struct throttle_rule { const char *rule; uint32_t limit, window_s; };
int	 throttle_all_or_fail(struct db *db, const struct throttle_rule *r,
	    size_t rules, const void *subject, size_t n, const char *code,
	    struct err *e) MUST_CHECK;
/* Would it pass?  Counts nothing.  Same results. */
int	 throttle_peek(struct db *db, const char *rule, const void *subject,
	    size_t n, uint32_t limit, uint32_t window_s, int *wait_s,
	    struct err *e) MUST_CHECK;
/* Give one use back: what was counted before the work was no failure. */
int	 throttle_give(struct db *db, const char *rule, const void *subject,
	    size_t n, struct err *e) MUST_CHECK;
/* Forget the count (a success ends the growing waits of an account). */
int	 throttle_clear(struct db *db, const char *rule, const void *subject,
	    size_t n, struct err *e) MUST_CHECK;

#endif
