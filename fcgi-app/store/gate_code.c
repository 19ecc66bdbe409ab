/*
 * gate_code.c - one-time codes for another host name.
 */
#include "store/gate_code.h"

DB_STMT(GATE_CODE_INSERT, DB_API, DB_SAFE,
    "INSERT INTO gate_code (code_hash, bind, host, user_id, session_id,"
    " expires_at) VALUES (?, ?, ?, ?, ?,"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND)"
    " ON DUPLICATE KEY UPDATE code_hash = VALUES(code_hash)");
DB_STMT(GATE_CODE_USE, DB_API, DB_SAFE,
    "UPDATE gate_code SET used_key = ? WHERE code_hash = ? AND bind = ?"
    " AND host = ? AND used_key = 0 AND expires_at > UTC_TIMESTAMP(6)");
DB_STMT(GATE_CODE_USED, DB_API, DB_READ,
    "SELECT user_id, session_id FROM gate_code"
    " WHERE code_hash = ? AND used_key = ?");
DB_STMT(GATE_CODE_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM gate_code WHERE expires_at < UTC_TIMESTAMP(6)"
    " ORDER BY expires_at LIMIT ?");

int
gate_code_insert(struct db *db, const struct gate_code *c, uint32_t life_s,
    struct err *e)
{
	return db_run(db, &GATE_CODE_INSERT, DB_IN(
	    DB_BIN(c->hash, sizeof(c->hash)), DB_BIN(c->bind, sizeof(c->bind)),
	    DB_STR(c->host), DB_U64(c->user_id), DB_U64(c->session_id),
	    DB_U64(life_s)), e) < 0 ? -1 : 0;
}

int
gate_code_use(struct db *db, struct gate_code *c, uint64_t key, struct err *e)
{
	if (db_run(db, &GATE_CODE_USE, DB_IN(DB_U64(key),
	    DB_BIN(c->hash, sizeof(c->hash)), DB_BIN(c->bind, sizeof(c->bind)),
	    DB_STR(c->host)), e) < 0)
		return -1;
	/* Not the number of rows: a redo finds them changed already. */
	return db_one(db, &GATE_CODE_USED, NULL, DB_IN(
	    DB_BIN(c->hash, sizeof(c->hash)), DB_U64(key)), DB_OUT(
	    DB_TO_U64(&c->user_id), DB_TO_U64(&c->session_id)), e);
}

int
gate_code_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &GATE_CODE_PURGE, DB_IN(DB_U64(max)), e);
}
