/*
 * preferences.c - GET, PUT and PATCH /api/preferences/: where a person wants
 * to be told what.
 *
 * What must stay true: changes of one person come one after the other, and
 * what a client leaves out of a PATCH stays as it is.
 */
#include "api/push_own.h"

#include "api/answer.h"
#include "base/text.h"
#include "base/zone.h"
#include "deliver/reach.h"
#include "store/digest.h"
#include "store/preference.h"

#define TYPE_MAX	40
#define DAY_MINUTES	1440

struct preference_in {
	const char	*default_channel;
	struct opt_bool	 prefers_email, prefers_in_app;
	const struct json *channels, *types, *quiet_hours, *digest;
	struct texts	 topics;
};
#define P struct preference_in
static const struct field rows[] = {
	FIELD_ENUM(P, default_channel, "default_channel",
	    "email|sms|whatsapp|web_push|expo|in_app", F_NULLABLE),
	FIELD_OF(FT_BOOL, P, prefers_email, "prefers_email", 0, 0, 0),
	FIELD_OF(FT_BOOL, P, prefers_in_app, "prefers_in_app", 0, 0, 0),
	FIELD_OF(FT_JSON, P, channels, "channels", 0, 0, F_NULLABLE),
	FIELD_OF(FT_JSON, P, types, "types", 0, 0, F_NULLABLE),
	FIELD_OF(FT_JSON, P, quiet_hours, "quiet_hours", 0, 0, F_NULLABLE),
	FIELD_OF(FT_JSON, P, digest, "digest", 0, 0, F_NULLABLE),
	FIELD_OF(FT_TEXTS, P, topics, "topics", 0, PREFERENCE_TOPICS_MAX, 0),
};
const struct fieldset preference_fields = FIELDSET(P, rows, IN_BODY);

/* All of a person's, as kept. */
struct wishes {
	struct preference p;
	struct preference_type type[PREFERENCE_TYPES_MAX];
	size_t		 types;
	const char	*topic[PREFERENCE_TOPICS_MAX];
	size_t		 topics;
	struct preference shown;	/* what the client was shown last */
};

static int
read_lists(struct db *db, struct arena *a, uint64_t user_id,
    struct wishes *s, struct err *e)
{
	int types, topics;

	if ((types = preference_types(db, a, user_id, s->type, e)) < 0 ||
	    (topics = preference_topics(db, a, user_id, s->topic, e)) < 0)
		return -1;
	s->types = (size_t)types;
	s->topics = (size_t)topics;
	return 0;
}

/* --- showing -------------------------------------------------------------- */

/* What holds where nothing is said for a type. */
static bool
is_on(const struct preference *p, enum channel_id id)
{
	unsigned bit = CHANNEL_BIT(id), site = reach_defaults();

	if ((p->on | p->off) & bit)
		return (p->on & bit) != 0;
	if (p->default_channel == CHANNELS || id == CHANNEL_IN_APP)
		return (site & bit) != 0 || id == p->default_channel;
	return id == p->default_channel;
}

static void
write_mask(struct jw *w, const char *key, unsigned on, unsigned off)
{
	jw_object(w, key);
	for (unsigned i = 0; i < CHANNELS; i++)
		if ((on | off) & CHANNEL_BIT(i))
			jw_bool(w, channels_name((enum channel_id)i),
			    (on & CHANNEL_BIT(i)) != 0);
	jw_end(w);
}

static void
write_quiet(struct arena *a, struct jw *w, const struct preference *p)
{
	if (!p->quiet) {
		jw_null(w, "quiet_hours");
		return;
	}
	jw_object(w, "quiet_hours");
	jw_str(w, "from", arena_printf(a, "%02u:%02u", p->quiet_from / 60,
	    p->quiet_from % 60));
	jw_str(w, "to", arena_printf(a, "%02u:%02u", p->quiet_to / 60,
	    p->quiet_to % 60));
	jw_str(w, "time_zone", p->quiet_zone);
	jw_end(w);
}

static void
answer(struct call *c, const struct wishes *s)
{
	const struct preference *p = &s->p;
	struct jw *w = resp_json(c->resp, 200);

	jw_str(w, "default_channel", p->default_channel == CHANNELS ? NULL :
	    channels_name(p->default_channel));
	jw_bool(w, "prefers_email", is_on(p, CHANNEL_EMAIL));
	jw_bool(w, "prefers_in_app", is_on(p, CHANNEL_IN_APP));
	jw_object(w, "channels");
	for (unsigned i = 0; i < CHANNELS; i++)
		jw_bool(w, channels_name((enum channel_id)i), is_on(p,
		    (enum channel_id)i));
	jw_end(w);
	jw_object(w, "types");
	for (size_t i = 0; i < s->types; i++)
		write_mask(w, s->type[i].type, s->type[i].on,
		    s->type[i].off);
	jw_end(w);
	write_quiet(c->arena, w, p);
	if (p->digest == NULL)
		jw_null(w, "digest");
	else
		jw_raw(w, "digest", p->digest);
	jw_array(w, "topics");
	for (size_t i = 0; i < s->topics; i++)
		jw_str(w, NULL, s->topic[i]);
	jw_end(w);
	resp_no_store(c->resp);
	resp_json_end(c->resp);
}

int
preferences_get(struct call *c, const void *in, struct err *e)
{
	struct wishes *s = arena_alloc(c->arena, sizeof(*s));

	(void)in;
	if (preference_get(c->db, c->arena, c->who.user_id, &s->p, e) < 0 ||
	    read_lists(c->db, c->arena, c->who.user_id, s, e) < 0)
		return -1;
	answer(c, s);
	return 0;
}

/* --- changing ------------------------------------------------------------- */

/* {"email": true, "sms": null}: bits on, off, or as the site has it. */
static int
merge_mask(struct call *c, const char *field, const struct json *j,
    unsigned *on, unsigned *off, struct err *e)
{
	const char *name;
	bool yes;

	if (json_type(j) != JSON_OBJECT)
		return field_refuse(c, field, "invalid", e,
		    "Expected an object.");
	for (size_t i = 0; i < json_len(j); i++) {
		const struct json *v = json_member(j, i, &name);
		enum channel_id id = channels_find(name);

		if (id == CHANNELS)
			return field_refuse(c, field, "unknown_channel", e,
			    "There is no such channel.");
		if (v != NULL && !json_bool(v, &yes))
			return field_refuse(c, field, "invalid", e,
			    "Expected true or false.");
		*on &= ~CHANNEL_BIT(id);
		*off &= ~CHANNEL_BIT(id);
		if (v != NULL)
			*(yes ? on : off) |= CHANNEL_BIT(id);
	}
	return 0;
}

static bool
type_ok(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= TYPE_MAX && strspn(s,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "._-") == n;
}

static int
merge_types(struct call *c, const struct json *j, struct wishes *s,
    struct err *e)
{
	const char *name;

	if (json_type(j) != JSON_OBJECT)
		return field_refuse(c, "types", "invalid", e,
		    "Expected an object.");
	for (size_t i = 0; i < json_len(j); i++) {
		const struct json *v = json_member(j, i, &name);
		size_t k;

		if (!type_ok(name))
			return field_refuse(c, "types", "unknown_type", e,
			    "There is no such type of notification.");
		for (k = 0; k < s->types && strcmp(s->type[k].type, name) !=
		    0; k++)
			;
		if (k == PREFERENCE_TYPES_MAX)
			return field_refuse(c, "types", "invalid", e,
			    "At most %d types.", PREFERENCE_TYPES_MAX);
		if (k == s->types)
			s->type[s->types++] = (struct preference_type){
			    .type = arena_strdup(c->arena, name) };
		if (v == NULL)
			s->type[k].on = s->type[k].off = 0;
		else if (merge_mask(c, "types", v, &s->type[k].on,
		    &s->type[k].off, e) < 0)
			return -1;
	}
	return 0;
}

/* "22:30": minutes of the day, or -1. */
static int
minutes_of(const struct json *j)
{
	const char *s = json_str(j);
	int h, m;

	if (s == NULL || strlen(s) != 5 || s[2] != ':' ||
	    strspn(s, "0123456789:") != 5)
		return -1;
	h = (s[0] - '0') * 10 + s[1] - '0';
	m = (s[3] - '0') * 10 + s[4] - '0';
	return h < 24 && m < 60 ? h * 60 + m : -1;
}

static int
merge_quiet(struct call *c, const struct json *j, struct preference *p,
    struct err *e)
{
	int from = minutes_of(json_get(j, "from"));
	int to = minutes_of(json_get(j, "to"));
	const char *zone = json_str(json_get(j, "time_zone"));

	if (json_type(j) != JSON_OBJECT || from < 0 || to < 0 ||
	    json_len(j) != 2u + json_has(j, "time_zone"))
		return field_refuse(c, "quiet_hours", "invalid", e,
		    "Give from and to as HH:MM, and time_zone if it is not "
		    "yours.");
	if ((json_get(j, "time_zone") != NULL && zone == NULL) ||
	    (zone != NULL && zone_find(zone) == NULL))
		return field_refuse(c, "quiet_hours", "invalid_time_zone", e,
		    "There is no such time zone.");
	p->quiet = true;
	p->quiet_from = (unsigned)from;
	p->quiet_to = (unsigned)to;
	p->quiet_zone = zone == NULL ? NULL : arena_strdup(c->arena, zone);
	return 0;
}

static int
merge_digest(struct call *c, const struct json *j, struct preference *p,
    struct err *e)
{
	const char *every = json_str(json_get(j, "every"));
	int64_t day = 0;

	if (json_type(j) != JSON_OBJECT || every == NULL ||
	    (strcmp(every, "hour") != 0 && strcmp(every, "day") != 0 &&
	    strcmp(every, "week") != 0) ||
	    (json_has(j, "at") && minutes_of(json_get(j, "at")) < 0) ||
	    (json_has(j, "weekday") && (!json_int(json_get(j, "weekday"),
	    &day) || day < 0 || day > 6)) || json_len(j) != 1u +
	    json_has(j, "at") + json_has(j, "weekday"))
		return field_refuse(c, "digest", "invalid", e,
		    "Give every (hour, day or week), at as HH:MM, and "
		    "weekday (0 Monday).");
	p->digest = json_text(c->arena, j);
	return 0;
}

static int
merge_topics(struct call *c, const struct texts *in, struct wishes *s,
    struct err *e)
{
	s->topics = 0;
	for (size_t i = 0; i < in->n; i++) {
		size_t k, n = strlen(in->p[i]);

		if (n == 0 || n > 100 || strspn(in->p[i],
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "0123456789._-:") != n)
			return field_refuse(c, "topics", "invalid", e,
			    "Use letters, digits and . _ - : only.");
		for (k = 0; k < s->topics && strcmp(s->topic[k], in->p[i]) !=
		    0; k++)
			;
		if (k == s->topics)
			s->topic[s->topics++] = in->p[i];
	}
	return 0;
}

/* prefers_email is channels.email by its old name: of two that differ the one
 * that changes something was meant. */
static void
merge_old(struct wishes *s, const struct json *channels, enum channel_id id,
    const struct opt_bool *v)
{
	struct preference *p = &s->p;
	unsigned bit = CHANNEL_BIT(id);

	if (!v->set || (json_has(channels, channels_name(id)) &&
	    v->v == is_on(&s->shown, id)))
		return;
	p->on &= ~bit;
	p->off &= ~bit;
	*(v->v ? &p->on : &p->off) |= bit;
}

static int
merge(struct call *c, const struct preference_in *in, struct wishes *s,
    struct err *e)
{
	const struct bound *b = &c->bound;
	struct preference *p = &s->p;

	if (in->default_channel != NULL)
		p->default_channel = channels_find(in->default_channel);
	else if (bind_is_null(b, "default_channel"))
		p->default_channel = CHANNELS;
	if (bind_is_null(b, "channels"))
		p->on = p->off = 0;
	if (in->channels != NULL && merge_mask(c, "channels", in->channels,
	    &p->on, &p->off, e) < 0)
		return -1;
	merge_old(s, in->channels, CHANNEL_EMAIL, &in->prefers_email);
	merge_old(s, in->channels, CHANNEL_IN_APP, &in->prefers_in_app);
	if (bind_is_null(b, "types"))
		s->types = 0;
	if (in->types != NULL && merge_types(c, in->types, s, e) < 0)
		return -1;
	if (bind_is_null(b, "quiet_hours"))
		p->quiet = false;
	if (in->quiet_hours != NULL && merge_quiet(c, in->quiet_hours, p,
	    e) < 0)
		return -1;
	if (bind_is_null(b, "digest"))
		p->digest = NULL;
	if (in->digest != NULL && merge_digest(c, in->digest, p, e) < 0)
		return -1;
	return in->topics.set ? merge_topics(c, &in->topics, s, e) : 0;
}

struct changing {
	struct call	*c;
	const struct preference_in *in;
	struct wishes	*s;
	bool		 anew;		/* PUT: what is left out is as if new */
};

static int
change_work(struct db *db, void *arg, struct err *e)
{
	struct changing *k = arg;
	struct wishes *s = k->s;
	uint64_t id = k->c->who.user_id;

	memset(s, 0, sizeof(*s));
	if (preference_lock(db, k->c->arena, id, &s->p, e) < 0 ||
	    read_lists(db, k->c->arena, id, s, e) < 0)
		return -1;
	s->shown = s->p;
	if (k->anew) {
		s->p = (struct preference){ .default_channel = CHANNELS };
		s->types = s->topics = 0;
	}
	k->c->bound.faults.n = 0;
	if (merge(k->c, k->in, s, e) < 0 ||
	    preference_set(db, id, &s->p, e) < 0 ||
	    preference_set_types(db, id, s->type, s->types, e) < 0 ||
	    preference_set_topics(db, id, s->topic, s->topics, e) < 0)
		return -1;
	return s->shown.digest != NULL && s->p.digest == NULL ?
	    digest_soon(db, id, e) : 0;
}

static int
change(struct call *c, const void *in, bool anew, struct err *e)
{
	struct wishes *s = arena_alloc(c->arena, sizeof(*s));
	struct changing k = { .c = c, .in = in, .s = s, .anew = anew };

	if (db_tx(c->db, change_work, &k, e) < 0)
		return -1;
	return preferences_get(c, NULL, e);
}

int
preferences_put(struct call *c, const void *in, struct err *e)
{
	return change(c, in, true, e);
}

int
preferences_patch(struct call *c, const void *in, struct err *e)
{
	return change(c, in, false, e);
}
