/*
 * request.c - from a transport's parameters to a struct req.
 *
 * What must stay true: whatever bytes a client sends in a header, the strings
 * made of it are clean UTF-8 without control characters, because they go on
 * to log lines, audit rows and answers (H5).
 */
#include "http/request.h"
#include "base/clock.h"
#include "base/geo.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"

#include <ctype.h>

/* nginx holds a header line to 16 KiB; ours is the same when CGI carries it. */
#define PARAM_MAX	((size_t)16 * 1024)
#define PATH_MAX_	2048
#define AGENT_MAX	255
#define REQUEST_ID_TEXT	32

static bool
is_clean(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] >= 0x7f)
			return false;
	return true;
}

/* A copy in which what is no text has become `mark`. */
static const char *
clean_copy(struct arena *a, const char *s, size_t n, char mark)
{
	char *out = arena_strndup(a, s, n);

	for (size_t i = 0; i < n;) {
		size_t step = utf8_step(out + i, n - i);

		if (step == 0 || (step == 1 &&
		    ((unsigned char)out[i] < 0x20 || out[i] == 0x7f))) {
			out[i] = mark;
			step = 1;
		}
		i += step;
	}
	return out;
}

/* A parameter as text; "" when absent or too long to be honest. */
static const char *
marked_param(struct arena *a, const struct transport *t, const char *name,
    char mark)
{
	const char *s = t->param(t->t, name);
	size_t n;

	if (s == NULL || s[0] == '\0' || (n = strlen(s)) > PARAM_MAX)
		return "";
	return is_clean(s, n) ? arena_strndup(a, s, n) :
	    clean_copy(a, s, n, mark);
}

static const char *
text_param(struct arena *a, const struct transport *t, const char *name)
{
	return marked_param(a, t, name, '?');
}

static enum http_method
method_of(const char *s)
{
	static const struct { const char *word; enum http_method m; } row[] = {
		{ "GET", M_GET }, { "POST", M_POST }, { "HEAD", M_HEAD },
		{ "PUT", M_PUT }, { "PATCH", M_PATCH },
		{ "DELETE", M_DELETE }, { "OPTIONS", M_OPTIONS },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (strcmp(s, row[i].word) == 0)
			return row[i].m;
	return M_OTHER;
}

/* REQUEST_URI as nginx gives it; a plain CGI server may have the parts only. */
static int
read_target(struct req *q, const struct transport *t, struct err *e)
{
	/* '%' matches no template and is no valid escape; '?' would cut. */
	const char *uri = marked_param(q->arena, t, "REQUEST_URI", '%');
	const char *mark;

	if (uri[0] == '\0')
		uri = marked_param(q->arena, t, "PATH_INFO", '%');
	if (uri[0] != '/')
		return err_set(e, ERR_INPUT, "bad_request", "no path: \"%.40s\"",
		    uri);
	mark = strchr(uri, '?');
	if (mark != NULL) {
		q->path = arena_strndup(q->arena, uri, (size_t)(mark - uri));
		q->query = mark + 1;
	} else {
		q->path = uri;
		q->query = marked_param(q->arena, t, "QUERY_STRING", '%');
	}
	if (strlen(q->path) > PATH_MAX_)
		return err_set(e, ERR_INPUT, "bad_request", "path too long");
	return 0;
}

static const char *
request_id(struct arena *a, const struct transport *t)
{
	const char *given = text_param(a, t, "REQUEST_ID");
	uint8_t raw[REQUEST_ID_TEXT / 2];
	char *made;

	if (strlen(given) == REQUEST_ID_TEXT &&
	    strspn(given, "0123456789abcdef") == REQUEST_ID_TEXT)
		return given;
	made = arena_alloc(a, REQUEST_ID_TEXT + 1);
	rand_fill(raw, sizeof(raw));
	hex_encode(made, raw, sizeof(raw));
	return made;
}

/* nginx's $msec, "1700000000.123", in µs; 0 when it is anything else. */
static int64_t
arrived(const char *s)
{
	int64_t sec = 0, ms = 0;
	int digits = 0;

	for (; isdigit((unsigned char)*s) && digits < 12; s++, digits++)
		sec = sec * 10 + (*s - '0');
	if (digits == 0 || *s++ != '.')
		return 0;
	for (digits = 0; isdigit((unsigned char)*s) && digits < 3; digits++)
		ms = ms * 10 + (*s++ - '0');
	return digits == 3 && *s == '\0' ? sec * US_PER_S + ms * 1000 : 0;
}

static void
read_peer(struct req *q, const struct transport *t)
{
	const char *addr = text_param(q->arena, t, "REMOTE_ADDR");
	const char *c = text_param(q->arena, t, "GATEPOST_COUNTRY");
	char found[GEO_COUNTRY_TEXT];

	q->remote_addr = req_addr_key(addr, q->addr_key, &q->loopback) == 1 ?
	    addr : "";
	q->local = req_addr_local(q->remote_addr);
	/* Not stated: the server has no module for it. */
	if (c[0] == '\0' && geo_country(q->remote_addr, found) == 1)
		c = arena_strdup(q->arena, found);
	q->country = strlen(c) == 2 && isupper((unsigned char)c[0]) &&
	    isupper((unsigned char)c[1]) ? c : "ZZ";
}

/*
 * A credential whose source nobody stated counts as a cookie's: a server that
 * forgot the parameter then refuses too much, not too little.
 */
static void
read_credentials(struct req *q, const struct transport *t)
{
	struct arena *a = q->arena;
	const char *source = text_param(a, t, "GATEPOST_AUTH_SOURCE");

	q->authorization = text_param(a, t, "HTTP_AUTHORIZATION");
	if (q->authorization[0] == '\0')
		q->auth_source = AUTH_NONE;
	else
		q->auth_source = strcmp(source, "header") == 0 ?
		    AUTH_HEADER : AUTH_COOKIE;
	q->refresh_cookie = text_param(a, t, "GATEPOST_REFRESH");
	q->state_cookie = text_param(a, t, "GATEPOST_STATE");
	q->device_cookie = text_param(a, t, "GATEPOST_DEVICE");
}

static const char *
cut(struct arena *a, const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n <= max)
		return s;
	while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return arena_strndup(a, s, max);
}

static void
read_headers(struct req *q, const struct transport *t)
{
	struct arena *a = q->arena;

	q->content_type = text_param(a, t, "CONTENT_TYPE");
	q->origin = text_param(a, t, "HTTP_ORIGIN");
	q->sec_fetch_site = text_param(a, t, "HTTP_SEC_FETCH_SITE");
	q->sec_fetch_mode = text_param(a, t, "HTTP_SEC_FETCH_MODE");
	q->x_gatepost = text_param(a, t, "HTTP_X_GATEPOST");
	/* Two odd keys must not become one good one: DEL is refused later. */
	q->idempotency_key = marked_param(a, t, "HTTP_IDEMPOTENCY_KEY", 0x7f);
	q->prefer = text_param(a, t, "HTTP_PREFER");
	q->accept = text_param(a, t, "HTTP_ACCEPT");
	q->chosen_language = text_param(a, t, "GATEPOST_LANGUAGE");
	q->accept_language = *q->chosen_language != '\0' ?
	    q->chosen_language : text_param(a, t, "HTTP_ACCEPT_LANGUAGE");
	q->user_agent = cut(a, text_param(a, t, "HTTP_USER_AGENT"), AGENT_MAX);
	q->traceparent = text_param(a, t, "HTTP_TRACEPARENT");
	q->host = text_param(a, t, "HTTP_HOST");
	q->hub_signature = text_param(a, t, "HTTP_X_HUB_SIGNATURE_256");
	q->twilio_signature = text_param(a, t, "HTTP_X_TWILIO_SIGNATURE");
	q->gate_require = text_param(a, t, "GATEPOST_REQUIRE");
	q->gate_countries = text_param(a, t, "GATEPOST_COUNTRIES");
	q->gate_site = text_param(a, t, "GATEPOST_SITE");
	q->orig_method = text_param(a, t, "GATEPOST_ORIG_METHOD");
	q->orig_url = text_param(a, t, "GATEPOST_ORIG_URL");
	q->arrived_us = arrived(text_param(a, t, "GATEPOST_ARRIVED"));
}

static int
read_body(struct req *q, const struct transport *t, struct err *e)
{
	const char *length = text_param(q->arena, t, "CONTENT_LENGTH");
	size_t got = 0, want;
	uint64_t n = 0;
	uint8_t *body;

	q->body = (const uint8_t *)"";
	if (length[0] == '\0')
		return 0;
	if (text_u64(length, INT64_MAX, &n) == 0)
		return err_set(e, ERR_INPUT, "bad_request",
		    "content length \"%.40s\"", length);
	if (n > BODY_HARD_MAX) {
		q->body_over = true;
		return 0;
	}
	if ((want = (size_t)n) == 0)
		return 0;
	body = arena_alloc(q->arena, want + 1);
	while (got < want) {
		long r = t->read(t->t, body + got, want - got);

		if (r <= 0)
			return err_set(e, ERR_INPUT, "bad_request",
			    "body ended at %zu of %zu bytes", got, want);
		got += (size_t)r;
	}
	q->body = body;
	q->body_len = want;
	return 0;
}

int
req_read(struct req *q, struct arena *a, const struct transport *t,
    struct err *e)
{
	memset(q, 0, sizeof(*q));
	q->arena = a;
	q->path = "/";
	q->query = "";
	q->body = (const uint8_t *)"";
	/* First, so that even a refusal of the rest can name it. */
	q->request_id = request_id(a, t);
	q->method_text = text_param(a, t, "REQUEST_METHOD");
	q->method = method_of(q->method_text);
	read_peer(q, t);
	read_credentials(q, t);
	read_headers(q, t);
	if (q->method_text[0] == '\0')
		return err_set(e, ERR_INPUT, "bad_request", "no method");
	if (read_target(q, t, e) < 0)
		return -1;
	return read_body(q, t, e);
}

/* One preference of RFC 7240 at s, n bytes: name[=value]. */
const char *
req_bearer(const struct req *q)
{
	const char *s = q->authorization;

	if (strncasecmp(s, "Bearer ", 7) != 0)
		return NULL;
	s += 7;
	s += strspn(s, " ");
	return s[0] == '\0' ? NULL : s;
}

static bool
preference_is(const char *s, size_t n, const char *name, const char **value)
{
	size_t len = strlen(name);

	if (n < len || strncasecmp(s, name, len) != 0)
		return false;
	for (s += len, n -= len; n > 0 && (*s == ' ' || *s == '\t'); n--)
		s++;
	*value = n > 0 && *s == '=' ? s + 1 : NULL;
	return n == 0 || *s == '=' || *s == ';';
}

int
req_prefer_wait(const struct req *q)
{
	int answer = -1;

	for (const char *s = q->prefer; *s != '\0';) {
		size_t n = strcspn(s, ",");
		const char *p = s + strspn(s, " \t"), *value;
		size_t left = (size_t)(s + n - p);

		if (p <= s + n && preference_is(p, left, "wait", &value) &&
		    value != NULL) {
			value += strspn(value, " \t\"");
			if (isdigit((unsigned char)*value)) {
				long v = strtol(value, NULL, 10);

				/* The first one stated counts (RFC 7240 §2). */
				return v > 15 ? 15 : (int)v;
			}
		} else if (p <= s + n &&
		    preference_is(p, left, "respond-async", &value)) {
			answer = 0;
		}
		s += n + (s[n] == ',');
	}
	return answer;
}
