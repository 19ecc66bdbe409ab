/*
 * otp_rows.c - a code proves a flow: registration, sign-in, a new number.
 */
#include "api/answer.h"
#include "auth/grant.h"
#include "auth/notice.h"
#include "auth/otp.h"
#include "base/mail.h"
#include "base/rand.h"
#include "store/session.h"

struct otp_verify_in { const char *register_id, *code; };
static const struct field otp_verify_rows[] = {
	FIELD_TEXT(struct otp_verify_in, register_id, "register_id", 1, 64,
	    F_REQUIRED),
	FIELD_OF(FT_CODE, struct otp_verify_in, code, "otp_code", 0, 0,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset otp_verify_fields =
    FIELDSET(struct otp_verify_in, otp_verify_rows, IN_BODY);

struct otp_refresh_in { const char *register_id; };
static const struct field otp_refresh_rows[] = {
	FIELD_TEXT(struct otp_refresh_in, register_id, "register_id", 1, 64,
	    F_REQUIRED),
};
const struct fieldset otp_refresh_fields =
    FIELDSET(struct otp_refresh_in, otp_refresh_rows, IN_BODY);

struct proof {
	struct call		*c;
	const struct otp_flow	*f;
	const struct user	*before;
	uint64_t		 notice_ids[2];
	struct grant_ended	 ended;
	bool			 taken;
};

/* The address becomes the account's alone; 1 rolls back: it is another's by
 * now. */
static int
prove_address(struct db *db, const struct proof *p, struct err *e)
{
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];
	int rc;

	if (strcmp(p->f->channel, "email") != 0)
		rc = user_prove_phone(db, p->f->user_id, p->f->target, e);
	else
		rc = mail_parse(p->f->target, cmp, unique) ?
		    user_prove_email(db, p->f->user_id, unique, e) : 0;
	return rc < 0 ? -1 : rc == 0;
}

static int
prove_work(struct db *db, void *arg, struct err *e)
{
	struct proof *p = arg;
	const struct otp_flow *f = p->f;
	struct notice told = {
		.id = p->notice_ids[0], .user_id = f->user_id,
		.channel = "sms", .to = p->before->phone,
		.locale = p->before->locale, .template = "number_changed",
		.life_s = 24 * 60 * 60, .request_id = p->c->req->request_id,
	};
	int rc = prove_address(db, p, e);

	if (rc < 0)
		return -1;
	p->taken = rc == 1;
	if (p->taken)
		return 1;
	if ((rc = otp_finish(db, f->id, e)) <= 0)
		return rc < 0 ? -1 : err_field(e, "otp_code", "invalid_code",
		    "finished by another request");
	/* Tokens out there may say "not verified" (D8). */
	if (session_proved(db, f->user_id, e) < 0 ||
	    grant_outdate(db, f->user_id, &p->ended, e) < 0)
		return -1;
	/* The old number is told (S59). */
	if (f->purpose == OTP_PHONE && p->before->phone_verified &&
	    strcmp(p->before->phone, f->target) != 0 &&
	    notice_add(db, &told, e) < 0)
		return -1;
	return answer_audit(p->c, f->purpose == OTP_PHONE ? "number_change" :
	    "verify", "ok", f->user_id, 0, e);
}

/* Registration and change of number: prove, then let in. */
static int
prove(struct call *c, const struct otp_flow *f, struct user *u,
    struct err *e)
{
	struct proof p = { .c = c, .f = f, .before = u,
	    .notice_ids = { rand_id(), rand_id() } };

	if (db_tx(c->db, prove_work, &p, e) < 0)
		return -1;
	if (p.taken)
		return err_set(e, ERR_CONFLICT, "address_taken",
		    "flow %" PRIu64 ": proved by another account", f->id);
	grant_publish(&p.ended);
	if (f->purpose == OTP_PHONE)
		notice_ring();
	return 0;
}

int
otp_verify_post(struct call *c, const void *in_, struct err *e)
{
	const struct otp_verify_in *in = in_;
	struct otp_flow f;
	struct user u;
	struct signin s = { .u = &u, .amr = "otp" };
	int rc;

	if ((rc = otp_find(c->db, c->arena, in->register_id, &f, e)) < 0)
		return -1;
	/* A reset's code is for password/reset/verify: it lets nobody in. */
	if (rc == 1 && f.purpose == OTP_RESET)
		return err_field(e, "register_id", "invalid_register_id",
		    "a password reset");
	if (otp_check(c->db, c->arena, c->req, in->register_id, in->code, &f,
	    e) < 0)
		return answer_refused(c, "otp", f.user_id, e);
	if ((rc = user_find(c->db, c->arena, f.user_id, &u, e)) < 0)
		return -1;
	if (rc == 0 || (!u.is_active && USER_PROVED(&u)))
		return err_field(e, "otp_code", "invalid_code",
		    "user %" PRIu64 " is gone or disabled", f.user_id);
	if (f.purpose != OTP_LOGIN) {
		if (prove(c, &f, &u, e) < 0 ||
		    user_find(c->db, c->arena, f.user_id, &u, e) < 0)
			return -1;
	} else if ((rc = otp_finish(c->db, f.id, e)) <= 0) {
		return rc < 0 ? -1 : err_field(e, "otp_code", "invalid_code",
		    "finished by another request");
	}
	s.message = f.purpose == OTP_PHONE ?
	    "The phone number has been changed." : "Verified.";
	return answer_signin(c, &s, e);
}

int
otp_refresh_post(struct call *c, const void *in_, struct err *e)
{
	const struct otp_refresh_in *in = in_;
	struct jw *w;

	if (otp_resend(c->db, c->arena, c->req, in->register_id, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "message", "A new code has been sent.");
	jw_str(w, "register_id", in->register_id);
	resp_json_end(c->resp);
	return 0;
}
