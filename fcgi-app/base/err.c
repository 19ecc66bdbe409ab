/*
 * err.c - how a failure is written down.  Owns nothing.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>

static void PRINTF(4, 0)
fill(struct err *e, enum err_kind kind, const char *code, const char *fmt,
    va_list ap)
{
	e->kind = kind;
	e->sys = 0;
	e->retry_after_s = 0;
	e->field[0] = '\0';
	snprintf(e->code, sizeof(e->code), "%s", code);
	vsnprintf(e->detail, sizeof(e->detail), fmt, ap);
}

int
err_set(struct err *e, enum err_kind kind, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(e, kind, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_field(struct err *e, const char *field, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(e, ERR_INPUT, code, fmt, ap);
	va_end(ap);
	snprintf(e->field, sizeof(e->field), "%s", field);
	return -1;
}

int
err_errno(struct err *e, const char *code, const char *fmt, ...)
{
	va_list ap;
	size_t n;
	int saved = errno;

	va_start(ap, fmt);
	fill(e, ERR_INTERNAL, code, fmt, ap);
	va_end(ap);
	e->sys = saved;
	n = strlen(e->detail);
	snprintf(e->detail + n, sizeof(e->detail) - n, ": errno %d", saved);
	return -1;
}

int
err_throttled(struct err *e, const char *code, int retry_after_s)
{
	err_set(e, ERR_THROTTLED, code, "wait %d s", retry_after_s);
	e->retry_after_s = retry_after_s < 1 ? 1 : retry_after_s;
	return -1;
}

void
err_clear(struct err *e)
{
	memset(e, 0, sizeof(*e));
}
