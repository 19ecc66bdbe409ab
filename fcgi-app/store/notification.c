/*
 * notification.c - what was accepted.  Rows are written once by the
 * procedure gp_accept; planning fills in planned_at and total (store/job.c).
 */
#include "store/notification.h"

#include "base/buf.h"

DB_STMT(NOTIFICATION_ACCEPT, DB_API | DB_WORKER | DB_CTL, DB_ONCE,
    "CALL gp_accept(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " ?, ?)");
DB_STMT(NOTIFICATION_EXISTS, DB_API | DB_WORKER, DB_READ,
    "SELECT content = ? AND audience = ? AND request_id <=> ?"
    " FROM notification WHERE id = ?");
DB_STMT(NOTIFICATION_BY_KEY, DB_API | DB_WORKER, DB_READ,
    "SELECT id, body_mac FROM notification WHERE scope = ? AND idem_key = ?");
#define COLUMNS "n.id, n.user_id, n.token_id, n.type, n.channel, n.title,"	\
	" n.content, n.audience, n.class, n.created_at, n.expires_at,"		\
	" n.planned_at, n.total, n.cancelled_at, 0"
DB_STMT(NOTIFICATION_FIND, DB_API | DB_WORKER, DB_READ,
    "SELECT " COLUMNS " FROM notification n WHERE n.id = ?");
DB_STMT(NOTIFICATION_LOAD, DB_WORKER, DB_READ,
    "SELECT n.id, n.user_id, n.token_id, n.type, n.channel, n.title,"
    " IF(LENGTH(n.content) <= ?, n.content, NULL),"
    " IF(LENGTH(n.audience) <= ?, n.audience, NULL),"
    " n.class, n.created_at, n.expires_at, n.planned_at, n.total,"
    " n.cancelled_at, IF(n.class = 2, COALESCE((SELECT IF(c.state = 'paused',"
    "  2, 1) FROM campaign c WHERE c.id = n.id), 0), 0)"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN notification n ON n.id = t.id");
DB_STMT(NOTIFICATION_PLANNED, DB_WORKER, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS ("
    "  id BIGINT UNSIGNED PATH '$[0]', c INT UNSIGNED PATH '$[1]')) t"
    " STRAIGHT_JOIN notification n ON n.id = t.id"
    " SET n.total = t.c, n.planned_at = UTC_TIMESTAMP(6)");

#define HASH_LEN	16
#define MAC_LEN		32

/*
 * A key was there.  1: this very call (or an earlier try of it) made the row;
 * 0: it is the idempotency key.  Ids are chance (rand_id): when another's row
 * has ours, or another job has our job's, nothing was written, and the caller
 * comes again with fresh ones.
 */
static int
accepted_before(struct db *db, const struct notification_new *n,
    struct err *e)
{
	struct arena *a = arena_new(4096);
	bool same = false;
	int rc = db_one(db, &NOTIFICATION_EXISTS, a, DB_IN(DB_STR(n->content),
	    DB_STR(n->audience), DB_STR(n->request_id), DB_U64(n->id)),
	    DB_OUT(DB_TO_BOOL(&same)), e);

	arena_free(a);
	if (rc < 0 || (rc == 1 && same))
		return rc;
	if (rc == 0 && n->scope != NULL)
		return 0;
	err_set(e, ERR_UNAVAILABLE, "busy", "id %" PRIu64 " is another's",
	    n->id);
	e->retry_after_s = 1;
	return -1;
}

int
notification_accept(struct db *db, const struct notification_new *n,
    struct err *e)
{
	for (int again = 0; ; again++) {
		int64_t rc = db_run(db, &NOTIFICATION_ACCEPT, DB_IN(
		    DB_U64(n->id), DB_REF(n->user_id), DB_REF(n->token_id),
		    DB_STR(n->type), DB_U64(n->class +
		    (n->job_class == n->class ? 0 : 16 * n->job_class)),
		    DB_STR(n->channel),
		    DB_STR(n->title), DB_STR(n->content), DB_STR(n->audience),
		    DB_STR(n->request_id),
		    DB_BIN(n->scope, HASH_LEN), DB_BIN(n->key, HASH_LEN),
		    DB_BIN(n->mac, MAC_LEN), DB_U64(n->life_s),
		    DB_U64(n->job_id), DB_STR(n->waiter),
		    DB_BIN(n->secret, n->secret_len), DB_WHEN(n->run_us),
		    DB_WHEN(n->ends_us)), e);

		if (rc >= 0)
			return 1;
		if (e->kind == ERR_DB_DUP)
			return accepted_before(db, n, e);
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

struct load {
	struct notification	*out, it;
	size_t			 n, max;
	uint64_t		 class, total, campaign;
};
#define LOAD_OUT(l) DB_OUT(DB_TO_U64(&(l)->it.id),			\
	DB_TO_U64(&(l)->it.user_id), DB_TO_U64(&(l)->it.token_id),		\
	DB_TO_STR(&(l)->it.type), DB_TO_STR(&(l)->it.channel),		\
	DB_TO_STR(&(l)->it.title), DB_TO_STR(&(l)->it.content),		\
	DB_TO_STR(&(l)->it.audience), DB_TO_U64(&(l)->class),		\
	DB_TO_TIME(&(l)->it.created_us), DB_TO_TIME(&(l)->it.expires_us),	\
	DB_TO_TIME(&(l)->it.planned_us), DB_TO_U64(&(l)->total),		\
	DB_TO_TIME(&(l)->it.cancelled_us), DB_TO_U64(&(l)->campaign))

static int
load_row(void *arg, struct err *e)
{
	struct load *l = arg;

	(void)e;
	if (l->n >= l->max)
		return 1;
	l->it.class = (unsigned)l->class;
	l->it.total = (uint32_t)l->total;
	l->it.paused = l->campaign == 2;
	l->it.routed = l->campaign > 0 || l->it.channel[0] == '\0';
	l->out[l->n++] = l->it;
	return 0;
}

int
notification_find(struct db *db, struct arena *a, uint64_t id,
    struct notification *n, struct err *e)
{
	struct load l = { .out = n, .max = 1 };

	memset(n, 0, sizeof(*n));
	if (db_each(db, &NOTIFICATION_FIND, a, DB_IN(DB_U64(id)), LOAD_OUT(&l),
	    load_row, &l, e) < 0)
		return -1;
	return (int)l.n;
}

int
notification_load(struct db *db, struct arena *a, const uint64_t *id,
    size_t n, size_t audience_max, struct notification *out, struct err *e)
{
	struct load l = { .out = out, .max = n };
	struct buf b;
	int64_t rc;

	rc = db_each(db, &NOTIFICATION_LOAD, a,
	    DB_IN(DB_U64(NOTIFICATION_CONTENT_MAX), DB_U64(audience_max),
	    DB_STR(buf_ids(&b, id, n))), LOAD_OUT(&l), load_row, &l, e);
	buf_fini(&b);
	return rc < 0 ? -1 : (int)l.n;
}

int
notification_planned(struct db *db, const struct notification_total *t,
    size_t n, struct err *e)
{
	struct buf b;
	int64_t rc;

	buf_init(&b, n * 48 + 16);
	buf_char(&b, '[');
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s[%" PRIu64 ",%u]", i > 0 ? "," : "",
		    t[i].id, t[i].total);
	buf_char(&b, ']');
	rc = db_run(db, &NOTIFICATION_PLANNED, DB_IN(DB_STR(buf_text(&b))), e);
	buf_fini(&b);
	return rc < 0 ? -1 : 0;
}
