/*
 * suppression.c - see suppression.h.
 */
#include "store/suppression.h"

#define HASH "UNHEX(SHA2(?, 256))"
DB_STMT(SUPPRESSION_ADD, DB_API | DB_WORKER, DB_SAFE,
    "INSERT INTO suppression (id, channel, address_hash, shown, reason,"
    " user_id, created_at) VALUES (?, ?, " HASH ", ?, ?, ?,"
    " UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE reason ="
    " IF(reason = 'unsubscribed', VALUES(reason), reason)");
DB_STMT(SUPPRESSION_REMOVE, DB_API, DB_SAFE,
    "DELETE FROM suppression WHERE id = ?");
#define COLUMNS "id, user_id, channel, shown, reason, created_at"
#define WHERE " WHERE (? IS NULL OR address_hash = " HASH ")"		\
	" AND (? = '' OR channel = ?) AND (? = '' OR reason = ?)"
DB_STMT(SUPPRESSION_LIST, DB_API, DB_READ,
    "SELECT " COLUMNS " FROM suppression" WHERE
    " ORDER BY id DESC LIMIT ? OFFSET ?");
DB_STMT(SUPPRESSION_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM suppression" WHERE);
DB_STMT(SUPPRESSION_FIND, DB_API, DB_READ,
    "SELECT " COLUMNS " FROM suppression WHERE id = ?");
DB_STMT(SUPPRESSION_OF, DB_API, DB_READ,
    "SELECT id FROM suppression WHERE channel = ? AND address_hash = " HASH);

/* a…@example.com, +98…21 */
static const char *
masked(struct arena *a, const char *address)
{
	const char *at = strrchr(address, '@');
	size_t n = strlen(address);

	if (at != NULL)
		return arena_printf(a, "%.1s…%s", address, at);
	return n < 6 ? "…" : arena_printf(a, "%.3s…%s", address,
	    address + n - 2);
}

int
suppression_add(struct db *db, const struct suppression_new *n,
    struct err *e)
{
	struct arena *a = arena_new(8192);
	int64_t rc = db_run(db, &SUPPRESSION_ADD, DB_IN(DB_U64(n->id),
	    DB_STR(channels_name(n->channel)), DB_STR(n->address),
	    DB_STR(masked(a, n->address)), DB_STR(n->reason),
	    DB_REF(n->user_id)), e);

	arena_free(a);
	/* MariaDB: 1 a new row, 2 a changed one, 0 as it was. */
	return rc < 0 ? -1 : rc == 1;
}

int
suppression_remove(struct db *db, uint64_t id, struct err *e)
{
	int64_t rc = db_run(db, &SUPPRESSION_REMOVE, DB_IN(DB_U64(id)), e);

	return rc < 0 ? -1 : rc > 0;
}

#define OUT(s) DB_OUT(DB_TO_U64(&(s)->id), DB_TO_U64(&(s)->user_id),	\
	DB_TO_STR(&(s)->channel), DB_TO_STR(&(s)->shown),		\
	DB_TO_STR(&(s)->reason), DB_TO_TIME(&(s)->created_us))
#define ASKED(p) DB_STR((p)->address), DB_STR((p)->address),		\
	DB_STR((p)->channel), DB_STR((p)->channel), DB_STR((p)->reason),	\
	DB_STR((p)->reason)

int
suppression_each(struct db *db, struct arena *a,
    const struct suppression_page *p, struct suppression *s,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	int64_t rc = db_each(db, &SUPPRESSION_LIST, a, DB_IN(ASKED(p),
	    DB_U64(p->limit), DB_U64(p->offset)), OUT(s), row, arg, e);

	return rc < 0 ? -1 : (int)rc;
}

int64_t
suppression_count(struct db *db, const struct suppression_page *p,
    struct err *e)
{
	struct arena *a = arena_new(4096);
	uint64_t n = 0;
	int rc = db_one(db, &SUPPRESSION_COUNT, a, DB_IN(ASKED(p)),
	    DB_OUT(DB_TO_U64(&n)), e);

	arena_free(a);
	return rc < 0 ? -1 : (int64_t)n;
}

int
suppression_find(struct db *db, struct arena *a, uint64_t id,
    struct suppression *s, struct err *e)
{
	return db_one(db, &SUPPRESSION_FIND, a, DB_IN(DB_U64(id)), OUT(s), e);
}

int
suppression_of(struct db *db, enum channel_id channel, const char *address,
    uint64_t *id, struct err *e)
{
	struct arena *a = arena_new(4096);
	int rc = db_one(db, &SUPPRESSION_OF, a, DB_IN(
	    DB_STR(channels_name(channel)), DB_STR(address)),
	    DB_OUT(DB_TO_U64(id)), e);

	arena_free(a);
	return rc;
}
