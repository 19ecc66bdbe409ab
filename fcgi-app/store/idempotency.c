/*
 * idempotency.c - SQL of table idempotency, and of the key in notification.
 */
#include "store/idempotency.h"

DB_STMT(IDEM_FIND, DB_API, DB_READ,
    "SELECT object_id, body_mac FROM idempotency"
    " WHERE scope = ? AND idem_key = ?"
    " UNION ALL SELECT id, body_mac FROM notification"
    " WHERE scope = ? AND idem_key = ? LIMIT 1");
DB_STMT(IDEM_INSERT, DB_API, DB_ONCE,
    "INSERT INTO idempotency (scope, idem_key, body_mac, object_id)"
    " VALUES (?, ?, ?, ?)");
DB_STMT(IDEM_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM idempotency WHERE created_at <"
    " UTC_TIMESTAMP(6) - INTERVAL 7 DAY ORDER BY created_at LIMIT ?");

int
idem_find(struct db *db, struct arena *a, const uint8_t scope[16],
    const uint8_t key[16], struct idem_row *row, struct err *e)
{
	const uint8_t *mac = NULL;
	size_t n = 0;
	int rc = db_one(db, &IDEM_FIND, a,
	    DB_IN(DB_BIN(scope, 16), DB_BIN(key, 16), DB_BIN(scope, 16),
	    DB_BIN(key, 16)),
	    DB_OUT(DB_TO_U64(&row->object_id), DB_TO_BIN(&mac, &n)), e);

	if (rc != 1)
		return rc;
	/* Of another length it matches no body: 422, never a replay. */
	memset(row->body_mac, 0, sizeof(row->body_mac));
	if (mac != NULL && n == sizeof(row->body_mac))
		memcpy(row->body_mac, mac, n);
	return 1;
}

int
idem_claim(struct db *db, const uint8_t scope[16], const uint8_t key[16],
    const uint8_t mac[32], uint64_t object_id, struct err *e)
{
	struct idem_row row;
	struct arena *a;
	int rc;

	if (db_run(db, &IDEM_INSERT, DB_IN(DB_BIN(scope, 16), DB_BIN(key, 16),
	    DB_BIN(mac, 32), DB_U64(object_id)), e) >= 0)
		return 0;
	if (e->kind != ERR_DB_DUP)
		return -1;
	a = arena_new(0);
	rc = idem_find(db, a, scope, key, &row, e);
	arena_free(a);
	if (rc < 0)
		return -1;
	if (rc == 1 && row.object_id == object_id)
		return 0;
	return err_set(e, ERR_CONFLICT, "idempotency_race",
	    "object %" PRIu64 " has the key", rc == 1 ? row.object_id : 0);
}

int
idem_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &IDEM_PURGE, DB_IN(DB_U64(max)), e);
}
