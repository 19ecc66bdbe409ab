/*
 * identity.c - statements on table identity.
 */
#include "store/identity.h"

DB_STMT(IDENTITY_USER, DB_API, DB_READ,
    "SELECT user_id FROM identity WHERE issuer = ? AND sub = ?");
DB_STMT(IDENTITY_ADD, DB_API, DB_SAFE,
    "INSERT INTO identity (id, user_id, provider, issuer, sub, email, name,"
    " created_at, used_at) SELECT ?, ?, ?, ?, ?, LEFT(?, 254), LEFT(?, 200),"
    " t.now, t.now FROM (SELECT UTC_TIMESTAMP(6) AS now) AS t");
DB_STMT(IDENTITY_USED, DB_API, DB_SAFE,
    "UPDATE identity SET used_at = UTC_TIMESTAMP(6), email = LEFT(?, 254),"
    " name = LEFT(?, 200) WHERE issuer = ? AND sub = ?");
DB_STMT(IDENTITY_LIST, DB_API, DB_READ,
    "SELECT id, provider, issuer, sub, email, name, created_at, used_at"
    " FROM identity WHERE user_id = ? ORDER BY id LIMIT 100");
DB_STMT(IDENTITY_LOCK_USER, DB_API, DB_READ,
    "SELECT (phone_verified_at IS NOT NULL) + (email_verified_at IS NOT NULL)"
    " FROM user WHERE id = ? FOR UPDATE");
DB_STMT(IDENTITY_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*), COALESCE(SUM(id = ?), 0) FROM identity"
    " WHERE user_id = ?");
DB_STMT(IDENTITY_REMOVE, DB_API, DB_SAFE,
    "DELETE FROM identity WHERE id = ? AND user_id = ?");
DB_STMT(IDENTITY_FORGET, DB_API, DB_SAFE,
    "DELETE FROM identity WHERE issuer = ? AND sub = ?");
DB_STMT(IDENTITY_FORGET_SINCE, DB_API, DB_SAFE,
    "DELETE FROM identity WHERE user_id = ? AND created_at >="
    " (SELECT created_at FROM change_undo WHERE id = ?)");

DB_STMT(IDENTITY_WAY_IN, DB_API, DB_READ,
    "SELECT phone_verified_at IS NOT NULL OR email_verified_at IS NOT NULL"
    " OR (password IS NOT NULL AND (phone IS NOT NULL OR email IS NOT NULL))"
    " OR EXISTS (SELECT 1 FROM identity i WHERE i.user_id = user.id)"
    " FROM user WHERE id = ?");

static struct db_value
bytes(const char *s)
{
	return db_blob(s, strlen(s));
}

int
identity_user(struct db *db, const char *issuer, const char *sub,
    uint64_t *user_id, struct err *e)
{
	*user_id = 0;
	return db_one(db, &IDENTITY_USER, NULL, DB_IN(bytes(issuer),
	    bytes(sub)), DB_OUT(DB_TO_U64(user_id)), e);
}

int
identity_add(struct db *db, const struct identity *n, struct err *e)
{
	struct err why = ERR_INIT;
	uint64_t owner;
	int rc;

	if (db_run(db, &IDENTITY_ADD, DB_IN(DB_U64(n->id),
	    DB_U64(n->user_id), DB_STR(n->provider), bytes(n->issuer),
	    bytes(n->sub), DB_STR(n->email), DB_STR(n->name)), &why) >= 0)
		return 1;
	if (why.kind == ERR_DB_DUP) {
		if ((rc = identity_user(db, n->issuer, n->sub, &owner, e)) < 0)
			return -1;
		if (rc == 1)
			return owner == n->user_id ? 2 : 0;
	}
	*e = why;
	return -1;
}

int
identity_used(struct db *db, const struct identity *n, struct err *e)
{
	return db_run(db, &IDENTITY_USED, DB_IN(DB_STR(n->email),
	    DB_STR(n->name), bytes(n->issuer), bytes(n->sub)), e) < 0 ? -1 :
	    0;
}

int
identity_each(struct db *db, struct arena *a, uint64_t user_id,
    struct identity *i, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	memset(i, 0, sizeof(*i));
	i->user_id = user_id;
	return (int)db_each(db, &IDENTITY_LIST, a, DB_IN(DB_U64(user_id)),
	    DB_OUT(DB_TO_U64(&i->id), DB_TO_STR(&i->provider),
	    DB_TO_STR(&i->issuer), DB_TO_STR(&i->sub), DB_TO_STR(&i->email),
	    DB_TO_STR(&i->name), DB_TO_TIME(&i->created_us),
	    DB_TO_TIME(&i->used_us)), row, arg, e);
}

int
identity_remove(struct db *db, uint64_t user_id, uint64_t id, struct err *e)
{
	int64_t addresses = 0, all = 0, it = 0;
	int rc;

	if (!db_in_tx(db))
		return err_set(e, ERR_INTERNAL, "identity_no_tx",
		    "the lock needs a transaction");
	rc = db_one(db, &IDENTITY_LOCK_USER, NULL, DB_IN(DB_U64(user_id)),
	    DB_OUT(DB_TO_I64(&addresses)), e);
	if (rc <= 0)
		return rc;
	if (db_one(db, &IDENTITY_COUNT, NULL, DB_IN(DB_U64(id),
	    DB_U64(user_id)), DB_OUT(DB_TO_I64(&all), DB_TO_I64(&it)), e) < 0)
		return -1;
	if (it == 0)
		return 0;
	if (addresses == 0 && all == 1)
		return 2;
	return db_run(db, &IDENTITY_REMOVE, DB_IN(DB_U64(id),
	    DB_U64(user_id)), e) < 0 ? -1 : 1;
}

int
identity_forget(struct db *db, const char *issuer, const char *sub,
    uint64_t *user_id, struct err *e)
{
	int64_t addresses;
	int rc;

	if (!db_in_tx(db))
		return err_set(e, ERR_INTERNAL, "identity_no_tx",
		    "the lock needs a transaction");
	/* The user's row first, as identity_remove: of two that forget the
	 * last ones at once, the second sees what the first left. */
	if ((rc = identity_user(db, issuer, sub, user_id, e)) <= 0 ||
	    (rc = db_one(db, &IDENTITY_LOCK_USER, NULL,
	    DB_IN(DB_U64(*user_id)), DB_OUT(DB_TO_I64(&addresses)), e)) <= 0)
		return rc;
	return (int)db_run(db, &IDENTITY_FORGET, DB_IN(bytes(issuer),
	    bytes(sub)), e);
}

int
identity_forget_since(struct db *db, uint64_t user_id, uint64_t undo_id,
    struct err *e)
{
	return (int)db_run(db, &IDENTITY_FORGET_SINCE, DB_IN(DB_U64(user_id),
	    DB_U64(undo_id)), e);
}

int
identity_way_in(struct db *db, uint64_t user_id, struct err *e)
{
	bool is = false;
	int rc = db_one(db, &IDENTITY_WAY_IN, NULL, DB_IN(DB_U64(user_id)),
	    DB_OUT(DB_TO_BOOL(&is)), e);

	return rc <= 0 ? rc : is;
}
