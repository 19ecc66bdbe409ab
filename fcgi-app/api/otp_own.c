/*
 * otp_own.c - /api/otp/: a signed-in account proves its own addresses.
 *
 * What must stay true: one code of a user lives at a time; a proof is of the
 * address its code was sent to, and of no other.
 */
#include "api/answer.h"
#include "api/proof.h"
#include "api/signup.h"
#include "api/user_own.h"

#include "auth/grant.h"
#include "auth/throttle.h"
#include "base/conf.h"
#include "base/mail.h"

struct send_in { const char *which; };
static const struct field send_rows[] = {
	FIELD_ENUM(struct send_in, which, "email_or_phone", "email|phone",
	    F_REQUIRED),
};
const struct fieldset otp_send_fields =
    FIELDSET(struct send_in, send_rows, IN_BODY);

struct own_in { const char *code; };
static const struct field own_rows[] = {
	FIELD_OF(FT_CODE, struct own_in, code, "code", 0, 0,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset otp_own_fields =
    FIELDSET(struct own_in, own_rows, IN_BODY);

#define LIVES	"otp_lives"

static int
own(struct call *c, struct user *u, struct err *e)
{
	int rc = user_find(c->db, c->arena, c->who.user_id, u, e);

	return rc == 0 ? err_set(e, ERR_AUTH, "invalid_token",
	    "user %" PRIu64 " is gone", c->who.user_id) : rc;
}

static size_t
subject_of(char *out, size_t cap, uint64_t user_id)
{
	return (size_t)snprintf(out, cap, "user:%" PRIu64, user_id);
}

int
user_forget_code(struct call *c, uint64_t user_id, struct err *e)
{
	char subject[32];

	return throttle_clear(c->db, LIVES, subject, subject_of(subject,
	    sizeof(subject), user_id), e);
}

int
user_send_code(struct call *c, const struct user_code *k, struct err *e)
{
	struct otp_start s = {
		.purpose = k->phone != NULL ? OTP_PHONE : OTP_EMAIL,
		.user_id = k->u->id,
		.channel = k->phone != NULL ? "sms" : "email",
		.target = k->phone != NULL ? k->phone : k->cmp,
		.mail_to = k->phone != NULL ? NULL : k->mail_to,
		.locale = k->u->locale, .judged = k->judged,
	};
	char register_id[REGISTER_ID_TEXT], subject[32];
	size_t n = subject_of(subject, sizeof(subject), k->u->id);
	struct err own_e = ERR_INIT;
	bool taken;

	if (signup_taken(c, k->phone, k->unique, &taken, e) < 0 ||
	    throttle_or_fail(c->db, LIVES, subject, n, 1,
	    (uint32_t)conf_int(CONF_CODE_LIFE_S), "code_too_soon", e) < 0)
		return -1;
	s.notice = taken ? "taken" : NULL;
	if (otp_begin(c->db, c->req, &s, register_id, e) == 0)
		return answer_audit(c, "code_sent", "ok", k->u->id,
		    c->who.session_id, e);
	/* None was sent, so none lives. */
	if (user_forget_code(c, k->u->id, &own_e) < 0)
		*e = own_e;
	if (e->field[0] != '\0')
		snprintf(e->field, sizeof(e->field), "%s", k->field);
	return -1;
}

int
otp_send_post(struct call *c, const void *in_, struct err *e)
{
	static const char field[] = "email_or_phone";
	const struct send_in *in = in_;
	const bool phone = strcmp(in->which, "phone") == 0;
	char cmp[MAIL_MAX + 1] = "", unique[MAIL_MAX + 1] = "";
	struct user_code k = { .field = field };
	struct user u;
	struct jw *w;

	if (own(c, &u, e) < 0)
		return -1;
	if (phone ? u.phone == NULL : u.email == NULL ||
	    !mail_parse(u.email, cmp, unique))
		return err_field(e, field, phone ? "no_phone" : "no_email",
		    "user %" PRIu64 " has none", u.id);
	if (phone ? u.phone_verified : u.email_verified)
		return err_field(e, field, "already_verified",
		    "user %" PRIu64, u.id);
	k.u = &u;
	k.phone = phone ? u.phone : NULL;
	k.cmp = phone ? NULL : cmp;
	k.unique = phone ? NULL : unique;
	k.mail_to = phone ? NULL : u.email;
	if (user_send_code(c, &k, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "status", resp_say(c->resp, "code has been sent to user"));
	resp_json_end(c->resp);
	return 0;
}

int
otp_own_post(struct call *c, const void *in_, struct err *e)
{
	const struct own_in *in = in_;
	struct otp_flow f = { 0 };
	struct err own_e = ERR_INIT;
	struct user u;
	struct jw *w;

	if (own(c, &u, e) < 0)
		return -1;
	if (otp_check_user(c->db, c->arena, c->req, u.id, in->code, &f,
	    e) < 0) {
		if (e->kind == ERR_INPUT)
			snprintf(e->field, sizeof(e->field), "code");
		/* A code that takes no more tries is no code that lives. */
		if (strcmp(e->code, "too_many_tries") == 0 &&
		    user_forget_code(c, u.id, &own_e) < 0)
			*e = own_e;
		return answer_refused(c, "otp", u.id, e);
	}
	if (proof_apply(c, &f, PROOF_KEEP_TOKENS, e) < 0 ||
	    user_forget_code(c, u.id, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "status", resp_say(c->resp, "User has Verified"));
	resp_json_end(c->resp);
	return 0;
}
