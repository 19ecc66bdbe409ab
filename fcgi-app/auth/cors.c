/*
 * cors.c - see cors.h.
 */
#include "auth/cors.h"

#include "base/conf.h"

bool
cors_allowed(const struct req *q)
{
	return q->origin[0] != '\0' && strcmp(q->origin, "*") != 0 &&
	    strcmp(q->origin, "null") != 0 &&
	    conf_list_has(CONF_CORS_ORIGINS, q->origin);
}

static void
each(const struct req *q, void (*add)(void *arg, const char *name,
    const char *value), void *arg)
{
	if (conf_str(CONF_CORS_ORIGINS)[0] == '\0')
		return;
	/* Also without an Origin, or a cache would mix the answers. */
	add(arg, "Vary", "Origin");
	if (!cors_allowed(q))
		return;
	add(arg, "Access-Control-Allow-Origin", q->origin);
	add(arg, "Access-Control-Expose-Headers",
	    "Retry-After, X-Request-Id, Preference-Applied");
	/* Cookies only for origins that may use them. */
	if (conf_list_has(CONF_ORIGINS, q->origin))
		add(arg, "Access-Control-Allow-Credentials", "true");
}

static void
to_resp(void *arg, const char *name, const char *value)
{
	resp_header(arg, name, value);
}

/* What is allowed equals an item of a setting, so it holds no line's end. */
static void
to_lines(void *arg, const char *name, const char *value)
{
	buf_printf(arg, "%s: %s\r\n", name, value);
}

void
cors_resp(const struct req *q, struct resp *r)
{
	each(q, to_resp, r);
}

void
cors_lines(const struct req *q, struct buf *b)
{
	each(q, to_lines, b);
}
