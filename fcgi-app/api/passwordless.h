/*
 * passwordless.h - sign-in by a code or link alone.
 */
#ifndef GP_API_PASSWORDLESS_H
#define GP_API_PASSWORDLESS_H

#include "store/db.h"

/* May codes let people in here?  0, or -1 ERR_FORBIDDEN "passwordless_off". */
int	 passwordless_on(struct err *e) MUST_CHECK;
/* `with` of struct signin; arg is the struct otp_flow that was proved: it is
 * used up together with what it begins. */
int	 passwordless_finish(struct db *db, void *arg, struct err *e)
	    MUST_CHECK;

#endif
