/*
 * intake.h - one round of taking work: look what is due, lease it, plan what
 * is to be planned, look up where the rest goes.
 *
 * A round runs on the intake thread and alone uses the struct meanwhile.
 * Queues are per provider and class, so that a provider that is slow or down
 * holds back nothing but its own messages.
 */
#ifndef GP_DELIVER_INTAKE_H
#define GP_DELIVER_INTAKE_H

#include "deliver/plan.h"

#define INTAKE_QUEUES	40		/* providers, and "" for plans */

struct intake_queue {
	char		 provider[25];
	uint32_t	 room[JOB_CLASSES];	/* in: 0 ask nothing */
	int64_t		 floor_us[JOB_CLASSES];	/* kept: scan floors */
	int64_t		 due_us[JOB_CLASSES];	/* out: earliest, or 0 */
	bool		 look;		/* in: wants due_us without room */
	bool		 full[JOB_CLASSES];	/* kept: the last claim took as
						 * many as it might: more */
};

struct intake {
	/* in */
	struct plan_route route[INTAKE_QUEUES];
	size_t		 routes;
	struct intake_queue queue[INTAKE_QUEUES];	/* [0] is "" */
	size_t		 queues;
	uint32_t	 lease_s;
	/* out */
	struct item_list items;
	struct plan	 plan;		/* .told, .planned; .big is kept */
	int64_t		 now_us;	/* the database's clock … */
	int64_t		 mono_us;	/* … at this moment of ours */
	int64_t		 next_us;	/* the next that will be due, 0 none */
	bool		 more;		/* do not wait: there is more */
	unsigned	 claimed;
	/* kept */
	struct job_ref	*orphan;	/* claimed, then the database failed */
	size_t		 orphans;
	int64_t		 full_us, full_cost_us;	/* last look without floors */
	uint32_t	 turn;		/* which queue is asked first */
};

/* 0, or -1 with *e set; items that were made are in the list even then. */
int	 intake_run(struct db *db, struct intake *in, struct err *e)
	    MUST_CHECK;
/* Give back what is kept between rounds, for good. */
void	 intake_stop(struct db *db, struct intake *in);

#endif
