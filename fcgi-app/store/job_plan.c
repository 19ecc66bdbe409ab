/*
 * job_plan.c - job rows made by planning.
 */
#include "store/job_own.h"

#include "base/buf.h"

DB_STMT(JOB_INSERT, DB_WORKER, DB_ONCE,
    "INSERT INTO job (id, class, state, run_at, kind, notification_id, seq,"
    " user_id, device_id, provider, attempt, owner, lease_ends_at,"
    " expires_at, waiter, secret, bound, created_at)"
    " VALUES (?, ?, ?, IF(?, NULL, COALESCE(?, UTC_TIMESTAMP(6))), 2, ?, ?, ?, ?, ?, ?, ?,"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND, ?, ?, ?, ?, UTC_TIMESTAMP(6))");
DB_STMT(JOB_BECOME_SEND, DB_WORKER, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS ("
    "  id BIGINT UNSIGNED PATH '$[0]', a INT UNSIGNED PATH '$[1]',"
    "  o BIGINT UNSIGNED PATH '$[2]', u BIGINT UNSIGNED PATH '$[3]',"
    "  d BIGINT UNSIGNED PATH '$[4]', p VARCHAR(24) PATH '$[5]',"
    "  s TINYINT PATH '$[6]', b TINYINT PATH '$[7]')) t"
    " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.kind = 2, j.seq = 1, j.user_id = t.u, j.device_id = t.d,"
    " j.bound = t.b, j.provider = t.p, j.state = t.s, j.owner = IF(t.s = 1, j.owner, 0),"
    " j.run_at = IF(t.s = 1, NULL, UTC_TIMESTAMP(6)),"
    " j.lease_ends_at = IF(t.s = 1, j.lease_ends_at, NULL)"
    " WHERE j.attempt = t.a AND j.owner = t.o AND j.kind = 1");
DB_STMT(JOB_PLAN_MARK, DB_WORKER, DB_ONCE,
    "UPDATE job SET seq = ?, device_id = ?, crashes = 0,"
    " lease_ends_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND"
    " WHERE id = ? AND attempt = ? AND owner = ? AND kind = 1");
DB_STMT(JOB_IS, DB_WORKER, DB_READ,
    "SELECT 1 FROM job WHERE id = ? AND owner = ?");

#define INSERT_COLS 17

int
job_insert(struct db *db, const struct job_new *j, size_t n, uint32_t lease_s,
    struct err *e)
{
	struct db_value *v = calloc(n * INSERT_COLS, sizeof(*v)), *at = v;
	int64_t rc;

	if (v == NULL)
		return err_set(e, ERR_INTERNAL, "no_memory", "%zu jobs", n);
	for (size_t i = 0; i < n; i++) {
		*at++ = DB_U64(j[i].id);
		*at++ = DB_U64(j[i].class);
		*at++ = DB_U64(j[i].gathered ? JOB_GATHERED : j[i].leased ?
		    JOB_LEASED : JOB_READY);
		*at++ = DB_U64(j[i].leased || j[i].gathered ? 1 : 0);
		*at++ = j[i].run_us != 0 ? DB_WHEN(j[i].run_us) : DB_NULL;
		*at++ = DB_U64(j[i].notification_id);
		*at++ = DB_U64(j[i].seq);
		*at++ = DB_U64(j[i].user_id);
		*at++ = DB_U64(j[i].device_id);
		*at++ = DB_STR(j[i].provider);
		*at++ = DB_U64(j[i].leased ? 1 : 0);
		*at++ = DB_U64(j[i].leased ? j[i].owner : 0);
		*at++ = j[i].leased ? DB_U64(lease_s) : DB_NULL;
		*at++ = DB_WHEN(j[i].expires_us);
		*at++ = DB_STR(j[i].waiter);
		*at++ = DB_BIN(j[i].secret, j[i].secret_len);
		*at++ = DB_U64(j[i].bound ? 1 : 0);
	}
	rc = db_bulk(db, &JOB_INSERT, v, n, INSERT_COLS, e);
	free(v);
	return rc < 0 ? -1 : 0;
}

int64_t
job_become_send(struct db *db, const struct job_new *j,
    const struct job_ref *r, size_t n, struct err *e)
{
	struct buf b;
	int64_t rc;

	buf_init(&b, (size_t)JOB_BATCH_MAX * 192);
	buf_char(&b, '[');
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s[%" PRIu64 ",%u,%" PRIu64 ",%" PRIu64 ",%"
		    PRIu64 ",\"%s\",%d,%d]", i > 0 ? "," : "", r[i].id,
		    r[i].attempt, r[i].owner, j[i].user_id, j[i].device_id,
		    j[i].provider, j[i].leased ? JOB_LEASED : JOB_READY,
		    j[i].bound ? 1 : 0);
	buf_char(&b, ']');
	rc = db_run(db, &JOB_BECOME_SEND, DB_IN(DB_STR(buf_text(&b))), e);
	buf_fini(&b);
	return rc;
}

int
job_plan_mark(struct db *db, const struct job_ref *r, uint32_t seq,
    uint64_t last_id, uint32_t lease_s, struct err *e)
{
	int64_t rc = db_run(db, &JOB_PLAN_MARK, DB_IN(DB_U64(seq),
	    DB_U64(last_id), DB_U64(lease_s), DB_U64(r->id),
	    DB_U64(r->attempt), DB_U64(r->owner)), e);

	return rc < 0 ? -1 : rc > 0;
}

int
job_is(struct db *db, uint64_t id, uint64_t owner, struct err *e)
{
	struct arena *a = arena_new(4096);
	uint64_t one;
	int rc = db_one(db, &JOB_IS, a, DB_IN(DB_U64(id), DB_U64(owner)),
	    DB_OUT(DB_TO_U64(&one)), e);

	arena_free(a);
	return rc;
}
