/*
 * recipient.c - reading recipients, many at a time.
 */
#include "store/recipient.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

/* Suppressions are looked up by the hash of what is compared; a phone's bars
 * SMS and WhatsApp apart. */
DB_STMT(RECIPIENT_LOAD, DB_API | DB_WORKER, DB_READ,
    "SELECT t.n, u.id IS NOT NULL, u.is_active, u.email,"
    " u.email_verified_at IS NOT NULL, u.phone,"
    " u.phone_verified_at IS NOT NULL, u.locale, u.time_zone,"
    " p.default_channel, p.on_mask, p.off_mask, p.quiet_from IS NOT NULL,"
    " p.quiet_from, p.quiet_to, p.quiet_zone, p.digest, pt.on_mask,"
    " pt.off_mask, se.reason, ss.reason, sw.reason"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY,"
    "  i BIGINT UNSIGNED PATH '$[0]', y VARCHAR(40) PATH '$[1]')) t"
    " STRAIGHT_JOIN user u ON u.id = t.i"
    " LEFT JOIN preference p ON p.user_id = u.id"
    " LEFT JOIN preference_type pt ON pt.user_id = u.id AND pt.type ="
    "  CONVERT(t.y USING ascii)"
    " LEFT JOIN suppression se ON se.address_hash ="
    "  UNHEX(SHA2(u.email_cmp, 256)) AND se.channel = 'email'"
    " LEFT JOIN suppression ss ON ss.address_hash ="
    "  UNHEX(SHA2(u.phone, 256)) AND ss.channel = 'sms'"
    " LEFT JOIN suppression sw ON sw.address_hash ="
    "  UNHEX(SHA2(u.phone, 256)) AND sw.channel = 'whatsapp'");
DB_STMT(RECIPIENT_BARRED, DB_API | DB_WORKER, DB_READ,
    "SELECT reason FROM suppression WHERE address_hash ="
    " UNHEX(SHA2(?, 256)) AND channel = ?");
DB_STMT(RECIPIENT_ALL, DB_API | DB_WORKER, DB_READ,
    "SELECT id FROM user WHERE id > ? AND is_active ORDER BY id LIMIT ?");
DB_STMT(RECIPIENT_GROUP, DB_API | DB_WORKER, DB_READ,
    "SELECT user_id FROM push_group_user WHERE group_id = ? AND user_id > ?"
    " ORDER BY user_id LIMIT ?");
DB_STMT(RECIPIENT_TOPIC, DB_API | DB_WORKER, DB_READ,
    "SELECT user_id FROM topic_user WHERE topic = ? AND user_id > ?"
    " ORDER BY user_id LIMIT ?");
DB_STMT(RECIPIENT_ALL_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM user WHERE is_active");
DB_STMT(RECIPIENT_GROUP_COUNT, DB_API, DB_READ,
    "SELECT (SELECT COUNT(*) FROM push_group_user WHERE group_id = ?) +"
    " (SELECT COUNT(*) FROM push_group_device g JOIN device d"
    "  ON d.id = g.device_id LEFT JOIN push_group_user m"
    "  ON m.group_id = g.group_id AND m.user_id = d.user_id"
    "  WHERE g.group_id = ? AND m.user_id IS NULL)");
DB_STMT(RECIPIENT_TOPIC_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM topic_user WHERE topic = ?");
DB_STMT(RECIPIENT_UNKNOWN, DB_API, DB_READ,
    "SELECT t.i FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$')) t"
    " LEFT JOIN user u ON u.id = t.i WHERE u.id IS NULL");

/* --- people --------------------------------------------------------------- */

struct load {
	struct recipient *r, it;
	size_t		 n;
	uint64_t	 at, on, off, type_on, type_off, from, to;
	const char	*fallback, *barred[3];
};

static int
load_row(void *arg, struct err *e)
{
	struct load *l = arg;
	struct recipient *r;

	(void)e;
	if (l->at < 1 || l->at > l->n)
		return 0;
	r = &l->r[l->at - 1];
	l->it.user_id = r->user_id;
	l->it.type = r->type;
	*r = l->it;
	r->on = (unsigned)l->on;
	r->off = (unsigned)l->off;
	r->type_on = (unsigned)l->type_on;
	r->type_off = (unsigned)l->type_off;
	r->quiet_from = (unsigned)l->from;
	r->quiet_to = (unsigned)l->to;
	r->default_channel = l->fallback == NULL ? CHANNELS :
	    channels_find(l->fallback);
	memset(r->suppressed, 0, sizeof(r->suppressed));
	r->suppressed[CHANNEL_EMAIL] = l->barred[0];
	r->suppressed[CHANNEL_SMS] = l->barred[1];
	r->suppressed[CHANNEL_WHATSAPP] = l->barred[2];
	return 0;
}

int
recipient_load(struct db *db, struct arena *a, struct recipient *r, size_t n,
    struct err *e)
{
	struct load l = { .r = r, .n = n };
	struct buf b;
	struct jw w;
	int64_t rc;

	buf_init(&b, n * 96 + 16);
	jw_init(&w, &b);
	jw_array(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		r[i] = (struct recipient){ .user_id = r[i].user_id,
		    .type = r[i].type, .default_channel = CHANNELS };
		jw_array(&w, NULL);
		jw_u64(&w, NULL, r[i].user_id);
		jw_str(&w, NULL, r[i].type);
		jw_end(&w);
	}
	jw_end(&w);
	rc = db_each(db, &RECIPIENT_LOAD, a, DB_IN(DB_STR(buf_text(&b))),
	    DB_OUT(DB_TO_U64(&l.at), DB_TO_BOOL(&l.it.exists),
	    DB_TO_BOOL(&l.it.active), DB_TO_STR(&l.it.email),
	    DB_TO_BOOL(&l.it.email_proved), DB_TO_STR(&l.it.phone),
	    DB_TO_BOOL(&l.it.phone_proved), DB_TO_STR(&l.it.locale),
	    DB_TO_STR(&l.it.zone), DB_TO_STR(&l.fallback), DB_TO_U64(&l.on),
	    DB_TO_U64(&l.off), DB_TO_BOOL(&l.it.quiet), DB_TO_U64(&l.from),
	    DB_TO_U64(&l.to), DB_TO_STR(&l.it.quiet_zone),
	    DB_TO_STR(&l.it.digest), DB_TO_U64(&l.type_on),
	    DB_TO_U64(&l.type_off), DB_TO_STR(&l.barred[0]),
	    DB_TO_STR(&l.barred[1]), DB_TO_STR(&l.barred[2])), load_row, &l,
	    e);
	buf_fini(&b);
	return rc < 0 ? -1 : 0;
}

int
recipient_barred(struct db *db, struct arena *a, struct recipient *r,
    enum channel_id channel, const char *address, struct err *e)
{
	return db_one(db, &RECIPIENT_BARRED, a, DB_IN(
	    DB_STR(channel == CHANNEL_EMAIL ? text_lower(a, address) :
	    address), DB_STR(channels_name(channel))),
	    DB_OUT(DB_TO_STR(&r->suppressed[channel])), e) < 0 ? -1 : 0;
}

/* --- audiences ------------------------------------------------------------ */

struct ids { uint64_t it, *id; size_t max; int64_t n; };

static int
id_row(void *arg, struct err *e)
{
	struct ids *l = arg;

	(void)e;
	if (l->n < (int64_t)l->max)
		l->id[l->n] = l->it;
	l->n++;
	return 0;
}

int
recipient_ids(struct db *db, const struct recipient_walk *w, uint64_t after,
    uint64_t *id, size_t max, struct err *e)
{
	struct arena *a = arena_new(1u << 20);
	struct ids l = { .id = id, .max = max };
	struct db_out out = DB_OUT(DB_TO_U64(&l.it));
	int64_t rc = -1;

	switch (w->set) {
	case SET_ALL:
		rc = db_each(db, &RECIPIENT_ALL, a, DB_IN(DB_U64(after),
		    DB_U64(max)), out, id_row, &l, e);
		break;
	case SET_GROUP:
		rc = db_each(db, &RECIPIENT_GROUP, a, DB_IN(
		    DB_U64(w->group_id), DB_U64(after), DB_U64(max)), out,
		    id_row, &l, e);
		break;
	case SET_TOPIC:
		rc = db_each(db, &RECIPIENT_TOPIC, a, DB_IN(DB_STR(w->topic),
		    DB_U64(after), DB_U64(max)), out, id_row, &l, e);
		break;
	}
	arena_free(a);
	return rc < 0 ? -1 : (int)l.n;
}

int64_t
recipient_count(struct db *db, const struct recipient_walk *w, struct err *e)
{
	struct arena *a = arena_new(4096);
	struct db_out out;
	uint64_t n = 0;
	int rc = -1;

	out = DB_OUT(DB_TO_U64(&n));
	switch (w->set) {
	case SET_ALL:
		rc = db_one(db, &RECIPIENT_ALL_COUNT, a, DB_NONE, out, e);
		break;
	case SET_GROUP:
		rc = db_one(db, &RECIPIENT_GROUP_COUNT, a, DB_IN(
		    DB_U64(w->group_id), DB_U64(w->group_id)), out, e);
		break;
	case SET_TOPIC:
		rc = db_one(db, &RECIPIENT_TOPIC_COUNT, a,
		    DB_IN(DB_STR(w->topic)), out, e);
		break;
	}
	arena_free(a);
	return rc < 0 ? -1 : (int64_t)n;
}

int64_t
recipient_unknown(struct db *db, const uint64_t *id, size_t n, uint64_t *out,
    size_t max, struct err *e)
{
	struct arena *a = arena_new(1u << 20);
	struct ids l = { .id = out, .max = max };
	struct buf b;
	int64_t rc;

	rc = db_each(db, &RECIPIENT_UNKNOWN, a, DB_IN(DB_STR(buf_ids(&b, id,
	    n))), DB_OUT(DB_TO_U64(&l.it)), id_row, &l, e);
	buf_fini(&b);
	arena_free(a);
	return rc < 0 ? -1 : l.n;
}
