/*
 * throttle.c - a use is counted by one statement whose affected rows say
 * whether it passed: 1 a new window, 2 a changed row, 0 nothing to change,
 * because the window is full.  (The connection does not ask for "found
 * rows".)  Never read, then write.
 *
 * Assignments are evaluated from left to right, so window_at, which the
 * others look at, comes last.
 */
#include "store/throttle.h"

DB_STMT(THROTTLE_TAKE, DB_API | DB_WORKER, DB_SAFE,
    "INSERT INTO throttle (k, n, window_s, window_at)"
    " VALUES (?, 1, ?, UTC_TIMESTAMP(6))"
    " ON DUPLICATE KEY UPDATE"
    " n = IF(window_at <= UTC_TIMESTAMP(6) - INTERVAL ? SECOND, 1,"
    " IF(n < ?, n + 1, n)),"
    " window_s = IF(window_at <= UTC_TIMESTAMP(6) - INTERVAL ? SECOND,"
    " VALUES(window_s), window_s),"
    " window_at = IF(window_at <= UTC_TIMESTAMP(6) - INTERVAL ? SECOND,"
    " UTC_TIMESTAMP(6), window_at)");
DB_STMT(THROTTLE_LOOK, DB_API | DB_WORKER, DB_READ,
    "SELECT n, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6),"
    " window_at + INTERVAL ? SECOND) FROM throttle WHERE k = ?");
DB_STMT(THROTTLE_CLEAR, DB_API | DB_WORKER, DB_SAFE,
    "DELETE FROM throttle WHERE k = ?");
DB_STMT(THROTTLE_GIVE, DB_API | DB_WORKER, DB_ONCE,
    "UPDATE throttle SET n = n - 1 WHERE k = ? AND n > 0");
/* No window is longer than a day. */
DB_STMT(THROTTLE_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM throttle WHERE window_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY"
    " AND window_at < UTC_TIMESTAMP(6) - INTERVAL window_s SECOND"
    " ORDER BY window_at LIMIT ?");

#define KEY_LEN	16

int
throttle_row_peek(struct db *db, const uint8_t k[16], uint32_t limit,
    uint32_t window_s, int *wait_s, struct err *e)
{
	int64_t n = 0, left_us = 0;
	int rc = db_one(db, &THROTTLE_LOOK, NULL,
	    DB_IN(DB_U64(window_s), DB_BIN(k, KEY_LEN)),
	    DB_OUT(DB_TO_I64(&n), DB_TO_I64(&left_us)), e);

	if (rc < 0)
		return -1;
	*wait_s = 0;
	if (limit > 0 && (rc == 0 || left_us <= 0 || n < limit))
		return 1;
	*wait_s = limit == 0 ? (int)window_s : (int)((left_us + 999999) /
	    1000000);
	if (*wait_s < 1)
		*wait_s = 1;
	return 0;
}

/* One count, committed by whoever calls. */
static int
take(struct db *db, const uint8_t k[16], uint32_t limit, uint32_t window_s,
    int *wait_s, struct err *e)
{
	int64_t rows;

	if (limit == 0)
		return throttle_row_peek(db, k, 0, window_s, wait_s, e);
	rows = db_run(db, &THROTTLE_TAKE, DB_IN(DB_BIN(k, KEY_LEN),
	    DB_U64(window_s), DB_U64(window_s), DB_U64(limit),
	    DB_U64(window_s), DB_U64(window_s)), e);
	if (rows < 0)
		return -1;
	*wait_s = 0;
	if (rows > 0)
		return 1;
	/* Refused.  The look is only for the wait: a window that ended since
	 * does not turn the refusal round. */
	if (throttle_row_peek(db, k, limit, window_s, wait_s, e) < 0)
		return -1;
	if (*wait_s < 1)
		*wait_s = 1;
	return 0;
}

static int
refuse_in_tx(const struct db *db, struct err *e)
{
	return !db_in_tx(db) ? 0 : err_set(e, ERR_INTERNAL, "throttle_in_tx",
	    "a throttle inside a transaction would not be committed");
}

int
throttle_row_take(struct db *db, const uint8_t k[16], uint32_t limit,
    uint32_t window_s, int *wait_s, struct err *e)
{
	return refuse_in_tx(db, e) < 0 ? -1 :
	    take(db, k, limit, window_s, wait_s, e);
}

struct taking {
	const struct throttle_row *r;
	size_t	 n;
	int	*wait_s, passed;
};

static int
take_work(struct db *db, void *arg, struct err *e)
{
	struct taking *t = arg;

	t->passed = 1;
	for (size_t i = 0; i < t->n && t->passed == 1; i++)
		t->passed = take(db, t->r[i].k, t->r[i].limit,
		    t->r[i].window_s, t->wait_s, e);
	return t->passed < 0 ? -1 : 0;
}

int
throttle_row_take_all(struct db *db, const struct throttle_row *r, size_t n,
    int *wait_s, struct err *e)
{
	struct taking t = { r, n, wait_s, 0 };

	if (refuse_in_tx(db, e) < 0 || db_tx(db, take_work, &t, e) < 0)
		return -1;
	return t.passed;
}

int
throttle_row_clear(struct db *db, const uint8_t k[16], struct err *e)
{
	return db_run(db, &THROTTLE_CLEAR, DB_IN(DB_BIN(k, KEY_LEN)), e) < 0 ?
	    -1 : 0;
}

int
throttle_row_give(struct db *db, const uint8_t k[16], struct err *e)
{
	return db_run(db, &THROTTLE_GIVE, DB_IN(DB_BIN(k, KEY_LEN)), e) < 0 ?
	    -1 : 0;
}

int
throttle_row_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &THROTTLE_PURGE, DB_IN(DB_U64(max)), e);
}
