/*
 * number.c - POST /api/auth/number/change/: a new phone number, effective
 * when the code sent to it is proved (otp/verify).
 */
#include "api/answer.h"
#include "api/fresh.h"
#include "auth/otp.h"

struct number_in { const char *phone, *password; };
static const struct field number_rows[] = {
	FIELD_OF(FT_PHONE, struct number_in, phone, "new_phone_number", 0, 32,
	    F_REQUIRED),
	FIELD_TEXT(struct number_in, password, "password", 1, 1024, F_SECRET),
};
const struct fieldset number_change_fields =
    FIELDSET(struct number_in, number_rows, IN_BODY);

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
	if (fresh_enough(c, &u, in->password, "number_change", e) < 0 ||
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
