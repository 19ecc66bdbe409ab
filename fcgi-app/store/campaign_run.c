/*
 * campaign_run.c - campaigns as the worker carries them out: marks, jobs,
 * counts.
 */
#include "store/campaign_own.h"

#include "base/buf.h"
#include "store/delivery.h"
#include "store/job_own.h"

/* Jobs whose time is further ahead are held when it comes. */
#define HELD_AHEAD "60"

DB_STMT(CAMPAIGN_BEGIN, DB_WORKER, DB_SAFE,
    "UPDATE campaign SET state = 'running', started_at = UTC_TIMESTAMP(6),"
    " rate_at = UTC_TIMESTAMP(6) WHERE id = ? AND state = 'scheduled'"
    " AND start_at <= UTC_TIMESTAMP(6)");
DB_STMT(CAMPAIGN_PLANNED, DB_WORKER, DB_SAFE,
    "UPDATE campaign SET cursor_id = ?, people = ?, planned = ?,"
    " planned_at = IF(?, UTC_TIMESTAMP(6), NULL)"
    " WHERE id = ? AND cursor_id = ? AND planned = ? AND planned_at IS NULL"
    " AND state = ? AND version = ?");
DB_STMT(CAMPAIGN_RELEASED, DB_WORKER, DB_SAFE,
    "UPDATE campaign SET released = ?, rate_at = ?"
    " WHERE id = ? AND released = ? AND state = ? AND version = ?");
DB_STMT(CAMPAIGN_STILL, DB_WORKER, DB_READ,
    "SELECT 1 FROM campaign WHERE id = ? AND state = ? AND version = ?"
    " FOR UPDATE");
DB_STMT(CAMPAIGN_PART_NEW, DB_WORKER, DB_SAFE,
    "INSERT IGNORE INTO campaign_part (campaign_id, part) VALUES (?, ?)");
/* What a digest carries has none either, and is the carrier's. */
#define WITHOUT_JOB "d.notification_id = ? AND d.seq > ? AND d.seq <= ?"	\
	" AND d.state = 'queued' AND d.provider <> 'digest' AND NOT EXISTS (SELECT 1 FROM job j"	\
	"  WHERE j.notification_id = d.notification_id AND j.seq = d.seq)"
DB_STMT(CAMPAIGN_READY, DB_WORKER, DB_READ,
    "SELECT d.channel, COUNT(*) FROM delivery d WHERE " WITHOUT_JOB
    " GROUP BY d.channel FOR UPDATE");
DB_STMT(CAMPAIGN_JOBS, DB_WORKER, DB_ONCE,
    "INSERT INTO job (id, class, state, run_at, kind, notification_id, seq,"
    " user_id, device_id, provider, expires_at, created_at)"
    " SELECT ? + x.seq, 2, 0, UTC_TIMESTAMP(6), 2, x.notification_id, x.seq,"
    " x.user_id, x.device_id, t.p, ?, UTC_TIMESTAMP(6)"
    " FROM (SELECT d.notification_id, d.seq, d.user_id, d.device_id,"
    "  d.channel, ROW_NUMBER() OVER (PARTITION BY d.channel ORDER BY d.seq) k"
    "  FROM delivery d WHERE " WITHOUT_JOB ") x"
    " JOIN JSON_TABLE(?, '$[*]' COLUMNS (c VARCHAR(12) PATH '$[0]',"
    "  a INT UNSIGNED PATH '$[1]', b INT UNSIGNED PATH '$[2]',"
    "  p VARCHAR(24) PATH '$[3]')) t"
    " ON t.c = x.channel AND x.k > t.a AND x.k <= t.b");
DB_STMT(CAMPAIGN_QUEUE, DB_WORKER, DB_READ,
    "SELECT COALESCE(SUM((state IN (1, 2)"
    " OR (state = 0 AND run_at <= UTC_TIMESTAMP(6)))"
    " AND NOT FIND_IN_SET(provider, ?)), 0),"
    " COUNT(*) - COALESCE(SUM(state = 4 OR (state = 0 AND tries = 0"
    "  AND crashes = 0 AND run_at > UTC_TIMESTAMP(6))), 0), COUNT(*)"
    " FROM job WHERE notification_id = ? AND state <> 9");
DB_STMT(CAMPAIGN_OPEN, DB_WORKER, DB_READ,
    "SELECT d.seq FROM delivery d WHERE " WITHOUT_JOB
    " AND (? = '' OR d.channel = ?) ORDER BY d.seq LIMIT ? FOR UPDATE");
/* The attempt number is the fence: who holds such a job holds it no more.
 * What waits for its recipient's hour keeps that hour where a lease would have
 * its end; a time in run_at is for jobs that are ready (0001). */
/* By its own index: where a campaign is a good part of the queue the optimizer
 * would walk the whole of it, and stand in the way of everybody's jobs. */
DB_STMT(CAMPAIGN_HOLD_JOBS, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE job FORCE INDEX (job_notification) SET lease_ends_at = IF(state = 0, run_at, NULL),"
    " state = 3, run_at = NULL, owner = 0, attempt = attempt + 1"
    " WHERE notification_id = ? AND (state = 1 OR (state = 0"
    "  AND run_at <= UTC_TIMESTAMP(6) + INTERVAL " HELD_AHEAD " SECOND))");
/* Who has it go on waits for this row, and frees what is held by then. */
DB_STMT(CAMPAIGN_PAUSED, DB_WORKER, DB_READ,
    "SELECT c.state = 'paused' FROM campaign c WHERE c.id = ?"
    " LOCK IN SHARE MODE");
DB_STMT(CAMPAIGN_HOLD_CLAIMED, DB_WORKER, DB_SAFE,
    "UPDATE " JOB_REFS " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.lease_ends_at = NULL, j.state = 3, j.run_at = NULL, j.owner = 0,"
    " j.attempt = j.attempt + 1"
    " WHERE j.attempt = t.a AND j.owner = t.o AND j.state = 1");
DB_STMT(CAMPAIGN_JOBS_OF, DB_API | DB_WORKER, DB_READ,
    "SELECT id, seq FROM job WHERE notification_id = ?"
    " AND state IN (0, 1, 3, 4) ORDER BY seq LIMIT ? FOR UPDATE");
DB_STMT(CAMPAIGN_JOBS_DROP, DB_API | DB_WORKER, DB_SAFE,
    "DELETE j FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$')) t STRAIGHT_JOIN job j ON j.id = t.i");
#define FREE "UPDATE job SET state = 0, run_at = GREATEST(UTC_TIMESTAMP(6),"	\
	" COALESCE(lease_ends_at, UTC_TIMESTAMP(6))), lease_ends_at = NULL"
#define OF_HELD	" WHERE notification_id = ? AND state = 3"
/* They may be leased before their end is changed with the others'. */
DB_STMT(CAMPAIGN_FREE_JOBS, DB_API | DB_WORKER, DB_SAFE,
    FREE ", expires_at = COALESCE((SELECT c.ends_at FROM campaign c"
    "  WHERE c.id = ?), expires_at)" OF_HELD " LIMIT ?");
DB_STMT(CAMPAIGN_FREE_SLICE, DB_WORKER, DB_SAFE,
    FREE OF_HELD " AND seq > ? AND seq <= ?");
DB_STMT(CAMPAIGN_LIVE_SLICE, DB_WORKER, DB_SAFE,
    "UPDATE job SET expires_at = ? WHERE notification_id = ?"
    " AND state IN (0, 3, 4) AND seq > ? AND seq <= ?");
DB_STMT(CAMPAIGN_TOUCHED, DB_WORKER, DB_SAFE,
    "UPDATE campaign SET touched = ? WHERE id = ? AND touched = ?"
    " AND state = ? AND version = ?");
/* A recipient that is gone says nothing about the campaign, and neither does
 * a worker that died. */
#define ANSWERED "FROM (SELECT state, reason FROM delivery"			\
	" WHERE notification_id = ? AND seq > ? AND seq <= ?"			\
	" AND state IN ('sent', 'delivered', 'read', 'unsure', 'failed')"	\
	" AND reason NOT IN ('gone', 'device_gone', 'worker_died',"		\
	" 'dead_letter')"							\
	" ORDER BY seq DESC LIMIT ?) t"
DB_STMT(CAMPAIGN_SHARE, DB_WORKER, DB_READ,
    "SELECT COUNT(*), COALESCE(SUM(t.state IN ('failed', 'unsure')), 0) "
    ANSWERED);
DB_STMT(CAMPAIGN_SHARE_WHY, DB_WORKER, DB_READ,
    "SELECT t.reason " ANSWERED " WHERE t.state IN ('failed', 'unsure')"
    " GROUP BY t.reason ORDER BY COUNT(*) DESC, t.reason LIMIT 1");
DB_STMT(CAMPAIGN_PARTS_OPEN, DB_WORKER, DB_READ,
    "SELECT part FROM campaign_part WHERE campaign_id = ? AND is_final = 0"
    " ORDER BY counted_at LIMIT ?");
DB_STMT(CAMPAIGN_PART_COUNT, DB_WORKER, DB_READ,
    "SELECT " CAMPAIGN_STATE_SUMS " FROM delivery"
    " WHERE notification_id = ? AND seq > ? AND seq <= ?");
DB_STMT(CAMPAIGN_PART_SET, DB_WORKER, DB_SAFE,
    "UPDATE campaign_part SET sent = ?, skipped = ?, failed = ?,"
    " expired = ?, cancelled = ?, unsure = ?, is_final = ?,"
    " counted_at = UTC_TIMESTAMP(6) WHERE campaign_id = ? AND part = ?");
DB_STMT(CAMPAIGN_OPEN_PARTS, DB_WORKER, DB_READ,
    "SELECT COUNT(*) FROM campaign_part WHERE campaign_id = ?"
    " AND is_final = 0");
DB_STMT(CAMPAIGN_OVER, DB_WORKER, DB_SAFE,
    "UPDATE campaign SET live = FALSE,"
    " ended_at = COALESCE(ended_at, UTC_TIMESTAMP(6)),"
    " state = IF(state = 'cancelled', state, 'done') WHERE id = ? AND live");

#define SHARE_WALK	20000u		/* deliveries looked back at, at most */

int
campaign_begin(struct db *db, uint64_t id, struct err *e)
{
	int64_t rc = db_run(db, &CAMPAIGN_BEGIN, DB_IN(DB_U64(id)), e);

	return rc < 0 ? -1 : rc > 0;
}

int
campaign_planned(struct db *db, const struct campaign *c,
    const struct campaign_mark *to, struct err *e)
{
	int64_t rc = db_run(db, &CAMPAIGN_PLANNED, DB_IN(
	    DB_U64(to->cursor_id), DB_U64(to->people), DB_U64(to->planned),
	    DB_U64(to->last ? 1 : 0), DB_U64(c->id), DB_U64(c->cursor_id),
	    DB_U64(c->planned), DB_STR(c->state), DB_U64(c->version)), e);

	return rc < 0 ? -1 : rc > 0;
}

int
campaign_released(struct db *db, const struct campaign *c, uint64_t to,
    int64_t rate_us, struct err *e)
{
	int64_t rc = db_run(db, &CAMPAIGN_RELEASED, DB_IN(DB_U64(to),
	    DB_WHEN(rate_us), DB_U64(c->id), DB_U64(c->released),
	    DB_STR(c->state), DB_U64(c->version)), e);

	if (rc <= 0)
		return (int)rc;
	for (uint64_t p = c->released / CAMPAIGN_PART; p * CAMPAIGN_PART < to;
	    p++)
		if (db_run(db, &CAMPAIGN_PART_NEW, DB_IN(DB_U64(c->id),
		    DB_U64(p)), e) < 0)
			return -1;
	return 1;
}

struct readying { struct campaign_ready *out; size_t n, max;
	const char *channel; uint64_t it; };

static int
ready_row(void *arg, struct err *e)
{
	struct readying *r = arg;

	(void)e;
	if (r->n >= r->max)
		return 1;
	snprintf(r->out[r->n].channel, sizeof(r->out[r->n].channel), "%s",
	    r->channel);
	r->out[r->n++].n = r->it;
	return 0;
}

int
campaign_ready(struct db *db, uint64_t id, uint64_t from, uint64_t to,
    struct campaign_ready *r, size_t max, struct err *e)
{
	struct readying x = { .out = r, .max = max };
	struct arena *a = arena_new(1u << 14);
	int64_t rc = db_each(db, &CAMPAIGN_READY, a, DB_IN(DB_U64(id),
	    DB_U64(from), DB_U64(to)), DB_OUT(DB_TO_STR(&x.channel),
	    DB_TO_U64(&x.it)), ready_row, &x, e);

	arena_free(a);
	return rc < 0 ? -1 : (int)x.n;
}

int64_t
campaign_jobs(struct db *db, const struct campaign *c, uint64_t first,
    uint64_t from, uint64_t to, const struct campaign_share_of *s, size_t n,
    struct err *e)
{
	uint32_t at = 0;
	struct buf b;
	int64_t rc;

	buf_init(&b, n * 80 + 16);
	buf_char(&b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(s[i].channel, s[i - 1].channel) != 0)
			at = 0;
		buf_printf(&b, "%s[\"%s\",%u,%u,\"%s\"]", i > 0 ? "," : "",
		    s[i].channel, at, at + s[i].n, s[i].provider);
		at += s[i].n;
	}
	buf_char(&b, ']');
	rc = db_run(db, &CAMPAIGN_JOBS, DB_IN(DB_U64(first - from),
	    DB_WHEN(c->ends_us), DB_U64(c->id), DB_U64(from), DB_U64(to),
	    DB_STR(buf_text(&b))), e);
	buf_fini(&b);
	return rc;
}

int
campaign_queue(struct db *db, uint64_t id, const char *stuck,
    struct campaign_queue *q, struct err *e)
{
	memset(q, 0, sizeof(*q));
	return db_one(db, &CAMPAIGN_QUEUE, NULL, DB_IN(DB_STR(stuck),
	    DB_U64(id)), DB_OUT(DB_TO_U64(&q->busy), DB_TO_U64(&q->begun),
	    DB_TO_U64(&q->all)), e) < 0 ? -1 : 0;
}

/* --- ends, many at a time ---------------------------------------------------- */

struct list { struct buf pairs, ids; uint64_t id, seq, job; size_t n; };

static void
list_init(struct list *l, uint64_t id)
{
	memset(l, 0, sizeof(*l));
	l->id = id;
	buf_init(&l->pairs, CAMPAIGN_END * 34 + 16);
	buf_init(&l->ids, CAMPAIGN_END * 22 + 16);
}

static void
list_fini(struct list *l)
{
	buf_fini(&l->pairs);
	buf_fini(&l->ids);
}

static int
list_row(void *arg, struct err *e)
{
	struct list *l = arg;

	(void)e;
	buf_printf(&l->pairs, "%c[%" PRIu64 ",%" PRIu64 "]",
	    l->n == 0 ? '[' : ',', l->id, l->seq);
	buf_printf(&l->ids, "%c%" PRIu64, l->n++ == 0 ? '[' : ',', l->job);
	return 0;
}

static int64_t
end_list(struct db *db, struct list *l, const char *state, const char *reason,
    struct err *e)
{
	if (l->n == 0)
		return 0;
	buf_char(&l->pairs, ']');
	return delivery_end_list(db, buf_text(&l->pairs), state, reason, e) <
	    0 ? -1 : (int64_t)l->n;
}

int64_t
campaign_end_rows(struct db *db, const struct campaign_end *x, struct err *e)
{
	struct list l;
	int64_t rc;

	list_init(&l, x->id);
	rc = db_each(db, &CAMPAIGN_OPEN, NULL, DB_IN(DB_U64(x->id),
	    DB_U64(x->from), DB_U64(x->to), DB_STR(x->channel),
	    DB_STR(x->channel), DB_U64(CAMPAIGN_END)), DB_OUT(
	    DB_TO_U64(&l.seq)), list_row, &l, e);
	if (rc >= 0)
		rc = end_list(db, &l, x->state, x->reason, e);
	list_fini(&l);
	return rc;
}

int
campaign_still(struct db *db, const struct campaign *c, struct err *e)
{
	uint64_t one;

	return db_one(db, &CAMPAIGN_STILL, NULL, DB_IN(DB_U64(c->id),
	    DB_STR(c->state), DB_U64(c->version)), DB_OUT(DB_TO_U64(&one)),
	    e);
}

int64_t
campaign_hold_jobs(struct db *db, uint64_t id, struct err *e)
{
	return db_run(db, &CAMPAIGN_HOLD_JOBS, DB_IN(DB_U64(id)), e);
}

struct claimed { uint64_t id; struct job_ref *r; size_t n; };

static int
claimed_work(struct db *db, void *arg, struct err *e)
{
	struct claimed *x = arg;
	bool paused = false;
	char *refs;
	int64_t rc;

	if (db_one(db, &CAMPAIGN_PAUSED, NULL, DB_IN(DB_U64(x->id)),
	    DB_OUT(DB_TO_BOOL(&paused)), e) < 0)
		return -1;
	if (!paused)
		return job_back(db, x->r, x->n, e) < 0 ? -1 : 0;
	refs = job_refs(x->r, x->n);
	rc = db_run(db, &CAMPAIGN_HOLD_CLAIMED, DB_IN(DB_STR(refs)), e);
	free(refs);
	return rc < 0 ? -1 : 0;
}

int
campaign_hold_claimed(struct db *db, uint64_t id, struct job_ref *r, size_t n,
    struct err *e)
{
	struct claimed x = { id, r, n };

	return db_tx(db, claimed_work, &x, e) < 0 ? -1 : 0;
}

/* Whoever holds one finds it gone when it marks its intent. */
int64_t
campaign_drop_jobs(struct db *db, uint64_t id, const char *state,
    struct err *e)
{
	struct list l;
	int64_t rc;

	list_init(&l, id);
	rc = db_each(db, &CAMPAIGN_JOBS_OF, NULL, DB_IN(DB_U64(id),
	    DB_U64(CAMPAIGN_END)), DB_OUT(DB_TO_U64(&l.job),
	    DB_TO_U64(&l.seq)), list_row, &l, e);
	if (rc > 0) {
		buf_char(&l.ids, ']');
		rc = db_run(db, &CAMPAIGN_JOBS_DROP,
		    DB_IN(DB_STR(buf_text(&l.ids))), e);
	}
	if (rc >= 0)
		rc = end_list(db, &l, state, state, e);
	list_fini(&l);
	return rc;
}

int64_t
campaign_free_jobs(struct db *db, uint64_t id, struct err *e)
{
	return db_run(db, &CAMPAIGN_FREE_JOBS, DB_IN(DB_U64(id), DB_U64(id),
	    DB_U64(CAMPAIGN_END)), e);
}

int
campaign_touch(struct db *db, struct campaign *c, struct err *e)
{
	const struct db_value id = DB_U64(c->id), from = DB_U64(c->touched);
	uint64_t next = c->touched + CAMPAIGN_END;
	const struct db_value to = DB_U64(next);
	int64_t rc;

	if (next >= c->released)
		next = UINT32_MAX;	/* all: what comes is as it is to be */
	/* First, for the row is what a pause and a resume wait for. */
	if ((rc = db_run(db, &CAMPAIGN_TOUCHED, DB_IN(DB_U64(next), id, from,
	    DB_STR(c->state), DB_U64(c->version)), e)) <= 0)
		return (int)rc;
	if (db_run(db, &CAMPAIGN_LIVE_SLICE, DB_IN(DB_WHEN(c->ends_us), id,
	    from, to), e) < 0 || (strcmp(c->state, "running") == 0 &&
	    db_run(db, &CAMPAIGN_FREE_SLICE, DB_IN(id, from, to), e) < 0))
		return -1;
	c->touched = next;
	return 1;
}

int
campaign_share(struct db *db, const struct campaign *c, uint32_t n,
    struct campaign_share *s, struct err *e)
{
	uint64_t from = c->released > c->judged + SHARE_WALK ?
	    c->released - SHARE_WALK : c->judged;
	const struct db_value id = DB_U64(c->id), after = DB_U64(from),
	    to = DB_U64(c->released), most = DB_U64(n);
	const char *why = NULL;
	struct arena *a;
	int rc;

	memset(s, 0, sizeof(*s));
	if (db_one(db, &CAMPAIGN_SHARE, NULL, DB_IN(id, after, to, most),
	    DB_OUT(DB_TO_U64(&s->seen), DB_TO_U64(&s->bad)), e) < 0)
		return -1;
	if (s->bad == 0)
		return 0;
	a = arena_new(4096);
	rc = db_one(db, &CAMPAIGN_SHARE_WHY, a, DB_IN(id, after, to, most),
	    DB_OUT(DB_TO_STR(&why)), e);
	if (rc > 0 && why != NULL)
		snprintf(s->why, sizeof(s->why), "%s", why);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

/* --- counting ------------------------------------------------------------------- */

static int
count_part(struct db *db, const struct campaign *c, uint64_t part,
    struct err *e)
{
	uint64_t from = part * CAMPAIGN_PART, to = from + CAMPAIGN_PART;
	uint64_t want = CAMPAIGN_PART, sum = 0, n[6];
	bool final;

	if (db_one(db, &CAMPAIGN_PART_COUNT, NULL, DB_IN(DB_U64(c->id),
	    DB_U64(from), DB_U64(to)), DB_OUT(DB_TO_U64(&n[0]),
	    DB_TO_U64(&n[1]), DB_TO_U64(&n[2]), DB_TO_U64(&n[3]),
	    DB_TO_U64(&n[4]), DB_TO_U64(&n[5])), e) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(n); i++)
		sum += n[i];
	/* The last part is as long as the plan; a cancelled plan ends where
	 * it was. */
	if ((c->planned_us != 0 || strcmp(c->state, "cancelled") == 0) &&
	    c->planned < to)
		want = c->planned - from;
	final = sum >= want;
	return db_run(db, &CAMPAIGN_PART_SET, DB_IN(DB_U64(n[0]),
	    DB_U64(n[1]), DB_U64(n[2]), DB_U64(n[3]), DB_U64(n[4]),
	    DB_U64(n[5]), DB_U64(final ? 1 : 0), DB_U64(c->id),
	    DB_U64(part)), e) < 0 ? -1 : 0;
}

int
campaign_count_parts(struct db *db, const struct campaign *c, unsigned max,
    struct err *e)
{
	uint64_t part[64], it = 0;
	int n;

	if (max > COUNT_OF(part))
		max = COUNT_OF(part);
	if ((n = db_list(db, &CAMPAIGN_PARTS_OPEN, NULL, DB_IN(DB_U64(c->id),
	    DB_U64(max)), DB_OUT(DB_TO_U64(&it)), DB_ROWS(part, &it, max),
	    e)) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (count_part(db, c, part[i], e) < 0)
			return -1;
	return n;
}

int
campaign_all_final(struct db *db, const struct campaign *c, struct err *e)
{
	uint64_t n = 0;

	if (db_one(db, &CAMPAIGN_OPEN_PARTS, NULL, DB_IN(DB_U64(c->id)),
	    DB_OUT(DB_TO_U64(&n)), e) < 0)
		return -1;
	return n == 0;
}

int
campaign_over(struct db *db, uint64_t id, struct err *e)
{
	int64_t rc = db_run(db, &CAMPAIGN_OVER, DB_IN(DB_U64(id)), e);

	return rc < 0 ? -1 : rc > 0;
}
