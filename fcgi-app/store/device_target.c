/*
 * device_target.c - devices as targets: what planning and sending read, and
 * the mark that one is gone.
 */
#include "store/device.h"

#include "base/buf.h"

#define COLUMNS "d.id, d.user_id, d.kind, d.target, d.p256dh, d.auth,"	\
	" d.is_active, u.locale"

DB_STMT(DEVICE_BY_IDS, DB_WORKER, DB_READ,
    "SELECT " COLUMNS ", 0 FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  id BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN device d ON d.id = t.id AND d.kind = ?"
    " LEFT JOIN user u ON u.id = d.user_id");
DB_STMT(DEVICE_OF_USERS, DB_WORKER, DB_READ,
    "SELECT " COLUMNS ", t.id FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  id BIGINT UNSIGNED PATH '$')) t"
    " LEFT JOIN device d ON d.user_id = t.id AND d.kind = ? AND d.is_active"
    " LEFT JOIN user u ON u.id = t.id ORDER BY t.id, d.id LIMIT ?");
DB_STMT(DEVICE_OF_RECIPIENTS, DB_API | DB_WORKER, DB_READ,
    "SELECT " COLUMNS ", t.id FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  id BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN device d ON d.user_id = t.id AND d.is_active"
    " LEFT JOIN user u ON u.id = t.id ORDER BY t.id, d.id LIMIT ?");
DB_STMT(DEVICE_MEMBERS, DB_API | DB_WORKER, DB_READ,
    "SELECT " COLUMNS ", 0 FROM push_group_device g"
    " STRAIGHT_JOIN device d ON d.id = g.device_id AND d.is_active"
    " LEFT JOIN push_group_user m ON m.group_id = g.group_id"
    "  AND m.user_id = d.user_id LEFT JOIN user u ON u.id = d.user_id"
    " WHERE g.group_id = ? AND g.device_id > ? AND m.user_id IS NULL"
    " ORDER BY g.device_id LIMIT ?");
DB_STMT(DEVICE_OF_GROUP, DB_WORKER, DB_READ,
    "SELECT " COLUMNS ", 0 FROM ("
    " (SELECT g.device_id AS id FROM push_group_device g"
    "  WHERE g.group_id = ? AND g.device_id > ?"
    "  ORDER BY g.device_id LIMIT ?)"
    " UNION"
    " (SELECT x.id FROM push_group_user m JOIN device x"
    "  ON x.user_id = m.user_id WHERE m.group_id = ? AND x.id > ?"
    "  ORDER BY x.id LIMIT ?)) t"
    " JOIN device d ON d.id = t.id LEFT JOIN user u ON u.id = d.user_id"
    " WHERE d.kind = ? ORDER BY d.id LIMIT ?");
DB_STMT(DEVICE_DEAD, DB_WORKER, DB_SAFE,
    "UPDATE device SET is_active = FALSE, dead_at = UTC_TIMESTAMP(6),"
    " dead_reason = ? WHERE id = ? AND dead_at IS NULL");

/* By reason: an administrator's "no" is kept. */
DB_STMT(DEVICE_LONG_DEAD, DB_WORKER, DB_READ,
    "SELECT id FROM device WHERE dead_reason = ?"
    " AND dead_at < UTC_TIMESTAMP(6) - INTERVAL ? DAY"
    " ORDER BY dead_at LIMIT ? FOR UPDATE");
#define IDS "JSON_TABLE(?, '$[*]' COLUMNS (i BIGINT UNSIGNED PATH '$')) t"
DB_STMT(DEVICE_PURGE_GROUPS, DB_WORKER, DB_SAFE,
    "DELETE g FROM " IDS " STRAIGHT_JOIN push_group_device g"
    " ON g.device_id = t.i");
DB_STMT(DEVICE_PURGE, DB_WORKER, DB_SAFE,
    "DELETE d FROM " IDS " STRAIGHT_JOIN device d ON d.id = t.i");

struct rows {
	struct device_target	*out, it;
	size_t			 n, max, dh_len, auth_len;
	uint64_t		 asked;	/* user asked for */
};

static int
row(void *arg, struct err *e)
{
	struct rows *r = arg;

	(void)e;
	if (r->n >= r->max)
		return 1;
	r->out[r->n] = r->it;
	if (r->dh_len != 65)
		r->out[r->n].p256dh = NULL;
	if (r->auth_len != 16)
		r->out[r->n].auth = NULL;
	if (r->it.locale == NULL)
		r->out[r->n].locale = "";
	if (r->asked != 0)
		r->out[r->n].user_id = r->asked;
	r->n++;
	return 0;
}

static int
read_rows(struct db *db, struct arena *a, const struct db_stmt *s,
    struct db_in in, struct device_target *out, size_t max, struct err *e)
{
	struct rows r = { .out = out, .max = max };

	if (db_each(db, s, a, in, DB_OUT(DB_TO_U64(&r.it.id),
	    DB_TO_U64(&r.it.user_id), DB_TO_STR(&r.it.kind),
	    DB_TO_STR(&r.it.target),
	    DB_TO_BIN(&r.it.p256dh, &r.dh_len),
	    DB_TO_BIN(&r.it.auth, &r.auth_len), DB_TO_BOOL(&r.it.active),
	    DB_TO_STR(&r.it.locale), DB_TO_U64(&r.asked)), row, &r, e) < 0)
		return -1;
	return (int)r.n;
}

int
device_by_ids(struct db *db, struct arena *a, const char *kind,
    const uint64_t *id, size_t n, struct device_target *out, size_t max,
    struct err *e)
{
	struct buf b;
	const char *ids = buf_ids(&b, id, n);
	int rc = read_rows(db, a, &DEVICE_BY_IDS, DB_IN(DB_STR(ids),
	    DB_STR(kind)), out, max, e);

	buf_fini(&b);
	return rc;
}

int
device_of_users(struct db *db, struct arena *a, const char *kind,
    const uint64_t *user_id, size_t n, struct device_target *out, size_t max,
    struct err *e)
{
	struct buf b;
	const char *ids = buf_ids(&b, user_id, n);
	int rc = read_rows(db, a, &DEVICE_OF_USERS, DB_IN(DB_STR(ids),
	    DB_STR(kind), DB_U64(max)), out, max, e);

	buf_fini(&b);
	return rc;
}

int
device_of_recipients(struct db *db, struct arena *a, const uint64_t *user_id,
    size_t n, struct device_target *out, size_t max, struct err *e)
{
	struct buf b;
	const char *ids = buf_ids(&b, user_id, n);
	int rc = read_rows(db, a, &DEVICE_OF_RECIPIENTS, DB_IN(DB_STR(ids),
	    DB_U64(max)), out, max, e);

	buf_fini(&b);
	return rc;
}

int
device_members(struct db *db, struct arena *a, uint64_t group_id,
    uint64_t after, struct device_target *out, size_t max, struct err *e)
{
	return read_rows(db, a, &DEVICE_MEMBERS, DB_IN(DB_U64(group_id),
	    DB_U64(after), DB_U64(max)), out, max, e);
}

int
device_of_group(struct db *db, struct arena *a, const char *kind,
    uint64_t group_id, uint64_t after, struct device_target *out, size_t max,
    struct err *e)
{
	return read_rows(db, a, &DEVICE_OF_GROUP, DB_IN(DB_U64(group_id),
	    DB_U64(after), DB_U64(max), DB_U64(group_id), DB_U64(after),
	    DB_U64(max), DB_STR(kind), DB_U64(max)), out, max, e);
}

int64_t
device_mark_dead(struct db *db, const struct device_dead *d, size_t n,
    struct err *e)
{
	int64_t rows = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t rc = db_run(db, &DEVICE_DEAD,
		    DB_IN(DB_STR(d[i].reason), DB_U64(d[i].id)), e);

		if (rc < 0)
			return -1;
		rows += rc;
	}
	return rows;
}

/* --- those that are gone for long ----------------------------------------- */

#define KEEP_DAYS	30

struct purging {
	const char	*reason;
	unsigned	 max;
	uint64_t	 it;
	struct buf	 ids;
	int		 n;
};

static int
purge_row(void *arg, struct err *e)
{
	struct purging *p = arg;

	(void)e;
	buf_printf(&p->ids, "%c%" PRIu64, p->n++ == 0 ? '[' : ',', p->it);
	return 0;
}

static int
purge_work(struct db *db, void *arg, struct err *e)
{
	struct purging *p = arg;

	p->n = 0;
	buf_reset(&p->ids);
	if (db_each(db, &DEVICE_LONG_DEAD, NULL, DB_IN(DB_STR(p->reason),
	    DB_U64(KEEP_DAYS), DB_U64(p->max)), DB_OUT(DB_TO_U64(&p->it)),
	    purge_row, p, e) < 0)
		return -1;
	if (p->n == 0)
		return 1;
	buf_char(&p->ids, ']');
	return db_run(db, &DEVICE_PURGE_GROUPS,
	    DB_IN(DB_STR(buf_text(&p->ids))), e) < 0 || db_run(db,
	    &DEVICE_PURGE, DB_IN(DB_STR(buf_text(&p->ids))), e) < 0 ? -1 : 0;
}

int
device_purge(struct db *db, unsigned max, struct err *e)
{
	static const char *const reason[] = { "gone", "vapid_key_mismatch",
		"device_not_registered", "undone" };
	struct purging p = { .max = max };
	int n = 0, rc = 0;

	buf_init(&p.ids, (size_t)max * 24 + 16);
	for (size_t i = 0; i < COUNT_OF(reason) && rc >= 0; i++) {
		p.reason = reason[i];
		rc = db_tx(db, purge_work, &p, e);
		n = p.n > n ? p.n : n;
	}
	buf_fini(&p.ids);
	return rc < 0 ? -1 : n;
}
