/*
 * front_asked.c - what a handshake says, out of libwebsockets' tables.
 */
#include <libwebsockets.h>

#include "live/front_own.h"

/* Of the request in hand. */
static struct arena *arena;

static const struct { const char *name; enum lws_token_indexes token; }
standard[] = {
	{ "HTTP_AUTHORIZATION", WSI_TOKEN_HTTP_AUTHORIZATION },
	{ "HTTP_ORIGIN", WSI_TOKEN_ORIGIN },
	{ "HTTP_ACCEPT", WSI_TOKEN_HTTP_ACCEPT },
	{ "HTTP_ACCEPT_LANGUAGE", WSI_TOKEN_HTTP_ACCEPT_LANGUAGE },
	{ "HTTP_USER_AGENT", WSI_TOKEN_HTTP_USER_AGENT },
	{ "HTTP_HOST", WSI_TOKEN_HOST },
	{ "WEBSOCKET_VERSION", WSI_TOKEN_VERSION },
};
/* What nginx alone sets: it passes no header of the client's by itself. */
static const struct { const char *name, *header; } ours[] = {
	{ "REMOTE_ADDR", "x-gatepost-address:" },
	{ "REQUEST_ID", "x-gatepost-request:" },
	{ "GATEPOST_AUTH_SOURCE", "x-gatepost-source:" },
	{ "GATEPOST_COUNTRY", "x-gatepost-country:" },
	{ "HTTP_SEC_FETCH_SITE", "sec-fetch-site:" },
	{ "LAST_EVENT_ID", "last-event-id:" },
};

static const char *
param(void *t, const char *name)
{
	struct lws *wsi = t;
	char *to;
	int n;

	if (strcmp(name, "REQUEST_METHOD") == 0)
		return "GET";
	if (strcmp(name, "REQUEST_URI") == 0)
		return "/ws/notifications/";
	for (size_t i = 0; i < COUNT_OF(standard); i++) {
		if (strcmp(name, standard[i].name) != 0)
			continue;
		if ((n = lws_hdr_total_length(wsi, standard[i].token)) <= 0)
			return NULL;
		to = arena_alloc(arena, (size_t)n + 1);
		return lws_hdr_copy(wsi, to, n + 1, standard[i].token) < 0 ?
		    NULL : to;
	}
	for (size_t i = 0; i < COUNT_OF(ours); i++) {
		int len = (int)strlen(ours[i].header);

		if (strcmp(name, ours[i].name) != 0)
			continue;
		if ((n = lws_hdr_custom_length(wsi, ours[i].header,
		    len)) <= 0)
			return NULL;
		to = arena_alloc(arena, (size_t)n + 1);
		return lws_hdr_custom_copy(wsi, to, n + 1, ours[i].header,
		    len) < 0 ? NULL : to;
	}
	return NULL;
}

static long
no_body(void *t, void *p, size_t n)
{
	(void)t;
	(void)p;
	(void)n;
	return 0;
}

static const char *
argument(struct lws *wsi, const char *name)
{
	static char value[8192];	/* a whole token may stand there */
	const char *v = lws_get_urlarg_by_name(wsi, name, value,
	    sizeof(value));

	return v == NULL ? NULL : arena_strdup(arena, v);
}

int
front_asked(struct lws *wsi, struct arena *to, bool upgrade, struct asked *a,
    struct err *e)
{
	const struct transport t = { .param = param, .read = no_body,
	    .t = wsi };
	const char *last, *version;

	arena = to;
	memset(a, 0, sizeof(*a));
	if (req_read(&a->q, arena, &t, e) < 0)
		return -1;
	a->websocket = upgrade;
	version = param(wsi, "WEBSOCKET_VERSION");
	a->other_version = upgrade && (version == NULL ||
	    strcmp(version, "13") != 0);
	a->sse = strstr(a->q.accept, "text/event-stream") != NULL;
	a->after = argument(wsi, "after=");
	a->ticket = argument(wsi, "ticket=");
	a->token_in_url = argument(wsi, "token=") != NULL ||
	    argument(wsi, "access_token=") != NULL ||
	    argument(wsi, "access=") != NULL;
	/* What a browser repeats by itself is newer than its address. */
	if ((last = param(wsi, "LAST_EVENT_ID")) != NULL && *last != '\0')
		a->after = last;
	return 0;
}
