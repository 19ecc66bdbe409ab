/*
 * inbox.c - statements on inbox and inbox_count.
 */
#include "store/inbox.h"

#include "base/buf.h"

/* One row a user, in the order of users: two plans that meet wait for each
 * other instead of running into a deadlock. */
DB_STMT(INBOX_NUMBER, DB_WORKER, DB_ONCE,
    "INSERT INTO inbox_count (user_id, seq, unread, unseen, version,"
    " changed_at) SELECT t.u, t.k, t.k, t.k, 1, UTC_TIMESTAMP(6)"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  u BIGINT UNSIGNED PATH '$[0]', k INT UNSIGNED PATH '$[1]')) t"
    " ON DUPLICATE KEY UPDATE seq = inbox_count.seq + t.k,"
    " unread = inbox_count.unread + t.k,"
    " unseen = inbox_count.unseen + t.k,"
    " version = inbox_count.version + 1, changed_at = UTC_TIMESTAMP(6)");
/* `b`: how many of the user's come behind it in this batch. */
DB_STMT(INBOX_ADD, DB_WORKER, DB_ONCE,
    "INSERT INTO inbox (user_id, seq, notification_id, created_at)"
    " SELECT t.u, c.seq - t.b, t.i, UTC_TIMESTAMP(6)"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (u BIGINT UNSIGNED PATH '$[0]',"
    "  i BIGINT UNSIGNED PATH '$[1]', b INT UNSIGNED PATH '$[2]')) t"
    " STRAIGHT_JOIN inbox_count c ON c.user_id = t.u");
#define COLUMNS "i.notification_id, i.seq, n.type, n.title, n.content,"	\
	" i.created_at, i.seen_at, i.read_at, i.archived_at,"		\
	" (SELECT u.locale FROM user u WHERE u.id = i.user_id)"
#define WORDS								\
	" AND (? = '' OR n.type = " DB_ASCII ")"				\
	" AND (? = '' OR LOCATE(?, n.title) > 0"			\
	"  OR LOCATE(?, JSON_EXTRACT(n.content, '$**.title', '$**.body')) > 0)" \
	" ORDER BY i.seq"
#define ALL								\
	"SELECT " COLUMNS " FROM inbox i"				\
	" STRAIGHT_JOIN notification n ON n.id = i.notification_id"	\
	" WHERE i.user_id = ? AND i.seq > ? AND i.seq < ?"		\
	" AND (i.archived_at IS NULL) = ?" WORDS
#define UNREAD								\
	"SELECT " COLUMNS " FROM inbox i FORCE INDEX (inbox_unread)"	\
	" STRAIGHT_JOIN notification n ON n.id = i.notification_id"	\
	" WHERE i.user_id = ? AND i.read_at IS NULL AND i.seq > ?"	\
	" AND i.seq < ?" WORDS
DB_STMT(INBOX_LIST, DB_API, DB_READ, ALL " LIMIT ?");
DB_STMT(INBOX_LIST_UNREAD, DB_API, DB_READ, UNREAD " LIMIT ?");
/* The same, newest first. */
DB_STMT(INBOX_BEFORE, DB_API, DB_READ, ALL " DESC LIMIT ?");
DB_STMT(INBOX_BEFORE_UNREAD, DB_API, DB_READ, UNREAD " DESC LIMIT ?");
DB_STMT(INBOX_COUNT, DB_API, DB_READ,
    "SELECT unread, unseen, seq FROM inbox_count WHERE user_id = ?");
DB_STMT(INBOX_COUNT_LOCK, DB_API | DB_LIVE | DB_WORKER, DB_READ,
    "SELECT unread, unseen, seq FROM inbox_count WHERE user_id = ?"
    " FOR UPDATE");
DB_STMT(INBOX_LOOK, DB_API | DB_LIVE, DB_READ,
    "SELECT read_at IS NULL, seen_at IS NULL FROM inbox"
    " WHERE user_id = ? AND notification_id = ?");
DB_STMT(INBOX_READ, DB_API | DB_LIVE, DB_SAFE,
    "UPDATE inbox SET read_at = UTC_TIMESTAMP(6),"
    " seen_at = COALESCE(seen_at, UTC_TIMESTAMP(6))"
    " WHERE user_id = ? AND notification_id = ? AND read_at IS NULL");
DB_STMT(INBOX_ARCHIVE, DB_API, DB_SAFE,
    "UPDATE inbox SET archived_at = UTC_TIMESTAMP(6)"
    " WHERE user_id = ? AND notification_id = ? AND archived_at IS NULL");
DB_STMT(INBOX_FEWER, DB_API | DB_LIVE | DB_WORKER, DB_ONCE,
    "UPDATE inbox_count SET unread = unread - ?, unseen = unseen - ?,"
    " version = version + 1, changed_at = UTC_TIMESTAMP(6)"
    " WHERE user_id = ?");
DB_STMT(INBOX_UNREAD_IDS, DB_API, DB_READ,
    "SELECT notification_id, seen_at IS NULL FROM inbox"
    " FORCE INDEX (inbox_unread) WHERE user_id = ? AND read_at IS NULL"
    " AND seq <= ? ORDER BY seq LIMIT ?");
DB_STMT(INBOX_READ_MANY, DB_API, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN inbox x ON x.user_id = ? AND x.notification_id = t.i"
    " SET x.read_at = UTC_TIMESTAMP(6),"
    " x.seen_at = COALESCE(x.seen_at, UTC_TIMESTAMP(6))"
    " WHERE x.read_at IS NULL");
DB_STMT(INBOX_SEEN, DB_API | DB_LIVE, DB_SAFE,
    "UPDATE inbox FORCE INDEX (inbox_unread)"
    " SET seen_at = UTC_TIMESTAMP(6) WHERE user_id = ? AND read_at IS NULL"
    " AND seq <= ? AND seen_at IS NULL");

DB_STMT(INBOX_OLDEST, DB_WORKER, DB_READ,
    "SELECT user_id FROM inbox WHERE notification_id < ?"
    " ORDER BY notification_id LIMIT 1");
DB_STMT(INBOX_OLD_SUM, DB_WORKER, DB_READ,
    "SELECT COUNT(IF(read_at IS NULL, 1, NULL)),"
    " COUNT(IF(seen_at IS NULL, 1, NULL)) FROM inbox"
    " FORCE INDEX (inbox_notification)"
    " WHERE user_id = ? AND notification_id < ?");
DB_STMT(INBOX_OLD_END, DB_WORKER, DB_SAFE,
    "DELETE FROM inbox WHERE user_id = ? AND notification_id < ?");

#define BATCH_TEXT	((size_t)5000 * 64)

/* --- planning ------------------------------------------------------------- */

static int
by_user(const void *a, const void *b)
{
	const struct inbox_new *x = a, *y = b;

	if (x->user_id != y->user_id)
		return x->user_id < y->user_id ? -1 : 1;
	return x->notification_id < y->notification_id ? -1 :
	    x->notification_id > y->notification_id;
}

int
inbox_add(struct db *db, struct inbox_new *n, size_t count, struct err *e)
{
	struct buf users, rows;
	int rc = -1;

	qsort(n, count, sizeof(*n), by_user);
	buf_init(&users, BATCH_TEXT + 16);
	buf_init(&rows, BATCH_TEXT + 16);
	for (size_t i = 0, k; i < count; i += k) {
		for (k = 1; i + k < count &&
		    n[i + k].user_id == n[i].user_id; k++)
			;
		buf_printf(&users, "%c[%" PRIu64 ",%zu]", i == 0 ? '[' : ',',
		    n[i].user_id, k);
		for (size_t j = 0; j < k; j++)
			buf_printf(&rows, "%c[%" PRIu64 ",%" PRIu64 ",%zu]",
			    i + j == 0 ? '[' : ',', n[i].user_id,
			    n[i + j].notification_id, k - 1 - j);
	}
	buf_char(&users, ']');
	buf_char(&rows, ']');
	if (users.over || rows.over) {
		err_set(e, ERR_INTERNAL, "inbox_batch", "%zu rows", count);
		goto out;
	}
	if (db_run(db, &INBOX_NUMBER, DB_IN(DB_STR(buf_text(&users))), e) <
	    0 || db_run(db, &INBOX_ADD, DB_IN(DB_STR(buf_text(&rows))), e) <
	    0)
		goto out;
	rc = 0;
out:
	buf_fini(&users);
	buf_fini(&rows);
	return rc;
}

/* --- reading -------------------------------------------------------------- */

int
inbox_each(struct db *db, struct arena *a, const struct inbox_page *p,
    struct inbox *i, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	struct db_out out = DB_OUT(DB_TO_U64(&i->notification_id),
	    DB_TO_U64(&i->seq), DB_TO_STR(&i->type), DB_TO_STR(&i->title),
	    DB_TO_STR(&i->content), DB_TO_TIME(&i->created_us),
	    DB_TO_TIME(&i->seen_us), DB_TO_TIME(&i->read_us),
	    DB_TO_TIME(&i->archived_us), DB_TO_STR(&i->locale));
	int64_t rc;

	const struct db_value type = DB_STR(p->type), q = DB_STR(p->q),
	    text = DB_STR(p->text),
	    user = DB_U64(p->user_id), after = DB_U64(p->after),
	    before = DB_U64(p->before == 0 ? INT64_MAX : p->before);
	const struct db_in all = DB_IN(user, after, before,
	    DB_U64(p->archived ? 0 : 1), type, type, q, q,
	    text, DB_U64(p->limit)), unread = DB_IN(user, after, before, type, type,
	    q, q, text, DB_U64(p->limit));

	if (p->unread)
		rc = db_each(db, p->down ? &INBOX_BEFORE_UNREAD :
		    &INBOX_LIST_UNREAD, a, unread, out, row, arg, e);
	else
		rc = db_each(db, p->down ? &INBOX_BEFORE : &INBOX_LIST, a,
		    all, out, row, arg, e);
	return rc < 0 ? -1 : (int)rc;
}

static int
counts(struct db *db, const struct db_stmt *s, uint64_t user_id,
    struct inbox_counts *c, struct err *e)
{
	struct arena *a = arena_new(4096);
	int rc;

	memset(c, 0, sizeof(*c));
	rc = db_one(db, s, a, DB_IN(DB_U64(user_id)),
	    DB_OUT(DB_TO_U64(&c->unread), DB_TO_U64(&c->unseen),
	    DB_TO_U64(&c->seq)), e);
	arena_free(a);
	return rc;
}

int
inbox_count(struct db *db, uint64_t user_id, struct inbox_counts *c,
    struct err *e)
{
	return counts(db, &INBOX_COUNT, user_id, c, e) < 0 ? -1 : 0;
}

static int
fewer(struct db *db, uint64_t user_id, uint64_t unread, uint64_t unseen,
    struct err *e)
{
	if (unread == 0 && unseen == 0)
		return 0;
	return db_run(db, &INBOX_FEWER, DB_IN(DB_U64(unread), DB_U64(unseen),
	    DB_U64(user_id)), e) < 0 ? -1 : 0;
}

int
inbox_read(struct db *db, uint64_t user_id, uint64_t notification_id,
    struct err *e)
{
	struct db_in key = DB_IN(DB_U64(user_id), DB_U64(notification_id));
	struct inbox_counts c;
	bool unread = false, unseen = false;
	struct arena *a;
	int rc;

	/* The counters first: who adds locks them first, too. */
	if ((rc = counts(db, &INBOX_COUNT_LOCK, user_id, &c, e)) <= 0)
		return rc;
	a = arena_new(4096);
	rc = db_one(db, &INBOX_LOOK, a, key, DB_OUT(DB_TO_BOOL(&unread),
	    DB_TO_BOOL(&unseen)), e);
	arena_free(a);
	if (rc <= 0 || !unread)
		return rc;
	if (db_run(db, &INBOX_READ, key, e) < 0 ||
	    fewer(db, user_id, 1, unseen ? 1 : 0, e) < 0)
		return -1;
	return 1;
}

int
inbox_archive(struct db *db, uint64_t user_id, uint64_t notification_id,
    struct err *e)
{
	int rc = inbox_read(db, user_id, notification_id, e);

	if (rc <= 0)
		return rc;
	if (db_run(db, &INBOX_ARCHIVE, DB_IN(DB_U64(user_id),
	    DB_U64(notification_id)), e) < 0)
		return -1;
	return db_run(db, &INBOX_FEWER, DB_IN(DB_U64(0), DB_U64(0),
	    DB_U64(user_id)), e) < 0 ? -1 : 1;
}

struct unread { uint64_t it, *id; size_t n, max; bool unseen; uint64_t unseens; };

static int
unread_row(void *arg, struct err *e)
{
	struct unread *u = arg;

	(void)e;
	if (u->n == u->max)
		return 1;
	u->id[u->n++] = u->it;
	u->unseens += u->unseen ? 1 : 0;
	return 0;
}

int
inbox_read_all(struct db *db, uint64_t user_id, uint64_t to, uint64_t *id,
    size_t max, struct err *e)
{
	struct unread u = { .id = id, .max = max };
	struct inbox_counts c;
	struct arena *a;
	struct buf b;
	int64_t rc;

	if ((rc = counts(db, &INBOX_COUNT_LOCK, user_id, &c, e)) <= 0)
		return (int)rc;
	a = arena_new(1u << 20);
	rc = db_each(db, &INBOX_UNREAD_IDS, a, DB_IN(DB_U64(user_id),
	    DB_U64(to), DB_U64(max)),
	    DB_OUT(DB_TO_U64(&u.it), DB_TO_BOOL(&u.unseen)), unread_row, &u,
	    e);
	arena_free(a);
	if (rc < 0 || u.n == 0)
		return rc < 0 ? -1 : 0;
	buf_init(&b, u.n * 24 + 16);
	for (size_t i = 0; i < u.n; i++)
		buf_printf(&b, "%c%" PRIu64, i == 0 ? '[' : ',', id[i]);
	buf_char(&b, ']');
	rc = db_run(db, &INBOX_READ_MANY, DB_IN(DB_STR(buf_text(&b)),
	    DB_U64(user_id)), e);
	buf_fini(&b);
	if (rc < 0 || fewer(db, user_id, (uint64_t)rc, u.unseens, e) < 0)
		return -1;
	return (int)u.n;
}

int64_t
inbox_seen(struct db *db, uint64_t user_id, uint64_t to, struct err *e)
{
	struct inbox_counts c;
	int64_t rc = counts(db, &INBOX_COUNT_LOCK, user_id, &c, e);

	if (rc <= 0 || c.unseen == 0)
		return rc < 0 ? -1 : 0;
	rc = db_run(db, &INBOX_SEEN, DB_IN(DB_U64(user_id), DB_U64(to)), e);
	if (rc < 0 || fewer(db, user_id, 0, (uint64_t)rc, e) < 0)
		return -1;
	return rc;
}

/* --- the end ---------------------------------------------------------------- */

struct old { uint64_t user_id, bound; };

static int
old_work(struct db *db, void *arg, struct err *e)
{
	const struct old *o = arg;
	struct inbox_counts c;
	uint64_t unread = 0, unseen = 0;

	/* Whoever reads waits for this row: the sums are of what is deleted. */
	if (counts(db, &INBOX_COUNT_LOCK, o->user_id, &c, e) < 0 ||
	    db_one(db, &INBOX_OLD_SUM, NULL, DB_IN(DB_U64(o->user_id),
	    DB_U64(o->bound)), DB_OUT(DB_TO_U64(&unread),
	    DB_TO_U64(&unseen)), e) < 0 ||
	    fewer(db, o->user_id, unread, unseen, e) < 0)
		return -1;
	return db_run(db, &INBOX_OLD_END, DB_IN(DB_U64(o->user_id),
	    DB_U64(o->bound)), e) < 0 ? -1 : 0;
}

int
inbox_purge(struct db *db, uint64_t bound, unsigned max, struct err *e)
{
	struct old o = { .bound = bound };
	unsigned n;
	int rc;

	for (n = 0; n < max; n++) {
		if ((rc = db_one(db, &INBOX_OLDEST, NULL, DB_IN(DB_U64(bound)),
		    DB_OUT(DB_TO_U64(&o.user_id)), e)) < 0 ||
		    (rc > 0 && db_tx(db, old_work, &o, e) < 0))
			return -1;
		if (rc == 0)
			break;
	}
	return (int)n;
}
