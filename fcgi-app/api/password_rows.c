/*
 * password_rows.c - change a known password, reset a forgotten one.
 */
#include "api/answer.h"
#include "api/fresh.h"
#include "api/silence.h"
#include "auth/grant.h"
#include "auth/notice.h"
#include "auth/otp.h"
#include "auth/password.h"
#include "auth/remembered.h"
#include "auth/throttle.h"
#include "base/conf.h"
#include "base/mail.h"
#include "base/rand.h"
#include "store/known_device.h"
#include "store/mfa.h"

#define FAILURES	5
#define FAILURES_S	300
#define HOUR_S		3600

struct change_in { const char *old, *new; };
static const struct field change_rows[] = {
	FIELD_TEXT(struct change_in, old, "old_password", 1, 1024,
	    F_REQUIRED | F_SECRET),
	FIELD_TEXT(struct change_in, new, "new_password", 1, 1024,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset password_change_fields =
    FIELDSET(struct change_in, change_rows, IN_BODY);

struct request_in { const char *phone, *email; };
static const struct field request_rows[] = {
	FIELD_OF(FT_PHONE, struct request_in, phone, "phone_number", 0, 32,
	    0),
	FIELD_OF(FT_EMAIL, struct request_in, email, "email", 0, 254, 0),
};
const struct fieldset reset_request_fields =
    FIELDSET(struct request_in, request_rows, IN_BODY);

struct reset_in { const char *register_id, *code, *password; };
static const struct field reset_verify_rows[] = {
	FIELD_TEXT(struct reset_in, register_id, "register_id", 1, 64,
	    F_REQUIRED),
	FIELD_OF(FT_CODE, struct reset_in, code, "otp_code", 0, 0,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset reset_verify_fields =
    FIELDSET(struct reset_in, reset_verify_rows, IN_BODY);
static const struct field reset_rows[] = {
	FIELD_TEXT(struct reset_in, register_id, "register_id", 1, 64,
	    F_REQUIRED),
	FIELD_OF(FT_CODE, struct reset_in, code, "otp_code", 0, 0, F_SECRET),
	FIELD_TEXT(struct reset_in, password, "new_password", 1, 1024,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset reset_fields =
    FIELDSET(struct reset_in, reset_rows, IN_BODY);

static struct password_context
about(const struct user *u)
{
	return (struct password_context){ u->email, u->phone, u->first_name,
		u->last_name };
}

/* --- setting it ---------------------------------------------------------------- */

struct setting {
	struct call	*c;
	struct user	*u;
	const char	*phc, *event, *template;
	uint64_t	 flow_id;	/* 0: a change, the session stays */
	const char	*channel;	/* channels of the reset's code */
	uint64_t	 notice_ids[2];
	uint8_t		 device_hash[32];	/* of a reset's browser */
	struct grant_ended ended;
	bool		 lost;		/* another request finished the flow */
};

/* Password, sessions, open flows, notices and audit row commit together
 * (S11, S58). */
static int
set_work(struct db *db, void *arg, struct err *e)
{
	struct setting *s = arg;
	const uint64_t keep = s->c->who.session_id;
	struct user now;
	int rc;

	/* Who showed a password that was changed meanwhile may be the one it
	 * was changed for. */
	if (s->flow_id == 0) {
		if ((rc = user_lock(db, s->c->arena, s->u->id, &now, e)) < 0)
			return -1;
		if (rc == 0 || !USER_SAME_PASSWORD(s->u, &now))
			return err_field(e, "old_password", "wrong_password",
			    "changed by another request");
	} else {
		if ((rc = otp_finish(db, s->flow_id, e)) < 0)
			return -1;
		s->lost = rc == 0;
		if (s->lost)
			return 1;
	}
	/* Where the reset came from is no second factor for now (S58); and its
	 * browser is remembered, or a flood of strangers would keep the owner
	 * from signing in with the new password (S43). */
	if (user_set_password(db, s->u->id, s->phc, e) < 0 ||
	    otp_void_all(db, s->u->id, e) < 0 || (s->flow_id != 0 &&
	    (mfa_set_reset(db, s->u->id, s->channel, e) < 0 ||
	    known_device_add(db, s->device_hash, s->u->id, DEVICE_LIFE_S,
	    e) < 0)))
		return -1;
	rc = s->flow_id != 0 ?
	    grant_end_all(db, s->u->id, s->event, &s->ended, e) :
	    grant_end_others(db, s->u->id, keep, s->event, &s->ended, e);
	if (rc < 0 || (s->flow_id == 0 &&
	    grant_outdate(db, s->u->id, &s->ended, e) < 0) ||
	    notice_everywhere(db, s->u, s->notice_ids, s->template, NULL,
	    s->c->req->request_id, e) < 0)
		return -1;
	return answer_audit(s->c, s->event, "ok", s->u->id, keep, e);
}

static int
set_password(struct setting *s, const char *password, struct err *e)
{
	char phc[PASSWORD_PHC_MAX];

	if (password_hash(phc, password, e) < 0)
		return -1;
	s->phc = phc;
	s->notice_ids[0] = rand_id();
	s->notice_ids[1] = rand_id();
	if (db_tx(s->c->db, set_work, s, e) < 0)
		return -1;
	grant_publish(&s->ended);
	notice_ring();
	return 0;
}

/* D8: access tokens from before the change get 401 and refresh.  A browser's
 * own is replaced at once, so that it does not notice. */
static int
renew_cookie(struct call *c, struct err *e)
{
	const char *access;
	int rc;

	if (!c->who.by_cookie)
		return 0;
	rc = grant_renew(c->db, c->arena, c->who.session_id, &access, e);
	if (rc == 1)
		resp_set_tokens(c->resp, access, NULL);
	return rc < 0 ? -1 : 0;
}

int
password_change_post(struct call *c, const void *in_, struct err *e)
{
	const struct change_in *in = in_;
	struct user u;
	struct setting s = { .c = c, .u = &u, .event = "password_change",
	    .template = "password_changed" };
	struct password_context context;
	char subject[32];
	int n = snprintf(subject, sizeof(subject), "user:%" PRIu64,
	    c->who.user_id);
	int rc;

	if ((rc = user_find(c->db, c->arena, c->who.user_id, &u, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_AUTH, "invalid_token", "user is gone");
	/* Where a second factor is on it must have been shown just now. */
	if (fresh_factor(c, &u, e) < 0 ||
	    throttle_or_fail(c->db, "password_old", subject, (size_t)n,
	    FAILURES, FAILURES_S, "too_many_failures", e) < 0)
		return -1;
	if ((rc = password_verify(u.password, in->old, NULL, e)) < 0)
		return -1;
	if (rc == 0) {
		err_field(e, "old_password", "wrong_password",
		    "the old password is another");
		return answer_refused(c, "password_change", u.id, e);
	}
	context = about(&u);
	if (throttle_clear(c->db, "password_old", subject, (size_t)n, e) < 0 ||
	    password_rule("new_password", in->new, &context, e) < 0 ||
	    set_password(&s, in->new, e) < 0 || renew_cookie(c, e) < 0)
		return -1;
	resp_no_store(c->resp);
	resp_message(c->resp, 200, "The password has been changed.");
	return 0;
}

/* --- forgotten ------------------------------------------------------------------ */

int
reset_request_post(struct call *c, const void *in_, struct err *e)
{
	const struct request_in *in = in_;
	const char *typed = in->phone != NULL ? in->phone : in->email;
	struct otp_start s = { .purpose = OTP_RESET };
	struct identifier id;
	struct user u = { 0 };
	int found, known;
	bool proved;

	if (typed == NULL)
		return err_field(e, "phone_number", "required",
		    "neither phone_number nor email");
	identifier_read(c->arena, typed, &id);
	if (id.kind == ID_NONE)
		return err_field(e, "email", "invalid_email", "unreadable");
	if ((found = identifier_find(c->db, c->arena, &id, &u, e)) < 0)
		return -1;
	/* A claim of the asker's own would tell whether another's exists. */
	proved = found && identifier_proved(&id, &u);
	if ((known = remembered(c->db, c->req, proved ? u.id : 0, e)) < 0 ||
	    throttle_or_fail(c->db, known ? "reset_known" : "reset", id.text,
	    strlen(id.text), (uint32_t)conf_int(CONF_RESET_DEST_HOUR),
	    HOUR_S, "too_many_resets", e) < 0)
		return -1;
	/* Only the proved owner of the address gets a code. */
	return answer_code_asked(c, &id, proved && u.is_active ? &u : NULL,
	    &s, "reset_request", e);
}

/* A live reset flow, or a refusal that tells nothing. */
static int
reset_flow(struct call *c, const char *register_id, struct otp_flow *f,
    struct err *e)
{
	int rc = otp_find(c->db, c->arena, register_id, f, e);

	if (rc < 0)
		return -1;
	return rc == 1 && f->purpose == OTP_RESET && !f->done ? 0 :
	    err_field(e, "otp_code", "invalid_code",
	    "no live reset under this register_id");
}

int
reset_verify_post(struct call *c, const void *in_, struct err *e)
{
	const struct reset_in *in = in_;
	struct otp_flow f;
	struct user u;
	int rc;

	if (reset_flow(c, in->register_id, &f, e) < 0)
		return -1;
	if (otp_check(c->db, c->arena, c->req, in->register_id, in->code, &f,
	    e) < 0)
		return answer_refused(c, "otp", f.user_id, e);
	if ((rc = user_find(c->db, c->arena, f.user_id, &u, e)) < 0 ||
	    (rc == 1 && (rc = silence_asks(c, &f, &u, e)) < 0))
		return -1;
	if (rc == 1)
		return 0;
	resp_no_store(c->resp);
	resp_message(c->resp, 200, "The code is right: set a new password.");
	return 0;
}

int
reset_post(struct call *c, const void *in_, struct err *e)
{
	const struct reset_in *in = in_;
	struct otp_flow f;
	struct user u;
	struct setting s = { .c = c, .u = &u, .event = "password_reset",
	    .template = "reset_done" };
	struct password_context context;
	const char *device;
	int rc;

	/* What is wrong with the password itself costs no try of the code. */
	if (password_rule("new_password", in->password, NULL, e) < 0 ||
	    reset_flow(c, in->register_id, &f, e) < 0)
		return -1;
	if (!f.proved) {
		if (in->code == NULL)
			return err_field(e, "otp_code", "code_required",
			    "the flow is not proved");
		if (otp_check(c->db, c->arena, c->req, in->register_id,
		    in->code, &f, e) < 0)
			return answer_refused(c, "otp", f.user_id, e);
	}
	if ((rc = user_find(c->db, c->arena, f.user_id, &u, e)) < 0)
		return -1;
	if (rc == 0)
		return err_field(e, "otp_code", "invalid_code",
		    "user %" PRIu64 " is gone", f.user_id);
	if ((rc = silence_asks(c, &f, &u, e)) != 0)
		return rc < 0 ? -1 : 0;
	context = about(&u);
	s.flow_id = f.id;
	s.channel = f.came_by;
	device = answer_device(c, s.device_hash);
	if (password_rule("new_password", in->password, &context, e) < 0 ||
	    set_password(&s, in->password, e) < 0)
		return -1;
	if (s.lost)
		return err_field(e, "otp_code", "invalid_code",
		    "finished by another request");
	resp_no_store(c->resp);
	resp_clear_tokens(c->resp);
	resp_header(c->resp, "X-Auth-Device", device);
	resp_message(c->resp, 200, "The password has been changed.");
	return 0;
}
