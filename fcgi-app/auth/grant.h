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

/* A session in which `actor_id` acts as `u` (S70): its tokens carry act, and
 * it ends after `life_s` however it is refreshed. */
int	 grant_act(struct db *db, struct arena *a, const struct req *q,
	    const struct user *u, uint64_t actor_id, uint32_t life_s,
	    struct grant *g, struct err *e) MUST_CHECK;

/* As grant_begin, in place of a live session of the user's (S12): the new one
 * ends when the old one would have, so that step-up prolongs nothing (S9).
 * In a transaction; the old one is ended as "stepup" and told to `x`.  0; -1
 * ERR_AUTH "invalid_token": it has ended meanwhile. */
struct grant_ended;
int	 grant_replace(struct db *db, struct arena *a, const struct req *q,
	    const struct user *u, const char *amr, uint64_t old,
	    struct grant *g, struct grant_ended *x, struct err *e) MUST_CHECK;

/*
 * Rotate by the rules of D7.  0 and *g; -1 with ERR_AUTH "invalid_token"
 * (unknown, ended, expired), ERR_AUTH "refresh_reused" after the family was
 * ended for theft (audited, and its owner told), ERR_THROTTLED (60 a minute a
 * session), ERR_FORBIDDEN "country_not_allowed" (nothing is used up),
 * ERR_UNAVAILABLE.  An arrival older than 5 s is refused before rotating.
 */
int	 grant_refresh(struct db *db, struct arena *a, const struct req *q,
	    const char *refresh_token, struct grant *g, struct err *e)
	    MUST_CHECK;

/*
 * What a unit of work ended, for shared memory: other processes must not hear
 * of what may still be rolled back.  Begin with GRANT_ENDED_NONE, pass it to
 * the calls below, publish it after the commit.  What does not fit the master
 * finds in the database within 500 ms (D8).
 */
#define GRANT_ENDED_MAX	256
struct grant_ended {
	uint64_t	 user_id;
	uint64_t	 session[GRANT_ENDED_MAX];
	size_t		 n;
	int64_t		 not_before_s;
};
#define GRANT_ENDED_NONE { .n = 0 }
void	 grant_publish(const struct grant_ended *x);

/* End sessions; writes session rows and revocations, in the caller's
 * transaction if there is one.  `x` may be NULL outside of one: published at
 * once.  Number ended, or -1. */
int	 grant_end(struct db *db, uint64_t user_id, uint64_t session_id,
	    const char *reason, struct grant_ended *x, struct err *e)
	    MUST_CHECK;
int	 grant_end_others(struct db *db, uint64_t user_id, uint64_t keep,
	    const char *reason, struct grant_ended *x, struct err *e)
	    MUST_CHECK;
/* All of a user, and access tokens issued until now (D8). */
int	 grant_end_all(struct db *db, uint64_t user_id, const char *reason,
	    struct grant_ended *x, struct err *e) MUST_CHECK;
/* He is no superuser any more: the sessions in which he acts as others end, in
 * the caller's transaction.  The calls above that end more than one session
 * do the same.  0 or -1. */
int	 grant_end_acting(struct db *db, uint64_t actor_id, struct err *e)
	    MUST_CHECK;
/* Role, e-mail, country or password changed: older access tokens get 401 and
 * refresh; sessions live on.  Sets user.not_before. */
int	 grant_outdate(struct db *db, uint64_t user_id, struct grant_ended *x,
	    struct err *e) MUST_CHECK;
/* The session's access token as of now, after grant_outdate: 1 and *access in
 * the arena, 0 the session has ended, -1. */
int	 grant_renew(struct db *db, struct arena *a, uint64_t session_id,
	    const char **access, struct err *e) MUST_CHECK;

/*
 * Prove a bearer value: access token (revocation list, and the database when
 * the list is stale) or admin token (hash, expiry, CIDR against q's address,
 * revoked; last use noted).  0 and *who; -1 ERR_AUTH "invalid_token", or
 * ERR_UNAVAILABLE.  An admin token from a cookie is refused (S70).
 * `db` may be NULL for the gate as long as the list is fresh.
 */
static inline int MUST_CHECK grant_check(struct db *db, struct arena *a,
	    const struct req *q, const char *bearer, struct caller *who,
	    struct err *e);

/*
 * The same for who must not wait for the database: 0 proved, 1 proved but for
 * whether the session has ended meanwhile, which the caller finds out.
 */
int	 grant_check_later(struct arena *a, const struct req *q,
	    const char *bearer, struct caller *who, struct err *e) MUST_CHECK;
/*
 * The same at a site on the host `aud` (auth/site.h): its own tokens only, no
 * admin tokens.  NULL is the API, as above.
 */
int	 grant_check_for(struct db *db, struct arena *a, const struct req *q,
	    const char *bearer, const char *aud, struct caller *who,
	    struct err *e) MUST_CHECK;
static inline int
grant_check(struct db *db, struct arena *a, const struct req *q,
    const char *bearer, struct caller *who, struct err *e)
{
	return grant_check_for(db, a, q, bearer, NULL, who, e);
}
/* A token of the session for the site on `aud`, dated now: 1 and *access in
 * the arena, 0 the session has ended, -1. */
int	 grant_for_site(struct db *db, struct arena *a, uint64_t session_id,
	    const char *aud, const char **access, struct err *e) MUST_CHECK;

/* An admin token was revoked, and that is committed: this host's processes
 * see it at once, others within the second. */
void	 grant_token_revoked(uint64_t token_id);

/* The process's shared memory (NULL: none, ask the database). */
struct shm;
void	 grant_use(struct shm *s);

#endif
