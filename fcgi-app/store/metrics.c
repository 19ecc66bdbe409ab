/*
 * metrics.c - see metrics.h.
 */
#include "store/metrics.h"

#define JOBS	" FROM job FORCE INDEX (job_claim) WHERE provider = ?"	\
		" AND class IN (0, 1, 2, 3, 4) AND run_at IS "
#define WAITING	"(SELECT COUNT(*) FROM (SELECT 1" JOBS "NOT NULL"

DB_STMT(METRICS_PROVIDERS, DB_API, DB_READ,
    "SELECT j.provider, p.kind FROM (SELECT DISTINCT provider FROM job) j"
    " LEFT JOIN provider p ON p.name = j.provider ORDER BY j.provider");
/* What is leased, leaving or dead has no run_at, and stands before all that
 * waits. */
DB_STMT(METRICS_QUEUE, DB_API, DB_READ,
    "SELECT"
    " " WAITING " AND run_at > UTC_TIMESTAMP(6) LIMIT ?) a),"
    " " WAITING " AND run_at <= UTC_TIMESTAMP(6) LIMIT ?) b),"
    " COALESCE(SUM(h.state = 1), 0), COALESCE(SUM(h.state = 2), 0),"
    " COALESCE(SUM(h.state = 9), 0),"
    " GREATEST(0, COALESCE(TIMESTAMPDIFF(SECOND, (SELECT MIN(c.first) FROM"
    "  (SELECT MIN(run_at) first" JOBS "NOT NULL GROUP BY provider, class)"
    "  c), UTC_TIMESTAMP(6)), 0))"
    " FROM (SELECT state" JOBS "NULL LIMIT ?) h");
DB_STMT(METRICS_SENT, DB_API, DB_READ,
    "SELECT provider, channel, state, SUM(IF(hour < ?, n, 0)), SUM(n)"
    " FROM delivery_hour WHERE hour >= ?"
    " GROUP BY provider, channel, state");

int
metrics_queues(struct db *db, struct arena *a, struct metrics_queue *q,
    size_t max, struct err *e)
{
	const struct db_value most = DB_U64(METRICS_COUNTED);
	struct metrics_queue r = { .provider = "" };
	int n = db_list(db, &METRICS_PROVIDERS, a, DB_NONE,
	    DB_OUT(DB_TO_STR(&r.provider), DB_TO_STR(&r.kind)),
	    DB_ROWS(q, &r, max), e);

	for (int i = 0; i < n; i++) {
		const struct db_value name = DB_STR(q[i].provider);

		if (db_one(db, &METRICS_QUEUE, NULL, DB_IN(name, most, name,
		    most, name, name, most), DB_OUT(DB_TO_U64(&q[i].later),
		    DB_TO_U64(&q[i].due), DB_TO_U64(&q[i].leased),
		    DB_TO_U64(&q[i].leaving), DB_TO_U64(&q[i].dead),
		    DB_TO_I64(&q[i].oldest_s)), e) < 0)
			return -1;
	}
	return n;
}

int
metrics_sent(struct db *db, struct arena *a, int64_t from, int64_t until,
    struct metrics_sent *s, size_t max, struct err *e)
{
	struct metrics_sent r = { .n = 0 };

	return db_list(db, &METRICS_SENT, a, DB_IN(DB_WHEN(until),
	    DB_WHEN(from)), DB_OUT(DB_TO_STR(&r.provider),
	    DB_TO_STR(&r.channel), DB_TO_STR(&r.state),
	    DB_TO_U64(&r.settled), DB_TO_U64(&r.n)), DB_ROWS(s, &r, max), e);
}
