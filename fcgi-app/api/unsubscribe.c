/*
 * unsubscribe.c - the link of List-Unsubscribe (RFC 8058), and its page.
 *
 * What must stay true: a GET changes nothing, for scanners follow links; a
 * POST needs the link and nothing else, and twice is as good as once; a wrong
 * link tells nothing.
 */
#include "api/page.h"
#include "api/push_own.h"

#include "base/rand.h"
#include "base/text.h"
#include "queue/unsubscribe.h"
#include "store/delivery.h"
#include "store/preference.h"
#include "store/suppression.h"

struct look_in { const char *t; };
static const struct field look_rows[] = {
	FIELD_TEXT(struct look_in, t, "t", 1, UNSUBSCRIBE_TOKEN_MAX,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset unsubscribe_look_fields =
    FIELDSET(struct look_in, look_rows, IN_QUERY);

/* The mailbox provider posts to the address as it is in the header: the link
 * is in the query, the body says the one thing RFC 8058 has it say. */
struct stop_in { const char *t, *one_click; struct opt_bool all; };
static const struct field stop_rows[] = {
	FIELD_TEXT(struct stop_in, t, "t", 1, UNSUBSCRIBE_TOKEN_MAX,
	    F_SECRET),
	FIELD_TEXT(struct stop_in, one_click, "List-Unsubscribe", 0, 40,
	    F_MULTIPART),
	FIELD_OF(FT_BOOL, struct stop_in, all, "all", 0, 0, F_LOOSE),
};
const struct fieldset unsubscribe_fields =
    FIELDSET(struct stop_in, stop_rows, IN_BODY);

static int
bad_link(struct err *e)
{
	return err_set(e, ERR_INPUT, "invalid_link", "no link of ours");
}

static const char *
token_of_query(struct call *c)
{
	const char *p = c->req->query;

	while (*p != '\0') {
		size_t n = strcspn(p, "&");

		if (n > 2 && n < UNSUBSCRIBE_TOKEN_MAX + 2 && p[0] == 't' &&
		    p[1] == '=')
			return arena_strndup(c->arena, p + 2, n - 2);
		p += n;
		p += *p == '&';
	}
	return NULL;
}

static int
refused(struct call *c, const struct err *e)
{
	if (!page_wanted(c->req))
		return -1;
	return page_refusal(c, e);
}

int
unsubscribe_get(struct call *c, const void *in_, struct err *e)
{
	const struct look_in *in = in_;
	struct unsubscribe u;
	const char *t = html_text(c->arena, in->t);

	if (!unsubscribe_read(in->t, &u)) {
		(void)bad_link(e);
		return refused(c, e);
	}
	page_speak(c, u.user_id);
	if (!page_wanted(c->req)) {
		resp_no_store(c->resp);
		resp_message(c->resp, 200, "The link is good: POST to it to "
		    "stop these e-mails.");
		return 0;
	}
	page_make_form(c, 200, "Stop these e-mails?", arena_printf(c->arena,
	    "<p>%s</p>\n<form method=\"post\" action=\"/api/unsubscribe/\">"
	    "<input type=\"hidden\" name=\"t\" value=\"%s\">"
	    "<button>%s</button></form>\n"
	    "<form method=\"post\" action=\"/api/unsubscribe/\">"
	    "<input type=\"hidden\" name=\"t\" value=\"%s\">"
	    "<input type=\"hidden\" name=\"all\" value=\"true\">"
	    "<button>%s</button></form>",
	    html_text(c->arena, resp_say(c->resp, "Messages about your "
	    "account's safety still come.")), t,
	    html_text(c->arena, resp_say(c->resp, "Stop e-mails of this "
	    "kind")), t,
	    html_text(c->arena, resp_say(c->resp, "Stop all e-mails"))));
	return 0;
}

struct found { struct delivery d; char to[DELIVERY_TARGET_MAX + 1]; };

static int
take_target(void *arg, struct err *e)
{
	struct found *f = arg;

	(void)e;
	(void)text_copy(f->to, sizeof(f->to), f->d.target);
	return 1;
}

/* Nobody's account: the address itself is barred. */
static int
bar(struct call *c, const struct unsubscribe *u, struct err *e)
{
	struct suppression_new n = { .id = rand_id(),
	    .channel = CHANNEL_EMAIL, .reason = "unsubscribed" };
	struct found f = { .to = "" };

	if (u->seq == 0 || delivery_each(c->db, c->arena, u->notification_id,
	    u->seq - 1, 1, &f.d, take_target, &f, e) < 0)
		return u->seq == 0 ? bad_link(e) : -1;
	if (strchr(f.to, '@') == NULL)
		return bad_link(e);
	n.address = text_lower(c->arena, f.to);
	return suppression_add(c->db, &n, e) < 0 ? -1 : 0;
}

int
unsubscribe_post(struct call *c, const void *in_, struct err *e)
{
	const struct stop_in *in = in_;
	const char *t = in->t != NULL ? in->t : token_of_query(c);
	struct unsubscribe u;
	int rc;

	if (t == NULL || !unsubscribe_read(t, &u)) {
		(void)bad_link(e);
		return refused(c, e);
	}
	page_speak(c, u.user_id);
	if (u.user_id != 0)
		/* In a digest is every kind. */
		rc = preference_turn_off(c->db, u.user_id,
		    (in->all.set && in->all.v) || strcmp(u.type, "digest") ==
		    0 ? NULL : u.type, CHANNEL_EMAIL, e);
	else
		rc = bar(c, &u, e);
	if (rc < 0)
		return refused(c, e);
	if (page_wanted(c->req)) {
		page_make(c, 200, "You are unsubscribed", arena_printf(
		    c->arena, "<p>%s</p>\n<p><a href=\"/console/preferences/\">"
		    "%s</a></p>", html_text(c->arena, resp_say(c->resp,
		    "These e-mails have stopped.")), html_text(c->arena,
		    resp_say(c->resp, "Notification settings"))));
		return 0;
	}
	resp_no_store(c->resp);
	resp_message(c->resp, 200, "These e-mails have stopped.");
	return 0;
}
