/*
 * intake.c - statements on table intake.  Rows are made by the procedure
 * gatepost_notify, as its definer.
 */
#include "store/intake.h"

/* One worker asks at a time (lease "campaigns"): what locks it skips are
 * those of sites that have not committed. */
DB_STMT(INTAKE_LOCK, DB_WORKER, DB_READ,
    "SELECT id, IF(LENGTH(message) <= ?, message, NULL), asked_by,"
    " created_at FROM intake WHERE state = 0 ORDER BY id LIMIT ?"
    " FOR UPDATE SKIP LOCKED");
DB_STMT(INTAKE_ACCEPT, DB_WORKER, DB_SAFE,
    "UPDATE intake SET state = 1, notification_id = ?, message = '',"
    " done_at = UTC_TIMESTAMP(6) WHERE id = ? AND state = 0");
DB_STMT(INTAKE_REFUSE, DB_WORKER, DB_SAFE,
    "UPDATE intake SET state = 2, reason = ?, field = ?,"
    " done_at = UTC_TIMESTAMP(6) WHERE id = ? AND state = 0");
DB_STMT(INTAKE_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM intake WHERE done_at < UTC_TIMESTAMP(6) - INTERVAL 7 DAY"
    " AND (state = 1 OR done_at < UTC_TIMESTAMP(6) - INTERVAL 30 DAY)"
    " ORDER BY done_at LIMIT ?");
#define LIST(which)							\
	"SELECT id, state, notification_id, IF(LENGTH(message) <= ?,"	\
	" message, NULL), COALESCE(unique_key, ''), asked_by, reason,"	\
	" field, created_at, done_at FROM intake " which		\
	" id BETWEEN ? AND ? ORDER BY id"
#define OF_STATE "FORCE INDEX (intake_state) WHERE state = ? AND"
DB_STMT(INTAKE_LIST, DB_API, DB_READ, LIST("WHERE") " DESC LIMIT ?");
DB_STMT(INTAKE_LIST_UP, DB_API, DB_READ, LIST("WHERE") " LIMIT ?");
DB_STMT(INTAKE_OF, DB_API, DB_READ, LIST(OF_STATE) " DESC LIMIT ?");
DB_STMT(INTAKE_OF_UP, DB_API, DB_READ, LIST(OF_STATE) " LIMIT ?");
DB_STMT(INTAKE_KEY, DB_API, DB_READ,
    "SELECT id FROM intake WHERE unique_key = ?");

int
intake_lock(struct db *db, struct arena *a, struct intake_row *r, size_t max,
    struct err *e)
{
	struct intake_row it = { .id = 0 };

	return db_list(db, &INTAKE_LOCK, a, DB_IN(DB_U64(INTAKE_MESSAGE_MAX),
	    DB_U64(max)), DB_OUT(DB_TO_U64(&it.id), DB_TO_STR(&it.message),
	    DB_TO_STR(&it.asked_by), DB_TO_TIME(&it.created_us)),
	    DB_ROWS(r, &it, max), e);
}

int
intake_accept(struct db *db, uint64_t id, uint64_t notification_id,
    struct err *e)
{
	return db_run(db, &INTAKE_ACCEPT, DB_IN(DB_U64(notification_id),
	    DB_U64(id)), e) < 0 ? -1 : 0;
}

int
intake_refuse(struct db *db, uint64_t id, const char *reason,
    const char *field, struct err *e)
{
	return db_run(db, &INTAKE_REFUSE, DB_IN(DB_STR(reason),
	    DB_STR(field), DB_U64(id)), e) < 0 ? -1 : 0;
}

int
intake_purge(struct db *db, unsigned max, struct err *e)
{
	int64_t rc = db_run(db, &INTAKE_PURGE, DB_IN(DB_U64(max)), e);

	return (int)rc;
}

int
intake_each(struct db *db, struct arena *a, const struct intake_page *p,
    struct intake_row *r, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	const bool all = p->state < 0, up = p->span.up;
	const struct db_value most = DB_U64(INTAKE_MESSAGE_MAX);
	const struct db_value state = DB_I64(p->state);
	struct db_value low = DB_U64(span_low(&p->span));
	struct db_value high = DB_U64(span_high(&p->span));
	const struct db_value limit = DB_U64(p->limit);
	uint64_t id;
	int rc;

	memset(r, 0, sizeof(*r));
	/* A key has one row: the span narrows to it. */
	if (p->key[0] != '\0') {
		if ((rc = db_one(db, &INTAKE_KEY, NULL, DB_IN(DB_STR(p->key)),
		    DB_OUT(DB_TO_U64(&id)), e)) <= 0)
			return rc;
		if (id < span_low(&p->span) || id > span_high(&p->span))
			return 0;
		low = high = DB_U64(id);
	}
	const struct db_out out = DB_OUT(DB_TO_U64(&r->id), DB_TO_U64(&r->state),
	    DB_TO_U64(&r->notification_id), DB_TO_STR(&r->message),
	    DB_TO_STR(&r->unique_key), DB_TO_STR(&r->asked_by),
	    DB_TO_STR(&r->reason), DB_TO_STR(&r->field),
	    DB_TO_TIME(&r->created_us), DB_TO_TIME(&r->done_us));

	return (int)(all ? db_each(db, up ? &INTAKE_LIST_UP : &INTAKE_LIST, a,
	    DB_IN(most, low, high, limit), out, row, arg, e) :
	    db_each(db, up ? &INTAKE_OF_UP : &INTAKE_OF, a,
	    DB_IN(most, state, low, high, limit), out, row, arg, e));
}
