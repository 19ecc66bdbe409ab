/*
 * job_claim.c - claiming: candidates are read without a lock and leased by one
 * conditional UPDATE; the rows it changed are the claim.
 *
 * Not by SELECT … FOR UPDATE SKIP LOCKED: with eight claimers MariaDB 10.11
 * now and then ends such a statement without an answer and leaves its
 * transaction open, so that the client waits for its time-out while others
 * wait for the rows.  An UPDATE that comes second waits for the first's commit,
 * some milliseconds, finds the rows taken and looks again.
 */
#include "store/job_own.h"

#include "base/clock.h"

#define EARLIEST(class) "(SELECT run_at FROM job WHERE provider = ?"	\
	" AND class = " #class " AND run_at >= ? ORDER BY run_at LIMIT 1)"
DB_STMT(JOB_PEEK, DB_WORKER, DB_READ,
    "SELECT " EARLIEST(0) ", " EARLIEST(1) ", " EARLIEST(2) ", "
    EARLIEST(3) ", " EARLIEST(4) ", UTC_TIMESTAMP(6)");
DB_STMT(JOB_DUE, DB_WORKER, DB_READ,
    "SELECT " JOB_COLUMNS " FROM job j WHERE j.provider = ? AND j.class = ?"
    " AND j.run_at >= ? AND j.run_at <= UTC_TIMESTAMP(6)"
    " ORDER BY j.run_at, j.id LIMIT ?");
DB_STMT(JOB_TAKEN, DB_WORKER, DB_READ,
    "SELECT " JOB_COLUMNS " FROM job j WHERE j.lease_ends_at > UTC_TIMESTAMP(6)"
    " AND j.state = 1 AND j.owner = ?");
DB_STMT(JOB_LEASE, DB_WORKER, DB_SAFE,
    "UPDATE " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.state = 1, j.run_at = NULL, j.owner = ?,"
    " j.attempt = j.attempt + 1,"
    " j.lease_ends_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND"
    " WHERE j.attempt = t.a AND j.owner = t.o AND j.state = 0");
DB_STMT(JOB_LEASE_RUN, DB_WORKER, DB_SAFE,
    "UPDATE job SET state = 1, run_at = NULL, owner = ?,"
    " attempt = attempt + 1,"
    " lease_ends_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND"
    " WHERE id BETWEEN ? AND ? AND attempt = ? AND owner = ?"
    " AND state = 0");
DB_STMT(JOB_LEASE_MINE, DB_WORKER, DB_READ,
    "SELECT t.n FROM " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " WHERE j.owner = ? AND j.state = 1");
DB_STMT(JOB_PUT_OFF, DB_WORKER, DB_SAFE,
    "UPDATE " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.run_at = UTC_TIMESTAMP(6) + INTERVAL ? + t.n * ? MICROSECOND"
    " WHERE j.attempt = t.a AND j.owner = t.o AND j.state = 0");
DB_STMT(JOB_PROVIDERS, DB_WORKER, DB_READ,
    "SELECT DISTINCT provider FROM job");

#define LOOKS	4		/* at a queue that others keep emptying */
#define APART_US	5000		/* of jobs that are claimed one by one */
#define BUSY_US		20000		/* while another of them is held */

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
	    DB_STR(provider), from_floor(floor_us[2]),
	    DB_STR(provider), from_floor(floor_us[3]),
	    DB_STR(provider), from_floor(floor_us[4])),
	    DB_OUT(DB_TO_TIME(&due_us[0]), DB_TO_TIME(&due_us[1]),
	    DB_TO_TIME(&due_us[2]), DB_TO_TIME(&due_us[3]),
	    DB_TO_TIME(&due_us[4]), DB_TO_TIME(now_us)), e);
	return rc < 0 ? -1 : 0;
}

struct claim {
	struct arena		*a;
	const struct job_queue	*q;
	size_t			 n;
	uint32_t		 lease_s;
	bool			 lone;
	struct job_rows		 rows;
	unsigned		 times;
	bool			 put_off;
};

/* Write the lease where it is still free.  How many rows, or -1. */
static int64_t
write_leases(struct db *db, const struct claim *c, const struct job_ref *ref,
    const char *text, struct err *e)
{
	struct job_run run[JOB_RUNS_MAX];
	size_t runs = job_runs(ref, c->rows.n, run, job_runs_few(c->rows.n));
	int64_t rc, sum = 0;

	if (runs == 0)
		return db_run(db, &JOB_LEASE, DB_IN(DB_STR(text),
		    DB_U64(db_tx_key(db)), DB_U64(c->lease_s)), e);
	for (size_t i = 0; i < runs; i++) {
		if ((rc = db_run(db, &JOB_LEASE_RUN, DB_IN(
		    DB_U64(db_tx_key(db)), DB_U64(c->lease_s),
		    DB_U64(run[i].first), DB_U64(run[i].last),
		    DB_U64(run[i].attempt), DB_U64(run[i].owner)), e)) < 0)
			return -1;
		sum += rc;
	}
	return sum;
}

struct leased { bool *mine; size_t n; uint64_t at; };

static int
leased_row(void *arg, struct err *e)
{
	struct leased *l = arg;

	(void)e;
	if (l->at >= 1 && l->at <= l->n)
		l->mine[l->at - 1] = true;
	return 0;
}

/* Some were taken by another claim meanwhile: keep what this one got. */
static int
keep_leased(struct db *db, struct claim *c, const char *text, struct err *e)
{
	struct leased l = { .n = c->rows.n,
	    .mine = arena_array(c->a, c->rows.n, sizeof(*l.mine)) };
	size_t kept = 0;

	memset(l.mine, 0, l.n * sizeof(*l.mine));
	if (db_each(db, &JOB_LEASE_MINE, c->a, DB_IN(DB_STR(text),
	    DB_U64(db_tx_key(db))), DB_OUT(DB_TO_U64(&l.at)), leased_row, &l,
	    e) < 0)
		return -1;
	for (size_t i = 0; i < l.n; i++)
		if (l.mine[i])
			c->rows.job[kept++] = c->rows.job[i];
	c->rows.n = kept;
	return 0;
}

static int
lease_rows(struct db *db, struct claim *c, struct err *e)
{
	struct job_ref *ref = arena_array(c->a, c->rows.n, sizeof(*ref));
	char *text;
	int64_t held;
	int rc = -1;

	for (size_t i = 0; i < c->rows.n; i++)
		ref[i] = (struct job_ref){ .id = c->rows.job[i].id,
		    .owner = c->rows.job[i].owner,
		    .attempt = c->rows.job[i].attempt };
	text = job_refs(ref, c->rows.n);
	if ((held = write_leases(db, c, ref, text, e)) < 0)
		goto out;
	rc = held == (int64_t)c->rows.n ? 0 : keep_leased(db, c, text, e);
out:
	free(text);
	return rc;
}

static int
due_rows(struct db *db, struct claim *c, struct err *e)
{
	c->rows.n = 0;
	for (size_t i = 0; i < c->n; i++)
		if (c->q[i].limit > 0 && db_each(db, &JOB_DUE, c->a, DB_IN(
		    DB_STR(c->q[i].provider), DB_U64(c->q[i].class),
		    from_floor(c->q[i].floor_us), DB_U64(c->q[i].limit)),
		    JOB_OUT(&c->rows), job_row, &c->rows, e) < 0)
			return -1;
	return 0;
}

/*
 * Of those that have outlived all workers but one, one: whatever its worker
 * dies of then, no other of them is blamed for.  The others come one by one.
 */
static int
put_off(struct db *db, struct claim *c, struct err *e)
{
	struct job_ref *later = arena_array(c->a, c->rows.n, sizeof(*later));
	size_t kept = 0, n = 0;
	bool lone = c->lone;
	int64_t rc = 0;
	char *text;

	for (size_t i = 0; i < c->rows.n; i++) {
		const struct job *j = &c->rows.job[i];

		if (!job_last_chance(j) || lone) {
			lone = lone && !job_last_chance(j);
			c->rows.job[kept++] = *j;
			continue;
		}
		later[n++] = (struct job_ref){ .id = j->id,
		    .owner = j->owner, .attempt = j->attempt };
	}
	c->rows.n = kept;
	if (n == 0)
		return 0;
	c->put_off = true;
	text = job_refs(later, n);
	rc = db_run(db, &JOB_PUT_OFF, DB_IN(DB_STR(text), DB_U64(c->lone ? 0 :
	    BUSY_US), DB_U64(APART_US)), e);
	free(text);
	return rc < 0 ? -1 : 0;
}

static int
claim_work(struct db *db, void *arg, struct err *e)
{
	struct claim *c = arg;

	c->rows.n = 0;
	c->put_off = false;
	if (c->times++ > 0) {
		/* An earlier try may have committed before it was lost. */
		if (db_each(db, &JOB_TAKEN, c->a, DB_IN(DB_U64(
		    db_tx_key(db))), JOB_OUT(&c->rows), job_row, &c->rows, e)
		    < 0)
			return -1;
		if (c->rows.n > 0)
			return 0;
	}
	for (int look = 0; look < LOOKS && c->rows.n == 0; look++) {
		if (due_rows(db, c, e) < 0)
			return -1;
		if (c->rows.n == 0)
			break;
		if (put_off(db, c, e) < 0 ||
		    (c->rows.n > 0 && lease_rows(db, c, e) < 0))
			return -1;
	}
	for (size_t i = 0; i < c->rows.n; i++) {
		c->rows.job[i].owner = db_tx_key(db);
		c->rows.job[i].attempt++;
	}
	return c->rows.n == 0 && !c->put_off;
}

int
job_claim(struct db *db, struct arena *a, const struct job_queue *q, size_t n,
    uint32_t lease_s, bool lone, struct job **out, struct err *e)
{
	struct claim c = { .a = a, .q = q, .n = n, .lease_s = lease_s,
	    .lone = lone };

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

int
job_providers(struct db *db, struct arena *a, const char **name, size_t max,
    struct err *e)
{
	const char *it = NULL;

	return db_list(db, &JOB_PROVIDERS, a, DB_NONE, DB_OUT(DB_TO_STR(&it)),
	    DB_ROWS(name, &it, max), e);
}
