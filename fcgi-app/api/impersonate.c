/*
 * impersonate.c - a superuser acts as somebody else, for a reason and a while.
 *
 * What must stay true (S70): its tokens carry act; only rows that say ACTING
 * take them; nothing makes the session longer; begin and end are in the
 * audit under the superuser's name.
 */
#include "api/admin_own.h"

#include "api/answer.h"
#include "api/fresh.h"
#include "auth/audit.h"
#include "auth/grant.h"
#include "auth/notice.h"
#include "auth/throttle.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/rand.h"
#include "store/session.h"

#define HOUR_S		3600U
#define AN_HOUR		20U		/* impersonations an hour and superuser */
#define DETAIL_MAX	1000

struct impersonate_in { const char *reason; struct opt_bool cookie; };
static const struct field impersonate_rows[] = {
	FIELD_TEXT(struct impersonate_in, reason, "reason", 3, 200,
	    F_REQUIRED | F_TRIM | F_LINE),
	FIELD_OF(FT_BOOL, struct impersonate_in, cookie, "cookie", 0, 0, 0),
};
const struct fieldset impersonate_fields =
    FIELDSET(struct impersonate_in, impersonate_rows, IN_BODY);

struct begin {
	struct call	*c;
	const char	*reason;
	const struct user *u;
	struct grant	 g;
	uint64_t	 notice_ids[2];
	int		 told;
};

static int
audit_begin(struct db *db, const struct begin *x, struct err *e)
{
	struct audit_event ev = { .event = "impersonation_begin",
	    .outcome = "ok", .user_id = x->u->id,
	    .actor_id = x->c->who.user_id, .session_id = x->g.session_id };
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

static int
begin_work(struct db *db, void *arg, struct err *e)
{
	struct begin *x = arg;
	struct call *c = x->c;
	struct user_roles r;
	int rc;

	x->told = 0;
	/* Held, he first: a role that is taken, a sign-out or a disabling that
	 * comes now comes after us, and ends what it must. */
	if ((rc = user_admin_hold(db, c->who.user_id, &r, e)) < 0)
		return -1;
	if (rc == 0 || !r.is_active || !r.is_superuser)
		return err_set(e, ERR_FORBIDDEN, "role_required",
		    "no superuser any more");
	if ((rc = session_check(db, c->who.session_id, c->who.user_id,
	    c->who.iat_s, e)) <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_AUTH, "invalid_token",
		    "signed out meanwhile");
	if ((rc = user_admin_hold(db, x->u->id, &r, e)) < 0)
		return -1;
	if (rc == 0 || !r.is_active || r.is_superuser)
		return err_set(e, ERR_CONFLICT, "not_impersonable",
		    "user %" PRIu64, x->u->id);
	if (grant_act(db, c->arena, c->req, x->u, c->who.user_id,
	    (uint32_t)conf_int(CONF_IMPERSONATE_S), &x->g, e) < 0 ||
	    (conf_bool(CONF_IMPERSONATE_TELL) &&
	    (x->told = notice_everywhere(db, x->u, x->notice_ids,
	    "impersonated", x->reason, c->req->request_id, e)) < 0))
		return -1;
	return audit_begin(db, x, e);
}

int
impersonate_post(struct call *c, const void *in_, struct err *e)
{
	const struct impersonate_in *in = in_;
	struct user_seen s;
	struct user u;
	struct begin x = { .c = c, .reason = in->reason, .u = &u,
	    .notice_ids = { rand_id(), rand_id() } };
	struct jw *w;
	int rc;

	if (!fresh_session(&c->who))
		return err_set(e, ERR_FORBIDDEN, "reauth_required",
		    "signed in too long ago");
	if (throttle_or_fail(c->db, "impersonate", &c->who.user_id,
	    sizeof(c->who.user_id), AN_HOUR, HOUR_S, "rate_limited", e) < 0 ||
	    admin_user(c, &s, e) < 0 ||
	    (rc = user_find(c->db, c->arena, s.u.id, &u, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "gone meanwhile");
	if (db_tx(c->db, begin_work, &x, e) < 0)
		return answer_refused(c, "impersonation_begin", u.id, e);
	if (x.told > 0)
		notice_ring();
	resp_no_store(c->resp);
	/* By cookie it takes the place of the superuser's own sign-in. */
	if (in->cookie.set && in->cookie.v)
		resp_set_tokens(c->resp, x.g.access, x.g.refresh);
	w = resp_json(c->resp, 201);
	jw_str(w, "access", x.g.access);
	jw_str(w, "refresh", x.g.refresh);
	jw_id(w, "session_id", x.g.session_id);
	jw_i64(w, "expires_in", conf_int(CONF_IMPERSONATE_S));
	answer_user(w, "user", &u);
	resp_json_end(c->resp);
	return 0;
}
