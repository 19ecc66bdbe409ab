/*
 * admin_factors.c - POST /api/admin/users/{id}/reset-factors/: somebody lost
 * his app and his codes, and has proved to the site's people who he is.
 *
 * What must stay true: a superuser's doing alone, freshly signed in, with a
 * reason that the audit keeps; the owner hears of it on every proved channel;
 * whoever is signed in, or half signed in, begins anew.
 */
#include "api/admin_own.h"

#include "api/answer.h"
#include "api/fresh.h"
#include "auth/audit.h"
#include "auth/grant.h"
#include "auth/notice.h"
#include "auth/otp.h"
#include "auth/throttle.h"
#include "base/buf.h"
#include "base/rand.h"
#include "store/known_device.h"
#include "store/mfa.h"
#include "store/session.h"

#define HOUR_S		3600U
#define AN_HOUR		20U		/* resets an hour and superuser */
#define DETAIL_MAX	1000

struct reset_in { const char *reason; };
static const struct field reset_rows[] = {
	FIELD_TEXT(struct reset_in, reason, "reason", 3, 200,
	    F_REQUIRED | F_TRIM | F_LINE),
};
const struct fieldset reset_factors_fields =
    FIELDSET(struct reset_in, reset_rows, IN_BODY);

struct reset {
	struct call	*c;
	const char	*reason;
	const struct user *u;
	struct grant_ended ended;
	uint64_t	 notice_ids[2];
	int		 told;
};

static int
audit_reset(struct db *db, const struct reset *x, struct err *e)
{
	struct audit_event ev = { .event = "factors_reset", .outcome = "ok",
	    .user_id = x->u->id, .actor_id = x->c->who.user_id,
	    .session_id = x->c->who.session_id };
	struct buf b;
	struct jw w;
	int rc;

	buf_init(&b, DETAIL_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "reason", x->reason);
	jw_end(&w);
	ev.detail = buf_text(&b);
	rc = audit_add(db, x->c->req, &ev, e);
	buf_fini(&b);
	return rc;
}

/* Both rows held, the superuser's first: a role taken or a sign-out that comes
 * now waits for us. */
static int
hold(struct db *db, const struct reset *x, struct err *e)
{
	const struct caller *who = &x->c->who;
	struct user_roles r;
	int rc;

	if ((rc = user_admin_hold(db, who->user_id, &r, e)) < 0)
		return -1;
	if (rc == 0 || !r.is_active || !r.is_superuser)
		return err_set(e, ERR_FORBIDDEN, "role_required",
		    "no superuser any more");
	if ((rc = session_check(db, who->session_id, who->user_id,
	    who->iat_s, e)) <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_AUTH, "invalid_token",
		    "signed out meanwhile");
	if ((rc = user_admin_hold(db, x->u->id, &r, e)) < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_NOT_FOUND, "not_found",
	    "gone meanwhile");
}

static int
reset_work(struct db *db, void *arg, struct err *e)
{
	struct reset *x = arg;
	const uint64_t id = x->u->id;
	const bool off = false;

	if (hold(db, x, e) < 0 || mfa_forget_app(db, id, e) < 0 ||
	    mfa_set_channels(db, id, &off, &off, e) < 0 ||
	    recovery_replace(db, id, NULL, 0, e) < 0 ||
	    mfa_set_reset(db, id, NULL, e) < 0 ||
	    otp_void_all(db, id, e) < 0 ||
	    known_device_forget(db, id, e) < 0 ||
	    grant_end_all(db, id, "factors_reset", &x->ended, e) < 0 ||
	    (x->told = notice_everywhere(db, x->u, x->notice_ids,
	    "factors_reset", NULL, x->c->req->request_id, e)) < 0)
		return -1;
	return audit_reset(db, x, e);
}

int
admin_user_reset_factors(struct call *c, const void *in_, struct err *e)
{
	const struct reset_in *in = in_;
	struct user_seen s;
	struct user u;
	struct reset x = { .c = c, .reason = in->reason, .u = &u,
	    .ended = GRANT_ENDED_NONE,
	    .notice_ids = { rand_id(), rand_id() } };
	int rc;

	if (!fresh_session(&c->who))
		return err_set(e, ERR_FORBIDDEN, "reauth_required",
		    "signed in too long ago");
	if (throttle_or_fail(c->db, "factors_reset", &c->who.user_id,
	    sizeof(c->who.user_id), AN_HOUR, HOUR_S, "rate_limited", e) < 0 ||
	    admin_user(c, &s, e) < 0 ||
	    (rc = user_find(c->db, c->arena, s.u.id, &u, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "gone meanwhile");
	if (db_tx(c->db, reset_work, &x, e) < 0)
		return answer_refused(c, "factors_reset", u.id, e);
	grant_publish(&x.ended);
	if (x.told > 0)
		notice_ring();
	return admin_answer(c, u.id, e);
}
