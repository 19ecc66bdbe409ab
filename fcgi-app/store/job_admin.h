/*
 * job_admin.h - table job as administrators see it: what waits, what died,
 * and making it ready again.
 */
#ifndef GP_STORE_JOB_ADMIN_H
#define GP_STORE_JOB_ADMIN_H

#include "store/job.h"
#include "store/span.h"

/* The queue by provider ("": to be planned), class and state.  `row` as in
 * db_each with *q filled.  Rows or -1.  Walks the whole table: it is small,
 * or there is a backlog worth a second. */
struct job_queued {
	const char	*provider;
	uint64_t	 class, state, n;
	int64_t		 run_us, created_us;	/* the earliest; 0: none */
};
int	 job_each_queue(struct db *db, struct arena *a, struct job_queued *q,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

struct job_seen {
	uint64_t	 id, class, state, kind, notification_id, seq,
			 attempt, tries, crashes;
	const char	*provider, *why;
	int64_t		 run_us, lease_us, created_us, expires_us;
};
struct job_search {
	int		 state;		/* enum job_state; -1: any */
	const char	*provider;	/* NULL: any */
	int		 class;		/* -1: any */
	uint64_t	 notification_id;	/* 0: any */
	const char	*q;		/* part of provider or reason, "" any; or */
	uint64_t	 id, seq, user_id;	/* what it names: a job, a
					 * notification or with seq its
					 * delivery; whose.  0: nothing */
	struct span	 span;
	unsigned	 limit;
	uint64_t	 edge;		/* out: it looked as far as this id and
					 * no further; 0: at all there are */
};
/* By time, among some ten thousand rows where no index finds them. */
int	 job_search(struct db *db, struct arena *a, struct job_search *f, struct job_seen *j,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
/* 1, 0, -1. */
int	 job_seen(struct db *db, struct arena *a, uint64_t id,
	    struct job_seen *j, struct err *e) MUST_CHECK;

/*
 * Dead letters ready again with a clean sheet, their deliveries queued; in a
 * transaction of its own or the caller's.  One that is past its expiry then
 * ends as expired (R15).  Of the ids (NULL: all) and the provider (NULL:
 * any), at most JOB_BATCH_MAX.  How many, or -1.
 */
int64_t	 job_again(struct db *db, const uint64_t *id, size_t n,
	    const char *provider, struct err *e) MUST_CHECK;
/* A dead letter is not wanted any more: 1, 0 it is none, -1. */
int	 job_discard(struct db *db, uint64_t id, struct err *e) MUST_CHECK;

#endif
