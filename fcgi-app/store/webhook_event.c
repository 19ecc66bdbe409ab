/*
 * webhook_event.c - what is to be told, and its way into the queue.
 *
 * The row says what the state was then: by the time it is told the delivery
 * may have gone on.
 */
#include "store/webhook.h"

#include "base/buf.h"

DB_STMT(WEBHOOK_ANY, DB_LIVE | DB_API | DB_WORKER | DB_CTL, DB_READ,
    "SELECT 1 FROM webhook WHERE is_active = TRUE LIMIT 1");
DB_STMT(WEBHOOK_NOTE, DB_LIVE | DB_API | DB_WORKER | DB_CTL, DB_ONCE,
    "INSERT INTO webhook_event (webhook_id, notification_id, seq, state,"
    " reason, attempts, at) SELECT w.id, d.notification_id, d.seq, d.state,"
    " d.reason, d.attempts, d.updated_at"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$[0]', s INT UNSIGNED PATH '$[1]')) t"
    " STRAIGHT_JOIN delivery d ON d.notification_id = t.i AND d.seq = t.s"
    " STRAIGHT_JOIN webhook w ON w.is_active = TRUE"
    " WHERE d.state <> 'queued' AND d.channel <> 'webhook'"
    " AND (w.events = '' OR FIND_IN_SET(d.state, w.events) > 0)");
DB_STMT(WEBHOOK_PING, DB_API, DB_ONCE,
    "INSERT INTO webhook_event (webhook_id, notification_id, seq, state,"
    " reason, attempts, at) VALUES (?, 0, 0, 'test', '', 0,"
    " UTC_TIMESTAMP(6))");
DB_STMT(WEBHOOK_EVENTS, DB_WORKER, DB_READ,
    "SELECT v.id, v.webhook_id, v.notification_id, v.seq, v.state, v.reason,"
    " v.attempts, v.at, IF(w.is_active, w.url, NULL), w.origin, w.secret,"
    " d.user_id, n.type, d.channel, d.provider, d.provider_id, n.request_id,"
    " d.created_at, d.sent_at FROM webhook_event v"
    " LEFT JOIN webhook w ON w.id = v.webhook_id"
    " LEFT JOIN delivery d ON d.notification_id = v.notification_id"
    " AND d.seq = v.seq LEFT JOIN notification n"
    " ON n.id = v.notification_id WHERE v.id IN ("
    "  SELECT i FROM (SELECT id i FROM webhook_event ORDER BY id LIMIT ?"
    "  FOR UPDATE) l) ORDER BY v.id");
DB_STMT(WEBHOOK_EVENTS_DROP, DB_WORKER, DB_SAFE,
    "DELETE v FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  id BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN webhook_event v ON v.id = t.id");
DB_STMT(WEBHOOK_MESSAGE, DB_WORKER, DB_ONCE,
    "INSERT INTO notification (id, type, class, channel, title, content,"
    " audience, created_at, expires_at, planned_at, total)"
    " VALUES (?, 'event', 1, 'webhook', ?, ?, '{}', UTC_TIMESTAMP(6),"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND, UTC_TIMESTAMP(6), 1)");
DB_STMT(WEBHOOK_REPLAYING, DB_WORKER, DB_READ,
    "SELECT id, replay_id, replay_seq, replay_end FROM webhook"
    " WHERE is_active = TRUE AND replay_end > 0 ORDER BY id LIMIT 1"
    " FOR UPDATE");
DB_STMT(WEBHOOK_REPLAY_TO, DB_WORKER, DB_READ,
    "SELECT notification_id, seq FROM delivery"
    " WHERE (notification_id > ? OR (notification_id = ? AND seq > ?))"
    " AND notification_id < ? ORDER BY notification_id, seq"
    " LIMIT 1 OFFSET ?");
DB_STMT(WEBHOOK_REPLAY_NOTE, DB_WORKER, DB_ONCE,
    "INSERT INTO webhook_event (webhook_id, notification_id, seq, state,"
    " reason, attempts, at) SELECT w.id, d.notification_id, d.seq, d.state,"
    " d.reason, d.attempts, d.updated_at"
    " FROM webhook w STRAIGHT_JOIN delivery d FORCE INDEX (PRIMARY)"
    " WHERE w.id = ?"
    " AND (d.notification_id > ? OR (d.notification_id = ? AND d.seq > ?))"
    " AND (d.notification_id < ? OR (d.notification_id = ? AND d.seq <= ?))"
    " AND d.state <> 'queued' AND d.channel <> 'webhook'"
    " AND (w.events = '' OR FIND_IN_SET(d.state, w.events) > 0)"
    " ORDER BY d.notification_id, d.seq");
DB_STMT(WEBHOOK_REPLAY_AT, DB_WORKER, DB_SAFE,
    "UPDATE webhook SET replay_id = ?, replay_seq = ?, replay_end = ?"
    " WHERE id = ?");

int
webhook_note(struct db *db, const char *refs, struct err *e)
{
	uint64_t one;
	int rc = db_one(db, &WEBHOOK_ANY, NULL, DB_NONE,
	    DB_OUT(DB_TO_U64(&one)), e);

	if (rc <= 0)
		return rc;
	return db_run(db, &WEBHOOK_NOTE, DB_IN(DB_STR(refs)), e) < 0 ? -1 : 0;
}

int
webhook_ping(struct db *db, uint64_t id, struct err *e)
{
	return db_run(db, &WEBHOOK_PING, DB_IN(DB_U64(id)), e) < 0 ? -1 : 0;
}

int
webhook_events(struct db *db, struct arena *a, unsigned max,
    struct webhook_event *v, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	return (int)db_each(db, &WEBHOOK_EVENTS, a, DB_IN(DB_U64(max)),
	    DB_OUT(DB_TO_U64(&v->id), DB_TO_U64(&v->webhook_id),
	    DB_TO_U64(&v->notification_id), DB_TO_U64(&v->seq),
	    DB_TO_STR(&v->state), DB_TO_STR(&v->reason),
	    DB_TO_U64(&v->attempts), DB_TO_TIME(&v->at_us),
	    DB_TO_STR(&v->url), DB_TO_STR(&v->origin),
	    DB_TO_BIN(&v->secret, &v->secret_len), DB_TO_U64(&v->user_id),
	    DB_TO_STR(&v->type), DB_TO_STR(&v->channel),
	    DB_TO_STR(&v->provider), DB_TO_STR(&v->provider_id),
	    DB_TO_STR(&v->request_id), DB_TO_TIME(&v->created_us),
	    DB_TO_TIME(&v->sent_us)), row, arg, e);
}

int64_t
webhook_events_drop(struct db *db, const uint64_t *id, size_t n,
    struct err *e)
{
	struct buf b;
	int64_t rc;

	if (n == 0)
		return 0;
	rc = db_run(db, &WEBHOOK_EVENTS_DROP, DB_IN(DB_STR(buf_ids(&b, id, n))), e);
	buf_fini(&b);
	return rc;
}

#define MESSAGE_COLS	4
int
webhook_messages(struct db *db, const struct webhook_message *m, size_t n,
    struct err *e)
{
	struct db_value *v = calloc(n * MESSAGE_COLS + 1, sizeof(*v)), *at = v;
	int64_t rc;

	if (v == NULL)
		return err_set(e, ERR_INTERNAL, "no_memory", "%zu rows", n);
	for (size_t i = 0; i < n; i++) {
		*at++ = DB_U64(m[i].id);
		*at++ = DB_STR(m[i].title);
		*at++ = DB_STR(m[i].content);
		*at++ = DB_U64(m[i].life_s);
	}
	rc = n == 0 ? 0 : db_bulk(db, &WEBHOOK_MESSAGE, v, n, MESSAGE_COLS,
	    e);
	free(v);
	return rc < 0 ? -1 : 0;
}

struct replaying {
	unsigned	 max;
	uint64_t	 id, at, seq, end;
	bool		 any, more;
};

static int
replay_work(struct db *db, void *arg, struct err *e)
{
	struct replaying *r = arg;
	uint64_t to, to_seq;
	int rc;

	r->any = r->more = false;
	if ((rc = db_one(db, &WEBHOOK_REPLAYING, NULL, DB_NONE,
	    DB_OUT(DB_TO_U64(&r->id), DB_TO_U64(&r->at), DB_TO_U64(&r->seq),
	    DB_TO_U64(&r->end)), e)) <= 0)
		return rc < 0 ? -1 : 1;
	r->any = true;
	if ((rc = db_one(db, &WEBHOOK_REPLAY_TO, NULL, DB_IN(DB_U64(r->at),
	    DB_U64(r->at), DB_U64(r->seq), DB_U64(r->end),
	    DB_U64(r->max - 1)), DB_OUT(DB_TO_U64(&to), DB_TO_U64(&to_seq)),
	    e)) < 0)
		return -1;
	r->more = rc > 0;
	if (!r->more) {
		to = r->end;
		to_seq = 0;
	}
	if (db_run(db, &WEBHOOK_REPLAY_NOTE, DB_IN(DB_U64(r->id),
	    DB_U64(r->at), DB_U64(r->at), DB_U64(r->seq), DB_U64(to),
	    DB_U64(to), DB_U64(to_seq)), e) < 0)
		return -1;
	return db_run(db, &WEBHOOK_REPLAY_AT, DB_IN(DB_U64(to),
	    DB_U64(to_seq), DB_U64(r->more ? r->end : 0), DB_U64(r->id)),
	    e) < 0 ? -1 : 0;
}

int
webhook_replay_step(struct db *db, struct arena *a, unsigned max,
    struct err *e)
{
	struct replaying r = { .max = max };

	(void)a;
	return db_tx(db, replay_work, &r, e) < 0 ? -1 : r.any ? 1 : 0;
}
