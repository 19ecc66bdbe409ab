/*
 * metrics.c - see metrics.h.
 */
#include "store/metrics.h"
#include "store/job.h"

#define JOBS	" FROM job FORCE INDEX (job_claim)"			\
		" WHERE provider = ? AND class = ? AND run_at "
#define COUNTED(which) "(SELECT COUNT(*) FROM (SELECT 1" JOBS which	\
		" UTC_TIMESTAMP(6) LIMIT ?) c)"
#define IN_STATE(s) " COALESCE(SUM(h.state = " s "), 0),"
_Static_assert(JOB_LEASED == 1 && JOB_LEAVING == 2 && JOB_PAUSED == 3 &&
    JOB_GATHERED == 4 && JOB_DEAD == 9, "METRICS_QUEUE says so");

DB_STMT(METRICS_QUEUES, DB_API, DB_READ,
    "SELECT j.provider, j.class, p.kind"
    " FROM (SELECT DISTINCT provider, class FROM job) j"
    " LEFT JOIN provider p ON p.name = j.provider"
    " ORDER BY j.provider, j.class");
/* Of what has no run_at a digest or a pause may hold a million, and the rows
 * themselves tell what is leased or dead.  The newest first: that is what is
 * on its way, and what has just died. */
DB_STMT(METRICS_QUEUE, DB_API, DB_READ,
    "SELECT " COUNTED(">") ", " COUNTED("<=") ","
    IN_STATE("1") IN_STATE("2") IN_STATE("3") IN_STATE("4") IN_STATE("9")
    " COUNT(*) = ?, GREATEST(0, COALESCE(TIMESTAMPDIFF(SECOND,"
    "  (SELECT MIN(run_at)" JOBS "IS NOT NULL), UTC_TIMESTAMP(6)), 0))"
    " FROM (SELECT state" JOBS "IS NULL ORDER BY id DESC LIMIT ?) h");
DB_STMT(METRICS_SENT, DB_API, DB_READ,
    "SELECT provider, channel, state, SUM(IF(hour < ?, n, 0)), SUM(n)"
    " FROM delivery_hour WHERE hour >= ?"
    " GROUP BY provider, channel, state");

struct queues {
	struct arena	*a;
	struct metrics_queue it, **end;
};

static int
add_queue(void *arg, struct err *e UNUSED)
{
	struct queues *x = arg;

	*x->end = arena_memdup(x->a, &x->it, sizeof(x->it));
	x->end = &(*x->end)->next;
	return 0;
}

int
metrics_queues(struct db *db, struct arena *a, struct metrics_queue **first,
    struct err *e)
{
	const struct db_value most = DB_U64(METRICS_COUNTED),
	    looked = DB_U64(METRICS_LOOKED_AT + 1);
	struct queues x = { .a = a, .end = first };

	*first = NULL;
	if (db_each(db, &METRICS_QUEUES, a, DB_NONE, DB_OUT(
	    DB_TO_STR(&x.it.provider), DB_TO_U64(&x.it.class),
	    DB_TO_STR(&x.it.kind)), add_queue, &x, e) < 0)
		return -1;
	for (struct metrics_queue *q = *first; q != NULL; q = q->next) {
		const struct db_value name = DB_STR(q->provider),
		    class = DB_U64(q->class);

		if (db_one(db, &METRICS_QUEUE, NULL, DB_IN(name, class, most,
		    name, class, most, looked, name, class, name, class,
		    looked), DB_OUT(DB_TO_U64(&q->later), DB_TO_U64(&q->due),
		    DB_TO_U64(&q->leased), DB_TO_U64(&q->leaving),
		    DB_TO_U64(&q->paused), DB_TO_U64(&q->gathered),
		    DB_TO_U64(&q->dead), DB_TO_U64(&q->cut),
		    DB_TO_I64(&q->oldest_s)), e) < 0)
			return -1;
	}
	return 0;
}

struct sums {
	struct arena	*a;
	struct metrics_sent it, **end;
};

static int
add_sum(void *arg, struct err *e UNUSED)
{
	struct sums *x = arg;

	*x->end = arena_memdup(x->a, &x->it, sizeof(x->it));
	x->end = &(*x->end)->next;
	return 0;
}

int
metrics_sent(struct db *db, struct arena *a, int64_t from, int64_t until,
    struct metrics_sent **first, struct err *e)
{
	struct sums x = { .a = a, .end = first };

	*first = NULL;
	return db_each(db, &METRICS_SENT, a, DB_IN(DB_WHEN(until),
	    DB_WHEN(from)), DB_OUT(DB_TO_STR(&x.it.provider),
	    DB_TO_STR(&x.it.channel), DB_TO_STR(&x.it.state),
	    DB_TO_U64(&x.it.settled), DB_TO_U64(&x.it.n)), add_sum, &x,
	    e) < 0 ? -1 : 0;
}
