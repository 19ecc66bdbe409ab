/*
 * message.c - see message.h.  Every member has its row; one that has none is
 * refused by name.
 */
#include "queue/message.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/mail.h"
#include "base/phone.h"
#include "base/text.h"
#include "store/group.h"
#include "store/user.h"

#define CONTENT_MAX	((size_t)60 * 1024)
#define IDS_MAX		10000
#define USER_ID_MAX	(INT64_C(1) << 53)
#define DAY_S		(24 * 60 * 60)
#define FAR_US		((int64_t)366 * DAY_S * US_PER_S)

enum kind { K_TEXT, K_LINE, K_WORD, K_DATA, K_INT, K_BOOL, K_TIME,
	K_CHANNELS, K_CLASS, K_USER, K_USERS, K_GROUP, K_TOPIC, K_EMAIL,
	K_PHONE, K_ALL };

static const struct member {
	const char	*name;
	enum kind	 kind;
	int64_t		 max;
	const char	*into;		/* member of the content, or NULL */
} members[] = {
	{ "type", K_WORD, 40, NULL },
	{ "title", K_LINE, 255, "title" },
	{ "body", K_TEXT, 4000, "body" },
	{ "url", K_LINE, 2000, "url" },
	{ "icon", K_LINE, 4000, "icon" },
	{ "data", K_DATA, 0, "data" },
	{ "urgency", K_WORD, 8, "urgency" },
	{ "collapse_key", K_LINE, 64, "collapse_key" },
	{ "locale", K_WORD, 16, "locale" },
	{ "sound", K_LINE, 100, "sound" },
	{ "badge", K_INT, 100000, "badge" },
	{ "priority", K_WORD, 10, "priority" },
	{ "channel_id", K_LINE, 100, "channel_id" },
	{ "channels", K_CHANNELS, 6, NULL },
	{ "class", K_CLASS, 0, NULL },
	{ "at", K_TIME, 0, NULL },
	{ "expires_at", K_TIME, 0, NULL },
	{ "user_id", K_USER, 0, NULL },
	{ "user_ids", K_USERS, IDS_MAX, NULL },
	{ "group", K_GROUP, 100, NULL },
	{ "topic", K_TOPIC, 64, NULL },
	{ "email", K_EMAIL, 0, NULL },
	{ "phone", K_PHONE, 0, NULL },
	{ "all", K_ALL, 0, NULL },
};

struct reading {
	struct db	*db;
	struct arena	*a;
	struct enqueue	*m;
	const struct member *at;
	const char	*who, *channels;	/* JSON of the audience */
	const char	*usual;		/* of an address, when none is named */
	size_t		 ways;			/* said to whom */
	int64_t		 at_us, ends_us;
	struct jw	 w;
};

static int
refuse(const struct reading *r, const char *code, struct err *e)
{
	return err_field(e, r->at->name, code, "%s", r->at->name);
}

static bool
is_word(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

static int
read_text(struct reading *r, const struct json *j, struct err *e)
{
	const char *s = json_str(j);

	if (s == NULL || *s == '\0')
		return refuse(r, "invalid", e);
	if ((int64_t)utf8_count(s) > r->at->max)
		return refuse(r, "too_long", e);
	if (text_has_control(s) || (r->at->kind != K_TEXT &&
	    s[strcspn(s, "\t\r\n")] != '\0') ||
	    (r->at->kind == K_WORD && !is_word(s)))
		return refuse(r, "invalid", e);
	if (r->at->into != NULL)
		jw_str(&r->w, r->at->into, s);
	if (strcmp(r->at->name, "type") == 0 && enqueue_type_ours(s))
		return refuse(r, "unknown_type", e);
	if (strcmp(r->at->name, "type") == 0)
		r->m->type = arena_strdup(r->a, s);
	if (strcmp(r->at->name, "title") == 0)
		r->m->title = arena_strdup(r->a, s);
	return 0;
}

static int
read_channels(struct reading *r, const struct json *j, struct err *e)
{
	static const char *const known[] = { "email", "sms", "whatsapp",
	    "web_push", "expo", "in_app" };
	size_t n = json_len(j);

	if (json_type(j) != JSON_ARRAY || n == 0 ||
	    (int64_t)n > r->at->max)
		return refuse(r, "invalid", e);
	for (size_t i = 0; i < n; i++) {
		const char *s = json_str(json_at(j, i));
		size_t k;

		for (k = 0; k < COUNT_OF(known); k++)
			if (s != NULL && strcmp(s, known[k]) == 0)
				break;
		if (k == COUNT_OF(known))
			return refuse(r, "unknown_channel", e);
	}
	r->channels = json_text(r->a, j);
	return 0;
}

static int
read_users(struct reading *r, const struct json *j, struct err *e)
{
	size_t n = json_len(j);
	int64_t v;

	if (json_type(j) != JSON_ARRAY || n == 0 || (int64_t)n > r->at->max)
		return refuse(r, "invalid", e);
	for (size_t i = 0; i < n; i++)
		if (!json_int(json_at(j, i), &v) || v < 1 || v > USER_ID_MAX)
			return refuse(r, "invalid", e);
	r->who = arena_printf(r->a, "\"user_ids\":%s", json_text(r->a, j));
	return 0;
}

static const char *
quoted(struct reading *r, const char *name, const char *s)
{
	struct buf b;
	struct jw w;
	const char *text;

	buf_init(&b, 8192);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, name, s);
	jw_end(&w);
	/* Without its braces. */
	text = arena_strndup(r->a, buf_text(&b) + 1, b.len - 2);
	buf_fini(&b);
	return text;
}

/* Who proved an address is asked for his wishes; it goes to the address. */
static const char *
address(struct reading *r, const char *to, uint64_t owner)
{
	const char *text = quoted(r, "to", to);

	return owner == 0 ? text : arena_printf(r->a, "%s,\"user_id\":%" PRIu64,
	    text, owner);
}

static int
read_who(struct reading *r, const struct json *j, struct err *e)
{
	char phone[PHONE_MAX], cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];
	const char *s = json_str(j);
	uint64_t owner = 0;
	struct group g;
	bool yes;
	int64_t v;
	int rc;

	r->ways++;
	switch (r->at->kind) {
	case K_USER:
		if (!json_int(j, &v) || v < 1 || v > USER_ID_MAX)
			break;
		r->who = arena_printf(r->a, "\"user_ids\":[%" PRId64 "]", v);
		return 0;
	case K_USERS:
		return read_users(r, j, e);
	case K_GROUP:
		if (s == NULL || *s == '\0')
			break;
		if ((rc = group_resolve(r->db, r->a, s, &g, e)) < 0)
			return -1;
		if (rc == 0)
			return refuse(r, "unknown_group", e);
		r->who = arena_printf(r->a, "\"group_id\":\"%" PRIu64 "\"",
		    g.id);
		return 0;
	case K_TOPIC:
		if (s == NULL || !is_word(s))
			break;
		r->who = quoted(r, "topic", s);
		return 0;
	case K_EMAIL:
		if (s == NULL || !mail_parse(s, cmp, unique))
			break;
		if (user_email_owner(r->db, unique, &owner, e) < 0)
			return -1;
		r->who = address(r, s, owner);
		r->usual = "[\"email\"]";
		return 0;
	case K_PHONE:
		if (s == NULL || !phone_normalise(s, conf_str(CONF_REGION),
		    phone))
			break;
		if (user_phone_owner(r->db, phone, &owner, e) < 0)
			return -1;
		r->who = address(r, phone, owner);
		r->usual = "[\"sms\"]";
		return 0;
	case K_ALL:
		if (!json_bool(j, &yes) || !yes)
			break;
		r->who = "\"all\":true";
		return 0;
	default:
		break;
	}
	return refuse(r, "invalid", e);
}

static int
read_class(struct reading *r, const struct json *j, struct err *e)
{
	static const struct { const char *name; enum job_class class; } row[] =
	{
		{ "critical", CLASS_CODE },
		{ "transactional", CLASS_TRANSACTIONAL },
		{ "campaign", CLASS_CAMPAIGN },
	};
	const char *s = json_str(j);

	for (size_t i = 0; s != NULL && i < COUNT_OF(row); i++)
		if (strcmp(s, row[i].name) == 0) {
			r->m->class = row[i].class;
			return 0;
		}
	return refuse(r, "invalid", e);
}

static int
read_member(struct reading *r, const struct json *j, struct err *e)
{
	int64_t v;

	switch (r->at->kind) {
	case K_TEXT:
	case K_LINE:
	case K_WORD:
		return read_text(r, j, e);
	case K_DATA:
		if (json_type(j) != JSON_OBJECT)
			return refuse(r, "invalid", e);
		jw_raw(&r->w, r->at->into, json_text(r->a, j));
		return 0;
	case K_INT:
		if (!json_int(j, &v) || v < 0 || v > r->at->max)
			return refuse(r, "invalid", e);
		jw_i64(&r->w, r->at->into, v);
		return 0;
	case K_TIME:
		if (json_str(j) == NULL || clock_parse(json_str(j),
		    strcmp(r->at->name, "at") == 0 ? &r->at_us :
		    &r->ends_us) != 1)
			return refuse(r, "invalid", e);
		return 0;
	case K_CHANNELS:
		return read_channels(r, j, e);
	case K_CLASS:
		return read_class(r, j, e);
	default:
		return read_who(r, j, e);
	}
}

static int
read_all(struct reading *r, const struct json *j, struct err *e)
{
	for (size_t i = 0; i < json_len(j); i++) {
		const char *name;
		const struct json *v = json_member(j, i, &name);
		size_t k;

		if (v == NULL)		/* null: not given */
			continue;
		for (k = 0; k < COUNT_OF(members); k++)
			if (strcmp(members[k].name, name) == 0)
				break;
		if (k == COUNT_OF(members))
			return err_field(e, arena_strndup(r->a, name, 39),
			    "unknown_field", "no such member");
		r->at = &members[k];
		if (read_member(r, v, e) < 0)
			return -1;
	}
	return 0;
}

static int
whole(struct reading *r, struct err *e)
{
	int64_t now = clock_now(), due = r->at_us > now ? r->at_us : now;

	if (r->ways != 1)
		return err_field(e, "user_id", r->ways == 0 ? "required" :
		    "too_many_targets", "%zu ways", r->ways);
	if (r->m->title == NULL)
		return err_field(e, "title", "required", "no title");
	if (due > now + FAR_US)
		return err_field(e, "at", "invalid", "over a year ahead");
	if (r->ends_us != 0 && r->ends_us <= now)
		return err_field(e, "expires_at", "in_the_past", "over");
	if (r->ends_us != 0 && (r->ends_us <= due ||
	    r->ends_us > due + FAR_US))
		return err_field(e, "expires_at", "invalid",
		    "before it is due, or over a year after");
	r->m->run_us = due > now ? due : 0;
	r->m->ends_us = r->ends_us;
	r->m->life_s = r->m->class == CLASS_CODE ? DAY_S :
	    r->m->class == CLASS_CAMPAIGN ? 7 * DAY_S : 3 * DAY_S;
	return 0;
}

int
message_read(struct db *db, struct arena *a, const char *json,
    struct enqueue *m, struct err *e)
{
	struct reading r = { .db = db, .a = a, .m = m };
	struct json *j = NULL;
	struct buf b;
	int rc = -1;

	if (json == NULL)
		return err_field(e, "message", "too_large", "too long");
	buf_init(&b, CONTENT_MAX);
	jw_init(&r.w, &b);
	m->type = "system";
	m->class = CLASS_TRANSACTIONAL;
	if (json_parse(json, strlen(json), JSON_STRICT, 0, &j, e) < 0)
		goto out;
	if (json_type(j) != JSON_OBJECT) {
		err_field(e, "message", "invalid_json", "no object");
		goto out;
	}
	jw_object(&r.w, NULL);
	if (read_all(&r, j, e) < 0 || whole(&r, e) < 0)
		goto out;
	jw_end(&r.w);
	if (b.over) {
		err_field(e, "data", "too_large", "content over the limit");
		goto out;
	}
	m->content = arena_strdup(a, buf_text(&b));
	m->channel = "";
	if (r.channels == NULL)
		r.channels = r.usual;
	m->audience = arena_printf(a, "{%s%s%s%s}", r.who,
	    r.channels == NULL ? "" : ",\"channels\":",
	    r.channels == NULL ? "" : r.channels,
	    r.ends_us == 0 ? "" : ",\"ends\":true");
	rc = 0;
out:
	json_free(j);
	buf_fini(&b);
	return rc;
}
