/*
 * device_admin.c - see device_admin.h.
 */
#include "store/device_admin.h"

#include "base/buf.h"

#define LOOKED_AT	50000u		/* rows a search */
#define HEAD "LEAST(32, LENGTH(d.target) DIV 2)"	/* device_shown */
#define TAIL "IF(d.kind = 'expo', 0, LEAST(8, LENGTH(d.target) DIV 8))"
#define END_LEAST "20"

#define EDGE	"SELECT id FROM device WHERE id BETWEEN ? AND ? ORDER BY id"
#define SEARCH(NAME, order) DB_STMT(DEVICE_##NAME, DB_API, DB_READ,	\
    "SELECT d.id, d.user_id, d.kind, d.target, d.browser, d.user_agent,"	\
    " d.dead_reason, u.email, d.is_active, d.created_at, d.seen_at,"	\
    " d.dead_at FROM device d LEFT JOIN user u ON u.id = d.user_id"	\
    " WHERE d.id BETWEEN ? AND ? AND (? = 0 OR d.user_id = ?)"	\
    " AND (? IS NULL OR d.kind = ?) AND (? IS NULL OR d.target_hash = ?)"	\
    " AND (? = '' OR LOCATE(?, u.email) > 0"	\
    "  OR d.target_hash = UNHEX(SHA2(?, 256))"	\
    "  OR (LEFT(d.target, LENGTH(?)) = " DB_ASCII " AND LENGTH(?) <= " HEAD ")"	\
    "  OR (RIGHT(d.target, LENGTH(?)) = " DB_ASCII	\
    "   AND (LENGTH(?) >= " END_LEAST " OR LENGTH(?) <= " TAIL ")))"	\
    " AND (? < 0 OR d.is_active = ?) AND (? IS NULL OR d.created_at >= ?)"	\
    " AND (? IS NULL OR d.created_at < ?) ORDER BY d.id" order " LIMIT ?")
SEARCH(SEARCH, " DESC");
SEARCH(SEARCH_UP, "");
DB_STMT(DEVICE_EDGE, DB_API, DB_READ, EDGE " DESC LIMIT 1 OFFSET ?");
DB_STMT(DEVICE_EDGE_UP, DB_API, DB_READ, EDGE " LIMIT 1 OFFSET ?");
DB_STMT(DEVICE_SET_ACTIVE, DB_API, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN device d ON d.id = t.id"
    " SET d.is_active = ?, d.dead_at = IF(?, NULL, UTC_TIMESTAMP(6)),"
    " d.dead_reason = IF(?, NULL, 'admin') WHERE d.is_active <> ?");

void
device_shown(const char *kind, size_t len, size_t *head, size_t *tail)
{
	*head = len / 2 < 32 ? len / 2 : 32;
	*tail = strcmp(kind, "expo") == 0 ? 0 : len / 8 < 8 ? len / 8 : 8;
}

/* As far as it looks.  0 or -1. */
static int
find_edge(struct db *db, struct device_search *f, uint64_t *low,
    uint64_t *high, struct err *e)
{
	const bool up = f->span.up;

	f->edge = 0;
	if (f->user_id != 0 || f->target_hash != NULL || (f->q == NULL &&
	    f->kind == NULL && f->active < 0 && f->since_us == 0 &&
	    f->until_us == 0))
		return 0;
	if (db_one(db, up ? &DEVICE_EDGE_UP : &DEVICE_EDGE, NULL,
	    DB_IN(DB_U64(*low), DB_U64(*high), DB_U64(LOOKED_AT)),
	    DB_OUT(DB_TO_U64(&f->edge)), e) < 0)
		return -1;
	if (f->edge != 0)
		*(up ? high : low) = f->edge;
	return 0;
}

int
device_search(struct db *db, struct arena *a, struct device_search *f,
    struct device_seen *d, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	const struct db_value user = DB_U64(f->user_id),
	    kind = DB_STR(f->kind), hash = DB_BIN(f->target_hash, 32),
	    q = DB_STR(f->q == NULL ? "" : f->q),
	    active = DB_I64(f->active), since = DB_WHEN(f->since_us),
	    until = DB_WHEN(f->until_us);

	uint64_t low = span_low(&f->span), high = span_high(&f->span);

	if (find_edge(db, f, &low, &high, e) < 0)
		return -1;
	return (int)db_each(db, f->span.up ? &DEVICE_SEARCH_UP :
	    &DEVICE_SEARCH, a, DB_IN(DB_U64(low), DB_U64(high), user,
	    user, kind, kind, hash, hash, q, q, q, q, q, q, q, q, q, q,
	    active, active, since, since, until, until,
	    DB_U64(f->limit)), DB_OUT(DB_TO_U64(&d->id),
	    DB_TO_U64(&d->user_id), DB_TO_STR(&d->kind),
	    DB_TO_STR(&d->target), DB_TO_STR(&d->browser),
	    DB_TO_STR(&d->user_agent), DB_TO_STR(&d->dead_reason),
	    DB_TO_STR(&d->email), DB_TO_BOOL(&d->active),
	    DB_TO_TIME(&d->created_us), DB_TO_TIME(&d->seen_us),
	    DB_TO_TIME(&d->dead_us)), row, arg, e);
}

int64_t
device_set_active(struct db *db, const uint64_t *id, size_t n, bool active,
    struct err *e)
{
	const struct db_value on = DB_U64(active ? 1 : 0);
	struct buf b;
	int64_t rc;

	rc = db_run(db, &DEVICE_SET_ACTIVE, DB_IN(DB_STR(buf_ids(&b, id, n)),
	    on, on, on, on), e);
	buf_fini(&b);
	return rc;
}
