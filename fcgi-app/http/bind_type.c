/*
 * bind_type.c - one value to one member, by the row's type.
 *
 * Sentences are those that clients of the kept rows know, and never hold what
 * was sent: it may be a secret.
 */
#include "http/bind_own.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/mail.h"
#include "base/pattern.h"
#include "base/phone.h"
#include "base/text.h"

#include <ctype.h>

#define ITEM_MAX	4096		/* bytes of one string of a list */

/* The value as text: a string, or with F_LOOSE a number written out. */
static const char *
text_of(struct binding *x, const struct value *v)
{
	int64_t n;
	const char *s;

	if (v->j == NULL)
		return v->text;
	if ((s = json_str(v->j)) != NULL)
		return s;
	if ((x->f->flags & F_LOOSE) != 0 && json_int(v->j, &n) == 1)
		return arena_printf(x->a, "%" PRId64, n);
	return NULL;
}

/* "" of an optional member is what a form sends for "not given". */
static bool
blank(struct binding *x, const char *s)
{
	if (s[0] != '\0' || (x->f->type == FT_TEXT && x->f->min == 0))
		return false;
	if (x->f->flags & F_REQUIRED)
		bind_fault(x, "This field may not be blank.");
	return true;
}

static void
put_text(struct binding *x, const char *s)
{
	int64_t n = (int64_t)utf8_count(s);

	if ((x->f->flags & F_LINE) ? !text_is_line(s) : text_has_control(s))
		bind_fault(x, "Control characters are not allowed.");
	else if (n < x->f->min)
		bind_fault(x, "Ensure this field has at least %" PRId64
		    " characters.", x->f->min);
	else if (n > x->f->max)
		bind_fault(x, "Ensure this field has no more than %" PRId64
		    " characters.", x->f->max);
	else
		*(const char **)x->dst = s;
}

static void
put_email(struct binding *x, const char *s)
{
	char cmp[MAIL_MAX + 1];

	s = text_trim(x->a, s);
	if (blank(x, s))
		return;
	if (strlen(s) > MAIL_MAX || mail_parse(s, cmp, NULL) == 0)
		bind_fault(x, "Enter a valid email address.");
	else
		*(const char **)x->dst = s;
}

static void
put_phone(struct binding *x, const char *s)
{
	char e164[PHONE_MAX];

	s = text_trim(x->a, s);
	if (blank(x, s))
		return;
	if (strlen(s) > 64 ||
	    phone_normalise(s, conf_str(CONF_REGION), e164) == 0)
		bind_fault(x, "Enter a valid phone number.");
	else
		*(const char **)x->dst = arena_strdup(x->a, e164);
}

static void
put_time(struct binding *x, const char *s)
{
	int64_t us;

	if (clock_parse(s, &us) == 0 || us == 0)
		bind_fault(x, "Use an RFC 3339 time with its offset.");
	else
		*(int64_t *)x->dst = us;
}

static bool
is_date(const char *s)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	    30, 31 };
	int y, m, d;

	if (strlen(s) != 10 || strspn(s, "0123456789-") != 10 ||
	    sscanf(s, "%4d-%2d-%2d", &y, &m, &d) != 3 || s[4] != '-' ||
	    s[7] != '-' || y < 1 || m < 1 || m > 12 || d < 1)
		return false;
	if (m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0))
		return d <= 29;
	return d <= days[m - 1];
}

static void
put_date(struct binding *x, const char *s)
{
	if (is_date(s))
		*(const char **)x->dst = s;
	else
		bind_fault(x, "Use a real day, as YYYY-MM-DD.");
}

static void
put_enum(struct binding *x, const char *s)
{
	size_t n = strlen(s);

	for (const char *w = x->f->words; *w != '\0';) {
		size_t len = strcspn(w, "|");

		if (len == n && memcmp(w, s, n) == 0) {
			*(const char **)x->dst = s;
			return;
		}
		w += len + (w[len] == '|');
	}
	bind_fault(x, "This is not one of %s.", x->f->words);
}

static void
put_pattern(struct binding *x, const char *s)
{
	int64_t n = (int64_t)strlen(s);

	if (n < x->f->min || (x->f->max > 0 && n > x->f->max) ||
	    !pattern_is((enum pattern_id)x->f->pattern, s))
		bind_fault(x, "This value does not have the right form.");
	else
		*(const char **)x->dst = s;
}

/*
 * Six digits, in the digits of the reader's own keyboard too: Persian are
 * U+06F0, Arabic U+0660, both two bytes.
 */
#define CODE_SHORT	6U
#define CODE_LONG	10U

static void
put_code(struct binding *x, const char *s)
{
	char out[CODE_LONG + 1];
	size_t n = 0;
	const unsigned char *p;

	s = text_trim(x->a, s);
	for (p = (const unsigned char *)s; *p != '\0' && n < CODE_LONG; p++) {
		unsigned d = (unsigned)*p - '0';

		if (p[0] == 0xdb && p[1] >= 0xb0 && p[1] <= 0xb9)
			d = *++p - 0xb0U;
		else if (p[0] == 0xd9 && p[1] >= 0xa0 && p[1] <= 0xa9)
			d = *++p - 0xa0U;
		if (d > 9)
			break;
		out[n++] = (char)('0' + d);
	}
	if ((n != CODE_SHORT && n != CODE_LONG) || *p != '\0') {
		bind_fault(x, "Enter the six digits of the code.");
		return;
	}
	out[n] = '\0';
	*(const char **)x->dst = arena_strdup(x->a, out);
}

static void
put_int(struct binding *x, const struct value *v)
{
	struct opt_int *out = x->dst;
	const char *s;
	int64_t n;

	if (v->j == NULL || json_int(v->j, &n) == 0) {
		/* In JSON a string is a number only where a row says so. */
		s = v->j == NULL || (x->f->flags & F_LOOSE) != 0 ?
		    text_of(x, v) : NULL;
		if (s != NULL && blank(x, s))
			return;
		if (s == NULL || text_i64(s, INT64_MIN, INT64_MAX, &n) == 0) {
			bind_fault(x, "A valid integer is required.");
			return;
		}
	}
	if (n < x->f->min || n > x->f->max) {
		bind_fault(x, "Ensure this value is between %" PRId64
		    " and %" PRId64 ".", x->f->min, x->f->max);
		return;
	}
	out->set = true;
	out->v = n;
}

static void
put_bool(struct binding *x, const struct value *v)
{
	static const char *const yes[] = { "true", "1", "on", "yes" };
	static const char *const no[] = { "false", "0", "off", "no" };
	struct opt_bool *out = x->dst;
	const char *s;

	out->set = true;
	if (v->j != NULL && json_bool(v->j, &out->v) == 1)
		return;
	s = v->j == NULL || (x->f->flags & F_LOOSE) != 0 ? text_of(x, v) :
	    NULL;
	for (size_t i = 0; s != NULL && i < COUNT_OF(yes); i++) {
		out->v = strcasecmp(s, yes[i]) == 0;
		if (out->v || strcasecmp(s, no[i]) == 0)
			return;
	}
	out->set = false;
	if (s == NULL || !blank(x, s))
		bind_fault(x, "Must be a valid boolean.");
}

/* A value out of text that holds JSON; kept until bind_fini. */
static const struct json *
json_of_text(struct binding *x, const char *s, size_t n)
{
	struct bound *b = x->b;
	struct err ignored = ERR_INIT;

	if (b->texts == BOUND_JSONS || json_parse(s, n, JSON_STRICT, 0,
	    &b->text[b->texts], &ignored) < 0)
		return NULL;
	return b->text[b->texts++];
}

/* The JSON of a value, following F_JSON_TEXT and forms; NULL none. */
static const struct json *
json_value(struct binding *x, const struct value *v)
{
	const char *s;

	if (v->j == NULL)
		return json_of_text(x, v->text, v->text_n);
	if ((x->f->flags & F_JSON_TEXT) != 0 && (s = json_str(v->j)) != NULL)
		return json_of_text(x, s, strlen(s));
	return v->j;
}

static void
put_json(struct binding *x, const struct value *v)
{
	const struct json *j = json_value(x, v);
	int64_t n;

	if (j == NULL) {
		bind_fault(x, "Value must be valid JSON.");
		return;
	}
	n = (int64_t)json_len(j);
	if (json_type(j) == JSON_ARRAY && x->f->max > 0 &&
	    (n < x->f->min || n > x->f->max)) {
		bind_fault(x, "Ensure this list has %" PRId64 " to %" PRId64
		    " items.", x->f->min, x->f->max);
		return;
	}
	*(const struct json **)x->dst = j;
}

static bool
list_fits(struct binding *x, size_t n)
{
	if ((int64_t)n >= x->f->min && (int64_t)n <= x->f->max)
		return true;
	bind_fault(x, "Ensure this list has %" PRId64 " to %" PRId64
	    " items.", x->f->min, x->f->max);
	return false;
}

static bool
item_text(const char *s)
{
	return s != NULL && strlen(s) <= ITEM_MAX && !text_has_control(s);
}

static int
list_new(struct binding *x, size_t n, struct err *e)
{
	if (x->f->type == FT_TEXTS) {
		struct texts *out = x->dst;

		if (bind_room(x->a, n * sizeof(*out->p), e) < 0)
			return -1;
		out->p = arena_array(x->a, n, sizeof(*out->p));
		out->set = true;
	} else {
		struct ints *out = x->dst;

		if (bind_room(x->a, n * sizeof(*out->p), e) < 0)
			return -1;
		out->p = arena_array(x->a, n, sizeof(*out->p));
		out->set = true;
	}
	return 0;
}

/* One item at the end of the list; false and a fault when it is none. */
static bool
list_put(struct binding *x, const struct value *v, size_t i)
{
	const char *s = v->j == NULL ? v->text : json_str(v->j);
	int64_t n;

	if (x->f->type == FT_TEXTS) {
		struct texts *out = x->dst;

		if (s == NULL && v->j != NULL)
			s = text_of(x, v);
		if (item_text(s)) {
			out->p[out->n++] = s;
			return true;
		}
		bind_fault(x, "Item %zu is no text.", i);
		return false;
	}
	if ((v->j != NULL && json_int(v->j, &n) == 1) || (s != NULL &&
	    (v->j == NULL || (x->f->flags & F_LOOSE) != 0) &&
	    text_i64(s, INT64_MIN, INT64_MAX, &n) == 1)) {
		struct ints *out = x->dst;

		out->p[out->n++] = n;
		return true;
	}
	bind_fault(x, "Item %zu is no integer.", i);
	return false;
}

static int
put_list(struct binding *x, const struct value *v, struct err *e)
{
	const struct json *j = json_value(x, v);
	size_t n = json_len(j);

	if (json_type(j) != JSON_ARRAY) {
		bind_fault(x, "Expected a list of items.");
		return 0;
	}
	if (!list_fits(x, n))
		return 0;
	if (list_new(x, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct value item = { .j = json_at(j, i) };

		if (item.j == NULL) {
			bind_fault(x, "Item %zu is null.", i);
			return 0;
		}
		if (!list_put(x, &item, i))
			return 0;
	}
	return 0;
}

int
bind_repeated(struct binding *x, struct err *e)
{
	const struct part *p;
	size_t n = 0;

	while (parts_find(x->b->parts, x->f->name, false, n) != NULL)
		n++;
	if (n == 0) {
		if (x->f->flags & F_REQUIRED)
			bind_fault(x, "This field is required.");
		return 0;
	}
	if (!list_fits(x, n))
		return 0;
	if (list_new(x, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct value v = { 0 };

		p = parts_find(x->b->parts, x->f->name, false, i);
		v.text = p->text;
		v.text_n = p->n;
		if (!list_put(x, &v, i))
			break;
	}
	return 0;
}

/* The types that are text on the wire. */
static void
put_word(struct binding *x, const char *s)
{
	static void (*const put[])(struct binding *, const char *) = {
		[FT_TEXT] = put_text, [FT_EMAIL] = put_email,
		[FT_PHONE] = put_phone, [FT_TIME] = put_time,
		[FT_DATE] = put_date, [FT_ENUM] = put_enum,
		[FT_PATTERN] = put_pattern, [FT_CODE] = put_code,
	};

	if (x->f->flags & F_TRIM)
		s = text_trim(x->a, s);
	if (!blank(x, s))
		put[x->f->type](x, s);
}

int
bind_value(struct binding *x, const struct value *v, struct err *e)
{
	const char *s;
	int64_t n;

	switch (x->f->type) {
	case FT_INT:
		put_int(x, v);
		return 0;
	case FT_BOOL:
		put_bool(x, v);
		return 0;
	case FT_JSON:
		put_json(x, v);
		return 0;
	case FT_TEXTS:
	case FT_INTS:
		return put_list(x, v, e);
	case FT_CODE:
		/* A published example sends the code as a number. */
		if (v->j != NULL && json_int(v->j, &n) == 1 && n >= 0 &&
		    (n <= 999999 || n >= 1000000000)) {
			put_code(x, arena_printf(x->a, "%06" PRId64, n));
			return 0;
		}
		break;
	default:
		break;
	}
	if ((s = text_of(x, v)) == NULL) {
		bind_fault(x, "Not a valid string.");
		return 0;
	}
	/* Trimming copies. */
	if (bind_room(x->a, strlen(s), e) < 0)
		return -1;
	put_word(x, s);
	return 0;
}
