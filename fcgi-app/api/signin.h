/*
 * signin.h - is it the right password?  What every way in by password shares,
 * and the ways out.
 */
#ifndef GP_API_SIGNIN_H
#define GP_API_SIGNIN_H

#include "api/answer.h"

struct password_signin {
	struct identifier id;
	struct user	 u;		/* whose password it was */
	const char	*account;	/* whose failures of a day count, under
					 * whatever name: "user:7", or what
					 * was typed */
	bool		 known;		/* from a remembered browser */
	bool		 own;		/* `u` is the account that the name
					 * finds first */
};

/*
 * Try a password for what somebody typed, by D9's order.  0: right, and *s
 * is filled; the caller lets `s->u` in or says why not.  -1: ERR_AUTH
 * "invalid_credentials" after two hashes whatever exists (S22), audited, or
 * ERR_THROTTLED "too_many_failures" (D10).  The failure is counted before the
 * work: signin_no_failure takes it back.
 */
int	 signin_password(struct call *c, const char *typed,
	    const char *password, struct password_signin *s, struct err *e)
	    MUST_CHECK;
/* Unit of work (db_tx, struct signin): it was no failure.  `arg` is the
 * struct password_signin. */
int	 signin_no_failure(struct db *db, void *arg, struct err *e) MUST_CHECK;
/* The right password of who may not come in: 403 not_verified with a
 * register_id or account_closing, or -1 "account_disabled" (S26). */
int	 signin_refuse(struct call *c, struct password_signin *s,
	    struct err *e) MUST_CHECK;

/* End the session of the access token, else of `refresh`; the cookies are
 * cleared whatever happens (D13).  0, or -1 ERR_AUTH. */
int	 signin_out(struct call *c, const char *refresh, struct err *e)
	    MUST_CHECK;

#endif
