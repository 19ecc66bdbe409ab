/*
 * undo.h - table change_undo: changes of phone and e-mail that whoever has the old
 * address may take back for a while (S59).
 *
 * While a row lives nobody else can prove its old address: the statements of
 * user.c that prove ask this table.
 */
#ifndef GP_STORE_UNDO_H
#define GP_STORE_UNDO_H

#include "store/db.h"

struct undo {
	uint64_t	 id;		/* from rand_id(), made before */
	uint64_t	 user_id;
	const char	*kind;		/* "phone", "email" */
	const char	*old_value;	/* E.164, or e-mail as typed; "" there
					 * was none, and the undo takes the
					 * new one away */
	const char	*old_key;	/* the same, or e-mail made unique */
};
/* Meeting its own id is a success (D20).  0 or -1. */
int	 undo_insert(struct db *db, const struct undo *u,
	    const uint8_t token_hash[32], uint32_t life_s, struct err *e)
	    MUST_CHECK;
/* A row neither used nor over: 1 and *u, 0, -1. */
int	 undo_find(struct db *db, struct arena *a,
	    const uint8_t token_hash[32], struct undo *u, struct err *e)
	    MUST_CHECK;
/* Use it, once, and void all later ones: they went to addresses that came
 * after, or are of changes that go with this one.  Only inside a
 * transaction.  1 this call did it, 0 another had or it is over, -1. */
int	 undo_use(struct db *db, const struct undo *u, struct err *e)
	    MUST_CHECK;
/* The first change of the other kind since `u`, not undone yet: its old value
 * is what stood when `u` was made.  1 and *other, 0 none, -1. */
int	 undo_other(struct db *db, struct arena *a, const struct undo *u,
	    struct undo *other, struct err *e) MUST_CHECK;
/* Is the address held for another user than this?  1, 0, -1. */
int	 undo_held(struct db *db, const char *kind, const char *key,
	    uint64_t user_id, struct err *e) MUST_CHECK;
/* Worker: delete up to `max` that are over.  Rows or -1. */
int	 undo_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
