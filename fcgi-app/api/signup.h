/*
 * signup.h - what sign-in and sign-up share.
 */
#ifndef GP_API_SIGNUP_H
#define GP_API_SIGNUP_H

#include "api/route.h"
#include "store/user.h"

struct identifier;

/*
 * Right password, nothing proved yet: send a code to the address that was
 * typed and answer 403 not_verified with its register_id.  An address that
 * somebody else has proved meanwhile gets a notice instead (S25).  Always
 * answers: 0 with the problem in c->resp, or -1.
 */
int	 signup_not_verified(struct call *c, const struct user *u,
	    const struct identifier *id, struct err *e) MUST_CHECK;

/* Is either address (NULL: none) proved by somebody?  Both are asked, always.
 * 0 and *taken, or -1. */
int	 signup_taken(struct call *c, const char *phone, const char *unique,
	    bool *taken, struct err *e) MUST_CHECK;

#endif
