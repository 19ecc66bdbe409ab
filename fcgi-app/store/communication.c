/*
 * communication.c - the history of what users sent.  What a token sent is the
 * token's, not of the superuser behind it.
 */
#include "store/communication.h"

#define PENDING	"'queued', 'sending'"
#define SENT	"'sent', 'delivered', 'read'"
/* The words that old clients know, of a delivery's state. */
#define STATUS								\
	"CASE WHEN COALESCE(d.state, 'queued') IN (" PENDING ") THEN 'pending'" \
	" WHEN d.state IN (" SENT ") THEN 'sent' ELSE 'failed' END"
#define OF_PAGE								\
	" FROM notification n LEFT JOIN delivery d"			\
	" ON d.notification_id = n.id AND d.seq = 1"			\
	" WHERE n.user_id = ? AND n.type = 'communication'"		\
	" AND n.token_id IS NULL AND (? = '' OR n.channel = ?)"		\
	" AND (? = '' OR ? = " STATUS ")"				\
	" AND (? = '' OR LOCATE(?, n.title) > 0"			\
	"  OR LOCATE(?, JSON_VALUE(n.content, '$.body')) > 0"		\
	"  OR LOCATE(?, JSON_VALUE(n.audience, '$.to')) > 0)"
#define LIST								\
	"SELECT n.id, n.channel, n.title,"				\
	" LEFT(COALESCE(JSON_VALUE(n.content, '$.body'), ''), 4000),"	\
	" COALESCE(JSON_VALUE(n.audience, '$.to'), ''),"		\
	" " STATUS ", COALESCE(d.state, 'queued'), COALESCE(d.reason, '')," \
	" COALESCE(d.provider_id, ''), n.created_at, d.sent_at" OF_PAGE	\
	" ORDER BY n.id"
DB_STMT(COMMUNICATION_COUNT, DB_API, DB_READ, "SELECT COUNT(*)" OF_PAGE);
DB_STMT(COMMUNICATION_LIST, DB_API, DB_READ, LIST " DESC LIMIT ? OFFSET ?");
DB_STMT(COMMUNICATION_LIST_UP, DB_API, DB_READ, LIST " LIMIT ? OFFSET ?");

#define PAGE(p)								\
	DB_U64((p)->user_id), DB_STR((p)->channel), DB_STR((p)->channel),	\
	DB_STR((p)->status), DB_STR((p)->status), DB_STR((p)->q),		\
	DB_STR((p)->q), DB_STR((p)->q), DB_STR((p)->q)

int64_t
communication_count(struct db *db, const struct communication_page *p,
    struct err *e)
{
	int64_t n = 0;

	return db_one(db, &COMMUNICATION_COUNT, NULL, DB_IN(PAGE(p)),
	    DB_OUT(DB_TO_I64(&n)), e) < 0 ? -1 : n;
}

int
communication_each(struct db *db, struct arena *a,
    const struct communication_page *p, struct communication *m,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	return (int)db_each(db, p->up ? &COMMUNICATION_LIST_UP :
	    &COMMUNICATION_LIST, a, DB_IN(PAGE(p), DB_U64(p->limit),
	    DB_U64(p->offset)),
	    DB_OUT(DB_TO_U64(&m->id), DB_TO_STR(&m->channel),
	    DB_TO_STR(&m->subject), DB_TO_STR(&m->content),
	    DB_TO_STR(&m->recipient), DB_TO_STR(&m->status),
	    DB_TO_STR(&m->state),
	    DB_TO_STR(&m->reason), DB_TO_STR(&m->provider_id),
	    DB_TO_TIME(&m->created_us), DB_TO_TIME(&m->sent_us)), row, arg,
	    e);
}
