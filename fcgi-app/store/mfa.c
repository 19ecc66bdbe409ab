/*
 * mfa.c - second factors: each rule one conditional UPDATE.
 */
#include "store/mfa.h"

DB_STMT(MFA_FIND, DB_API | DB_CTL, DB_READ,
    "SELECT m.seed, COALESCE(m.seed_id, 0), COALESCE(m.step, 0), m.seed_at,"
    " IF(m.next_ends_at > UTC_TIMESTAMP(6), m.next_seed, NULL),"
    " COALESCE(m.next_id, 0), COALESCE(m.sms, 2), COALESCE(m.email, 2),"
    " COALESCE(m.reset_by, ''),"
    " (SELECT COUNT(*) FROM recovery_code r WHERE r.user_id = u.id"
    " AND r.used_at IS NULL),"
    " u.phone_verified_at IS NOT NULL, u.email_verified_at IS NOT NULL"
    " FROM user u LEFT JOIN mfa m ON m.user_id = u.id WHERE u.id = ?");
DB_STMT(MFA_LOCK, DB_API, DB_READ, "SELECT id FROM user WHERE id = ?"
    " FOR UPDATE");
DB_STMT(MFA_BEGIN, DB_API, DB_SAFE,
    "INSERT INTO mfa (user_id, next_seed, next_id, next_ends_at)"
    " VALUES (?, ?, ?, UTC_TIMESTAMP(6) + INTERVAL ? SECOND)"
    " ON DUPLICATE KEY UPDATE next_seed = VALUES(next_seed),"
    " next_id = VALUES(next_id), next_ends_at = VALUES(next_ends_at)");
/* Assignments are evaluated from left to right. */
DB_STMT(MFA_CONFIRM, DB_API, DB_SAFE,
    "UPDATE mfa SET seed = next_seed, seed_id = next_id,"
    " seed_at = UTC_TIMESTAMP(6), step = ?, step_key = ?, next_seed = NULL,"
    " next_id = NULL, next_ends_at = NULL"
    " WHERE user_id = ? AND next_id = ? AND next_ends_at > UTC_TIMESTAMP(6)");
DB_STMT(MFA_STEP, DB_API, DB_SAFE,
    "UPDATE mfa SET step = ?, step_key = ? WHERE user_id = ? AND seed_id = ?"
    " AND step < ?");
DB_STMT(MFA_STEP_BY, DB_API, DB_READ,
    "SELECT 1 FROM mfa WHERE user_id = ? AND seed_id = ? AND step = ?"
    " AND step_key = ?");
DB_STMT(MFA_FORGET_APP, DB_API, DB_SAFE,
    "UPDATE mfa SET seed = NULL, seed_id = NULL, seed_at = NULL,"
    " next_seed = NULL, next_id = NULL, next_ends_at = NULL"
    " WHERE user_id = ?");
#define SINCE	" (SELECT created_at FROM change_undo WHERE id = ?)"
DB_STMT(MFA_FORGET_APP_SINCE, DB_API, DB_SAFE,
    "UPDATE mfa SET seed = NULL, seed_id = NULL, seed_at = NULL"
    " WHERE user_id = ? AND seed_at >=" SINCE);
DB_STMT(MFA_FORGET_BEGUN, DB_API, DB_SAFE,
    "UPDATE mfa SET next_seed = NULL, next_id = NULL, next_ends_at = NULL"
    " WHERE user_id = ? AND next_id IS NOT NULL");
DB_STMT(MFA_FORGET_CHANNELS_SINCE, DB_API, DB_SAFE,
    "UPDATE mfa SET sms = NULL, email = NULL WHERE user_id = ?"
    " AND (sms OR email) AND EXISTS (SELECT 1 FROM audit a"
    " WHERE a.user_id = mfa.user_id AND a.event = 'mfa_channels'"
    " AND a.outcome = 'ok' AND a.at >=" SINCE ")");
DB_STMT(RECOVERY_FORGET_SINCE, DB_API, DB_SAFE,
    "DELETE FROM recovery_code WHERE user_id = ? AND created_at >=" SINCE);
DB_STMT(MFA_SET_CHANNELS, DB_API, DB_SAFE,
    "INSERT INTO mfa (user_id, sms, email) VALUES (?, ?, ?)"
    " ON DUPLICATE KEY UPDATE sms = COALESCE(VALUES(sms), sms),"
    " email = COALESCE(VALUES(email), email)");
DB_STMT(MFA_SET_RESET, DB_API, DB_SAFE,
    "UPDATE mfa SET reset_by = ? WHERE user_id = ?");
DB_STMT(RECOVERY_VOID, DB_API, DB_SAFE,
    "DELETE FROM recovery_code WHERE user_id = ?");
DB_STMT(RECOVERY_ADD, DB_API, DB_SAFE,
    "INSERT INTO recovery_code (user_id, code_mac) VALUES (?, ?)"
    " ON DUPLICATE KEY UPDATE code_mac = VALUES(code_mac)");
DB_STMT(RECOVERY_IS, DB_API, DB_READ,
    "SELECT 1 FROM recovery_code WHERE user_id = ? AND code_mac = ?"
    " AND used_at IS NULL");
DB_STMT(RECOVERY_USE, DB_API, DB_SAFE,
    "UPDATE recovery_code SET used_at = UTC_TIMESTAMP(6), used_key = ?"
    " WHERE user_id = ? AND code_mac = ? AND used_at IS NULL");
DB_STMT(RECOVERY_USED_BY, DB_API, DB_READ,
    "SELECT 1 FROM recovery_code WHERE user_id = ? AND code_mac = ?"
    " AND used_key = ?");

#define MAC_LEN	32

int
mfa_find(struct db *db, struct arena *a, uint64_t user_id, struct mfa *m,
    struct err *e)
{
	uint64_t sms, email, left;
	int rc;

	memset(m, 0, sizeof(*m));
	rc = db_one(db, &MFA_FIND, a, DB_IN(DB_U64(user_id)), DB_OUT(
	    DB_TO_BIN(&m->seed, &m->seed_len), DB_TO_U64(&m->seed_id),
	    DB_TO_U64(&m->step), DB_TO_TIME(&m->seed_at_us),
	    DB_TO_BIN(&m->next_seed, &m->next_len), DB_TO_U64(&m->next_id),
	    DB_TO_U64(&sms), DB_TO_U64(&email), DB_TO_STR(&m->reset_by),
	    DB_TO_U64(&left), DB_TO_BOOL(&m->phone_proved),
	    DB_TO_BOOL(&m->email_proved)), e);
	if (rc <= 0)
		return rc;
	m->user_id = user_id;
	m->sms = (enum mfa_channel)sms;
	m->email = (enum mfa_channel)email;
	m->recovery_left = (unsigned)left;
	return 1;
}

int
mfa_lock(struct db *db, uint64_t user_id, struct err *e)
{
	uint64_t id;

	return db_one(db, &MFA_LOCK, NULL, DB_IN(DB_U64(user_id)),
	    DB_OUT(DB_TO_U64(&id)), e);
}

int
mfa_begin(struct db *db, uint64_t user_id, const void *seed, size_t n,
    uint64_t seed_id, uint32_t life_s, struct err *e)
{
	return db_run(db, &MFA_BEGIN, DB_IN(DB_U64(user_id), DB_BIN(seed, n),
	    DB_U64(seed_id), DB_U64(life_s)), e) < 0 ? -1 : 0;
}

/* What is used up once is told from its own redo by the unit's key. */
static int
need_tx(const struct db *db, uint64_t *key, struct err *e)
{
	*key = db_tx_key(db);
	return *key != 0 ? 0 : err_set(e, ERR_INTERNAL, "mfa_no_tx",
	    "a factor is used with what it proves, in a transaction");
}

static int
step_is_ours(struct db *db, uint64_t user_id, uint64_t seed_id,
    uint64_t step, uint64_t key, struct err *e)
{
	int64_t one;

	return db_one(db, &MFA_STEP_BY, NULL, DB_IN(DB_U64(user_id),
	    DB_U64(seed_id), DB_U64(step), DB_U64(key)),
	    DB_OUT(DB_TO_I64(&one)), e);
}

int
mfa_confirm(struct db *db, uint64_t user_id, uint64_t seed_id, uint64_t step,
    struct err *e)
{
	uint64_t key;
	int64_t rows;

	if (need_tx(db, &key, e) < 0)
		return -1;
	rows = db_run(db, &MFA_CONFIRM, DB_IN(DB_U64(step), DB_U64(key),
	    DB_U64(user_id), DB_U64(seed_id)), e);
	if (rows != 0)
		return rows < 0 ? -1 : 1;
	return step_is_ours(db, user_id, seed_id, step, key, e);
}

int
mfa_step(struct db *db, uint64_t user_id, uint64_t seed_id, uint64_t step,
    struct err *e)
{
	uint64_t key;
	int64_t rows;

	if (need_tx(db, &key, e) < 0)
		return -1;
	rows = db_run(db, &MFA_STEP, DB_IN(DB_U64(step), DB_U64(key),
	    DB_U64(user_id), DB_U64(seed_id), DB_U64(step)), e);
	if (rows != 0)
		return rows < 0 ? -1 : 1;
	return step_is_ours(db, user_id, seed_id, step, key, e);
}

int
mfa_forget_app(struct db *db, uint64_t user_id, struct err *e)
{
	return db_run(db, &MFA_FORGET_APP, DB_IN(DB_U64(user_id)), e) < 0 ?
	    -1 : 0;
}

int
mfa_forget_since(struct db *db, uint64_t user_id, uint64_t undo_id,
    struct err *e)
{
	const struct db_stmt *since[] = { &MFA_FORGET_APP_SINCE,
		&MFA_FORGET_CHANNELS_SINCE, &RECOVERY_FORGET_SINCE };
	int64_t n = db_run(db, &MFA_FORGET_BEGUN, DB_IN(DB_U64(user_id)), e);

	for (size_t i = 0; n >= 0 && i < COUNT_OF(since); i++) {
		int64_t rows = db_run(db, since[i], DB_IN(DB_U64(user_id),
		    DB_U64(undo_id)), e);

		n = rows < 0 ? -1 : n + rows;
	}
	return (int)n;
}

int
mfa_set_channels(struct db *db, uint64_t user_id, const bool *sms,
    const bool *email, struct err *e)
{
	return db_run(db, &MFA_SET_CHANNELS, DB_IN(DB_U64(user_id),
	    sms == NULL ? DB_NULL : DB_U64(*sms),
	    email == NULL ? DB_NULL : DB_U64(*email)), e) < 0 ? -1 : 0;
}

int
mfa_set_reset(struct db *db, uint64_t user_id, const char *channel,
    struct err *e)
{
	return db_run(db, &MFA_SET_RESET, DB_IN(DB_STR(channel),
	    DB_U64(user_id)), e) < 0 ? -1 : 0;
}

/* --- recovery codes ------------------------------------------------------ */

int
recovery_replace(struct db *db, uint64_t user_id,
    const uint8_t (*code_mac)[32], size_t n, struct err *e)
{
	if (db_run(db, &RECOVERY_VOID, DB_IN(DB_U64(user_id)), e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (db_run(db, &RECOVERY_ADD, DB_IN(DB_U64(user_id),
		    DB_BIN(code_mac[i], MAC_LEN)), e) < 0)
			return -1;
	return 0;
}

int
recovery_is(struct db *db, uint64_t user_id, const uint8_t code_mac[32],
    struct err *e)
{
	int64_t one;

	return db_one(db, &RECOVERY_IS, NULL, DB_IN(DB_U64(user_id),
	    DB_BIN(code_mac, MAC_LEN)), DB_OUT(DB_TO_I64(&one)), e);
}

int
recovery_use(struct db *db, uint64_t user_id, const uint8_t code_mac[32],
    struct err *e)
{
	uint64_t key;
	int64_t rows, one;

	if (need_tx(db, &key, e) < 0)
		return -1;
	rows = db_run(db, &RECOVERY_USE, DB_IN(DB_U64(key), DB_U64(user_id),
	    DB_BIN(code_mac, MAC_LEN)), e);
	if (rows != 0)
		return rows < 0 ? -1 : 1;
	return db_one(db, &RECOVERY_USED_BY, NULL, DB_IN(DB_U64(user_id),
	    DB_BIN(code_mac, MAC_LEN), DB_U64(key)),
	    DB_OUT(DB_TO_I64(&one)), e);
}
