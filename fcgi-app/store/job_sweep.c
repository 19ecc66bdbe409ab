/*
 * job_sweep.c - leases that ran out, messages past their life, dead letters.
 */
#include "store/job_own.h"

DB_STMT(JOB_LAPSED, DB_WORKER, DB_READ,
    "SELECT " JOB_COLUMNS " FROM job j"
    " WHERE j.lease_ends_at < UTC_TIMESTAMP(6) AND j.state = ?"
    " ORDER BY j.lease_ends_at LIMIT ?");
DB_STMT(JOB_LAPSED_LOCK, DB_WORKER, DB_READ,
    "SELECT t.n FROM " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " WHERE j.attempt = t.a AND j.owner = t.o"
    " AND j.lease_ends_at < UTC_TIMESTAMP(6) AND j.state = ? FOR UPDATE");
/* Walks the queue's rows: asked only for queues that are not being claimed. */
DB_STMT(JOB_EXPIRED, DB_WORKER, DB_READ,
    "SELECT " JOB_COLUMNS " FROM job j WHERE j.provider = ?"
    " AND j.class IN (0, 1, 2, 3, 4) AND j.run_at IS NOT NULL"
    " AND j.expires_at <= UTC_TIMESTAMP(6) LIMIT ?");
DB_STMT(JOB_EXPIRED_LOCK, DB_WORKER, DB_READ,
    "SELECT t.n FROM " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " WHERE j.attempt = t.a AND j.owner = t.o AND j.run_at IS NOT NULL"
    " AND j.expires_at <= UTC_TIMESTAMP(6) AND j.state = ? FOR UPDATE");
DB_STMT(JOB_REVIVE, DB_WORKER, DB_ONCE,
    "UPDATE " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.state = 0, j.owner = 0, j.lease_ends_at = NULL,"
    " j.crashes = j.crashes + 1, j.run_at = UTC_TIMESTAMP(6),"
    " j.bound = j.bound OR j.tries > 0,"
    " j.last_error = 'worker_died'");
DB_STMT(JOB_BURY, DB_WORKER, DB_SAFE,
    "UPDATE " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.state = 9, j.run_at = NULL, j.owner = 0, j.lease_ends_at = NULL,"
    " j.last_error = 'dead_letter'");
DB_STMT(JOB_DROP, DB_WORKER, DB_SAFE,
    "DELETE j FROM " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id");
DB_STMT(JOB_COUNT, DB_API | DB_WORKER | DB_CTL, DB_READ,
    "SELECT COALESCE(SUM(state = 0), 0),"
    " COALESCE(SUM(state = 0 AND run_at <= UTC_TIMESTAMP(6)), 0),"
    " COALESCE(SUM(state = 1), 0), COALESCE(SUM(state = 2), 0),"
    " COALESCE(SUM(state = 9), 0),"
    " MIN(IF(state = 0 AND run_at <= UTC_TIMESTAMP(6), run_at, NULL))"
    " FROM job");
DB_STMT(JOB_DEAD_LIST, DB_CTL, DB_READ,
    "SELECT id, notification_id, seq, provider, last_error, created_at,"
    " expires_at FROM job WHERE state = 9 ORDER BY id DESC LIMIT ?");

struct locked { const struct job *from; struct job *to; size_t n, kept;
	uint64_t at; };

static int
locked_row(void *arg, struct err *e)
{
	struct locked *l = arg;

	(void)e;
	if (l->at >= 1 && l->at <= l->n)
		l->to[l->kept++] = l->from[l->at - 1];
	return 0;
}

/* Read what looks ripe, then lock what still is (see job_claim.c for why not
 * in one statement).  How many, or -1. */
static int
take(struct db *db, struct arena *a, const struct db_stmt *look,
    struct db_in in, const struct db_stmt *lock, enum job_state state,
    uint32_t max, struct job **out, struct err *e)
{
	struct job_rows r = { .max = max };
	struct locked l = { .n = 0 };
	struct job_ref *ref;
	char *text;
	int64_t rc;

	r.job = arena_array(a, max, sizeof(*r.job));
	if (db_each(db, look, a, in, JOB_OUT(&r), job_row, &r, e) < 0)
		return -1;
	if (r.n == 0)
		return 0;
	ref = arena_array(a, r.n, sizeof(*ref));
	for (size_t i = 0; i < r.n; i++)
		ref[i] = (struct job_ref){ .id = r.job[i].id,
		    .owner = r.job[i].owner, .attempt = r.job[i].attempt };
	l.from = r.job;
	l.n = r.n;
	l.to = arena_array(a, r.n, sizeof(*l.to));
	text = job_refs(ref, r.n);
	rc = db_each(db, lock, a, DB_IN(DB_STR(text), DB_U64(state)),
	    DB_OUT(DB_TO_U64(&l.at)), locked_row, &l, e);
	free(text);
	if (rc < 0)
		return -1;
	*out = l.to;
	return (int)l.kept;
}

int
job_lapsed(struct db *db, struct arena *a, enum job_state state, uint32_t max,
    struct job **out, struct err *e)
{
	return take(db, a, &JOB_LAPSED, DB_IN(DB_U64(state), DB_U64(max)),
	    &JOB_LAPSED_LOCK, state, max, out, e);
}

int
job_expired(struct db *db, struct arena *a, const char *provider,
    uint32_t max, struct job **out, struct err *e)
{
	return take(db, a, &JOB_EXPIRED, DB_IN(DB_STR(provider), DB_U64(max)),
	    &JOB_EXPIRED_LOCK, JOB_READY, max, out, e);
}

static int
by_refs(struct db *db, const struct db_stmt *s, const struct job_ref *r,
    size_t n, struct err *e)
{
	char *text;
	int64_t rc;

	if (n == 0)
		return 0;
	text = job_refs(r, n);
	rc = db_run(db, s, DB_IN(DB_STR(text)), e);
	free(text);
	return rc < 0 ? -1 : 0;
}

int
job_revive(struct db *db, const struct job_ref *r, size_t n, struct err *e)
{
	return by_refs(db, &JOB_REVIVE, r, n, e);
}

int
job_bury(struct db *db, const struct job_ref *r, size_t n, struct err *e)
{
	return by_refs(db, &JOB_BURY, r, n, e);
}

int
job_drop(struct db *db, const struct job_ref *r, size_t n, struct err *e)
{
	return by_refs(db, &JOB_DROP, r, n, e);
}

int
job_count(struct db *db, struct job_counts *c, struct err *e)
{
	struct arena *a = arena_new(4096);
	int rc;

	memset(c, 0, sizeof(*c));
	rc = db_one(db, &JOB_COUNT, a, DB_NONE, DB_OUT(DB_TO_U64(&c->ready),
	    DB_TO_U64(&c->due), DB_TO_U64(&c->leased), DB_TO_U64(&c->leaving),
	    DB_TO_U64(&c->dead), DB_TO_TIME(&c->oldest_us)), e);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

int
job_each_dead(struct db *db, struct arena *a, uint32_t max,
    struct job_dead *d, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	int64_t rc = db_each(db, &JOB_DEAD_LIST, a, DB_IN(DB_U64(max)),
	    DB_OUT(DB_TO_U64(&d->id), DB_TO_U64(&d->notification_id),
	    DB_TO_U64(&d->seq), DB_TO_STR(&d->provider), DB_TO_STR(&d->why),
	    DB_TO_TIME(&d->created_us), DB_TO_TIME(&d->expires_us)), row, arg,
	    e);

	return rc < 0 ? -1 : (int)rc;
}
