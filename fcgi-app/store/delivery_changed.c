/*
 * delivery_changed.c - what a change of state brings along, in its
 * transaction.
 *
 * Counters by the hour have a shard a connection: transactions that count at
 * once do not wait for one another's row.  READ COMMITTED reads what this
 * transaction wrote, and locks nothing of delivery again.
 */
#include "store/delivery.h"

#include "base/buf.h"
#include "base/json.h"
#include "store/webhook.h"

DB_STMT(DELIVERY_HOUR_COUNT, DB_LIVE | DB_API | DB_WORKER | DB_CTL, DB_ONCE,
    "INSERT INTO delivery_hour (hour, provider, channel, state, shard, n)"
    " SELECT DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%d %H:00:00') h,"
    " d.provider p, d.channel c, d.state s, CONNECTION_ID() % 64 x, COUNT(*)"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$[0]', s INT UNSIGNED PATH '$[1]')) t"
    " STRAIGHT_JOIN delivery d ON d.notification_id = t.i AND d.seq = t.s"
    " WHERE d.state <> 'queued' GROUP BY h, p, c, d.state, x"
    " ORDER BY p, c, d.state"
    " ON DUPLICATE KEY UPDATE n = delivery_hour.n + VALUES(n)");

DB_STMT(DELIVERY_HOUR_ADD, DB_WORKER, DB_ONCE,
    "INSERT INTO delivery_hour (hour, provider, channel, state, shard, n)"
    " SELECT DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%d %H:00:00'), t.p, t.c,"
    " t.s, CONNECTION_ID() % 64, t.n FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  p VARCHAR(24) PATH '$[0]', c VARCHAR(12) PATH '$[1]',"
    "  s VARCHAR(10) PATH '$[2]', n INT UNSIGNED PATH '$[3]')) t"
    " ORDER BY t.p, t.c, t.s"
    " ON DUPLICATE KEY UPDATE n = delivery_hour.n + VALUES(n)");

DB_STMT(DELIVERY_END_LIST, DB_LIVE | DB_API | DB_WORKER, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT UNSIGNED PATH '$[0]',"
    "  s INT UNSIGNED PATH '$[1]')) t"
    " STRAIGHT_JOIN delivery d ON d.notification_id = t.i AND d.seq = t.s"
    " SET d.state = ?, d.reason = ?, d.updated_at = UTC_TIMESTAMP(6)"
    " WHERE d.state = 'queued'");

DB_STMT(DELIVERY_UNREAD, DB_API | DB_LIVE, DB_READ,
    "SELECT d.notification_id, d.seq FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN delivery d ON d.notification_id = t.i AND d.user_id = ?"
    " AND d.channel = 'in_app'"
    " WHERE d.state IN ('sent', 'delivered') FOR UPDATE");
DB_STMT(DELIVERY_READ, DB_API | DB_LIVE, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT UNSIGNED PATH '$[0]',"
    "  s INT UNSIGNED PATH '$[1]')) t"
    " STRAIGHT_JOIN delivery d ON d.notification_id = t.i AND d.seq = t.s"
    " SET d.state = 'read', d.updated_at = UTC_TIMESTAMP(6)"
    " WHERE d.state IN ('sent', 'delivered')");

int
delivery_changed_list(struct db *db, const char *pairs, struct err *e)
{
	if (db_run(db, &DELIVERY_HOUR_COUNT, DB_IN(DB_STR(pairs)), e) < 0)
		return -1;
	return webhook_note(db, pairs, e) < 0 ? -1 : 0;
}

static void
pairs_text(struct buf *b, const struct delivery_ref *r, size_t n)
{
	buf_init(b, n * 40 + 16);
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s[%" PRIu64 ",%u]", i > 0 ? "," : "",
		    r[i].notification_id, r[i].seq);
	buf_char(b, ']');
}

int
delivery_changed(struct db *db, const struct delivery_ref *r, size_t n,
    struct err *e)
{
	struct buf b;
	int rc;

	if (n == 0)
		return 0;
	pairs_text(&b, r, n);
	rc = delivery_changed_list(db, buf_text(&b), e);
	buf_fini(&b);
	return rc;
}

int
delivery_changed_known(struct db *db, const struct delivery_ref *r, size_t n,
    const struct delivery_tally *t, size_t tallies, struct err *e)
{
	struct buf b;
	struct jw w;
	int rc;

	if (n == 0)
		return 0;
	buf_init(&b, tallies * 512 + 16);
	jw_init(&w, &b);
	jw_array(&w, NULL);
	for (size_t i = 0; i < tallies; i++) {
		jw_array(&w, NULL);
		jw_str(&w, NULL, t[i].provider);
		jw_str(&w, NULL, t[i].channel);
		jw_str(&w, NULL, t[i].state);
		jw_u64(&w, NULL, t[i].n);
		jw_end(&w);
	}
	jw_end(&w);
	rc = db_run(db, &DELIVERY_HOUR_ADD, DB_IN(DB_STR(buf_text(&b))), e) <
	    0 ? -1 : 0;
	buf_fini(&b);
	if (rc < 0)
		return -1;
	pairs_text(&b, r, n);
	rc = webhook_note(db, buf_text(&b), e) < 0 ? -1 : 0;
	buf_fini(&b);
	return rc;
}

int64_t
delivery_end_list(struct db *db, const char *pairs, const char *state,
    const char *reason, struct err *e)
{
	int64_t n = db_run(db, &DELIVERY_END_LIST, DB_IN(DB_STR(pairs),
	    DB_STR(state), DB_STR(reason)), e);

	if (n > 0 && delivery_changed_list(db, pairs, e) < 0)
		return -1;
	return n;
}

struct unread { struct buf b; uint64_t notification_id, seq; size_t n; };

static int
unread_row(void *arg, struct err *e)
{
	struct unread *u = arg;

	(void)e;
	buf_printf(&u->b, "%c[%" PRIu64 ",%" PRIu64 "]", u->n++ == 0 ? '[' :
	    ',', u->notification_id, u->seq);
	return 0;
}

int64_t
delivery_read(struct db *db, uint64_t user_id,
    const uint64_t *notification_id, size_t n, struct err *e)
{
	struct unread u = { .n = 0 };
	struct buf ids;
	int64_t rc = -1;

	buf_init(&u.b, n * 48 + 64);
	if (db_each(db, &DELIVERY_UNREAD, NULL, DB_IN(DB_STR(buf_ids(&ids,
	    notification_id, n)), DB_U64(user_id)),
	    DB_OUT(DB_TO_U64(&u.notification_id), DB_TO_U64(&u.seq)),
	    unread_row, &u, e) < 0)
		goto out;
	rc = 0;
	if (u.n == 0)
		goto out;
	buf_char(&u.b, ']');
	rc = db_run(db, &DELIVERY_READ, DB_IN(DB_STR(buf_text(&u.b))), e);
	if (rc > 0 && delivery_changed_list(db, buf_text(&u.b), e) < 0)
		rc = -1;
out:
	buf_fini(&ids);
	buf_fini(&u.b);
	return rc;
}
