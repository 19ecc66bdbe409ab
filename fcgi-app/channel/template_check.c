/*
 * template_check.c - is it a definition?  What passes here can always be
 * rendered: only values can be wrong then.
 */
#include "channel/template_own.h"

#include "base/text.h"

#define CASES_MAX	32
#define DATA_MAX	20

static const char *const channel_words[] = { "email", "sms", "whatsapp",
	"web_push", "expo", "in_app" };

struct check {
	struct arena	*a;
	const struct json *def;
	struct err	*e;
};

static int
wrong(const struct check *c, const char *code, const char *field)
{
	char cut[sizeof(c->e->field)];

	(void)text_copy(cut, sizeof(cut), field);
	return err_field(c->e, cut, code, "a template's definition");
}

static bool
is_channel(const char *s)
{
	for (size_t i = 0; s != NULL && i < COUNT_OF(channel_words); i++)
		if (strcmp(s, channel_words[i]) == 0)
			return true;
	return false;
}

/* a to z, digits and underscores, a letter first. */
static bool
is_word(const char *s, size_t max)
{
	size_t n = s == NULL ? 0 : strlen(s);

	return n > 0 && n <= max && *s >= 'a' && *s <= 'z' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static bool
is_name(const char *s)
{
	char text[VAR_NAME_MAX + 3];
	const char *at = text;
	struct piece x;

	if (strlen(s) > VAR_NAME_MAX || strpbrk(s, "{}|") != NULL)
		return false;
	snprintf(text, sizeof(text), "{%s}", s);
	return piece_next(&at, &x) == 1 && x.variable && *at == '\0';
}

static bool
is_locale(const char *s)
{
	size_t n = strcspn(s, "-");

	if (n < 2 || n > 3 || strlen(s) > 12 ||
	    strspn(s, "abcdefghijklmnopqrstuvwxyz") != n)
		return false;
	if (s[n] == '\0')
		return true;
	return strlen(s + n + 1) >= 2 && strspn(s + n + 1,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
	    == strlen(s + n + 1);
}

static int
only(const struct check *c, const struct json *j, const char *where,
    const char *const *word, size_t words)
{
	const char *name;

	if (json_type(j) != JSON_OBJECT)
		return wrong(c, "template_object", where);
	for (size_t i = 0; i < json_len(j); i++) {
		size_t k;

		(void)json_member(j, i, &name);
		for (k = 0; k < words && strcmp(word[k], name) != 0; k++)
			;
		if (k == words)
			return wrong(c, "template_member", *where == '\0' ?
			    name : arena_printf(c->a, "%s.%s", where, name));
	}
	return 0;
}

/* --- where a value may stand in a page ---------------------------------------- */

static const char *const address_attrs[] = { "href", "src", "action",
	"formaction", "background", "poster", "cite", "data", "srcset",
	"xlink:href" };

struct page_state {
	enum { IN_TEXT, IN_TAG, IN_VALUE, IN_COMMENT } in;
	char		 quote;
	char		 tag[12], attr[24];
	bool		 raw;		/* inside script or style */
	bool		 begun;		/* the attribute has some text */
};

static void
lower_word(char *out, size_t cap, const char *p, size_t n)
{
	if (n >= cap)
		n = cap - 1;
	for (size_t i = 0; i < n; i++)
		out[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32) :
		    p[i];
	out[n] = '\0';
}

static size_t
enter_tag(struct page_state *s, const char *p)
{
	size_t n = strcspn(p + 1, " \t\r\n/>\"'=<");

	if (strncmp(p, "<!--", 4) == 0) {
		s->in = IN_COMMENT;
		return 4;
	}
	if (p[1] == '/')
		n = 1 + strcspn(p + 2, " \t\r\n/>\"'=<");
	lower_word(s->tag, sizeof(s->tag), p + 1, n);
	/* Only its own end tag ends a script or style. */
	if (s->raw && strcmp(s->tag, "/script") != 0 &&
	    strcmp(s->tag, "/style") != 0)
		return 1;
	s->raw = false;
	s->in = IN_TAG;
	s->attr[0] = '\0';
	return n + 1;
}

static size_t
inside_tag(struct page_state *s, const char *p)
{
	size_t n = strcspn(p, " \t\r\n/>\"'=<");

	if (*p == '>') {
		s->raw = strcmp(s->tag, "script") == 0 ||
		    strcmp(s->tag, "style") == 0;
		s->in = IN_TEXT;
		return 1;
	}
	if (*p == '"' || *p == '\'') {
		s->in = IN_VALUE;
		s->quote = *p;
		s->begun = false;
		return 1;
	}
	if (n > 0)
		lower_word(s->attr, sizeof(s->attr), p, n);
	return n > 0 ? n : 1;
}

static void
walk_page(struct page_state *s, const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end) {
		size_t step = 1;

		if (s->in == IN_TEXT && *p == '<')
			step = enter_tag(s, p);
		else if (s->in == IN_TAG)
			step = inside_tag(s, p);
		else if (s->in == IN_VALUE && *p == s->quote)
			s->in = IN_TAG;
		else if (s->in == IN_VALUE)
			s->begun = true;
		else if (s->in == IN_COMMENT && strncmp(p, "-->", 3) == 0)
			s->in = IN_TEXT;
		p += step;
	}
}

static bool
may_stand(const struct page_state *s, enum var_type t)
{
	if (s->raw || s->in == IN_COMMENT || s->in == IN_TAG)
		return false;
	if (s->in == IN_TEXT)
		return true;
	if (text_starts(s->attr, "on") || strcmp(s->attr, "style") == 0 ||
	    strcmp(s->attr, "srcdoc") == 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(address_attrs); i++)
		if (strcmp(s->attr, address_attrs[i]) == 0)
			return s->begun ? t == VAR_ID || t == VAR_NUMBER :
			    t == VAR_URL;
	return true;
}

/* --- texts --------------------------------------------------------------------- */

static int
check_text(const struct check *c, const char *s, enum text_form form,
    bool line, const char *where)
{
	struct page_state page = { IN_TEXT, 0, "", "", false, false };
	const char *at = s;
	struct piece x;
	int rc;

	if (s == NULL)
		return wrong(c, "template_text", where);
	if (text_has_control(s) || (line && text_has_crlf(s, strlen(s))))
		return wrong(c, "template_control", where);
	while ((rc = piece_next(&at, &x)) > 0) {
		enum var_type t;
		bool required;

		if (!x.variable) {
			if (form == FORM_HTML)
				walk_page(&page, x.p, x.n);
			continue;
		}
		if (!var_find(c->def, x.p, x.n, &t, &required))
			return wrong(c, "template_variable", where);
		if (!required && x.otherwise == NULL)
			return wrong(c, "template_default", where);
		if (form == FORM_HTML && !may_stand(&page, t))
			return wrong(c, "template_place", where);
		page.begun = true;
	}
	return rc < 0 ? wrong(c, "template_brace", where) : 0;
}

static int
check_choice(const struct check *c, const struct json *j,
    enum text_form form, bool line, const char *where)
{
	static const char *const members[] = { "by", "cases", "else" };
	const char *by, *name;
	const struct json *cases;
	enum var_type t;
	bool required;

	if (json_type(j) != JSON_OBJECT)
		return check_text(c, json_str(j), form, line, where);
	by = json_str(json_get(j, "by"));
	cases = json_get(j, "cases");
	if (only(c, j, where, members, COUNT_OF(members)) < 0)
		return -1;
	if (by == NULL || strlen(by) > VAR_NAME_MAX ||
	    !var_find(c->def, by, strlen(by), &t, &required))
		return wrong(c, "template_variable", where);
	if (json_type(cases) != JSON_OBJECT)
		return wrong(c, "template_object", where);
	if (json_len(cases) > CASES_MAX)
		return wrong(c, "template_many", where);
	for (size_t i = 0; i < json_len(cases); i++)
		if (check_text(c, json_str(json_member(cases, i, &name)),
		    form, line, where) < 0)
			return -1;
	return check_text(c, json_str(json_get(j, "else")), form, line,
	    where);
}

static const struct text_place *
place_of(const char *channel, const char *name)
{
	for (size_t i = 0; i < text_places_count; i++)
		if (strcmp(text_places[i].channel, channel) == 0 &&
		    strcmp(text_places[i].name, name) == 0)
			return &text_places[i];
	return NULL;
}

static int
check_parameters(const struct check *c, const struct json *j,
    const char *where)
{
	if (json_type(j) != JSON_ARRAY)
		return wrong(c, "template_text", where);
	if (json_len(j) > 20)
		return wrong(c, "template_many", where);
	for (size_t i = 0; i < json_len(j); i++)
		if (check_text(c, json_str(json_at(j, i)), FORM_WORDS, true,
		    where) < 0)
			return -1;
	return 0;
}

/* The members of a channel's part, or of a locale itself (channel ""). */
static int
check_part(const struct check *c, const struct json *j, const char *channel,
    const char *where)
{
	const char *name;

	if (json_type(j) != JSON_OBJECT)
		return wrong(c, "template_object", where);
	for (size_t i = 0; i < json_len(j); i++) {
		const struct json *v = json_member(j, i, &name);
		const struct text_place *t = place_of(channel, name);
		const char *at = arena_printf(c->a, "%s.%.40s", where, name);

		if (*channel == '\0' && is_channel(name)) {
			if (check_part(c, v, name, at) < 0)
				return -1;
		} else if (strcmp(channel, "whatsapp") == 0 &&
		    strcmp(name, "parameters") == 0) {
			if (check_parameters(c, v, at) < 0)
				return -1;
		} else if (t == NULL) {
			return wrong(c, "template_member", at);
		} else if (check_choice(c, v, t->form, (t->form == FORM_LINE
		    && strcmp(channel, "sms") != 0) || t->form == FORM_URL ||
		    t->form == FORM_WORDS, at) < 0) {
			return -1;
		}
	}
	return 0;
}

static int
check_locales(const struct check *c)
{
	const struct json *locales = json_get(c->def, "locales");
	const char *other = json_str(json_get(c->def, "default_locale"));
	const char *name;

	if (json_type(locales) != JSON_OBJECT || json_len(locales) == 0)
		return wrong(c, "template_object", "locales");
	if (json_len(locales) > TEMPLATE_LOCALES_MAX)
		return wrong(c, "template_many", "locales");
	if (other == NULL || !json_has(locales, other))
		return wrong(c, "template_locale", "default_locale");
	for (size_t i = 0; i < json_len(locales); i++) {
		const struct json *l = json_member(locales, i, &name);
		const char *at = arena_printf(c->a, "locales.%.20s", name);

		if (!is_locale(name))
			return wrong(c, "template_locale", at);
		if (check_part(c, l, "", at) < 0)
			return -1;
		if (json_get(l, "title") == NULL || json_get(l, "body") ==
		    NULL)
			return wrong(c, "template_title", at);
	}
	return 0;
}

/* --- the rest -------------------------------------------------------------------- */

static int
check_variables(const struct check *c)
{
	static const char *const members[] = { "type", "required",
	    "description" };
	const struct json *vars = json_get(c->def, "variables");
	const char *name;

	if (vars == NULL)
		return 0;
	if (json_type(vars) != JSON_OBJECT)
		return wrong(c, "template_object", "variables");
	if (json_len(vars) > TEMPLATE_VARS_MAX)
		return wrong(c, "template_many", "variables");
	for (size_t i = 0; i < json_len(vars); i++) {
		const struct json *v = json_member(vars, i, &name);
		const char *at = arena_printf(c->a, "variables.%.20s", name);
		const char *type = json_str(json_get(v, "type"));
		bool known = false, yes;

		if (!is_name(name) || strcmp(name, "site") == 0)
			return wrong(c, "template_name", at);
		if (only(c, v, at, members, COUNT_OF(members)) < 0)
			return -1;
		for (int t = 0; type != NULL && t < VAR_TYPES; t++)
			known |= strcmp(type, var_type_word[t]) == 0;
		if (!known || (json_has(v, "required") &&
		    !json_bool(json_get(v, "required"), &yes)))
			return wrong(c, "template_type", at);
	}
	return 0;
}

static int
check_data(const struct check *c)
{
	const struct json *data = json_get(c->def, "data");
	const char *name;

	if (data == NULL)
		return 0;
	if (json_type(data) != JSON_OBJECT)
		return wrong(c, "template_object", "data");
	if (json_len(data) > DATA_MAX)
		return wrong(c, "template_many", "data");
	for (size_t i = 0; i < json_len(data); i++)
		if (check_choice(c, json_member(data, i, &name), FORM_TEXT,
		    true, "data") < 0)
			return -1;
	return 0;
}

static int
check_channels(const struct check *c)
{
	const struct json *list = json_get(c->def, "channels");

	if (list == NULL)
		return 0;
	if (json_type(list) != JSON_ARRAY || json_len(list) == 0 ||
	    json_len(list) > COUNT_OF(channel_words))
		return wrong(c, "template_channel", "channels");
	for (size_t i = 0; i < json_len(list); i++)
		if (!is_channel(json_str(json_at(list, i))))
			return wrong(c, "template_channel", "channels");
	return 0;
}

int
template_check(struct arena *a, const struct json *def, struct err *e)
{
	static const char *const members[] = { "type", "variables", "data",
	    "channels", "default_locale", "locales" };
	const struct check c = { a, def, e };
	const struct json *type = json_get(def, "type");

	if (only(&c, def, "", members, COUNT_OF(members)) < 0)
		return -1;
	if (type != NULL && !is_word(json_str(type), 40))
		return wrong(&c, "template_name", "type");
	if (check_variables(&c) < 0 || check_channels(&c) < 0 ||
	    check_data(&c) < 0)
		return -1;
	return check_locales(&c);
}
