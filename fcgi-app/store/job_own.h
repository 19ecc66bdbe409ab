/*
 * job_own.h - what the files of table job share; nobody else includes it.
 */
#ifndef GP_STORE_JOB_OWN_H
#define GP_STORE_JOB_OWN_H

#include "store/job.h"

/* A row of SELECT JOB_COLUMNS, and the array that job_row appends to. */
#define JOB_COLUMNS							\
	"j.id, j.owner, j.notification_id, j.user_id, j.device_id, j.seq,"	\
	" j.class, j.kind, j.attempt, j.tries, j.crashes, j.repeat_ok,"	\
	" j.bound, j.tried,"						\
	" j.run_at, j.expires_at, j.provider, j.waiter, j.secret, j.stop"

struct job_rows {
	struct job	*job;		/* room for max */
	size_t		 n, max;
	/* where the columns of the current row are put */
	uint64_t	 id, owner, notification_id, user_id, device_id, seq,
			 class, kind, attempt, tries, crashes, repeat_ok, bound,
			 stop;
	int64_t		 run_us, expires_us;
	const char	*tried, *provider, *waiter;
	const uint8_t	*secret;
	size_t		 secret_len;
};
#define JOB_OUT(r) DB_OUT(DB_TO_U64(&(r)->id), DB_TO_U64(&(r)->owner),	\
	DB_TO_U64(&(r)->notification_id), DB_TO_U64(&(r)->user_id),		\
	DB_TO_U64(&(r)->device_id), DB_TO_U64(&(r)->seq),			\
	DB_TO_U64(&(r)->class), DB_TO_U64(&(r)->kind),			\
	DB_TO_U64(&(r)->attempt), DB_TO_U64(&(r)->tries),			\
	DB_TO_U64(&(r)->crashes), DB_TO_U64(&(r)->repeat_ok),		\
	DB_TO_U64(&(r)->bound), DB_TO_STR(&(r)->tried),			\
	DB_TO_TIME(&(r)->run_us), DB_TO_TIME(&(r)->expires_us),		\
	DB_TO_STR(&(r)->provider), DB_TO_STR(&(r)->waiter),			\
	DB_TO_BIN(&(r)->secret, &(r)->secret_len), DB_TO_U64(&(r)->stop))
int	 job_row(void *arg, struct err *e);

/* [[id, attempt, owner], …] in heap text: free it. */
#define JOB_REFS							\
	"JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY,"			\
	" id BIGINT UNSIGNED PATH '$[0]', a INT UNSIGNED PATH '$[1]',"	\
	" o BIGINT UNSIGNED PATH '$[2]')) t"
char	*job_refs(const struct job_ref *r, size_t n);

/*
 * Refs that are neighbours: consecutive ids of one owner and attempt, as
 * planning makes them.  A range of the primary key is several times cheaper
 * than a join, so batches that fall into few runs are written so.
 */
struct job_run { uint64_t first, last, owner; unsigned attempt; size_t n; };
/* Into run[max]; r may be in any order.  How many, or 0: more than max. */
size_t	 job_runs(const struct job_ref *r, size_t n, struct job_run *run,
	    size_t max);
/* Up to how many runs are cheaper than one join, of n refs. */
#define JOB_RUNS_MAX	16
size_t	 job_runs_few(size_t n);

#endif
