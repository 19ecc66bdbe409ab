/*
 * session_admin.c - see session_admin.h.
 *
 * By the primary key, whose ids are in order of time, or by a user's index.
 */
#include "store/session_admin.h"

#define LIVE								\
	"(s.ended_at IS NULL AND s.ends_at > UTC_TIMESTAMP(6)"		\
	" AND s.idle_ends_at > UTC_TIMESTAMP(6))"
#define PAGE								\
	"SELECT s.id, s.user_id, s.actor_id, s.created_at, s.rotated_at,"	\
	" LEAST(s.ends_at, s.idle_ends_at), s.ended_at, s.end_reason, s.ip,"	\
	" s.last_ip, s.country, s.user_agent, s.amr, " LIVE ", u.email,"	\
	" u.phone FROM session s LEFT JOIN user u ON u.id = s.user_id"	\
	" WHERE s.id BETWEEN ? AND ?"
#define REST								\
	" AND (? < 0 OR " LIVE " = ?)"					\
	" AND (? IS NULL OR s.ip = " DB_ASCII " OR s.last_ip = " DB_ASCII ")"	\
	" AND (? = '' OR LOCATE(?, u.email) > 0 OR " DB_HAS("u.phone")	\
	"  OR LOCATE(?, CONCAT(u.first_name, ' ', u.last_name)) > 0"	\
	"  OR " DB_HAS("s.ip") " OR " DB_HAS("s.last_ip")		\
	"  OR s.country = " DB_ASCII " OR LOCATE(?, s.user_agent) > 0) ORDER BY s.id"
#define EDGE	"SELECT id FROM session WHERE id BETWEEN ? AND ? ORDER BY id"
#define LOOKED_AT	50000u		/* rows a search */

DB_STMT(SESSION_EDGE, DB_API, DB_READ, EDGE " DESC LIMIT 1 OFFSET ?");
DB_STMT(SESSION_EDGE_UP, DB_API, DB_READ, EDGE " LIMIT 1 OFFSET ?");
DB_STMT(SESSION_SEARCH, DB_API, DB_READ, PAGE REST " DESC LIMIT ?");
DB_STMT(SESSION_SEARCH_UP, DB_API, DB_READ, PAGE REST " LIMIT ?");
DB_STMT(SESSION_SEARCH_USER, DB_API, DB_READ, PAGE
    " AND s.user_id = ?" REST " DESC LIMIT ?");
DB_STMT(SESSION_SEARCH_USER_UP, DB_API, DB_READ, PAGE
    " AND s.user_id = ?" REST " LIMIT ?");

int
session_search(struct db *db, struct arena *a,
    struct session_search *f, struct session_row *r,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	const bool up = f->span.up, of_one = f->user_id != 0;
	uint64_t low = span_low(&f->span), high = span_high(&f->span);
	const struct db_value live = DB_I64(f->live), ip = DB_STR(f->ip),
	    q = DB_STR(f->q), limit = DB_U64(f->limit);

	f->edge = 0;
	if (!of_one && (f->live >= 0 || f->ip != NULL || f->q[0] != '\0') &&
	    db_one(db, up ? &SESSION_EDGE_UP : &SESSION_EDGE, NULL,
	    DB_IN(DB_U64(low), DB_U64(high), DB_U64(LOOKED_AT)),
	    DB_OUT(DB_TO_U64(&f->edge)), e) < 0)
		return -1;
	if (f->edge != 0)
		*(up ? &high : &low) = f->edge;
	const struct db_value lo = DB_U64(low), hi = DB_U64(high);
#define REST_IN	live, live, ip, ip, ip, q, q, q, q, q, q, q, q, limit
	const struct db_in all = DB_IN(lo, hi, REST_IN),
	    of_user = DB_IN(lo, hi, DB_U64(f->user_id), REST_IN);

	return (int)db_each(db, of_one ?
	    up ? &SESSION_SEARCH_USER_UP : &SESSION_SEARCH_USER :
	    up ? &SESSION_SEARCH_UP : &SESSION_SEARCH, a,
	    of_one ? of_user : all,
	    DB_OUT(DB_TO_U64(&r->s.id), DB_TO_U64(&r->user_id),
	    DB_TO_U64(&r->s.actor_id), DB_TO_TIME(&r->s.created_at_us),
	    DB_TO_TIME(&r->s.seen_at_us), DB_TO_TIME(&r->s.ends_at_us),
	    DB_TO_TIME(&r->ended_us), DB_TO_STR(&r->end_reason),
	    DB_TO_STR(&r->s.ip), DB_TO_STR(&r->s.last_ip),
	    DB_TO_STR(&r->s.country), DB_TO_STR(&r->s.user_agent),
	    DB_TO_STR(&r->s.amr), DB_TO_BOOL(&r->live),
	    DB_TO_STR(&r->email), DB_TO_STR(&r->phone)), row, arg, e);
}
