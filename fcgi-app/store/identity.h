/*
 * identity.h - table identity: whose account an identity of another site
 * opens.  Keyed by (issuer, sub) and nothing else (S60).
 */
#ifndef GP_STORE_IDENTITY_H
#define GP_STORE_IDENTITY_H

#include "store/db.h"

struct identity {
	uint64_t	 id;		/* of a new one: from rand_id() */
	uint64_t	 user_id;
	const char	*provider, *issuer, *sub;
	const char	*email, *name;	/* as the provider said, or NULL */
	int64_t		 created_us, used_us;
};

/* Whose: 1 and *user_id, 0, -1. */
int	 identity_user(struct db *db, const char *issuer, const char *sub,
	    uint64_t *user_id, struct err *e) MUST_CHECK;
/* Insert.  1 it is the user's now, 2 it was already; 0 it is somebody
 * else's; -1. */
int	 identity_add(struct db *db, const struct identity *n, struct err *e)
	    MUST_CHECK;
/* It let somebody in: when, and what the provider says now. */
int	 identity_used(struct db *db, const struct identity *n, struct err *e)
	    MUST_CHECK;
/* Those of a user, oldest first; `row` as in db_each.  Rows or -1. */
int	 identity_each(struct db *db, struct arena *a, uint64_t user_id,
	    struct identity *i, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;
/*
 * Remove one of a user's, unless nothing would be left to sign in with: no
 * proved address and no other identity (S64).  The user's row is locked, so
 * that of two at once one stays.  1 gone, 0 no such, 2 it is the last; -1.
 */
int	 identity_remove(struct db *db, uint64_t user_id, uint64_t id,
	    struct err *e) MUST_CHECK;
/* The provider's own wish: removed whoever's it is, the last one too; in the
 * caller's transaction, which holds the user's row then.  1 and *user_id, 0,
 * -1. */
int	 identity_forget(struct db *db, const char *issuer, const char *sub,
	    uint64_t *user_id, struct err *e) MUST_CHECK;
/* Remove those of a user that were linked since the change that is undone
 * (store/undo.h), the last one too: an address comes back with the undo.  In
 * the caller's transaction, which holds the user's row.  Rows or -1. */
int	 identity_forget_since(struct db *db, uint64_t user_id,
	    uint64_t undo_id, struct err *e) MUST_CHECK;
/* Can the user still get in: by an identity, a proved address, or a password
 * with an address that waits for its proof?  1, 0, -1. */
int	 identity_way_in(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;

#endif
