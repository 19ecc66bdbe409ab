/*
 * provider_seat.c - statements on table provider_seat.
 */
#include "store/provider_seat.h"

DB_STMT(SEAT_READ, DB_WORKER, DB_READ,
    "SELECT COALESCE(r.version, 0), r.state, UTC_TIMESTAMP(6)"
    " FROM (SELECT ? AS name) x LEFT JOIN provider_seat r"
    " ON r.name = CONVERT(x.name USING ascii)");
DB_STMT(SEAT_FIRST, DB_WORKER, DB_SAFE,
    "INSERT IGNORE INTO provider_seat (name, version, state)"
    " VALUES (?, 1, ?)");
DB_STMT(SEAT_WRITE, DB_WORKER, DB_ONCE,
    "UPDATE provider_seat SET state = ?, version = version + 1"
    " WHERE name = ? AND version = ?");

int
provider_seat_read(struct db *db, struct arena *a, const char *name,
    struct provider_seat *r, struct err *e)
{
	int rc = db_one(db, &SEAT_READ, a, DB_IN(DB_STR(name)),
	    DB_OUT(DB_TO_U64(&r->version), DB_TO_BIN(&r->state, &r->len),
	    DB_TO_TIME(&r->now_us)), e);

	return rc < 0 ? -1 : 0;
}

int
provider_seat_write(struct db *db, const char *name,
    const struct provider_seat *was, const uint8_t *state, size_t len,
    struct err *e)
{
	int64_t rc = was->version == 0 ?
	    db_run(db, &SEAT_FIRST, DB_IN(DB_STR(name), DB_BIN(state, len)),
	    e) : db_run(db, &SEAT_WRITE, DB_IN(DB_BIN(state, len),
	    DB_STR(name), DB_U64(was->version)), e);

	return rc < 0 ? -1 : rc > 0;
}
