/*
 * social.c - statements on social_visit, social_offer and social_deletion.
 */
#include "store/social.h"

DB_STMT(VISIT_INSERT, DB_API, DB_SAFE,
    "INSERT IGNORE INTO social_visit (id, state_hash, browser_hash, provider,"
    " user_id, next, ends_at) VALUES (?, ?, ?, ?, ?, ?,"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND)");
DB_STMT(VISIT_TAKE, DB_API, DB_SAFE,
    "UPDATE social_visit SET used_at = UTC_TIMESTAMP(6), used_key = ?"
    " WHERE state_hash = ? AND browser_hash = ? AND provider = ?"
    " AND used_at IS NULL AND ends_at > UTC_TIMESTAMP(6)");
DB_STMT(VISIT_TAKEN, DB_API, DB_READ,
    "SELECT id, user_id, next FROM social_visit WHERE state_hash = ?"
    " AND used_key = ?");
DB_STMT(VISIT_KNOWN, DB_API, DB_READ,
    "SELECT id FROM social_visit WHERE state_hash = ?");
DB_STMT(OFFER_INSERT, DB_API, DB_SAFE,
    "INSERT IGNORE INTO social_offer (id, token_hash, browser_hash, user_id,"
    " provider, issuer, sub, email, name, ends_at) VALUES (?, ?, ?, ?, ?, ?,"
    " ?, LEFT(?, 254), LEFT(?, 200), UTC_TIMESTAMP(6) + INTERVAL ? SECOND)");
DB_STMT(OFFER_FIND, DB_API, DB_READ,
    "SELECT id, user_id, provider, CAST(issuer AS CHAR), CAST(sub AS CHAR),"
    " email, name FROM social_offer WHERE token_hash = ?"
    " AND browser_hash = ? AND ends_at > UTC_TIMESTAMP(6)");
DB_STMT(OFFER_DROP, DB_API, DB_SAFE,
    "DELETE FROM social_offer WHERE token_hash = ?");
DB_STMT(DELETION_ADD, DB_API, DB_SAFE,
    "INSERT IGNORE INTO social_deletion (code_hash, found, created_at)"
    " VALUES (?, ?, UTC_TIMESTAMP(6))");
DB_STMT(DELETION_FIND, DB_API, DB_READ,
    "SELECT found, created_at FROM social_deletion WHERE code_hash = ?");
DB_STMT(VISIT_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM social_visit WHERE ends_at < UTC_TIMESTAMP(6)"
    " - INTERVAL 1 DAY ORDER BY ends_at LIMIT ?");
DB_STMT(OFFER_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM social_offer WHERE ends_at < UTC_TIMESTAMP(6)"
    " ORDER BY ends_at LIMIT ?");

#define HASH(p)	DB_BIN((p), 32)

int
visit_insert(struct db *db, const struct visit *v, struct err *e)
{
	return db_run(db, &VISIT_INSERT, DB_IN(DB_U64(v->id),
	    HASH(v->state_hash), HASH(v->browser_hash), DB_STR(v->provider),
	    DB_U64(v->user_id), DB_STR(v->next), DB_U64(SOCIAL_LIFE_S)), e) <
	    0 ? -1 : 0;
}

int
visit_take(struct db *db, struct arena *a, struct visit *v, uint64_t key,
    struct err *e)
{
	if (db_run(db, &VISIT_TAKE, DB_IN(DB_U64(key), HASH(v->state_hash),
	    HASH(v->browser_hash), DB_STR(v->provider)), e) < 0)
		return -1;
	/* The key tells: also a redo that met its own work. */
	return db_one(db, &VISIT_TAKEN, a, DB_IN(HASH(v->state_hash),
	    DB_U64(key)), DB_OUT(DB_TO_U64(&v->id), DB_TO_U64(&v->user_id),
	    DB_TO_STR(&v->next)), e);
}

int
visit_known(struct db *db, const uint8_t state_hash[32], struct err *e)
{
	uint64_t id;

	return db_one(db, &VISIT_KNOWN, NULL, DB_IN(HASH(state_hash)),
	    DB_OUT(DB_TO_U64(&id)), e);
}

int
offer_insert(struct db *db, const uint8_t token_hash[32],
    const uint8_t browser_hash[32], const struct identity *i, struct err *e)
{
	return db_run(db, &OFFER_INSERT, DB_IN(DB_U64(i->id),
	    HASH(token_hash), HASH(browser_hash), DB_U64(i->user_id),
	    DB_STR(i->provider), DB_BIN(i->issuer, strlen(i->issuer)),
	    DB_BIN(i->sub, strlen(i->sub)), DB_STR(i->email),
	    DB_STR(i->name), DB_U64(SOCIAL_LIFE_S)), e) < 0 ? -1 : 0;
}

int
offer_find(struct db *db, struct arena *a, const uint8_t token_hash[32],
    const uint8_t browser_hash[32], struct identity *i, struct err *e)
{
	memset(i, 0, sizeof(*i));
	return db_one(db, &OFFER_FIND, a, DB_IN(HASH(token_hash),
	    HASH(browser_hash)), DB_OUT(DB_TO_U64(&i->id),
	    DB_TO_U64(&i->user_id), DB_TO_STR(&i->provider),
	    DB_TO_STR(&i->issuer), DB_TO_STR(&i->sub), DB_TO_STR(&i->email),
	    DB_TO_STR(&i->name)), e);
}

int
offer_drop(struct db *db, const uint8_t token_hash[32], struct err *e)
{
	int64_t rows = db_run(db, &OFFER_DROP, DB_IN(HASH(token_hash)), e);

	return rows < 0 ? -1 : rows > 0;
}

int
deletion_add(struct db *db, const uint8_t code_hash[32], bool found,
    struct err *e)
{
	int64_t rows = db_run(db, &DELETION_ADD, DB_IN(HASH(code_hash),
	    DB_I64(found)), e);

	return rows < 0 ? -1 : rows > 0;
}

int
deletion_find(struct db *db, const uint8_t code_hash[32], bool *found,
    int64_t *at_us, struct err *e)
{
	return db_one(db, &DELETION_FIND, NULL, DB_IN(HASH(code_hash)),
	    DB_OUT(DB_TO_BOOL(found), DB_TO_TIME(at_us)), e);
}

int
social_purge(struct db *db, unsigned max, struct err *e)
{
	int64_t n = db_run(db, &VISIT_PURGE, DB_IN(DB_U64(max)), e), m;

	if (n < 0 || (m = db_run(db, &OFFER_PURGE, DB_IN(DB_U64(max)),
	    e)) < 0)
		return -1;
	return (int)(n + m);
}
