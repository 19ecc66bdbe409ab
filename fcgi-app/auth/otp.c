/*
 * otp.c - flows that a one-time code proves.
 *
 * What must stay true: a try is counted and committed before the code is
 * compared (S29); a code works once (S31); a new code resets no failure count
 * (S30); a flow for nobody makes the same statements, rows and bell (S24).
 */
#include "auth/otp.h"

#include "auth/notice.h"
#include "auth/throttle.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/mail.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/known_device.h"
#include "store/otp.h"

#define CODE_DIGITS	6
#define REGISTER_BYTES	16
#define DAY_S		(24 * 60 * 60)
#define FLOW_LIFE_S	(24 * 60 * 60)	/* resend within a day */
#define PROOF_LIFE_S	600		/* D11: after verify, 10 min */
/* D10: failures an account and day, whatever addresses they come from. */
#define FAILURES_A_DAY	20

static const char *const purpose_word[] = {
	[OTP_REGISTER] = "register", [OTP_LOGIN] = "login",
	[OTP_RESET] = "reset", [OTP_PHONE] = "phone", [OTP_EMAIL] = "email",
};

static enum otp_purpose
purpose_of(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(purpose_word); i++)
		if (strcmp(purpose_word[i], word) == 0)
			return (enum otp_purpose)i;
	return OTP_LOGIN;
}

static void
register_hash(uint8_t hash[32], const char *register_id)
{
	sha256(hash, register_id, strlen(register_id));
}

/* Bound to purpose, target and flow, so that a code of one flow is worth
 * nothing in another (S28). */
static void
code_mac(uint8_t mac[32], const char *purpose, const char *target,
    uint64_t flow, const char *code)
{
	char id[24];
	int n = snprintf(id, sizeof(id), "%" PRIu64, flow);
	const struct crypto_part part[] = {
		{ purpose, strlen(purpose) + 1 },
		{ target, strlen(target) + 1 },
		{ id, (size_t)n + 1 },
		{ code, strlen(code) },
	};
	const struct keyring *k = token_keys();

	hmac_sha256_parts(mac, k->code, sizeof(k->code), part,
	    COUNT_OF(part));
}

/* One code per resend time and so many a day for a destination; the same for
 * unknown ones, counted before anything is looked up (S24, D27). */
static int
destination_limits(struct db *db, const char *target, struct err *e)
{
	int rc = throttle_or_fail(db, "code_soon", target, strlen(target), 1,
	    (uint32_t)conf_int(CONF_CODE_RESEND_S), "code_too_soon", e);

	return rc < 0 ? -1 : throttle_or_fail(db, "code_day", target,
	    strlen(target), (uint32_t)conf_int(CONF_CODE_DAY), DAY_S,
	    "too_many_codes", e);
}

/* S45: does any allowed prefix begin this number? */
static bool
prefix_allowed(const char *phone)
{
	const char *p = conf_str(CONF_SMS_PREFIXES);

	while (*p != '\0') {
		size_t n = strcspn(p, ", ");

		if (n > 0 && ((n == 1 && *p == '*') ||
		    strncmp(phone, p, n) == 0))
			return true;
		p += n;
		p += strspn(p, ", ");
	}
	return false;
}

/* --- beginning --------------------------------------------------------------- */

struct begin {
	const struct req	*q;
	const struct otp_start	*s;
	struct otp_row_new	*row;
	const char		*code;
	uint64_t		 user_id, notification_id;
	bool			 quiet;		/* the flow, but no message */
};

static int
send_code(struct db *db, const struct begin *b, struct err *e)
{
	const struct notice n = {
		.id = b->notification_id,
		.user_id = b->user_id,
		.channel = b->s->channel,
		.to = b->s->mail_to != NULL ? b->s->mail_to : b->s->target,
		.locale = b->s->locale,
		.template = b->s->notice != NULL ? b->s->notice : "code",
		.purpose = purpose_word[b->s->purpose],
		.code = b->s->notice != NULL ? NULL : b->code,
		.nobody = b->user_id == 0,
		.life_s = (uint32_t)conf_int(CONF_CODE_LIFE_S),
		.request_id = b->q == NULL ? NULL : b->q->request_id,
	};

	return notice_add(db, &n, e);
}

static int
begin_work(struct db *db, void *arg, struct err *e)
{
	struct begin *b = arg;

	if (b->s->claim != NULL) {
		if (user_insert(db, b->s->claim, &b->user_id, e) < 0)
			return -1;
		b->row->user_id = b->user_id;
	}
	if (otp_row_insert(db, b->row, e) < 0)
		return -1;
	return b->quiet ? 0 : send_code(db, b, e);
}

int
otp_begin(struct db *db, const struct req *q, const struct otp_start *s,
    char register_id[REGISTER_ID_TEXT], struct err *e)
{
	uint8_t hash[32], mac[32];
	char code[CODE_DIGITS + 1];
	struct otp_row_new row = {
		.id = rand_id(),
		.register_hash = hash,
		.code_mac = mac,
		.user_id = s->user_id,
		.purpose = purpose_word[s->purpose],
		.channel = s->channel,
		.target = s->target,
		.code_life_s = (uint32_t)conf_int(CONF_CODE_LIFE_S),
		.flow_life_s = FLOW_LIFE_S,
	};
	struct begin b = {
		.q = q, .s = s, .row = &row, .code = code,
		.user_id = s->user_id, .notification_id = rand_id(),
	};
	int rc;

	if (strcmp(s->channel, "sms") == 0 && !prefix_allowed(s->target))
		return err_field(e, "phone_number", "country_not_served",
		    "no allowed prefix begins the number");
	if (destination_limits(db, s->target, e) < 0) {
		if (e->kind != ERR_THROTTLED || !s->may_wait)
			return -1;
		err_clear(e);
		b.quiet = true;
	}
	rand_token(register_id, REGISTER_ID_TEXT, REGISTER_BYTES);
	register_hash(hash, register_id);
	rand_code(code, CODE_DIGITS);
	code_mac(mac, row.purpose, row.target, row.id, code);
	rc = db_tx(db, begin_work, &b, e);
	secret_wipe(code, sizeof(code));
	if (rc < 0)
		return -1;
	if (s->claim_id != NULL)
		*s->claim_id = b.user_id;
	if (!b.quiet)
		notice_ring();
	return 0;
}

/* --- looking and checking ------------------------------------------------------ */

static void
flow_of(struct otp_flow *f, const struct otp_row *r)
{
	f->id = r->id;
	f->user_id = r->user_id;
	f->purpose = purpose_of(r->purpose);
	f->channel = r->channel;
	f->target = r->target;
	f->proved_at_us = r->proved_at_us;
	f->proved = r->proved_at_us != 0 &&
	    r->now_us - r->proved_at_us <= PROOF_LIFE_S * US_PER_S;
	f->done = r->done_at_us != 0;
}

static int
row_of(struct db *db, struct arena *a, const char *register_id,
    struct otp_row *r, struct err *e)
{
	uint8_t hash[32];

	register_hash(hash, register_id);
	return otp_row_find(db, a, hash, r, e);
}

int
otp_find(struct db *db, struct arena *a, const char *register_id,
    struct otp_flow *f, struct err *e)
{
	struct otp_row r;
	int rc = row_of(db, a, register_id, &r, e);

	if (rc == 1)
		flow_of(f, &r);
	return rc;
}

static int
wrong(struct err *e, const char *why)
{
	return err_field(e, "otp_code", "invalid_code", "%s", why);
}

/* Failures are the account's, or the target's where nobody is (S30, S32). */
static size_t
failure_subject(char *out, size_t cap, const struct otp_row *r)
{
	int n = r->user_id != 0 ?
	    snprintf(out, cap, "user:%" PRIu64, r->user_id) :
	    snprintf(out, cap, "to:%s", r->target);

	return (size_t)n < cap ? (size_t)n : cap - 1;
}

/* Does a browser ask that signed in to the account before?  The same
 * statement for a flow of nobody. */
static int
is_known(struct db *db, const struct req *q, uint64_t user_id,
    struct err *e)
{
	uint8_t hash[32];
	int rc;

	sha256(hash, q->device_cookie, strlen(q->device_cookie));
	rc = known_device_is(db, hash, user_id, e);
	return rc < 0 ? -1 : rc == 1 && user_id != 0;
}

/* Is it the code of the flow?  The failure is counted before comparing and
 * given back when it was none, so that parallel guesses cannot pass the day's
 * number together (D10, D27).  1, 0, -1. */
static int
compare(struct db *db, const struct req *q, const struct otp_row *r,
    const char *code, struct err *e)
{
	const char *rule;
	char subject[300];
	size_t n = failure_subject(subject, sizeof(subject), r);
	uint8_t mac[32];
	bool right;
	int known = is_known(db, q, r->user_id, e);

	if (known < 0)
		return -1;
	rule = known ? "code_fail_known" : "code_fail";
	if (throttle_or_fail(db, rule, subject, n, FAILURES_A_DAY, DAY_S,
	    "too_many_failures", e) < 0)
		return -1;
	code_mac(mac, r->purpose, r->target, r->id, code);
	right = secret_equal(mac, sizeof(mac), r->code_mac,
	    sizeof(r->code_mac)) && r->user_id != 0;
	secret_wipe(mac, sizeof(mac));
	if (!right)
		return 0;
	return throttle_give(db, rule, subject, n, e) < 0 ? -1 : 1;
}

int
otp_check(struct db *db, struct arena *a, const struct req *q,
    const char *register_id, const char *code, struct otp_flow *f,
    struct err *e)
{
	struct otp_row r;
	int rc;

	memset(f, 0, sizeof(*f));
	if ((rc = row_of(db, a, register_id, &r, e)) < 0)
		return -1;
	if (rc == 0)
		return wrong(e, "no such flow");
	flow_of(f, &r);
	if ((rc = otp_row_try(db, &r, e)) < 0)
		return -1;
	if (rc == 0)
		return r.tries >= OTP_TRIES_MAX && r.used_at_us == 0 ?
		    err_field(e, "otp_code", "too_many_tries",
		    "%d tries of this code", OTP_TRIES_MAX) :
		    wrong(e, "spent or expired");
	if ((rc = compare(db, q, &r, code, e)) < 0)
		return -1;
	if (rc == 0)
		return wrong(e, "another code");
	if ((rc = otp_row_use(db, &r, rand_id(), e)) < 0)
		return -1;
	if (rc == 0)
		return wrong(e, "used by another request");
	r.proved_at_us = r.now_us;
	flow_of(f, &r);
	return 0;
}

/* --- again ------------------------------------------------------------------- */

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
	return send_code(db, &g->b, e);
}

/* A new code for the flow of `r`, to another number when `phone` is set. */
static int
issue_again(struct db *db, const struct req *q, const struct otp_row *r,
    const char *phone, const char *mail_to, const char *locale,
    const char *notice, struct err *e)
{
	const char *channel = phone != NULL ? "sms" : r->channel;
	const char *target = phone != NULL ? phone : r->target;
	uint8_t mac[32];
	char code[CODE_DIGITS + 1];
	const struct otp_row_issue issue = {
		.code_mac = mac, .channel = channel, .target = target,
		.code_life_s = (uint32_t)conf_int(CONF_CODE_LIFE_S),
		.wait_s = strcmp(target, r->target) == 0 ?
		    (uint32_t)conf_int(CONF_CODE_RESEND_S) : 0,
	};
	const struct otp_start s = {
		.purpose = purpose_of(r->purpose), .user_id = r->user_id,
		.channel = channel, .target = target, .locale = locale,
		.mail_to = mail_to, .notice = notice,
	};
	struct again g = {
		.q = q, .r = r, .issue = &issue,
		.b = { .q = q, .s = &s, .code = code,
		    .user_id = r->user_id, .notification_id = rand_id() },
		.claim_phone = phone,
	};
	int rc;

	rand_code(code, CODE_DIGITS);
	code_mac(mac, r->purpose, target, r->id, code);
	rc = db_tx(db, again_work, &g, e);
	secret_wipe(code, sizeof(code));
	if (rc >= 0)
		notice_ring();
	return rc < 0 ? -1 : 0;
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

int
otp_resend(struct db *db, struct arena *a, const struct req *q,
    const char *register_id, struct err *e)
{
	struct otp_row r;
	struct user u = { 0 };
	uint64_t owner = 0;
	const char *notice = NULL;
	int rc = row_of(db, a, register_id, &r, e);

	if (rc < 0)
		return -1;
	if (rc == 0 || r.used_at_us != 0)
		return no_flow(e);
	/* Mail goes to the address as typed; the account has it.  The same
	 * statement runs for a flow of nobody. */
	if (user_find(db, a, r.user_id, &u, e) < 0)
		return -1;
	/* A taken address gets a notice again, never a code (S25). */
	if (address_owner(db, &r, &owner, e) < 0)
		return -1;
	if (owner != 0 && owner != r.user_id)
		notice = "taken";
	if (destination_limits(db, r.target, e) < 0)
		return -1;
	return issue_again(db, q, &r, NULL,
	    strcmp(r.channel, "email") == 0 ? u.email : NULL, u.locale,
	    notice, e);
}

int
otp_retarget(struct db *db, struct arena *a, const struct req *q,
    const char *register_id, const char *phone, const char *notice,
    struct err *e)
{
	struct otp_row r;
	struct user u = { 0 };
	int rc = row_of(db, a, register_id, &r, e);

	if (rc < 0)
		return -1;
	if (rc == 0 || r.used_at_us != 0 ||
	    purpose_of(r.purpose) != OTP_REGISTER)
		return no_flow(e);
	if ((rc = user_find(db, a, r.user_id, &u, e)) < 0)
		return -1;
	if (rc == 0 || USER_PROVED(&u))
		return no_flow(e);
	if (!prefix_allowed(phone))
		return err_field(e, "new_phone_number", "country_not_served",
		    "no allowed prefix begins the number");
	if (destination_limits(db, phone, e) < 0)
		return -1;
	return issue_again(db, q, &r, phone, NULL, u.locale, notice, e);
}

int
otp_finish(struct db *db, uint64_t flow_id, struct err *e)
{
	return otp_row_finish(db, flow_id, PROOF_LIFE_S, e);
}

int
otp_void_all(struct db *db, uint64_t user_id, struct err *e)
{
	return otp_row_void(db, user_id, 0, e);
}
