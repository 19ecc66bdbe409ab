/*
 * provider_rate.c - statements on table provider_rate.
 */
#include "store/provider_rate.h"

DB_STMT(RATE_READ, DB_WORKER, DB_READ,
    "SELECT COALESCE(r.version, 0), r.state, UTC_TIMESTAMP(6)"
    " FROM (SELECT ? AS name) x LEFT JOIN provider_rate r"
    " ON r.name = CONVERT(x.name USING ascii)");
DB_STMT(RATE_FIRST, DB_WORKER, DB_SAFE,
    "INSERT IGNORE INTO provider_rate (name, version, state)"
    " VALUES (?, 1, ?)");
DB_STMT(RATE_WRITE, DB_WORKER, DB_ONCE,
    "UPDATE provider_rate SET state = ?, version = version + 1"
    " WHERE name = ? AND version = ?");

int
provider_rate_read(struct db *db, struct arena *a, const char *name,
    struct provider_rate *r, struct err *e)
{
	int rc = db_one(db, &RATE_READ, a, DB_IN(DB_STR(name)),
	    DB_OUT(DB_TO_U64(&r->version), DB_TO_BIN(&r->state, &r->len),
	    DB_TO_TIME(&r->now_us)), e);

	return rc < 0 ? -1 : 0;
}

int
provider_rate_write(struct db *db, const char *name,
    const struct provider_rate *was, const uint8_t *state, size_t len,
    struct err *e)
{
	int64_t rc = was->version == 0 ?
	    db_run(db, &RATE_FIRST, DB_IN(DB_STR(name), DB_BIN(state, len)),
	    e) : db_run(db, &RATE_WRITE, DB_IN(DB_BIN(state, len),
	    DB_STR(name), DB_U64(was->version)), e);

	return rc < 0 ? -1 : rc > 0;
}
