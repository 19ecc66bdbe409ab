/*
 * job.c - claiming, holding and finishing jobs.  Sweeping is in job_sweep.c,
 * planning in job_plan.c.
 */
#include "store/job_own.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

#define REFS_TEXT_MAX	((size_t)JOB_BATCH_MAX * 192 + 16)

#define EARLIEST(class) "(SELECT run_at FROM job WHERE provider = ?"	\
	" AND class = " #class " AND run_at >= ? ORDER BY run_at LIMIT 1)"
DB_STMT(JOB_PEEK, DB_WORKER, DB_READ,
    "SELECT " EARLIEST(0) ", " EARLIEST(1) ", " EARLIEST(2) ","
    " UTC_TIMESTAMP(6)");
DB_STMT(JOB_TAKE, DB_WORKER, DB_READ,
    "SELECT " JOB_COLUMNS " FROM job j WHERE j.provider = ? AND j.class = ?"
    " AND j.run_at >= ? AND j.run_at <= UTC_TIMESTAMP(6)"
    " ORDER BY j.run_at, j.id LIMIT ? FOR UPDATE SKIP LOCKED");
DB_STMT(JOB_TAKEN, DB_WORKER, DB_READ,
    "SELECT " JOB_COLUMNS " FROM job j WHERE j.lease_ends_at > UTC_TIMESTAMP(6)"
    " AND j.state = 1 AND j.owner = ? FOR UPDATE");
DB_STMT(JOB_LEASE, DB_WORKER, DB_SAFE,
    "UPDATE " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.state = 1, j.run_at = NULL, j.owner = ?,"
    " j.attempt = j.attempt + 1,"
    " j.lease_ends_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND");
DB_STMT(JOB_PROVIDERS, DB_WORKER, DB_READ,
    "SELECT DISTINCT provider FROM job");
DB_STMT(JOB_INTEND, DB_WORKER, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS ("
    "  id BIGINT UNSIGNED PATH '$[0]', a INT UNSIGNED PATH '$[1]',"
    "  o BIGINT UNSIGNED PATH '$[2]', r TINYINT PATH '$[3]')) t"
    " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.state = 2, j.tries = j.tries + 1, j.repeat_ok = t.r"
    " WHERE j.attempt = t.a AND j.owner = t.o AND j.state = 1"
    " AND j.lease_ends_at > UTC_TIMESTAMP(6)"
    " AND j.expires_at > UTC_TIMESTAMP(6)");
DB_STMT(JOB_INTENDED, DB_WORKER, DB_READ,
    "SELECT t.n, j.state, j.expires_at <= UTC_TIMESTAMP(6)"
    " FROM " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " WHERE j.attempt = t.a AND j.owner = t.o");
DB_STMT(JOB_EXTEND, DB_WORKER, DB_SAFE,
    "UPDATE " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.lease_ends_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND"
    " WHERE j.attempt = t.a AND j.owner = t.o AND j.state IN (1, 2)");
DB_STMT(JOB_DELETE, DB_WORKER, DB_SAFE,
    "DELETE j FROM " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " WHERE j.attempt = t.a AND j.owner = t.o");
DB_STMT(JOB_BACK, DB_WORKER, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS ("
    "  id BIGINT UNSIGNED PATH '$[0]', a INT UNSIGNED PATH '$[1]',"
    "  o BIGINT UNSIGNED PATH '$[2]', d BIGINT PATH '$[3]',"
    "  w VARCHAR(40) PATH '$[4]')) t"
    " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.state = 0, j.owner = 0, j.lease_ends_at = NULL,"
    " j.run_at = UTC_TIMESTAMP(6) + INTERVAL t.d MICROSECOND,"
    " j.last_error = IF(t.w = '', j.last_error, t.w)"
    " WHERE j.attempt = t.a AND j.owner = t.o");
DB_STMT(JOB_LOCK, DB_WORKER, DB_READ,
    "SELECT t.n FROM " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " WHERE j.attempt = t.a AND j.owner = t.o FOR UPDATE");

/* --- rows and references --------------------------------------------------- */

int
job_row(void *arg, struct err *e)
{
	struct job_rows *r = arg;

	(void)e;
	if (r->n >= r->max)
		return 1;
	r->job[r->n++] = (struct job){
		.id = r->id, .owner = r->owner,
		.notification_id = r->notification_id,
		.user_id = r->user_id, .device_id = r->device_id,
		.seq = (uint32_t)r->seq, .class = (unsigned)r->class,
		.kind = (unsigned)r->kind, .attempt = (unsigned)r->attempt,
		.tries = (unsigned)r->tries, .crashes = (unsigned)r->crashes,
		.repeat_ok = r->repeat_ok != 0,
		.run_us = r->run_us, .expires_us = r->expires_us,
		.provider = r->provider, .waiter = r->waiter,
		.secret = r->secret, .secret_len = r->secret_len,
	};
	return 0;
}

enum ref_part { REF_PLAIN, REF_REPEAT, REF_BACK };

static char *
refs_text(const struct job_ref *r, size_t n, enum ref_part part)
{
	struct buf b;

	buf_init(&b, REFS_TEXT_MAX);
	buf_char(&b, '[');
	for (size_t i = 0; i < n; i++) {
		struct jw w;

		if (i > 0)
			buf_char(&b, ',');
		jw_init(&w, &b);
		jw_array(&w, NULL);
		jw_u64(&w, NULL, r[i].id);
		jw_u64(&w, NULL, r[i].attempt);
		jw_u64(&w, NULL, r[i].owner);
		if (part == REF_REPEAT)
			jw_u64(&w, NULL, r[i].repeat_ok ? 1 : 0);
		if (part == REF_BACK) {
			jw_i64(&w, NULL, r[i].delay_us);
			jw_str(&w, NULL, r[i].why == NULL ? "" : r[i].why);
		}
		jw_end(&w);
	}
	buf_char(&b, ']');
	if (b.over)
		fatal("job: a batch of %zu does not fit", n);
	return b.p;		/* the caller frees */
}

char *
job_refs(const struct job_ref *r, size_t n)
{
	return refs_text(r, n, REF_PLAIN);
}

/* --- claiming ------------------------------------------------------------------ */

static struct db_value
from_floor(int64_t us)
{
	/* NULL is no bound at all: rows that are not ready have it. */
	return DB_WHEN(us > 0 ? us : US_PER_S);
}

int
job_peek(struct db *db, const char *provider,
    const int64_t floor_us[JOB_CLASSES], int64_t due_us[JOB_CLASSES],
    int64_t *now_us, struct err *e)
{
	int rc;

	memset(due_us, 0, JOB_CLASSES * sizeof(*due_us));
	rc = db_one(db, &JOB_PEEK, NULL, DB_IN(
	    DB_STR(provider), from_floor(floor_us[0]),
	    DB_STR(provider), from_floor(floor_us[1]),
	    DB_STR(provider), from_floor(floor_us[2])),
	    DB_OUT(DB_TO_TIME(&due_us[0]), DB_TO_TIME(&due_us[1]),
	    DB_TO_TIME(&due_us[2]), DB_TO_TIME(now_us)), e);
	return rc < 0 ? -1 : 0;
}

struct claim {
	struct arena		*a;
	const struct job_queue	*q;
	size_t			 n;
	uint32_t		 lease_s;
	struct job_rows		 rows;
	unsigned		 times;
};

static int
claim_work(struct db *db, void *arg, struct err *e)
{
	struct claim *c = arg;
	struct job_ref *ref;
	char *text;
	int64_t rc;

	c->rows.n = 0;
	if (c->times++ > 0) {
		/* An earlier try may have committed before it was lost. */
		if (db_each(db, &JOB_TAKEN, c->a, DB_IN(DB_U64(
		    db_tx_key(db))), JOB_OUT(&c->rows), job_row, &c->rows, e)
		    < 0)
			return -1;
		if (c->rows.n > 0)
			return 0;
	}
	for (size_t i = 0; i < c->n; i++)
		if (c->q[i].limit > 0 && db_each(db, &JOB_TAKE, c->a, DB_IN(
		    DB_STR(c->q[i].provider), DB_U64(c->q[i].class),
		    from_floor(c->q[i].floor_us), DB_U64(c->q[i].limit)), JOB_OUT(&c->rows),
		    job_row, &c->rows, e) < 0)
			return -1;
	if (c->rows.n == 0)
		return 1;
	ref = arena_array(c->a, c->rows.n, sizeof(*ref));
	for (size_t i = 0; i < c->rows.n; i++) {
		ref[i] = (struct job_ref){ .id = c->rows.job[i].id };
		c->rows.job[i].owner = db_tx_key(db);
		c->rows.job[i].attempt++;
	}
	text = job_refs(ref, c->rows.n);
	rc = db_run(db, &JOB_LEASE, DB_IN(DB_STR(text),
	    DB_U64(db_tx_key(db)), DB_U64(c->lease_s)), e);
	free(text);
	return rc < 0 ? -1 : 0;
}

int
job_claim(struct db *db, struct arena *a, const struct job_queue *q, size_t n,
    uint32_t lease_s, struct job **out, struct err *e)
{
	struct claim c = { .a = a, .q = q, .n = n, .lease_s = lease_s };

	for (size_t i = 0; i < n; i++)
		c.rows.max += q[i].limit;
	if (c.rows.max > JOB_BATCH_MAX)
		return err_set(e, ERR_INTERNAL, "claim_too_big",
		    "%zu jobs at once", c.rows.max);
	if (c.rows.max == 0)
		return 0;
	c.rows.job = arena_array(a, c.rows.max, sizeof(*c.rows.job));
	if (db_tx(db, claim_work, &c, e) < 0)
		return -1;
	*out = c.rows.job;
	return (int)c.rows.n;
}

struct names { const char **name, *it; size_t n, max; };

static int
name_row(void *arg, struct err *e)
{
	struct names *s = arg;

	(void)e;
	if (s->n >= s->max)
		return 1;
	s->name[s->n++] = s->it;
	return 0;
}

int
job_providers(struct db *db, struct arena *a, const char **name, size_t max,
    struct err *e)
{
	struct names s = { .name = name, .max = max };

	if (db_each(db, &JOB_PROVIDERS, a, DB_NONE, DB_OUT(DB_TO_STR(&s.it)),
	    name_row, &s, e) < 0)
		return -1;
	return (int)s.n;
}

/* --- holding ------------------------------------------------------------------- */

struct looked { struct job_ref *r; size_t n; uint64_t at, state, late; };

static int
intended_row(void *arg, struct err *e)
{
	struct looked *l = arg;

	(void)e;
	if (l->at < 1 || l->at > l->n)
		return 0;
	if (l->state == JOB_LEAVING)
		l->r[l->at - 1].fate = JOB_HELD;
	else if (l->state == JOB_LEASED && l->late != 0)
		l->r[l->at - 1].fate = JOB_TOO_LATE;
	return 0;
}

int
job_intend(struct db *db, struct job_ref *r, size_t n, struct err *e)
{
	struct looked l = { .r = r, .n = n };
	struct arena *a = NULL;
	char *text = refs_text(r, n, REF_REPEAT);
	int64_t held;
	int rc = -1;

	held = db_run(db, &JOB_INTEND, DB_IN(DB_STR(text)), e);
	if (held < 0)
		goto out;
	for (size_t i = 0; i < n; i++)
		r[i].fate = held == (int64_t)n ? JOB_HELD : JOB_GONE;
	if (held != (int64_t)n) {
		a = arena_new(1 << 16);
		if (db_each(db, &JOB_INTENDED, a, DB_IN(DB_STR(text)),
		    DB_OUT(DB_TO_U64(&l.at), DB_TO_U64(&l.state),
		    DB_TO_U64(&l.late)), intended_row, &l, e) < 0)
			goto out;
	}
	rc = 0;
out:
	arena_free(a);
	free(text);
	return rc;
}

int64_t
job_extend(struct db *db, const struct job_ref *r, size_t n, uint32_t lease_s,
    struct err *e)
{
	char *text = job_refs(r, n);
	int64_t rc = db_run(db, &JOB_EXTEND, DB_IN(DB_STR(text),
	    DB_U64(lease_s)), e);

	free(text);
	return rc;
}

int64_t
job_delete(struct db *db, const struct job_ref *r, size_t n, struct err *e)
{
	char *text = job_refs(r, n);
	int64_t rc = db_run(db, &JOB_DELETE, DB_IN(DB_STR(text)), e);

	free(text);
	return rc;
}

int64_t
job_back(struct db *db, const struct job_ref *r, size_t n, struct err *e)
{
	char *text = refs_text(r, n, REF_BACK);
	int64_t rc = db_run(db, &JOB_BACK, DB_IN(DB_STR(text)), e);

	free(text);
	return rc;
}

static int
lock_row(void *arg, struct err *e)
{
	struct looked *l = arg;

	(void)e;
	if (l->at >= 1 && l->at <= l->n)
		l->r[l->at - 1].fate = JOB_HELD;
	return 0;
}

int
job_lock(struct db *db, struct job_ref *r, size_t n, struct err *e)
{
	struct looked l = { .r = r, .n = n };
	struct arena *a = arena_new(1 << 16);
	char *text = job_refs(r, n);
	int64_t rc;

	for (size_t i = 0; i < n; i++)
		r[i].fate = JOB_GONE;
	rc = db_each(db, &JOB_LOCK, a, DB_IN(DB_STR(text)),
	    DB_OUT(DB_TO_U64(&l.at)), lock_row, &l, e);
	free(text);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}
