/*
 * grant_own.h - what the files of grant share.  Not for others.
 */
#ifndef GP_AUTH_GRANT_OWN_H
#define GP_AUTH_GRANT_OWN_H

#include "auth/grant.h"
#include "store/session.h"

/* The pair of tokens of a session as it is now, in the arena.  0 or -1. */
int	 grant_pair(struct arena *a, const struct session *s,
	    struct grant *g, struct err *e) MUST_CHECK;

#endif
