/*
 * undo.c - changes that may be taken back.
 */
#include "store/undo.h"

#define LIVES	" used_at IS NULL AND expires_at > UTC_TIMESTAMP(6)"
DB_STMT(UNDO_INSERT, DB_API, DB_SAFE,
    "INSERT INTO change_undo (id, token_hash, user_id, kind, old_value, old_key,"
    " expires_at) VALUES (?, ?, ?, ?, ?, ?,"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND)"
    " ON DUPLICATE KEY UPDATE id = VALUES(id)");
DB_STMT(UNDO_FIND, DB_API, DB_READ,
    "SELECT id, user_id, kind, old_value, old_key FROM change_undo"
    " WHERE token_hash = ? AND" LIVES);
DB_STMT(UNDO_USE, DB_API, DB_SAFE,
    "UPDATE change_undo SET used_at = UTC_TIMESTAMP(6), used_key = ?"
    " WHERE id = ? AND" LIVES);
DB_STMT(UNDO_USED_BY, DB_API, DB_READ,
    "SELECT 1 FROM change_undo WHERE id = ? AND used_key = ?");
DB_STMT(UNDO_OTHER, DB_API, DB_READ,
    "SELECT id, user_id, kind, old_value, old_key FROM change_undo"
    " WHERE user_id = ? AND kind <> ? AND id > ? AND used_at IS NULL"
    " ORDER BY id LIMIT 1");
DB_STMT(UNDO_VOID_LATER, DB_API, DB_SAFE,
    "UPDATE change_undo SET used_at = UTC_TIMESTAMP(6)"
    " WHERE user_id = ? AND id > ? AND used_at IS NULL");
DB_STMT(UNDO_HELD, DB_API, DB_READ,
    "SELECT 1 FROM change_undo WHERE old_key = ? AND kind = ? AND user_id <> ?"
    " AND" LIVES " LIMIT 1");
DB_STMT(UNDO_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM change_undo WHERE expires_at < UTC_TIMESTAMP(6)"
    " ORDER BY expires_at LIMIT ?");

#define HASH_LEN	32

int
undo_insert(struct db *db, const struct undo *u, const uint8_t token_hash[32],
    uint32_t life_s, struct err *e)
{
	return db_run(db, &UNDO_INSERT, DB_IN(DB_U64(u->id),
	    DB_BIN(token_hash, HASH_LEN), DB_U64(u->user_id), DB_STR(u->kind),
	    DB_STR(u->old_value), DB_STR(u->old_key), DB_U64(life_s)),
	    e) < 0 ? -1 : 0;
}

int
undo_find(struct db *db, struct arena *a, const uint8_t token_hash[32],
    struct undo *u, struct err *e)
{
	memset(u, 0, sizeof(*u));
	return db_one(db, &UNDO_FIND, a, DB_IN(DB_BIN(token_hash, HASH_LEN)),
	    DB_OUT(DB_TO_U64(&u->id), DB_TO_U64(&u->user_id),
	    DB_TO_STR(&u->kind), DB_TO_STR(&u->old_value),
	    DB_TO_STR(&u->old_key)), e);
}

int
undo_use(struct db *db, const struct undo *u, struct err *e)
{
	uint64_t key = db_tx_key(db);
	int64_t one, rows;
	int rc = 1;

	if (key == 0)
		return err_set(e, ERR_INTERNAL, "undo_no_tx",
		    "an undo commits with what it restores");
	rows = db_run(db, &UNDO_USE, DB_IN(DB_U64(key), DB_U64(u->id)), e);
	if (rows < 0)
		return -1;
	if (rows == 0)
		rc = db_one(db, &UNDO_USED_BY, NULL, DB_IN(DB_U64(u->id),
		    DB_U64(key)), DB_OUT(DB_TO_I64(&one)), e);
	if (rc <= 0)
		return rc;
	return db_run(db, &UNDO_VOID_LATER, DB_IN(DB_U64(u->user_id),
	    DB_U64(u->id)), e) < 0 ? -1 : 1;
}

int
undo_other(struct db *db, struct arena *a, const struct undo *u,
    struct undo *other, struct err *e)
{
	memset(other, 0, sizeof(*other));
	return db_one(db, &UNDO_OTHER, a, DB_IN(DB_U64(u->user_id),
	    DB_STR(u->kind), DB_U64(u->id)), DB_OUT(DB_TO_U64(&other->id),
	    DB_TO_U64(&other->user_id), DB_TO_STR(&other->kind),
	    DB_TO_STR(&other->old_value), DB_TO_STR(&other->old_key)), e);
}

int
undo_held(struct db *db, const char *kind, const char *key, uint64_t user_id,
    struct err *e)
{
	int64_t one;

	return db_one(db, &UNDO_HELD, NULL, DB_IN(DB_STR(key), DB_STR(kind),
	    DB_U64(user_id)), DB_OUT(DB_TO_I64(&one)), e);
}

int
undo_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &UNDO_PURGE, DB_IN(DB_U64(max)), e);
}
