/*
 * lease.c - statements on table lease.  Rows are made by the migration.
 */
#include "store/lease.h"

DB_STMT(LEASE_TAKE, DB_WORKER, DB_SAFE,
    "UPDATE lease SET owner = ?,"
    " ends_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND"
    " WHERE name = ? AND (owner = ? OR ends_at <= UTC_TIMESTAMP(6))");
DB_STMT(LEASE_GIVE, DB_WORKER, DB_SAFE,
    "UPDATE lease SET ends_at = '2000-01-01' WHERE name = ? AND owner = ?");

int
lease_take(struct db *db, const char *name, uint64_t owner, uint32_t s,
    struct err *e)
{
	int64_t rc = db_run(db, &LEASE_TAKE, DB_IN(DB_U64(owner), DB_U64(s),
	    DB_STR(name), DB_U64(owner)), e);

	return rc < 0 ? -1 : rc > 0;
}

int
lease_give(struct db *db, const char *name, uint64_t owner, struct err *e)
{
	return db_run(db, &LEASE_GIVE, DB_IN(DB_STR(name), DB_U64(owner)), e)
	    < 0 ? -1 : 0;
}
