/*
 * admin_user_change.c - what administrators do to users.
 *
 * What must stay true: roles are a superuser's to give; the last active
 * superuser stays, whatever happens at once; a change is in the audit with
 * what was before, in its own transaction, and older tokens are dead by the
 * end of it (D8).
 */
#include "api/admin_own.h"

#include "api/answer.h"
#include "api/fresh.h"
#include "api/push_own.h"
#include "auth/audit.h"
#include "auth/country.h"
#include "auth/grant.h"
#include "auth/notice.h"
#include "auth/otp.h"
#include "auth/throttle.h"
#include "base/conf.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/closing.h"
#include "store/known_device.h"

#define COUNTRIES_MAX	250
#define HOUR_S		3600U
#define RESETS_AN_HOUR	5U	/* S42: a destination */

struct patch_in {
	const char	*first_name, *last_name;
	struct opt_bool	 active, staff, superuser;
	struct texts	 countries;
};
static const struct field patch_rows[] = {
	FIELD_TEXT(struct patch_in, first_name, "first_name", 0, 150,
	    F_TRIM | F_LINE),
	FIELD_TEXT(struct patch_in, last_name, "last_name", 0, 150,
	    F_TRIM | F_LINE),
	FIELD_OF(FT_BOOL, struct patch_in, active, "is_active", 0, 0, 0),
	FIELD_OF(FT_BOOL, struct patch_in, staff, "is_staff", 0, 0, 0),
	FIELD_OF(FT_BOOL, struct patch_in, superuser, "is_superuser", 0, 0,
	    0),
	FIELD_OF(FT_TEXTS, struct patch_in, countries, "allowed_countries",
	    0, COUNTRIES_MAX, 0),
};
const struct fieldset admin_user_fields =
    FIELDSET(struct patch_in, patch_rows, IN_BODY);

struct change {
	struct call	*c;
	const struct patch_in *in;
	const char	*event, *countries;
	uint64_t	 id;
	struct user_roles before, after;
	bool		 out;		/* sign out everywhere */
	struct grant_ended ended, dated;
	int		 rc;
};

static bool
or_old(struct opt_bool b, bool old)
{
	return b.set ? b.v : old;
}

/* Names are only named: what stands here cannot be erased (D12). */
static void
write_change(struct jw *w, const void *arg)
{
	const struct change *x = arg;

	answer_roles(w, "before", &x->before);
	answer_roles(w, "after", &x->after);
	jw_array(w, "set");
	if (x->in->first_name != NULL)
		jw_str(w, NULL, "first_name");
	if (x->in->last_name != NULL)
		jw_str(w, NULL, "last_name");
	if (x->in->countries.set)
		jw_str(w, NULL, "allowed_countries");
	jw_end(w);
}

static int
audit_change(struct db *db, struct change *x, struct err *e)
{
	const struct caller *who = &x->c->who;
	const struct audit_event ev = { .event = x->event, .outcome = "ok",
	    .user_id = x->id, .actor_id = who->user_id,
	    .session_id = who->session_id };

	return audit_add_detail(db, x->c->req, &ev, write_change, x, e);
}

static int
change_work(struct db *db, void *arg, struct err *e)
{
	struct change *x = arg;
	const struct patch_in *in = x->in;
	const struct user_profile names = { .first_name = in->first_name,
		.last_name = in->last_name };
	bool loses, off, roles;
	int64_t purge_us;
	int rc;

	/* All superusers before one of them, always: no deadlock, and of two
	 * who take each other's role the second is refused. */
	if (((in->active.set && !in->active.v) ||
	    (in->superuser.set && !in->superuser.v)) &&
	    closing_leaves_superuser(db, x->id, e) < 0)
		return -1;
	if ((x->rc = user_admin_hold(db, x->id, &x->before, e)) <= 0)
		return x->rc < 0 ? -1 : 1;
	/* Again: he may have become one meanwhile. */
	if (admin_may(x->c, x->id, &x->before, e) < 0)
		return -1;
	x->after.is_active = or_old(in->active, x->before.is_active);
	x->after.is_staff = or_old(in->staff, x->before.is_staff);
	x->after.is_superuser = or_old(in->superuser, x->before.is_superuser);
	loses = x->before.is_active && !x->after.is_active;
	/* A claim is not active yet: to disable it is what keeps a code from
	 * making it so. */
	off = in->active.set && !in->active.v;
	roles = off || x->after.is_active != x->before.is_active ||
	    x->after.is_staff != x->before.is_staff ||
	    x->after.is_superuser != x->before.is_superuser;
	if (in->active.set && (rc = closing_find(db, x->id, &purge_us,
	    e)) != 0) {
		if (rc < 0)
			return -1;
		if (in->active.v)
			return err_set(e, ERR_CONFLICT, "account_closing",
			    "restore it first");
		if (closing_stay_off(db, x->id, e) < 0)
			return -1;
	}
	if ((roles && user_set_roles(db, x->id, &x->after, e) < 0) ||
	    ((in->first_name != NULL || in->last_name != NULL) &&
	    user_set_profile(db, x->id, &names, e) < 0) ||
	    (in->countries.set && country_set(db, x->id, x->countries,
	    &x->dated, e) < 0))
		return -1;
	if ((x->before.is_superuser && !x->after.is_superuser &&
	    grant_end_acting(db, x->id, e) < 0) ||
	    (off && otp_void_all(db, x->id, e) < 0) ||
	    /* Whoever is signed out everywhere may have lost a device. */
	    (x->out && known_device_forget(db, x->id, e) < 0))
		return -1;
	if (loses || x->out)
		rc = grant_end_all(db, x->id, loses ? "disabled" :
		    "signed_out", &x->ended, e);
	else
		rc = roles ? grant_outdate(db, x->id, &x->ended, e) : 0;
	return rc < 0 ? -1 : audit_change(db, x, e);
}

static int
change(struct change *x, struct err *e)
{
	struct call *c = x->c;
	struct user_seen s;

	if (admin_user(c, &s, e) < 0 || admin_may(c, s.u.id,
	    &(struct user_roles){ s.u.is_active, s.u.is_staff,
	    s.u.is_superuser }, e) < 0)
		return -1;
	x->id = s.u.id;
	if ((x->in->staff.set || x->in->superuser.set) &&
	    !c->who.is_superuser)
		return err_set(e, ERR_FORBIDDEN, "role_required",
		    "roles are a superuser's to give");
	if ((x->in->staff.set || x->in->superuser.set) &&
	    fresh_caller(c, e) < 0)
		return -1;
	if (db_tx(c->db, change_work, x, e) < 0)
		return -1;
	if (x->rc == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "gone meanwhile");
	grant_publish(&x->dated);
	grant_publish(&x->ended);
	return admin_answer(c, x->id, e);
}

int
admin_user_patch(struct call *c, const void *in_, struct err *e)
{
	const struct patch_in *in = in_;
	struct change x = { .c = c, .in = in, .event = "user_change" };
	uint64_t id;

	/* A rule that binds its own bearer: another one lifts it. */
	if (in->countries.set && !c->who.is_superuser &&
	    text_u64(c->param[0], INT64_MAX, &id) && id == c->who.user_id)
		return err_set(e, ERR_FORBIDDEN, "role_required",
		    "staff on their own countries");
	if (in->countries.set && !country_list(c->arena, in->countries.p,
	    in->countries.n, &x.countries))
		return field_refuse(c, "allowed_countries", "invalid_country",
		    e, "Use ISO 3166 codes of two letters.");
	return change(&x, e);
}

int
admin_user_disable(struct call *c, const void *in, struct err *e)
{
	const struct patch_in off = { .active = { true, false } };
	struct change x = { .c = c, .in = &off, .event = "user_disable" };

	(void)in;
	return change(&x, e);
}

int
admin_user_enable(struct call *c, const void *in, struct err *e)
{
	const struct patch_in on = { .active = { true, true } };
	struct change x = { .c = c, .in = &on, .event = "user_enable" };

	(void)in;
	return change(&x, e);
}

int
admin_user_sign_out(struct call *c, const void *in, struct err *e)
{
	const struct patch_in none = { .first_name = NULL };
	struct change x = { .c = c, .in = &none, .out = true,
	    .event = "user_sign_out" };

	(void)in;
	return change(&x, e);
}

struct resetting {
	struct call	*c;
	const struct user *u;
	const char	*link;
	uint64_t	 notice_ids[2];
	int		 told;
};

static int
reset_work(struct db *db, void *arg, struct err *e)
{
	struct resetting *x = arg;

	if ((x->told = notice_link_everywhere(db, x->u, x->notice_ids,
	    "reset_begun", x->link, x->c->req->request_id, e)) < 0)
		return -1;
	return answer_audit(x->c, "user_reset", "ok", x->u->id,
	    x->c->who.session_id, e);
}

/* The user is shown the way to his own reset, which asks for a code that only
 * he gets: the administrator learns nothing that opens the account (S57). */
int
admin_user_reset(struct call *c, const void *in, struct err *e)
{
	struct user_seen seen;
	struct user u;
	struct resetting x = { .c = c, .u = &u,
	    .notice_ids = { rand_id(), rand_id() } };
	int rc;

	(void)in;
	if (admin_user(c, &seen, e) < 0 ||
	    (rc = user_find(c->db, c->arena, seen.u.id, &u, e)) < 0 ||
	    admin_may(c, u.id, &(struct user_roles){ u.is_active, u.is_staff,
	    u.is_superuser }, e) < 0)
		return -1;
	if (rc == 0 || !u.is_active || !USER_PROVED(&u))
		return err_set(e, ERR_CONFLICT, "no_channel",
		    "no proved address, or disabled");
	if (throttle_or_fail(c->db, "user_reset", &u.id, sizeof(u.id),
	    RESETS_AN_HOUR, HOUR_S, "rate_limited", e) < 0)
		return -1;
	x.link = arena_printf(c->arena, "%s/console/reset/",
	    conf_str(CONF_PUBLIC_URL));
	if (db_tx(c->db, reset_work, &x, e) < 0)
		return -1;
	notice_ring();
	resp_message(c->resp, 200, "The user has been asked to set a new password.");
	return 0;
}
