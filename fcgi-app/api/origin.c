/*
 * origin.c - what a browser may do on behalf of whom: CSRF and CORS.
 *
 * What must stay true: a cookie alone never authorises an unsafe method, and
 * a refusal here leaves the victim's cookies alone (S38).
 */
#include "api/dispatch_own.h"
#include "auth/cors.h"
#include "auth/same_origin.h"
#include "base/text.h"

/* Does a page that is not ours ask?  Its browser names it, as "null" where it
 * will not tell; one that is older than Sec-Fetch-Site still sends Origin. */
static bool
abroad(const struct req *q)
{
	if (same_origin(q))
		return false;
	return q->origin[0] != '\0' || strcmp(q->sec_fetch_site,
	    "cross-site") == 0 || strcmp(q->sec_fetch_site, "same-site") == 0;
}

/* What a form of another site cannot send without asking first. */
static bool
not_a_form(const struct req *q)
{
	enum body_type t = bind_body_type(q);

	return t == BODY_EMPTY || t == BODY_JSON ||
	    strcmp(q->x_gatepost, "1") == 0;
}

static bool
by_cookie(const struct call *c)
{
	const struct req *q = c->req;

	if (c->who.kind == CALLER_ADMIN_TOKEN)
		return false;		/* never out of a cookie (S70) */
	return q->auth_source == AUTH_COOKIE ||
	    (route_word(c->route) == REFRESH && q->refresh_cookie[0] != '\0');
}

int
origin_check(const struct call *c, struct err *e)
{
	const struct req *q = c->req;

	if (q->method & SAFE_METHODS)
		return 0;
	/* A row that anyone may call takes its authority from the body: the
	 * forms of our own pages (links of mails) may be sent. */
	if (by_cookie(c))
		return same_origin(q) && (not_a_form(q) ||
		    route_word(c->route) == ANYONE ||
		    route_word(c->route) == GUEST) ? 0 : err_set(e,
		    ERR_FORBIDDEN, "csrf", "origin \"%.80s\", site \"%.20s\"",
		    q->origin, q->sec_fetch_site);
	/* A page of another site that signs its visitor in (S35): whoever asks
	 * for a browser's page says so, and programs say neither. */
	if (c->who.kind == CALLER_NOBODY && abroad(q) && !cors_allowed(q))
		return err_set(e, ERR_FORBIDDEN, "csrf",
		    "from another site, origin \"%.80s\"", q->origin);
	return 0;
}

const char *
methods_text(struct arena *a, unsigned allow)
{
	static const struct { enum http_method m; const char *word; } row[] = {
		{ M_GET, "GET" }, { M_HEAD, "HEAD" }, { M_POST, "POST" },
		{ M_PUT, "PUT" }, { M_PATCH, "PATCH" },
		{ M_DELETE, "DELETE" }, { M_OPTIONS, "OPTIONS" },
	};
	const char *out = "";

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (allow & row[i].m)
			out = arena_printf(a, "%s%s%s", out,
			    out[0] == '\0' ? "" : ", ", row[i].word);
	return out;
}

void
origin_preflight(const struct req *q, struct resp *r, unsigned allow)
{
	const char *methods = methods_text(q->arena, allow);

	resp_empty(r, 204);
	resp_header(r, "Allow", methods);
	if (!cors_allowed(q))
		return;
	resp_header(r, "Access-Control-Allow-Methods", methods);
	resp_header(r, "Access-Control-Allow-Headers",
	    "Authorization, Content-Type, Idempotency-Key, Prefer");
	resp_header(r, "Access-Control-Max-Age", "600");
}
