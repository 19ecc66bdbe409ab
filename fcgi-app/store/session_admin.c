/*
 * session_admin.c - see session_admin.h.
 *
 * By the primary key, whose ids are in order of time, or by a user's index.
 */
#include "store/session_admin.h"

#define LIVE								\
	"(s.ended_at IS NULL AND s.ends_at > UTC_TIMESTAMP(6)"		\
	" AND s.idle_ends_at > UTC_TIMESTAMP(6))"
#define COLUMNS								\
	"SELECT s.id, s.user_id, s.actor_id, s.created_at, s.rotated_at,"	\
	" LEAST(s.ends_at, s.idle_ends_at), s.ended_at, s.end_reason, s.ip,"	\
	" s.last_ip, s.country, s.user_agent, s.amr, " LIVE ", u.email,"	\
	" u.phone FROM session s LEFT JOIN user u ON u.id = s.user_id"	\
	" WHERE s.id < ? AND s.id >= ?"
#define REST								\
	" AND (? < 0 OR " LIVE " = ?)"					\
	" AND (? IS NULL OR s.ip = ? OR s.last_ip = ?)"			\
	" ORDER BY s.id DESC LIMIT ?"
#define LOOKED_AT	50000u		/* rows a search */

DB_STMT(SESSION_FLOOR, DB_API, DB_READ,
    "SELECT id FROM session WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?");
DB_STMT(SESSION_SEARCH, DB_API, DB_READ, COLUMNS REST);
DB_STMT(SESSION_SEARCH_USER, DB_API, DB_READ, COLUMNS
    " AND s.user_id = ?" REST);

int
session_search(struct db *db, struct arena *a,
    struct session_search *f, struct session_row *r,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	const struct db_value before = DB_U64(f->before == 0 ? INT64_MAX :
	    f->before), live = DB_I64(f->live), ip = DB_STR(f->ip),
	    limit = DB_U64(f->limit);

	f->floor = 0;
	if (f->user_id == 0 && (f->live >= 0 || f->ip != NULL) &&
	    db_one(db, &SESSION_FLOOR, NULL, DB_IN(before,
	    DB_U64(LOOKED_AT)), DB_OUT(DB_TO_U64(&f->floor)), e) < 0)
		return -1;
	const struct db_value floor = DB_U64(f->floor);
	const struct db_in all = DB_IN(before, floor, live, live, ip, ip, ip,
	    limit), of_user = DB_IN(before, floor, DB_U64(f->user_id), live,
	    live, ip, ip, ip, limit);

	return (int)db_each(db, f->user_id == 0 ? &SESSION_SEARCH :
	    &SESSION_SEARCH_USER, a, f->user_id == 0 ? all : of_user,
	    DB_OUT(DB_TO_U64(&r->s.id), DB_TO_U64(&r->user_id),
	    DB_TO_U64(&r->s.actor_id), DB_TO_TIME(&r->s.created_at_us),
	    DB_TO_TIME(&r->s.seen_at_us), DB_TO_TIME(&r->s.ends_at_us),
	    DB_TO_TIME(&r->ended_us), DB_TO_STR(&r->end_reason),
	    DB_TO_STR(&r->s.ip), DB_TO_STR(&r->s.last_ip),
	    DB_TO_STR(&r->s.country), DB_TO_STR(&r->s.user_agent),
	    DB_TO_STR(&r->s.amr), DB_TO_BOOL(&r->live),
	    DB_TO_STR(&r->email), DB_TO_STR(&r->phone)), row, arg, e);
}
