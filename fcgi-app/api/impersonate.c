/*
 * impersonate.c - a superuser acts as somebody else, for a reason and a while.
 *
 * What must stay true (S70): its tokens carry act; only rows that say ACTING
 * take them; nothing makes the session longer; begin and end are in the
 * audit under the superuser's name; the sign-in whose cookies it takes ends.
 */
#include "api/superuser.h"

#include "api/answer.h"
#include "api/push_own.h"
#include "auth/grant.h"
#include "auth/notice.h"
#include "base/conf.h"

struct impersonate_in { const char *reason; struct opt_bool cookie; };
static const struct field impersonate_rows[] = {
	REASON_ROW(struct impersonate_in),
	FIELD_OF(FT_BOOL, struct impersonate_in, cookie, "cookie", 0, 0, 0),
};
const struct fieldset impersonate_fields =
    FIELDSET(struct impersonate_in, impersonate_rows, IN_BODY);

struct begin {
	struct superuser_act act;
	struct grant	 g;
	struct grant_ended ended;
	bool		 cookie;
};

/* Without its cookies the superuser's own sign-in would live on unseen, for
 * as long as a week: nobody could use it, and nobody would think to end it. */
static int
end_replaced(struct db *db, struct begin *x, struct err *e)
{
	struct call *c = x->act.c;

	if (!x->cookie)
		return 0;
	return grant_end(db, c->who.user_id, c->who.session_id, "acting",
	    &x->ended, e) < 0 ? -1 : answer_audit(c, "logout", "ok",
	    c->who.user_id, c->who.session_id, e);
}

static int
begin_work(struct db *db, void *arg, struct err *e)
{
	struct begin *x = arg;
	struct superuser_act *t = &x->act;
	struct call *c = t->c;
	struct user_roles r;
	int rc;

	t->told = 0;
	if ((rc = superuser_hold(db, t, &r, e)) < 0)
		return -1;
	if (rc == 0 || !r.is_active || r.is_superuser)
		return err_set(e, ERR_CONFLICT, "not_impersonable",
		    "user %" PRIu64, t->u.id);
	if (grant_act(db, c->arena, c->req, &t->u, c->who.user_id,
	    (uint32_t)conf_int(CONF_IMPERSONATE_S), &x->g, e) < 0 ||
	    (conf_bool(CONF_IMPERSONATE_TELL) &&
	    (t->told = notice_everywhere(db, &t->u, t->notice_ids,
	    "impersonated", t->reason, c->req->request_id, e)) < 0))
		return -1;
	return end_replaced(db, x, e) < 0 ? -1 : superuser_audit(db, t,
	    "impersonation_begin", x->g.session_id, e);
}

int
impersonate_post(struct call *c, const void *in_, struct err *e)
{
	const struct impersonate_in *in = in_;
	struct begin x = { .ended = GRANT_ENDED_NONE,
	    .cookie = in->cookie.set && in->cookie.v };
	struct jw *w;

	/* A browser whose cookies are somebody's: that sign-in is not known
	 * here, and would live on unseen. */
	if (x.cookie && !c->who.by_cookie)
		return field_refuse(c, "cookie", "invalid", e,
		    "Only who asks by cookie may have it replaced.");
	if (superuser_may(&x.act, c, "impersonate", in->reason, e) < 0)
		return -1;
	if (db_tx(c->db, begin_work, &x, e) < 0)
		return answer_refused(c, "impersonation_begin", x.act.u.id, e);
	grant_publish(&x.ended);
	if (x.act.told > 0)
		notice_ring();
	resp_no_store(c->resp);
	if (x.cookie)
		resp_set_tokens(c->resp, x.g.access, x.g.refresh);
	w = resp_json(c->resp, 201);
	if (!x.cookie) {
		jw_str(w, "access", x.g.access);
		jw_str(w, "refresh", x.g.refresh);
	}
	jw_id(w, "session_id", x.g.session_id);
	jw_i64(w, "expires_in", conf_int(CONF_IMPERSONATE_S));
	answer_user(w, "user", &x.act.u);
	resp_json_end(c->resp);
	return 0;
}
