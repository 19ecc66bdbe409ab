/*
 * dispatch_own.h - the steps of dispatch.c, a file each.  Not for others.
 */
#ifndef GP_API_DISPATCH_OWN_H
#define GP_API_DISPATCH_OWN_H

#include "api/dispatch.h"

#define SAFE_METHODS	(M_GET | M_HEAD | M_OPTIONS)

/* access.c: fill c->who from the credential, and hold it to the row's word.
 * 0; -1 ERR_AUTH, ERR_FORBIDDEN, ERR_UNAVAILABLE. */
int	 access_identify(struct call *c, struct err *e) MUST_CHECK;
int	 access_allow(const struct call *c, struct err *e) MUST_CHECK;

/* origin.c: the CSRF rule (D13, S34, S35).  0, or -1 ERR_FORBIDDEN "csrf". */
int	 origin_check(const struct call *c, struct err *e) MUST_CHECK;
/* What a preflight is told (S37); `allow` is the path's methods. */
void	 origin_preflight(const struct req *q, struct resp *r,
	    unsigned allow);
/* Methods as in Allow: in the arena. */
const char *methods_text(struct arena *a, unsigned allow);

/* limit.c: the row's throttle.  0, or -1 ERR_THROTTLED "rate_limited". */
int	 limit_take(const struct call *c, struct err *e) MUST_CHECK;

/* idem.c: set c->idem and its values from the Idempotency-Key.  0 no key or a
 * good one; -1 ERR_INPUT. */
int	 idem_read(struct call *c, struct err *e) MUST_CHECK;
/* 1 the first answer is rendered again, 0 the key is new, -1 (422 …). */
int	 idem_replay(struct call *c, struct err *e) MUST_CHECK;

/* `challenge` and `difficulty` on the problem document just made (S49). */
void	 challenge_member(struct resp *r);

#endif
