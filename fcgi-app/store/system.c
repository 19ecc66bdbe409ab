/*
 * system.c - see system.h.
 */
#include "store/system.h"

DB_STMT(SYSTEM_READ, DB_API, DB_READ,
    "SELECT VERSION(), @@innodb_flush_log_at_trx_commit,"
    " COALESCE((SELECT MAX(number) FROM schema_migration), 0),"
    " UTC_TIMESTAMP(6),"
    " (SELECT COUNT(*) FROM provider_state WHERE state <> 'closed')");

int
system_read(struct db *db, struct arena *a, struct system_seen *s,
    struct err *e)
{
	memset(s, 0, sizeof(*s));
	return db_one(db, &SYSTEM_READ, a, DB_NONE, DB_OUT(
	    DB_TO_STR(&s->version), DB_TO_U64(&s->flush),
	    DB_TO_U64(&s->migration), DB_TO_TIME(&s->now_us),
	    DB_TO_U64(&s->breakers)), e) < 0 ? -1 : 0;
}
