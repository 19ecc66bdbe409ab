/*
 * pow.h - proof of work: what a client must spend before we do (S49).
 *
 * A challenge is stateless text that we sign; its holder finds a number such
 * that SHA-256("<challenge>:<number>") begins with `difficulty` zero bits, and
 * sends "<challenge>:<number>" as `pow`.  It works once.
 */
#ifndef GP_AUTH_POW_H
#define GP_AUTH_POW_H

#include "store/db.h"

#define POW_TEXT	64
#define POW_LIFE_S	600

struct pow { char text[POW_TEXT]; unsigned difficulty; int64_t expires_us; };
/* A fresh one, of the configured difficulty. */
void	 pow_make(struct pow *p);
/* Is it the answer to a challenge of ours, in time, for the first time?  1,
 * 0, -1.  One statement, and that only when the work was done. */
int	 pow_check(struct db *db, const char *answer, struct err *e)
	    MUST_CHECK;

#endif
