/*
 * user.c - /api/users/{id}/: one account, for its owner and for admins.
 *
 * What must stay true: what does not exist and what is not yours get one
 * answer; an address that was proved stays until the code sent to the new one
 * is proved (S59), so that neither a slip nor a stolen session locks the
 * owner out; only a superuser changes roles, nobody their own; what is written
 * of another's roles, and who may, is judged with the row held.
 */
#include "api/account.h"
#include "api/answer.h"
#include "api/fresh.h"
#include "api/user_own.h"

#include "auth/audit.h"
#include "auth/grant.h"
#include "auth/otp.h"
#include "base/mail.h"
#include "base/text.h"
#include "store/closing.h"
#include "store/user_admin.h"


struct change_in {
	const char *first_name, *last_name, *birthday, *gender, *phone,
	    *email, *password;
	struct opt_bool is_active, is_staff, is_superuser;
};
static const struct field change_rows[] = {
	FIELD_TEXT(struct change_in, first_name, "first_name", 0, 150,
	    F_TRIM | F_LINE),
	FIELD_TEXT(struct change_in, last_name, "last_name", 0, 150,
	    F_TRIM | F_LINE),
	FIELD_OF(FT_DATE, struct change_in, birthday, "birthday", 0, 0,
	    F_NULLABLE),
	FIELD_ENUM(struct change_in, gender, "gender", "M|F", F_NULLABLE),
	FIELD_OF(FT_PHONE, struct change_in, phone, "phone", 0, 32, 0),
	FIELD_OF(FT_EMAIL, struct change_in, email, "email", 0, 254, 0),
	FIELD_TEXT(struct change_in, password, "password", 1, 1024, F_SECRET),
	FIELD_OF(FT_BOOL, struct change_in, is_active, "is_active", 0, 0, 0),
	FIELD_OF(FT_BOOL, struct change_in, is_staff, "is_staff", 0, 0, 0),
	FIELD_OF(FT_BOOL, struct change_in, is_superuser, "is_superuser", 0,
	    0, 0),
};
const struct fieldset user_change_fields =
    FIELDSET(struct change_in, change_rows, IN_BODY);

struct delete_in { const char *password; };
static const struct field delete_rows[] = {
	FIELD_TEXT(struct delete_in, password, "password", 1, 1024, F_SECRET),
};
const struct fieldset user_delete_fields =
    FIELDSET(struct delete_in, delete_rows, IN_BODY);

static bool
is_admin(const struct call *c)
{
	return !c->who.claim && (c->who.is_staff || c->who.is_superuser);
}

/* The account of the path, if the caller may see it: 0 or -1. */
static int
account(struct call *c, struct user *u, struct err *e)
{
	uint64_t id;
	int rc;

	if (!text_u64(c->param[0], INT64_MAX, &id) ||
	    (id != c->who.user_id && !is_admin(c)))
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "not an account of the caller's");
	if ((rc = user_find(c->db, c->arena, id, u, e)) < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_NOT_FOUND, "not_found",
	    "no such account");
}

/* Staff do not touch those above or beside them. */
static int
may_change(const struct call *c, uint64_t id, const struct user_roles *r,
    struct err *e)
{
	return id == c->who.user_id || c->who.is_superuser ||
	    !(r->is_staff || r->is_superuser) ? 0 : err_set(e, ERR_FORBIDDEN,
	    "role_required", "account %" PRIu64 " is an admin's", id);
}

static struct user_roles
roles_of(const struct user *u)
{
	return (struct user_roles){ u->is_active, u->is_staff,
		u->is_superuser };
}

int
user_get(struct call *c, const void *in, struct err *e)
{
	struct user u;

	(void)in;
	if (account(c, &u, e) < 0)
		return -1;
	user_write(c, resp_json(c->resp, 200), &u);
	resp_json_end(c->resp);
	return 0;
}

/* --- change ---------------------------------------------------------------- */

struct change {
	struct call	*c;
	const struct change_in *in;
	const struct user *u;
	struct user_profile p;
	const char	*phone;		/* to be claimed, or NULL */
	const char	*email, *cmp, *unique;
	struct user_roles before, after;
	bool		 roles;		/* they change */
	bool		 leave;		/* codes sent to what was claimed */
	struct grant_ended ended;
};

/* A claimed address that was proved meanwhile is not overwritten. */
static int
claim_addresses(struct db *db, const struct change *x, struct err *e)
{
	int rc = 1;

	if (x->phone != NULL && (rc = user_set_claim_phone(db, x->u->id,
	    x->phone, e)) < 0)
		return -1;
	if (rc == 1 && x->email != NULL && (rc = user_set_claim_email(db,
	    x->u->id, x->email, x->cmp, x->unique, e)) < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_CONFLICT, "conflict",
	    "proved by another request meanwhile");
}

static int
set_roles(struct db *db, struct change *x, struct err *e)
{
	if (closing_allows(db, x->u->id, &x->after, e) < 0 ||
	    user_set_roles(db, x->u->id, &x->after, e) < 0)
		return -1;
	if (!x->after.is_superuser && grant_end_acting(db, x->u->id, e) < 0)
		return -1;
	if (x->after.is_active)
		return grant_outdate(db, x->u->id, &x->ended, e);
	return otp_void_all(db, x->u->id, e) < 0 || grant_end_all(db,
	    x->u->id, "disabled", &x->ended, e) < 0 ? -1 : 0;
}

static bool
differs(const struct opt_bool *b, bool now)
{
	return b->set && b->v != now;
}

static bool
or_old(const struct opt_bool *b, bool old)
{
	return b->set ? b->v : old;
}

/* Of somebody else's roles as `before`: what becomes of them, and may the
 * caller? */
static int
judge_roles(struct change *x, struct err *e)
{
	struct call *c = x->c;
	const struct change_in *in = x->in;
	const struct user_roles *b = &x->before;

	if (may_change(c, x->u->id, b, e) < 0)
		return -1;
	x->roles = differs(&in->is_staff, b->is_staff) ||
	    differs(&in->is_superuser, b->is_superuser);
	if (x->roles && !c->who.is_superuser)
		return err_set(e, ERR_FORBIDDEN, "role_required",
		    "only a superuser changes roles");
	if (x->roles && fresh_caller(c, e) < 0)
		return -1;
	x->roles = x->roles || differs(&in->is_active, b->is_active);
	x->after = (struct user_roles){
		.is_active = or_old(&in->is_active, b->is_active),
		.is_staff = or_old(&in->is_staff, b->is_staff),
		.is_superuser = or_old(&in->is_superuser, b->is_superuser),
	};
	return 0;
}

/* Again with the row held: another request may have changed them, and what
 * this one does not name stays as that one left it. */
static int
hold_roles(struct db *db, struct change *x, struct err *e)
{
	const struct change_in *in = x->in;
	int rc;

	/* All superusers before one of them, always: no deadlock. */
	if (((in->is_active.set && !in->is_active.v) ||
	    (in->is_superuser.set && !in->is_superuser.v)) &&
	    closing_leaves_superuser(db, x->u->id, e) < 0)
		return -1;
	if ((rc = user_admin_hold(db, x->u->id, &x->before, e)) < 0)
		return -1;
	return rc == 1 ? judge_roles(x, e) : err_set(e, ERR_NOT_FOUND,
	    "not_found", "gone meanwhile");
}

static void
write_roles(struct jw *w, const void *arg)
{
	const struct change *x = arg;

	answer_roles(w, "before", &x->before);
	answer_roles(w, "after", &x->after);
}

/* What was before stands in the audit, as of the rows for administrators. */
static int
audit_roles(struct db *db, const struct change *x, struct err *e)
{
	const struct caller *who = &x->c->who;
	const struct audit_event ev = { .event = "role_change", .outcome = "ok",
	    .user_id = x->u->id, .actor_id = who->act_id != 0 ?
	    who->act_id : who->user_id, .session_id = who->session_id };

	return audit_add_detail(db, x->c->req, &ev, write_roles, x, e);
}

static int
change_work(struct db *db, void *arg, struct err *e)
{
	struct change *x = arg;

	/* Read-only members of the owner's own row are let be: clients PUT
	 * what they GET. */
	if ((x->u->id != x->c->who.user_id && hold_roles(db, x, e) < 0) ||
	    user_set_profile(db, x->u->id, &x->p, e) < 0 ||
	    claim_addresses(db, x, e) < 0 ||
	    (x->leave && otp_void_all(db, x->u->id, e) < 0) ||
	    (x->roles && set_roles(db, x, e) < 0))
		return -1;
	return x->roles ? audit_roles(db, x, e) : answer_audit(x->c,
	    "user_change", "ok", x->u->id, x->c->who.session_id, e);
}

/* The caller proves to be themselves before an address changes (S57, S59). */
static int
caller_fresh(struct call *c, const struct user *u, const char *password,
    const char *event, struct err *e)
{
	struct user me;
	int rc = 1;

	if (u->id != c->who.user_id &&
	    (rc = user_find(c->db, c->arena, c->who.user_id, &me, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_AUTH, "invalid_token", "user is gone");
	return fresh_enough(c, u->id == c->who.user_id ? u : &me, password,
	    event, e);
}

/* A proved address begins a flow; one that is not is claimed at once. */
static int
read_addresses(struct call *c, const struct change_in *in, struct change *x,
    struct user_code *k, struct err *e)
{
	const struct user *u = x->u;
	char cmp[MAIL_MAX + 1] = "", unique[MAIL_MAX + 1] = "";
	bool mail, phone;

	if (in->email != NULL && !mail_parse(in->email, cmp, unique))
		return err_field(e, "email", "invalid_email",
		    "the binder let it pass");
	mail = in->email != NULL && (u->email_cmp == NULL ||
	    strcmp(u->email_cmp, cmp) != 0);
	phone = in->phone != NULL && (u->phone == NULL ||
	    strcmp(u->phone, in->phone) != 0);
	if (!mail && !phone)
		return 0;
	if (caller_fresh(c, u, in->password, "user_change", e) < 0)
		return -1;
	if (mail && phone && u->email_verified && u->phone_verified)
		return err_field(e, "phone", "one_address",
		    "both would need a proof");
	k->u = u;
	k->judged = u->id == c->who.user_id ? u : NULL;
	if (mail) {
		x->email = in->email;
		x->cmp = arena_strdup(c->arena, cmp);
		x->unique = arena_strdup(c->arena, unique);
	}
	if (mail && u->email_verified) {
		k->mail_to = x->email;
		k->cmp = x->cmp;
		k->unique = x->unique;
		k->field = "email";
		x->email = NULL;
	}
	if (phone && !u->phone_verified)
		x->phone = in->phone;
	else if (phone) {
		k->phone = in->phone;
		k->field = "phone";
	}
	return 0;
}

static const char *
or_null(const struct call *c, const char *name, const char *value)
{
	return value == NULL && bind_is_null(&c->bound, name) ? "" : value;
}

int
user_change(struct call *c, const void *in_, struct err *e)
{
	const struct change_in *in = in_;
	struct user u;
	struct user_code k = { .field = NULL };
	struct change x = { .c = c, .in = in, .u = &u,
	    .ended = GRANT_ENDED_NONE };
	struct jw *w;
	int rc;

	x.p.first_name = in->first_name;
	x.p.last_name = in->last_name;
	x.p.birthday = or_null(c, "birthday", in->birthday);
	x.p.gender = or_null(c, "gender", in->gender);
	if (account(c, &u, e) < 0)
		return -1;
	/* Once before any work, and where it counts again. */
	x.before = roles_of(&u);
	if ((u.id != c->who.user_id && judge_roles(&x, e) < 0) ||
	    read_addresses(c, in, &x, &k, e) < 0)
		return -1;
	/* A code for the address that is left would bring it back. */
	x.leave = k.field == NULL && (x.phone != NULL || x.email != NULL);
	/* The message first: its refusal leaves everything as it was. */
	if ((k.field != NULL && user_send_code(c, &k, e) < 0) ||
	    db_tx(c->db, change_work, &x, e) < 0)
		return -1;
	grant_publish(&x.ended);
	/* The code for a mistyped address keeps nobody from the next. */
	if (x.leave && user_forget_code(c, u.id, e) < 0)
		return -1;
	if ((rc = user_find(c->db, c->arena, u.id, &u, e)) <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "not_found",
		    "gone meanwhile");
	w = resp_json(c->resp, 200);
	user_write(c, w, &u);
	if (k.field != NULL)
		jw_str(w, k.phone != NULL ? "pending_phone" : "pending_email",
		    k.phone != NULL ? k.phone : k.mail_to);
	resp_json_end(c->resp);
	return 0;
}

int
user_delete(struct call *c, const void *in_, struct err *e)
{
	const struct delete_in *in = in_;
	int64_t purge_us;
	struct user_roles r;
	struct user u;

	if (account(c, &u, e) < 0)
		return -1;
	r = roles_of(&u);
	if (may_change(c, u.id, &r, e) < 0 ||
	    (u.id == c->who.user_id ? fresh_enough(c, &u, in->password,
	    "account_close", e) : fresh_caller(c, e)) < 0 ||
	    account_close(c, &u, &purge_us, e) < 0)
		return -1;
	if (u.id == c->who.user_id)
		resp_clear_tokens(c->resp);
	resp_empty(c->resp, 204);
	return 0;
}
