/*
 * number.c - POST /api/auth/number/change/: a new phone number, effective
 * when the code sent to it is proved (otp/verify).
 */
#include "api/answer.h"
#include "auth/otp.h"
#include "auth/password.h"
#include "auth/throttle.h"
#include "base/clock.h"

#define FRESH_S		300
#define FAILURES	5
#define FAILURES_S	300

struct number_in { const char *phone, *password; };
static const struct field number_rows[] = {
	FIELD_OF(FT_PHONE, struct number_in, phone, "new_phone_number", 0, 32,
	    F_REQUIRED),
	FIELD_TEXT(struct number_in, password, "password", 1, 1024, F_SECRET),
};
const struct fieldset number_change_fields =
    FIELDSET(struct number_in, number_rows, IN_BODY);

/* Signed in within five minutes, or the password in the body (S57). */
static int
fresh_enough(struct call *c, const struct user *u, const char *password,
    struct err *e)
{
	char subject[32];
	int n = snprintf(subject, sizeof(subject), "user:%" PRIu64, u->id);
	int rc;

	if (password == NULL)
		return clock_now() / US_PER_S - c->who.auth_s <= FRESH_S ? 0 :
		    err_set(e, ERR_FORBIDDEN, "reauth_required",
		    "signed in too long ago");
	if (throttle_or_fail(c->db, "password_old", subject, (size_t)n,
	    FAILURES, FAILURES_S, "too_many_failures", e) < 0)
		return -1;
	if ((rc = password_verify(u->password, password, NULL, e)) < 0)
		return -1;
	if (rc == 0) {
		err_field(e, "password", "wrong_password",
		    "the password is another");
		return answer_refused(c, "number_change", u->id, e);
	}
	return throttle_clear(c->db, "password_old", subject, (size_t)n, e);
}

int
number_change_post(struct call *c, const void *in_, struct err *e)
{
	const struct number_in *in = in_;
	char register_id[REGISTER_ID_TEXT];
	struct otp_start s = { .purpose = OTP_PHONE, .channel = "sms",
	    .target = in->phone };
	uint64_t owner = 0;
	struct user u;
	struct jw *w;
	int rc;

	if ((rc = user_find(c->db, c->arena, c->who.user_id, &u, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_AUTH, "invalid_token", "user is gone");
	if (fresh_enough(c, &u, in->password, e) < 0 ||
	    user_phone_owner(c->db, in->phone, &owner, e) < 0)
		return -1;
	if (owner == u.id)
		return err_field(e, "new_phone_number", "same_number",
		    "it is the account's number");
	s.user_id = u.id;
	s.locale = u.locale;
	/* Another's number: the same answer, and its owner is told (S25). */
	s.notice = owner != 0 ? "taken" : NULL;
	if (otp_begin(c->db, c->req, &s, register_id, e) < 0 ||
	    answer_audit(c, "number_change", "begun", u.id,
	    c->who.session_id, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "message", "A verification code has been sent.");
	jw_str(w, "register_id", register_id);
	resp_json_end(c->resp);
	return 0;
}
