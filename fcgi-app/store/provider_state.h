/*
 * provider_state.h - table provider_state: breakers that all workers share.
 */
#ifndef GP_STORE_PROVIDER_STATE_H
#define GP_STORE_PROVIDER_STATE_H

#include "store/db.h"

struct provider_row {
	const char	*name, *state, *reason;	/* closed, open, half_open */
	int64_t		 left_us;	/* until it may be tried; ≤ 0: now */
	uint64_t	 failures;
};
/* All rows in the arena.  How many, or -1. */
int	 provider_state_all(struct db *db, struct arena *a,
	    struct provider_row *row, size_t max, struct err *e) MUST_CHECK;
/* Open (again), for open_s.  0 or -1. */
int	 provider_state_open(struct db *db, const char *name,
	    const char *reason, uint32_t open_s, uint32_t failures,
	    struct err *e) MUST_CHECK;
/* May this worker make the one trial?  The row says half_open for trial_s.
 * 1 yes, 0 another has it or it is not time, -1. */
int	 provider_state_try(struct db *db, const char *name, uint32_t trial_s,
	    struct err *e) MUST_CHECK;
int	 provider_state_close(struct db *db, const char *name, struct err *e)
	    MUST_CHECK;

#endif
