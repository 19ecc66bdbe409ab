/*
 * signup.c - register, correct a mistyped number, and a sign-in before proof.
 *
 * What must stay true (S24, S25, D9): a taken address and a free one cost the
 * same statements, hash and job and get the same answer; the owner of a taken
 * one is told instead of being sent a code.
 */
#include "api/signup.h"

#include "api/answer.h"
#include "auth/otp.h"
#include "auth/password.h"
#include "base/mail.h"
#include "base/pattern.h"
#include "base/rand.h"
#include "base/text.h"

struct register_in {
	const char *email, *phone, *first_name, *last_name, *password;
};
static const struct field register_rows[] = {
	FIELD_OF(FT_EMAIL, struct register_in, email, "email", 0, 254, 0),
	FIELD_OF(FT_PHONE, struct register_in, phone, "phone_number", 0, 32,
	    0),
	FIELD_TEXT(struct register_in, first_name, "first_name", 0, 150,
	    F_TRIM | F_LINE),
	FIELD_TEXT(struct register_in, last_name, "last_name", 0, 150,
	    F_TRIM | F_LINE),
	FIELD_TEXT(struct register_in, password, "password", 1, 1024,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset register_fields =
    FIELDSET(struct register_in, register_rows, IN_BODY);

struct edit_in { const char *register_id, *phone; };
static const struct field edit_rows[] = {
	FIELD_TEXT(struct edit_in, register_id, "register_id", 1, 64,
	    F_REQUIRED),
	FIELD_OF(FT_PHONE, struct edit_in, phone, "new_phone_number", 0, 32,
	    F_REQUIRED),
};
const struct fieldset number_edit_fields =
    FIELDSET(struct edit_in, edit_rows, IN_BODY);

int
signup_taken(struct call *c, const char *phone, const char *unique, bool *taken,
    struct err *e)
{
	uint64_t id;
	int by_phone, by_email;

	if ((by_phone = user_phone_owner(c->db, phone == NULL ? "" : phone,
	    &id, e)) < 0 ||
	    (by_email = user_email_owner(c->db, unique == NULL ? "" : unique,
	    &id, e)) < 0)
		return -1;
	*taken = phone != NULL ? by_phone == 1 : by_email == 1;
	return 0;
}

int
register_post(struct call *c, const void *in_, struct err *e)
{
	static const char message[] =
	    "A verification code has been sent.";
	const struct register_in *in = in_;
	char cmp[MAIL_MAX + 1] = "", unique[MAIL_MAX + 1] = "";
	char phc[PASSWORD_PHC_MAX], register_id[REGISTER_ID_TEXT];
	const struct password_context about = { in->email, in->phone,
		in->first_name, in->last_name };
	struct user_new n = {
		.reg_key = rand_id(),
		.phone = in->phone, .email = in->email,
		.first_name = in->first_name == NULL ? "" : in->first_name,
		.last_name = in->last_name == NULL ? "" : in->last_name,
		.password = phc, .locale = lang_to_keep(c->req->accept_language),
		.country = c->req->country,
	};
	struct otp_start s = {
		.purpose = OTP_REGISTER, .claim = &n, .locale = n.locale,
		.channel = in->phone != NULL ? "sms" : "email",
		.mail_to = in->phone != NULL ? NULL : in->email,
	};
	uint64_t claim_id = 0;
	struct jw *w;
	bool taken;

	if (in->phone == NULL && in->email == NULL)
		return err_field(e, "phone_number", "required",
		    "neither phone_number nor email");
	if (password_rule("password", in->password, &about, e) < 0)
		return -1;
	if (in->email != NULL) {
		if (!mail_parse(in->email, cmp, unique))
			return err_field(e, "email", "invalid_email",
			    "the binder let it pass");
		n.email_cmp = cmp;
		n.email_unique = unique;
	}
	s.target = in->phone != NULL ? in->phone : cmp;
	if (signup_taken(c, in->phone, in->email == NULL ? NULL : unique, &taken,
	    e) < 0)
		return -1;
	s.notice = taken ? "taken" : NULL;
	s.claim_id = &claim_id;
	if (password_hash(phc, in->password, e) < 0 ||
	    otp_begin(c->db, c->req, &s, register_id, e) < 0 ||
	    answer_audit(c, "register", "ok", claim_id, 0, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 201);
	jw_str(w, "message", resp_say(c->resp, message));
	jw_str(w, "register_id", register_id);
	jw_str(w, "old_phone_number", in->phone);
	jw_bool(w, "success", true);
	jw_object(w, "data");
	jw_str(w, "message", resp_say(c->resp, message));
	jw_str(w, "register_id", register_id);
	jw_end(w);
	resp_json_end(c->resp);
	return 0;
}

int
number_edit_post(struct call *c, const void *in_, struct err *e)
{
	const struct edit_in *in = in_;
	struct jw *w;
	bool taken;

	if (signup_taken(c, in->phone, NULL, &taken, e) < 0 ||
	    otp_retarget(c->db, c->arena, c->req, in->register_id, in->phone,
	    taken ? "taken" : NULL, e) < 0 ||
	    answer_audit(c, "number_edit", "ok", 0, 0, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "message", resp_say(c->resp, "A verification code has been sent."));
	jw_str(w, "register_id", in->register_id);
	jw_str(w, "request_type", "register");
	jw_str(w, "phone_number", in->phone);
	resp_json_end(c->resp);
	return 0;
}

int
signup_not_verified(struct call *c, const struct user *u,
    const struct identifier *id, struct err *e)
{
	const bool phone = id->kind == ID_PHONE;
	struct otp_start s = {
		.purpose = OTP_REGISTER, .user_id = u->id,
		.channel = phone ? "sms" : "email",
		.target = phone ? u->phone : u->email_cmp,
		.mail_to = phone ? NULL : u->email,
		.locale = u->locale, .may_wait = true,
	};
	char register_id[REGISTER_ID_TEXT];
	struct err refusal = ERR_INIT;
	bool taken;

	if (signup_taken(c, id->phone, id->email_unique, &taken, e) < 0)
		return -1;
	s.notice = taken ? "taken" : NULL;
	if (otp_begin(c->db, c->req, &s, register_id, e) < 0 ||
	    answer_audit(c, "login", "refused", u->id, 0, e) < 0)
		return -1;
	err_set(&refusal, ERR_FORBIDDEN, "not_verified", "user %" PRIu64,
	    u->id);
	resp_problem(c->resp, c->req, c->route->style, &refusal);
	resp_problem_member(c->resp, "register_id", register_id);
	resp_no_store(c->resp);
	return 0;
}
