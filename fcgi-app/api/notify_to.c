/*
 * notify_to.c - whom a notification is for and on which channels: exactly one
 * way to name recipients; what is not known or named twice is counted.
 */
#include "api/notify_own.h"

#include "api/answer.h"
#include "base/clock.h"
#include "base/text.h"
#include "store/group.h"
#include "store/recipient.h"
#include "store/user.h"

#define USER_ID_MAX	(INT64_C(1) << 53)
#define AFTER_MAX_S	(30 * 24 * 60 * 60)

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int
users_of(struct call *c, const int64_t *given, size_t n, struct audience *au,
    struct err *e)
{
	uint64_t unknown;
	int64_t rc;

	au->kind = TO_USERS;
	au->id = arena_array(c->arena, n, sizeof(*au->id));
	for (size_t i = 0; i < n; i++) {
		if (given[i] < 1 || given[i] > USER_ID_MAX)
			return field_refuse(c, "user_ids", "invalid", e,
			    "Item %zu is no user id.", i);
		au->id[i] = (uint64_t)given[i];
	}
	qsort(au->id, n, sizeof(*au->id), by_number);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || au->id[i] != au->id[au->n - 1])
			au->id[au->n++] = au->id[i];
	if ((rc = recipient_unknown(c->db, au->id, au->n, &unknown, 1, e)) <
	    0)
		return -1;
	au->unknown = (uint64_t)rc;
	au->duplicate = n - au->n;
	au->accepted = au->n - au->unknown;
	return 0;
}

static int
user_of(struct call *c, int64_t id, struct audience *au, struct err *e)
{
	if (users_of(c, &id, 1, au, e) < 0)
		return -1;
	return au->unknown == 0 ? 0 : field_refuse(c, "user_id",
	    "unknown_user", e, "There is no such user.");
}

static int
counted(struct call *c, const struct recipient_walk *w, struct audience *au,
    struct err *e)
{
	int64_t n = recipient_count(c->db, w, e);

	if (n < 0)
		return -1;
	au->accepted = (uint64_t)n;
	return 0;
}

static int
group_of(struct call *c, const char *name, struct audience *au,
    struct err *e)
{
	struct recipient_walk w = { .set = SET_GROUP };
	struct group g;
	int rc = group_resolve(c->db, c->arena, name, &g, e);

	if (rc == 0)
		return field_refuse(c, "group", "unknown_group", e,
		    "There is no such group.");
	au->kind = TO_GROUP;
	au->group_id = w.group_id = g.id;
	return rc < 0 ? -1 : counted(c, &w, au, e);
}

/* Who proved an address is asked for his wishes; it goes to the address. */
static int
address_of(struct call *c, const char *to, struct audience *au,
    struct err *e)
{
	struct identifier id;
	uint64_t owner = 0;
	int rc = 0;

	identifier_read(c->arena, to, &id);
	if (id.kind == ID_EMAIL)
		rc = user_email_owner(c->db, id.email_unique, &owner, e);
	else if (id.kind == ID_PHONE)
		rc = user_phone_owner(c->db, id.phone, &owner, e);
	if (rc < 0)
		return -1;
	au->kind = TO_ADDRESS;
	au->to = to;
	au->user_id = rc == 1 ? owner : 0;
	au->accepted = 1;
	return 0;
}

static int
set_of(struct call *c, const struct notify_in *in, struct audience *au,
    struct err *e)
{
	struct recipient_walk w = { .set = SET_ALL };

	au->kind = TO_ALL;
	if (in->topic != NULL) {
		au->kind = TO_TOPIC;
		w.set = SET_TOPIC;
		au->topic = w.topic = in->topic;
		for (const char *s = in->topic; *s != '\0'; s++)
			if (strchr("abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:",
			    *s) == NULL)
				return field_refuse(c, "topic", "invalid", e,
				    "Use letters, digits and . _ - : only.");
	}
	return counted(c, &w, au, e);
}

static int
whom(struct call *c, const struct notify_in *in, struct audience *au,
    struct err *e)
{
	bool all = in->all.set && in->all.v;
	int given = in->user_id.set + in->user_ids.set + (in->group != NULL) +
	    (in->topic != NULL) + (in->email != NULL) + (in->phone != NULL) +
	    all;

	if (given != 1)
		return field_refuse(c, "user_id", given == 0 ? "required" :
		    "too_many_targets", e, "Give one of user_id, user_ids, "
		    "group, topic, email, phone and all.");
	if (in->user_id.set)
		return user_of(c, in->user_id.v, au, e);
	if (in->user_ids.set)
		return users_of(c, in->user_ids.p, in->user_ids.n, au, e);
	if (in->group != NULL)
		return group_of(c, in->group, au, e);
	if (in->email != NULL || in->phone != NULL)
		return address_of(c, in->email != NULL ? in->email :
		    in->phone, au, e);
	return set_of(c, in, au, e);
}

/* --- how ------------------------------------------------------------------ */

static unsigned
of_template(const char *list)
{
	struct err e = ERR_INIT;
	struct json *j = NULL;
	unsigned mask = 0;

	if (json_parse(list, strlen(list), JSON_PLAIN, 0, &j, &e) < 0)
		return 0;
	for (size_t i = 0; i < json_len(j); i++) {
		const char *name = json_str(json_at(j, i));
		enum channel_id id = name == NULL ? CHANNELS :
		    channels_find(name);

		if (id != CHANNELS)
			mask |= CHANNEL_BIT(id);
	}
	json_free(j);
	return mask;
}

static int
channels_of(struct call *c, const struct notify_in *in, struct notify *n,
    struct err *e)
{
	struct audience *au = &n->au;
	unsigned fit = in->email != NULL ? CHANNEL_BIT(CHANNEL_EMAIL) :
	    in->phone != NULL ? CHANNEL_BIT(CHANNEL_SMS) |
	    CHANNEL_BIT(CHANNEL_WHATSAPP) : CHANNELS_ALL;

	for (size_t i = 0; i < in->channels.n; i++) {
		enum channel_id id = channels_find(in->channels.p[i]);

		if (id == CHANNELS)
			return field_refuse(c, "channels", "unknown_channel",
			    e, "Item %zu is no channel.", i);
		if (!(CHANNEL_BIT(id) & fit))
			return field_refuse(c, "channels", "wrong_channel", e,
			    "Item %zu does not reach such an address.", i);
		au->channels |= CHANNEL_BIT(id);
	}
	/* A template's own, where the sender names none. */
	if (in->channels.n == 0 && n->ready && n->use.out.channels != NULL)
		au->channels = of_template(n->use.out.channels) & fit;
	if (au->channels != 0)
		return 0;
	if (in->channels.n == 0 && in->email != NULL)
		au->channels = CHANNEL_BIT(CHANNEL_EMAIL);
	else if (in->channels.n == 0 && in->phone != NULL)
		au->channels = CHANNEL_BIT(CHANNEL_SMS);
	return 0;
}

static int
escalate_of(struct call *c, const struct notify_in *in, struct audience *au,
    struct err *e)
{
	size_t n = json_len(in->escalate);
	int64_t before = 0;

	if (in->escalate == NULL)
		return 0;
	if (json_type(in->escalate) != JSON_ARRAY || n > ESCALATE_MAX)
		return field_refuse(c, "escalate", "invalid", e,
		    "Expected a list of at most %d steps.", ESCALATE_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct json *s = json_at(in->escalate, i);
		const char *name = json_str(json_get(s, "channel"));
		enum channel_id id = name == NULL ? CHANNELS :
		    channels_find(name);
		int64_t after = 0;

		if (json_type(s) != JSON_OBJECT || json_len(s) != 2 ||
		    id == CHANNELS || id == CHANNEL_IN_APP ||
		    !json_int(json_get(s, "after_s"), &after) ||
		    after <= before || after > AFTER_MAX_S)
			return field_refuse(c, "escalate", "invalid", e,
			    "Item %zu: give channel and after_s, each later "
			    "than the one before.", i);
		au->step[au->steps++] = (struct escalation){ id,
		    (uint32_t)after };
		before = after;
	}
	return 0;
}

static const char *
audience_json(struct arena *a, const struct audience *au)
{
	const char *text;
	struct buf b;
	struct jw w;

	buf_init(&b, au->n * 20 + 4096);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	if (au->kind == TO_USERS) {
		jw_array(&w, "user_ids");
		for (size_t i = 0; i < au->n; i++)
			jw_u64(&w, NULL, au->id[i]);
		jw_end(&w);
	} else if (au->kind == TO_GROUP) {
		jw_id(&w, "group_id", au->group_id);
	} else if (au->kind == TO_TOPIC) {
		jw_str(&w, "topic", au->topic);
	} else if (au->kind == TO_ALL) {
		jw_bool(&w, "all", true);
	} else {
		jw_str(&w, "to", au->to);
		if (au->user_id != 0)
			jw_u64(&w, "user_id", au->user_id);
	}
	if (au->channels != 0) {
		jw_array(&w, "channels");
		for (unsigned i = 0; i < CHANNELS; i++)
			if (au->channels & CHANNEL_BIT(i))
				jw_str(&w, NULL, channels_name(
				    (enum channel_id)i));
		jw_end(&w);
	}
	if (au->steps > 0) {
		jw_array(&w, "escalate");
		for (size_t i = 0; i < au->steps; i++) {
			jw_object(&w, NULL);
			jw_str(&w, "channel", channels_name(
			    au->step[i].channel));
			jw_u64(&w, "after_s", au->step[i].after_s);
			jw_end(&w);
		}
		jw_end(&w);
	}
	if (au->ends)
		jw_bool(&w, "ends", true);
	jw_array(&w, "count");
	jw_u64(&w, NULL, au->accepted);
	jw_u64(&w, NULL, au->unknown);
	jw_u64(&w, NULL, au->duplicate);
	jw_end(&w);
	jw_end(&w);
	text = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return text;
}

int
notify_to(struct call *c, const struct notify_in *in, struct notify *n,
    struct err *e)
{
	memset(&n->au, 0, sizeof(n->au));
	if (channels_of(c, in, n, e) < 0 ||
	    escalate_of(c, in, &n->au, e) < 0 || whom(c, in, &n->au, e) < 0)
		return -1;
	n->au.ends = in->expires_at != 0;
	n->audience = audience_json(c->arena, &n->au);
	return 0;
}
