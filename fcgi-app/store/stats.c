/*
 * stats.c - see stats.h.
 */
#include "store/stats.h"

DB_STMT(STATS_SENT, DB_API | DB_CTL, DB_READ,
    "SELECT CAST(hour AS DATETIME(6)), provider, channel, state, SUM(n)"
    " FROM delivery_hour"
    " WHERE hour > UTC_TIMESTAMP() - INTERVAL ? HOUR"
    " GROUP BY hour, provider, channel, state"
    " ORDER BY hour DESC, provider, channel, state");
DB_STMT(STATS_SIGNIN, DB_API | DB_CTL, DB_READ,
    "SELECT CAST(hour AS DATETIME(6)), outcome, SUM(n) FROM signin_hour"
    " WHERE hour > UTC_TIMESTAMP() - INTERVAL ? HOUR"
    " GROUP BY hour, outcome ORDER BY hour DESC, outcome");
DB_STMT(STATS_SIGNIN_ADD, DB_API, DB_ONCE,
    "INSERT INTO signin_hour (hour, outcome, shard, n)"
    " VALUES (DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%d %H:00:00'), ?,"
    " CONNECTION_ID() % 64, 1)"
    " ON DUPLICATE KEY UPDATE n = signin_hour.n + 1");
DB_STMT(STATS_SIGNIN_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM signin_hour WHERE hour < UTC_TIMESTAMP() - INTERVAL 90 DAY"
    " LIMIT ?");
/* What is leased, paused or dead has no run_at. */
DB_STMT(STATS_CLASS, DB_API, DB_READ,
    "SELECT class, COUNT(*), CAST(SUM(run_at <= UTC_TIMESTAMP(6)) AS"
    " UNSIGNED), MIN(run_at) FROM job FORCE INDEX (job_claim)"
    " WHERE run_at IS NOT NULL GROUP BY class ORDER BY class");
DB_STMT(STATS_PROVIDER, DB_API | DB_CTL, DB_READ,
    "SELECT name, state, reason, until_at, updated_at, failures"
    " FROM provider_state ORDER BY name");

int
stats_each_sent(struct db *db, struct arena *a, unsigned hours,
    struct stats_sent *s, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	return (int)db_each(db, &STATS_SENT, a, DB_IN(DB_U64(hours)),
	    DB_OUT(DB_TO_TIME(&s->hour_us), DB_TO_STR(&s->provider),
	    DB_TO_STR(&s->channel), DB_TO_STR(&s->state), DB_TO_U64(&s->n)),
	    row, arg, e);
}

int
stats_each_class(struct db *db, struct stats_class *k,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	return (int)db_each(db, &STATS_CLASS, NULL, DB_NONE,
	    DB_OUT(DB_TO_U64(&k->class), DB_TO_U64(&k->ready),
	    DB_TO_U64(&k->due), DB_TO_TIME(&k->oldest_us)), row, arg, e);
}

int
stats_each_signin(struct db *db, struct arena *a, unsigned hours,
    struct stats_signin *s, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	return (int)db_each(db, &STATS_SIGNIN, a, DB_IN(DB_U64(hours)),
	    DB_OUT(DB_TO_TIME(&s->hour_us), DB_TO_STR(&s->outcome),
	    DB_TO_U64(&s->n)), row, arg, e);
}

int
stats_count_signin(struct db *db, const char *outcome, struct err *e)
{
	return db_run(db, &STATS_SIGNIN_ADD, DB_IN(DB_STR(outcome)), e) < 0 ?
	    -1 : 0;
}

int
stats_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &STATS_SIGNIN_PURGE, DB_IN(DB_U64(max)), e);
}

int
stats_each_provider(struct db *db, struct arena *a, struct stats_provider *s,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	return (int)db_each(db, &STATS_PROVIDER, a, DB_NONE,
	    DB_OUT(DB_TO_STR(&s->name), DB_TO_STR(&s->state),
	    DB_TO_STR(&s->reason), DB_TO_TIME(&s->until_us),
	    DB_TO_TIME(&s->updated_us), DB_TO_U64(&s->failures)), row, arg,
	    e);
}
