/*
 * known_device.c - remembered browsers.
 */
#include "store/known_device.h"

DB_STMT(KNOWN_DEVICE_IS, DB_API, DB_READ,
    "SELECT 1 FROM known_device WHERE token_hash = ? AND user_id = ?"
    " AND expires_at > UTC_TIMESTAMP(6)");
DB_STMT(KNOWN_DEVICE_ANY, DB_API, DB_READ,
    "SELECT 1 FROM known_device WHERE token_hash = ?"
    " AND expires_at > UTC_TIMESTAMP(6) LIMIT 1");
DB_STMT(KNOWN_DEVICE_ADD, DB_API, DB_SAFE,
    "INSERT INTO known_device (token_hash, user_id, expires_at)"
    " VALUES (?, ?, UTC_TIMESTAMP(6) + INTERVAL ? SECOND)"
    " ON DUPLICATE KEY UPDATE seen_at = UTC_TIMESTAMP(6),"
    " expires_at = VALUES(expires_at)");
DB_STMT(KNOWN_DEVICE_FORGET, DB_API | DB_WORKER, DB_SAFE,
    "DELETE FROM known_device WHERE user_id = ?");
DB_STMT(KNOWN_DEVICE_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM known_device WHERE expires_at < UTC_TIMESTAMP(6)"
    " ORDER BY expires_at LIMIT ?");

#define HASH_LEN	32

int
known_device_is(struct db *db, const uint8_t hash[32], uint64_t user_id,
    struct err *e)
{
	int64_t one;

	return db_one(db, &KNOWN_DEVICE_IS, NULL,
	    DB_IN(DB_BIN(hash, HASH_LEN), DB_U64(user_id)),
	    DB_OUT(DB_TO_I64(&one)), e);
}

int
known_device_any(struct db *db, const uint8_t hash[32], struct err *e)
{
	int64_t one;

	return db_one(db, &KNOWN_DEVICE_ANY, NULL, DB_IN(DB_BIN(hash,
	    HASH_LEN)), DB_OUT(DB_TO_I64(&one)), e);
}

int
known_device_add(struct db *db, const uint8_t hash[32], uint64_t user_id,
    uint32_t life_s, struct err *e)
{
	return db_run(db, &KNOWN_DEVICE_ADD, DB_IN(DB_BIN(hash, HASH_LEN),
	    DB_U64(user_id), DB_U64(life_s)), e) < 0 ? -1 : 0;
}

int
known_device_forget(struct db *db, uint64_t user_id, struct err *e)
{
	return (int)db_run(db, &KNOWN_DEVICE_FORGET, DB_IN(DB_U64(user_id)),
	    e);
}

int
known_device_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &KNOWN_DEVICE_PURGE, DB_IN(DB_U64(max)), e);
}
