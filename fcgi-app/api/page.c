/*
 * page.c - the few pages that the application makes itself: where a browser
 * has come to by a link or another site's redirect.  No script; the style is
 * the site's.
 */
#include "api/page.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "store/user.h"

#define PAGE_MAX	((size_t)32 * 1024)

bool
page_wanted(const struct req *q)
{
	return strstr(q->accept, "text/html") != NULL;
}

bool
page_hosted(const struct route *r)
{
	static const char *const paths[] = { "/api/auth/otp/link/",
	    "/api/auth/social/{provider}/callback", "/api/auth/undo/",
	    "/api/unsubscribe/", "/api/v1/verify-email/",
	    "/api/verify-email/" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(r->path, paths[i]) == 0)
			return true;
	return false;
}

const char *
html_text(struct arena *a, const char *s)
{
	const char *text;
	struct buf b;

	buf_init(&b, PAGE_MAX);
	html_escape(&b, s, strlen(s));
	text = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return text;
}

const char *
html_address(struct arena *a, const char *s)
{
	const char *text;
	struct buf b;

	buf_init(&b, PAGE_MAX);
	for (size_t n; *s != '\0'; s += n) {
		n = 1 + strcspn(s + 1, "@.");
		html_escape(&b, s, n);
		buf_str(&b, s[n] == '\0' ? "" : "<wbr>");
	}
	text = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return text;
}

static void
make(struct call *c, int status, const char *title, const char *body,
    const char *form_action)
{
	enum lang l = resp_lang(c->resp);
	const char *t = html_text(c->arena, resp_say(c->resp, title));
	/* With the site's no-referrer a form would be sent with no Origin. */
	const char *referrer = strcmp(form_action, "'none'") == 0 ? "" :
	    "<meta name=\"referrer\" content=\"same-origin\">\n";

	resp_text(c->resp, status, "text/html; charset=utf-8", arena_printf(
	    c->arena, "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n%s"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<title>%s</title>\n<link rel=\"icon\" href=\"/push/icon.svg\" "
	    "type=\"image/svg+xml\">\n<link rel=\"stylesheet\" "
	    "href=\"/page.css\">\n</head>\n<body>\n<header>"
	    "<img src=\"/push/icon.svg\" alt=\"Gatepost\" width=\"32\" "
	    "height=\"32\">"
	    "<h1>%s</h1></header>\n<main>%s</main>\n</body>\n</html>\n", lang_tag(l), lang_dir(l), referrer, t, t,
	    body));
	resp_headerf(c->resp, "Content-Security-Policy", "default-src 'none'; "
	    "style-src 'self'; img-src 'self'; base-uri 'none'; form-action %s; "
	    "frame-ancestors 'none'", form_action);
	resp_no_store(c->resp);
}

void
page_make(struct call *c, int status, const char *title, const char *body)
{
	make(c, status, title, body, "'none'");
}

void
page_make_form(struct call *c, int status, const char *title,
    const char *body)
{
	make(c, status, title, body, "'self'");
}

void
page_speak(struct call *c, uint64_t user_id)
{
	struct err own = ERR_INIT;
	struct user u = { 0 };

	if (!page_wanted(c->req))
		return;
	if (user_find(c->db, c->arena, user_id, &u, &own) < 0)
		log_err(LOG_WARN_, "language of a page", &own);
	resp_speak(c->resp, u.locale);
}

int
page_refusal(struct call *c, const struct err *e)
{
	int status = resp_status_of(e->kind);
	/* All that a person sent is the link. */
	const char *code = strcmp(e->code, "invalid") == 0 ? "invalid_link" :
	    e->code;
	const char *title = problem_title(code);
	const char *detail = problem_detail(code);

	if (status >= 500)
		log_err(LOG_WARN_, "request refused", e);
	if (title == NULL || status == 500) {
		title = problem_title(status == 500 ? "internal" :
		    "unavailable");
		detail = problem_detail(status == 500 ? "internal" :
		    "unavailable");
	}
	resp_reset(c->resp);
	page_make(c, status, title, arena_printf(c->arena,
	    "<p>%s</p>\n<p><a href=\"/console/signin/\">%s</a></p>\n"
	    "<p><small dir=\"ltr\">%s %s</small></p>", html_text(c->arena,
	    resp_say(c->resp, detail)), html_text(c->arena,
	    resp_say(c->resp, "Sign in")), html_text(c->arena, code),
	    html_text(c->arena, c->req->request_id)));
	if (e->retry_after_s > 0)
		resp_headerf(c->resp, "Retry-After", "%d", e->retry_after_s);
	return 0;
}
