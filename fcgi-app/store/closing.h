/*
 * closing.h - table closing: accounts on their way out (S72).
 *
 * Every step is one conditional UPDATE or INSERT; who restores and who purges
 * cannot both win.
 */
#ifndef GP_STORE_CLOSING_H
#define GP_STORE_CLOSING_H

#include "store/db.h"

/*
 * Close an account in the caller's transaction: the row, and user.is_active
 * off.  `close_key` is made before the transaction.  1 closed; 0 it was
 * closing already, or there is no such user; -1, also ERR_CONFLICT
 * "last_superuser": somebody has to be left.
 */
struct closing_new {
	uint64_t	 user_id, close_key;
	uint32_t	 grace_s;
	const uint8_t	*link_hash;	/* 32 bytes */
};
/* In a transaction that is about to take `user_id` from the active superusers:
 * 0 another one is left (or it is none), and stays so until the commit; -1. */
int	 closing_leaves_superuser(struct db *db, uint64_t user_id,
	    struct err *e) MUST_CHECK;
int	 closing_begin(struct db *db, const struct closing_new *n,
	    struct err *e) MUST_CHECK;

/* The account is closing and may be restored: 1 and when it ends, 0, -1. */
int	 closing_find(struct db *db, uint64_t user_id, int64_t *purge_us,
	    struct err *e) MUST_CHECK;
/* The same by the hash of an undo link or of a token. */
int	 closing_by_hash(struct db *db, const uint8_t hash[32],
	    uint64_t *user_id, int64_t *purge_us, struct err *e) MUST_CHECK;
/* A token beside the link, good for `life_s`: 1, 0 not closing, -1. */
int	 closing_token(struct db *db, uint64_t user_id,
	    const uint8_t hash[32], uint32_t life_s, struct err *e)
	    MUST_CHECK;
/* Undo it, in the caller's transaction, whose db_tx_key marks it so that a
 * redo meets its own: 1 done, 0 too late or somebody else did, -1. */
int	 closing_restore(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;
/* Before roles are written, in their transaction: the last active superuser
 * stays, and who is closing is restored, not enabled.  0 or -1
 * ERR_CONFLICT. */
struct user_roles;
int	 closing_allows(struct db *db, uint64_t user_id,
	    const struct user_roles *to, struct err *e) MUST_CHECK;
/* An administrator disabled it meanwhile: a restore leaves it so.  1/0/-1. */
int	 closing_stay_off(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;

/* Worker: mark up to `max` accounts whose grace is over, then the oldest
 * marked one: 1 and *user_id, 0 none, -1. */
int	 closing_due(struct db *db, unsigned max, uint64_t *user_id,
	    struct err *e) MUST_CHECK;
/* The last personal row is gone: 1 the row went now, 0 it had, -1. */
int	 closing_gone(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;
/* Rows of what was restored a month ago, up to `max`.  Rows or -1. */
int	 closing_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
