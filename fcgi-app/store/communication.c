/*
 * communication.c - the history of what users sent.  What a token sent is the
 * token's, not of the superuser behind it.
 */
#include "store/communication.h"

DB_STMT(COMMUNICATION_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM notification n WHERE n.user_id = ?"
    " AND n.type = 'communication' AND n.token_id IS NULL"
    " AND (? = '' OR n.channel = ?)");
DB_STMT(COMMUNICATION_LIST, DB_API, DB_READ,
    "SELECT n.id, n.channel, n.title,"
    " LEFT(COALESCE(JSON_VALUE(n.content, '$.body'), ''), 4000),"
    " COALESCE(JSON_VALUE(n.audience, '$.to'), ''),"
    " COALESCE(d.state, 'queued'), COALESCE(d.reason, ''),"
    " COALESCE(d.provider_id, ''), n.created_at, d.sent_at"
    " FROM notification n LEFT JOIN delivery d ON d.notification_id = n.id"
    " AND d.seq = 1 WHERE n.user_id = ? AND n.type = 'communication'"
    " AND n.token_id IS NULL AND (? = '' OR n.channel = ?)"
    " ORDER BY n.id DESC LIMIT ? OFFSET ?");

int64_t
communication_count(struct db *db, uint64_t user_id, const char *channel,
    struct err *e)
{
	int64_t n = 0;

	return db_one(db, &COMMUNICATION_COUNT, NULL, DB_IN(DB_U64(user_id),
	    DB_STR(channel), DB_STR(channel)), DB_OUT(DB_TO_I64(&n)), e) < 0 ?
	    -1 : n;
}

int
communication_each(struct db *db, struct arena *a, uint64_t user_id,
    const char *channel, unsigned limit, unsigned offset,
    struct communication *m, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	return (int)db_each(db, &COMMUNICATION_LIST, a, DB_IN(DB_U64(user_id),
	    DB_STR(channel), DB_STR(channel), DB_U64(limit), DB_U64(offset)),
	    DB_OUT(DB_TO_U64(&m->id), DB_TO_STR(&m->channel),
	    DB_TO_STR(&m->subject), DB_TO_STR(&m->content),
	    DB_TO_STR(&m->recipient), DB_TO_STR(&m->state),
	    DB_TO_STR(&m->reason), DB_TO_STR(&m->provider_id),
	    DB_TO_TIME(&m->created_us), DB_TO_TIME(&m->sent_us)), row, arg,
	    e);
}
