/*
 * silence.c - see silence.h.  It speaks only to whoever gave the right code,
 * so it tells strangers nothing (S24).
 */
#include "api/silence.h"

#include "api/answer.h"
#include "base/clock.h"
#include "base/conf.h"

#define DAY_US	(86400 * US_PER_S)

/* A session is over after 90 days without a sign-in, so the last one tells. */
static bool
was_long(const struct user *u)
{
	const int64_t days = conf_int(CONF_RECYCLED_DAYS);
	const int64_t last = u->last_login_us > u->created_us ?
	    u->last_login_us : u->created_us;

	return days > 0 && clock_now() - last > days * DAY_US;
}

int
silence_asks(struct call *c, const struct otp_flow *f, const struct user *u,
    struct err *e)
{
	const struct otp_start s = { .purpose = f->purpose,
	    .user_id = u->id, .channel = "email", .target = u->email_cmp,
	    .mail_to = u->email, .locale = u->locale, .may_wait = true };
	char register_id[REGISTER_ID_TEXT];
	struct err refusal = ERR_INIT;

	/* By the code that was shown, not by one before it: else two more
	 * codes, the first by mail, would be the way past this. */
	if (f->last_mail || !u->email_verified ||
	    !was_long(u))
		return 0;
	if (otp_begin(c->db, c->req, &s, register_id, e) < 0 ||
	    answer_audit(c, f->purpose == OTP_RESET ? "password_reset" :
	    "login", "refused", u->id, 0, e) < 0)
		return -1;
	err_set(&refusal, ERR_FORBIDDEN, "second_proof_required",
	    "user %" PRIu64, u->id);
	resp_problem(c->resp, c->req, c->route->style, &refusal);
	resp_problem_member(c->resp, "register_id", register_id);
	resp_problem_member(c->resp, "sent_to", answer_masked(c->arena,
	    u->email));
	resp_no_store(c->resp);
	return 1;
}
