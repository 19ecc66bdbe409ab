/*
 * campaign_audience.c - reading conditions, each by its row.
 */
#include "queue/campaign_audience.h"

#include "base/clock.h"
#include "base/text.h"

#define USER_ID_MAX	(INT64_C(1) << 53)

enum member_kind { M_ALL, M_IDS, M_GROUP, M_GROUP_ID, M_STAFF, M_LOCALE,
	M_COUNTRY, M_TIME, M_HAS };

static const struct member {
	const char	*name;
	enum member_kind kind;
	size_t		 offset;	/* of a time in struct people_where */
} members[] = {
	{ "all", M_ALL, 0 }, { "ids", M_IDS, 0 }, { "group", M_GROUP, 0 },
	{ "group_id", M_GROUP_ID, 0 }, { "is_staff", M_STAFF, 0 },
	{ "locale", M_LOCALE, 0 }, { "country", M_COUNTRY, 0 },
	{ "created_after", M_TIME,
	    offsetof(struct people_where, created_after_us) },
	{ "created_before", M_TIME,
	    offsetof(struct people_where, created_before_us) },
	{ "last_seen_after", M_TIME,
	    offsetof(struct people_where, seen_after_us) },
	{ "last_seen_before", M_TIME,
	    offsetof(struct people_where, seen_before_us) },
	{ "has", M_HAS, 0 },
};

struct reading {
	struct arena	*a;
	struct campaign_audience *out;
	const char	*sentence;	/* what is wrong, or NULL */
	bool		 stored;	/* a group's id is read, too */
};

static bool
wrong(struct reading *r, const char *sentence)
{
	r->sentence = sentence;
	return false;
}

static bool
read_ids(struct reading *r, const struct json *j)
{
	size_t n = json_len(j);
	int64_t v;

	if (json_type(j) != JSON_ARRAY || n == 0 || n > PEOPLE_IDS_MAX)
		return wrong(r, "Give a list of 1 to 10000 user ids.");
	for (size_t i = 0; i < n; i++)
		if (!json_int(json_at(j, i), &v) || v < 1 || v > USER_ID_MAX)
			return wrong(r, "Give a list of 1 to 10000 user ids.");
	r->out->where.ids = json_text(r->a, j);
	return true;
}

/* Letters, digits and "-": what a list with commas can hold. */
static bool
plain_word(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 16 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* One word or a list of them, as "a,b". */
static bool
read_words(struct reading *r, const struct json *j, const char **out)
{
	static const char sentence[] = "Give a word or a list of 1 to 50.";
	size_t n = json_type(j) == JSON_ARRAY ? json_len(j) : 1;
	const char *list = NULL;

	if (n == 0 || n > AUDIENCE_WORDS_MAX)
		return wrong(r, sentence);
	for (size_t i = 0; i < n; i++) {
		const char *s = json_str(json_type(j) == JSON_ARRAY ?
		    json_at(j, i) : j);

		if (s == NULL || !plain_word(s))
			return wrong(r, sentence);
		list = list == NULL ? arena_strdup(r->a, s) :
		    arena_printf(r->a, "%s,%s", list, s);
	}
	*out = list;
	return true;
}

/* Of "a,b": each of two letters, as countries are told. */
static bool
two_letters(const char *list)
{
	for (;;) {
		size_t n = strcspn(list, ",");

		if (n != 2 || strcspn(list, "0123456789-") < n)
			return false;
		if (list[n] == '\0')
			return true;
		list += n + 1;
	}
}

static bool
read_has(struct reading *r, const struct json *j)
{
	static const struct { const char *name; enum people_has bit; } row[] =
	{
		{ "email", HAS_EMAIL }, { "sms", HAS_PHONE },
		{ "whatsapp", HAS_PHONE }, { "web_push", HAS_WEB_PUSH },
		{ "expo", HAS_EXPO }, { "in_app", 0 },
	};
	size_t n = json_len(j);

	if (json_type(j) != JSON_ARRAY || n == 0)
		return wrong(r, "Give a list of channels.");
	for (size_t i = 0; i < n; i++) {
		const char *s = json_str(json_at(j, i));
		size_t k;

		for (k = 0; k < COUNT_OF(row); k++)
			if (s != NULL && strcmp(s, row[k].name) == 0)
				break;
		if (k == COUNT_OF(row))
			return wrong(r, "Give a list of channels.");
		r->out->where.has |= row[k].bit;
	}
	return true;
}

static bool
read_member(struct reading *r, const struct member *m, const struct json *j)
{
	struct people_where *w = &r->out->where;
	const char *s = json_str(j);
	bool yes;

	switch (m->kind) {
	case M_ALL:
		return (json_bool(j, &yes) && yes) ||
		    wrong(r, "Only true has a meaning here.");
	case M_IDS:
		return read_ids(r, j);
	case M_GROUP:
		r->out->group = s == NULL ? NULL : arena_strdup(r->a, s);
		return (s != NULL && *s != '\0') ||
		    wrong(r, "Give the group's name or id.");
	case M_GROUP_ID:
		return s != NULL && text_u64(s, INT64_MAX, &w->group_id);
	case M_STAFF:
		if (!json_bool(j, &yes))
			return wrong(r, "Give true or false.");
		w->staff = yes;
		return true;
	case M_LOCALE:
		return read_words(r, j, &w->locales);
	case M_COUNTRY:
		return read_words(r, j, &w->countries) &&
		    (two_letters(w->countries) ||
		    wrong(r, "Use ISO 3166 codes of two letters."));
	case M_TIME:
		return (s != NULL && clock_parse(s, (int64_t *)
		    ((char *)w + m->offset)) == 1) ||
		    wrong(r, "Give a time as in RFC 3339.");
	case M_HAS:
		return read_has(r, j);
	}
	return false;
}

static bool
read_all(struct reading *r, const struct json *j, const char **at)
{
	*at = "";
	memset(r->out, 0, sizeof(*r->out));
	r->out->where.staff = -1;
	if (json_type(j) != JSON_OBJECT)
		return wrong(r, "Expected an object.");
	if (json_len(j) == 0)
		return wrong(r, "Give at least one condition; everybody is "
		    "{\"all\": true}.");
	for (size_t i = 0; i < json_len(j); i++) {
		const struct json *v = json_member(j, i, at);
		size_t k;

		for (k = 0; k < COUNT_OF(members); k++)
			if (strcmp(*at, members[k].name) == 0)
				break;
		if (k == COUNT_OF(members) ||
		    (members[k].kind == M_GROUP_ID && !r->stored))
			return wrong(r, "There is no such condition.");
		if (!read_member(r, &members[k], v))
			return false;
	}
	return true;
}

int
campaign_audience_read(struct arena *a, const struct json *j,
    struct campaign_audience *out, struct audience_fault *fault)
{
	struct reading r = { .a = a, .out = out };

	if (read_all(&r, j, &fault->member))
		return 0;
	fault->sentence = r.sentence;
	return -1;
}

int
campaign_audience_stored(struct arena *a, const struct json *j,
    struct campaign_audience *out)
{
	struct reading r = { .a = a, .out = out, .stored = true };
	const struct json *list = json_get(j, "addresses");
	const char *at;

	if (list != NULL) {
		memset(out, 0, sizeof(*out));
		out->addresses = list;
		return json_type(list) == JSON_ARRAY ? 0 : -1;
	}
	/* A group that was named has an id by now. */
	return read_all(&r, j, &at) && (out->group == NULL ||
	    out->where.group_id != 0) ? 0 : -1;
}

const char *
campaign_audience_text(struct arena *a, const struct json *j,
    uint64_t group_id)
{
	const char *text = json_text(a, j);
	size_t n = strlen(text);

	/* It is an object with members. */
	return group_id == 0 ? text : arena_printf(a, "%.*s,\"group_id\":\"%"
	    PRIu64 "\"}", (int)n - 1, text, group_id);
}
