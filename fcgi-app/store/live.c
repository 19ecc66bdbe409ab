/*
 * live.c - statements of the gateway; see live.h.
 *
 * What must stay true: each is a lookup by key for every element of its list,
 * whatever an inbox holds besides.
 */
#include "store/live.h"

#include "base/buf.h"
#include "base/text.h"

#define COUNTS	"c.user_id, c.seq, c.version, c.unread, c.unseen"
DB_STMT(LIVE_CHANGED, DB_LIVE, DB_READ,
    "SELECT " COUNTS " FROM inbox_count c"
    " WHERE c.changed_at > UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND");
DB_STMT(LIVE_COUNTS, DB_LIVE, DB_READ,
    "SELECT " COUNTS " FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  u BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN inbox_count c ON c.user_id = t.u");
#define COLUMNS	"i.user_id, i.seq, i.notification_id, n.type, n.title,"	\
	" n.content, (SELECT u.locale FROM user u WHERE u.id = i.user_id),"	\
	" i.created_at"
DB_STMT(LIVE_ROWS, DB_LIVE, DB_READ,
    "SELECT " COLUMNS " FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  u BIGINT UNSIGNED PATH '$[0]', s BIGINT UNSIGNED PATH '$[1]')) t"
    " STRAIGHT_JOIN inbox i ON i.user_id = t.u AND i.seq = t.s"
    " STRAIGHT_JOIN notification n ON n.id = i.notification_id"
    " WHERE i.archived_at IS NULL");
/* Where the newest so many begin is looked up once a person, from the end of
 * his index; a row is compared with it. */
DB_STMT(LIVE_UNREAD, DB_LIVE, DB_READ,
    "SELECT " COLUMNS " FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  u BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN inbox i FORCE INDEX (inbox_unread)"
    " ON i.user_id = t.u AND i.read_at IS NULL AND i.seq >= COALESCE(("
    "  SELECT x.seq FROM inbox x FORCE INDEX (inbox_unread)"
    "  WHERE x.user_id = t.u AND x.read_at IS NULL"
    "  ORDER BY x.seq DESC LIMIT 1 OFFSET ?), 0)"
    " STRAIGHT_JOIN notification n ON n.id = i.notification_id");
DB_STMT(LIVE_SESSIONS, DB_LIVE, DB_READ,
    "SELECT s.id, t.i FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  s BIGINT UNSIGNED PATH '$[0]', u BIGINT UNSIGNED PATH '$[1]',"
    "  i BIGINT PATH '$[2]')) t"
    " STRAIGHT_JOIN session s ON s.id = t.s AND s.user_id = t.u"
    " STRAIGHT_JOIN user u ON u.id = t.u"
    " WHERE s.ended_at IS NULL AND s.ends_at > UTC_TIMESTAMP(6)"
    " AND s.idle_ends_at > UTC_TIMESTAMP(6) AND u.is_active"
    " AND (u.not_before IS NULL OR u.not_before <="
    "  TIMESTAMPADD(SECOND, t.i, '1970-01-01'))");
DB_STMT(LIVE_TICKET_USE, DB_LIVE, DB_SAFE,
    "INSERT IGNORE INTO live_ticket (hash, used_by, expires_at)"
    " SELECT UNHEX(t.h), ?, UTC_TIMESTAMP(6) + INTERVAL 5 MINUTE"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (h CHAR(64) PATH '$')) t");
DB_STMT(LIVE_TICKET_MINE, DB_LIVE, DB_READ,
    "SELECT l.hash FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  h CHAR(64) PATH '$')) t"
    " STRAIGHT_JOIN live_ticket l ON l.hash = UNHEX(t.h)"
    " WHERE l.used_by = ?");
DB_STMT(LIVE_TICKET_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM live_ticket WHERE expires_at < UTC_TIMESTAMP(6)"
    " ORDER BY expires_at LIMIT ?");

#define COUNT_OUT(c) DB_OUT(DB_TO_U64(&(c)->user_id), DB_TO_U64(&(c)->seq), \
	DB_TO_U64(&(c)->version), DB_TO_U64(&(c)->unread),		\
	DB_TO_U64(&(c)->unseen))
#define ROW_OUT(r) DB_OUT(DB_TO_U64(&(r)->user_id), DB_TO_U64(&(r)->seq), \
	DB_TO_U64(&(r)->notification_id), DB_TO_STR(&(r)->type),	\
	DB_TO_STR(&(r)->title), DB_TO_STR(&(r)->content),		\
	DB_TO_STR(&(r)->locale), DB_TO_TIME(&(r)->created_us))

int64_t
live_changed(struct db *db, struct arena *a, int64_t window_us,
    struct live_count *c, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	return db_each(db, &LIVE_CHANGED, a, DB_IN(DB_I64(window_us)),
	    COUNT_OUT(c), row, arg, e);
}

int64_t
live_counts(struct db *db, struct arena *a, const uint64_t *user_id,
    size_t n, struct live_count *c, int (*row)(void *arg, struct err *e),
    void *arg, struct err *e)
{
	struct buf b;
	int64_t rc;

	rc = db_each(db, &LIVE_COUNTS, a, DB_IN(DB_STR(buf_ids(&b, user_id,
	    n))), COUNT_OUT(c), row, arg, e);
	buf_fini(&b);
	return rc;
}

int64_t
live_rows(struct db *db, struct arena *a, const struct live_want *w,
    size_t n, struct live_row *r, int (*row)(void *arg, struct err *e),
    void *arg, struct err *e)
{
	struct buf b;
	int64_t rc;

	buf_init(&b, n * 48 + 16);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%c[%" PRIu64 ",%" PRIu64 "]",
		    i == 0 ? '[' : ',', w[i].user_id, w[i].seq);
	buf_str(&b, n == 0 ? "[]" : "]");
	rc = db_each(db, &LIVE_ROWS, a, DB_IN(DB_STR(buf_text(&b))),
	    ROW_OUT(r), row, arg, e);
	buf_fini(&b);
	return rc;
}

int64_t
live_unread(struct db *db, struct arena *a, const uint64_t *user_id,
    size_t n, unsigned most, struct live_row *r, int (*row)(void *arg,
    struct err *e), void *arg, struct err *e)
{
	struct buf b;
	int64_t rc;

	rc = db_each(db, &LIVE_UNREAD, a, DB_IN(DB_STR(buf_ids(&b, user_id,
	    n)), DB_U64(most - 1)), ROW_OUT(r), row, arg, e);
	buf_fini(&b);
	return rc;
}

int64_t
live_sessions(struct db *db, const struct live_session *s, size_t n,
    struct live_session *alive, int (*row)(void *arg, struct err *e),
    void *arg, struct err *e)
{
	struct buf b;
	int64_t rc;

	buf_init(&b, n * 72 + 16);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%c[%" PRIu64 ",%" PRIu64 ",%" PRId64 "]",
		    i == 0 ? '[' : ',', s[i].session_id, s[i].user_id,
		    s[i].iat_s);
	buf_str(&b, n == 0 ? "[]" : "]");
	rc = db_each(db, &LIVE_SESSIONS, NULL, DB_IN(DB_STR(buf_text(&b))),
	    DB_OUT(DB_TO_U64(&alive->session_id), DB_TO_I64(&alive->iat_s)),
	    row, arg, e);
	buf_fini(&b);
	return rc;
}

/* --- tickets -------------------------------------------------------------- */

struct mine {
	const uint8_t	(*hash)[32];
	size_t		 n;
	bool		*ok;
	const uint8_t	*it;
	size_t		 len;
};

static int
mine_row(void *arg, struct err *e)
{
	struct mine *m = arg;

	(void)e;
	for (size_t i = 0; m->len == 32 && i < m->n; i++)
		if (memcmp(m->hash[i], m->it, 32) == 0) {
			m->ok[i] = true;
			break;		/* shown twice, it serves one */
		}
	return 0;
}

int
live_ticket_use(struct db *db, const uint8_t (*hash)[32], size_t n,
    uint64_t key, bool *ok, struct err *e)
{
	struct mine m = { .hash = hash, .n = n, .ok = ok };
	struct arena *a;
	struct buf b;
	int rc = -1;

	memset(ok, 0, n * sizeof(*ok));
	if (n == 0)
		return 0;
	a = arena_new(n * 64 + 65536);
	buf_init(&b, n * 67 + 16);
	for (size_t i = 0; i < n; i++) {
		char hex[65];

		hex_encode(hex, hash[i], 32);
		buf_printf(&b, "%c\"%s\"", i == 0 ? '[' : ',', hex);
	}
	buf_char(&b, ']');
	if (db_run(db, &LIVE_TICKET_USE, DB_IN(DB_U64(key),
	    DB_STR(buf_text(&b))), e) < 0 ||
	    db_each(db, &LIVE_TICKET_MINE, a, DB_IN(DB_STR(buf_text(&b)),
	    DB_U64(key)), DB_OUT(DB_TO_BIN(&m.it, &m.len)), mine_row, &m,
	    e) < 0)
		goto out;
	rc = 0;
out:
	buf_fini(&b);
	arena_free(a);
	return rc;
}

int
live_ticket_purge(struct db *db, unsigned most, struct err *e)
{
	return (int)db_run(db, &LIVE_TICKET_PURGE, DB_IN(DB_U64(most)), e);
}
