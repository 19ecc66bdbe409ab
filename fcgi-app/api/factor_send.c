/*
 * factor_send.c - codes and notices of second factors, and whose they are.
 */
#include "api/factor_own.h"

#include "api/answer.h"
#include "base/text.h"

const char *
answer_masked(struct arena *a, const char *address)
{
	const char *at = strchr(address, '@');
	size_t n = strlen(address);

	if (at != NULL)
		return arena_printf(a, "%.*s***%s",
		    (int)utf8_step(address, n), address, at);
	return n < 8 ? "***" : arena_printf(a, "%.4s****%s", address,
	    address + n - 3);
}

int
factor_send(struct call *c, const struct user *u, enum factor f,
    enum otp_purpose purpose, const char **id, struct err *e)
{
	struct otp_start s = {
		.purpose = purpose, .user_id = u->id, .locale = u->locale,
		.channel = f == FACTOR_SMS ? "sms" : "email",
		.target = f == FACTOR_SMS ? u->phone : u->email_cmp,
		.mail_to = f == FACTOR_SMS ? NULL : u->email,
		.register_id = *id,
	};
	char register_id[REGISTER_ID_TEXT];
	struct otp_flow flow;
	int rc = 0;

	if (*id != NULL &&
	    (rc = otp_find(c->db, c->arena, *id, &flow, e)) < 0)
		return -1;
	if (rc == 1)
		return otp_resend(c->db, c->arena, c->req, *id, NULL, e);
	if (otp_begin(c->db, c->req, &s, register_id, e) < 0)
		return -1;
	*id = arena_strdup(c->arena, register_id);
	return 0;
}

void
answer_sent(struct call *c, const struct user *u, enum factor f,
    const char *register_id)
{
	const bool sent = f == FACTOR_SMS || f == FACTOR_EMAIL;
	struct jw *w;

	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "message", resp_say(c->resp, sent ?
	    "A code has been sent." : f == FACTOR_TOTP ?
	    "Give the code of the authenticator app." :
	    "Give one of the recovery codes."));
	jw_str(w, "method", factor_word(f));
	if (sent)
		jw_str(w, "sent_to", answer_masked(c->arena, f == FACTOR_SMS ?
		    u->phone : u->email));
	if (register_id != NULL)
		jw_str(w, "register_id", register_id);
	resp_json_end(c->resp);
}

int
factor_tell(struct db *db, struct call *c, const struct user *u,
    const uint64_t ids[2], const char *template, struct err *e)
{
	return notice_everywhere(db, u, ids, template, NULL,
	    c->req->request_id, e);
}

int
factor_account(struct call *c, struct user *u, struct mfa *m, struct err *e)
{
	int rc = user_find(c->db, c->arena, c->who.user_id, u, e);

	if (rc == 1)
		rc = mfa_find(c->db, c->arena, u->id, m, e);
	return rc == 0 ? err_set(e, ERR_AUTH, "invalid_token",
	    "user %" PRIu64 " is gone", c->who.user_id) : rc < 0 ? -1 : 0;
}
