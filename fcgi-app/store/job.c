/*
 * job.c - holding and finishing jobs.  Claiming is in job_claim.c, planning in
 * job_plan.c, sweeping in job_sweep.c.
 */
#include "store/job_own.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

#define REFS_TEXT_MAX	((size_t)JOB_BATCH_MAX * 448 + 16)

#define RUN "WHERE id BETWEEN ? AND ? AND attempt = ? AND owner = ?"
DB_STMT(JOB_INTEND_RUN, DB_WORKER, DB_SAFE,
    "UPDATE job SET state = 2, tries = tries + 1, repeat_ok = ? " RUN
    " AND state = 1 AND lease_ends_at > UTC_TIMESTAMP(6)"
    " AND expires_at > UTC_TIMESTAMP(6)");
DB_STMT(JOB_DELETE_RUN, DB_WORKER, DB_SAFE, "DELETE FROM job " RUN);
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
    "SELECT t.n, j.state, j.expires_at <= UTC_TIMESTAMP(6),"
    " j.lease_ends_at > UTC_TIMESTAMP(6)"
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
    "  w VARCHAR(40) PATH '$[4]', p VARCHAR(24) PATH '$[5]',"
    "  y VARCHAR(160) PATH '$[6]', b TINYINT PATH '$[7]')) t"
    " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.crashes = IF(j.state = 2, 0, j.crashes), j.state = 0,"
    " j.owner = 0, j.lease_ends_at = NULL,"
    " j.run_at = UTC_TIMESTAMP(6) + INTERVAL t.d MICROSECOND,"
    " j.last_error = IF(t.w = '', j.last_error, t.w),"
    " j.provider = IF(t.p = '', j.provider, t.p),"
    " j.tried = IF(t.y = '-', j.tried, t.y), j.bound = j.bound OR t.b"
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
		.repeat_ok = r->repeat_ok != 0, .bound = r->bound != 0,
		.tried = r->tried == NULL ? "" : r->tried,
		.run_us = r->run_us, .expires_us = r->expires_us,
		.provider = r->provider, .waiter = r->waiter,
		.secret = r->secret, .secret_len = r->secret_len,
		.stop = (enum job_stop)r->stop,
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
			jw_str(&w, NULL, r[i].to == NULL ? "" : r[i].to);
			jw_str(&w, NULL, r[i].tried == NULL ? "-" :
			    r[i].tried);
			jw_u64(&w, NULL, r[i].bound ? 1 : 0);
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

static int
by_id(const void *a, const void *b)
{
	const struct job_ref *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

size_t
job_runs(const struct job_ref *r, size_t n, struct job_run *run, size_t max)
{
	struct job_ref *s = malloc((n + 1) * sizeof(*s));
	size_t runs = 0;

	if (s == NULL)
		fatal("job: out of memory");
	memcpy(s, r, n * sizeof(*s));
	qsort(s, n, sizeof(*s), by_id);
	for (size_t i = 0; i < n; i++) {
		struct job_run *now = runs > 0 ? &run[runs - 1] : NULL;

		if (now != NULL && s[i].id == now->last + 1 &&
		    s[i].owner == now->owner &&
		    s[i].attempt == now->attempt) {
			now->last++;
			now->n++;
			continue;
		}
		if (runs == max) {
			runs = 0;
			break;
		}
		run[runs++] = (struct job_run){ .first = s[i].id,
		    .last = s[i].id, .owner = s[i].owner,
		    .attempt = s[i].attempt, .n = 1 };
	}
	free(s);
	return runs;
}

size_t
job_runs_few(size_t n)
{
	size_t few = 1 + n / 12;

	return few < JOB_RUNS_MAX ? few : JOB_RUNS_MAX;
}

/* --- holding ------------------------------------------------------------------- */

struct looked { struct job_ref *r; size_t n; uint64_t at, state, late, mine; };

static int
intended_row(void *arg, struct err *e)
{
	struct looked *l = arg;

	(void)e;
	if (l->at < 1 || l->at > l->n)
		return 0;
	/* Marked by a try whose answer was lost. */
	if (l->state == JOB_LEAVING && l->mine != 0)
		l->r[l->at - 1].fate = JOB_HELD;
	else if (l->state == JOB_LEASED && l->late != 0)
		l->r[l->at - 1].fate = JOB_TOO_LATE;
	return 0;
}

static bool
same_repeat(const struct job_ref *r, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (r[i].repeat_ok != r[0].repeat_ok)
			return false;
	return n > 0;
}

int
job_intend(struct db *db, struct job_ref *r, size_t n, struct err *e)
{
	struct looked l = { .r = r, .n = n };
	struct arena *a = NULL;
	struct job_run run[1];
	char *text = NULL;
	int64_t held;
	int rc = -1;

	if (same_repeat(r, n) && job_runs(r, n, run, 1) == 1) {
		held = db_run(db, &JOB_INTEND_RUN, DB_IN(
		    DB_U64(r[0].repeat_ok ? 1 : 0), DB_U64(run[0].first),
		    DB_U64(run[0].last), DB_U64(run[0].attempt),
		    DB_U64(run[0].owner)), e);
	} else {
		text = refs_text(r, n, REF_REPEAT);
		held = db_run(db, &JOB_INTEND, DB_IN(DB_STR(text)), e);
	}
	if (held < 0)
		goto out;
	for (size_t i = 0; i < n; i++)
		r[i].fate = held == (int64_t)n ? JOB_HELD : JOB_GONE;
	if (held != (int64_t)n) {
		a = arena_new(1 << 16);
		if (text == NULL)
			text = job_refs(r, n);
		if (db_each(db, &JOB_INTENDED, a, DB_IN(DB_STR(text)),
		    DB_OUT(DB_TO_U64(&l.at), DB_TO_U64(&l.state),
		    DB_TO_U64(&l.late), DB_TO_U64(&l.mine)), intended_row, &l, e) < 0)
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
	struct job_run run[JOB_RUNS_MAX];
	size_t runs = job_runs(r, n, run, job_runs_few(n));
	int64_t rc, rows = 0;
	char *text;

	for (size_t i = 0; i < runs; i++, rows += rc)
		if ((rc = db_run(db, &JOB_DELETE_RUN, DB_IN(
		    DB_U64(run[i].first), DB_U64(run[i].last),
		    DB_U64(run[i].attempt), DB_U64(run[i].owner)), e)) < 0)
			return -1;
	if (runs > 0)
		return rows;
	text = job_refs(r, n);
	rc = db_run(db, &JOB_DELETE, DB_IN(DB_STR(text)), e);
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
