/*
 * digest_rewrite.c - statements on carriers that are to be written anew.
 */
#include "store/digest_own.h"

DB_STMT(REWRITE_DUE, DB_WORKER, DB_READ,
    "SELECT g.id, g.carrier_id, g.channel, u.locale FROM digest g"
    " LEFT JOIN user u ON u.id = g.user_id"
    " WHERE g.rewrite_at <= UTC_TIMESTAMP(6) ORDER BY g.rewrite_at LIMIT ?");
DB_STMT(REWRITE_LOCK, DB_WORKER, DB_READ,
    "SELECT state FROM job WHERE notification_id = ? AND state < 9"
    " FOR UPDATE");
DB_STMT(REWRITE_STOPPED, DB_WORKER, DB_READ,
    "SELECT i.notification_id, i.seq, i.stop"
    " FROM digest g STRAIGHT_JOIN digest_item i ON i.digest_id = g.id"
    "  AND i.stop IS NOT NULL STRAIGHT_JOIN delivery d ON " DIGEST_CARRIED
    " STRAIGHT_JOIN job j ON " DIGEST_ITS_JOB " WHERE g.id = ?"
    " GROUP BY i.notification_id, i.seq"
    " HAVING MAX(j.state = " DIGEST_LEAVING ") = 0 LIMIT ?");
/* Of devices that the carrier went to already nothing is left. */
DB_STMT(REWRITE_LEFT, DB_WORKER, DB_READ,
    "SELECT i.notification_id FROM digest g"
    " STRAIGHT_JOIN digest_item i ON i.digest_id = g.id AND i.stop IS NULL"
    " STRAIGHT_JOIN delivery d ON " DIGEST_CARRIED
    " STRAIGHT_JOIN job j ON " DIGEST_ITS_JOB
    " STRAIGHT_JOIN notification n ON n.id = i.notification_id"
    " WHERE g.id = ? GROUP BY i.notification_id"
    " ORDER BY n.created_at DESC, i.notification_id DESC");
DB_STMT(REWRITE_WORDS, DB_WORKER, DB_SAFE,
    "UPDATE notification SET title = ?, content = ? WHERE id = ?");
DB_STMT(REWRITE_FREE, DB_WORKER, DB_SAFE,
    "UPDATE job SET state = 0, run_at = GREATEST(UTC_TIMESTAMP(6),"
    " COALESCE(lease_ends_at, UTC_TIMESTAMP(6))), lease_ends_at = NULL"
    " WHERE notification_id = ? AND state = " DIGEST_HELD);
DB_STMT(REWRITE_DONE, DB_WORKER, DB_SAFE,
    "UPDATE digest SET rewrite_at = IF(? = 0, NULL, UTC_TIMESTAMP(6)"
    " + INTERVAL ? MICROSECOND) WHERE id = ?");

/* Its message is over, so are its jobs: ready, they are found expired. */
DB_STMT(REWRITE_OVER, DB_WORKER, DB_SAFE,
    "UPDATE job SET state = 0, run_at = UTC_TIMESTAMP(6), owner = 0,"
    " lease_ends_at = NULL WHERE notification_id = ?"
    " AND state = " DIGEST_HELD " AND expires_at <= UTC_TIMESTAMP(6)");
DB_STMT(REWRITE_PUT_OFF, DB_WORKER, DB_SAFE,
    "UPDATE digest g STRAIGHT_JOIN notification n ON n.id = g.carrier_id"
    " SET g.rewrite_at = GREATEST(UTC_TIMESTAMP(6) + INTERVAL 1 SECOND,"
    "  LEAST(UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, n.expires_at))"
    " WHERE g.id = ?");

#define STOPPED_MAX	64		/* a round */

int
digest_rewrites(struct db *db, struct arena *a, struct digest_rewrite *r,
    size_t max, struct err *e)
{
	struct digest_rewrite it = { .id = 0 };

	return db_list(db, &REWRITE_DUE, a, DB_IN(DB_U64(max)), DB_OUT(
	    DB_TO_U64(&it.id), DB_TO_U64(&it.carrier_id),
	    DB_TO_STR(&it.channel), DB_TO_STR(&it.locale)),
	    DB_ROWS(r, &it, max), e);
}

struct locking { uint64_t state; size_t jobs; bool leaving; };

static int
lock_row(void *arg, struct err *e)
{
	struct locking *l = arg;

	(void)e;
	l->jobs++;
	l->leaving = l->leaving || l->state == JOB_LEAVING;
	return 0;
}

/* What was asked to be taken out while it was leaving, and came back. */
struct stopped { uint64_t notification_id, seq; const char *why; };

static int
end_stopped(struct db *db, const struct digest_rewrite *r, struct err *e)
{
	struct arena *a = arena_new((size_t)1 << 18);
	struct stopped s[STOPPED_MAX], it = { .seq = 0 };
	int n, rc = -1;

	do {
		arena_reset(a);
		if ((n = db_list(db, &REWRITE_STOPPED, a, DB_IN(DB_U64(r->id),
		    DB_U64(STOPPED_MAX)), DB_OUT(
		    DB_TO_U64(&it.notification_id), DB_TO_U64(&it.seq),
		    DB_TO_STR(&it.why)), DB_ROWS(s, &it, STOPPED_MAX),
		    e)) < 0)
			goto out;
		for (int i = 0; i < n; i++)
			if (digest_end_out(db, arena_printf(a, "[[%" PRIu64
			    ",%" PRIu64 ",%" PRIu64 "]]",
			    s[i].notification_id, s[i].seq, r->id), s[i].why,
			    e) < 0)
				goto out;
	} while (n == STOPPED_MAX);
	rc = 0;
out:
	arena_free(a);
	return rc;
}

struct lefts { struct digest_left *left; uint64_t id; };

static int
left_row(void *arg, struct err *e)
{
	struct lefts *l = arg;

	(void)e;
	if (l->left->n < l->left->max)
		l->left->id[l->left->n++] = l->id;
	l->left->total++;
	return 0;
}

int
digest_rewrite_lock(struct db *db, const struct digest_rewrite *r,
    struct digest_left *left, struct err *e)
{
	struct locking l = { .jobs = 0 };
	struct lefts x = { .left = left };

	left->n = left->total = 0;
	if (db_each(db, &REWRITE_LOCK, NULL, DB_IN(DB_U64(r->carrier_id)),
	    DB_OUT(DB_TO_U64(&l.state)), lock_row, &l, e) < 0)
		return -1;
	left->leaving = l.leaving;
	if (l.jobs == 0)
		return 0;
	if (end_stopped(db, r, e) < 0 || db_each(db, &REWRITE_LEFT, NULL,
	    DB_IN(DB_U64(r->id)), DB_OUT(DB_TO_U64(&x.id)), left_row, &x,
	    e) < 0)
		return -1;
	return 1;
}

int
digest_rewritten(struct db *db, const struct digest_rewrite *r,
    const char *title, const char *content, struct err *e)
{
	if (db_run(db, &REWRITE_WORDS, DB_IN(DB_STR(title), DB_STR(content),
	    DB_U64(r->carrier_id)), e) < 0 ||
	    db_run(db, &REWRITE_FREE, DB_IN(DB_U64(r->carrier_id)), e) < 0)
		return -1;
	return 0;
}

int
digest_rewrite_next(struct db *db, uint64_t id, int64_t after_us,
    struct err *e)
{
	const struct db_value us = DB_I64(after_us);

	return db_run(db, &REWRITE_DONE, DB_IN(us, us, DB_U64(id)), e) < 0 ?
	    -1 : 0;
}

struct putting_off { const struct digest_rewrite *r; int64_t after_us; };

static int
put_off_work(struct db *db, void *arg, struct err *e)
{
	const struct putting_off *p = arg;

	if (db_run(db, &REWRITE_OVER, DB_IN(DB_U64(p->r->carrier_id)), e) <
	    0)
		return -1;
	return db_run(db, &REWRITE_PUT_OFF, DB_IN(DB_I64(p->after_us),
	    DB_U64(p->r->id)), e) < 0 ? -1 : 0;
}

int
digest_rewrite_put_off(struct db *db, const struct digest_rewrite *r,
    int64_t after_us, struct err *e)
{
	struct putting_off p = { r, after_us };

	return db_tx(db, put_off_work, &p, e) < 0 ? -1 : 0;
}
