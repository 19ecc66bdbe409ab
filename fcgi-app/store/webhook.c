/*
 * webhook.c - table webhook.  Events are in webhook_event.c.
 */
#include "store/webhook.h"

#include "base/buf.h"
#include "store/delivery.h"

#define LEFT_BATCH	500

#define COLUMNS								\
	"SELECT id, url, origin, description, events, secret, is_active,"	\
	" created_at, updated_at, last_ok_at, failing_at, disabled_at,"	\
	" disabled_reason, replay_id, replay_seq, replay_end FROM webhook"
#define OUT(w) DB_OUT(DB_TO_U64(&(w)->id), DB_TO_STR(&(w)->url),	\
	DB_TO_STR(&(w)->origin), DB_TO_STR(&(w)->description),		\
	DB_TO_STR(&(w)->events),					\
	DB_TO_BIN(&(w)->secret, &(w)->secret_len),			\
	DB_TO_BOOL(&(w)->active), DB_TO_TIME(&(w)->created_us),		\
	DB_TO_TIME(&(w)->updated_us), DB_TO_TIME(&(w)->ok_us),		\
	DB_TO_TIME(&(w)->failing_us), DB_TO_TIME(&(w)->off_us),		\
	DB_TO_STR(&(w)->why), DB_TO_U64(&(w)->replay_id),		\
	DB_TO_U64(&(w)->replay_seq), DB_TO_U64(&(w)->replay_end))

DB_STMT(WEBHOOK_LIST, DB_API | DB_WORKER, DB_READ,
    COLUMNS " ORDER BY id DESC");
DB_STMT(WEBHOOK_FIND, DB_API | DB_WORKER, DB_READ, COLUMNS " WHERE id = ?");
DB_STMT(WEBHOOK_INSERT, DB_API, DB_ONCE,
    "INSERT INTO webhook (id, url, origin, description, events, secret,"
    " is_active, created_at, updated_at)"
    " SELECT ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)"
    " FROM (SELECT COUNT(*) n FROM webhook) c WHERE c.n < ?");
DB_STMT(WEBHOOK_CHANGE, DB_API, DB_SAFE,
    "UPDATE webhook SET url = COALESCE(?, url), origin = COALESCE(?, origin),"
    " description = COALESCE(?, description), events = COALESCE(?, events),"
    " secret = COALESCE(?, secret),"
    " failing_at = IF(? = 1, NULL, failing_at),"
    " disabled_at = IF(? = 1, NULL, IF(? = 0, COALESCE(disabled_at,"
    "  UTC_TIMESTAMP(6)), disabled_at)),"
    " disabled_reason = IF(? = 1, '', IF(? = 0 AND is_active, 'admin',"
    "  disabled_reason)),"
    " is_active = IF(? < 0, is_active, ?), updated_at = UTC_TIMESTAMP(6)"
    " WHERE id = ?");
DB_STMT(WEBHOOK_REMOVE, DB_API, DB_SAFE, "DELETE FROM webhook WHERE id = ?");
/* What is on its way arrives or not, and is not tried again. */
DB_STMT(WEBHOOK_STOP_JOBS, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE delivery d FORCE INDEX (delivery_to) STRAIGHT_JOIN job j"
    " ON j.notification_id = d.notification_id AND j.seq = d.seq"
    " SET j.stop = TRUE"
    " WHERE d.target_hash = ? AND d.state = 'queued' AND j.state < 9");
/* Jobs that nobody holds. */
DB_STMT(WEBHOOK_CANCEL_JOBS, DB_API | DB_WORKER, DB_SAFE,
    "DELETE j FROM delivery d FORCE INDEX (delivery_to) STRAIGHT_JOIN job j"
    " ON j.notification_id = d.notification_id AND j.seq = d.seq"
    " WHERE d.target_hash = ? AND d.state = 'queued' AND j.state = 0");
DB_STMT(WEBHOOK_LEFT, DB_API | DB_WORKER, DB_READ,
    "SELECT d.notification_id, d.seq FROM delivery d FORCE INDEX (delivery_to)"
    " LEFT JOIN job j ON j.notification_id = d.notification_id"
    " AND j.seq = d.seq"
    " WHERE d.target_hash = ? AND d.state = 'queued' AND j.id IS NULL"
    " LIMIT ?");
DB_STMT(WEBHOOK_REPLAY, DB_API, DB_SAFE,
    "UPDATE webhook SET replay_id = ?, replay_seq = 0, replay_end = ?,"
    " updated_at = UTC_TIMESTAMP(6) WHERE id = ? AND is_active");
DB_STMT(WEBHOOK_HEALTH, DB_WORKER, DB_READ,
    "SELECT MAX(l.sent_at),"
    " SUM(l.attempts > 0 AND l.state IN ('queued', 'failed', 'expired')"
    "  AND l.updated_at > COALESCE(w.last_ok_at, w.created_at)),"
    " SUM(l.state = 'failed' AND l.reason = 'webhook_410'"
    "  AND l.updated_at > w.updated_at)"
    " FROM webhook w, (SELECT d.sent_at, d.attempts, d.state, d.reason,"
    "  d.updated_at FROM delivery d FORCE INDEX (delivery_to)"
    "  WHERE d.target_hash = ? ORDER BY d.notification_id DESC LIMIT 500) l"
    " WHERE w.id = ?");
DB_STMT(WEBHOOK_JUDGED, DB_WORKER, DB_SAFE,
    "UPDATE webhook SET failing_at = IF(?, COALESCE(failing_at,"
    " UTC_TIMESTAMP(6)), NULL), last_ok_at = COALESCE(?, last_ok_at)"
    " WHERE id = ? AND is_active");
DB_STMT(WEBHOOK_DISABLE, DB_WORKER, DB_SAFE,
    "UPDATE webhook SET is_active = FALSE, disabled_at = UTC_TIMESTAMP(6),"
    " disabled_reason = ?, replay_end = 0 WHERE id = ? AND is_active"
    " AND (? = 0 OR failing_at < UTC_TIMESTAMP(6) - INTERVAL ? SECOND)");

void
webhook_target(uint8_t out[16], uint64_t id)
{
	char name[40];

	snprintf(name, sizeof(name), "webhook:%" PRIu64, id);
	delivery_hash(out, name);
}

int
webhook_each(struct db *db, struct arena *a, struct webhook *w,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	return (int)db_each(db, &WEBHOOK_LIST, a, DB_NONE, OUT(w), row, arg,
	    e);
}

int
webhook_find(struct db *db, struct arena *a, uint64_t id, struct webhook *w,
    struct err *e)
{
	memset(w, 0, sizeof(*w));
	return db_one(db, &WEBHOOK_FIND, a, DB_IN(DB_U64(id)), OUT(w), e);
}

int
webhook_insert(struct db *db, const struct webhook *w, struct err *e)
{
	return (int)db_run(db, &WEBHOOK_INSERT, DB_IN(DB_U64(w->id),
	    DB_STR(w->url), DB_STR(w->origin), DB_STR(w->description),
	    DB_STR(w->events), DB_BIN(w->secret, w->secret_len),
	    DB_U64(w->active ? 1 : 0), DB_U64(WEBHOOKS_MAX)), e);
}

int
webhook_change(struct db *db, const struct webhook_change *c, struct err *e)
{
	const struct db_value on = DB_I64(c->active);

	return (int)db_run(db, &WEBHOOK_CHANGE, DB_IN(DB_STR(c->url),
	    DB_STR(c->origin), DB_STR(c->description), DB_STR(c->events),
	    DB_BIN(c->secret, c->secret_len), on, on, on, on, on, on, on,
	    DB_U64(c->id)), e);
}

int
webhook_remove(struct db *db, uint64_t id, struct err *e)
{
	return (int)db_run(db, &WEBHOOK_REMOVE, DB_IN(DB_U64(id)), e);
}

struct left { struct buf pairs; uint64_t id, seq; unsigned n; };

static int
left_row(void *arg, struct err *e)
{
	struct left *l = arg;

	(void)e;
	buf_printf(&l->pairs, "%c[%" PRIu64 ",%" PRIu64 "]",
	    l->n++ == 0 ? '[' : ',', l->id, l->seq);
	return 0;
}

int64_t
webhook_cancel(struct db *db, uint64_t id, const char *reason, struct err *e)
{
	struct left l = { .n = 0 };
	int64_t n, all = 0;
	uint8_t hash[16];

	webhook_target(hash, id);
	/* In this order: one that comes back in between is stopped. */
	if (db_run(db, &WEBHOOK_CANCEL_JOBS, DB_IN(DB_BIN(hash, 16)), e) < 0 ||
	    db_run(db, &WEBHOOK_STOP_JOBS, DB_IN(DB_BIN(hash, 16)), e) < 0)
		return -1;
	buf_init(&l.pairs, LEFT_BATCH * 40 + 16);
	do {
		buf_reset(&l.pairs);
		l.n = 0;
		n = db_each(db, &WEBHOOK_LEFT, NULL, DB_IN(DB_BIN(hash, 16),
		    DB_U64(LEFT_BATCH)), DB_OUT(DB_TO_U64(&l.id),
		    DB_TO_U64(&l.seq)), left_row, &l, e);
		if (n < 0 || l.n == 0)
			break;
		buf_char(&l.pairs, ']');
		n = delivery_end_list(db, buf_text(&l.pairs), "cancelled",
		    reason, e);
		all += n < 0 ? 0 : n;
	} while (n > 0 && l.n == LEFT_BATCH);
	buf_fini(&l.pairs);
	return n < 0 ? -1 : all;
}

int
webhook_replay(struct db *db, uint64_t id, uint64_t from, uint64_t end,
    struct err *e)
{
	return (int)db_run(db, &WEBHOOK_REPLAY, DB_IN(DB_U64(from),
	    DB_U64(end), DB_U64(id)), e);
}

int
webhook_health(struct db *db, uint64_t id, struct webhook_health *h,
    struct err *e)
{
	struct arena *a = arena_new(4096);
	uint8_t hash[16];
	int rc;

	memset(h, 0, sizeof(*h));
	webhook_target(hash, id);
	rc = db_one(db, &WEBHOOK_HEALTH, a, DB_IN(DB_BIN(hash, 16),
	    DB_U64(id)), DB_OUT(DB_TO_TIME(&h->ok_us), DB_TO_U64(&h->failed),
	    DB_TO_U64(&h->gone)), e);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

int
webhook_judged(struct db *db, uint64_t id, int64_t ok_us, bool failing,
    struct err *e)
{
	return db_run(db, &WEBHOOK_JUDGED, DB_IN(DB_U64(failing ? 1 : 0),
	    DB_WHEN(ok_us), DB_U64(id)), e) < 0 ? -1 : 0;
}

int
webhook_disable(struct db *db, uint64_t id, uint32_t after_s,
    const char *reason, struct err *e)
{
	return (int)db_run(db, &WEBHOOK_DISABLE, DB_IN(DB_STR(reason),
	    DB_U64(id), DB_U64(after_s), DB_U64(after_s)), e);
}
