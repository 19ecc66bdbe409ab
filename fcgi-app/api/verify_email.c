/*
 * verify_email.c - sign up by e-mail, and the link that proves the address,
 * as the notification system had them.
 *
 * What must stay true: a GET shows and changes nothing (S36); a taken address
 * and a free one, a known and an unknown one cost the same statements, hash
 * and job and get the same answer (S24, S25); nobody enters the account before
 * its address is proved.
 */
#include "api/answer.h"
#include "api/idem.h"
#include "api/page.h"
#include "api/proof.h"
#include "api/signup.h"

#include "auth/confirm.h"
#include "auth/mail_block.h"
#include "auth/password.h"
#include "base/conf.h"
#include "base/mail.h"
#include "base/rand.h"
#include "base/text.h"

#define TOKEN_MAX	2048

struct join_in { const char *email, *password; };
static const struct field join_rows[] = {
	FIELD_OF(FT_EMAIL, struct join_in, email, "email", 0, 254,
	    F_REQUIRED),
	FIELD_TEXT(struct join_in, password, "password", 1, 1024,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset join_fields =
    FIELDSET(struct join_in, join_rows, IN_BODY);

struct link_in { const char *token; };
static const struct field link_rows[] = {
	FIELD_TEXT(struct link_in, token, "token", 1, TOKEN_MAX,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset verify_email_fields =
    FIELDSET(struct link_in, link_rows, IN_BODY);
const struct fieldset verify_email_look_fields =
    FIELDSET(struct link_in, link_rows, IN_QUERY);

struct again_in { const char *email; };
static const struct field again_rows[] = {
	FIELD_OF(FT_EMAIL, struct again_in, email, "email", 0, 254,
	    F_REQUIRED),
};
const struct fieldset verify_email_resend_fields =
    FIELDSET(struct again_in, again_rows, IN_BODY);

/* --- sign-up ------------------------------------------------------------------ */

static void
show_new(struct call *c, uint64_t id, const char *email)
{
	struct jw *w;

	resp_no_store(c->resp);
	w = resp_json(c->resp, 201);
	jw_u64(w, "id", id);
	jw_str(w, "email", email);
	resp_json_end(c->resp);
}

int
join_replay(struct call *c, uint64_t id, struct err *e)
{
	struct user u;
	int rc = user_find(c->db, c->arena, id, &u, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_GONE, "gone",
		    "user %" PRIu64, id);
	show_new(c, id, u.email);
	return 0;
}

/* With the account and its link, in their transaction. */
static int
joined(struct db *db, void *arg, uint64_t user_id, struct err *e)
{
	struct call *c = arg;

	if (idem_take(c, db, user_id, e) < 0)
		return -1;
	return answer_audit(c, "register", "ok", user_id, 0, e);
}

int
join_post(struct call *c, const void *in_, struct err *e)
{
	const struct join_in *in = in_;
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1], phc[PASSWORD_PHC_MAX];
	const struct password_context about = { .email = in->email };
	const struct user_new n = {
		.reg_key = rand_id(), .email = in->email, .email_cmp = cmp,
		.email_unique = unique, .password = phc,
		.locale = lang_to_keep(c->req->accept_language),
		.country = c->req->country,
	};
	struct confirm_start s = { .cmp = cmp, .mail_to = in->email,
		.locale = n.locale, .claim = &n, .with = joined, .arg = c };
	uint64_t id = 0;
	bool taken;

	if (!mail_parse(in->email, cmp, unique))
		return err_field(e, "email", "invalid_email",
		    "the binder let it pass");
	if (password_rule("password", in->password, &about, e) < 0 ||
	    signup_taken(c, NULL, unique, &taken, e) < 0)
		return -1;
	s.notice = taken ? "taken" : NULL;
	if (password_hash(phc, in->password, e) < 0 ||
	    confirm_begin(c->db, c->req, &s, &id, e) < 0)
		return -1;
	show_new(c, id, in->email);
	return 0;
}

/* An account that another address opens already proves a further one by its
 * own session alone (/api/otp/…): whoever reads a mistyped address could else
 * take it (S59). */
static bool
waits(const struct user *u)
{
	return (u->is_active || u->claim) && !USER_PROVED(u);
}

/* Another mail: to the newest account that only this proof is missing, a
 * notice to who has proved the address already, to nobody else. */
int
verify_email_resend_post(struct call *c, const void *in_, struct err *e)
{
	const struct again_in *in = in_;
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];
	struct confirm_start s = { .cmp = cmp, .mail_to = in->email,
		.locale = lang_to_keep(c->req->accept_language) };
	struct user u = { 0 };
	uint64_t owner = 0, id;
	int taken, claimed;

	if (!mail_parse(in->email, cmp, unique))
		return err_field(e, "email", "invalid_email",
		    "the binder let it pass");
	if ((taken = user_email_owner(c->db, unique, &owner, e)) < 0 ||
	    (claimed = user_claim_by_email(c->db, c->arena, cmp, &u, e)) < 0)
		return -1;
	if (taken) {
		s.user_id = owner;
		s.notice = "taken";
	} else if (claimed && waits(&u)) {
		s.user_id = u.id;
		s.mail_to = u.email;
		s.locale = u.locale;
	}
	if (confirm_begin(c->db, c->req, &s, &id, e) < 0 ||
	    answer_audit(c, "verify_resend", "ok", id, 0, e) < 0)
		return -1;
	resp_no_store(c->resp);
	resp_message(c->resp, 200, "If the address waits for it, a new link "
	    "has been sent.");
	return 0;
}

/* --- the link ------------------------------------------------------------------ */

/* What there is to say, as a page: `title` and `text` as resp_say. */
static void
tell(struct call *c, int status, const char *title, const char *text)
{
	page_make(c, status, title, arena_printf(c->arena, "<p>%s</p>\n"
	    "<p><a href=\"/console/signin/\">%s</a></p>", html_text(c->arena,
	    resp_say(c->resp, text)), html_text(c->arena, resp_say(c->resp,
	    "Sign in"))));
}

static void
ask(struct call *c, const char *address, const char *token)
{
	struct arena *a = c->arena;

	page_make_form(c, 200, "Confirm your e-mail address", arena_printf(a,
	    "<p>%s</p>\n<p><b dir=\"ltr\">%s</b></p>\n<form method=\"post\" "
	    "action=\"/api/verify-email/\"><input type=\"hidden\" "
	    "name=\"token\" value=\"%s\"><button type=\"submit\">%s</button>"
	    "</form>", html_text(a, resp_say(c->resp, "Press the button if you "
	    "registered with this address:")), html_address(a, address),
	    html_text(a, token), html_text(a, resp_say(c->resp, "Confirm"))));
}

/* The flow behind a token that may still prove its address: 0; or -1, one
 * refusal for all others. */
static int
live(struct call *c, const char *token, struct otp_flow *f, struct user *u,
    struct err *e)
{
	int rc = confirm_find(c->db, c->arena, token, f, e);

	if (rc == 1)
		rc = user_find(c->db, c->arena, f->user_id, u, e);
	if (rc < 0)
		return -1;
	if (rc == 1 && page_wanted(c->req))
		resp_speak(c->resp, u->locale);
	return rc == 1 && waits(u) && u->email_cmp != NULL &&
	    strcmp(u->email_cmp, f->target) == 0 ? 0 :
	    err_field(e, "token", "invalid_link",
	    "unknown, used or over, or its address is not the account's");
}

/* A refusal in the form that was asked for. */
static int
refused(struct call *c, struct err *e)
{
	if (!page_wanted(c->req))
		return -1;
	if (e->kind != ERR_INPUT && e->kind != ERR_CONFLICT)
		return page_refusal(c, e);
	if (e->kind == ERR_CONFLICT)
		tell(c, resp_status_of(e->kind),
		    "This address is another account's", "It was confirmed "
		    "there meanwhile. Sign in with that account.");
	else
		tell(c, resp_status_of(e->kind), "This link does not work",
		    "It was used, is older than 24 hours, or is not whole. Sign "
		    "in with your password, and we send you another.");
	return 0;
}

/* Who asks for JSON gets the word for it; everybody else is a mail's reader. */
int
verify_email_get(struct call *c, const void *in_, struct err *e)
{
	const struct link_in *in = in_;
	struct otp_flow f;
	struct user u;

	if (live(c, in->token, &f, &u, e) < 0)
		return refused(c, e);
	if (strstr(c->req->accept, "json") != NULL &&
	    !page_wanted(c->req)) {
		resp_no_store(c->resp);
		resp_message(c->resp, 200, "The link is good: POST its token "
		    "to confirm the address.");
		return 0;
	}
	ask(c, u.email, in->token);
	return 0;
}

int
verify_email_post(struct call *c, const void *in_, struct err *e)
{
	const struct link_in *in = in_;
	struct otp_flow f;
	struct user u;
	int rc;

	/* What DNS has said of the domain since the link left (S52). */
	if (live(c, in->token, &f, &u, e) < 0 ||
	    mail_reach_check(c->db, "email", f.target, e) < 0)
		return refused(c, e);
	if ((rc = proof_apply(c, &f, PROOF_OUTDATE, e)) < 0) {
		if (e->kind == ERR_INPUT)
			err_field(e, "token", "invalid_link",
			    "another request was first");
		return refused(c, e);
	}
	if (page_wanted(c->req)) {
		tell(c, 200, "Your e-mail address is confirmed", rc == 0 ?
		    "You can sign in now." : "Others registered with this address too, so no "
		    "password of before is good any more. Set yours by "
		    "\"Forgot your password?\" on the sign-in page.");
		return 0;
	}
	resp_no_store(c->resp);
	resp_message(c->resp, 200, rc == 0 ?
	    "The e-mail address has been confirmed." :
	    "The e-mail address has been confirmed. Others registered with it "
	    "too: set a password by password/reset/request.");
	return 0;
}
