/*
 * grant_check.c - who shows a token: a person's or an administrator's.
 *
 * What must stay true: nothing that was revoked passes, and where the list of
 * revocations is too old to know, the database is asked or the answer is 503
 * (D8).
 */
#include "auth/grant_own.h"

#include "auth/admin_cache.h"
#include "base/clock.h"
#include "base/shm.h"
#include "store/admin_token.h"
#include "store/session.h"

static int
refused(struct err *e, const char *why)
{
	return err_set(e, ERR_AUTH, "invalid_token", "bearer: %s", why);
}

static int
check_admin_token(struct db *db, struct arena *a, const struct req *q,
    const char *bearer, struct caller *who, struct err *e)
{
	struct shm *shared = grant_shared();
	struct admin_token t;
	uint8_t hash[32];
	int64_t checked_s;
	int rc;

	if (q->auth_source == AUTH_COOKIE)
		return refused(e, "an admin token in a cookie");
	if (!admin_token_hash(bearer, hash))
		return refused(e, "malformed admin token");
	if (admin_cache_find(hash, q->remote_addr, who, &checked_s) &&
	    shared != NULL && shm_revoked(shared, who->token_id, who->user_id,
	    checked_s, clock_now()) == SHM_CLEAR)
		return 0;
	memset(who, 0, sizeof(*who));
	if ((rc = admin_token_use(db, a, hash, q->remote_addr, &t, e)) < 0)
		return -1;
	if (rc == 0)
		return refused(e, "unknown, expired or revoked admin token");
	if (!admin_token_addr_ok(&t, q->remote_addr))
		return refused(e, "admin token from another network");
	who->kind = CALLER_ADMIN_TOKEN;
	who->user_id = t.user_id;
	who->token_id = t.id;
	who->scopes = t.scopes;
	who->verified = true;
	admin_cache_keep(hash, q->remote_addr, who);
	return 0;
}

static void
caller_of(const struct access_claims *c, const struct req *q,
    struct caller *who)
{
	who->kind = CALLER_SESSION;
	who->user_id = c->user_id;
	who->session_id = c->session_id;
	who->act_id = c->act_id;
	who->is_staff = c->is_staff;
	who->is_superuser = c->is_superuser;
	if (c->is_staff || c->is_superuser)
		who->scopes = SCOPE_BIT_PUSH | SCOPE_BIT_SEND |
		    SCOPE_BIT_ADMIN;
	who->verified = c->verified;
	who->claim = c->claim;
	who->countries = c->country[0] == '+' ? c->country + 1 : NULL;
	who->by_cookie = q->auth_source == AUTH_COOKIE;
	who->iat_s = c->iat_s;
	who->exp_s = c->exp_s;
	who->auth_s = c->auth_s;
	snprintf(who->amr, sizeof(who->amr), "%s", c->amr);
	snprintf(who->email, sizeof(who->email), "%s", c->email);
	snprintf(who->groups, sizeof(who->groups), "%s", c->groups);
}

/* An access token: 0, 1 the list is too old to know, or -1. */
static int
check_token(struct arena *a, const struct req *q, const char *bearer,
    const char *aud, struct caller *who, struct err *e)
{
	struct shm *shared = grant_shared();
	struct access_claims c;

	memset(who, 0, sizeof(*who));
	if (access_check_for(a, bearer, strlen(bearer), aud, &c, e) < 0)
		return -1;
	switch (shared == NULL ? SHM_STALE : shm_revoked(shared, c.session_id,
	    c.user_id, c.iat_s, clock_now())) {
	case SHM_CLEAR:
		caller_of(&c, q, who);
		return 0;
	case SHM_REVOKED:
		return refused(e, "revoked");
	case SHM_STALE:
		break;
	}
	caller_of(&c, q, who);
	return 1;
}

int
grant_check_later(struct arena *a, const struct req *q, const char *bearer,
    struct caller *who, struct err *e)
{
	return check_token(a, q, bearer, NULL, who, e);
}

int
grant_check_for(struct db *db, struct arena *a, const struct req *q,
    const char *bearer, const char *aud, struct caller *who, struct err *e)
{
	int rc;

	if (strncmp(bearer, "gp_", 3) == 0)
		return aud != NULL ? refused(e, "an admin token at a site") :
		    check_admin_token(db, a, q, bearer, who, e);
	if ((rc = check_token(a, q, bearer, aud, who, e)) <= 0)
		return rc;
	if (db == NULL) {
		memset(who, 0, sizeof(*who));
		err_set(e, ERR_UNAVAILABLE, "unavailable",
		    "revocations are stale and there is no database");
		e->retry_after_s = 1;
		return -1;
	}
	rc = session_check(db, who->session_id, who->user_id, who->iat_s, e);
	if (rc > 0)
		return 0;
	memset(who, 0, sizeof(*who));
	return rc < 0 ? -1 : refused(e, "revoked");
}
