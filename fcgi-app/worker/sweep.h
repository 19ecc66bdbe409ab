/*
 * sweep.h - what one worker of all does each second, whoever holds the lease:
 * leases that ran out, messages past their life behind a closed breaker, rows
 * past their age, the chain of the audit; and what every worker reads: the
 * shared breakers.
 */
#ifndef GP_WORKER_SWEEP_H
#define GP_WORKER_SWEEP_H

#include "deliver/accounts.h"
#include "store/job.h"

#define SWEEP_LANES	40
#define SWEEP_TOLD	256

struct sweep {
	/* in */
	uint64_t	 owner;
	bool		 purge;		/* old rows, too */
	char		 blocked[SWEEP_LANES][25];	/* not being claimed */
	size_t		 blocks;
	/* out */
	bool		 holder;
	bool		 more;		/* old rows are left */
	bool		 hooked;	/* webhooks have something to send */
	struct { char name[25], state[11]; int64_t left_us;
		unsigned failures; } breaker[SWEEP_LANES];
	size_t		 breakers;
	struct accounts	 accounts;	/* kept when they cannot be read */
	char		 provider[SWEEP_LANES][25];	/* that have jobs */
	size_t		 providers;
	struct { char waiter[65]; uint64_t id; } told[SWEEP_TOLD];
	size_t		 tell;
	unsigned	 revived, unsure, buried, expired;
};

int	 sweep_run(struct db *db, struct sweep *s, struct err *e) MUST_CHECK;
/* Give the lease back, at the end. */
void	 sweep_stop(struct db *db, uint64_t owner);

#endif
