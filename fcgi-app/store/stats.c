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
    "SELECT CAST(DATE_FORMAT(at, '%Y-%m-%d %H:00:00') AS DATETIME(6)) h,"
    " outcome, COUNT(*) FROM audit FORCE INDEX (audit_event)"
    " WHERE event = 'login' AND id >= ? GROUP BY h, outcome"
    " ORDER BY h DESC, outcome");
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
stats_each_signin(struct db *db, struct arena *a, uint64_t from,
    struct stats_signin *s, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	return (int)db_each(db, &STATS_SIGNIN, a, DB_IN(DB_U64(from)),
	    DB_OUT(DB_TO_TIME(&s->hour_us), DB_TO_STR(&s->outcome),
	    DB_TO_U64(&s->n)), row, arg, e);
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
