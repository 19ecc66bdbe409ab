/*
 * template.c - from a definition and somebody's values to texts.
 *
 * What must stay true: every text is read once, from left to right; what a
 * value holds is never looked at for braces, and no value leaves without the
 * escaping of the place it stands in.
 */
#include "channel/template_own.h"

#include "base/conf.h"
#include "base/text.h"
#include "channel/part.h"
#include "channel/sms_text.h"

const struct text_place text_places[] = {
	{ "", "title", FORM_LINE }, { "", "body", FORM_TEXT },
	{ "", "url", FORM_URL },
	{ "email", "subject", FORM_LINE }, { "email", "text", FORM_TEXT },
	{ "email", "html", FORM_HTML }, { "sms", "text", FORM_LINE },
	{ "web_push", "title", FORM_LINE }, { "web_push", "body", FORM_TEXT },
	{ "web_push", "url", FORM_URL },
	{ "expo", "title", FORM_LINE }, { "expo", "body", FORM_TEXT },
	{ "in_app", "title", FORM_LINE }, { "in_app", "body", FORM_TEXT },
	{ "in_app", "url", FORM_URL },
	{ "whatsapp", "text", FORM_TEXT },
	{ "whatsapp", "template", FORM_WORDS },
	{ "whatsapp", "language", FORM_WORDS },
};
const size_t text_places_count = COUNT_OF(text_places);

struct value {
	const char	*name, *text;	/* text NULL: not given */
	enum var_type	 type;
};
struct use {
	struct arena	*a;
	const struct json *def;
	struct value	 value[TEMPLATE_VARS_MAX + 1];
	size_t		 values;
};

/* --- values ---------------------------------------------------------------- */

static int
at_fault(const char *name, const char *code, struct err *e)
{
	char field[40];

	snprintf(field, sizeof(field), "data.%.32s", name);
	return err_field(e, field, code, "a variable's value");
}

static int
read_values(struct use *u, const struct json *data, struct err *e)
{
	const struct json *vars = json_get(u->def, "variables");
	const char *name;
	size_t n = json_type(vars) == JSON_OBJECT ? json_len(vars) : 0;

	if (data != NULL && json_type(data) != JSON_OBJECT)
		return err_field(e, "data", "invalid", "no object");
	for (size_t i = 0; data != NULL && i < json_len(data); i++) {
		(void)json_member(data, i, &name);
		if (!json_has(vars, name))
			return at_fault(name, "unknown_variable", e);
	}
	for (size_t i = 0; i < n && i < TEMPLATE_VARS_MAX; i++) {
		struct value *v = &u->value[u->values++];
		const struct json *given;
		bool required;

		(void)json_member(vars, i, &v->name);
		(void)var_find(u->def, v->name, strlen(v->name), &v->type,
		    &required);
		given = json_get(data, v->name);
		if (given == NULL && required)
			return at_fault(v->name, "required", e);
		if (given != NULL && (v->text = var_text(u->a, given,
		    v->type)) == NULL)
			return at_fault(v->name, "invalid", e);
	}
	u->value[u->values++] = (struct value){ .name = "site",
	    .type = VAR_STRING, .text = conf_str(CONF_SITE_NAME) };
	return 0;
}

static const struct value *
value_of(const struct use *u, const char *name, size_t n)
{
	for (size_t i = 0; i < u->values; i++)
		if (strlen(u->value[i].name) == n &&
		    memcmp(u->value[i].name, name, n) == 0)
			return &u->value[i];
	return NULL;
}

/* --- texts ----------------------------------------------------------------- */

static void
put_line(struct buf *b, const char *s, size_t n, bool words)
{
	for (size_t i = 0; i < n; i++) {
		char c = (unsigned char)s[i] < ' ' || s[i] == 0x7f ? ' ' :
		    s[i];

		if (words && c == ' ' && (b->len == 0 ||
		    b->p[b->len - 1] == ' '))
			continue;
		buf_char(b, c);
	}
}

static void
put(struct arena *a, struct buf *b, const char *s, size_t n,
    enum text_form form, bool is_url)
{
	switch (form) {
	case FORM_TEXT:
		buf_add(b, s, n);
		break;
	case FORM_LINE:
	case FORM_WORDS:
		put_line(b, s, n, form == FORM_WORDS);
		break;
	case FORM_HTML:
		html_escape(b, s, n);
		break;
	case FORM_URL:
		if (is_url)
			buf_add(b, s, n);
		else
			buf_str(b, url_encode(a, arena_strndup(a, s, n)));
		break;
	}
}

/* A text, or the one that a variable's value chooses. */
static const char *
text_of(const struct use *u, const struct json *j)
{
	const struct value *v;
	const struct json *chosen;
	const char *by;

	if (json_type(j) != JSON_OBJECT)
		return json_str(j);
	by = json_str(json_get(j, "by"));
	v = by == NULL ? NULL : value_of(u, by, strlen(by));
	chosen = v == NULL || v->text == NULL ? NULL :
	    json_get(json_get(j, "cases"), v->text);
	return json_str(chosen != NULL ? chosen : json_get(j, "else"));
}

static const char *
filled(const struct use *u, const struct json *j, enum text_form form)
{
	const char *at = text_of(u, j), *s;
	struct piece x;
	struct buf b;

	if (at == NULL)
		return NULL;
	buf_init(&b, TEXT_MAX);
	while (piece_next(&at, &x) > 0) {
		const struct value *v = !x.variable ? NULL :
		    value_of(u, x.p, x.n);

		if (!x.variable)
			buf_add(&b, x.p, x.n);
		else if (v != NULL && v->text != NULL)
			put(u->a, &b, v->text, strlen(v->text), form,
			    v->type == VAR_URL);
		else if (x.otherwise != NULL)
			put(u->a, &b, x.otherwise, x.otherwise_n, form,
			    false);
	}
	s = b.over ? NULL : arena_strdup(u->a, buf_text(&b));
	buf_fini(&b);
	return s;
}

/* --- parts ----------------------------------------------------------------- */

static void
write_texts(const struct use *u, struct jw *w, const struct json *from,
    const char *channel)
{
	for (size_t i = 0; i < text_places_count; i++) {
		const struct text_place *t = &text_places[i];

		if (strcmp(t->channel, channel) == 0 &&
		    json_get(from, t->name) != NULL)
			jw_str(w, t->name, filled(u, json_get(from, t->name),
			    t->form));
	}
}

static void
write_channel(const struct use *u, struct jw *w, const struct json *locale,
    const char *channel)
{
	const struct json *from = json_get(locale, channel), *list;

	if (from == NULL)
		return;
	jw_object(w, channel);
	write_texts(u, w, from, channel);
	list = json_get(from, "parameters");
	if (json_type(list) == JSON_ARRAY) {
		jw_array(w, "parameters");
		for (size_t i = 0; i < json_len(list); i++)
			jw_str(w, NULL, filled(u, json_at(list, i),
			    FORM_WORDS));
		jw_end(w);
	}
	jw_end(w);
}

static void
write_parts(const struct use *u, struct jw *w)
{
	static const char *const channel[] = { "email", "sms", "web_push",
	    "expo", "in_app", "whatsapp" };
	const struct json *locales = json_get(u->def, "locales");
	const char *name;

	jw_object(w, NULL);
	jw_str(w, "default", json_str(json_get(u->def, "default_locale")));
	for (size_t i = 0; i < json_len(locales); i++) {
		const struct json *l = json_member(locales, i, &name);

		jw_object(w, name);
		write_texts(u, w, l, "");
		for (size_t k = 0; k < COUNT_OF(channel); k++)
			write_channel(u, w, l, channel[k]);
		jw_end(w);
	}
	jw_end(w);
}

static const char *
data_text(const struct use *u)
{
	const struct json *data = json_get(u->def, "data");
	const char *name, *s;
	struct buf b;
	struct jw w;

	if (json_type(data) != JSON_OBJECT || json_len(data) == 0)
		return NULL;
	buf_init(&b, TEXT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	for (size_t i = 0; i < json_len(data); i++) {
		const struct json *j = json_member(data, i, &name);

		jw_str(&w, name, filled(u, j, strcmp(name, "url") == 0 ?
		    FORM_URL : FORM_TEXT));
	}
	jw_end(&w);
	s = b.over ? NULL : arena_strdup(u->a, buf_text(&b));
	buf_fini(&b);
	return s;
}

static size_t
len_of(const struct json *c, const char *locale, const char *name)
{
	const char *s = part_text(c, locale, "web_push", name);

	return s == NULL ? 0 : strlen(s);
}

/* webpush.c writes the title twice, and so the url. */
size_t
template_push_bytes(struct arena *a, const struct json *content,
    const char *locale)
{
	const struct json *data = json_get(content, "data");

	return 90 + 2 * len_of(content, locale, "title") +
	    len_of(content, locale, "body") +
	    2 * len_of(content, locale, "url") +
	    (data == NULL ? 0 : strlen(json_text(a, data)));
}

/* What the longest locale comes to, by SMS and by push. */
static int
measure(struct arena *a, const struct json *def, struct template_out *out,
    struct err *e)
{
	const struct json *locales = json_get(def, "locales");
	struct json *c = NULL;
	const char *text = arena_printf(a, "{\"parts\":%s}", out->parts);
	const char *name;

	if (json_parse(text, strlen(text), JSON_PLAIN, 0, &c, e) < 0)
		return -1;
	out->sms_locale = "";
	for (size_t i = 0; i < json_len(locales); i++) {
		struct sms_size size;
		size_t n;

		(void)json_member(locales, i, &name);
		sms_measure(part_sms(a, c, name), &size);
		if (size.segments > out->sms_segments) {
			out->sms_segments = size.segments;
			out->sms_locale = name;
		}
		n = template_push_bytes(a, c, name) + (out->data == NULL ? 0 :
		    strlen(out->data));
		if (n > out->push_bytes)
			out->push_bytes = n;
	}
	out->title = part_text(c, "", "", "title");
	out->body = part_text(c, "", "", "body");
	out->url = part_text(c, "", "", "url");
	out->title = out->title == NULL ? "" : arena_strdup(a, out->title);
	out->body = out->body == NULL ? "" : arena_strdup(a, out->body);
	out->url = out->url == NULL ? NULL : arena_strdup(a, out->url);
	json_free(c);
	return 0;
}

int
template_render(struct arena *a, const struct json *def,
    const struct json *data, struct template_out *out, struct err *e)
{
	struct use *u = arena_alloc(a, sizeof(*u));
	const struct json *channels = json_get(def, "channels");
	const char *type = json_str(json_get(def, "type"));
	struct buf b;
	struct jw w;

	memset(out, 0, sizeof(*out));
	u->a = a;
	u->def = def;
	if (read_values(u, data, e) < 0)
		return -1;
	out->type = type == NULL ? "system" : arena_strdup(a, type);
	out->channels = json_type(channels) == JSON_ARRAY ?
	    json_text(a, channels) : NULL;
	out->data = data_text(u);
	buf_init(&b, TEMPLATE_CONTENT_MAX);
	jw_init(&w, &b);
	write_parts(u, &w);
	out->parts = b.over ? NULL : arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	if (out->parts == NULL)
		return err_field(e, "data", "payload_too_large",
		    "the texts do not fit a notification");
	return measure(a, def, out, e);
}

void
template_content(struct jw *w, const char *name, uint64_t version,
    const struct template_out *t)
{
	jw_str(w, "title", t->title);
	jw_str(w, "body", t->body);
	if (t->url != NULL)
		jw_str(w, "url", t->url);
	if (t->data != NULL)
		jw_raw(w, "data", t->data);
	jw_object(w, "tpl");
	jw_str(w, "name", name);
	jw_u64(w, "version", version);
	jw_end(w);
	jw_raw(w, "parts", t->parts);
}
