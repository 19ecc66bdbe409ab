/*
 * audit_page.c - a statement an index and a direction.
 */
#include "store/audit_page.h"

#include "store/delivery_log.h"

/* Rows a page looks at: in the order of the key, and by another index, where
 * each row is a page of its own. */
#define STRETCH		20000u
#define STRETCH_BY	5000u
/* Between the making of an id and the time in its row. */
#define SKEW_US		(INT64_C(600) * 1000000)

#define COLUMNS \
	"SELECT id, at, event, outcome, user_id, actor_id, session_id," \
	" request_id, ip, country, user_agent, detail FROM audit"
#define REST " AND (? = '' OR outcome = " DB_ASCII ")" \
	" AND (? = '' OR ip = " DB_ASCII ")" \
	" AND (? = '' OR " DB_HAS("event") " OR " DB_HAS("ip") \
	"  OR request_id = " DB_ASCII " OR LOCATE(?, user_agent) > 0" \
	"  OR LOCATE(?, detail) > 0)" \
	" AND (? IS NULL OR at >= ?) AND (? IS NULL OR at < ?) ORDER BY id"
#define BOTH(NAME, what)						\
	DB_STMT(AUDIT_##NAME, DB_API, DB_READ, what " DESC LIMIT ?");	\
	DB_STMT(AUDIT_##NAME##_UP, DB_API, DB_READ, what " LIMIT ?")
#define EDGE(NAME, where)						\
	DB_STMT(AUDIT_##NAME, DB_API, DB_READ, "SELECT id FROM audit"	\
	    " WHERE " where " ORDER BY id DESC LIMIT 1 OFFSET ?");	\
	DB_STMT(AUDIT_##NAME##_UP, DB_API, DB_READ, "SELECT id FROM"	\
	    " audit WHERE " where " ORDER BY id LIMIT 1 OFFSET ?")

BOTH(PAGE, COLUMNS " WHERE id BETWEEN ? AND ?" REST);
BOTH(PAGE_EVENT, COLUMNS " WHERE id BETWEEN ? AND ? AND event = " DB_ASCII REST);
BOTH(PAGE_USER, COLUMNS " WHERE id BETWEEN ? AND ?"
    " AND (user_id = ? OR actor_id = ?) AND (? = '' OR event = " DB_ASCII ")" REST);
EDGE(EDGE, "id BETWEEN ? AND ?");
EDGE(EDGE_EVENT, "id BETWEEN ? AND ? AND event = " DB_ASCII);

/* Ids of about that time. */
static void
narrow(const struct audit_filter *f, uint64_t *low, uint64_t *high)
{
	uint64_t id;

	if (f->since_us > SKEW_US &&
	    (id = delivery_id_of(f->since_us - SKEW_US)) > *low)
		*low = id;
	if (f->until_us != 0 &&
	    (id = delivery_id_of(f->until_us + SKEW_US)) < *high)
		*high = id;
}

/* As far as one page looks.  0 or -1. */
static int
find_edge(struct db *db, struct audit_filter *f, uint64_t *low,
    uint64_t *high, struct err *e)
{
	const bool by_event = f->event[0] != '\0', up = f->span.up;
	const struct db_value lo = DB_U64(*low), hi = DB_U64(*high),
	    far = DB_U64(by_event ? STRETCH_BY : STRETCH);
	const struct db_in all = DB_IN(lo, hi, far),
	    of_event = DB_IN(lo, hi, DB_STR(f->event), far);
	const struct db_stmt *s = by_event ? up ? &AUDIT_EDGE_EVENT_UP :
	    &AUDIT_EDGE_EVENT : up ? &AUDIT_EDGE_UP : &AUDIT_EDGE;

	f->edge = 0;
	if (f->user_id != 0 || (f->outcome[0] == '\0' && f->ip[0] == '\0' &&
	    f->q[0] == '\0'))
		return 0;
	if (db_one(db, s, NULL, by_event ? of_event : all,
	    DB_OUT(DB_TO_U64(&f->edge)), e) < 0)
		return -1;
	if (f->edge != 0)
		*(up ? high : low) = f->edge;
	return 0;
}

int
audit_page(struct db *db, struct arena *a, struct audit_filter *f,
    struct audit_row *r, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	uint64_t low = span_low(&f->span), high = span_high(&f->span);
	const struct db_value user = DB_U64(f->user_id),
	    event = DB_STR(f->event), since = DB_WHEN(f->since_us),
	    until = DB_WHEN(f->until_us), outcome = DB_STR(f->outcome),
	    ip = DB_STR(f->ip), q = DB_STR(f->q), limit = DB_U64(f->limit);
	const bool by_event = f->event[0] != '\0', up = f->span.up;

	memset(r, 0, sizeof(*r));
	narrow(f, &low, &high);
	if (find_edge(db, f, &low, &high, e) < 0)
		return -1;
	const struct db_value lo = DB_U64(low), hi = DB_U64(high);
#define REST_IN	outcome, outcome, ip, ip, q, q, q, q, q, q, since, since, \
	until, until, limit
	const struct db_in all = DB_IN(lo, hi, REST_IN),
	    of_event = DB_IN(lo, hi, event, REST_IN),
	    of_user = DB_IN(lo, hi, user, user, event, event, REST_IN);
	const struct db_stmt *s = f->user_id != 0 ?
	    up ? &AUDIT_PAGE_USER_UP : &AUDIT_PAGE_USER : by_event ?
	    up ? &AUDIT_PAGE_EVENT_UP : &AUDIT_PAGE_EVENT :
	    up ? &AUDIT_PAGE_UP : &AUDIT_PAGE;
	const struct db_in in = f->user_id != 0 ? of_user :
	    by_event ? of_event : all;

	return (int)db_each(db, s, a, in, DB_OUT(DB_TO_U64(&r->id),
	    DB_TO_TIME(&r->at_us), DB_TO_STR(&r->event),
	    DB_TO_STR(&r->outcome), DB_TO_U64(&r->user_id),
	    DB_TO_U64(&r->actor_id), DB_TO_U64(&r->session_id),
	    DB_TO_STR(&r->request_id), DB_TO_STR(&r->ip),
	    DB_TO_STR(&r->country), DB_TO_STR(&r->user_agent),
	    DB_TO_STR(&r->detail)), row, arg, e);
}
