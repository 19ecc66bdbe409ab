/*
 * plan_own.h - what plan.c (whom) and plan_write.c (the transaction) share.
 */
#ifndef GP_DELIVER_PLAN_OWN_H
#define GP_DELIVER_PLAN_OWN_H

#include "deliver/audience.h"
#include "deliver/plan.h"
#include "store/delivery.h"

struct target {
	uint64_t	 user_id, device_id;
	const char	*to, *shown, *locale;
	const uint8_t	*p256dh, *auth;
	const char	*state, *reason;	/* "queued" or final */
};

/* One plan job's part of a transaction. */
struct part {
	const struct job *job;
	const struct notification *n;
	struct note	*note;
	struct audience	 au;
	struct plan_route *route;	/* NULL: nobody serves the channel */
	struct target	*target;
	size_t		 targets;
	uint32_t	 base;		/* deliveries before these */
	bool		 last;
	uint64_t	 cursor;	/* to go on after, when not last */
};

/* Write the parts in one transaction and add items.  1 done, 0 a job is not
 * ours any more (nothing written), -1. */
int	 plan_write(struct db *db, struct plan *p, struct arena *a,
	    struct part *part, size_t n, struct err *e) MUST_CHECK;

#endif
