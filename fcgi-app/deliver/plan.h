/*
 * plan.h - from an accepted notification to its deliveries and send jobs.
 *
 * One transaction makes the delivery rows, the send jobs (leased to this
 * worker while its lanes have room) and ends the plan job, or keeps its place:
 * long audiences are planned a slice at a time, and a crash between slices
 * goes on where the last commit was.  A plan of one recipient becomes its own
 * send job.  Plans of few recipients share a transaction.
 */
#ifndef GP_DELIVER_PLAN_H
#define GP_DELIVER_PLAN_H

#include "deliver/item.h"
#include "deliver/pick.h"

#define PLAN_JOBS_MAX	256		/* at a time */
#define PLAN_SLICE	1000		/* recipients a transaction */
#define PLAN_USERS	200		/* users a slice: they have devices */
#define PLAN_PEOPLE	500		/* of a long routed audience */
#define PLAN_FEW	50		/* recipients: planned with others */
#define PLAN_BIG_MAX	4		/* long audiences at a time */
#define TOLD_MAX	64

struct plan_big;			/* a long audience under way */
struct plan {
	/* in */
	struct plan_route *route;	/* room is used up */
	size_t		 routes;
	uint32_t	 lease_s;
	int64_t		 now_us;	/* the database's clock */
	/* out */
	struct item_list *items;
	struct { char waiter[65]; uint64_t id; } told[TOLD_MAX];
	size_t		 tell;		/* notifications final already */
	uint64_t	 planned;	/* deliveries made */
	/* kept between calls */
	struct plan_big	*big[PLAN_BIG_MAX];
};

/* Plan these held plan jobs.  0, or -1 with *e set: what was not planned is
 * leased still and comes back when its lease ends. */
int	 plan_jobs(struct db *db, struct plan *p, const struct job *job,
	    size_t n, struct err *e) MUST_CHECK;
/* One more slice of each long audience.  1 there is more, 0 none, -1. */
int	 plan_slice(struct db *db, struct plan *p, struct err *e) MUST_CHECK;
/* Is this plan job one of the long audiences under way? */
bool	 plan_has(const struct plan *p, uint64_t job_id);
/* Leave long audiences to others: their jobs are ready again. */
void	 plan_stop(struct db *db, struct plan *p);

#endif
