/*
 * otp_rows.c - a code proves a flow: registration, sign-in, a new number.
 */
#include "api/answer.h"
#include "api/change.h"
#include "api/fresh.h"
#include "api/passwordless.h"
#include "api/proof.h"
#include "api/silence.h"
#include "auth/confirm.h"
#include "auth/factor.h"
#include "auth/grant.h"
#include "auth/notice.h"
#include "auth/otp.h"
#include "base/mail.h"
#include "store/known_device.h"
#include "store/session.h"
#include "store/undo.h"

struct otp_verify_in { const char *register_id, *code; };
static const struct field otp_verify_rows[] = {
	FIELD_TEXT(struct otp_verify_in, register_id, "register_id", 1, 64,
	    F_REQUIRED),
	FIELD_OF(FT_CODE, struct otp_verify_in, code, "otp_code", 0, 0,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset otp_verify_fields =
    FIELDSET(struct otp_verify_in, otp_verify_rows, IN_BODY);

struct otp_refresh_in { const char *register_id, *channel; };
static const struct field otp_refresh_rows[] = {
	FIELD_TEXT(struct otp_refresh_in, register_id, "register_id", 1, 64,
	    F_REQUIRED),
	FIELD_ENUM(struct otp_refresh_in, channel, "channel", "sms|email", 0),
};
const struct fieldset otp_refresh_fields =
    FIELDSET(struct otp_refresh_in, otp_refresh_rows, IN_BODY);

struct proof {
	struct call		*c;
	const struct otp_flow	*f;
	struct user		 before;	/* under the row's lock */
	struct change		 change;
	enum proof_tokens	 tokens;
	const char		*mail;		/* as typed */
	struct grant_ended	 ended;
	bool			 taken;
	bool			 rivals;	/* others claim the address */
};

static bool
is_change(const struct otp_flow *f)
{
	return f->purpose == OTP_PHONE || f->purpose == OTP_EMAIL;
}

/* Was another address proved in its place? */
static bool
replaces(const struct otp_flow *f, const struct user *before)
{
	return strcmp(f->channel, "email") != 0 ? before->phone_verified &&
	    strcmp(before->phone, f->target) != 0 : before->email_verified &&
	    strcmp(before->email_cmp, f->target) != 0;
}

/* The address becomes the account's alone; 1 rolls back: it is another's by
 * now, or held for the one it was taken from (S59). */
static int
prove_address(struct db *db, const struct proof *p, struct err *e)
{
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];
	const struct otp_flow *f = p->f;
	const bool phone = strcmp(f->channel, "email") != 0;
	int rc;

	if (phone)
		rc = user_prove_phone(db, f->user_id, f->target, e);
	else if (!mail_parse(f->target, cmp, unique))
		rc = 0;
	else if (f->purpose == OTP_EMAIL && (p->before.email_cmp == NULL ||
	    strcmp(p->before.email_cmp, f->target) != 0))
		rc = user_change_email(db, f->user_id, p->mail, cmp, unique,
		    e);
	else
		rc = user_prove_email(db, f->user_id, unique, e);
	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	/* Again: the UPDATE may have waited for the change that holds it. */
	return undo_held(db, phone ? "phone" : "email", phone ? f->target :
	    unique, f->user_id, e);
}

/* A mailed link does not say whose claim it proves: where several wait for the
 * address, whoever reads its mail gets the account, and none who only typed
 * its name keeps a way in (S62).  Before the proof ends the claim. */
static int
void_rivals(struct db *db, struct proof *p, struct err *e)
{
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];
	const uint64_t id = p->f->user_id;
	uint64_t claims[2];
	int n;

	p->rivals = false;
	if (p->f->purpose != OTP_CONFIRM || !mail_parse(p->f->target, cmp,
	    unique))
		return 0;
	if ((n = user_claims_of(db, unique, claims, 2, e)) < 0)
		return -1;
	p->rivals = n > 1;
	return !p->rivals || (user_void_claim(db, id, e) >= 0 &&
	    known_device_forget(db, id, e) >= 0 &&
	    grant_end_all(db, id, "address_proved", &p->ended, e) >= 0) ? 0 :
	    -1;
}

/* Who began a change and was signed out since, perhaps by the owner, changes
 * nothing any more (S12). */
static int
still_signed_in(struct db *db, const struct proof *p, struct err *e)
{
	const struct otp_flow *f = p->f;
	struct session s;
	int rc;

	if (f->session_id == 0)
		return 0;
	if ((rc = session_find(db, p->c->arena, f->session_id, &s, e)) < 0)
		return -1;
	return rc == 1 && session_alive(&s) ? 0 : err_field(e, "otp_code",
	    "invalid_code", "session %" PRIu64 " ended", f->session_id);
}

static int
prove_work(struct db *db, void *arg, struct err *e)
{
	struct proof *p = arg;
	const struct otp_flow *f = p->f;
	const uint64_t keep = p->c->who.user_id == f->user_id ?
	    p->c->who.session_id : 0;
	int rc;

	if ((rc = user_lock(db, p->c->arena, f->user_id, &p->before, e)) < 0)
		return -1;
	if (rc == 0)
		return err_field(e, "otp_code", "invalid_code", "user is gone");
	if (still_signed_in(db, p, e) < 0 || void_rivals(db, p, e) < 0 ||
	    (rc = prove_address(db, p, e)) < 0)
		return -1;
	p->taken = rc == 1;
	if (p->taken)
		return 1;
	rc = f->purpose == OTP_CONFIRM ? confirm_finish(db, f->id, e) :
	    otp_finish(db, f->id, e);
	if (rc <= 0)
		return rc < 0 ? -1 : err_field(e, "otp_code", "invalid_code",
		    "finished by another request");
	if (is_change(f) && change_done(db, p->c, f, &p->before, &p->change,
	    keep, &p->ended, e) < 0)
		return -1;
	/* Tokens out there may say "not verified", or the old address (D8). */
	if (session_proved(db, f->user_id, e) < 0)
		return -1;
	if ((p->tokens == PROOF_OUTDATE || replaces(f, &p->before)) &&
	    grant_outdate(db, f->user_id, &p->ended, e) < 0)
		return -1;
	return answer_audit(p->c, f->purpose == OTP_PHONE ? "number_change" :
	    f->purpose == OTP_EMAIL ? "email_change" : "verify", "ok",
	    f->user_id, 0, e);
}

int
proof_apply(struct call *c, const struct otp_flow *f,
    enum proof_tokens tokens, struct err *e)
{
	struct proof p = { .c = c, .f = f, .tokens = tokens };

	if (otp_flow_mail(c->arena, f, &p.mail, e) < 0)
		return -1;

	change_make(&p.change);
	if (db_tx(c->db, prove_work, &p, e) < 0)
		return -1;
	if (p.taken)
		return err_set(e, ERR_CONFLICT, "address_taken",
		    "flow %" PRIu64 ": proved by another account", f->id);
	grant_publish(&p.ended);
	if (is_change(f))
		notice_ring();
	return p.rivals;
}

/* A change of address by its owner, who showed the second factor a moment
 * ago, asks for it no second time. */
static const char *
amr_of(const struct call *c, const struct otp_flow *f)
{
	const char *own = strcmp(f->channel, "sms") == 0 ? "otp sms" : "otp";

	return (f->purpose == OTP_PHONE || f->purpose == OTP_EMAIL) &&
	    c->who.user_id == f->user_id &&
	    amr_has(c->who.amr, "mfa") && fresh_session(&c->who) ?
	    arena_printf(c->arena, "%s mfa", own) : own;
}

int
otp_verify_post(struct call *c, const void *in_, struct err *e)
{
	const struct otp_verify_in *in = in_;
	struct otp_flow f;
	struct user u;
	struct signin s = { .u = &u };
	int rc;

	if ((rc = otp_find(c->db, c->arena, in->register_id, &f, e)) < 0)
		return -1;
	/* A reset's code is for password/reset/verify, a second step's for
	 * mfa/verify or reauth: they let nobody in. */
	if (rc == 1 && (f.purpose == OTP_RESET || f.purpose == OTP_MFA ||
	    f.purpose == OTP_REAUTH))
		return err_field(e, "register_id", "invalid_register_id",
		    "a flow of another row");
	if (rc == 1 && f.purpose == OTP_LOGIN && passwordless_on(e) < 0)
		return -1;
	if (otp_check(c->db, c->arena, c->req, in->register_id, in->code, &f,
	    e) < 0)
		return answer_refused(c, "otp", f.user_id, e);
	if ((rc = user_find(c->db, c->arena, f.user_id, &u, e)) < 0)
		return -1;
	if (rc == 0 || (!u.is_active && USER_PROVED(&u)))
		return err_field(e, "otp_code", "invalid_code",
		    "user %" PRIu64 " is gone or disabled", f.user_id);
	if (f.purpose != OTP_LOGIN) {
		if (proof_apply(c, &f, PROOF_OUTDATE, e) < 0 ||
		    user_find(c->db, c->arena, f.user_id, &u, e) < 0)
			return -1;
	} else if ((rc = silence_asks(c, &f, &u, e)) != 0) {
		return rc < 0 ? -1 : 0;
	} else {
		s.with = passwordless_finish;
		s.arg = &f;
	}
	/* Who was disabled before the proof stays out. */
	if (!u.is_active)
		return err_set(e, ERR_FORBIDDEN, "account_disabled",
		    "user %" PRIu64, u.id);
	s.channel = f.came_by;
	s.amr = amr_of(c, &f);
	s.message = f.purpose == OTP_PHONE ?
	    "The phone number has been changed." : f.purpose == OTP_EMAIL ?
	    "The e-mail address has been changed." : "Verified.";
	return answer_signin(c, &s, e);
}

int
otp_refresh_post(struct call *c, const void *in_, struct err *e)
{
	const struct otp_refresh_in *in = in_;
	struct jw *w;

	if (otp_resend(c->db, c->arena, c->req, in->register_id,
	    in->channel, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "message", resp_say(c->resp, "A new code has been sent."));
	jw_str(w, "register_id", in->register_id);
	resp_json_end(c->resp);
	return 0;
}
