/*
 * net_begin.c - one request's options and callbacks.
 */
#include "net/net_own.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"

#define CONNECT_MS	5000L
#define SMTP_WHOLE_MS	60000L		/* at most, for one mail */
#define IDLE_S		60L

/* --- callbacks of libcurl ----------------------------------------------------- */

static size_t
on_body(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (t->body.len + n > ANSWER_MAX) {
		t->too_large = true;
		return 0;
	}
	buf_add(&t->body, p, n);
	return n * one;
}

static void
keep_header(char *out, size_t size, const char *p, size_t n, size_t skip)
{
	while (skip < n && (p[skip] == ' ' || p[skip] == '\t'))
		skip++;
	while (n > skip && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	n -= skip;
	if (n >= size)
		n = size - 1;
	memcpy(out, p + skip, n);
	out[n] = '\0';
}

static bool
is_header(const char *p, size_t n, const char *name)
{
	size_t len = strlen(name);

	if (n <= len || p[len] != ':')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((p[i] | 0x20) != name[i])
			return false;
	return true;
}

static size_t
on_header(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (t->req->kind == SEND_SMTP) {
		size_t have;

		/* After a refusal libcurl says QUIT before it hands the
		 * answer out; the goodbye is no answer to the mail. */
		if (n >= 3 && memcmp(p, "221", 3) == 0)
			return n * one;
		have = t->reply_whole ? 0 : strlen(t->reply);
		/* A space after the code: the reply's last line. */
		t->reply_whole = n >= 4 && p[3] == ' ';
		if (n >= 3 && memcmp(p, "354", 3) == 0)
			t->in_data = true;
		if (have + n < sizeof(t->reply)) {
			memcpy(t->reply + have, p, n);
			t->reply[have + n] = '\0';
		}
		return n * one;
	}
	if (n <= 2)
		t->headed_us = clock_mono();
	else if (is_header(p, n, "location"))
		keep_header(t->location, sizeof(t->location), p, n, 9);
	else if (is_header(p, n, "cache-control"))
		keep_header(t->cache, sizeof(t->cache), p, n, 14);
	else if (is_header(p, n, "x-wns-notificationstatus"))
		keep_header(t->reason, sizeof(t->reason), p, n, 25);
	else if (n > 13 && memcmp(p, "HTTP/1.1 ", 9) == 0)
		keep_header(t->reason, sizeof(t->reason), p, n, 13);
	return n * one;
}

static size_t
on_read(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	bool mail = t->req->kind == SEND_SMTP;
	const char *from = mail ? t->req->mail : t->req->body;
	size_t left = (mail ? t->req->mail_len : t->req->body_len) - t->given;

	n *= one;
	if (n > left)
		n = left;
	if (n > 0)
		memcpy(p, from + t->given, n);
	t->given += n;
	return n;
}

static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct transfer *t = arg;

	if (!t->refused || offset != 0 || origin != SEEK_SET)
		return CURL_SEEKFUNC_FAIL;
	t->given = 0;
	t->refused = false;
	t->stream = 0;
	return CURL_SEEKFUNC_OK;
}

static int
on_words(CURL *easy, curl_infotype type, char *p, size_t n, void *arg)
{
	(void)easy;
	if (type == CURLINFO_TEXT)
		transfer_hears(arg, p, n);
	return 0;
}

static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
	struct transfer *t = arg;

	(void)purpose;
	if ((t->req->user_url || t->req->site_url) &&
	    !egress_check_addr(t->host, t->port, &at->addr)) {
		t->refused_addr = true;
		return CURL_SOCKET_BAD;
	}
	return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

/* --- beginning ------------------------------------------------------------------ */

static void
set_common(struct transfer *t)
{
	CURL *c = t->easy;

	curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, IDLE_S);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(c, CURLOPT_READDATA, t);
	curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(c, CURLOPT_SEEKDATA, t);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
	if (t->net->ca[0] != '\0')
		curl_easy_setopt(c, CURLOPT_CAINFO, t->net->ca);
}

/* The lines are the request's; libcurl copies neither them nor the list. */
static int
append(struct transfer *t, const char *line, struct err *e)
{
	struct curl_slist *node = &t->node[t->lines];

	if (text_has_crlf(line, strlen(line)))
		return err_set(e, ERR_INPUT, "line_break_in_header",
		    "a header or address with CR or LF");
	if (t->lines == LINES_MAX)
		return err_set(e, ERR_INTERNAL, "too_many_headers", "%zu",
		    t->lines);
	node->data = (char *)(uintptr_t)line;
	node->next = NULL;
	if (t->lines++ > 0)
		node[-1].next = node;
	return 0;
}

/* What all POSTs have in common; it stays in the handle. */
static void
set_post(struct transfer *t)
{
	CURL *c = t->easy;

	set_common(t);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_words);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, t);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	t->set = true;
}

static int
set_http(struct transfer *t, struct err *e)
{
	const struct out_request *q = t->req;
	CURL *c = t->easy;

	if (!t->set)
		set_post(t);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS,
	    (long)conf_int(CONF_PROVIDER_TIMEOUT_MS));
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, q->zip ? "gzip, deflate" :
	    NULL);
	if (q->timeout_ms != 0)
		curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	if (q->user_url || q->site_url) {
		if ((q->user_url ? egress_check_url(q->url, e) :
		    egress_check_site(q->url, e)) < 0)
			return -1;
		if (egress_host(q->url, t->host, sizeof(t->host), &t->port) <
		    0)
			return err_set(e, ERR_INPUT, "endpoint_refused",
			    "no host");
	}
	if (curl_easy_setopt(c, CURLOPT_URL, q->url) != CURLE_OK)
		return err_set(e, ERR_INPUT, "bad_url", "libcurl refuses it");
	for (size_t i = 0; i < COUNT_OF(q->header) && q->header[i] != NULL;
	    i++)
		if (append(t, q->header[i], e) < 0)
			return -1;
	if (append(t, "Expect:", e) < 0)
		return -1;
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->node);
	if (strcmp(q->method, "POST") == 0) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)q->body_len);
		return 0;
	}
	t->set = false;
	if (strcmp(q->method, "GET") == 0) {
		curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
		return 0;
	}
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)q->body_len);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
	return 0;
}

static int
envelope(struct transfer *t, struct err *e)
{
	const struct out_request *q = t->req;

	if (text_has_crlf(q->mail_from, strlen(q->mail_from)))
		return err_set(e, ERR_INPUT, "line_break_in_header",
		    "sender with CR or LF");
	if (append(t, q->rcpt_to, e) < 0)
		return -1;
	curl_easy_setopt(t->easy, CURLOPT_MAIL_FROM, q->mail_from);
	curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->node);
	curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)q->mail_len);
	return 0;
}

static int
set_smtp(struct transfer *t, struct err *e)
{
	const struct out_request *q = t->req;
	const struct smtp_server *to = q->server;
	long ms = (long)conf_int(CONF_PROVIDER_TIMEOUT_MS);
	const char *ehlo = to->ehlo;
	CURL *c = t->easy;
	char url[600], name[256];
	const char *p;

	if (to->host[0] == '\0' || strpbrk(to->host, "/@?#\r\n ") != NULL)
		return err_set(e, ERR_CONFIG, "no_smtp_host",
		    "EMAIL_HOST is not set, or no host");
	if (ehlo[0] == '\0') {
		p = strstr(conf_str(CONF_PUBLIC_URL), "://");
		p = p == NULL ? "localhost" : p + 3;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, ":/"), p);
		ehlo = name;
	}
	/* The path of the URL is the name for EHLO. */
	snprintf(url, sizeof(url), "%s://%s:%d/%s", to->implicit ? "smtps" :
	    "smtp", to->host, to->port, ehlo);
	if (q->mail != NULL && envelope(t, e) < 0)
		return -1;
	if (q->mail == NULL)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "NOOP");
	curl_easy_setopt(c, CURLOPT_FORBID_REUSE, q->last ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	if (curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK)
		return err_set(e, ERR_CONFIG, "bad_smtp_host", "%s",
		    to->host);
	curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	if (to->user[0] != '\0') {
		curl_easy_setopt(c, CURLOPT_USERNAME, to->user);
		if (to->bearer[0] != '\0')
			curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER,
			    to->bearer);
		else
			curl_easy_setopt(c, CURLOPT_PASSWORD, to->password);
		curl_easy_setopt(c, CURLOPT_SASL_IR, 1L);
	}
	/* Servers think longer about a mail, but not without end. */
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms * 2 < SMTP_WHOLE_MS ?
	    ms * 2 : SMTP_WHOLE_MS);
	curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT,
	    (ms + 999) / 1000);
	if (t->again)
		curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	return 0;
}

int
transfer_set(struct transfer *t, struct err *e)
{
	t->lines = 0;
	if (t->req->kind != SEND_SMTP)
		return set_http(t, e);
	if (t->set)
		curl_easy_reset(t->easy);
	t->set = false;
	set_common(t);
	return set_smtp(t, e);
}
