/*
 * http_case.h - a request out of rows, and its answer as bytes: a transport
 * in memory for tests of http/ and of the dispatcher.
 */
#ifndef GP_TEST_HTTP_CASE_H
#define GP_TEST_HTTP_CASE_H

#include "base/buf.h"
#include "http/response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct param { const char *name, *value; };

struct wire {
	struct param	 p[48];
	size_t		 n;
	const char	*body;
	size_t		 body_n, at;
	size_t		 chunk;		/* bytes a read; 0: all */
	bool		 gone;		/* reading and writing fail */
	struct buf	 out;
	char		 length[24];
};

static inline const char *
wire_param(void *t, const char *name)
{
	struct wire *w = t;

	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->p[i].name, name) == 0)
			return w->p[i].value;
	return NULL;
}

static inline long
wire_read(void *t, void *p, size_t n)
{
	struct wire *w = t;
	size_t left = w->body_n - w->at;

	if (w->gone)
		return -1;
	if (n > left)
		n = left;
	if (w->chunk != 0 && n > w->chunk)
		n = w->chunk;
	memcpy(p, w->body + w->at, n);
	w->at += n;
	return (long)n;
}

static inline int
wire_write(void *t, const void *p, size_t n)
{
	struct wire *w = t;

	if (w->gone)
		return -1;
	buf_add(&w->out, p, n);
	return 0;
}

static inline struct transport
wire_transport(struct wire *w)
{
	return (struct transport){ wire_param, wire_read, wire_write, w };
}

/* Replaces a parameter of the same name. */
static inline void
wire_set(struct wire *w, const char *name, const char *value)
{
	size_t i = 0;

	while (i < w->n && strcmp(w->p[i].name, name) != 0)
		i++;
	assert_true(i < COUNT_OF(w->p));
	w->p[i] = (struct param){ name, value };
	w->n += i == w->n;
}

static inline void
wire_init(struct wire *w, const char *method, const char *uri)
{
	memset(w, 0, sizeof(*w));
	buf_init(&w->out, (size_t)16 << 20);
	w->body = "";
	wire_set(w, "REQUEST_METHOD", method);
	wire_set(w, "REQUEST_URI", uri);
	wire_set(w, "REMOTE_ADDR", "192.0.2.7");
	wire_set(w, "GATEPOST_AUTH_SOURCE", "none");
}

static inline void
wire_body(struct wire *w, const char *type, const void *body, size_t n)
{
	w->body = body;
	w->body_n = n;
	snprintf(w->length, sizeof(w->length), "%zu", n);
	wire_set(w, "CONTENT_LENGTH", w->length);
	if (type != NULL)
		wire_set(w, "CONTENT_TYPE", type);
}

static inline void
wire_json(struct wire *w, const char *body)
{
	wire_body(w, "application/json", body, strlen(body));
}

static inline void
wire_fini(struct wire *w)
{
	buf_fini(&w->out);
}

/* --- the answer -------------------------------------------------------------- */

static inline int
wire_status(const struct wire *w)
{
	const char *s = buf_text(&w->out);

	return strncmp(s, "Status: ", 8) == 0 ?
	    (int)strtol(s + 8, NULL, 10) : -1;
}

static inline const char *
wire_answer(const struct wire *w)
{
	const char *s = strstr(buf_text(&w->out), "\r\n\r\n");

	return s == NULL ? "" : s + 4;
}

/* Is "Name: value" a whole header line of the answer? */
static inline bool
wire_has(const struct wire *w, const char *line)
{
	const char *s = buf_text(&w->out), *end = strstr(s, "\r\n\r\n");
	size_t n = strlen(line);

	for (; s != NULL && s <= end; s = strstr(s, "\r\n")) {
		s += s[0] == '\r' ? 2 : 0;
		if (strncmp(s, line, n) == 0 && s[n] == '\r')
			return true;
	}
	return false;
}

static inline bool
wire_has_header(const struct wire *w, const char *name)
{
	const char *s = buf_text(&w->out), *end = strstr(s, "\r\n\r\n");
	const char *at = strstr(s, name);

	return at != NULL && at < end && at[strlen(name)] == ':';
}

#endif
