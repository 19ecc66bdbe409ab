/*
 * social.h - what is on its way between here and another site: visits that
 * have begun (S63), offers to link (S61), and Facebook's deletion requests.
 * Secrets are stored as their SHA-256 only.
 */
#ifndef GP_STORE_SOCIAL_H
#define GP_STORE_SOCIAL_H

#include "store/identity.h"

#define SOCIAL_LIFE_S	300		/* S63, D11: as the cookie */

struct visit {
	uint64_t	 id;		/* new: from rand_id() */
	const uint8_t	*state_hash, *browser_hash;	/* 32 each */
	const char	*provider, *next;
	uint64_t	 user_id;	/* who links; 0: a sign-in */
};
int	 visit_insert(struct db *db, const struct visit *v, struct err *e)
	    MUST_CHECK;
/*
 * Use a visit up: one UPDATE, so that of two callbacks one goes on.  `key`
 * from rand_id() is how a redo knows its own.  1 and *v (next, user_id in the
 * arena); 0 unknown, over, used, another browser's or provider's; -1.
 */
int	 visit_take(struct db *db, struct arena *a, struct visit *v,
	    uint64_t key, struct err *e) MUST_CHECK;
/* Is the state one of ours, whatever became of it?  1, 0, -1. */
int	 visit_known(struct db *db, const uint8_t state_hash[32],
	    struct err *e) MUST_CHECK;

int	 offer_insert(struct db *db, const uint8_t token_hash[32],
	    const uint8_t browser_hash[32], const struct identity *i,
	    struct err *e) MUST_CHECK;
/* 1 and *i in the arena, 0, -1. */
int	 offer_find(struct db *db, struct arena *a,
	    const uint8_t token_hash[32], const uint8_t browser_hash[32],
	    struct identity *i, struct err *e) MUST_CHECK;
/* Used up; 1 this call did it, 0, -1. */
int	 offer_drop(struct db *db, const uint8_t token_hash[32],
	    struct err *e) MUST_CHECK;

/* Twice is once: 1 noted, 0 it was (the first `found` stays), -1. */
int	 deletion_add(struct db *db, const uint8_t code_hash[32], bool found,
	    struct err *e) MUST_CHECK;
/* 1 and when, 0, -1. */
int	 deletion_find(struct db *db, const uint8_t code_hash[32],
	    bool *found, int64_t *at_us, struct err *e) MUST_CHECK;

/* Worker: delete up to `max` of each that ended.  Rows or -1. */
int	 social_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
