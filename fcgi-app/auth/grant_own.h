/*
 * grant_own.h - what the files of grant share.  Not for others.
 */
#ifndef GP_AUTH_GRANT_OWN_H
#define GP_AUTH_GRANT_OWN_H

#include "auth/grant.h"
#include "auth/token.h"
#include "store/session.h"

/* What an access token of the session says that is dated at_us. */
struct access_claims grant_claims(struct arena *a, const struct session *s,
	    int64_t at_us);
/* The pair of tokens of a session as it is now, in the arena.  0 or -1. */
int	 grant_pair(struct arena *a, const struct session *s,
	    struct grant *g, struct err *e) MUST_CHECK;

/* The list that grant_use named, or NULL: then the database is asked. */
struct shm *grant_shared(void);

#endif
