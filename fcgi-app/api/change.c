/*
 * change.c - telling the old address, and undoing.
 *
 * What must stay true: a GET changes nothing (S36); an undo works once, and
 * whoever made the change keeps neither a session, nor a code, nor a password
 * that works, nor a second factor, linked identity, device or other address that
 * came since; of several changes the link of an earlier one wins over those behind
 * it, for they went to addresses that came later.  An address that is added
 * where there was none is a change: it opens the account, too.
 */
#include "api/change.h"

#include "api/answer.h"
#include "api/page.h"
#include "auth/notice.h"
#include "auth/sms_guard.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/mail.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/device.h"
#include "store/identity.h"
#include "store/known_device.h"
#include "store/mfa.h"
#include "store/undo.h"

#define TOKEN_BYTES	16
#define LIFE_S		(72 * 60 * 60)
#define NOTICE_LIFE_S	(24 * 60 * 60)

void
change_make(struct change *x)
{
	x->undo_id = rand_id();
	for (size_t i = 0; i < COUNT_OF(x->ids); i++)
		x->ids[i] = rand_id();
	rand_token(x->token, sizeof(x->token), TOKEN_BYTES);
}

static const char *
key_of(struct arena *a, const char *email)
{
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];

	return mail_parse(email, cmp, unique) ? arena_strdup(a, unique) :
	    email;
}

static const char *
link_of(const struct call *c, const struct change *x)
{
	return arena_printf(c->arena, "%s/api/auth/undo/?token=%s",
	    conf_str(CONF_PUBLIC_URL), x->token);
}

static int
keep_undo(struct db *db, const struct undo *u, const struct change *x,
    struct err *e)
{
	uint8_t hash[32];

	sha256(hash, x->token, strlen(x->token));
	return undo_insert(db, u, hash, LIFE_S, e);
}

/* The old address: the link that takes the change back. */
static int
tell_old(struct db *db, const struct call *c, const struct user *before,
    bool phone, const struct change *x, struct err *e)
{
	const struct undo u = {
		.id = x->undo_id, .user_id = before->id,
		.kind = phone ? "phone" : "email",
		.old_value = phone ? before->phone : before->email,
		.old_key = phone ? before->phone :
		    key_of(c->arena, before->email),
	};
	const struct notice n = {
		.id = x->ids[0], .user_id = before->id,
		.channel = phone ? "sms" : "email", .to = u.old_value,
		.locale = before->locale,
		.template = phone ? "number_undo" : "email_undo",
		.link = link_of(c, x),
		.life_s = NOTICE_LIFE_S, .request_id = c->req->request_id,
	};
	const struct sms_notice sms = { .notification_id = n.id,
	    .phone = n.to, .only_way = true, .way_back = true };
	int rc = 1;

	if (keep_undo(db, &u, x, e) < 0 ||
	    (phone && (rc = sms_guard_notice(db, &sms, e)) < 0))
		return -1;
	return rc == 0 ? 0 : notice_add(db, &n, e);
}

/* No old address: every other one gets the link.  `others` has not the new
 * one. */
static int
tell_others(struct db *db, const struct call *c, const struct user *others,
    bool phone, const struct change *x, struct err *e)
{
	const struct undo u = { .id = x->undo_id, .user_id = others->id,
	    .kind = phone ? "phone" : "email", .old_value = "",
	    .old_key = "" };

	if (!USER_PROVED(others))
		return 0;
	return keep_undo(db, &u, x, e) < 0 ? -1 : notice_link_everywhere(db,
	    others, x->ids + 1, phone ? "number_added" : "email_added",
	    link_of(c, x), c->req->request_id, e);
}

int
change_done(struct db *db, const struct call *c, const struct otp_flow *f,
    const struct user *before, const struct change *x, uint64_t keep,
    struct grant_ended *ended, struct err *e)
{
	const bool phone = strcmp(f->channel, "email") != 0;
	const bool had = phone ? before->phone_verified :
	    before->email_verified;
	struct user others = *before;
	int rc;

	/* Proving again what it has already is no change. */
	if (had && strcmp(phone ? before->phone : before->email_cmp,
	    f->target) == 0)
		return 0;
	if (phone)
		others.phone_verified = false;
	else
		others.email_verified = false;
	rc = !had ? tell_others(db, c, &others, phone, x, e) :
	    tell_old(db, c, before, phone, x, e) < 0 ? -1 :
	    notice_everywhere(db, &others, x->ids + 1, phone ?
	    "number_changed" : "email_changed", NULL, c->req->request_id, e);
	if (rc < 0)
		return -1;
	if (otp_void_all(db, before->id, e) < 0)
		return -1;
	return grant_end_others(db, before->id, keep, phone ? "number_change" :
	    "email_change", ended, e) < 0 ? -1 : 0;
}

/* --- the link ------------------------------------------------------------------ */

struct undo_in { const char *token; };
static const struct field undo_rows[] = {
	FIELD_TEXT(struct undo_in, token, "token", 1, 64,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset undo_fields =
    FIELDSET(struct undo_in, undo_rows, IN_BODY);
const struct fieldset undo_query_fields =
    FIELDSET(struct undo_in, undo_rows, IN_QUERY);

/* A page without script; `token` is ours, so it holds no markup. */
static void
ask(struct call *c, const struct undo *u, const char *token)
{
	const bool phone = strcmp(u->kind, "phone") == 0;
	const char *text = *u->old_value == '\0' ?
	    "What was added goes, and so does what was changed since. Every "
	    "session is signed out and you set a new password." : phone ?
	    "Your old number comes back, and what was changed since is undone "
	    "too. Every session is signed out and you set a new password." :
	    "Your old address comes back, and what was changed since is "
	    "undone too. Every session is signed out and you set a new "
	    "password.";

	page_make_form(c, 200, phone ? "Undo the change of your phone number" :
	    "Undo the change of your e-mail address", arena_printf(c->arena,
	    "<p>%s</p>\n<form method=\"post\" action=\"/api/auth/undo/\">"
	    "<input type=\"hidden\" name=\"token\" value=\"%s\">"
	    "<button type=\"submit\">%s</button></form>",
	    html_text(c->arena, resp_say(c->resp, text)), token,
	    html_text(c->arena, resp_say(c->resp, "Undo the change"))));
}

/* Unknown, used and over are one answer; to whom opened it in a browser, a
 * page. */
static int
gone(struct err *e)
{
	return err_set(e, ERR_GONE, "link_gone", "unknown, used or over");
}

static int
refused(struct call *c, const struct err *e)
{
	return page_wanted(c->req) && resp_status_of(e->kind) < 500 ?
	    page_refusal(c, e) : -1;
}

static int
find(struct call *c, const char *token, struct undo *u, struct err *e)
{
	uint8_t hash[32];
	int rc;

	sha256(hash, token, strlen(token));
	if ((rc = undo_find(c->db, c->arena, hash, u, e)) < 0)
		return -1;
	return rc == 0 ? gone(e) : 0;
}

int
undo_get(struct call *c, const void *in_, struct err *e)
{
	const struct undo_in *in = in_;
	struct undo u;

	if (find(c, in->token, &u, e) < 0)
		return refused(c, e);
	page_speak(c, u.user_id);
	/* What was found by its hash is a token that we made. */
	ask(c, &u, in->token);
	return 0;
}

struct undoing {
	struct call		*c;
	const struct undo	*undo;
	uint64_t		 ids[2];
	struct grant_ended	 ended;
	enum { UNDONE, WAS_GONE, IS_TAKEN } how;
};

static int
put_back(struct db *db, const struct undo *u, struct err *e)
{
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];

	if (*u->old_value == '\0')
		return (strcmp(u->kind, "phone") == 0 ? user_drop_phone :
		    user_drop_email)(db, u->user_id, e);
	if (strcmp(u->kind, "phone") == 0)
		return user_prove_phone(db, u->user_id, u->old_value, e);
	return mail_parse(u->old_value, cmp, unique) ?
	    user_change_email(db, u->user_id, u->old_value, cmp, unique, e) :
	    0;
}

/* What the other made since would let him in again, show him the owner's
 * messages, or keep the owner out after the reset.  Recorded by kind, where there
 * was any. */
static int
forget_since(struct db *db, struct call *c, const struct undo *u,
    struct err *e)
{
	int factors = mfa_forget_since(db, u->user_id, u->id, e);
	int linked = factors < 0 ? -1 : identity_forget_since(db, u->user_id,
	    u->id, e);
	int devices = linked < 0 ? -1 : device_forget_since(db, u->user_id,
	    u->id, e);

	if (devices < 0 || (factors > 0 && answer_audit(c, "undo_mfa", "ok",
	    u->user_id, 0, e) < 0))
		return -1;
	if (linked > 0 && answer_audit(c, "undo_identities", "ok",
	    u->user_id, 0, e) < 0)
		return -1;
	return devices > 0 ? answer_audit(c, "undo_devices", "ok",
	    u->user_id, 0, e) : 0;
}

static int
undo_work(struct db *db, void *arg, struct err *e)
{
	struct undoing *w = arg;
	const struct undo *u = w->undo;
	struct undo other;
	struct user user;
	int rc, two;

	w->how = WAS_GONE;
	/* The lock orders it against a change that is being proved. */
	if ((rc = user_lock(db, w->c->arena, u->user_id, &user, e)) <= 0 ||
	    (rc = two = undo_other(db, w->c->arena, u, &other, e)) < 0 ||
	    (rc = undo_use(db, u, e)) <= 0)
		return rc < 0 ? -1 : 1;
	if ((rc = put_back(db, u, e)) < 0 ||
	    (rc == 1 && two == 1 && (rc = put_back(db, &other, e)) < 0))
		return -1;
	if (rc == 0) {
		w->how = IS_TAKEN;
		return 1;
	}
	w->how = UNDONE;
	/* Who changed it may know the password. */
	if (user_set_password(db, u->user_id, NULL, e) < 0 ||
	    otp_void_all(db, u->user_id, e) < 0 ||
	    known_device_forget(db, u->user_id, e) < 0 ||
	    forget_since(db, w->c, u, e) < 0 ||
	    grant_end_all(db, u->user_id, "undo", &w->ended, e) < 0 ||
	    (rc = user_find(db, w->c->arena, u->user_id, &user, e)) < 0)
		return -1;
	if (rc == 1 && notice_everywhere(db, &user, w->ids, "change_undone",
	    NULL, w->c->req->request_id, e) < 0)
		return -1;
	return answer_audit(w->c, strcmp(u->kind, "phone") == 0 ?
	    "number_undo" : "email_undo", "ok", u->user_id, 0, e);
}

int
undo_post(struct call *c, const void *in_, struct err *e)
{
	const struct undo_in *in = in_;
	struct undo u;
	struct undoing w = { .c = c, .undo = &u,
	    .ids = { rand_id(), rand_id() } };
	struct jw *j;

	if (find(c, in->token, &u, e) < 0)
		return refused(c, e);
	page_speak(c, u.user_id);
	if (db_tx(c->db, undo_work, &w, e) < 0)
		return refused(c, e);
	if (w.how == WAS_GONE)
		gone(e);
	if (w.how == IS_TAKEN)
		err_set(e, ERR_CONFLICT, "address_taken", "undo %" PRIu64,
		    u.id);
	if (w.how != UNDONE)
		return refused(c, e);
	grant_publish(&w.ended);
	notice_ring();
	resp_no_store(c->resp);
	if (page_wanted(c->req)) {
		page_make(c, 200, "The change was undone", arena_printf(
		    c->arena, "<p>%s</p>\n<p><a href=\"/console/reset/\">%s</a>"
		    "</p>", html_text(c->arena, resp_say(
		    c->resp, "Every session was signed out. Reset your password "
		    "now to sign in again.")), html_text(c->arena,
		    resp_say(c->resp, "Reset your password"))));
		return 0;
	}
	j = resp_json(c->resp, 200);
	jw_str(j, "message", resp_say(c->resp,
	    "The change was undone. Reset your password."));
	jw_str(j, "next", "password_reset");
	resp_json_end(c->resp);
	return 0;
}
