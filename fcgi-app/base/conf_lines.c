/*
 * conf_lines.c - the grammar of a settings file.
 */
#include "base/conf_parts.h"
#include "base/text.h"

#define KEY_MAX		128
#define VALUE_MAX	((size_t)64 * 1024)

struct lines {
	const char	*name, *p, *end;
	unsigned	 line;
	struct buf	 value;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
is_key(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	    (!first && c >= '0' && c <= '9');
}

static void
skip_blank(struct lines *l)
{
	while (l->p < l->end && is_blank(*l->p))
		l->p++;
}

static void
skip_line(struct lines *l)
{
	while (l->p < l->end && *l->p != '\n')
		l->p++;
}

static int
bad(const struct lines *l, unsigned line, const char *what, struct err *e)
{
	return err_set(e, ERR_CONFIG, "config", "%.150s:%u: %s", l->name, line,
	    what);
}

/* Up to the closing quote, which is stepped over. */
static bool
quoted(struct lines *l, char quote)
{
	for (; l->p < l->end && *l->p != quote; l->p++) {
		char c = *l->p;

		if (c == '\n')
			l->line++;
		if (c == '\\' && quote == '"' && l->end - l->p > 1) {
			char next = l->p[1];

			if (next == '\n') {
				l->line++;
				l->p++;
				continue;
			}
			if (strchr("\"\\`$", next) != NULL) {
				c = next;
				l->p++;
			}
		}
		buf_char(&l->value, c);
	}
	if (l->p == l->end)
		return false;
	l->p++;
	return true;
}

static void
unquoted(struct lines *l)
{
	size_t keep = 0;		/* up to here nothing is trimmed */

	for (; l->p < l->end && *l->p != '\n'; l->p++) {
		if (*l->p == '\\' && l->end - l->p > 1) {
			l->p++;
			if (*l->p == '\n') {
				l->line++;
				continue;
			}
			buf_char(&l->value, *l->p);
			keep = l->value.len;
			continue;
		}
		buf_char(&l->value, *l->p);
		if (!is_blank(*l->p))
			keep = l->value.len;
	}
	if (l->value.p != NULL) {
		l->value.len = keep;
		l->value.p[keep] = '\0';
	}
}

static int
assignment(struct lines *l, conf_line_fn *fn, void *ctx, struct err *e)
{
	unsigned line = l->line;
	char key[KEY_MAX];
	size_t n = 0;

	if (l->end - l->p > 7 && strncmp(l->p, "export ", 7) == 0) {
		l->p += 7;
		skip_blank(l);
	}
	while (l->p < l->end && is_key(*l->p, n == 0)) {
		if (n == sizeof(key) - 1)
			return bad(l, line, "name too long", e);
		key[n++] = *l->p++;
	}
	key[n] = '\0';
	skip_blank(l);
	if (n == 0 || l->p == l->end || *l->p != '=')
		return bad(l, line, "KEY=value expected", e);
	l->p++;
	skip_blank(l);
	buf_reset(&l->value);
	if (l->p < l->end && (*l->p == '"' || *l->p == '\'')) {
		char quote = *l->p++;

		if (!quoted(l, quote))
			return bad(l, line, "quote is never closed", e);
		skip_blank(l);
		if (l->p < l->end && *l->p != '\n')
			return bad(l, l->line,
			    "something after the closing quote", e);
	} else {
		unquoted(l);
	}
	if (l->value.over)
		return bad(l, line, "value too long", e);
	return fn(ctx, line, key, buf_text(&l->value), e);
}

int
conf_lines(const char *name, const char *text, size_t n, conf_line_fn *fn,
    void *ctx, struct err *e)
{
	struct lines l = { .name = name, .p = text, .end = text + n,
		.line = 1 };
	int rc = -1;

	buf_init(&l.value, VALUE_MAX);
	if (memchr(text, '\0', n) != NULL) {
		bad(&l, 1, "holds a NUL byte", e);
		goto out;
	}
	while (l.p < l.end) {
		skip_blank(&l);
		if (l.p == l.end)
			break;
		if (*l.p == '#' || *l.p == ';')
			skip_line(&l);
		else if (*l.p != '\n' && assignment(&l, fn, ctx, e) < 0)
			goto out;
		if (l.p < l.end) {	/* at the end of the line */
			l.p++;
			l.line++;
		}
	}
	rc = 0;
out:
	buf_fini(&l.value);
	return rc;
}
