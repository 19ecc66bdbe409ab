/*
 * digest_follow.c - what became of a carrier is what became of its items.
 *
 * Looked at once a second until the carrier is final, then ever more seldom
 * for as long as receipts and bounces come; after that the digest is
 * forgotten and the delivery rows alone say who carried them.
 */
#include "store/digest.h"

#include "base/buf.h"
#include "base/log.h"
#include "store/delivery.h"

#define IDS "JSON_TABLE(?, '$[*]' COLUMNS (g BIGINT UNSIGNED PATH '$')) t"
#define FOLLOW_DAYS "3"
#define NEWS_MAX	20000u		/* rows a call */

DB_STMT(DIGEST_FOLLOWED, DB_WORKER, DB_READ,
    "SELECT id FROM digest WHERE follow_at <= UTC_TIMESTAMP(6)"
    " ORDER BY follow_at LIMIT ?");
/* A device that went meanwhile has no row of the carrier's; the row without
 * a device says why there is none at all. */
DB_STMT(DIGEST_NEWS, DB_WORKER, DB_READ,
    "SELECT d.notification_id, d.seq, d.state,"
    " COALESCE(c.state, o.state, 'skipped') s,"
    " COALESCE(c.reason, o.reason, 'device_gone'), c.sent_at, g.carrier_id"
    " FROM " IDS " STRAIGHT_JOIN digest g ON g.id = t.g"
    " STRAIGHT_JOIN notification n ON n.id = g.carrier_id"
    "  AND n.planned_at IS NOT NULL"
    " STRAIGHT_JOIN digest_item i ON i.digest_id = g.id"
    " STRAIGHT_JOIN delivery d ON d.notification_id = i.notification_id"
    "  AND d.seq = i.seq AND d.provider = 'digest'"
    " LEFT JOIN delivery c ON c.notification_id = g.carrier_id"
    "  AND c.device_id = d.device_id"
    " LEFT JOIN delivery o ON o.notification_id = g.carrier_id"
    "  AND o.device_id = 0"
    " HAVING s <> d.state LIMIT ?");
DB_STMT(DIGEST_TELL, DB_WORKER, DB_ONCE,
    "UPDATE delivery SET state = ?, reason = ?, sent_at = ?,"
    " updated_at = UTC_TIMESTAMP(6) WHERE notification_id = ? AND seq = ?"
    " AND provider = 'digest' AND state = ?");
DB_STMT(DIGEST_AGAIN, DB_WORKER, DB_ONCE,
    "UPDATE " IDS " STRAIGHT_JOIN digest g ON g.id = t.g"
    " LEFT JOIN notification n ON n.id = g.carrier_id"
    " LEFT JOIN delivery c ON c.notification_id = g.carrier_id"
    "  AND c.state = 'queued'"
    " SET g.follow_at = IF(c.seq IS NOT NULL OR (n.id IS NOT NULL AND"
    "  n.planned_at IS NULL), UTC_TIMESTAMP(6) + INTERVAL 1 SECOND,"
    " IF(n.id IS NULL OR g.closed_at < UTC_TIMESTAMP(6) - INTERVAL"
    "  " FOLLOW_DAYS " DAY, NULL, UTC_TIMESTAMP(6) + INTERVAL"
    "  5 + TIMESTAMPDIFF(SECOND, g.closed_at, UTC_TIMESTAMP(6)) SECOND))");
DB_STMT(DIGEST_OVER_ITEMS, DB_WORKER, DB_SAFE,
    "DELETE i FROM " IDS " STRAIGHT_JOIN digest g ON g.id = t.g"
    " AND g.open IS NULL AND g.follow_at IS NULL"
    " STRAIGHT_JOIN digest_item i ON i.digest_id = g.id");
DB_STMT(DIGEST_OVER, DB_WORKER, DB_SAFE,
    "DELETE g FROM " IDS " STRAIGHT_JOIN digest g ON g.id = t.g"
    " AND g.open IS NULL AND g.follow_at IS NULL");

struct news_of {
	uint64_t	 notification_id, seq, carrier_id;
	const char	*was, *state, *reason;
	int64_t		 sent_us;
};
struct following {
	size_t		 max;
	struct arena	*a;
	struct buf	 ids;
	uint64_t	 id;
	struct news_of	*news, it;
	size_t		 n, newses;
};

static int
id_row(void *arg, struct err *e)
{
	struct following *f = arg;

	(void)e;
	buf_printf(&f->ids, "%c%" PRIu64, f->n++ == 0 ? '[' : ',', f->id);
	return 0;
}

static int
news_row(void *arg, struct err *e)
{
	struct following *f = arg;

	(void)e;
	if (f->newses < NEWS_MAX)
		f->news[f->newses++] = f->it;
	return 0;
}

static bool
arrived(const char *state)
{
	return strcmp(state, "sent") == 0 || strcmp(state, "delivered") ==
	    0 || strcmp(state, "read") == 0;
}

#define TELL_COLS	6

static int
tell(struct db *db, struct following *f, struct err *e)
{
	struct db_value *v = calloc(f->newses * TELL_COLS + 1, sizeof(*v));
	struct delivery_ref *r = calloc(f->newses + 1, sizeof(*r));
	int64_t rows;
	int rc = -1;

	if (v == NULL || r == NULL)
		fatal("digest: out of memory");
	for (size_t i = 0; i < f->newses; i++) {
		const struct news_of *x = &f->news[i];
		struct db_value *at = v + i * TELL_COLS;

		r[i] = (struct delivery_ref){ x->notification_id,
		    (uint32_t)x->seq };
		*at++ = DB_STR(x->state);
		*at++ = DB_STR(arrived(x->state) ? "digested" : x->reason);
		*at++ = DB_WHEN(x->sent_us);
		*at++ = DB_U64(x->notification_id);
		*at++ = DB_U64(x->seq);
		*at = DB_STR(x->was);
	}
	rows = db_bulk(db, &DIGEST_TELL, v, f->newses, TELL_COLS, e);
	if (rows == (int64_t)f->newses)
		rc = delivery_changed(db, r, f->newses, e);
	else if (rows >= 0)
		rc = 1;		/* somebody else told them: look again */
	free(v);
	free(r);
	return rc;
}

static int
follow_work(struct db *db, void *arg, struct err *e)
{
	struct following *f = arg;
	int rc;

	arena_reset(f->a);
	buf_reset(&f->ids);
	f->n = f->newses = 0;
	if (db_each(db, &DIGEST_FOLLOWED, NULL, DB_IN(DB_U64(f->max)),
	    DB_OUT(DB_TO_U64(&f->id)), id_row, f, e) < 0)
		return -1;
	if (f->n == 0)
		return 1;
	buf_char(&f->ids, ']');
	f->news = arena_array(f->a, NEWS_MAX, sizeof(*f->news));
	if (db_each(db, &DIGEST_NEWS, f->a, DB_IN(DB_STR(buf_text(&f->ids)),
	    DB_U64(NEWS_MAX)), DB_OUT(DB_TO_U64(&f->it.notification_id),
	    DB_TO_U64(&f->it.seq), DB_TO_STR(&f->it.was),
	    DB_TO_STR(&f->it.state), DB_TO_STR(&f->it.reason),
	    DB_TO_TIME(&f->it.sent_us), DB_TO_U64(&f->it.carrier_id)),
	    news_row, f, e) < 0)
		return -1;
	if (f->newses > 0 && (rc = tell(db, f, e)) != 0)
		return rc;
	/* With more news than fit they are looked at again at once. */
	if (f->newses == NEWS_MAX)
		return 0;
	if (db_run(db, &DIGEST_AGAIN, DB_IN(DB_STR(buf_text(&f->ids))), e) <
	    0 || db_run(db, &DIGEST_OVER_ITEMS, DB_IN(
	    DB_STR(buf_text(&f->ids))), e) < 0)
		return -1;
	return db_run(db, &DIGEST_OVER, DB_IN(DB_STR(buf_text(&f->ids))),
	    e) < 0 ? -1 : 0;
}

int
digest_follow(struct db *db, size_t max, struct err *e)
{
	struct following f = { .max = max, .a = arena_new((size_t)16 << 20) };
	int rc;

	buf_init(&f.ids, max * 24 + 16);
	rc = db_tx(db, follow_work, &f, e);
	buf_fini(&f.ids);
	arena_free(f.a);
	return rc < 0 ? -1 : (int)f.n;
}
