/*
 * json_write.c - writing JSON.  Whatever the strings hold, what comes out is
 * one well-formed document; misuse of the calls is our bug and ends the
 * process.
 */
#include "base/json.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/* `comma` holds two bits a level: something is there; it is an array. */
#define LEVELS_MAX	32
#define SOME(depth)	(UINT64_C(1) << ((depth) - 1))
#define ARRAY(depth)	(UINT64_C(1) << ((depth) - 1 + LEVELS_MAX))

void
jw_init(struct jw *w, struct buf *b)
{
	w->b = b;
	w->depth = 0;
	w->comma = 0;
}

static void
quote(struct buf *b, const char *text, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)text;
	size_t from = 0, i = 0;

	buf_char(b, '"');
	while (i < n) {
		char esc[7] = "\\u00";
		unsigned char c = s[i];
		size_t step;

		if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\' &&
		    c != 0x7f) {
			i++;
			continue;
		}
		if (c >= 0x80 && (step = utf8_step(s + i, n - i)) > 0) {
			i += step;
			continue;
		}
		buf_add(b, s + from, i - from);
		from = ++i;
		switch (c) {
		case '"': buf_str(b, "\\\""); break;
		case '\\': buf_str(b, "\\\\"); break;
		case '\n': buf_str(b, "\\n"); break;
		case '\r': buf_str(b, "\\r"); break;
		case '\t': buf_str(b, "\\t"); break;
		default:
			if (c >= 0x80) {
				buf_str(b, "\xef\xbf\xbd");
				break;
			}
			esc[4] = digit[c >> 4];
			esc[5] = digit[c & 15];
			buf_str(b, esc);
		}
	}
	buf_add(b, s + from, n - from);
	buf_char(b, '"');
}

/* What stands before any value: comma, member name, colon. */
static void
before(struct jw *w, const char *key)
{
	if (w->depth == 0) {
		if (key != NULL)
			fatal("json writer: member outside an object");
		return;
	}
	if ((key == NULL) != ((w->comma & ARRAY(w->depth)) != 0))
		fatal("json writer: %s", key == NULL ?
		    "member without a name" : "name inside an array");
	if (w->comma & SOME(w->depth))
		buf_char(w->b, ',');
	w->comma |= SOME(w->depth);
	if (key != NULL) {
		quote(w->b, key, strlen(key));
		buf_char(w->b, ':');
	}
}

static void
open_level(struct jw *w, const char *key, bool array)
{
	before(w, key);
	if (w->depth == LEVELS_MAX)
		fatal("json writer: deeper than %d", LEVELS_MAX);
	buf_char(w->b, array ? '[' : '{');
	w->depth++;
	w->comma &= ~(SOME(w->depth) | ARRAY(w->depth));
	if (array)
		w->comma |= ARRAY(w->depth);
}

void
jw_object(struct jw *w, const char *key)
{
	open_level(w, key, false);
}

void
jw_array(struct jw *w, const char *key)
{
	open_level(w, key, true);
}

void
jw_end(struct jw *w)
{
	if (w->depth == 0)
		fatal("json writer: end without a beginning");
	buf_char(w->b, w->comma & ARRAY(w->depth) ? ']' : '}');
	w->depth--;
}

void
jw_strn(struct jw *w, const char *key, const char *v, size_t n)
{
	before(w, key);
	quote(w->b, v, n);
}

void
jw_str(struct jw *w, const char *key, const char *v)
{
	if (v == NULL)
		jw_null(w, key);
	else
		jw_strn(w, key, v, strlen(v));
}

void
jw_i64(struct jw *w, const char *key, int64_t v)
{
	before(w, key);
	buf_printf(w->b, "%" PRId64, v);
}

void
jw_u64(struct jw *w, const char *key, uint64_t v)
{
	before(w, key);
	buf_printf(w->b, "%" PRIu64, v);
}

void
jw_id(struct jw *w, const char *key, uint64_t id)
{
	before(w, key);
	buf_printf(w->b, "\"%" PRIu64 "\"", id);
}

void
jw_id_or_null(struct jw *w, const char *key, uint64_t id)
{
	if (id == 0)
		jw_null(w, key);
	else
		jw_id(w, key, id);
}

void
jw_user_or_null(struct jw *w, const char *key, uint64_t id)
{
	if (id == 0)
		jw_null(w, key);
	else
		jw_u64(w, key, id);
}

void
jw_bool(struct jw *w, const char *key, bool v)
{
	before(w, key);
	buf_str(w->b, v ? "true" : "false");
}

void
jw_null(struct jw *w, const char *key)
{
	before(w, key);
	buf_str(w->b, "null");
}

void
jw_time(struct jw *w, const char *key, int64_t us)
{
	char text[CLOCK_TEXT_MAX];

	if (us == 0)
		jw_null(w, key);
	else
		jw_str(w, key, clock_rfc3339(us, false, text));
}

void
jw_raw(struct jw *w, const char *key, const char *json)
{
	before(w, key);
	buf_str(w->b, json);
}
