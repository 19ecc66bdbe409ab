/*
 * response.c - answers, and their way onto a transport.
 *
 * What must stay true: no header value carries CR, LF or NUL (H5), and a
 * broken or oversized answer never leaves as a whole one.
 */
#include "http/response.h"
#include "base/log.h"
#include "base/text.h"

#include <stdarg.h>

#define HEAD_MAX	((size_t)16 * 1024)	/* nginx: fastcgi_buffer_size */

void
resp_init(struct resp *r, struct arena *a)
{
	memset(r, 0, sizeof(*r));
	r->arena = a;
	buf_init(&r->body, RESP_BODY_MAX);
	jw_init(&r->json, &r->body);
}

void
resp_fini(struct resp *r)
{
	buf_fini(&r->body);
}

void
resp_reset(struct resp *r)
{
	r->status = 0;
	r->content_type = NULL;
	r->headers = 0;
	r->stream = NULL;
	buf_reset(&r->body);
	jw_init(&r->json, &r->body);
}

enum lang
resp_lang(struct resp *r)
{
	if (!r->chosen && r->choose != NULL) {
		r->chosen = true;
		r->lang = r->choose(r->choose_arg);
	}
	return r->lang;
}

void
resp_speak(struct resp *r, const char *locale)
{
	if (!r->by_reader && lang_of_locale(locale, &r->lang) == 1)
		r->chosen = true;
}

void
resp_read_in(struct resp *r, const char *choice)
{
	r->by_reader = r->chosen = lang_of_locale(choice, &r->lang) == 1;
}

const char *
resp_say(struct resp *r, const char *en)
{
	return lang_say(resp_lang(r), en);
}

const char *
resp_sayf(struct resp *r, const char *en, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, en);
	text = arena_vprintf(r->arena, resp_say(r, en), ap);
	va_end(ap);
	return text;
}

void
resp_header(struct resp *r, const char *name, const char *value)
{
	if (text_has_crlf(value, strlen(value)) || text_has_control(value)) {
		log_warn("header %s dropped: its value is not clean", name);
		return;
	}
	if (r->headers == RESP_HEADERS_MAX)
		fatal("response: more than %d headers", RESP_HEADERS_MAX);
	r->header[r->headers].name = name;
	r->header[r->headers++].value = arena_strdup(r->arena, value);
}

void
resp_headerf(struct resp *r, const char *name, const char *fmt, ...)
{
	char value[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(value))
		log_warn("header %s dropped: its value is too long", name);
	else
		resp_header(r, name, value);
}

struct jw *
resp_json(struct resp *r, int status)
{
	r->status = status;
	r->content_type = "application/json";
	buf_reset(&r->body);
	jw_init(&r->json, &r->body);
	jw_object(&r->json, NULL);
	return &r->json;
}

void
resp_json_end(struct resp *r)
{
	jw_end(&r->json);
}

void
resp_empty(struct resp *r, int status)
{
	r->status = status;
	r->content_type = NULL;
	buf_reset(&r->body);
}

void
resp_text(struct resp *r, int status, const char *type, const char *body)
{
	r->status = status;
	r->content_type = type;
	buf_reset(&r->body);
	buf_str(&r->body, body);
}

void
resp_stream(struct resp *r, int status, const char *type,
    resp_streamer *body, void *arg)
{
	r->status = status;
	r->content_type = type;
	r->stream = body;
	r->stream_arg = arg;
}

void
resp_message(struct resp *r, int status, const char *message)
{
	jw_str(resp_json(r, status), "message", resp_say(r, message));
	resp_json_end(r);
}

void
resp_set_tokens(struct resp *r, const char *access, const char *refresh)
{
	if (access != NULL)
		resp_header(r, "X-Auth-Access", access);
	if (refresh != NULL)
		resp_header(r, "X-Auth-Refresh", refresh);
	resp_no_store(r);
}

void
resp_clear_tokens(struct resp *r)
{
	resp_header(r, "X-Auth-Clear", "1");
	resp_no_store(r);
}

void
resp_no_store(struct resp *r)
{
	for (size_t i = 0; i < r->headers; i++)
		if (strcmp(r->header[i].name, "Cache-Control") == 0) {
			r->header[i].value = "no-store";
			return;
		}
	resp_header(r, "Cache-Control", "no-store");
}

static const char *
reason(int status)
{
	static const struct { int status; const char *text; } row[] = {
		{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
		{ 204, "No Content" }, { 302, "Found" },
		{ 304, "Not Modified" }, { 400, "Bad Request" },
		{ 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 409, "Conflict" }, { 410, "Gone" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (row[i].status == status)
			return row[i].text;
	return "Status";
}

static void
head(struct resp *r, struct buf *h)
{
	buf_printf(h, "Status: %d %s\r\n", r->status, reason(r->status));
	if (r->content_type != NULL)
		buf_printf(h, "Content-Type: %s\r\n", r->content_type);
	for (size_t i = 0; i < r->headers; i++) {
		buf_str(h, r->header[i].name);
		buf_str(h, ": ");
		buf_str(h, r->header[i].value);
		buf_str(h, "\r\n");
	}
	/* HEAD: the length that GET would have (RFC 9110 §9.3.2). */
	if (r->status >= 200 && r->status != 204 && r->status != 304 &&
	    r->stream == NULL)
		buf_printf(h, "Content-Length: %zu\r\n", r->body.len);
	/* Only where somebody was spoken to: the rest is of no language. */
	if (r->chosen)
		buf_printf(h, "Content-Language: %s\r\n"
		    "Vary: Accept-Language\r\n", lang_tag(r->lang));
	buf_str(h, "\r\n");
}

static int
send_stream(struct resp *r, const struct req *q, const struct transport *t,
    const struct buf *h)
{
	struct err e = ERR_INIT;

	if (t->write(t->t, h->p, h->len) < 0)
		return -1;
	if (q->method == M_HEAD || r->stream(r->stream_arg, t, &e) == 0)
		return 0;
	if (e.kind != ERR_NONE)
		log_err(LOG_WARN_, "an answer was cut short", &e);
	return -1;
}

int
resp_send(struct resp *r, const struct req *q, const struct transport *t)
{
	struct buf h;
	int rc;

	if (r->status == 0 || r->body.over || (r->content_type != NULL &&
	    text_has_control(r->content_type))) {
		struct err e = ERR_INIT;

		err_set(&e, ERR_INTERNAL, "internal", r->body.over ?
		    "an answer outgrew its buffer" : "no answer was made");
		log_err(LOG_ERROR_, "response", &e);
		resp_problem(r, q, STYLE_OURS, &e);
	}
	buf_init(&h, HEAD_MAX);
	head(r, &h);
	if (h.over)
		fatal("response: the head passes %zu bytes", HEAD_MAX);
	if (r->stream != NULL) {
		rc = send_stream(r, q, t, &h);
		buf_fini(&h);
		return rc;
	}
	/* One write for the usual answer: a copy costs less than a packet. */
	if (q->method != M_HEAD && r->body.len < HEAD_MAX - h.len) {
		buf_add(&h, r->body.p == NULL ? "" : r->body.p, r->body.len);
		rc = t->write(t->t, h.p, h.len);
	} else {
		rc = t->write(t->t, h.p, h.len);
		if (rc == 0 && q->method != M_HEAD)
			rc = t->write(t->t, r->body.p, r->body.len);
	}
	buf_fini(&h);
	return rc < 0 ? -1 : 0;
}
