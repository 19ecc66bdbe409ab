/*
 * closing.c - statements on table closing.
 */
#include "store/closing.h"

#include "store/user.h"

/*
 * The last active superuser stays: whoever takes one away locks them all in
 * the same order first, so that of two at once the second sees the first.
 */
DB_STMT(CLOSING_SUPERUSERS, DB_API, DB_READ,
    "SELECT id FROM user WHERE is_superuser = 1 AND is_active"
    " ORDER BY id FOR UPDATE");
DB_STMT(CLOSING_IS_SUPERUSER, DB_API, DB_READ,
    "SELECT is_superuser AND is_active FROM user WHERE id = ?");
/* A row that was restored is used again; one that is closing stays. */
DB_STMT(CLOSING_ADD, DB_API, DB_SAFE,
    "INSERT INTO closing (user_id, asked_at, purge_at, was_active,"
    " close_key, link_hash) SELECT id, UTC_TIMESTAMP(6),"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND, is_active, ?, ?"
    " FROM user WHERE id = ? ON DUPLICATE KEY UPDATE"
    " asked_at = IF(restored_at IS NULL, asked_at, VALUES(asked_at)),"
    " purge_at = IF(restored_at IS NULL, purge_at, VALUES(purge_at)),"
    " was_active = IF(restored_at IS NULL, was_active, VALUES(was_active)),"
    " close_key = IF(restored_at IS NULL, close_key, VALUES(close_key)),"
    " link_hash = IF(restored_at IS NULL, link_hash, VALUES(link_hash)),"
    " token_hash = IF(restored_at IS NULL, token_hash, NULL),"
    " restored_key = IF(restored_at IS NULL, restored_key, NULL),"
    " restored_at = NULL");
DB_STMT(CLOSING_IS_MINE, DB_API, DB_READ,
    "SELECT 1 FROM closing WHERE user_id = ? AND close_key = ?"
    " AND restored_at IS NULL");
DB_STMT(CLOSING_OFF, DB_API, DB_SAFE,
    "UPDATE user SET is_active = FALSE, updated_at = UTC_TIMESTAMP(6)"
    " WHERE id = ?");
#define OPEN " AND restored_at IS NULL AND purging_at IS NULL" \
	" AND purge_at > UTC_TIMESTAMP(6)"
DB_STMT(CLOSING_FIND, DB_API, DB_READ,
    "SELECT purge_at FROM closing WHERE user_id = ?" OPEN);
DB_STMT(CLOSING_BY_HASH, DB_API, DB_READ,
    "SELECT user_id, purge_at FROM closing WHERE (link_hash = ?"
    " OR (token_hash = ? AND token_ends_at > UTC_TIMESTAMP(6)))" OPEN);
DB_STMT(CLOSING_TOKEN, DB_API, DB_SAFE,
    "UPDATE closing SET token_hash = ?,"
    " token_ends_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND"
    " WHERE user_id = ?" OPEN);
DB_STMT(CLOSING_RESTORE, DB_API, DB_SAFE,
    "UPDATE closing SET restored_at = UTC_TIMESTAMP(6), restored_key = ?"
    " WHERE user_id = ?" OPEN);
DB_STMT(CLOSING_RESTORED, DB_API, DB_READ,
    "SELECT 1 FROM closing WHERE user_id = ? AND restored_key = ?");
DB_STMT(CLOSING_ON, DB_API, DB_SAFE,
    "UPDATE user u JOIN closing c ON c.user_id = u.id"
    " SET u.is_active = c.was_active, u.updated_at = UTC_TIMESTAMP(6)"
    " WHERE u.id = ?");
DB_STMT(CLOSING_STAY_OFF, DB_API, DB_SAFE,
    "UPDATE closing SET was_active = FALSE WHERE user_id = ?"
    " AND restored_at IS NULL");
DB_STMT(CLOSING_MARK, DB_WORKER, DB_SAFE,
    "UPDATE closing SET purging_at = UTC_TIMESTAMP(6)"
    " WHERE purge_at <= UTC_TIMESTAMP(6) AND restored_at IS NULL"
    " AND purging_at IS NULL ORDER BY purge_at LIMIT ?");
DB_STMT(CLOSING_DUE, DB_WORKER, DB_READ,
    "SELECT user_id FROM closing WHERE purging_at IS NOT NULL"
    " AND purge_at <= UTC_TIMESTAMP(6) ORDER BY purge_at LIMIT 1");
DB_STMT(CLOSING_GONE, DB_WORKER, DB_SAFE,
    "DELETE FROM closing WHERE user_id = ? AND purging_at IS NOT NULL");
DB_STMT(CLOSING_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM closing WHERE purge_at < UTC_TIMESTAMP(6)"
    " AND restored_at < UTC_TIMESTAMP(6) - INTERVAL 30 DAY LIMIT ?");

#define HASH_LEN 32

struct superusers { uint64_t id, one; unsigned others; bool is; };

static int
count_superuser(void *arg, struct err *e)
{
	struct superusers *s = arg;

	(void)e;
	if (s->id == s->one)
		s->is = true;
	else
		s->others++;
	return 0;
}

int
closing_leaves_superuser(struct db *db, uint64_t user_id, struct err *e)
{
	struct superusers s = { .one = user_id };
	bool is = false;
	int rc = db_one(db, &CLOSING_IS_SUPERUSER, NULL,
	    DB_IN(DB_U64(user_id)), DB_OUT(DB_TO_BOOL(&is)), e);

	if (rc <= 0 || !is)
		return rc < 0 ? -1 : 0;
	if (db_each(db, &CLOSING_SUPERUSERS, NULL, DB_NONE,
	    DB_OUT(DB_TO_U64(&s.id)), count_superuser, &s, e) < 0)
		return -1;
	return s.is && s.others == 0 ? err_set(e, ERR_CONFLICT,
	    "last_superuser", "user %" PRIu64, user_id) : 0;
}

int
closing_begin(struct db *db, const struct closing_new *n, struct err *e)
{
	int rc;

	if (closing_leaves_superuser(db, n->user_id, e) < 0 ||
	    db_run(db, &CLOSING_ADD, DB_IN(DB_U64(n->grace_s),
	    DB_U64(n->close_key), DB_BIN(n->link_hash, HASH_LEN),
	    DB_U64(n->user_id)), e) < 0)
		return -1;
	rc = db_one(db, &CLOSING_IS_MINE, NULL, DB_IN(DB_U64(n->user_id),
	    DB_U64(n->close_key)), DB_OUT(DB_TO_I64(&(int64_t){ 0 })), e);
	if (rc <= 0)
		return rc;
	return db_run(db, &CLOSING_OFF, DB_IN(DB_U64(n->user_id)), e) < 0 ?
	    -1 : 1;
}

int
closing_find(struct db *db, uint64_t user_id, int64_t *purge_us,
    struct err *e)
{
	return db_one(db, &CLOSING_FIND, NULL, DB_IN(DB_U64(user_id)),
	    DB_OUT(DB_TO_TIME(purge_us)), e);
}

int
closing_by_hash(struct db *db, const uint8_t hash[32], uint64_t *user_id,
    int64_t *purge_us, struct err *e)
{
	return db_one(db, &CLOSING_BY_HASH, NULL, DB_IN(DB_BIN(hash,
	    HASH_LEN), DB_BIN(hash, HASH_LEN)),
	    DB_OUT(DB_TO_U64(user_id), DB_TO_TIME(purge_us)), e);
}

int
closing_token(struct db *db, uint64_t user_id, const uint8_t hash[32],
    uint32_t life_s, struct err *e)
{
	return (int)db_run(db, &CLOSING_TOKEN, DB_IN(DB_BIN(hash, HASH_LEN),
	    DB_U64(life_s), DB_U64(user_id)), e);
}

int
closing_restore(struct db *db, uint64_t user_id, struct err *e)
{
	const uint64_t key = db_tx_key(db);
	int64_t rows = db_run(db, &CLOSING_RESTORE, DB_IN(DB_U64(key),
	    DB_U64(user_id)), e);
	int rc;

	if (rows < 0)
		return -1;
	if (rows == 0 && (rc = db_one(db, &CLOSING_RESTORED, NULL,
	    DB_IN(DB_U64(user_id), DB_U64(key)),
	    DB_OUT(DB_TO_I64(&(int64_t){ 0 })), e)) <= 0)
		return rc;
	return db_run(db, &CLOSING_ON, DB_IN(DB_U64(user_id)), e) < 0 ?
	    -1 : 1;
}

int
closing_allows(struct db *db, uint64_t user_id, const struct user_roles *to,
    struct err *e)
{
	int64_t purge_us;
	int rc;

	if ((!to->is_active || !to->is_superuser) &&
	    closing_leaves_superuser(db, user_id, e) < 0)
		return -1;
	if (!to->is_active)
		return 0;
	rc = closing_find(db, user_id, &purge_us, e);
	return rc <= 0 ? rc : err_set(e, ERR_CONFLICT, "account_closing",
	    "user %" PRIu64 ": restore it first", user_id);
}

int
closing_stay_off(struct db *db, uint64_t user_id, struct err *e)
{
	return (int)db_run(db, &CLOSING_STAY_OFF, DB_IN(DB_U64(user_id)), e);
}

int
closing_due(struct db *db, unsigned max, uint64_t *user_id, struct err *e)
{
	if (db_run(db, &CLOSING_MARK, DB_IN(DB_U64(max)), e) < 0)
		return -1;
	return db_one(db, &CLOSING_DUE, NULL, DB_NONE,
	    DB_OUT(DB_TO_U64(user_id)), e);
}

int
closing_gone(struct db *db, uint64_t user_id, struct err *e)
{
	return (int)db_run(db, &CLOSING_GONE, DB_IN(DB_U64(user_id)), e);
}

int
closing_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &CLOSING_PURGE, DB_IN(DB_U64(max)), e);
}
