/*
 * passwordless.c - sign-in by a code alone, or by the link in its mail.
 *
 * What must stay true: asking tells nobody whether there is an account, by
 * answer, work or limit (S24); only an address that the account has proved
 * lets anybody in; a GET changes nothing, however often a scanner looks
 * (S36); the second factor is asked as after a password (S67).
 */
#include "api/passwordless.h"

#include "api/answer.h"
#include "api/page.h"
#include "api/social_own.h"
#include "auth/factor.h"
#include "auth/otp.h"
#include "base/conf.h"
#include "base/text.h"

#define NEXT_MAX	400

struct request_in { const char *phone, *email, *next, *pow; };
static const struct field request_rows[] = {
	FIELD_OF(FT_PHONE, struct request_in, phone, "phone_number", 0, 32,
	    0),
	FIELD_OF(FT_EMAIL, struct request_in, email, "email", 0, 254, 0),
	FIELD_TEXT(struct request_in, next, "next", 0, NEXT_MAX, F_LINE),
	FIELD_TEXT(struct request_in, pow, "pow", 0, 256, 0),
};
const struct fieldset otp_request_fields =
    FIELDSET(struct request_in, request_rows, IN_BODY);

struct link_in { const char *token, *next; };
static const struct field link_rows[] = {
	FIELD_TEXT(struct link_in, token, "token", 1, 64,
	    F_REQUIRED | F_SECRET),
	FIELD_TEXT(struct link_in, next, "next", 0, NEXT_MAX, F_LINE),
};
const struct fieldset otp_link_fields =
    FIELDSET(struct link_in, link_rows, IN_BODY);
const struct fieldset otp_link_look_fields =
    FIELDSET(struct link_in, link_rows, IN_QUERY);

int
passwordless_on(struct err *e)
{
	return conf_bool(CONF_PASSWORDLESS) && !factor_policy_l3() ? 0 :
	    err_set(e, ERR_FORBIDDEN, "passwordless_off", "by configuration");
}

int
passwordless_finish(struct db *db, void *arg, struct err *e)
{
	const struct otp_flow *f = arg;
	int rc = otp_finish(db, f->id, e);

	if (rc == 0)
		return err_field(e, "otp_code", "invalid_code",
		    "finished by another request");
	return rc < 0 ? -1 : 0;
}

/* NULL and "" are the front page. */
static int
check_next(struct call *c, const char **next, struct err *e)
{
	if (*next == NULL || **next == '\0')
		*next = "/";
	if (return_allowed(*next))
		return 0;
	faults_add(&c->bound.faults, "next", "An address of this site.");
	return err_field(e, "next", "invalid_next", "\"%.100s\"", *next);
}

int
otp_request_post(struct call *c, const void *in_, struct err *e)
{
	const struct request_in *in = in_;
	const char *typed = in->phone != NULL ? in->phone : in->email;
	const char *next = in->next;
	struct otp_start s = { .purpose = OTP_LOGIN };
	struct identifier id;
	struct user u = { 0 };
	int found;

	if (passwordless_on(e) < 0)
		return -1;
	if (typed == NULL)
		return err_field(e, "phone_number", "required",
		    "neither phone_number nor email");
	if (check_next(c, &next, e) < 0)
		return -1;
	identifier_read(c->arena, typed, &id);
	if (id.kind == ID_NONE)
		return err_field(e, "email", "invalid_email", "unreadable");
	if ((found = identifier_find(c->db, c->arena, &id, &u, e)) < 0)
		return -1;
	s.next = strcmp(next, "/") == 0 ? NULL : url_encode(c->arena, next);
	/* Only the proved owner of the address gets a code. */
	return answer_code_asked(c, &id, found && u.is_active &&
	    identifier_proved(&id, &u) ? &u : NULL, &s, "otp_request", e);
}

/* --- the link -------------------------------------------------------------------- */

/* Whose account it is stands above the button: somebody may have been sent a
 * stranger's link, to work in the stranger's account without knowing. */
static void
ask(struct call *c, const struct otp_flow *f, const char *token,
    const char *next)
{
	page_make_form(c, 200, "Sign in", arena_printf(c->arena,
	    "<p>%s</p>\n<p><strong dir=\"ltr\">%s</strong></p>\n<form method=\"post\" action=\"/api/auth/otp/link/\">"
	    "<input type=\"hidden\" name=\"token\" value=\"%s\">"
	    "<input type=\"hidden\" name=\"next\" value=\"%s\">"
	    "<button type=\"submit\">%s</button></form>",
	    html_text(c->arena, resp_say(c->resp, "Press the button to sign in "
	    "on this device. If you did not ask for it, close this page.")),
	    html_address(c->arena, answer_masked(c->arena, f->target)),
	    html_text(c->arena, token), html_text(c->arena, next),
	    html_text(c->arena, resp_say(c->resp, "Sign in"))));
}

/* Unknown, used and over are one answer. */
static int
gone(struct err *e)
{
	return err_set(e, ERR_GONE, "link_gone", "unknown, used or over");
}

static int
look(struct call *c, const struct link_in *in, struct err *e)
{
	const char *next = in->next;
	struct otp_flow f;
	int rc;

	if (passwordless_on(e) < 0 || check_next(c, &next, e) < 0 ||
	    (rc = otp_link_find(c->db, c->arena, in->token, &f, e)) < 0)
		return -1;
	if (rc == 0)
		return gone(e);
	page_speak(c, f.user_id);
	ask(c, &f, in->token, next);
	return 0;
}

static int
enter(struct call *c, const struct link_in *in, struct err *e)
{
	const char *next = in->next;
	struct otp_flow f;
	struct signed_in got;
	struct user u;
	struct signin s = { .u = &u, .amr = "otp", .channel = "email",
	    .with = passwordless_finish, .arg = &f, .message = "Verified." };
	int rc;

	if (passwordless_on(e) < 0 || check_next(c, &next, e) < 0 ||
	    (rc = otp_link_use(c->db, c->arena, in->token, &f, e)) < 0)
		return -1;
	if (rc == 0)
		return gone(e);
	if ((rc = user_find(c->db, c->arena, f.user_id, &u, e)) < 0)
		return -1;
	if (rc == 0 || !u.is_active)
		return gone(e);
	if (!page_wanted(c->req))
		return answer_signin(c, &s, e);
	if (signin_begin(c, &s, &got, e) < 0)
		return -1;
	answer_onward(c, 303, &got, next);
	return 0;
}

/* A browser gets a page for a refusal, too. */
static int
refuse(struct call *c, const struct err *e)
{
	return page_wanted(c->req) ? page_refusal(c, e) : -1;
}

int
otp_link_get(struct call *c, const void *in, struct err *e)
{
	return look(c, in, e) < 0 ? refuse(c, e) : 0;
}

int
otp_link_post(struct call *c, const void *in, struct err *e)
{
	if (enter(c, in, e) == 0)
		return 0;
	if (answer_refused(c, "login", 0, e) < 0)
		return refuse(c, e);
	return 0;
}
