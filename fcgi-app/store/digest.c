/*
 * digest.c - statements on digest and digest_item.
 */
#include "store/digest.h"

#include "base/buf.h"
#include "base/log.h"
#include "store/delivery.h"
#include "store/job.h"

#define OF_KEY "g.user_id = t.u AND g.channel = CONVERT(t.c USING ascii)"	\
	" AND g.due_at = t.d AND g.open = 1"
#define GATHERED "4"		/* JOB_GATHERED */
_Static_assert(JOB_GATHERED == 4, "the statements below say so");

DB_STMT(DIGEST_ADD, DB_WORKER, DB_ONCE,
    "INSERT INTO digest (user_id, channel, due_at, run_at, open, items,"
    " created_at) SELECT t.u, CONVERT(t.c USING ascii), t.d,"
    " '1970-01-01' + INTERVAL t.d MICROSECOND, 1, t.n, UTC_TIMESTAMP(6)"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  u BIGINT UNSIGNED PATH '$[0]', c VARCHAR(12) PATH '$[1]',"
    "  d BIGINT PATH '$[2]', n INT UNSIGNED PATH '$[3]')) t"
    " ON DUPLICATE KEY UPDATE items = digest.items + t.n");
DB_STMT(DIGEST_ADD_ITEM, DB_WORKER, DB_ONCE,
    "INSERT INTO digest_item (digest_id, notification_id, seq)"
    " SELECT g.id, t.i, t.s FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  u BIGINT UNSIGNED PATH '$[0]', c VARCHAR(12) PATH '$[1]',"
    "  d BIGINT PATH '$[2]', i BIGINT UNSIGNED PATH '$[3]',"
    "  s INT UNSIGNED PATH '$[4]')) t"
    " STRAIGHT_JOIN digest g ON " OF_KEY);
DB_STMT(DIGEST_SOON, DB_API, DB_SAFE,
    "UPDATE digest SET run_at = LEAST(run_at, UTC_TIMESTAMP(6))"
    " WHERE user_id = ? AND open = 1");
DB_STMT(DIGEST_DUE, DB_WORKER, DB_READ,
    "SELECT id, user_id, channel, items FROM digest"
    " WHERE open = 1 AND run_at <= UTC_TIMESTAMP(6) ORDER BY run_at LIMIT ?");
DB_STMT(DIGEST_ITEMS, DB_WORKER, DB_READ,
    "SELECT t.k, i.notification_id, i.seq, j.id, n.class, n.type,"
    " j.expires_at, j.expires_at <= UTC_TIMESTAMP(6),"
    " n.cancelled_at IS NOT NULL OR COALESCE(c.state = 'cancelled', FALSE),"
    " c.id IS NOT NULL, c.state = 'paused'"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (k FOR ORDINALITY,"
    "  g BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN digest_item i ON i.digest_id = t.g"
    " STRAIGHT_JOIN job j ON j.notification_id = i.notification_id"
    "  AND j.seq = i.seq AND j.state = " GATHERED
    " STRAIGHT_JOIN notification n ON n.id = i.notification_id"
    " LEFT JOIN campaign c ON c.id = i.notification_id"
    " ORDER BY t.k, n.created_at, i.notification_id, i.seq");
DB_STMT(DIGEST_CLOSE, DB_WORKER, DB_ONCE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (g BIGINT UNSIGNED PATH '$[0]',"
    "  n INT UNSIGNED PATH '$[1]', c BIGINT UNSIGNED PATH '$[2]')) t"
    " STRAIGHT_JOIN digest g ON g.id = t.g"
    " SET g.open = NULL, g.carrier_id = NULLIF(t.c, 0),"
    " g.closed_at = UTC_TIMESTAMP(6),"
    " g.follow_at = IF(t.c = 0, NULL, UTC_TIMESTAMP(6))"
    " WHERE g.open = 1 AND g.items = t.n");
DB_STMT(DIGEST_DROP, DB_WORKER, DB_ONCE,
    "DELETE j FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$')) t STRAIGHT_JOIN job j ON j.id = t.i"
    " WHERE j.state = " GATHERED);
DB_STMT(DIGEST_RELEASE, DB_WORKER, DB_ONCE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT UNSIGNED PATH '$[0]',"
    "  r BIGINT PATH '$[1]')) t STRAIGHT_JOIN job j ON j.id = t.i"
    " SET j.state = 0, j.run_at = GREATEST(UTC_TIMESTAMP(6),"
    " '1970-01-01' + INTERVAL t.r MICROSECOND)"
    " WHERE j.state = " GATHERED);
/* Ready again when the campaign goes on: where a lease would have its end
 * stands when (campaign_run.c). */
DB_STMT(DIGEST_HOLD, DB_WORKER, DB_ONCE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN job j ON j.id = t.i"
    " SET j.state = 3, j.run_at = NULL, j.owner = 0, j.lease_ends_at = NULL,"
    " j.attempt = j.attempt + 1 WHERE j.state = " GATHERED);
/* Nobody pauses it, cancels it or has it go on until this is committed. */
DB_STMT(DIGEST_CAMPAIGNS, DB_WORKER, DB_READ,
    "SELECT (c.state = 'paused') <> t.p OR (c.state = 'cancelled' AND t.x = 0)"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT UNSIGNED PATH '$[0]',"
    "  p TINYINT PATH '$[1]', x TINYINT PATH '$[2]')) t"
    " STRAIGHT_JOIN campaign c ON c.id = t.i LOCK IN SHARE MODE");
DB_STMT(DIGEST_NOTIFY, DB_WORKER, DB_ONCE,
    "INSERT INTO notification (id, type, class, channel, title, content,"
    " audience, created_at, expires_at) VALUES (?, 'digest', ?, '', ?, ?, ?,"
    " UTC_TIMESTAMP(6), ?)");
DB_STMT(DIGEST_PLAN, DB_WORKER, DB_ONCE,
    "INSERT INTO job (id, class, run_at, kind, notification_id, expires_at,"
    " created_at) VALUES (?, ?, UTC_TIMESTAMP(6), 1, ?, ?,"
    " UTC_TIMESTAMP(6))");
DB_STMT(DIGEST_PUT_OFF, DB_WORKER, DB_SAFE,
    "UPDATE digest SET run_at = UTC_TIMESTAMP(6) + INTERVAL 10 MINUTE"
    " WHERE id = ? AND open = 1");
DB_STMT(DIGEST_CARRIERS_OF, DB_WORKER, DB_READ,
    "SELECT DISTINCT g.carrier_id FROM digest g"
    " STRAIGHT_JOIN job j ON j.notification_id = g.carrier_id"
    " WHERE g.user_id = ? AND j.state < 9 AND j.state <> 2"
    " AND NOT j.stop LIMIT ?");
DB_STMT(DIGEST_CARRIER_BLANK, DB_WORKER, DB_SAFE,
    "UPDATE notification SET title = '', content = '{}', audience = '{}'"
    " WHERE id = ? AND type = 'digest'");
#define IDS "JSON_TABLE(?, '$[*]' COLUMNS (g BIGINT UNSIGNED PATH '$')) t"
DB_STMT(DIGEST_FORGET_ITEMS, DB_WORKER, DB_SAFE,
    "DELETE i FROM " IDS " STRAIGHT_JOIN digest g ON g.id = t.g"
    " AND g.open IS NULL AND g.follow_at IS NULL"
    " STRAIGHT_JOIN digest_item i ON i.digest_id = g.id");
DB_STMT(DIGEST_FORGET, DB_WORKER, DB_SAFE,
    "DELETE g FROM " IDS " STRAIGHT_JOIN digest g ON g.id = t.g"
    " AND g.open IS NULL AND g.follow_at IS NULL");

/* --- gathering ---------------------------------------------------------------- */

static int
by_digest(const void *a, const void *b)
{
	const struct digest_new *x = a, *y = b;
	int c;

	if (x->user_id != y->user_id)
		return x->user_id < y->user_id ? -1 : 1;
	if ((c = strcmp(x->channel, y->channel)) != 0)
		return c;
	return x->due_us < y->due_us ? -1 : x->due_us > y->due_us;
}

/* In one order, so that two plans wait for each other and do not lock each
 * other out. */
int
digest_add(struct db *db, struct digest_new *d, size_t n, struct err *e)
{
	struct buf of, items;
	int rc = -1;

	if (n == 0)
		return 0;
	qsort(d, n, sizeof(*d), by_digest);
	buf_init(&of, n * 80 + 16);
	buf_init(&items, n * 112 + 16);
	for (size_t i = 0, k; i < n; i += k) {
		for (k = 1; i + k < n && by_digest(&d[i], &d[i + k]) == 0; k++)
			;
		buf_printf(&of, "%c[%" PRIu64 ",\"%s\",%" PRId64 ",%zu]",
		    i == 0 ? '[' : ',', d[i].user_id, d[i].channel,
		    d[i].due_us, k);
		for (size_t j = i; j < i + k; j++)
			buf_printf(&items, "%c[%" PRIu64 ",\"%s\",%" PRId64
			    ",%" PRIu64 ",%u]", j == 0 ? '[' : ',',
			    d[j].user_id, d[j].channel, d[j].due_us,
			    d[j].notification_id, d[j].seq);
	}
	buf_char(&of, ']');
	buf_char(&items, ']');
	if (db_run(db, &DIGEST_ADD, DB_IN(DB_STR(buf_text(&of))), e) >= 0 &&
	    db_run(db, &DIGEST_ADD_ITEM, DB_IN(DB_STR(buf_text(&items))),
	    e) >= 0)
		rc = 0;
	buf_fini(&of);
	buf_fini(&items);
	return rc;
}

int
digest_soon(struct db *db, uint64_t user_id, struct err *e)
{
	return db_run(db, &DIGEST_SOON, DB_IN(DB_U64(user_id)), e) < 0 ? -1 :
	    0;
}

/* --- reading ------------------------------------------------------------------- */

int
digest_due(struct db *db, struct arena *a, struct digest *g, size_t max,
    struct err *e)
{
	struct digest it = { .id = 0 };

	return db_list(db, &DIGEST_DUE, a, DB_IN(DB_U64(max)), DB_OUT(
	    DB_TO_U64(&it.id), DB_TO_U64(&it.user_id), DB_TO_STR(&it.channel),
	    DB_TO_U64(&it.items)), DB_ROWS(g, &it, max), e);
}

struct reading { struct digest_item *out, it; size_t n, max; uint64_t at; };

static int
item_row(void *arg, struct err *e)
{
	struct reading *r = arg;

	(void)e;
	if (r->n == r->max)
		return 1;
	r->it.of = r->at - 1;
	r->out[r->n++] = r->it;
	return 0;
}

static void
add_id(struct buf *b, uint64_t id)
{
	buf_printf(b, "%c%" PRIu64, b->len == 0 ? '[' : ',', id);
}

int64_t
digest_items(struct db *db, struct arena *a, const struct digest *g, size_t n,
    struct digest_item **out, struct err *e)
{
	struct reading r = { .n = 0 };
	struct buf b;
	int64_t rc;

	for (size_t i = 0; i < n; i++)
		r.max += g[i].items;
	*out = r.out = arena_array(a, r.max + 1, sizeof(*r.out));
	buf_init(&b, n * 24 + 16);
	for (size_t i = 0; i < n; i++)
		add_id(&b, g[i].id);
	buf_char(&b, ']');
	rc = db_each(db, &DIGEST_ITEMS, a, DB_IN(DB_STR(buf_text(&b))),
	    DB_OUT(DB_TO_U64(&r.at), DB_TO_U64(&r.it.notification_id),
	    DB_TO_U64(&r.it.seq), DB_TO_U64(&r.it.job_id),
	    DB_TO_U64(&r.it.class), DB_TO_STR(&r.it.type),
	    DB_TO_TIME(&r.it.expires_us), DB_TO_BOOL(&r.it.late),
	    DB_TO_BOOL(&r.it.cancelled), DB_TO_BOOL(&r.it.campaign),
	    DB_TO_BOOL(&r.it.paused)), item_row, &r, e);
	buf_fini(&b);
	return rc < 0 ? -1 : (int64_t)r.n;
}

/* --- making -------------------------------------------------------------------- */

/* 1 as many as meant, 0 not, -1. */
static int
all_of(struct db *db, const struct db_stmt *s, struct buf *b, size_t n,
    struct err *e)
{
	int64_t rows;

	buf_char(b, ']');
	rows = db_run(db, s, DB_IN(DB_STR(buf_text(b))), e);
	return rows < 0 ? -1 : rows == (int64_t)n;
}

static int
close_them(struct db *db, const struct digest_work *w, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, w->n * 72 + 16);
	for (size_t i = 0; i < w->n; i++)
		buf_printf(&b, "%c[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
		    i == 0 ? '[' : ',', w->made[i].of->id,
		    w->made[i].of->items, w->made[i].carrier_id);
	rc = all_of(db, &DIGEST_CLOSE, &b, w->n, e);
	buf_fini(&b);
	return rc;
}

static int
end_jobs(struct db *db, const struct digest_work *w, struct err *e)
{
	struct buf b;
	int rc = 1;

	buf_init(&b, (w->drops + w->releases + w->holds) * 48 + 16);
	for (size_t i = 0; i < w->drops; i++)
		add_id(&b, w->drop[i]);
	if (w->drops > 0)
		rc = all_of(db, &DIGEST_DROP, &b, w->drops, e);
	buf_reset(&b);
	for (size_t i = 0; i < w->releases; i++)
		buf_printf(&b, "%c[%" PRIu64 ",%" PRId64 "]", i == 0 ? '[' :
		    ',', w->release[i].job_id, w->release[i].run_us);
	if (rc > 0 && w->releases > 0)
		rc = all_of(db, &DIGEST_RELEASE, &b, w->releases, e);
	buf_reset(&b);
	for (size_t i = 0; i < w->holds; i++)
		add_id(&b, w->hold[i]);
	if (rc > 0 && w->holds > 0)
		rc = all_of(db, &DIGEST_HOLD, &b, w->holds, e);
	buf_fini(&b);
	return rc;
}

static int
moved_row(void *arg, struct err *e)
{
	bool *moved = arg;

	(void)e;
	moved[1] = moved[1] || moved[0];
	return 0;
}

/* 1 the campaigns are as they were read, 0, -1. */
static int
campaigns_stay(struct db *db, const struct digest_work *w, struct err *e)
{
	bool moved[2] = { false, false };	/* this row's, any */
	struct buf b;
	int64_t rc;

	if (w->campaigns == 0)
		return 1;
	buf_init(&b, w->campaigns * 32 + 16);
	for (size_t i = 0; i < w->campaigns; i++)
		buf_printf(&b, "%c[%" PRIu64 ",%d,%d]", i == 0 ? '[' : ',',
		    w->campaign[i].id, w->campaign[i].paused ? 1 : 0,
		    w->campaign[i].cancelled ? 1 : 0);
	buf_char(&b, ']');
	rc = db_each(db, &DIGEST_CAMPAIGNS, NULL, DB_IN(
	    DB_STR(buf_text(&b))), DB_OUT(DB_TO_BOOL(&moved[0])), moved_row,
	    moved, e);
	buf_fini(&b);
	return rc < 0 ? -1 : !moved[1];
}

#define NOTIFY_COLS	6
#define PLAN_COLS	4

static int
insert_carriers(struct db *db, const struct digest_work *w, struct err *e)
{
	struct db_value *n = calloc(w->n * NOTIFY_COLS + 1, sizeof(*n));
	struct db_value *p = calloc(w->n * PLAN_COLS + 1, sizeof(*p));
	size_t k = 0;
	int rc = 0;

	if (n == NULL || p == NULL)
		fatal("digest: out of memory");
	for (size_t i = 0; i < w->n; i++) {
		const struct digest_made *m = &w->made[i];
		struct db_value *at = n + k * NOTIFY_COLS;

		if (m->carrier_id == 0)
			continue;
		*at++ = DB_U64(m->carrier_id);
		*at++ = DB_U64(m->class);
		*at++ = DB_STR(m->title);
		*at++ = DB_STR(m->content);
		*at++ = DB_STR(m->audience);
		*at = DB_WHEN(m->expires_us);
		at = p + k++ * PLAN_COLS;
		*at++ = DB_U64(m->job_id);
		*at++ = DB_U64(m->job_class);
		*at++ = DB_U64(m->carrier_id);
		*at = DB_WHEN(m->expires_us);
	}
	if (k > 0 && (db_bulk(db, &DIGEST_NOTIFY, n, k, NOTIFY_COLS, e) < 0 ||
	    db_bulk(db, &DIGEST_PLAN, p, k, PLAN_COLS, e) < 0))
		rc = -1;
	free(n);
	free(p);
	return rc;
}

static int
forget(struct db *db, struct buf *ids, struct err *e)
{
	buf_char(ids, ']');
	if (db_run(db, &DIGEST_FORGET_ITEMS, DB_IN(DB_STR(buf_text(ids))),
	    e) < 0)
		return -1;
	return db_run(db, &DIGEST_FORGET, DB_IN(DB_STR(buf_text(ids))),
	    e) < 0 ? -1 : 0;
}

int
digest_make(struct db *db, const struct digest_work *w, struct err *e)
{
	struct buf b;
	int rc;

	if ((rc = campaigns_stay(db, w, e)) <= 0 ||
	    (rc = close_them(db, w, e)) <= 0 ||
	    (rc = end_jobs(db, w, e)) <= 0)
		return rc;
	if (insert_carriers(db, w, e) < 0)
		return -1;
	buf_init(&b, w->n * 24 + 16);
	for (size_t i = 0; i < w->n; i++)
		if (w->made[i].carrier_id == 0)
			add_id(&b, w->made[i].of->id);
	rc = b.len == 0 ? 0 : forget(db, &b, e);
	buf_fini(&b);
	return rc < 0 ? -1 : 1;
}

int
digest_put_off(struct db *db, uint64_t id, struct err *e)
{
	return db_run(db, &DIGEST_PUT_OFF, DB_IN(DB_U64(id)), e) < 0 ? -1 : 0;
}

int
digest_carriers_of(struct db *db, uint64_t user_id, uint64_t *id, size_t max,
    struct err *e)
{
	uint64_t it;

	return db_list(db, &DIGEST_CARRIERS_OF, NULL, DB_IN(DB_U64(user_id),
	    DB_U64(max)), DB_OUT(DB_TO_U64(&it)), DB_ROWS(id, &it, max), e);
}

int
digest_carrier_blank(struct db *db, uint64_t carrier_id, struct err *e)
{
	return db_run(db, &DIGEST_CARRIER_BLANK, DB_IN(DB_U64(carrier_id)),
	    e) < 0 ? -1 : 0;
}
