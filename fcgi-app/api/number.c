/*
 * number.c - POST /api/auth/number/change/ and email/change/: a new address,
 * effective when the code sent to it is proved (otp/verify).
 */
#include "api/answer.h"
#include "api/fresh.h"
#include "auth/otp.h"
#include "base/mail.h"

struct number_in { const char *phone, *password; };
static const struct field number_rows[] = {
	FIELD_OF(FT_PHONE, struct number_in, phone, "new_phone_number", 0, 32,
	    F_REQUIRED),
	FIELD_TEXT(struct number_in, password, "password", 1, 1024, F_SECRET),
};
const struct fieldset number_change_fields =
    FIELDSET(struct number_in, number_rows, IN_BODY);

/* The code to the new address, and the answer. */
static int
send_code(struct call *c, const struct otp_start *s, const char *event,
    struct err *e)
{
	char register_id[REGISTER_ID_TEXT];
	struct jw *w;

	if (otp_begin(c->db, c->req, s, register_id, e) < 0 ||
	    answer_audit(c, event, "begun", s->user_id, c->who.session_id,
	    e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "message", resp_say(c->resp, "A verification code has been sent."));
	jw_str(w, "register_id", register_id);
	resp_json_end(c->resp);
	return 0;
}

int
number_change_post(struct call *c, const void *in_, struct err *e)
{
	const struct number_in *in = in_;
	struct otp_start s = { .purpose = OTP_PHONE, .channel = "sms",
	    .target = in->phone };
	uint64_t owner = 0;
	struct user u;
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
	s.judged = &u;
	s.session_id = c->who.session_id;
	s.locale = u.locale;
	/* Another's number: the same answer, and its owner is told (S25). */
	s.notice = owner != 0 ? "taken" : NULL;
	return send_code(c, &s, "number_change", e);
}

struct email_in { const char *email, *password; };
static const struct field email_rows[] = {
	FIELD_OF(FT_EMAIL, struct email_in, email, "new_email", 0, 254,
	    F_REQUIRED),
	FIELD_TEXT(struct email_in, password, "password", 1, 1024, F_SECRET),
};
const struct fieldset email_change_fields =
    FIELDSET(struct email_in, email_rows, IN_BODY);

int
email_change_post(struct call *c, const void *in_, struct err *e)
{
	const struct email_in *in = in_;
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];
	struct otp_start s = { .purpose = OTP_EMAIL, .channel = "email",
	    .target = cmp, .mail_to = in->email };
	uint64_t owner = 0;
	struct user u;
	int rc;

	if (!mail_parse(in->email, cmp, unique))
		return err_field(e, "new_email", "invalid_email",
		    "the binder let it pass");
	if ((rc = user_find(c->db, c->arena, c->who.user_id, &u, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_AUTH, "invalid_token", "user is gone");
	if (fresh_enough(c, &u, in->password, "email_change", e) < 0 ||
	    user_email_owner(c->db, unique, &owner, e) < 0)
		return -1;
	if (u.email_verified && strcmp(u.email_cmp, cmp) == 0)
		return err_field(e, "new_email", "same_email",
		    "it is the account's address");
	s.user_id = u.id;
	s.judged = &u;
	s.session_id = c->who.session_id;
	s.locale = u.locale;
	/* Another's: the same answer, and its owner is told (S25). */
	s.notice = owner != 0 && owner != u.id ? "taken" : NULL;
	return send_code(c, &s, "email_change", e);
}
