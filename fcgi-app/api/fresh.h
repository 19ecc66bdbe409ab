/*
 * fresh.h - a recent proof, or the password in the body instead (S57, S67).
 */
#ifndef GP_API_FRESH_H
#define GP_API_FRESH_H

#include "api/route.h"
#include "store/user.h"

/* Signed in or re-authenticated within five minutes, as the token says? */
bool	 fresh_session(const struct caller *w);
/*
 * 0: signed in or re-authenticated within five minutes, or `password` (NULL:
 * none given) is the account's, which is not enough where a second factor is
 * on.  -1 ERR_FORBIDDEN "reauth_required", ERR_INPUT "wrong_password" on field
 * password (audited as a refusal of `event`), ERR_THROTTLED.  For rows of the
 * hash pool.
 */
int	 fresh_enough(struct call *c, const struct user *u,
	    const char *password, const char *event, struct err *e)
	    MUST_CHECK;
/* The password alone: 0, or -1 as above. */
int	 fresh_password(struct call *c, const struct user *u,
	    const char *password, const char *event, struct err *e)
	    MUST_CHECK;
/* Where a second factor is on: shown in the last five minutes?  0, or -1
 * ERR_FORBIDDEN "reauth_required".  Rows that give power away and are no
 * USER_FRESH as published ask it of the caller. */
int	 fresh_caller(struct call *c, struct err *e) MUST_CHECK;
/* The same of a user at hand. */
int	 fresh_factor(struct call *c, const struct user *u, struct err *e)
	    MUST_CHECK;

#endif
