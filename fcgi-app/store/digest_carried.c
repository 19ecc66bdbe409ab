/*
 * digest_carried.c - what is cancelled or read while a digest already carries
 * it is taken out.
 */
#include "store/digest_own.h"

#define PAIRS "JSON_TABLE(?, '$[*]' COLUMNS ("				\
	" i BIGINT UNSIGNED PATH '$[0]', s INT UNSIGNED PATH '$[1]')) t"
#define IDS "JSON_TABLE(?, '$[*]' COLUMNS (c BIGINT UNSIGNED PATH '$')) t"

/* Those only that CARRIED_LOOK finds, too: what a batch shows, it ends, and
 * the next one shows others. */
DB_STMT(CARRIED_OF, DB_API | DB_WORKER | DB_LIVE, DB_READ,
    "SELECT i.notification_id, i.seq FROM digest_item i"
    " STRAIGHT_JOIN digest g ON " DIGEST_MADE
    " STRAIGHT_JOIN delivery d ON " DIGEST_CARRIED
    " WHERE i.notification_id = ? AND i.stop IS NULL AND EXISTS ("
    "  SELECT 1 FROM job j WHERE " DIGEST_ITS_JOB ")"
    " ORDER BY i.seq LIMIT ?");
DB_STMT(CARRIED_BY, DB_API | DB_WORKER | DB_LIVE, DB_READ,
    "SELECT DISTINCT g.carrier_id FROM " PAIRS
    " STRAIGHT_JOIN digest_item i ON i.notification_id = t.i"
    "  AND i.seq = t.s STRAIGHT_JOIN digest g ON " DIGEST_MADE
    " ORDER BY g.carrier_id");
DB_STMT(CARRIED_LOCK, DB_API | DB_WORKER | DB_LIVE, DB_READ,
    "SELECT j.id FROM " IDS " STRAIGHT_JOIN job j ON"
    " j.notification_id = t.c WHERE j.state < 9 FOR UPDATE");
DB_STMT(CARRIED_LOOK, DB_API | DB_WORKER | DB_LIVE, DB_READ,
    "SELECT i.digest_id, i.notification_id, i.seq,"
    " MAX(j.state = " DIGEST_LEAVING ") FROM " PAIRS
    " STRAIGHT_JOIN digest_item i ON i.notification_id = t.i"
    "  AND i.seq = t.s STRAIGHT_JOIN digest g ON " DIGEST_MADE
    " STRAIGHT_JOIN delivery d ON " DIGEST_CARRIED
    " STRAIGHT_JOIN job j ON " DIGEST_ITS_JOB
    " GROUP BY i.digest_id, i.notification_id, i.seq");
DB_STMT(CARRIED_OUT, DB_API | DB_WORKER | DB_LIVE, DB_SAFE,
    "DELETE i FROM " DIGEST_THREES " STRAIGHT_JOIN digest_item i ON"
    " i.digest_id = t.g AND i.notification_id = t.i AND i.seq = t.s");
DB_STMT(CARRIED_STOP, DB_API | DB_WORKER | DB_LIVE, DB_SAFE,
    "UPDATE " DIGEST_THREES " STRAIGHT_JOIN digest_item i ON"
    " i.digest_id = t.g AND i.notification_id = t.i AND i.seq = t.s"
    " SET i.stop = ?");
/* The attempt number is the fence: who holds such a job holds it no more, and
 * its time waits where a lease would have its end. */
DB_STMT(CARRIED_HOLD, DB_API | DB_WORKER | DB_LIVE, DB_SAFE,
    "UPDATE " DIGEST_THREES " STRAIGHT_JOIN digest g ON g.id = t.g"
    " STRAIGHT_JOIN job j ON j.notification_id = g.carrier_id"
    " SET j.lease_ends_at = IF(j.state = 0, j.run_at, NULL),"
    " j.state = " DIGEST_HELD ", j.run_at = NULL, j.owner = 0,"
    " j.attempt = j.attempt + 1 WHERE j.state IN (0, 1)");
DB_STMT(CARRIED_MARK, DB_API | DB_WORKER | DB_LIVE, DB_SAFE,
    "UPDATE " DIGEST_THREES " STRAIGHT_JOIN digest g ON g.id = t.g"
    " SET g.rewrite_at = UTC_TIMESTAMP(6)");

#define LIST_MAX	((size_t)1 << 20)

struct taking {
	uint64_t	 digest_id, carrier_id, notification_id, seq, leaves;
	struct buf	 out, stop, by;		/* JSON lists without their end */
	size_t		 stops;
};

static int
by_row(void *arg, struct err *e)
{
	struct taking *t = arg;

	(void)e;
	buf_printf(&t->by, "%c%" PRIu64, t->by.len == 0 ? '[' : ',',
	    t->carrier_id);
	return 0;
}

static int
look_row(void *arg, struct err *e)
{
	struct taking *t = arg;
	struct buf *b = t->leaves != 0 ? &t->stop : &t->out;

	(void)e;
	t->stops += t->leaves != 0;
	buf_printf(b, "%c[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
	    b->len == 0 ? '[' : ',', t->notification_id, t->seq,
	    t->digest_id);
	return 0;
}

static int
lock_row(void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	return 0;
}

int64_t
digest_end_out(struct db *db, const char *threes, const char *reason,
    struct err *e)
{
	int64_t rows = delivery_end_list(db, threes, "cancelled", reason, e);

	if (rows < 0 || db_run(db, &CARRIED_OUT, DB_IN(DB_STR(threes)), e) <
	    0)
		return -1;
	return rows;
}

static int
mark(struct db *db, const char *threes, struct err *e)
{
	return db_run(db, &CARRIED_MARK, DB_IN(DB_STR(threes)), e) < 0 ? -1 :
	    0;
}

static int
take(struct db *db, struct taking *t, const char *reason, uint64_t *out,
    struct err *e)
{
	const char *list;
	int64_t n;

	if (t->out.len > 0) {
		buf_char(&t->out, ']');
		list = buf_text(&t->out);
		if ((n = digest_end_out(db, list, reason, e)) < 0 ||
		    db_run(db, &CARRIED_HOLD, DB_IN(DB_STR(list)), e) < 0 ||
		    mark(db, list, e) < 0)
			return -1;
		*out += (uint64_t)n;
	}
	if (t->stop.len > 0) {
		buf_char(&t->stop, ']');
		list = buf_text(&t->stop);
		if (db_run(db, &CARRIED_STOP, DB_IN(DB_STR(list),
		    DB_STR(reason)), e) < 0 || mark(db, list, e) < 0)
			return -1;
	}
	return 0;
}

int
digest_take_out(struct db *db, const char *pairs, const char *reason,
    uint64_t *out, uint64_t *leaving, struct err *e)
{
	struct taking t = { .stops = 0 };
	uint64_t id;
	int rc = -1;

	buf_init(&t.out, LIST_MAX);
	buf_init(&t.stop, LIST_MAX);
	buf_init(&t.by, LIST_MAX);
	if (db_each(db, &CARRIED_BY, NULL, DB_IN(DB_STR(pairs)),
	    DB_OUT(DB_TO_U64(&t.carrier_id)), by_row, &t, e) < 0)
		goto out;
	rc = 0;
	if (t.by.len == 0)
		goto out;
	rc = -1;
	buf_char(&t.by, ']');
	if (db_each(db, &CARRIED_LOCK, NULL, DB_IN(DB_STR(buf_text(&t.by))),
	    DB_OUT(DB_TO_U64(&id)), lock_row, &t, e) < 0 ||
	    db_each(db, &CARRIED_LOOK, NULL, DB_IN(DB_STR(pairs)),
	    DB_OUT(DB_TO_U64(&t.digest_id), DB_TO_U64(&t.notification_id),
	    DB_TO_U64(&t.seq), DB_TO_U64(&t.leaves)), look_row, &t, e) < 0)
		goto out;
	*leaving += t.stops;
	rc = take(db, &t, reason, out, e);
out:
	buf_fini(&t.out);
	buf_fini(&t.stop);
	buf_fini(&t.by);
	return rc;
}

struct pairing { struct buf *to; uint64_t notification_id, seq; };

static int
pair_row(void *arg, struct err *e)
{
	struct pairing *p = arg;

	(void)e;
	buf_printf(p->to, "%c[%" PRIu64 ",%" PRIu64 "]", p->to->len == 0 ?
	    '[' : ',', p->notification_id, p->seq);
	return 0;
}

int64_t
digest_carried_of(struct db *db, uint64_t notification_id, uint32_t max,
    struct buf *pairs, struct err *e)
{
	struct pairing p = { .to = pairs };

	return db_each(db, &CARRIED_OF, NULL, DB_IN(DB_U64(notification_id),
	    DB_U64(max)), DB_OUT(DB_TO_U64(&p.notification_id),
	    DB_TO_U64(&p.seq)), pair_row, &p, e);
}
