/*
 * mfa_flow.h - table mfa_flow: sign-ins whose first step was right and whose
 * second is due.  An mfa_token names one, for five minutes (D11).
 */
#ifndef GP_STORE_MFA_FLOW_H
#define GP_STORE_MFA_FLOW_H

#include "store/db.h"

#define MFA_TRIES_MAX	5

struct mfa_flow {
	uint64_t	 id, user_id;
	const char	*amr;		/* of the first step */
	const char	*channel;	/* its code's, or "" */
	const char	*sent;		/* method last asked for, or "" */
	unsigned	 tries;
};
struct mfa_flow_new {
	uint64_t	 id, user_id;	/* id from rand_id(), made before */
	const uint8_t	*token_hash;	/* 32: SHA-256 of the token */
	const char	*amr, *channel;	/* channel NULL: no code */
	uint32_t	 life_s;
};
/* Insert; meeting its own id is a success (D20).  0 or -1. */
int	 mfa_flow_insert(struct db *db, const struct mfa_flow_new *n,
	    struct err *e) MUST_CHECK;
/* Neither used nor over: 1 and *f, 0, -1. */
int	 mfa_flow_find(struct db *db, struct arena *a,
	    const uint8_t token_hash[32], struct mfa_flow *f, struct err *e)
	    MUST_CHECK;
/* Count a try before comparing.  1 compare now, 0 used, over or all tries
 * made, -1.  ERR_INTERNAL in a transaction: a rollback would give it back. */
int	 mfa_flow_try(struct db *db, uint64_t id, struct err *e) MUST_CHECK;
int	 mfa_flow_sent(struct db *db, uint64_t id, const char *method,
	    struct err *e) MUST_CHECK;
/* Use it, once, in a transaction: 1 this one did, 0 another had, -1. */
int	 mfa_flow_use(struct db *db, uint64_t id, struct err *e) MUST_CHECK;
/* End all of a user.  0 or -1. */
int	 mfa_flow_void(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;
/* Worker: delete up to `max` that are over.  Rows or -1. */
int	 mfa_flow_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
