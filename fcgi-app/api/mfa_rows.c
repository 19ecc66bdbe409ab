/*
 * mfa_rows.c - the second step of a sign-in: send its code, check it.
 *
 * What must stay true: a try is counted before anything is compared (S29);
 * token, factor and session are used up and begun in one transaction, so that
 * of parallel requests one signs in (S31, S66).
 */
#include "api/answer.h"
#include "api/factor_own.h"
#include "auth/otp.h"
#include "base/text.h"

#define METHODS "totp|sms|email|recovery"

struct challenge_in { const char *token, *method, *pow; };
static const struct field challenge_rows[] = {
	FIELD_TEXT(struct challenge_in, token, "mfa_token", 1, 64,
	    F_REQUIRED | F_SECRET),
	FIELD_ENUM(struct challenge_in, method, "method", METHODS,
	    F_REQUIRED),
	FIELD_TEXT(struct challenge_in, pow, "pow", 0, 256, 0),
};
const struct fieldset mfa_challenge_fields =
    FIELDSET(struct challenge_in, challenge_rows, IN_BODY);

struct verify_in { const char *token, *code, *otp_code, *method; };
static const struct field verify_rows[] = {
	FIELD_TEXT(struct verify_in, token, "mfa_token", 1, 64,
	    F_REQUIRED | F_SECRET),
	FIELD_TEXT(struct verify_in, code, "code", 1, 64, F_TRIM | F_SECRET),
	FIELD_TEXT(struct verify_in, otp_code, "otp_code", 1, 64,
	    F_TRIM | F_SECRET),
	FIELD_ENUM(struct verify_in, method, "method", METHODS, 0),
};
const struct fieldset mfa_verify_fields =
    FIELDSET(struct verify_in, verify_rows, IN_BODY);

static int
no_token(struct err *e)
{
	return err_field(e, "mfa_token", "invalid_mfa_token",
	    "unknown, used or over");
}

/* The second step that is due, and what its account has. */
static int
find(struct call *c, const char *token, struct mfa_flow *f, struct mfa *m,
    struct user *u, struct err *e)
{
	int rc;

	if ((rc = mfa_token_find(c->db, c->arena, token, f, e)) < 0)
		return -1;
	if (rc == 0)
		return no_token(e);
	if ((rc = mfa_find(c->db, c->arena, f->user_id, m, e)) < 0 ||
	    (rc == 1 && (rc = user_find(c->db, c->arena, f->user_id, u,
	    e)) < 0))
		return -1;
	return rc == 1 && u->is_active ? 0 : no_token(e);
}

static int
refuse_method(struct err *e)
{
	return err_field(e, "method", "method_off",
	    "the account has it not, or it proves the first step again");
}

int
mfa_challenge_post(struct call *c, const void *in_, struct err *e)
{
	const struct challenge_in *in = in_;
	enum factor f = factor_of(in->method);
	struct mfa_flow flow;
	struct user u;
	struct mfa m;
	const char *id;

	if (find(c, in->token, &flow, &m, &u, e) < 0)
		return -1;
	if ((factor_methods(&m, flow.channel) & f) == 0)
		return refuse_method(e);
	if (f == FACTOR_SMS || f == FACTOR_EMAIL) {
		id = mfa_token_code_flow(c->arena, in->token, f);
		if (factor_send(c, &u, f, OTP_MFA, &id, e) < 0)
			return -1;
	}
	if (mfa_flow_sent(c->db, flow.id, in->method, e) < 0 ||
	    answer_audit(c, "mfa_challenge", "ok", u.id, 0, e) < 0)
		return -1;
	answer_sent(c, &u, f, NULL);
	return 0;
}

/* Without a word: digits are the code last asked for, else the app's, which
 * has six; anything else is a recovery code. */
static enum factor
method_of(const struct verify_in *in, const char *code,
    const struct mfa_flow *flow)
{
	enum factor sent = factor_of(flow->sent);

	if (in->method != NULL)
		return factor_of(in->method);
	if (code[strspn(code, "0123456789")] != '\0')
		return FACTOR_RECOVERY;
	if (sent == FACTOR_SMS || sent == FACTOR_EMAIL)
		return sent;
	return strlen(code) == 6 ? FACTOR_TOTP : FACTOR_RECOVERY;
}

struct second {
	struct call		*c;
	const struct user	*u;
	const struct mfa	*m;
	const struct mfa_flow	*flow;
	struct factor_proof	 proof;
	uint64_t		 notice_ids[2];
	int			 told;
};

static int
use(struct db *db, void *arg, struct err *e)
{
	struct second *s = arg;
	int rc = mfa_flow_use(db, s->flow->id, e);

	s->told = 0;
	if (rc <= 0)
		return rc < 0 ? -1 : no_token(e);
	if (factor_use(db, s->m, &s->proof, e) < 0)
		return -1;
	if (s->proof.method == FACTOR_RECOVERY)
		s->told = factor_tell(db, s->c, s->u, s->notice_ids,
		    "recovery_used", e);
	return s->told < 0 ? -1 : 0;
}

/* Used or over, or were there too many tries?  As of now: others may have
 * made theirs since the flow was read. */
static int
no_try(struct call *c, const char *token, struct err *e)
{
	struct mfa_flow f;
	int rc = mfa_token_find(c->db, c->arena, token, &f, e);

	if (rc < 0)
		return -1;
	return rc == 1 && f.tries >= MFA_TRIES_MAX ? err_field(e, "code",
	    "too_many_tries", "%d tries", MFA_TRIES_MAX) : no_token(e);
}

static int
check(struct call *c, const struct verify_in *in, const char *code,
    struct second *s, struct err *e)
{
	const struct mfa_flow *flow = s->flow;
	struct factor_try t = { .m = s->m, .code = code,
	    .method = method_of(in, code, flow) };
	int rc;

	if ((factor_methods(s->m, flow->channel) & t.method) == 0)
		return refuse_method(e);
	if ((rc = mfa_flow_try(c->db, flow->id, e)) < 0)
		return -1;
	if (rc == 0)
		return no_try(c, in->token, e);
	if (t.method == FACTOR_SMS || t.method == FACTOR_EMAIL)
		t.register_id = mfa_token_code_flow(c->arena, in->token,
		    t.method);
	return factor_check(c->db, c->arena, c->req, &t, &s->proof, e);
}

int
mfa_verify_post(struct call *c, const void *in_, struct err *e)
{
	const struct verify_in *in = in_;
	const char *code = in->code != NULL ? in->code : in->otp_code;
	struct mfa_flow flow;
	struct user u;
	struct mfa m;
	struct second second = { .c = c, .u = &u, .m = &m, .flow = &flow,
	    .notice_ids = { rand_id(), rand_id() } };
	struct signin s = { .u = &u, .with = use, .arg = &second };

	if (code == NULL)
		return err_field(e, "code", "required", "no code");
	if (find(c, in->token, &flow, &m, &u, e) < 0)
		return -1;
	if (check(c, in, code, &second, e) < 0)
		return answer_refused(c, "mfa", u.id, e);
	s.amr = amr_with(c->arena, flow.amr, second.proof.method);
	if (answer_signin(c, &s, e) < 0)
		return answer_refused(c, "mfa", u.id, e);
	if (second.told > 0)
		notice_ring();
	return 0;
}
