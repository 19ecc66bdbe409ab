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
#include "api/superuser.h"
#include "auth/grant.h"
#include "auth/notice.h"
#include "auth/otp.h"
#include "store/known_device.h"
#include "store/mfa.h"

struct reset_in { const char *reason; };
static const struct field reset_rows[] = {
	REASON_ROW(struct reset_in),
};
const struct fieldset reset_factors_fields =
    FIELDSET(struct reset_in, reset_rows, IN_BODY);

struct reset {
	struct superuser_act act;
	struct grant_ended ended;
};

static int
reset_work(struct db *db, void *arg, struct err *e)
{
	struct reset *x = arg;
	struct superuser_act *t = &x->act;
	const uint64_t id = t->u.id;
	const bool off = false;
	struct user_roles r;
	int rc;

	if ((rc = superuser_hold(db, t, &r, e)) <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "not_found",
		    "gone meanwhile");
	if (mfa_forget_app(db, id, e) < 0 ||
	    mfa_set_channels(db, id, &off, &off, e) < 0 ||
	    recovery_replace(db, id, NULL, 0, e) < 0 ||
	    mfa_set_reset(db, id, NULL, e) < 0 ||
	    otp_void_all(db, id, e) < 0 ||
	    known_device_forget(db, id, e) < 0 ||
	    grant_end_all(db, id, "factors_reset", &x->ended, e) < 0 ||
	    (t->told = notice_everywhere(db, &t->u, t->notice_ids,
	    "factors_reset", NULL, t->c->req->request_id, e)) < 0)
		return -1;
	return superuser_audit(db, t, "factors_reset", t->c->who.session_id,
	    e);
}

int
admin_user_reset_factors(struct call *c, const void *in_, struct err *e)
{
	const struct reset_in *in = in_;
	struct reset x = { .ended = GRANT_ENDED_NONE };
	uint64_t id;

	if (superuser_may(&x.act, c, "factors_reset", in->reason, e) < 0)
		return -1;
	id = x.act.u.id;
	if (db_tx(c->db, reset_work, &x, e) < 0)
		return answer_refused(c, "factors_reset", id, e);
	grant_publish(&x.ended);
	if (x.act.told > 0)
		notice_ring();
	return admin_answer(c, id, e);
}
