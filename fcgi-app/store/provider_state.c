/*
 * provider_state.c - statements on table provider_state.
 */
#include "store/provider_state.h"

DB_STMT(PROVIDER_ALL, DB_API | DB_WORKER | DB_CTL, DB_READ,
    "SELECT name, state, reason, failures, COALESCE("
    "TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), until_at), 0)"
    " FROM provider_state");
DB_STMT(PROVIDER_OPEN, DB_WORKER, DB_SAFE,
    "INSERT INTO provider_state (name, state, reason, until_at, failures)"
    " VALUES (?, 'open', ?, UTC_TIMESTAMP(6) + INTERVAL ? SECOND, ?)"
    " ON DUPLICATE KEY UPDATE state = 'open', reason = VALUES(reason),"
    " until_at = VALUES(until_at), failures = VALUES(failures),"
    " updated_at = UTC_TIMESTAMP(6)");
DB_STMT(PROVIDER_TRY, DB_WORKER, DB_ONCE,
    "UPDATE provider_state SET state = 'half_open',"
    " until_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND,"
    " updated_at = UTC_TIMESTAMP(6)"
    " WHERE name = ? AND state <> 'closed'"
    " AND until_at <= UTC_TIMESTAMP(6)");
DB_STMT(PROVIDER_CLOSE, DB_API | DB_WORKER | DB_CTL, DB_SAFE,
    "UPDATE provider_state SET state = 'closed', reason = '', failures = 0,"
    " until_at = NULL, updated_at = UTC_TIMESTAMP(6) WHERE name = ?");

int
provider_state_all(struct db *db, struct arena *a, struct provider_row *row,
    size_t max, struct err *e)
{
	struct provider_row it = { .failures = 0 };

	return db_list(db, &PROVIDER_ALL, a, DB_NONE, DB_OUT(
	    DB_TO_STR(&it.name), DB_TO_STR(&it.state), DB_TO_STR(&it.reason),
	    DB_TO_U64(&it.failures), DB_TO_I64(&it.left_us)),
	    DB_ROWS(row, &it, max), e);
}

int
provider_state_open(struct db *db, const char *name, const char *reason,
    uint32_t open_s, uint32_t failures, struct err *e)
{
	return db_run(db, &PROVIDER_OPEN, DB_IN(DB_STR(name), DB_STR(reason),
	    DB_U64(open_s), DB_U64(failures)), e) < 0 ? -1 : 0;
}

int
provider_state_try(struct db *db, const char *name, uint32_t trial_s,
    struct err *e)
{
	int64_t rc = db_run(db, &PROVIDER_TRY, DB_IN(DB_U64(trial_s),
	    DB_STR(name)), e);

	return rc < 0 ? -1 : rc > 0;
}

int
provider_state_close(struct db *db, const char *name, struct err *e)
{
	return db_run(db, &PROVIDER_CLOSE, DB_IN(DB_STR(name)), e) < 0 ? -1 :
	    0;
}
