/*
 * mfa.h - tables mfa and recovery_code: the second factors of an account.
 * auth/factor has the rules.
 */
#ifndef GP_STORE_MFA_H
#define GP_STORE_MFA_H

#include "store/db.h"

/* What a person said of a code channel. */
enum mfa_channel { MFA_NEVER = 0, MFA_ALWAYS = 1, MFA_BESIDE_APP = 2 };

struct mfa {
	uint64_t	 user_id;
	const uint8_t	*seed;		/* sealed; NULL: no authenticator app */
	size_t		 seed_len;
	uint64_t	 seed_id, step;
	int64_t		 seed_at_us;
	const uint8_t	*next_seed;	/* begun and not over, or NULL */
	size_t		 next_len;
	uint64_t	 next_id;
	enum mfa_channel sms, email;
	const char	*reset_by;	/* channel, or "" */
	unsigned	 recovery_left;
	bool		 phone_proved, email_proved;	/* of its user */
};

/* Of a user, whether or not there is a row: 1 and *m, 0 no such user, -1. */
int	 mfa_find(struct db *db, struct arena *a, uint64_t user_id,
	    struct mfa *m, struct err *e) MUST_CHECK;
/* Hold the user's row to the end of the transaction: a sign-in and a change
 * of factors come one after the other.  1, 0 no such user, -1. */
int	 mfa_lock(struct db *db, uint64_t user_id, struct err *e) MUST_CHECK;

/* Keep a seed that is not confirmed, for life_s; it replaces another such. */
int	 mfa_begin(struct db *db, uint64_t user_id, const void *seed, size_t n,
	    uint64_t seed_id, uint32_t life_s, struct err *e) MUST_CHECK;
/* These three in a transaction: 1 done, 0 another was first (or it is over),
 * -1.  Meeting the unit of work's own key is a success (D20). */
int	 mfa_confirm(struct db *db, uint64_t user_id, uint64_t seed_id,
	    uint64_t step, struct err *e) MUST_CHECK;
int	 mfa_step(struct db *db, uint64_t user_id, uint64_t seed_id,
	    uint64_t step, struct err *e) MUST_CHECK;
int	 recovery_use(struct db *db, uint64_t user_id,
	    const uint8_t code_mac[32], struct err *e) MUST_CHECK;

/* Forget the app, and what was begun.  0 or -1. */
int	 mfa_forget_app(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;
/*
 * Forget what became a factor since the change that is undone (store/undo.h):
 * the app, what was begun, chosen code channels and recovery codes; older ones
 * stay, or an old mailbox's link would take the second factor off (S58).  Of
 * channels only the audit says when.  Rows or -1.
 */
int	 mfa_forget_since(struct db *db, uint64_t user_id, uint64_t undo_id,
	    struct err *e) MUST_CHECK;
/* NULL leaves a channel as it is.  0 or -1. */
int	 mfa_set_channels(struct db *db, uint64_t user_id, const bool *sms,
	    const bool *email, struct err *e) MUST_CHECK;
/* `channel` NULL: no reset any more.  Without a row nothing happens. */
int	 mfa_set_reset(struct db *db, uint64_t user_id, const char *channel,
	    struct err *e) MUST_CHECK;

/* Replace all recovery codes by n new ones (0: none).  In a transaction. */
int	 recovery_replace(struct db *db, uint64_t user_id,
	    const uint8_t (*code_mac)[32], size_t n, struct err *e)
	    MUST_CHECK;
/* Is it one, not used?  1, 0, -1. */
int	 recovery_is(struct db *db, uint64_t user_id,
	    const uint8_t code_mac[32], struct err *e) MUST_CHECK;

#endif
