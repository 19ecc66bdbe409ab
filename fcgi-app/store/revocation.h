/*
 * revocation.h - table revocation: what the master copies to shared memory
 * (D8).  session_end (session.h) writes those of sessions.
 */
#ifndef GP_STORE_REVOCATION_H
#define GP_STORE_REVOCATION_H

#include "store/db.h"

/*
 * Tokens of the user issued before now are dead: raises user.not_before to
 * the next whole second (or one past the last one: two changes in a second
 * stay two) and writes the row.  In the caller's transaction if there is one,
 * else its own.  1 and *not_before_s, 0 no such user, -1.
 */
int	 revocation_outdate(struct db *db, uint64_t user_id,
	    uint32_t access_life_s, int64_t *not_before_s, struct err *e)
	    MUST_CHECK;

struct revocation {
	uint64_t	 id;
	uint64_t	 session_id;	/* 0: a user's not-before */
	uint64_t	 user_id;
	int64_t		 not_before_us;
	int64_t		 created_us, expires_us;
};
/*
 * Rows not expired and created since `since_us` (0: all).  A row is seen at
 * its commit but dated at its statement, so a reader overlaps: since = *now_us
 * of the last read less 10 s, merged by id.  `row` as in db_each with *r
 * filled; *now_us (may be NULL) is the database's time.  Rows seen or -1.
 */
int	 revocation_each(struct db *db, int64_t since_us, struct revocation *r,
	    int64_t *now_us, int (*row)(void *arg, struct err *e), void *arg,
	    struct err *e) MUST_CHECK;

/* Worker: delete up to `max` expired rows (S13).  Rows or -1. */
int	 revocation_purge(struct db *db, unsigned max, struct err *e)
	    MUST_CHECK;

#endif
