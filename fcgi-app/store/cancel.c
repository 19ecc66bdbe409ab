/*
 * cancel.c - see cancel.h.  Jobs first, then deliveries, as the worker locks
 * them.
 */
#include "store/cancel.h"

#include "base/buf.h"
#include "store/delivery.h"
#include "store/digest.h"
#include "store/job.h"

DB_STMT(CANCEL_MARK, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE notification SET cancelled_at ="
    " COALESCE(cancelled_at, UTC_TIMESTAMP(6)) WHERE id = ?");
DB_STMT(CANCEL_LOCK, DB_API | DB_WORKER, DB_READ,
    "SELECT id, seq, state, kind FROM job WHERE notification_id = ?"
    " AND state < 9 AND NOT stop ORDER BY seq LIMIT ? FOR UPDATE");
DB_STMT(CANCEL_SEQS, DB_API | DB_WORKER | DB_LIVE, DB_READ,
    "SELECT d.notification_id, d.seq FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN delivery d ON d.user_id = ? AND d.notification_id = t.i"
    " AND d.state = 'queued' WHERE d.notification_id > ?"
    " OR (d.notification_id = ? AND d.seq > ?)"
    " ORDER BY d.notification_id, d.seq LIMIT ?");
DB_STMT(CANCEL_LOCK_SEQS, DB_API | DB_WORKER | DB_LIVE, DB_READ,
    "SELECT j.id, j.seq, j.state, j.kind, j.notification_id"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT UNSIGNED PATH '$[0]',"
    "  s INT UNSIGNED PATH '$[1]')) t"
    " STRAIGHT_JOIN job j ON j.notification_id = t.i AND j.seq = t.s"
    " WHERE j.kind = 2 AND j.state < 9 AND NOT j.stop FOR UPDATE");
DB_STMT(CANCEL_DROP, DB_API | DB_WORKER | DB_LIVE, DB_SAFE,
    "DELETE j FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$')) t STRAIGHT_JOIN job j ON j.id = t.i");
DB_STMT(CANCEL_STOP, DB_API | DB_WORKER | DB_LIVE, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$')) t STRAIGHT_JOIN job j ON j.id = t.i"
    " SET j.stop = ?");
/* A campaign's delivery that is not released has no job yet: whoever makes one
 * holds the row first (campaign_ready), and so does who ends it. */
#define PAIRS "JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT UNSIGNED PATH '$[0]',"	\
	" s INT UNSIGNED PATH '$[1]')) t STRAIGHT_JOIN campaign c ON c.id = t.i"	\
	" STRAIGHT_JOIN delivery d ON d.notification_id = t.i AND d.seq = t.s"	\
	" AND d.state = 'queued'"
DB_STMT(CANCEL_LOCK_ROWS, DB_API | DB_WORKER | DB_LIVE, DB_READ,
    "SELECT d.seq FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$[0]', s INT UNSIGNED PATH '$[1]')) t"
    " STRAIGHT_JOIN delivery d ON d.notification_id = t.i AND d.seq = t.s"
    " WHERE d.state = 'queued' FOR UPDATE");
DB_STMT(CANCEL_UNRELEASED, DB_API | DB_WORKER | DB_LIVE, DB_READ,
    "SELECT d.notification_id, d.seq FROM " PAIRS
    " WHERE d.provider <> 'digest' AND NOT EXISTS (SELECT 1 FROM job j"
    "  WHERE j.notification_id = d.notification_id AND j.seq = d.seq)");
/* Nothing was planned yet: one row says what became of all of it. */
DB_STMT(CANCEL_WHOLE, DB_API | DB_WORKER, DB_ONCE,
    "INSERT INTO delivery (notification_id, seq, channel, target_hash,"
    " target, state, reason, created_at, updated_at) VALUES (?, 1, '',"
    " REPEAT('\\0', 16), '', 'cancelled', ?, UTC_TIMESTAMP(6),"
    " UTC_TIMESTAMP(6))");
DB_STMT(CANCEL_PLANNED, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE notification SET planned_at = COALESCE(planned_at,"
    " UTC_TIMESTAMP(6)), total = ? WHERE id = ?");

struct take {
	uint64_t	 id, seq, state, kind, notification_id;
	struct buf	 drop, stop, rows;	/* JSON lists without their end */
	size_t		 drops, stops, n;
	bool		 plan;
	uint64_t	 planned;
};

static void
take_init(struct take *t, uint64_t notification_id, size_t most)
{
	memset(t, 0, sizeof(*t));
	t->notification_id = notification_id;
	buf_init(&t->drop, most * 24 + 16);
	buf_init(&t->stop, most * 24 + 16);
	buf_init(&t->rows, most * 40 + 16);
}

static void
take_fini(struct take *t)
{
	buf_fini(&t->drop);
	buf_fini(&t->stop);
	buf_fini(&t->rows);
}

static int
take_row(void *arg, struct err *e)
{
	struct take *t = arg;

	(void)e;
	t->n++;
	if (t->state == JOB_LEAVING) {
		buf_printf(&t->stop, "%c%" PRIu64, t->stops++ == 0 ? '[' :
		    ',', t->id);
		return 0;
	}
	buf_printf(&t->drop, "%c%" PRIu64, t->drops++ == 0 ? '[' : ',',
	    t->id);
	if (t->kind == JOB_PLAN) {
		t->plan = true;
		t->planned = t->seq;
		return 0;
	}
	buf_printf(&t->rows, "%c[%" PRIu64 ",%" PRIu64 "]",
	    t->rows.len == 0 ? '[' : ',', t->notification_id, t->seq);
	return 0;
}

static int
finish(struct db *db, struct take *t, const char *reason,
    struct cancelled *c, struct err *e)
{
	int64_t n;

	buf_char(&t->drop, ']');
	buf_char(&t->stop, ']');
	if (t->drops > 0 && db_run(db, &CANCEL_DROP,
	    DB_IN(DB_STR(buf_text(&t->drop))), e) < 0)
		return -1;
	if (t->stops > 0 && db_run(db, &CANCEL_STOP,
	    DB_IN(DB_STR(buf_text(&t->stop)), DB_U64(strcmp(reason, "read") ==
	    0 ? JOB_STOP_READ : JOB_STOP_CANCELLED)), e) < 0)
		return -1;
	if (t->rows.len > 0) {
		buf_char(&t->rows, ']');
		if ((n = delivery_end_list(db, buf_text(&t->rows),
		    "cancelled", reason, e)) < 0)
			return -1;
		c->cancelled += (uint64_t)n;
	}
	c->leaving += t->stops;
	return 0;
}

int
cancel_carried(struct db *db, uint64_t notification_id, const char *reason,
    struct cancelled *c, struct err *e)
{
	uint64_t before = c->cancelled + c->leaving;
	struct buf pairs;
	int64_t n;
	int rc = -1;

	buf_init(&pairs, CANCEL_BATCH * 40 + 16);
	if ((n = digest_carried_of(db, notification_id, CANCEL_BATCH, &pairs,
	    e)) < 0)
		goto out;
	if (n > 0) {
		buf_char(&pairs, ']');
		if (digest_take_out(db, buf_text(&pairs), reason,
		    &c->cancelled, &c->leaving, e) < 0)
			goto out;
	}
	c->more = n == CANCEL_BATCH && c->cancelled + c->leaving > before;
	rc = 0;
out:
	buf_fini(&pairs);
	return rc;
}

int
cancel_notification(struct db *db, uint64_t notification_id,
    const char *reason, struct cancelled *c, struct err *e)
{
	struct arena *a = arena_new(1u << 20);
	struct take t;
	int rc = -1;

	memset(c, 0, sizeof(*c));
	take_init(&t, notification_id, CANCEL_BATCH);
	if (db_run(db, &CANCEL_MARK, DB_IN(DB_U64(notification_id)), e) < 0 ||
	    db_each(db, &CANCEL_LOCK, a, DB_IN(DB_U64(notification_id),
	    DB_U64(CANCEL_BATCH)), DB_OUT(DB_TO_U64(&t.id),
	    DB_TO_U64(&t.seq), DB_TO_U64(&t.state), DB_TO_U64(&t.kind)),
	    take_row, &t, e) < 0 || finish(db, &t, reason, c, e) < 0)
		goto out;
	if (t.plan && t.planned == 0) {
		const struct delivery_ref whole = { notification_id, 1 };

		if (db_run(db, &CANCEL_WHOLE, DB_IN(DB_U64(notification_id),
		    DB_STR(reason)), e) < 0 || delivery_changed(db, &whole, 1, e) < 0)
			goto out;
		t.planned = 1;
		c->cancelled++;
	}
	if (t.plan && db_run(db, &CANCEL_PLANNED, DB_IN(DB_U64(t.planned),
	    DB_U64(notification_id)), e) < 0)
		goto out;
	c->more = t.n == CANCEL_BATCH;
	rc = c->more ? 0 : cancel_carried(db, notification_id, reason, c, e);
out:
	take_fini(&t);
	arena_free(a);
	return rc;
}

struct seqs { struct buf b; uint64_t notification_id, seq; size_t n; };

static int
seq_row(void *arg, struct err *e)
{
	struct seqs *s = arg;

	(void)e;
	buf_printf(&s->b, "%c[%" PRIu64 ",%" PRIu64 "]", s->n++ == 0 ? '[' :
	    ',', s->notification_id, s->seq);
	return s->n == CANCEL_BATCH;
}

static int
lock_row(void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	return 0;
}

/* Those of a batch that have no job: of campaigns, or carried. */
static int
without_jobs(struct db *db, const char *pairs, const char *reason,
    struct cancelled *c, struct err *e)
{
	struct seqs s = { .n = 0 };
	int64_t n = 0;
	int rc = -1;

	if (digest_take_out(db, pairs, reason, &c->cancelled, &c->leaving,
	    e) < 0)
		return -1;
	buf_init(&s.b, CANCEL_BATCH * 40 + 16);
	if (db_each(db, &CANCEL_LOCK_ROWS, NULL, DB_IN(DB_STR(pairs)),
	    DB_OUT(DB_TO_U64(&s.seq)), lock_row, &s, e) < 0 ||
	    db_each(db, &CANCEL_UNRELEASED, NULL, DB_IN(DB_STR(pairs)),
	    DB_OUT(DB_TO_U64(&s.notification_id), DB_TO_U64(&s.seq)),
	    seq_row, &s, e) < 0)
		goto out;
	if (s.n > 0) {
		buf_char(&s.b, ']');
		if ((n = delivery_end_list(db, buf_text(&s.b), "cancelled",
		    reason, e)) < 0)
			goto out;
		c->cancelled += (uint64_t)n;
	}
	rc = 0;
out:
	buf_fini(&s.b);
	return rc;
}

/* One batch of them, behind *at: 1 there may be more, 0, -1. */
static int
cancel_some(struct db *db, uint64_t user_id, const char *ids,
    const char *reason, struct cancelled *c, struct delivery_ref *at,
    struct err *e)
{
	struct arena *a = arena_new(1u << 20);
	struct seqs s = { .n = 0 };
	struct take t;
	int rc = -1;

	take_init(&t, 0, CANCEL_BATCH);
	buf_init(&s.b, CANCEL_BATCH * 40 + 16);
	if (db_each(db, &CANCEL_SEQS, a, DB_IN(DB_STR(ids), DB_U64(user_id),
	    DB_U64(at->notification_id), DB_U64(at->notification_id),
	    DB_U64(at->seq), DB_U64(CANCEL_BATCH)), DB_OUT(
	    DB_TO_U64(&s.notification_id), DB_TO_U64(&s.seq)), seq_row, &s,
	    e) < 0)
		goto out;
	if (s.n > 0) {
		buf_char(&s.b, ']');
		if (db_each(db, &CANCEL_LOCK_SEQS, a,
		    DB_IN(DB_STR(buf_text(&s.b))), DB_OUT(DB_TO_U64(&t.id),
		    DB_TO_U64(&t.seq), DB_TO_U64(&t.state),
		    DB_TO_U64(&t.kind), DB_TO_U64(&t.notification_id)),
		    take_row, &t, e) < 0 || finish(db, &t, reason, c, e) < 0)
			goto out;
		if (t.n < s.n && without_jobs(db, buf_text(&s.b), reason, c,
		    e) < 0)
			goto out;
	}
	/* What is leaving stays queued: the next batch is behind it. */
	*at = (struct delivery_ref){ s.notification_id, (uint32_t)s.seq };
	rc = s.n == CANCEL_BATCH;
out:
	buf_fini(&s.b);
	take_fini(&t);
	arena_free(a);
	return rc;
}

int
cancel_for_user(struct db *db, uint64_t user_id,
    const uint64_t *notification_id, size_t n, const char *reason,
    struct cancelled *c, struct err *e)
{
	struct buf b;
	const char *ids = buf_ids(&b, notification_id, n);
	struct delivery_ref at = { 0, 0 };
	int rc;

	memset(c, 0, sizeof(*c));
	do {
		rc = cancel_some(db, user_id, ids, reason, c, &at, e);
	} while (rc > 0);
	buf_fini(&b);
	return rc;
}
