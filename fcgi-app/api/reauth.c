/*
 * reauth.c - step-up: show again who you are (S12, S57, S67).
 *
 * What must stay true: where a second factor is on, the password alone never
 * makes a session fresh.
 */
#include "api/answer.h"
#include "api/factor_own.h"
#include "api/fresh.h"

#define METHODS		"totp|sms|email|recovery"

struct reauth_in { const char *password, *code, *otp_code, *method, *id; };
static const struct field reauth_rows[] = {
	FIELD_TEXT(struct reauth_in, password, "password", 1, 1024, F_SECRET),
	FIELD_TEXT(struct reauth_in, code, "code", 1, 64, F_TRIM | F_SECRET),
	FIELD_TEXT(struct reauth_in, otp_code, "otp_code", 1, 64,
	    F_TRIM | F_SECRET),
	FIELD_ENUM(struct reauth_in, method, "method", METHODS, 0),
	FIELD_TEXT(struct reauth_in, id, "register_id", 1, 64, 0),
};
const struct fieldset reauth_fields =
    FIELDSET(struct reauth_in, reauth_rows, IN_BODY);

struct challenge_in { const char *method, *pow; };
static const struct field challenge_rows[] = {
	FIELD_ENUM(struct challenge_in, method, "method", "sms|email",
	    F_REQUIRED),
	FIELD_TEXT(struct challenge_in, pow, "pow", 0, 256, 0),
};
const struct fieldset reauth_challenge_fields =
    FIELDSET(struct challenge_in, challenge_rows, IN_BODY);

/* Codes go to addresses of the account; where no second factor is on they
 * are as good as the password, unless the policy says that they are not. */
static unsigned
methods_of(const struct mfa *m)
{
	if (factor_on(m))
		return factor_methods(m, NULL);
	if (factor_policy_l3())
		return 0;
	return (m->phone_proved ? FACTOR_SMS : 0U) |
	    (m->email_proved ? FACTOR_EMAIL : 0U);
}

static int
refuse_method(struct err *e)
{
	return err_field(e, "method", "method_off", "the account has it not");
}

int
reauth_challenge_post(struct call *c, const void *in_, struct err *e)
{
	const struct challenge_in *in = in_;
	enum factor f = factor_of(in->method);
	const char *id = NULL;
	struct user u;
	struct mfa m;

	if (factor_account(c, &u, &m, e) < 0)
		return -1;
	if ((methods_of(&m) & f) == 0)
		return refuse_method(e);
	if (factor_send(c, &u, f, OTP_REAUTH, &id, e) < 0 ||
	    answer_audit(c, "reauth_challenge", "ok", u.id,
	    c->who.session_id, e) < 0)
		return -1;
	answer_sent(c, &u, f, id);
	return 0;
}

struct stepup {
	const struct mfa	*m;
	struct factor_proof	 proof;
	bool			 used;
};

static int
use(struct db *db, void *arg, struct err *e)
{
	const struct stepup *s = arg;

	return s->used ? factor_use(db, s->m, &s->proof, e) : 0;
}

/* The second factor, or the code that stands for the password. */
static int
check_code(struct call *c, const struct reauth_in *in, const char *code,
    struct stepup *s, struct err *e)
{
	struct factor_try t = { .m = s->m, .code = code,
	    .register_id = in->id };
	struct otp_flow flow;
	int rc;

	if (in->method != NULL) {
		t.method = factor_of(in->method);
	} else if (in->id != NULL) {
		if ((rc = otp_find(c->db, c->arena, in->id, &flow, e)) < 0)
			return -1;
		t.method = rc == 1 ? factor_of(flow.channel) : FACTOR_SMS;
	} else {
		t.method = strlen(code) == 6 ? FACTOR_TOTP : FACTOR_RECOVERY;
	}
	if ((methods_of(s->m) & t.method) == 0)
		return refuse_method(e);
	if ((t.method == FACTOR_SMS || t.method == FACTOR_EMAIL) &&
	    t.register_id == NULL)
		return err_field(e, "register_id", "required",
		    "a sent code is of a flow");
	s->used = true;
	return factor_check(c->db, c->arena, c->req, &t, &s->proof, e);
}

int
reauth_post(struct call *c, const void *in_, struct err *e)
{
	const struct reauth_in *in = in_;
	const char *code = in->code != NULL ? in->code : in->otp_code;
	struct user u;
	struct mfa m;
	struct stepup step = { .m = &m };
	struct signin s = { .u = &u, .with = use, .arg = &step };
	bool on;

	if (in->password == NULL && code == NULL)
		return err_field(e, "password", "required",
		    "neither password nor code");
	if (factor_account(c, &u, &m, e) < 0)
		return -1;
	s.by_password = in->password != NULL;
	on = factor_on(&m);
	if (on && code == NULL)
		return err_set(e, ERR_FORBIDDEN, "second_factor_required",
		    "user %" PRIu64 " has a second factor", u.id);
	if (in->password != NULL &&
	    fresh_password(c, &u, in->password, "reauth", e) < 0)
		return -1;
	if (code != NULL && check_code(c, in, code, &step, e) < 0)
		return answer_refused(c, "reauth", u.id, e);
	s.amr = on ? amr_with(c->arena, c->who.amr, step.proof.method) :
	    c->who.amr;
	if (answer_stepped_up(c, &s, e) < 0)
		return answer_refused(c, "reauth", u.id, e);
	return 0;
}
