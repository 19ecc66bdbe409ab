/*
 * notification.c - what was accepted.  Rows are written once by the
 * procedure gp_accept; planning fills in planned_at and total (store/job.c).
 */
#include "store/notification.h"

DB_STMT(NOTIFICATION_ACCEPT, DB_API | DB_WORKER, DB_ONCE,
    "CALL gp_accept(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
DB_STMT(NOTIFICATION_EXISTS, DB_API | DB_WORKER, DB_READ,
    "SELECT 1 FROM notification WHERE id = ?");
DB_STMT(NOTIFICATION_BY_KEY, DB_API | DB_WORKER, DB_READ,
    "SELECT id, body_mac FROM notification WHERE scope = ? AND idem_key = ?");
DB_STMT(NOTIFICATION_FIND, DB_API | DB_WORKER, DB_READ,
    "SELECT id, user_id, token_id, type, channel, title, content, audience,"
    " class, created_at, expires_at, planned_at, total"
    " FROM notification WHERE id = ?");

#define HASH_LEN	16
#define MAC_LEN		32

/* Did this very call (or an earlier try of it) make the row? */
static int
accepted_before(struct db *db, uint64_t id, struct err *e)
{
	struct arena *a = arena_new(4096);
	uint64_t one = 0;
	int rc = db_one(db, &NOTIFICATION_EXISTS, a, DB_IN(DB_U64(id)),
	    DB_OUT(DB_TO_U64(&one)), e);

	arena_free(a);
	return rc;
}

int
notification_accept(struct db *db, const struct notification_new *n,
    struct err *e)
{
	for (int again = 0; ; again++) {
		int64_t rc = db_run(db, &NOTIFICATION_ACCEPT, DB_IN(
		    DB_U64(n->id), DB_REF(n->user_id), DB_REF(n->token_id),
		    DB_STR(n->type), DB_U64(n->class), DB_STR(n->channel),
		    DB_STR(n->title), DB_STR(n->content), DB_STR(n->audience),
		    DB_STR(n->request_id),
		    DB_BIN(n->scope, HASH_LEN), DB_BIN(n->key, HASH_LEN),
		    DB_BIN(n->mac, MAC_LEN), DB_U64(n->life_s),
		    DB_U64(n->job_id), DB_STR(n->waiter),
		    DB_BIN(n->secret, n->secret_len)), e);

		if (rc >= 0)
			return 1;
		if (e->kind == ERR_DB_DUP)
			return accepted_before(db, n->id, e);
		/* Lost under the CALL: it may have committed.  Our own keys
		 * make a second try harmless (D20). */
		if (e->kind != ERR_DB_LOST || db_in_tx(db) || again == 2)
			return -1;
	}
}

int
notification_by_key(struct db *db, struct arena *a, const uint8_t scope[16],
    const uint8_t key[16], uint64_t *id, uint8_t mac[32], struct err *e)
{
	const uint8_t *m = NULL;
	size_t n = 0;
	int rc = db_one(db, &NOTIFICATION_BY_KEY, a,
	    DB_IN(DB_BIN(scope, HASH_LEN), DB_BIN(key, HASH_LEN)),
	    DB_OUT(DB_TO_U64(id), DB_TO_BIN(&m, &n)), e);

	if (rc <= 0)
		return rc;
	if (n != MAC_LEN)
		return err_set(e, ERR_INTERNAL, "bad_row",
		    "notification %" PRIu64 ": body_mac of %zu bytes", *id, n);
	memcpy(mac, m, MAC_LEN);
	return 1;
}

int
notification_find(struct db *db, struct arena *a, uint64_t id,
    struct notification *n, struct err *e)
{
	uint64_t class = 0, total = 0;
	int rc;

	memset(n, 0, sizeof(*n));
	rc = db_one(db, &NOTIFICATION_FIND, a, DB_IN(DB_U64(id)),
	    DB_OUT(DB_TO_U64(&n->id), DB_TO_U64(&n->user_id),
	    DB_TO_U64(&n->token_id), DB_TO_STR(&n->type),
	    DB_TO_STR(&n->channel), DB_TO_STR(&n->title),
	    DB_TO_STR(&n->content), DB_TO_STR(&n->audience),
	    DB_TO_U64(&class), DB_TO_TIME(&n->created_us),
	    DB_TO_TIME(&n->expires_us), DB_TO_TIME(&n->planned_us),
	    DB_TO_U64(&total)), e);
	n->class = (unsigned)class;
	n->total = (uint32_t)total;
	return rc;
}
