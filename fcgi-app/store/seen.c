/*
 * seen.c - see seen.h.
 */
#include "store/seen.h"

#include "base/crypto.h"

DB_STMT(SEEN_FIRST, DB_API | DB_CTL, DB_SAFE,
    "INSERT IGNORE INTO seen (mark, seen_at) VALUES (?, UTC_TIMESTAMP(6))");
DB_STMT(SEEN_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM seen WHERE seen_at < UTC_TIMESTAMP(6) - INTERVAL 30 DAY"
    " ORDER BY seen_at LIMIT ?");

int
seen_first(struct db *db, const char *who, const char *id, struct err *e)
{
	struct arena *a = arena_new(8192);
	const char *name = arena_printf(a, "%s %s", who, id);
	uint8_t mark[32];
	int64_t rc;

	sha256(mark, name, strlen(name));
	rc = db_run(db, &SEEN_FIRST, DB_IN(DB_BIN(mark, 16)), e);
	arena_free(a);
	return rc < 0 ? -1 : rc > 0;
}

int
seen_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &SEEN_PURGE, DB_IN(DB_U64(max)), e);
}
