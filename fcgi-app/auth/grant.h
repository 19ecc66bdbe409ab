/*
 * grant.h - a session's life: begun, rotated, ended (S1-S14, D7, D8).
 */
#ifndef GP_AUTH_GRANT_H
#define GP_AUTH_GRANT_H

#include "auth/token.h"
#include "http/request.h"
#include "store/db.h"
#include "store/user.h"

/* A pair of tokens, in the arena. */
struct grant {
	const char	*access, *refresh;
	uint64_t	 session_id, user_id;
};

/* New session for a user (S12: always a new id).  `q` gives ip, ua, country. */
int	 grant_begin(struct db *db, struct arena *a, const struct req *q,
	    const struct user *u, const char *amr, struct grant *g,
	    struct err *e) MUST_CHECK;

/*
 * Rotate by the rules of D7.  0 and *g; -1 with ERR_AUTH "invalid_token"
 * (unknown, ended, expired), ERR_AUTH "refresh_reused" after the family was
 * ended for theft (audited), ERR_THROTTLED (60 a minute a session),
 * ERR_UNAVAILABLE.  An arrival older than 5 s is refused before rotating.
 */
int	 grant_refresh(struct db *db, struct arena *a, const struct req *q,
	    const char *refresh_token, struct grant *g, struct err *e)
	    MUST_CHECK;

/* End sessions; writes session rows and revocations in one transaction and
 * shared memory at once.  Number ended, or -1. */
int	 grant_end(struct db *db, uint64_t user_id, uint64_t session_id,
	    const char *reason, struct err *e) MUST_CHECK;
int	 grant_end_others(struct db *db, uint64_t user_id, uint64_t keep,
	    const char *reason, struct err *e) MUST_CHECK;
/* All of a user, and access tokens issued until now (D8). */
int	 grant_end_all(struct db *db, uint64_t user_id, const char *reason,
	    struct err *e) MUST_CHECK;
/* Role, e-mail, country or password changed: older access tokens get 401 and
 * refresh; sessions live on.  Sets user.not_before. */
int	 grant_outdate(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;

/*
 * Prove a bearer value: access token (revocation list, and the database when
 * the list is stale) or admin token (hash, expiry, CIDR against q's address,
 * revoked; last use noted).  0 and *who; -1 ERR_AUTH "invalid_token", or
 * ERR_UNAVAILABLE.  An admin token from a cookie is refused (S70).
 * `db` may be NULL for the gate as long as the list is fresh.
 */
int	 grant_check(struct db *db, struct arena *a, const struct req *q,
	    const char *bearer, struct caller *who, struct err *e) MUST_CHECK;

/* The process's shared memory (NULL: none, ask the database). */
struct shm;
void	 grant_use(struct shm *s);

#endif
