/*
 * log.c - one line, one write(2).
 *
 * A line never passes LINE_MAX_ bytes: that is PIPE_BUF on Linux, so lines of
 * several processes on one pipe never mix.  Nothing here allocates: running
 * out of memory is logged too.
 */
#include "base/log.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#define LINE_MAX_	4096
/* Kept free for `,"cut":true}` and the newline. */
#define TAIL		16
#define EXIT_FATAL	70		/* EX_SOFTWARE of sysexits.h */

static char prog_name[32] = "gatepost";
static char context_id[80];
static enum log_level least_level = LOG_INFO_;

static const char *const level_name[] = { "debug", "info", "warn", "error" };

static const char *const kind_name[] = {
	[ERR_NONE] = "none", [ERR_INTERNAL] = "internal",
	[ERR_INPUT] = "input", [ERR_AUTH] = "auth",
	[ERR_FORBIDDEN] = "forbidden", [ERR_NOT_FOUND] = "not_found",
	[ERR_CONFLICT] = "conflict", [ERR_GONE] = "gone",
	[ERR_TOO_LARGE] = "too_large", [ERR_MEDIA] = "media",
	[ERR_UNPROCESSABLE] = "unprocessable",
	[ERR_THROTTLED] = "throttled", [ERR_UNAVAILABLE] = "unavailable",
	[ERR_DB_LOST] = "db_lost", [ERR_DB_DUP] = "db_dup",
	[ERR_UNSURE] = "unsure", [ERR_CONFIG] = "config",
};

struct line {
	char	 b[LINE_MAX_];
	size_t	 n;
	bool	 cut;			/* something was left out */
};

void
log_init(const char *prog, enum log_level least)
{
	text_copy(prog_name, sizeof(prog_name), prog);
	least_level = least;
}

bool
log_has(enum log_level level)
{
	return level >= least_level;
}

void
log_context(const char *request_id)
{
	text_copy(context_id, sizeof(context_id),
	    request_id == NULL ? "" : request_id);
}

/* All of it or nothing. */
static bool
put(struct line *l, const char *p, size_t n)
{
	if (l->cut || n > sizeof(l->b) - TAIL - l->n) {
		l->cut = true;
		return false;
	}
	memcpy(l->b + l->n, p, n);
	l->n += n;
	return true;
}

static bool
put_str(struct line *l, const char *s)
{
	return put(l, s, strlen(s));
}

/* Control characters, C1 ones too: a terminal obeys U+009B like ESC [. */
static bool
put_unit(struct line *l, const unsigned char *s, size_t step)
{
	char esc[8];
	unsigned c = s[0];

	if (step == 0)
		return put_str(l, "\\ufffd");
	if (step == 2 && s[0] == 0xc2 && s[1] < 0xa0)
		c = s[1];
	else if (step > 1)
		return put(l, (const char *)s, step);
	if (c == '\n')
		return put_str(l, "\\n");
	if (c == '"' || c == '\\') {
		esc[0] = '\\';
		esc[1] = (char)c;
		return put(l, esc, 2);
	}
	if (c >= 0x20 && c < 0x7f)
		return put(l, (const char *)s, 1);
	snprintf(esc, sizeof(esc), "\\u%04x", c & 0xffff);
	return put(l, esc, 6);
}

/* `"text"`; cut text still gets its closing quote: one byte is kept back. */
static void
put_quoted(struct line *l, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = strlen(text), step;

	if (!put_str(l, "\""))
		return;
	for (; n > 0; s += step == 0 ? 1 : step, n -= step == 0 ? 1 : step) {
		step = utf8_step(s, n);
		if (!put_unit(l, s, step))
			break;
	}
	l->b[l->n++] = '"';
}

/* A member whole, or with its value cut; a key is never left alone. */
static void
put_member(struct line *l, const char *key, const char *str, int64_t num)
{
	char number[24];
	size_t was = l->n;

	if (l->n > 1)
		put_str(l, ",");
	put_str(l, "\"");
	put_str(l, key);
	put_str(l, "\":");
	if (l->cut || l->n + 32 > sizeof(l->b) - TAIL) {
		l->n = was;
		l->cut = true;
		return;
	}
	if (str != NULL) {
		put_quoted(l, str);
	} else {
		snprintf(number, sizeof(number), "%" PRId64, num);
		put_str(l, number);
	}
}

static void
begin(struct line *l, enum log_level level, const char *msg)
{
	char ts[CLOCK_TEXT_MAX];

	l->n = 0;
	l->cut = false;
	put_str(l, "{");
	put_member(l, "ts", clock_rfc3339(clock_now(), true, ts), 0);
	put_member(l, "level", level_name[level], 0);
	put_member(l, "prog", prog_name, 0);
	put_member(l, "pid", NULL, getpid());
	if (context_id[0] != '\0')
		put_member(l, "request_id", context_id, 0);
	put_member(l, "msg", msg, 0);
}

static void
finish(struct line *l)
{
	static const char cut[] = ",\"cut\":true}\n", whole[] = "}\n";
	ssize_t put_n;

	/* The place was kept by TAIL. */
	memcpy(l->b + l->n, l->cut ? cut : whole, strlen(l->cut ? cut : whole));
	l->n += strlen(l->cut ? cut : whole);
	do
		put_n = write(STDERR_FILENO, l->b, l->n);
	while (put_n < 0 && errno == EINTR);
	/* A log that cannot be written has nowhere to say so. */
}

static void PRINTF(2, 0)
say(enum log_level level, const char *fmt, va_list ap)
{
	char msg[LINE_MAX_];
	struct line l;
	int saved = errno;

	if (level < least_level)
		return;
	vsnprintf(msg, sizeof(msg), fmt, ap);
	begin(&l, level, msg);
	finish(&l);
	errno = saved;
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_DEBUG_, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_INFO_, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_WARN_, fmt, ap);
	va_end(ap);
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_ERROR_, fmt, ap);
	va_end(ap);
}

void
log_err(enum log_level level, const char *what, const struct err *e)
{
	struct line l;

	if (level < least_level)
		return;
	begin(&l, level, what);
	put_member(&l, "kind", (size_t)e->kind < COUNT_OF(kind_name) ?
	    kind_name[e->kind] : "unknown", 0);
	put_member(&l, "code", e->code, 0);
	if (e->field[0] != '\0')
		put_member(&l, "field", e->field, 0);
	if (e->sys != 0)
		put_member(&l, "sys", NULL, e->sys);
	put_member(&l, "detail", e->detail, 0);
	finish(&l);
}

void
log_event_n(const char *msg, const struct log_kv *kv, size_t n)
{
	struct line l;

	if (LOG_INFO_ < least_level)
		return;
	begin(&l, LOG_INFO_, msg);
	for (size_t i = 0; i < n; i++)
		put_member(&l, kv[i].key, kv[i].str, kv[i].num);
	finish(&l);
}

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_ERROR_, fmt, ap);
	va_end(ap);
	/* Not exit: handlers may need what has just run out. */
	_exit(EXIT_FATAL);
}
