/*
 * otp_again.c - another code for a flow, and another number for a
 * registration.
 *
 * What must stay true: one code an issue of the flow, however many ask at
 * once (S51); a new code resets no failure count (S30).
 */
#include "auth/otp_own.h"

#include "auth/notice.h"
#include "auth/sms_guard.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/mail.h"
#include "base/rand.h"

struct again {
	const struct req	*q;
	const struct otp_row	*r;
	const struct otp_row_issue *issue;
	struct begin		 b;
	const char		*claim_phone;	/* number/edit, or NULL */
};

static int
again_work(struct db *db, void *arg, struct err *e)
{
	struct again *g = arg;
	int rc = otp_row_reissue(db, g->r, g->issue, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_throttled(e, "code_too_soon",
		    (int)conf_int(CONF_CODE_RESEND_S));
	if (g->claim_phone != NULL && g->b.user_id != 0 &&
	    user_set_claim_phone(db, g->b.user_id, g->claim_phone, e) < 0)
		return -1;
	return otp_send_code(db, &g->b, e);
}

/* What another code of the flow of `r` is: where it goes this time. */
struct other {
	const char	*phone;		/* the flow's new number, or NULL */
	const char	*mail_to;	/* by mail, or NULL */
	const char	*locale, *notice;
	bool		 by_mail;	/* though the flow is an SMS's (S50) */
	bool		 nobody;	/* nothing leaves: there is no mail */
};

static int
issue_again(struct db *db, const struct req *q, const struct otp_row *r,
    const struct other *o, struct err *e)
{
	const char *channel = o->phone != NULL ? "sms" : r->channel;
	const char *target = o->phone != NULL ? o->phone : r->target;
	uint8_t mac[32];
	char code[CODE_TEXT], link[OTP_LINK_MAX];
	/* By mail for once: the flow stays its number's, and its pace. */
	const struct otp_row_issue issue = {
		.code_mac = mac, .channel = channel, .target = target,
		.code_life_s = (uint32_t)conf_int(CONF_CODE_LIFE_S),
		.by_mail = o->by_mail,
		.wait_s = strcmp(target, r->target) == 0 ?
		    (uint32_t)conf_int(CONF_CODE_RESEND_S) : 0,
	};
	const struct otp_start s = {
		.purpose = otp_purpose_of(r->purpose), .user_id = r->user_id,
		.channel = o->by_mail ? "email" : channel, .target = target,
		.locale = o->locale, .mail_to = o->mail_to,
		.notice = o->notice,
	};
	struct again g = {
		.q = q, .r = r, .issue = &issue,
		.b = { .q = q, .s = &s, .code = code,
		    .user_id = o->nobody ? 0 : r->user_id,
		    .notification_id = rand_id() },
		.claim_phone = o->phone,
	};
	int rc;

	if (otp_may_leave(db, q, &s, g.b.notification_id, r->id, e) < 0)
		return -1;
	if (otp_make_code(db, q, r->user_id, target, code, e) < 0)
		return -1;
	otp_code_mac(mac, otp_key(0), r->purpose, target, r->id, code);
	g.b.link = otp_link(link, &s, r->id, mac);
	rc = db_tx(db, again_work, &g, e);
	secret_wipe(code, sizeof(code));
	secret_wipe(link, sizeof(link));
	if (rc < 0) {
		otp_give_back(db, g.b.notification_id);
		return -1;
	}
	notice_ring();
	return 0;
}

static int
no_flow(struct err *e)
{
	return err_field(e, "register_id", "invalid_register_id",
	    "unknown, ended or done");
}

/* Who has proved the address of a flow, 0 nobody. */
static int
address_owner(struct db *db, const struct otp_row *r, uint64_t *owner,
    struct err *e)
{
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];

	if (strcmp(r->channel, "email") != 0)
		return user_phone_owner(db, r->target, owner, e);
	if (!mail_parse(r->target, cmp, unique))
		return 0;
	return user_email_owner(db, unique, owner, e);
}

/* Codes for an account whose address was proved before, however it was
 * spelled this time. */
static bool
finds_account(const struct otp_row *r)
{
	enum otp_purpose p = otp_purpose_of(r->purpose);

	return p == OTP_LOGIN || p == OTP_RESET;
}

/* May this flow's code go by that channel?  What proves an address goes there
 * and nowhere else. */
static int
choose_channel(const struct otp_row *r, const char *channel,
    struct other *o, struct err *e)
{
	if (channel == NULL || strcmp(channel, r->channel) == 0)
		return 0;
	o->by_mail = strcmp(channel, "email") == 0 && finds_account(r);
	return o->by_mail ? 0 : err_field(e, "channel", "invalid_channel",
	    "a code of %s by %s", r->purpose, r->channel);
}

int
otp_resend(struct db *db, struct arena *a, const struct req *q,
    const char *register_id, const char *channel, struct err *e)
{
	struct otp_row r;
	struct user u = { 0 };
	struct other o = { 0 };
	uint64_t owner = 0;
	int rc = otp_row_of(db, a, register_id, &r, e);

	if (rc < 0)
		return -1;
	if (rc == 0 || r.used_at_us != 0)
		return no_flow(e);
	if (choose_channel(&r, channel, &o, e) < 0 ||
	    otp_may_be_proved(db, &r, e) < 0)
		return -1;
	/* Mail goes to the address as typed; the account has it.  The same
	 * statement runs for a flow of nobody. */
	if (user_find(db, a, r.user_id, &u, e) < 0)
		return -1;
	/* A taken address gets a notice again, never a code (S25). */
	if (address_owner(db, &r, &owner, e) < 0)
		return -1;
	o.notice = owner != 0 && owner != r.user_id ? "taken" : NULL;
	o.locale = u.locale;
	/* That of a change is not the account's yet. */
	if (o.by_mail || (strcmp(r.channel, "email") == 0 &&
	    (finds_account(&r) || (u.email_cmp != NULL &&
	    strcmp(u.email_cmp, r.target) == 0))))
		o.mail_to = u.email;
	/* Without a proved address nothing leaves, and nobody is told that
	 * there is none. */
	o.nobody = o.by_mail && !u.email_verified;
	return issue_again(db, q, &r, &o, e);
}

int
otp_retarget(struct db *db, struct arena *a, const struct req *q,
    const char *register_id, const char *phone, const char *notice,
    struct err *e)
{
	struct otp_row r;
	struct user u = { 0 };
	struct other o = { 0 };
	int rc = otp_row_of(db, a, register_id, &r, e);

	if (rc < 0)
		return -1;
	if (rc == 0 || r.used_at_us != 0 ||
	    otp_purpose_of(r.purpose) != OTP_REGISTER)
		return no_flow(e);
	if ((rc = user_find(db, a, r.user_id, &u, e)) < 0)
		return -1;
	if (rc == 0 || USER_PROVED(&u))
		return no_flow(e);
	o.phone = phone;
	o.notice = notice;
	o.locale = u.locale;
	if (sms_guard_number(phone, "new_phone_number", e) < 0)
		return -1;
	return issue_again(db, q, &r, &o, e);
}
