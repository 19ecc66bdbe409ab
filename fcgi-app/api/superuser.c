/*
 * superuser.c - see superuser.h.
 */
#include "api/superuser.h"

#include "api/admin_own.h"
#include "api/fresh.h"
#include "auth/audit.h"
#include "auth/throttle.h"
#include "base/rand.h"
#include "store/session.h"

#define HOUR_S		3600U
#define AN_HOUR		20U

int
superuser_may(struct superuser_act *x, struct call *c, const char *what,
    const char *reason, struct err *e)
{
	struct user_seen s;
	int rc;

	*x = (struct superuser_act){ .c = c, .reason = reason,
	    .notice_ids = { rand_id(), rand_id() } };
	if (!fresh_session(&c->who))
		return err_set(e, ERR_FORBIDDEN, "reauth_required",
		    "signed in too long ago");
	if (throttle_or_fail(c->db, what, &c->who.user_id,
	    sizeof(c->who.user_id), AN_HOUR, HOUR_S, "rate_limited", e) < 0 ||
	    admin_user(c, &s, e) < 0 ||
	    (rc = user_find(c->db, c->arena, s.u.id, &x->u, e)) < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_NOT_FOUND, "not_found",
	    "gone meanwhile");
}

int
superuser_hold(struct db *db, const struct superuser_act *x,
    struct user_roles *r, struct err *e)
{
	const struct caller *who = &x->c->who;
	int rc;

	if ((rc = user_admin_hold(db, who->user_id, r, e)) < 0)
		return -1;
	if (rc == 0 || !r->is_active || !r->is_superuser)
		return err_set(e, ERR_FORBIDDEN, "role_required",
		    "no superuser any more");
	if ((rc = session_check(db, who->session_id, who->user_id,
	    who->iat_s, e)) <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_AUTH, "invalid_token",
		    "signed out meanwhile");
	return user_admin_hold(db, x->u.id, r, e);
}

static void
write_reason(struct jw *w, const void *x)
{
	jw_str(w, "reason", ((const struct superuser_act *)x)->reason);
}

int
superuser_audit(struct db *db, const struct superuser_act *x,
    const char *event, uint64_t session_id, struct err *e)
{
	const struct audit_event ev = { .event = event, .outcome = "ok",
	    .user_id = x->u.id, .actor_id = x->c->who.user_id,
	    .session_id = session_id };

	return audit_add_detail(db, x->c->req, &ev, write_reason, x, e);
}
