/*
 * audit_page.c - three statements, so that each has its index.
 */
#include "store/audit_page.h"

#define COLUMNS \
	"SELECT id, at, event, outcome, user_id, actor_id, session_id," \
	" request_id, ip, country, user_agent, detail FROM audit WHERE id < ?"
#define REST " AND (? = '' OR outcome = ?) AND (? = '' OR ip = ?)" \
	" AND (? IS NULL OR at >= ?) AND (? IS NULL OR at < ?)" \
	" ORDER BY id DESC LIMIT ?"
DB_STMT(AUDIT_PAGE, DB_API, DB_READ, COLUMNS REST);
DB_STMT(AUDIT_PAGE_EVENT, DB_API, DB_READ, COLUMNS " AND event = ?" REST);
DB_STMT(AUDIT_PAGE_USER, DB_API, DB_READ, COLUMNS
    " AND (user_id = ? OR actor_id = ?) AND (? = '' OR event = ?)" REST);

int
audit_page(struct db *db, struct arena *a, const struct audit_filter *f,
    struct audit_row *r, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	const struct db_value before = DB_U64(f->before == 0 ? INT64_MAX :
	    f->before), user = DB_U64(f->user_id), event = DB_STR(f->event),
	    since = DB_WHEN(f->since_us), until = DB_WHEN(f->until_us),
	    outcome = DB_STR(f->outcome), ip = DB_STR(f->ip),
	    limit = DB_U64(f->limit);
#define REST_IN	outcome, outcome, ip, ip, since, since, until, until, limit
	const struct db_in all = DB_IN(before, REST_IN),
	    of_event = DB_IN(before, event, REST_IN),
	    of_user = DB_IN(before, user, user, event, event, REST_IN);
	const bool by_event = f->event[0] != '\0';
	const struct db_stmt *s = f->user_id != 0 ? &AUDIT_PAGE_USER :
	    by_event ? &AUDIT_PAGE_EVENT : &AUDIT_PAGE;
	const struct db_in in = f->user_id != 0 ? of_user :
	    by_event ? of_event : all;

	memset(r, 0, sizeof(*r));
	return (int)db_each(db, s, a, in, DB_OUT(DB_TO_U64(&r->id),
	    DB_TO_TIME(&r->at_us), DB_TO_STR(&r->event),
	    DB_TO_STR(&r->outcome), DB_TO_U64(&r->user_id),
	    DB_TO_U64(&r->actor_id), DB_TO_U64(&r->session_id),
	    DB_TO_STR(&r->request_id), DB_TO_STR(&r->ip),
	    DB_TO_STR(&r->country), DB_TO_STR(&r->user_agent),
	    DB_TO_STR(&r->detail)), row, arg, e);
}
