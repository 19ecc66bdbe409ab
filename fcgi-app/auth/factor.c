/*
 * factor.c - what second factors an account has, and whether one is right.
 */
#include "auth/factor.h"

#include "auth/otp.h"
#include "auth/remembered.h"
#include "auth/throttle.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/rand.h"
#include "base/text.h"
#include "base/totp.h"

#define DAY_S		(24 * 60 * 60)
#define FAILURES_A_DAY	15
#define BEGIN_LIFE_S	600
#define RECOVERY_BYTES	15
#define RECOVERY_CHARS	24
#define TOKEN_BYTES	16

static const struct { enum factor f; const char *word, *amr; } row[FACTORS] = {
	{ FACTOR_TOTP, "totp", "otp" },
	{ FACTOR_SMS, "sms", "sms" },
	{ FACTOR_EMAIL, "email", "otp" },
	{ FACTOR_RECOVERY, "recovery", "recovery" },
};

const char *
factor_word(enum factor f)
{
	for (size_t i = 0; i < FACTORS; i++)
		if (row[i].f == f)
			return row[i].word;
	return NULL;
}

enum factor
factor_of(const char *word)
{
	for (size_t i = 0; i < FACTORS; i++)
		if (strcmp(row[i].word, word) == 0)
			return row[i].f;
	return FACTOR_NONE;
}

bool
factor_policy_l3(void)
{
	return strcmp(conf_str(CONF_POLICY), "l3") == 0;
}

bool
factor_on(const struct mfa *m)
{
	/* A chosen channel that is off by policy or gone still asks for a
	 * second step: a recovery code is left. */
	return m->seed != NULL || m->sms == MFA_ALWAYS ||
	    m->email == MFA_ALWAYS;
}

static bool
channel_serves(const struct mfa *m, enum mfa_channel how, bool proved,
    const char *channel, const char *used)
{
	if (!proved || how == MFA_NEVER || factor_policy_l3())
		return false;
	return !amr_has(used == NULL ? "" : used, channel) &&
	    !amr_has(m->reset_by, channel);
}

unsigned
factor_methods(const struct mfa *m, const char *used)
{
	unsigned f = 0;

	if (!factor_on(m))
		return 0;
	if (m->seed != NULL)
		f |= FACTOR_TOTP;
	if (channel_serves(m, m->sms, m->phone_proved, "sms", used))
		f |= FACTOR_SMS;
	if (channel_serves(m, m->email, m->email_proved, "email", used))
		f |= FACTOR_EMAIL;
	if (m->recovery_left > 0)
		f |= FACTOR_RECOVERY;
	return f;
}

bool
amr_has(const char *amr, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = amr; *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (len == n && memcmp(p, word, n) == 0)
			return true;
		p += len;
	}
	return false;
}

const char *
amr_with(struct arena *a, const char *first, enum factor f)
{
	const char *amr = first;

	for (size_t i = 0; i < FACTORS; i++)
		if (row[i].f == f && !amr_has(amr, row[i].amr))
			amr = arena_printf(a, "%s %s", amr, row[i].amr);
	return amr_has(amr, "mfa") ? amr : arena_printf(a, "%s mfa", amr);
}

/* --- seeds ------------------------------------------------------------------ */

static size_t
binding(char ad[64], uint64_t user_id, uint64_t seed_id)
{
	return (size_t)snprintf(ad, 64, "mfa:%" PRIu64 ":%" PRIu64, user_id,
	    seed_id);
}

static int
open_seed(uint8_t seed[TOTP_SEED_N], uint64_t user_id, uint64_t seed_id,
    const uint8_t *p, size_t n, struct err *e)
{
	char ad[64];

	if (n != TOTP_SEED_N + SEAL_EXTRA || seal_open(seed,
	    token_keys()->seal, ad, binding(ad, user_id, seed_id), p, n) < 0)
		return err_set(e, ERR_INTERNAL, "seed_broken",
		    "seed %" PRIu64 " of user %" PRIu64 " does not open",
		    seed_id, user_id);
	return 0;
}

int
factor_app_begin(struct db *db, uint64_t user_id,
    char secret[FACTOR_SECRET_TEXT], struct err *e)
{
	uint8_t seed[TOTP_SEED_N], sealed[TOTP_SEED_N + SEAL_EXTRA];
	uint64_t id = rand_id();
	char ad[64];

	rand_fill(seed, sizeof(seed));
	seal(sealed, token_keys()->seal, ad, binding(ad, user_id, id), seed,
	    sizeof(seed));
	base32_encode(secret, seed, sizeof(seed));
	secret_wipe(seed, sizeof(seed));
	return mfa_begin(db, user_id, sealed, sizeof(sealed), id,
	    BEGIN_LIFE_S, e);
}

static int
wrong(struct err *e, const char *why)
{
	return err_field(e, "code", "invalid_code", "%s", why);
}

/* Does a browser ask that signed in to the account before? */
static int
fail_rule(struct db *db, const struct req *q, uint64_t user_id,
    const char **rule, struct err *e)
{
	int rc = remembered(db, q, user_id, e);

	if (rc < 0)
		return -1;
	*rule = rc == 1 ? "mfa_fail_known" : "mfa_fail";
	return 0;
}

uint64_t
factor_app_check(struct db *db, const struct mfa *m, const char *code,
    struct err *e)
{
	uint8_t seed[TOTP_SEED_N];
	uint64_t step;

	if (m->next_seed == NULL) {
		err_field(e, "code", "nothing_begun", "no seed, or too late");
		return 0;
	}
	/* Guesses prove nothing here: who asks has seen the seed.  Counted
	 * all the same, so that a stolen session cannot fish for it. */
	if (throttle_or_fail(db, "mfa_begin", &m->user_id,
	    sizeof(m->user_id), FAILURES_A_DAY, DAY_S, "too_many_failures",
	    e) < 0 || open_seed(seed, m->user_id, m->next_id, m->next_seed,
	    m->next_len, e) < 0)
		return 0;
	step = totp_match(seed, clock_now(), 0, code);
	secret_wipe(seed, sizeof(seed));
	if (step == 0)
		wrong(e, "not of the seed that was begun");
	else if (throttle_give(db, "mfa_begin", &m->user_id,
	    sizeof(m->user_id), e) < 0)
		return 0;
	return step;
}

static int
check_app(struct db *db, const struct req *q, const struct factor_try *t,
    struct factor_proof *p, struct err *e)
{
	const struct mfa *m = t->m;
	uint8_t seed[TOTP_SEED_N];
	const char *rule;

	if (fail_rule(db, q, m->user_id, &rule, e) < 0 ||
	    throttle_or_fail(db, rule, &m->user_id, sizeof(m->user_id),
	    FAILURES_A_DAY, DAY_S, "too_many_failures", e) < 0 ||
	    open_seed(seed, m->user_id, m->seed_id, m->seed, m->seed_len,
	    e) < 0)
		return -1;
	p->seed_id = m->seed_id;
	p->step = totp_match(seed, clock_now(), m->step, t->code);
	secret_wipe(seed, sizeof(seed));
	if (p->step == 0)
		return wrong(e, "another code, or one that was used");
	return throttle_give(db, rule, &m->user_id, sizeof(m->user_id), e);
}

/* --- recovery codes ----------------------------------------------------------- */

static void
recovery_mac(uint8_t mac[32], uint64_t user_id, const char *plain)
{
	static const char purpose[] = "gatepost recovery";
	const struct keyring *k = token_keys();
	const struct crypto_part part[] = {
		{ purpose, sizeof(purpose) },
		{ &user_id, sizeof(user_id) },
		{ plain, strlen(plain) },
	};

	hmac_sha256_parts(mac, k->mac, sizeof(k->mac), part, COUNT_OF(part));
}

void
recovery_make(struct recovery_set *s, uint64_t user_id)
{
	uint8_t raw[RECOVERY_BYTES];
	char plain[BASE32_SIZE(RECOVERY_BYTES)];

	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		char *out = s->text[i];

		rand_fill(raw, sizeof(raw));
		base32_encode(plain, raw, sizeof(raw));
		recovery_mac(s->mac[i], user_id, plain);
		for (size_t k = 0; k < RECOVERY_CHARS; k++) {
			if (k > 0 && k % 4 == 0)
				*out++ = '-';
			*out++ = plain[k];
		}
		*out = '\0';
	}
	secret_wipe(raw, sizeof(raw));
	secret_wipe(plain, sizeof(plain));
}

/* As people type it: any case, with or without dashes and spaces. */
static bool
recovery_plain(char plain[RECOVERY_CHARS + 1], const char *typed)
{
	size_t n = 0;

	for (; *typed != '\0'; typed++) {
		char ch = *typed;

		if (ch == '-' || ch == ' ')
			continue;
		if (ch >= 'a' && ch <= 'z')
			ch = (char)(ch - 'a' + 'A');
		if (n == RECOVERY_CHARS)
			return false;
		plain[n++] = ch;
	}
	plain[n] = '\0';
	return n == RECOVERY_CHARS;
}

static int
check_recovery(struct db *db, const struct factor_try *t,
    struct factor_proof *p, struct err *e)
{
	char plain[RECOVERY_CHARS + 1];
	int rc;

	if (!recovery_plain(plain, t->code))
		return wrong(e, "no recovery code");
	recovery_mac(p->mac, t->m->user_id, plain);
	secret_wipe(plain, sizeof(plain));
	if ((rc = recovery_is(db, t->m->user_id, p->mac, e)) < 0)
		return -1;
	return rc == 1 ? 0 : wrong(e, "another recovery code, or used");
}

static int
check_sent(struct db *db, struct arena *a, const struct req *q,
    const struct factor_try *t, struct factor_proof *p, struct err *e)
{
	struct otp_flow f;
	int rc;

	if ((rc = otp_find(db, a, t->register_id, &f, e)) < 0)
		return -1;
	if (rc == 0 || f.user_id != t->m->user_id ||
	    strcmp(f.channel, factor_word(t->method)) != 0 ||
	    (f.purpose != OTP_MFA && f.purpose != OTP_REAUTH))
		return wrong(e, "no code was sent, or by another way");
	p->otp_id = f.id;
	if (otp_check(db, a, q, t->register_id, t->code, &f, e) == 0)
		return 0;
	if (e->kind == ERR_INPUT)
		(void)text_copy(e->field, sizeof(e->field), "code");
	return -1;
}

int
factor_check(struct db *db, struct arena *a, const struct req *q,
    const struct factor_try *t, struct factor_proof *p, struct err *e)
{
	memset(p, 0, sizeof(*p));
	p->method = t->method;
	p->user_id = t->m->user_id;
	switch (t->method) {
	case FACTOR_TOTP:
		return check_app(db, q, t, p, e);
	case FACTOR_RECOVERY:
		return check_recovery(db, t, p, e);
	case FACTOR_SMS:
	case FACTOR_EMAIL:
		return check_sent(db, a, q, t, p, e);
	case FACTOR_NONE:
		break;
	}
	return wrong(e, "no method");
}

int
factor_use(struct db *db, const struct mfa *m, const struct factor_proof *p,
    struct err *e)
{
	int rc = 0;

	switch (p->method) {
	case FACTOR_TOTP:
		rc = mfa_step(db, p->user_id, p->seed_id, p->step, e);
		break;
	case FACTOR_RECOVERY:
		rc = recovery_use(db, p->user_id, p->mac, e);
		break;
	case FACTOR_SMS:
	case FACTOR_EMAIL:
		rc = otp_finish(db, p->otp_id, e);
		break;
	case FACTOR_NONE:
		break;
	}
	if (rc <= 0)
		return rc < 0 ? -1 : wrong(e, "another request was first");
	/* Something else than the mailbox or phone that reset the password. */
	return *m->reset_by == '\0' ? 0 : mfa_set_reset(db, p->user_id, NULL,
	    e);
}

/* --- second steps --------------------------------------------------------------- */

void
mfa_token_make(char token[MFA_TOKEN_TEXT], uint8_t hash[32])
{
	rand_token(token, MFA_TOKEN_TEXT, TOKEN_BYTES);
	sha256(hash, token, strlen(token));
}

int
mfa_token_find(struct db *db, struct arena *a, const char *token,
    struct mfa_flow *f, struct err *e)
{
	uint8_t hash[32];

	sha256(hash, token, strlen(token));
	return mfa_flow_find(db, a, hash, f, e);
}

const char *
mfa_token_code_flow(struct arena *a, const char *token, enum factor f)
{
	static const char purpose[] = "gatepost mfa code flow";
	const char *word = factor_word(f);
	const struct keyring *k = token_keys();
	const struct crypto_part part[] = {
		{ purpose, sizeof(purpose) },
		{ token, strlen(token) + 1 },
		{ word, strlen(word) },
	};
	uint8_t mac[32];
	char text[B64_SIZE(TOKEN_BYTES)];

	hmac_sha256_parts(mac, k->mac, sizeof(k->mac), part, COUNT_OF(part));
	b64url_encode(text, sizeof(text), mac, TOKEN_BYTES);
	return arena_strdup(a, text);
}
