/*
 * outward.c - one request to a provider, waited for.
 *
 * What must stay true: neither a URL's query nor an answer's text is logged:
 * both carry secrets (PROVIDERS: "never log request URLs").
 */
#include "auth/outward.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"

#define ASK_MS		3500U
#define FORM_MAX	((size_t)16 * 1024)

static struct net *
carrier(struct err *e)
{
	static struct net *n;

	if (n == NULL)
		n = net_new(e);
	return n;
}

static int
unavailable(const struct outward *o, const char *why, long status,
    struct err *e)
{
	char host[256] = "?";
	int port;

	(void)!egress_host(o->url, host, sizeof(host), &port);
	err_set(e, ERR_UNAVAILABLE, "provider_unavailable", "%.100s: %s %ld",
	    host, why, status);
	e->retry_after_s = 5;
	return -1;
}

int
outward_ask(struct arena *a, const struct outward *o, long *status,
    struct json **doc, long *max_age_s, struct err *e)
{
	struct out_request q = {
		.kind = SEND_HTTP, .url = o->url, .log_url = "",
		.method = o->form == NULL ? "GET" : "POST",
		.site_url = true, .timeout_ms = ASK_MS,
		.body = o->form == NULL ? "" : o->form,
		.body_len = o->form == NULL ? 0 : strlen(o->form),
	};
	struct net *n = carrier(e);
	struct err why = ERR_INIT;
	struct in_answer in;
	size_t h = 0;

	*doc = NULL;
	if (n == NULL)
		return -1;
	q.header[h++] = "Accept: application/json";
	if (o->form != NULL)
		q.header[h++] =
		    "Content-Type: application/x-www-form-urlencoded";
	if (o->authorization != NULL)
		q.header[h++] = arena_printf(a, "Authorization: %s",
		    o->authorization);
	if (net_fetch(n, &q, a, &in, &why) < 0)
		return unavailable(o, why.detail, 0, e);
	if (!in.complete || in.error != NET_OK)
		return unavailable(o, net_error_word(in.error), in.status, e);
	if (in.status >= 500 || in.status == 429 ||
	    (in.status >= 300 && in.status < 400))
		return unavailable(o, "status", in.status, e);
	*status = in.status;
	if (max_age_s != NULL)
		*max_age_s = in.max_age_s;
	if (json_parse(in.body, in.body_len, JSON_STRICT, 0, doc, &why) < 0)
		*doc = NULL;
	return 0;
}

const char *
form_text(struct arena *a, const char *const pair[][2])
{
	const char *text;
	struct buf b;

	buf_init(&b, FORM_MAX);
	for (size_t i = 0; pair[i][0] != NULL; i++) {
		if (pair[i][1] == NULL)
			continue;
		form_add(&b, a, pair[i][0], pair[i][1]);
	}
	text = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return text;
}
