/*
 * account.h - an account's end: closing it, and what an account that is
 * closing answers (S72).
 */
#ifndef GP_API_ACCOUNT_H
#define GP_API_ACCOUNT_H

#include "api/route.h"
#include "store/user.h"

/*
 * Close `u` for the caller, who may do so: sessions, devices and proofs go at
 * once, the rest when the grace is over; the owner gets an undo link on every
 * proved channel.  0 and *purge_us; -1 ERR_CONFLICT "account_closing" (it is
 * closing already) or "last_superuser".
 */
int	 account_close(struct call *c, const struct user *u,
	    int64_t *purge_us, struct err *e) MUST_CHECK;

/*
 * The right credential of an account that is not active: answers 403
 * account_closing with a restore_token, and returns 0; or -1 ERR_FORBIDDEN
 * "account_disabled".  Audited as a refusal of `event`.
 */
int	 account_inactive(struct call *c, const struct user *u,
	    const char *event, struct err *e) MUST_CHECK;

#endif
