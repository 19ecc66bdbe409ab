/*
 * otp.c - flows that a code proves: each rule one conditional UPDATE.
 */
#include "store/otp.h"

DB_STMT(OTP_INSERT, DB_API, DB_SAFE,
    "INSERT INTO otp (id, register_hash, purpose, user_id, channel, target,"
    " code_mac, sent_at, expires_at, flow_ends_at, secret, session_id,"
    " created_at) SELECT ?, ?, ?, ?, ?, ?, ?, t.now,"
    " t.now + INTERVAL ? SECOND, t.now + INTERVAL ? SECOND, ?, ?, t.now"
    " FROM (SELECT UTC_TIMESTAMP(6) AS now) AS t");
DB_STMT(OTP_IS, DB_API, DB_READ, "SELECT 1 FROM otp WHERE id = ?"
    " AND register_hash = ?");
#define COLUMNS								\
	"SELECT id, user_id, purpose, channel, target, code_mac, issue,"	\
	" tries, sent_at, expires_at, flow_ends_at, used_at, proved_at,"	\
	" done_at, secret, by_mail, last_mail, session_id,"		\
	" UTC_TIMESTAMP(6) FROM otp WHERE "
DB_STMT(OTP_FIND, DB_API, DB_READ, COLUMNS "register_hash = ?"
    " AND flow_ends_at > UTC_TIMESTAMP(6) AND done_at IS NULL");
DB_STMT(OTP_BY_ID, DB_API, DB_READ, COLUMNS "id = ?"
    " AND flow_ends_at > UTC_TIMESTAMP(6) AND done_at IS NULL");
DB_STMT(OTP_OF_USER, DB_API, DB_READ, COLUMNS "user_id = ?"
    " AND purpose IN ('email', 'phone') AND used_at IS NULL"
    " AND done_at IS NULL AND flow_ends_at > UTC_TIMESTAMP(6)"
    " ORDER BY sent_at DESC, id DESC LIMIT 1");
/* Naming the issue ties the try to the code that was read: a resend between
 * the read and this gives a new issue, and the old code no try. */
DB_STMT(OTP_TRY, DB_API, DB_SAFE,
    "UPDATE otp SET tries = tries + 1 WHERE id = ? AND issue = ?"
    " AND tries < ? AND used_at IS NULL AND done_at IS NULL"
    " AND expires_at > UTC_TIMESTAMP(6) AND flow_ends_at > UTC_TIMESTAMP(6)");
DB_STMT(OTP_USE, DB_API, DB_SAFE,
    "UPDATE otp SET used_at = UTC_TIMESTAMP(6), proved_at = UTC_TIMESTAMP(6),"
    " used_key = ? WHERE id = ? AND issue = ? AND used_at IS NULL"
    " AND done_at IS NULL AND flow_ends_at > UTC_TIMESTAMP(6)");
DB_STMT(OTP_USED_BY, DB_API, DB_READ,
    "SELECT 1 FROM otp WHERE id = ? AND used_key = ?");
DB_STMT(OTP_REISSUE, DB_API, DB_SAFE,
    "UPDATE otp SET code_mac = ?, channel = COALESCE(?, channel),"
    " target = COALESCE(?, target), secret = COALESCE(?, secret),"
    " by_mail = by_mail OR ?, last_mail = ?,"
    " issue = issue + 1, tries = 0,"
    " expires_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND,"
    " flow_ends_at = GREATEST(flow_ends_at, UTC_TIMESTAMP(6) + INTERVAL ?"
    " SECOND), sent_at = UTC_TIMESTAMP(6)"
    " WHERE id = ? AND issue = ? AND used_at IS NULL AND done_at IS NULL"
    " AND flow_ends_at > UTC_TIMESTAMP(6)"
    " AND sent_at <= UTC_TIMESTAMP(6) - INTERVAL ? SECOND");
DB_STMT(OTP_HAS_MAC, DB_API, DB_READ,
    "SELECT 1 FROM otp WHERE id = ? AND code_mac = ?");
DB_STMT(OTP_FINISH, DB_API, DB_SAFE,
    "UPDATE otp SET done_at = UTC_TIMESTAMP(6), done_key = ?, secret = NULL"
    " WHERE id = ? AND done_at IS NULL AND proved_at IS NOT NULL"
    " AND proved_at > UTC_TIMESTAMP(6) - INTERVAL ? SECOND"
    " AND flow_ends_at > UTC_TIMESTAMP(6)");
DB_STMT(OTP_CONFIRM, DB_API, DB_SAFE,
    "UPDATE otp SET used_at = UTC_TIMESTAMP(6), proved_at = UTC_TIMESTAMP(6),"
    " done_at = UTC_TIMESTAMP(6), done_key = ? WHERE id = ?"
    " AND purpose = 'confirm' AND done_at IS NULL"
    " AND flow_ends_at > UTC_TIMESTAMP(6)");
DB_STMT(OTP_DONE_BY, DB_API, DB_READ,
    "SELECT 1 FROM otp WHERE id = ? AND done_key = ?");
DB_STMT(OTP_VOID, DB_API | DB_WORKER | DB_CTL, DB_SAFE,
    "UPDATE otp SET flow_ends_at = UTC_TIMESTAMP(6) WHERE user_id = ?"
    " AND id <> ? AND done_at IS NULL AND flow_ends_at > UTC_TIMESTAMP(6)");
DB_STMT(OTP_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM otp WHERE flow_ends_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY"
    " ORDER BY flow_ends_at LIMIT ?");

#define HASH_LEN	32

/* 1 when the SELECT finds a row; values by the caller. */
static int
exists(struct db *db, const struct db_stmt *s, struct db_in in, struct err *e)
{
	int64_t one;

	return db_one(db, s, NULL, in, DB_OUT(DB_TO_I64(&one)), e);
}

int
otp_row_insert(struct db *db, const struct otp_row_new *n, struct err *e)
{
	struct err why = ERR_INIT;

	if (db_run(db, &OTP_INSERT, DB_IN(DB_U64(n->id),
	    DB_BIN(n->register_hash, HASH_LEN), DB_STR(n->purpose),
	    DB_REF(n->user_id), DB_STR(n->channel), DB_STR(n->target),
	    DB_BIN(n->code_mac, HASH_LEN), DB_U64(n->code_life_s),
	    DB_U64(n->flow_life_s), DB_BIN(n->secret, n->secret_len),
	    DB_REF(n->session_id)), &why) >= 0)
		return 0;
	if (why.kind == ERR_DB_DUP) {
		int mine = exists(db, &OTP_IS, DB_IN(DB_U64(n->id),
		    DB_BIN(n->register_hash, HASH_LEN)), e);

		if (mine != 0)
			return mine > 0 ? 0 : -1;
	}
	*e = why;
	return -1;
}

static int
find(struct db *db, const struct db_stmt *s, struct arena *a, struct db_in in,
    struct otp_row *r, struct err *e)
{
	const uint8_t *mac = NULL;
	uint64_t issue, tries;
	size_t mac_len = 0;
	int rc;

	memset(r, 0, sizeof(*r));
	rc = db_one(db, s, a, in, DB_OUT(DB_TO_U64(&r->id), DB_TO_U64(&r->user_id),
	    DB_TO_STR(&r->purpose), DB_TO_STR(&r->channel),
	    DB_TO_STR(&r->target), DB_TO_BIN(&mac, &mac_len),
	    DB_TO_U64(&issue), DB_TO_U64(&tries), DB_TO_TIME(&r->sent_at_us),
	    DB_TO_TIME(&r->expires_at_us), DB_TO_TIME(&r->flow_ends_at_us),
	    DB_TO_TIME(&r->used_at_us), DB_TO_TIME(&r->proved_at_us),
	    DB_TO_TIME(&r->done_at_us), DB_TO_BIN(&r->secret, &r->secret_len),
	    DB_TO_BOOL(&r->by_mail), DB_TO_BOOL(&r->last_mail),
	    DB_TO_U64(&r->session_id), DB_TO_TIME(&r->now_us)), e);
	if (rc <= 0)
		return rc;
	if (mac_len != sizeof(r->code_mac))
		return err_set(e, ERR_INTERNAL, "bad_row",
		    "otp %" PRIu64 ": code_mac of %zu bytes", r->id, mac_len);
	memcpy(r->code_mac, mac, sizeof(r->code_mac));
	r->issue = (uint32_t)issue;
	r->tries = (uint32_t)tries;
	return 1;
}

int
otp_row_find(struct db *db, struct arena *a, const uint8_t register_hash[32],
    struct otp_row *r, struct err *e)
{
	return find(db, &OTP_FIND, a, DB_IN(DB_BIN(register_hash, HASH_LEN)),
	    r, e);
}

int
otp_row_by_id(struct db *db, struct arena *a, uint64_t id, struct otp_row *r,
    struct err *e)
{
	return find(db, &OTP_BY_ID, a, DB_IN(DB_U64(id)), r, e);
}

int
otp_row_of_user(struct db *db, struct arena *a, uint64_t user_id,
    struct otp_row *r, struct err *e)
{
	return find(db, &OTP_OF_USER, a, DB_IN(DB_U64(user_id)), r, e);
}

int
otp_row_try(struct db *db, const struct otp_row *r, struct err *e)
{
	int64_t rows;

	if (db_in_tx(db))
		return err_set(e, ERR_INTERNAL, "otp_in_tx",
		    "a try inside a transaction could be rolled back");
	rows = db_run(db, &OTP_TRY, DB_IN(DB_U64(r->id), DB_U64(r->issue),
	    DB_U64(OTP_TRIES_MAX)), e);
	return rows < 0 ? -1 : rows > 0;
}

int
otp_row_use(struct db *db, const struct otp_row *r, uint64_t key,
    struct err *e)
{
	int64_t rows = db_run(db, &OTP_USE, DB_IN(DB_U64(key), DB_U64(r->id),
	    DB_U64(r->issue)), e);

	if (rows != 0)
		return rows < 0 ? -1 : 1;
	return exists(db, &OTP_USED_BY, DB_IN(DB_U64(r->id), DB_U64(key)), e);
}

int
otp_row_reissue(struct db *db, const struct otp_row *r,
    const struct otp_row_issue *n, struct err *e)
{
	int64_t rows = db_run(db, &OTP_REISSUE, DB_IN(
	    DB_BIN(n->code_mac, HASH_LEN), DB_STR(n->channel),
	    DB_STR(n->target), DB_BIN(n->secret, n->secret_len),
	    DB_U64(n->by_mail), DB_U64(n->by_mail), DB_U64(n->code_life_s),
	    DB_U64(n->code_life_s), DB_U64(r->id),
	    DB_U64(r->issue), DB_U64(n->wait_s)), e);

	if (rows != 0)
		return rows < 0 ? -1 : 1;
	return exists(db, &OTP_HAS_MAC, DB_IN(DB_U64(r->id),
	    DB_BIN(n->code_mac, HASH_LEN)), e);
}

static int
finish(struct db *db, const struct db_stmt *s, uint64_t id, struct db_in in,
    struct err *e)
{
	uint64_t key = db_tx_key(db);
	int64_t rows;

	if (key == 0)
		return err_set(e, ERR_INTERNAL, "otp_no_tx",
		    "a flow is finished with what it proves, in a transaction");
	rows = db_run(db, s, in, e);
	if (rows != 0)
		return rows < 0 ? -1 : 1;
	return exists(db, &OTP_DONE_BY, DB_IN(DB_U64(id), DB_U64(key)), e);
}

int
otp_row_finish(struct db *db, uint64_t id, uint32_t proof_s, struct err *e)
{
	return finish(db, &OTP_FINISH, id, DB_IN(DB_U64(db_tx_key(db)),
	    DB_U64(id), DB_U64(proof_s)), e);
}

int
otp_row_confirm(struct db *db, uint64_t id, struct err *e)
{
	return finish(db, &OTP_CONFIRM, id, DB_IN(DB_U64(db_tx_key(db)),
	    DB_U64(id)), e);
}

int
otp_row_void(struct db *db, uint64_t user_id, uint64_t keep, struct err *e)
{
	return db_run(db, &OTP_VOID, DB_IN(DB_U64(user_id), DB_U64(keep)),
	    e) < 0 ? -1 : 0;
}

int
otp_row_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &OTP_PURGE, DB_IN(DB_U64(max)), e);
}
