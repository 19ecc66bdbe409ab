/*
 * buf.c - growing bytes.  cap never passes max + 1 (the NUL).
 */
#include "base/buf.h"
#include "base/log.h"

#include <stdarg.h>

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buf_fini(struct buf *b)
{
	if (b->p != NULL) {
		explicit_bzero(b->p, b->cap);
		free(b->p);
	}
	memset(b, 0, sizeof(*b));
}

void
buf_reset(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->len);
	b->len = 0;
	b->over = false;
}

/* Make room for n more bytes and the NUL; false when that passes max. */
static bool
room(struct buf *b, size_t n)
{
	size_t cap;
	char *p;

	if (n > b->max - b->len) {
		b->over = true;
		return false;
	}
	if (b->len + n + 1 <= b->cap)
		return true;
	cap = b->cap == 0 ? 256 : b->cap;
	while (cap < b->len + n + 1)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	/* Not realloc: the old bytes may be secret and must be wiped. */
	if ((p = malloc(cap)) == NULL)
		fatal("buf: out of memory for %zu bytes", cap);
	if (b->p != NULL) {
		memcpy(p, b->p, b->len);
		explicit_bzero(b->p, b->cap);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
	b->p[b->len] = '\0';
	return true;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!room(b, n) || n == 0)
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		fatal("buf_printf: bad format");
	if (!room(b, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

const char *
buf_text(const struct buf *b)
{
	return b->p == NULL ? "" : b->p;
}

const char *
buf_ids(struct buf *b, const uint64_t *id, size_t n)
{
	buf_init(b, n * 24 + 16);
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%" PRIu64, i > 0 ? "," : "", id[i]);
	buf_char(b, ']');
	return buf_text(b);
}
