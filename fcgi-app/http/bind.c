/*
 * bind.c - a body or query to the struct of a fieldset.
 *
 * What must stay true: a handler never sees a value that its row did not
 * declare and bound, and every fault is reported at once, by field.
 */
#include "http/bind_own.h"
#include "base/crypto.h"
#include "base/text.h"

#include <stdarg.h>

/* What the answer may still need of a request's arena. */
#define ROOM_KEPT	((size_t)256 * 1024)
#define NAME_SHOWN	60

int
bind_room(struct arena *a, size_t n, struct err *e)
{
	/* Twice: rounding, and copies that trimming and decoding make. */
	if (n > SIZE_MAX / 4 || arena_left(a) < 2 * n + ROOM_KEPT)
		return err_set(e, ERR_TOO_LARGE, "too_large",
		    "%zu bytes of values, %zu left", n, arena_left(a));
	return 0;
}

void
faults_add(struct faults *f, const char *field, const char *text)
{
	if (f->n == FAULTS_MAX)
		return;
	for (enum lang l = 0; l < LANGS; l++)
		f->f[f->n].text[l] = lang_say(l, text);
	f->f[f->n++].field = field;
}

void
faults_vaddf(struct faults *f, struct arena *a, const char *field,
    const char *fmt, va_list ap)
{
	if (f->n == FAULTS_MAX)
		return;
	for (enum lang l = 0; l < LANGS; l++) {
		va_list again;

		va_copy(again, ap);
		f->f[f->n].text[l] = arena_vprintf(a, lang_say(l, fmt), again);
		va_end(again);
	}
	f->f[f->n++].field = field;
}

void
faults_addf(struct faults *f, struct arena *a, const char *field,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	faults_vaddf(f, a, field, fmt, ap);
	va_end(ap);
}

void
faults_add_item(struct faults *f, struct arena *a, const char *field,
    int item, const char *text)
{
	if (f->n == FAULTS_MAX)
		return;
	for (enum lang l = 0; l < LANGS; l++)
		f->f[f->n].text[l] = arena_printf(a, lang_say(l,
		    "Item %d: %s"), item, lang_say(l, text));
	f->f[f->n++].field = field;
}

void
bind_fault(struct binding *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	faults_vaddf(&x->b->faults, x->a, x->f->name, fmt, ap);
	va_end(ap);
}

/* Is the media type of `s`, before any ';', the word `type`? */
static bool
media_is(const char *s, const char *type)
{
	size_t n = strlen(type);

	s += strspn(s, " \t");
	return strncasecmp(s, type, n) == 0 && (s[n] == '\0' || s[n] == ';' ||
	    s[n] == ' ' || s[n] == '\t');
}

enum body_type
bind_body_type(const struct req *q)
{
	if (q->body_len == 0)
		return BODY_EMPTY;
	if (media_is(q->content_type, "application/json"))
		return BODY_JSON;
	if (media_is(q->content_type, "application/x-www-form-urlencoded"))
		return BODY_FORM;
	if (media_is(q->content_type, "multipart/form-data"))
		return BODY_MULTIPART;
	return BODY_OTHER;
}

bool
bind_accepts(const struct fieldset *f, enum body_type t)
{
	bool file = false, flat = true;

	for (size_t i = 0; i < f->rows; i++) {
		file = file || f->row[i].type == FT_FILE ||
		    (f->row[i].flags & F_MULTIPART) != 0;
		if (f->row[i].type == FT_JSON &&
		    (f->row[i].flags & F_JSON_TEXT) == 0)
			flat = false;
	}
	switch (t) {
	case BODY_EMPTY:
	case BODY_JSON:
		return true;
	case BODY_FORM:
		return flat;
	case BODY_MULTIPART:
		return file;
	case BODY_OTHER:
		break;
	}
	return false;
}

/*
 * How many values could it hold at most?  Every value but the first follows
 * one of these; inside strings they are counted too, which errs to the safe
 * side only for texts of 50,000 commas.
 */
static bool
too_many(const char *p, size_t n)
{
	size_t marks = 0;
	bool in_string = false;

	for (size_t i = 0; i < n; i++) {
		if (in_string && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			in_string = !in_string;
		else if (!in_string)
			marks += p[i] == ',' || p[i] == '[' || p[i] == '{' ||
			    p[i] == ':';
	}
	return marks > JSON_VALUES_MAX;
}

int
body_json(const char *p, size_t n, struct json **doc, struct err *e)
{
	*doc = NULL;
	if (too_many(p, n))
		return err_set(e, ERR_TOO_LARGE, "too_many_values",
		    "more than %d values", JSON_VALUES_MAX);
	if (json_parse(p, n, JSON_STRICT, 0, doc, e) < 0)
		return -1;
	if (json_type(*doc) != JSON_OBJECT) {
		json_free(*doc);
		*doc = NULL;
		return err_set(e, ERR_INPUT, "invalid_json",
		    "the body is no object");
	}
	return 0;
}

static int
read_parts(const struct req *q, const struct fieldset *f, struct bound *b,
    struct err *e)
{
	struct parts *ps = arena_alloc(q->arena, sizeof(*ps));
	const char *body = (const char *)q->body;

	b->parts = ps;
	if (f->source == IN_QUERY)
		return form_parse(q->arena, q->query, strlen(q->query), ps, e);
	switch (bind_body_type(q)) {
	case BODY_EMPTY:
		return 0;
	case BODY_JSON:
		b->parts = NULL;
		return body_json(body, q->body_len, &b->doc, e);
	case BODY_FORM:
		return form_parse(q->arena, body, q->body_len, ps, e);
	case BODY_MULTIPART:
		return multipart_parse(q->arena, q->content_type, q->body,
		    q->body_len, ps, e);
	case BODY_OTHER:
		break;
	}
	return err_set(e, ERR_MEDIA, "unsupported_media", "\"%.60s\"",
	    q->content_type);
}

static bool
declared(const struct fieldset *f, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < f->rows; i++)
		if (strncmp(f->row[i].name, name, n) == 0 &&
		    f->row[i].name[n] == '\0')
			return true;
	return false;
}

static void
unknown(struct arena *a, struct bound *b, const char *name)
{
	if (b->faults.n < FAULTS_MAX)
		faults_add(&b->faults, arena_printf(a, "%.*s", NAME_SHOWN,
		    name), "Unknown field.");
}

static const char *
plain_name(struct arena *a, const char *name)
{
	size_t n = strlen(name);

	return text_ends(name, "[]") ? arena_strndup(a, name, n - 2) : name;
}

static void
find_unknown(struct arena *a, const struct fieldset *f, struct bound *b)
{
	const char *name;

	for (size_t i = 0; b->doc != NULL && i < json_len(b->doc); i++) {
		json_member(b->doc, i, &name);
		if (!declared(f, name))
			unknown(a, b, name);
	}
	for (size_t i = 0; b->parts != NULL && i < b->parts->n; i++) {
		name = plain_name(a, b->parts->p[i].name);
		if (!declared(f, name))
			unknown(a, b, name);
	}
}

/* A second row of the same name (icon: a URL or a file) took the value. */
static bool
other_row_has(const struct binding *x)
{
	const struct fieldset *f = x->b->fields;

	for (size_t i = 0; i < f->rows; i++)
		if (&f->row[i] != x->f && f->row[i].type != FT_FILE &&
		    strcmp(f->row[i].name, x->f->name) == 0)
			return true;
	return false;
}

static void
bind_file(struct binding *x)
{
	const struct part *p = x->b->parts == NULL ? NULL :
	    parts_find(x->b->parts, x->f->name, true, 0);
	struct file *out = x->dst;

	if (p == NULL) {
		if (x->f->flags & F_REQUIRED)
			bind_fault(x, "This field is required.");
		else if (bind_has(x->b, x->f->name) && !other_row_has(x))
			bind_fault(x, "Send a file, as multipart/form-data.");
		return;
	}
	if ((int64_t)p->n > x->f->max) {
		bind_fault(x, "The file may have at most %" PRId64 " bytes.",
		    x->f->max);
		return;
	}
	out->p = (const uint8_t *)p->text;
	out->n = p->n;
	out->name = p->file;
	out->type = p->type;
}

static int
bind_field(struct binding *x, struct err *e)
{
	const struct part *p;
	struct value v = { 0 };

	if (x->f->type == FT_FILE) {
		bind_file(x);
		return 0;
	}
	if (x->b->parts != NULL) {
		if ((x->f->type == FT_TEXTS || x->f->type == FT_INTS) &&
		    (x->f->flags & F_JSON_TEXT) == 0)
			return bind_repeated(x, e);
		p = parts_find(x->b->parts, x->f->name, false, 0);
		if (p != NULL) {
			v.text = p->text;
			v.text_n = p->n;
			return bind_value(x, &v, e);
		}
	} else if ((v.j = json_get(x->b->doc, x->f->name)) != NULL) {
		return bind_value(x, &v, e);
	}
	if (x->f->flags & F_REQUIRED)
		bind_fault(x, x->b->doc != NULL && json_has(x->b->doc,
		    x->f->name) ? "This field may not be null." :
		    "This field is required.");
	return 0;
}

int
bind_request(const struct req *q, const struct fieldset *f,
    bool refuse_unknown, struct bound *b, struct err *e)
{
	struct binding x = { .a = q->arena, .b = b };

	memset(b, 0, sizeof(*b));
	b->fields = f;
	if (f->size > 0)
		b->in = arena_alloc(q->arena, f->size);
	if (f->source == IN_RAW || (f->source == IN_NOTHING &&
	    (q->method == M_GET || q->method == M_HEAD)))
		return 0;
	if (read_parts(q, f, b, e) < 0)
		return -1;
	x.form = b->parts != NULL;
	if (refuse_unknown)
		find_unknown(q->arena, f, b);
	for (size_t i = 0; i < f->rows; i++) {
		x.f = &f->row[i];
		x.dst = (char *)b->in + x.f->offset;
		if (bind_field(&x, e) < 0)
			return -1;
	}
	if (b->faults.n > 0) {
		err_set(e, ERR_INPUT, "invalid", "%zu faults, first: %s: %s",
		    b->faults.n, b->faults.f[0].field, b->faults.f[0].text[LANG_EN]);
		return -1;
	}
	return 0;
}

void
bind_fini(struct bound *b)
{
	json_free(b->doc);
	for (size_t i = 0; i < b->texts; i++)
		json_free(b->text[i]);
	b->doc = NULL;
	b->texts = 0;
}

bool
bind_has(const struct bound *b, const char *name)
{
	if (b->doc != NULL)
		return json_has(b->doc, name);
	return b->parts != NULL &&
	    (parts_find(b->parts, name, false, 0) != NULL ||
	    parts_find(b->parts, name, true, 0) != NULL);
}

bool
bind_is_null(const struct bound *b, const char *name)
{
	const struct part *p;
	const char *s;

	if (b->doc != NULL) {
		const struct json *j = json_get(b->doc, name);

		if (j == NULL)
			return json_has(b->doc, name);
		/* Browsers' forms and their JSON have only "" for "none". */
		s = json_str(j);
		return s != NULL && s[0] == '\0';
	}
	p = b->parts == NULL ? NULL : parts_find(b->parts, name, false, 0);
	return p != NULL && p->n == 0;
}

const char *
bind_peek_text(const struct req *q, const char *name)
{
	static const struct fieldset none = { .source = IN_BODY };
	struct err e = ERR_INIT;
	struct bound b = { 0 };
	const char *out = NULL;

	if (read_parts(q, &none, &b, &e) == 0) {
		const struct part *p = b.parts == NULL ? NULL :
		    parts_find(b.parts, name, false, 0);
		const char *s = p != NULL ? p->text :
		    json_str(json_get(b.doc, name));

		out = s == NULL ? NULL : arena_strdup(q->arena, s);
	}
	bind_fini(&b);
	return out;
}
