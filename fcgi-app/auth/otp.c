/*
 * otp.c - flows that a one-time code proves.
 *
 * What must stay true: a try is counted and committed before the code is
 * compared (S29); a code works once (S31); a new code resets no failure count
 * (S30); a flow for nobody makes the same statements, rows and bell (S24).
 */
#include "auth/otp_own.h"

#include "auth/mail_block.h"
#include "auth/notice.h"
#include "auth/remembered.h"
#include "auth/sms_guard.h"
#include "auth/throttle.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mail.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/mfa_flow.h"
#include "store/otp.h"
#include "store/sms.h"

#define REGISTER_BYTES	16
#define DAY_S		(24 * 60 * 60)
#define FLOW_LIFE_S	(24 * 60 * 60)	/* resend within a day */
#define PROOF_LIFE_S	600		/* D11: after verify, 10 min */
/* D10: failures an account and day, whatever addresses they come from. */
#define FAILURES_A_DAY	20
#define SUBJECT_MAX	300

static const char *const purpose_word[] = {
	[OTP_REGISTER] = "register", [OTP_LOGIN] = "login",
	[OTP_RESET] = "reset", [OTP_PHONE] = "phone", [OTP_EMAIL] = "email",
	[OTP_MFA] = "mfa", [OTP_REAUTH] = "reauth",
	[OTP_CONFIRM] = "confirm",
};

const char *
otp_purpose_word(enum otp_purpose p)
{
	return purpose_word[p];
}

enum otp_purpose
otp_purpose_of(const char *word)
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

void
otp_code_mac(uint8_t mac[32], const uint8_t key[32], const char *purpose,
    const char *target, uint64_t flow, const char *code)
{
	char id[24];
	int n = snprintf(id, sizeof(id), "%" PRIu64, flow);
	const struct crypto_part part[] = {
		{ purpose, strlen(purpose) + 1 },
		{ target, strlen(target) + 1 },
		{ id, (size_t)n + 1 },
		{ code, strlen(code) },
	};
	hmac_sha256_parts(mac, key, 32, part, COUNT_OF(part));
}

const uint8_t *
otp_key(unsigned i)
{
	return keyring_code(token_keys(), clock_now(), i);
}

/* --- beginning --------------------------------------------------------------- */

int
otp_send_code(struct db *db, const struct begin *b, struct err *e)
{
	const struct notice n = {
		.id = b->notification_id,
		.user_id = b->user_id,
		.channel = b->s->channel,
		.to = b->s->mail_to != NULL ? b->s->mail_to : b->s->target,
		.locale = b->s->locale,
		.template = b->s->notice != NULL ? b->s->notice :
		    b->link != NULL ? "signin" : "code",
		.purpose = purpose_word[b->s->purpose],
		.code = b->s->notice != NULL ? NULL : b->code,
		.link = b->s->notice != NULL ? NULL : b->link,
		.nobody = b->user_id == 0,
		.life_s = (uint32_t)conf_int(CONF_CODE_LIFE_S),
		.request_id = b->q == NULL ? NULL : b->q->request_id,
	};

	return notice_add(db, &n, e);
}

/* With the row held: a change of the password either came before, and is seen
 * here, or comes after, and voids the flow. */
static int
still_judged(struct db *db, const struct begin *b, struct err *e)
{
	const struct user *was = b->s->judged;
	struct user now;
	int rc;

	if (was == NULL)
		return 0;
	if ((rc = user_lock(db, b->q->arena, was->id, &now, e)) < 0)
		return -1;
	return rc == 1 && USER_PASSWORD_KEPT(was, &now) ? 0 :
	    err_field(e, "password", "wrong_password",
	    "changed by another request");
}

static int
begin_work(struct db *db, void *arg, struct err *e)
{
	struct begin *b = arg;

	if (still_judged(db, b, e) < 0)
		return -1;
	if (b->s->claim != NULL) {
		if (user_insert(db, b->s->claim, &b->user_id, e) < 0)
			return -1;
		b->row->user_id = b->user_id;
	}
	if (otp_row_insert(db, b->row, e) < 0)
		return -1;
	return b->quiet ? 0 : otp_send_code(db, b, e);
}

/* Nobody's mail is asked for, but a new account's may be refused (S52). */
static int
may_be_reached(struct db *db, const struct otp_start *s, struct err *e)
{
	if (strcmp(s->channel, "sms") == 0 && sms_guard_number(s->target,
	    s->purpose == OTP_PHONE ? "new_phone_number" : "phone_number",
	    e) < 0)
		return -1;
	if (s->claim != NULL && mail_reach_check(db, "email",
	    s->claim->email_cmp, e) < 0)
		return -1;
	return s->purpose != OTP_EMAIL ? 0 :
	    mail_reach_check(db, "email", s->target, e);
}

int
otp_may_be_proved(struct db *db, const struct otp_row *r, struct err *e)
{
	enum otp_purpose p = otp_purpose_of(r->purpose);

	return strcmp(r->channel, "email") != 0 || (p != OTP_REGISTER &&
	    p != OTP_EMAIL) ? 0 : mail_reach_check(db, "email", r->target, e);
}

/* Spellings of one mailbox share its pace and its failures, or the dots of a
 * Gmail address would buy more of both. */
static const char *
one_spelling(const char *target, char unique[MAIL_MAX + 1])
{
	char cmp[MAIL_MAX + 1];

	return mail_parse(target, cmp, unique) ? unique : target;
}

int
otp_may_leave(struct db *db, const struct req *q, const struct otp_start *s,
    uint64_t notification_id, uint64_t flow_id, struct err *e)
{
	struct sms_ask ask = { .notification_id = notification_id,
	    .flow_id = flow_id, .phone = s->target,
	    .is_code = s->notice == NULL };
	char unique[MAIL_MAX + 1];
	int known = remembered(db, q, s->user_id, e);

	if (known < 0)
		return -1;
	ask.known = known == 1;
	return strcmp(s->channel, "sms") != 0 ? sms_guard_pace(db,
	    one_spelling(s->target, unique), ask.known, e) :
	    sms_guard_take(db, q, &ask, e);
}

void
otp_give_back(struct db *db, uint64_t notification_id)
{
	struct err e = ERR_INIT;

	if (sms_unreserve(db, notification_id, &e) < 0)
		log_err(LOG_WARN_, "give the cost of an SMS back", &e);
}

int
otp_begin(struct db *db, const struct req *q, const struct otp_start *s,
    char register_id[REGISTER_ID_TEXT], struct err *e)
{
	uint8_t hash[32], mac[32], secret[OTP_SECRET_MAX];
	char code[CODE_TEXT], link[OTP_LINK_MAX];
	struct otp_row_new row = {
		.id = rand_id(),
		.register_hash = hash,
		.code_mac = mac,
		.user_id = s->user_id,
		.purpose = purpose_word[s->purpose],
		.channel = s->channel,
		.target = s->target,
		.session_id = s->session_id,
		.code_life_s = (uint32_t)conf_int(CONF_CODE_LIFE_S),
		.flow_life_s = FLOW_LIFE_S,
	};
	struct begin b = {
		.q = q, .s = s, .row = &row, .code = code,
		.user_id = s->user_id, .notification_id = rand_id(),
	};
	int rc;

	if (may_be_reached(db, s, e) < 0 || (s->purpose == OTP_EMAIL &&
	    otp_mail_seal(&row, s->mail_to, secret, sizeof(secret), e) < 0))
		return -1;
	if (otp_may_leave(db, q, s, b.notification_id, row.id, e) < 0) {
		if (!s->may_wait || (e->kind != ERR_THROTTLED &&
		    e->kind != ERR_FORBIDDEN))
			return -1;
		err_clear(e);
		b.quiet = true;
	}
	if (s->register_id == NULL)
		rand_token(register_id, REGISTER_ID_TEXT, REGISTER_BYTES);
	else if (!text_copy(register_id, REGISTER_ID_TEXT, s->register_id))
		return err_set(e, ERR_INTERNAL, "register_id_too_long",
		    "%zu bytes", strlen(s->register_id));
	register_hash(hash, register_id);
	if (otp_make_code(db, q, s->user_id, row.target, code, e) < 0)
		return -1;
	otp_code_mac(mac, otp_key(0), row.purpose, row.target, row.id, code);
	b.link = otp_link(link, s, row.id, mac);
	rc = db_tx(db, begin_work, &b, e);
	secret_wipe(code, sizeof(code));
	secret_wipe(link, sizeof(link));
	if (rc < 0) {
		otp_give_back(db, b.notification_id);
		return -1;
	}
	if (s->claim_id != NULL)
		*s->claim_id = b.user_id;
	if (!b.quiet)
		notice_ring();
	return 0;
}

/* --- looking and checking ------------------------------------------------------ */

void
otp_flow_of(struct otp_flow *f, const struct otp_row *r)
{
	f->id = r->id;
	f->user_id = r->user_id;
	f->purpose = otp_purpose_of(r->purpose);
	f->channel = r->channel;
	f->came_by = r->by_mail && strcmp(r->channel, "email") != 0 ?
	    "sms email" : r->channel;
	f->last_mail = r->last_mail || strcmp(r->channel, "email") == 0;
	f->session_id = r->session_id;
	f->target = r->target;
	f->secret = r->secret;
	f->secret_len = r->secret_len;
	f->proved_at_us = r->proved_at_us;
	f->proved = r->proved_at_us != 0 &&
	    r->now_us - r->proved_at_us <= PROOF_LIFE_S * US_PER_S;
	f->done = r->done_at_us != 0;
}

int
otp_row_of(struct db *db, struct arena *a, const char *register_id,
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
	int rc = otp_row_of(db, a, register_id, &r, e);

	if (rc == 1)
		otp_flow_of(f, &r);
	return rc;
}

static int
wrong(struct err *e, const char *why)
{
	return err_field(e, "otp_code", "invalid_code", "%s", why);
}

/*
 * Failures are counted twice (S30, S32): of the target, which is what a
 * refusal may speak of, and of the account, whatever addresses it has.  The
 * account's says nothing, or it would tell that two addresses are one
 * person's (S24).  Where nobody is, both are the target's.
 */
struct failures {
	const char	*rule, *rule_all;
	char		 target[SUBJECT_MAX], all[SUBJECT_MAX];
	size_t		 target_n, all_n;
};

static size_t
subject(char out[SUBJECT_MAX], uint64_t user_id, const char *target)
{
	const size_t cap = SUBJECT_MAX;
	char unique[MAIL_MAX + 1];
	int n = user_id != 0 ? snprintf(out, cap, "user:%" PRIu64, user_id) :
	    snprintf(out, cap, "to:%s", one_spelling(target, unique));

	return (size_t)n < cap ? (size_t)n : cap - 1;
}

/* Browsers that signed in to the account before have counts of their own
 * (D10); the same statement for a flow of nobody. */
static int
failures_of(struct db *db, const struct req *q, uint64_t user_id,
    const char *target, struct failures *f, struct err *e)
{
	int known = remembered(db, q, user_id, e);

	f->rule = known == 1 ? "code_fail_known" : "code_fail";
	f->rule_all = known == 1 ? "code_fail_all_known" : "code_fail_all";
	f->target_n = subject(f->target, 0, target);
	f->all_n = subject(f->all, user_id, target);
	return known < 0 ? -1 : 0;
}

int
otp_make_code(struct db *db, const struct req *q, uint64_t user_id,
    const char *target, char code[CODE_TEXT], struct err *e)
{
	struct failures f;
	int wait_s, rc, all;
	bool few;

	if (failures_of(db, q, user_id, target, &f, e) < 0 ||
	    (rc = throttle_peek(db, f.rule, f.target, f.target_n,
	    FAILURES_A_DAY, DAY_S, &wait_s, e)) < 0 ||
	    (all = throttle_peek(db, f.rule_all, f.all, f.all_n,
	    FAILURES_A_DAY, DAY_S, &wait_s, e)) < 0)
		return -1;
	few = rc == 1 && all == 1;
	/* Without a zero in front: a client may send it as a number. */
	do
		rand_code(code, few ? CODE_DIGITS : CODE_DIGITS_LONG);
	while (!few && code[0] == '0');
	return 0;
}

/* Is it the code of the flow?  The failure is counted before comparing and
 * given back when it was none, so that parallel guesses cannot pass the day's
 * number together (D10, D27).  1, 0, -1. */
static int
compare(struct db *db, const struct req *q, const struct otp_row *r,
    const char *code, struct err *e)
{
	struct failures f;
	/* Five guesses a code and a few codes a day at ten digits are far
	 * below what is allowed (S32). */
	const bool counted = strlen(code) != CODE_DIGITS_LONG;
	uint8_t mac[32];
	const uint8_t *key;
	int wait_s, all = 1;
	bool right = false;

	if (failures_of(db, q, r->user_id, r->target, &f, e) < 0 || (counted &&
	    (throttle_or_fail(db, f.rule, f.target, f.target_n,
	    FAILURES_A_DAY, DAY_S, "too_many_failures", e) < 0 ||
	    (all = throttle_take(db, f.rule_all, f.all, f.all_n,
	    FAILURES_A_DAY, DAY_S, &wait_s, e)) < 0)))
		return -1;
	for (unsigned i = 0; (key = otp_key(i)) != NULL; i++) {
		otp_code_mac(mac, key, r->purpose, r->target, r->id, code);
		right |= secret_equal(mac, sizeof(mac), r->code_mac,
		    sizeof(r->code_mac));
	}
	right = right && r->user_id != 0;
	secret_wipe(mac, sizeof(mac));
	if (!right || all == 0)
		return 0;
	return counted && (throttle_give(db, f.rule, f.target, f.target_n,
	    e) < 0 || throttle_give(db, f.rule_all, f.all, f.all_n, e) < 0) ?
	    -1 : 1;
}

/* Its prefix converts (S48).  The code is used by now: what fails here must
 * not take that back. */
static void
converted(struct db *db, uint64_t flow_id)
{
	struct err e = ERR_INIT;

	if (sms_verified(db, flow_id, &e) < 0)
		log_err(LOG_WARN_, "count a code that came back", &e);
}

int
otp_check_row(struct db *db, const struct req *q, struct otp_row *r,
    const char *code, struct otp_flow *f, struct err *e)
{
	int rc;

	otp_flow_of(f, r);
	if ((rc = otp_row_try(db, r, e)) < 0)
		return -1;
	if (rc == 0)
		return r->tries >= OTP_TRIES_MAX && r->used_at_us == 0 ?
		    err_field(e, "otp_code", "too_many_tries",
		    "%d tries of this code", OTP_TRIES_MAX) :
		    wrong(e, "spent or expired");
	if ((rc = compare(db, q, r, code, e)) < 0)
		return -1;
	if (rc == 0)
		return wrong(e, "another code");
	if (otp_may_be_proved(db, r, e) < 0)
		return -1;
	if ((rc = otp_row_use(db, r, rand_id(), e)) < 0)
		return -1;
	if (rc == 0)
		return wrong(e, "used by another request");
	r->proved_at_us = r->now_us;
	otp_flow_of(f, r);
	converted(db, r->id);
	return 0;
}

int
otp_check(struct db *db, struct arena *a, const struct req *q,
    const char *register_id, const char *code, struct otp_flow *f,
    struct err *e)
{
	struct otp_row r;
	int rc = otp_row_of(db, a, register_id, &r, e);

	memset(f, 0, sizeof(*f));
	if (rc <= 0)
		return rc < 0 ? -1 : wrong(e, "no such flow");
	return otp_check_row(db, q, &r, code, f, e);
}

int
otp_finish(struct db *db, uint64_t flow_id, struct err *e)
{
	return otp_row_finish(db, flow_id, PROOF_LIFE_S, e);
}

int
otp_void_all(struct db *db, uint64_t user_id, struct err *e)
{
	return otp_row_void(db, user_id, 0, e) < 0 ? -1 :
	    mfa_flow_void(db, user_id, e);
}
