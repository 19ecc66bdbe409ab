/*
 * preference.c - see preference.h.
 */
#include "store/preference.h"

#define COLUMNS "default_channel, on_mask, off_mask,"			\
	" quiet_from IS NOT NULL, quiet_from, quiet_to, quiet_zone, digest"
DB_STMT(PREFERENCE_GET, DB_API, DB_READ,
    "SELECT " COLUMNS " FROM preference WHERE user_id = ?");
DB_STMT(PREFERENCE_MAKE, DB_API, DB_SAFE,
    "INSERT IGNORE INTO preference (user_id, updated_at)"
    " SELECT id, UTC_TIMESTAMP(6) FROM user WHERE id = ?");
DB_STMT(PREFERENCE_LOCK, DB_API, DB_READ,
    "SELECT " COLUMNS " FROM preference WHERE user_id = ? FOR UPDATE");
DB_STMT(PREFERENCE_SET, DB_API, DB_SAFE,
    "UPDATE preference SET default_channel = ?, on_mask = ?, off_mask = ?,"
    " quiet_from = ?, quiet_to = ?, quiet_zone = ?, digest = ?,"
    " updated_at = UTC_TIMESTAMP(6) WHERE user_id = ?");
DB_STMT(PREFERENCE_OFF, DB_API, DB_SAFE,
    "INSERT INTO preference (user_id, off_mask, updated_at)"
    " SELECT id, ?, UTC_TIMESTAMP(6) FROM user WHERE id = ?"
    " ON DUPLICATE KEY UPDATE off_mask = off_mask | VALUES(off_mask),"
    " on_mask = on_mask & ~VALUES(off_mask),"
    " updated_at = UTC_TIMESTAMP(6)");
DB_STMT(PREFERENCE_TYPES_OFF, DB_API, DB_SAFE,
    "UPDATE preference_type SET off_mask = off_mask | ?,"
    " on_mask = on_mask & ~? WHERE user_id = ?");
DB_STMT(PREFERENCE_TYPE_OFF, DB_API, DB_SAFE,
    "INSERT INTO preference_type (user_id, type, off_mask)"
    " SELECT id, ?, ? FROM user WHERE id = ?"
    " ON DUPLICATE KEY UPDATE off_mask = off_mask | VALUES(off_mask),"
    " on_mask = on_mask & ~VALUES(off_mask)");
DB_STMT(PREFERENCE_TYPES, DB_API, DB_READ,
    "SELECT type, on_mask, off_mask FROM preference_type WHERE user_id = ?"
    " ORDER BY type LIMIT ?");
DB_STMT(PREFERENCE_TYPES_CLEAR, DB_API, DB_SAFE,
    "DELETE FROM preference_type WHERE user_id = ?");
DB_STMT(PREFERENCE_TYPE_ADD, DB_API, DB_ONCE,
    "INSERT INTO preference_type (user_id, type, on_mask, off_mask)"
    " VALUES (?, ?, ?, ?)");
DB_STMT(PREFERENCE_TOPICS, DB_API, DB_READ,
    "SELECT topic FROM topic_user WHERE user_id = ? ORDER BY topic LIMIT ?");
DB_STMT(PREFERENCE_TOPICS_CLEAR, DB_API, DB_SAFE,
    "DELETE FROM topic_user WHERE user_id = ?");
DB_STMT(PREFERENCE_TOPIC_ADD, DB_API, DB_ONCE,
    "INSERT INTO topic_user (topic, user_id, created_at)"
    " VALUES (?, ?, UTC_TIMESTAMP(6))");

static int
read_one(struct db *db, const struct db_stmt *s, struct arena *a,
    uint64_t user_id, struct preference *p, struct err *e)
{
	const char *fallback = NULL;
	uint64_t on = 0, off = 0, from = 0, to = 0;

	memset(p, 0, sizeof(*p));
	if (db_one(db, s, a, DB_IN(DB_U64(user_id)), DB_OUT(
	    DB_TO_STR(&fallback), DB_TO_U64(&on), DB_TO_U64(&off),
	    DB_TO_BOOL(&p->quiet), DB_TO_U64(&from), DB_TO_U64(&to),
	    DB_TO_STR(&p->quiet_zone), DB_TO_STR(&p->digest)), e) < 0)
		return -1;
	p->default_channel = fallback == NULL ? CHANNELS :
	    channels_find(fallback);
	p->on = (unsigned)on;
	p->off = (unsigned)off;
	p->quiet_from = (unsigned)from;
	p->quiet_to = (unsigned)to;
	return 0;
}

int
preference_get(struct db *db, struct arena *a, uint64_t user_id,
    struct preference *p, struct err *e)
{
	return read_one(db, &PREFERENCE_GET, a, user_id, p, e);
}

int
preference_lock(struct db *db, struct arena *a, uint64_t user_id,
    struct preference *p, struct err *e)
{
	if (db_run(db, &PREFERENCE_MAKE, DB_IN(DB_U64(user_id)), e) < 0)
		return -1;
	return read_one(db, &PREFERENCE_LOCK, a, user_id, p, e);
}

int
preference_set(struct db *db, uint64_t user_id, const struct preference *p,
    struct err *e)
{
	return db_run(db, &PREFERENCE_SET, DB_IN(
	    DB_STR(p->default_channel == CHANNELS ? NULL :
	    channels_name(p->default_channel)), DB_U64(p->on),
	    DB_U64(p->off), p->quiet ? DB_U64(p->quiet_from) : DB_NULL,
	    p->quiet ? DB_U64(p->quiet_to) : DB_NULL,
	    DB_STR(p->quiet ? p->quiet_zone : NULL), DB_STR(p->digest),
	    DB_U64(user_id)), e) < 0 ? -1 : 0;
}

struct types { struct preference_type *t, it; size_t n; uint64_t on, off; };

static int
type_row(void *arg, struct err *e)
{
	struct types *l = arg;

	(void)e;
	l->it.on = (unsigned)l->on;
	l->it.off = (unsigned)l->off;
	l->t[l->n++] = l->it;
	return 0;
}

int
preference_types(struct db *db, struct arena *a, uint64_t user_id,
    struct preference_type *t, struct err *e)
{
	struct types l = { .t = t };

	return db_each(db, &PREFERENCE_TYPES, a, DB_IN(DB_U64(user_id),
	    DB_U64(PREFERENCE_TYPES_MAX)), DB_OUT(DB_TO_STR(&l.it.type),
	    DB_TO_U64(&l.on), DB_TO_U64(&l.off)), type_row, &l, e) < 0 ? -1 :
	    (int)l.n;
}

int
preference_set_types(struct db *db, uint64_t user_id,
    const struct preference_type *t, size_t n, struct err *e)
{
	if (db_run(db, &PREFERENCE_TYPES_CLEAR, DB_IN(DB_U64(user_id)), e) <
	    0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if ((t[i].on | t[i].off) != 0 &&
		    db_run(db, &PREFERENCE_TYPE_ADD, DB_IN(DB_U64(user_id),
		    DB_STR(t[i].type), DB_U64(t[i].on), DB_U64(t[i].off)),
		    e) < 0)
			return -1;
	return 0;
}

int
preference_turn_off(struct db *db, uint64_t user_id, const char *type,
    enum channel_id channel, struct err *e)
{
	if (type != NULL)
		return db_run(db, &PREFERENCE_TYPE_OFF, DB_IN(DB_STR(type),
		    DB_U64(CHANNEL_BIT(channel)), DB_U64(user_id)), e) < 0 ?
		    -1 : 0;
	/* A wish for one type goes before the channel's: it is taken back. */
	if (db_run(db, &PREFERENCE_TYPES_OFF, DB_IN(
	    DB_U64(CHANNEL_BIT(channel)), DB_U64(CHANNEL_BIT(channel)),
	    DB_U64(user_id)), e) < 0)
		return -1;
	return db_run(db, &PREFERENCE_OFF, DB_IN(
	    DB_U64(CHANNEL_BIT(channel)), DB_U64(user_id)), e) < 0 ? -1 : 0;
}

int
preference_topics(struct db *db, struct arena *a, uint64_t user_id,
    const char **topic, struct err *e)
{
	const char *it = NULL;

	return db_list(db, &PREFERENCE_TOPICS, a, DB_IN(DB_U64(user_id),
	    DB_U64(PREFERENCE_TOPICS_MAX)), DB_OUT(DB_TO_STR(&it)),
	    DB_ROWS(topic, &it, PREFERENCE_TOPICS_MAX), e);
}

int
preference_set_topics(struct db *db, uint64_t user_id,
    const char *const *topic, size_t n, struct err *e)
{
	if (db_run(db, &PREFERENCE_TOPICS_CLEAR, DB_IN(DB_U64(user_id)), e) <
	    0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (db_run(db, &PREFERENCE_TOPIC_ADD, DB_IN(DB_STR(topic[i]),
		    DB_U64(user_id)), e) < 0)
			return -1;
	return 0;
}
