/*
 * revocation.c - not-befores of users, and the list the master reads.
 */
#include "store/revocation.h"
#include "base/clock.h"
#include "base/rand.h"

/* Whole seconds, as iat is: the next one, and later than the last. */
DB_STMT(REVOCATION_USER, DB_API | DB_WORKER | DB_CTL, DB_SAFE,
    "UPDATE user SET not_before = GREATEST("
    "UTC_TIMESTAMP() + INTERVAL 1 SECOND,"
    " COALESCE(not_before + INTERVAL 1 SECOND, '2000-01-01')),"
    " updated_at = UTC_TIMESTAMP(6) WHERE id = ?");
DB_STMT(REVOCATION_USER_AT, DB_API | DB_WORKER | DB_CTL, DB_READ,
    "SELECT not_before FROM user WHERE id = ?");
DB_STMT(REVOCATION_ADD, DB_API | DB_WORKER | DB_CTL, DB_SAFE,
    "INSERT INTO revocation (id, session_id, user_id, not_before, created_at,"
    " expires_at) VALUES (?, 0, ?, ?, UTC_TIMESTAMP(6),"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND)"
    " ON DUPLICATE KEY UPDATE not_before = VALUES(not_before)");
DB_STMT(REVOCATION_NOW, DB_API, DB_READ, "SELECT UTC_TIMESTAMP(6)");
DB_STMT(REVOCATION_SINCE, DB_API, DB_READ,
    "SELECT id, session_id, user_id, not_before, created_at, expires_at"
    " FROM revocation WHERE created_at >= ?"
    " AND expires_at > UTC_TIMESTAMP(6)");
DB_STMT(REVOCATION_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM revocation WHERE expires_at < UTC_TIMESTAMP(6)"
    " ORDER BY expires_at LIMIT ?");

/* A token may be accepted for a little longer than its life (clock skew). */
#define SLACK_S		60
#define SINCE_EVER	(INT64_C(946684800) * US_PER_S)	/* 2000-01-01 */

struct outdate { uint64_t user_id; uint32_t life_s; int64_t at_us; int found; };

static int
outdate_work(struct db *db, void *arg, struct err *e)
{
	struct outdate *o = arg;

	o->found = 0;
	if (db_run(db, &REVOCATION_USER, DB_IN(DB_U64(o->user_id)), e) < 0)
		return -1;
	o->found = db_one(db, &REVOCATION_USER_AT, NULL,
	    DB_IN(DB_U64(o->user_id)), DB_OUT(DB_TO_TIME(&o->at_us)), e);
	if (o->found <= 0)
		return o->found;
	return db_run(db, &REVOCATION_ADD, DB_IN(DB_U64(rand_id()),
	    DB_U64(o->user_id), DB_WHEN(o->at_us),
	    DB_U64(o->life_s + SLACK_S)), e) < 0 ? -1 : 0;
}

int
revocation_outdate(struct db *db, uint64_t user_id, uint32_t access_life_s,
    int64_t *not_before_s, struct err *e)
{
	struct outdate o = { .user_id = user_id, .life_s = access_life_s };

	if (db_join(db, outdate_work, &o, e) < 0)
		return -1;
	*not_before_s = o.at_us / US_PER_S;
	return o.found;
}

int
revocation_each(struct db *db, int64_t since_us, struct revocation *r,
    int64_t *now_us, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	/* Asked before the rows: a later stamp would hide what was committed
	 * between the two. */
	if (now_us != NULL && db_one(db, &REVOCATION_NOW, NULL, DB_NONE,
	    DB_OUT(DB_TO_TIME(now_us)), e) < 0)
		return -1;
	return (int)db_each(db, &REVOCATION_SINCE, NULL,
	    DB_IN(DB_WHEN(since_us == 0 ? SINCE_EVER : since_us)),
	    DB_OUT(DB_TO_U64(&r->id), DB_TO_U64(&r->session_id),
	    DB_TO_U64(&r->user_id), DB_TO_TIME(&r->not_before_us),
	    DB_TO_TIME(&r->created_us), DB_TO_TIME(&r->expires_us)), row, arg,
	    e);
}

int
revocation_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &REVOCATION_PURGE, DB_IN(DB_U64(max)), e);
}
