/*
 * silence.h - a number that nobody signed in by for long may be somebody
 * else's by now: operators give numbers out again (S59).
 */
#ifndef GP_API_SILENCE_H
#define GP_API_SILENCE_H

#include "api/route.h"
#include "auth/otp.h"
#include "store/user.h"

/*
 * `f` was proved and opens `u`, or sets its password.  Where its codes went by
 * SMS alone, the account was idle for longer than GATEPOST_RECYCLED_DAYS and
 * has a proved e-mail address, a code goes there, and that code's flow is to
 * be used instead.
 * 0 nothing is asked; 1 answered: 403 second_proof_required with register_id
 * and sent_to; -1.
 */
int	 silence_asks(struct call *c, const struct otp_flow *f,
	    const struct user *u, struct err *e) MUST_CHECK;

#endif
