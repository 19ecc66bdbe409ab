/*
 * factor.h - second factors: what an account has, and is this one right?
 *
 * They belong to the account, whatever the way in (S67).  An authenticator
 * app turns the second step on; so does a code channel that its owner chose.
 * Beside an app codes to proved addresses serve too, unless switched off by
 * the owner or by GATEPOST_POLICY=l3, or the address is where the first step
 * or the last password reset came from: then it would prove the same thing
 * twice (S58).
 */
#ifndef GP_AUTH_FACTOR_H
#define GP_AUTH_FACTOR_H

#include "http/request.h"
#include "store/mfa.h"
#include "store/mfa_flow.h"

enum factor { FACTOR_NONE = 0, FACTOR_TOTP = 1, FACTOR_SMS = 2,
	FACTOR_EMAIL = 4, FACTOR_RECOVERY = 8 };
#define FACTORS		4

/* "totp", "sms", "email", "recovery"; NULL and FACTOR_NONE for others. */
const char *factor_word(enum factor f);
enum factor factor_of(const char *word);

/* GATEPOST_POLICY=l3: no codes by SMS or mail let anybody in. */
bool	 factor_policy_l3(void);
/* Is a second step due at sign-in? */
bool	 factor_on(const struct mfa *m);
/* Methods that serve now, bits of enum factor; `used`: channels of the first
 * step's code, as words, or "" or NULL. */
unsigned factor_methods(const struct mfa *m, const char *used);
/* Does a list of words like "pwd otp mfa" hold the word? */
bool	 amr_has(const char *amr, const char *word);
/* `first` and the words that `f` adds, none twice; in the arena. */
const char *amr_with(struct arena *a, const char *first, enum factor f);

/*
 * Is `code` right?  The failure is counted before comparing and given back
 * when it was none: 15 a day an account and as many from remembered browsers,
 * each good for three steps, stay below 1e-4 (S32); a recovery code has 120
 * bits and needs no count.  0 and *p for factor_use; -1 ERR_INPUT
 * "invalid_code", "too_many_tries" (field `code`), ERR_THROTTLED.
 */
struct factor_try {
	const struct mfa *m;
	enum factor	 method;
	const char	*code;
	const char	*register_id;	/* of the flow of a sent code */
};
struct factor_proof {
	enum factor	 method;
	uint64_t	 user_id, seed_id, step, otp_id;
	uint8_t		 mac[32];
};
int	 factor_check(struct db *db, struct arena *a, const struct req *q,
	    const struct factor_try *t, struct factor_proof *p, struct err *e)
	    MUST_CHECK;
/* Use it up, in the transaction of what it proves.  0; -1 ERR_INPUT
 * "invalid_code": another request was first. */
int	 factor_use(struct db *db, const struct mfa *m,
	    const struct factor_proof *p, struct err *e) MUST_CHECK;

/* --- authenticator app ----------------------------------------------------- */

/* A new seed, kept sealed until it is confirmed or 10 minutes are over; its
 * base32 text for the person. */
#define FACTOR_SECRET_TEXT 33
int	 factor_app_begin(struct db *db, uint64_t user_id,
	    char secret[FACTOR_SECRET_TEXT], struct err *e) MUST_CHECK;
/* Does the code come from the seed that was begun?  The step for mfa_confirm;
 * 0 with *e ERR_INPUT "invalid_code", or "nothing_begun". */
uint64_t factor_app_check(struct db *db, const struct mfa *m,
	    const char *code, struct err *e) MUST_CHECK;

/* --- recovery codes ---------------------------------------------------------- */

#define RECOVERY_CODES	10
#define RECOVERY_TEXT	30	/* 24 characters, five dashes and NUL */
struct recovery_set {
	char	text[RECOVERY_CODES][RECOVERY_TEXT];
	uint8_t	mac[RECOVERY_CODES][32];
};
/* Made before the transaction that keeps the macs by recovery_replace. */
void	 recovery_make(struct recovery_set *s, uint64_t user_id);

/* --- second steps ------------------------------------------------------------ */

#define MFA_LIFE_S	300			/* D11 */
#define MFA_TOKEN_TEXT	24			/* 128 bits */
void	 mfa_token_make(char token[MFA_TOKEN_TEXT], uint8_t hash[32]);
/* 1 and *f, 0 unknown or over, -1. */
int	 mfa_token_find(struct db *db, struct arena *a, const char *token,
	    struct mfa_flow *f, struct err *e) MUST_CHECK;
/* register_id of the code flow of a token and channel: nobody else can work
 * it out, and a second request for a code finds the first. */
const char *mfa_token_code_flow(struct arena *a, const char *token,
	    enum factor f);

#endif
