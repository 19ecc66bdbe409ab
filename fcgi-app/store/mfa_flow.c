/*
 * mfa_flow.c - second steps that are due.
 */
#include "store/mfa_flow.h"

DB_STMT(MFA_FLOW_INSERT, DB_API, DB_SAFE,
    "INSERT INTO mfa_flow (id, token_hash, user_id, amr, channel, created_at,"
    " expires_at) VALUES (?, ?, ?, LEFT(?, 40), ?, UTC_TIMESTAMP(6),"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND)"
    " ON DUPLICATE KEY UPDATE id = VALUES(id)");
#define LIVE " used_at IS NULL AND expires_at > UTC_TIMESTAMP(6)"
DB_STMT(MFA_FLOW_FIND, DB_API, DB_READ,
    "SELECT id, user_id, amr, COALESCE(channel, ''), COALESCE(sent, ''),"
    " tries FROM mfa_flow WHERE token_hash = ? AND" LIVE);
DB_STMT(MFA_FLOW_TRY, DB_API, DB_SAFE,
    "UPDATE mfa_flow SET tries = tries + 1 WHERE id = ? AND tries < ? AND"
    LIVE);
DB_STMT(MFA_FLOW_SENT, DB_API, DB_SAFE,
    "UPDATE mfa_flow SET sent = ? WHERE id = ?");
DB_STMT(MFA_FLOW_USE, DB_API, DB_SAFE,
    "UPDATE mfa_flow SET used_at = UTC_TIMESTAMP(6), used_key = ?"
    " WHERE id = ? AND" LIVE);
DB_STMT(MFA_FLOW_USED_BY, DB_API, DB_READ,
    "SELECT 1 FROM mfa_flow WHERE id = ? AND used_key = ?");
DB_STMT(MFA_FLOW_VOID, DB_API, DB_SAFE,
    "UPDATE mfa_flow SET expires_at = UTC_TIMESTAMP(6) WHERE user_id = ? AND"
    LIVE);
DB_STMT(MFA_FLOW_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM mfa_flow WHERE expires_at < UTC_TIMESTAMP(6)"
    " ORDER BY expires_at LIMIT ?");

#define HASH_LEN	32

int
mfa_flow_insert(struct db *db, const struct mfa_flow_new *n, struct err *e)
{
	return db_run(db, &MFA_FLOW_INSERT, DB_IN(DB_U64(n->id),
	    DB_BIN(n->token_hash, HASH_LEN), DB_U64(n->user_id),
	    DB_STR(n->amr), DB_STR(n->channel), DB_U64(n->life_s)), e) < 0 ?
	    -1 : 0;
}

int
mfa_flow_find(struct db *db, struct arena *a, const uint8_t token_hash[32],
    struct mfa_flow *f, struct err *e)
{
	uint64_t tries = 0;
	int rc;

	memset(f, 0, sizeof(*f));
	rc = db_one(db, &MFA_FLOW_FIND, a, DB_IN(DB_BIN(token_hash,
	    HASH_LEN)), DB_OUT(DB_TO_U64(&f->id), DB_TO_U64(&f->user_id),
	    DB_TO_STR(&f->amr), DB_TO_STR(&f->channel), DB_TO_STR(&f->sent),
	    DB_TO_U64(&tries)), e);
	f->tries = (unsigned)tries;
	return rc;
}

int
mfa_flow_try(struct db *db, uint64_t id, struct err *e)
{
	int64_t rows;

	if (db_in_tx(db))
		return err_set(e, ERR_INTERNAL, "mfa_in_tx",
		    "a try inside a transaction could be rolled back");
	rows = db_run(db, &MFA_FLOW_TRY, DB_IN(DB_U64(id),
	    DB_U64(MFA_TRIES_MAX)), e);
	return rows < 0 ? -1 : rows > 0;
}

int
mfa_flow_sent(struct db *db, uint64_t id, const char *method, struct err *e)
{
	return db_run(db, &MFA_FLOW_SENT, DB_IN(DB_STR(method), DB_U64(id)),
	    e) < 0 ? -1 : 0;
}

int
mfa_flow_use(struct db *db, uint64_t id, struct err *e)
{
	uint64_t key = db_tx_key(db);
	int64_t rows, one;

	if (key == 0)
		return err_set(e, ERR_INTERNAL, "mfa_no_tx",
		    "a second step ends with the session it begins");
	rows = db_run(db, &MFA_FLOW_USE, DB_IN(DB_U64(key), DB_U64(id)), e);
	if (rows != 0)
		return rows < 0 ? -1 : 1;
	return db_one(db, &MFA_FLOW_USED_BY, NULL, DB_IN(DB_U64(id),
	    DB_U64(key)), DB_OUT(DB_TO_I64(&one)), e);
}

int
mfa_flow_void(struct db *db, uint64_t user_id, struct err *e)
{
	return db_run(db, &MFA_FLOW_VOID, DB_IN(DB_U64(user_id)), e) < 0 ?
	    -1 : 0;
}

int
mfa_flow_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &MFA_FLOW_PURGE, DB_IN(DB_U64(max)), e);
}
