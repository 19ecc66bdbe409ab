/*
 * factor_rows.c - one's own second factors: app, code channels, recovery
 * codes.
 *
 * What must stay true: whatever turns a factor on or off is one transaction
 * with the user's row held, its notices and its audit row in it; turning the
 * first one on ends every other session.
 */
#include "api/answer.h"
#include "api/factor_own.h"
#include "auth/grant.h"
#include "base/conf.h"
#include "base/text.h"

struct confirm_in { const char *code; };
static const struct field confirm_rows[] = {
	FIELD_OF(FT_CODE, struct confirm_in, code, "code", 0, 0,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset totp_confirm_fields =
    FIELDSET(struct confirm_in, confirm_rows, IN_BODY);

struct channels_in { struct opt_bool sms, email; };
static const struct field channels_rows[] = {
	FIELD_OF(FT_BOOL, struct channels_in, sms, "sms", 0, 0, 0),
	FIELD_OF(FT_BOOL, struct channels_in, email, "email", 0, 0, 0),
};
const struct fieldset mfa_channels_fields =
    FIELDSET(struct channels_in, channels_rows, IN_BODY);

/* A change of factors, as one unit of work. */
struct change {
	struct call	*c;
	const struct user *u;
	const struct mfa *m;		/* as of before */
	const char	*event, *template;
	uint64_t	 seed_id, step;		/* confirm */
	const bool	*sms, *email;		/* channels */
	struct recovery_set codes;
	bool		 new_codes;
	uint64_t	 notice_ids[2];
	struct grant_ended others;
};

static void
write_codes(struct jw *w, const struct recovery_set *s)
{
	jw_array(w, "recovery_codes");
	for (size_t i = 0; i < RECOVERY_CODES; i++)
		jw_str(w, NULL, s->text[i]);
	jw_end(w);
}

/* What every change does besides itself. */
static int
change_rest(struct db *db, struct change *x, struct err *e)
{
	if (x->new_codes && recovery_replace(db, x->u->id,
	    (const uint8_t (*)[32])x->codes.mac, RECOVERY_CODES, e) < 0)
		return -1;
	if (factor_tell(db, x->c, x->u, x->notice_ids, x->template, e) < 0)
		return -1;
	return answer_audit(x->c, x->event, "ok", x->u->id,
	    x->c->who.session_id, e);
}

static void
prepare(struct change *x)
{
	x->notice_ids[0] = rand_id();
	x->notice_ids[1] = rand_id();
	recovery_make(&x->codes, x->u->id);
}

static void
finish(struct change *x)
{
	grant_publish(&x->others);
	notice_ring();
	secret_wipe(&x->codes, sizeof(x->codes));
}

/* --- what there is ------------------------------------------------------------- */

static void
answer_factors(struct call *c, const struct mfa *m)
{
	unsigned have = factor_methods(m, NULL);
	struct jw *w = resp_json(c->resp, 200);

	jw_bool(w, "enabled", factor_on(m));
	jw_array(w, "methods");
	for (unsigned f = 1; f < 1U << FACTORS; f <<= 1)
		if (have & f)
			jw_str(w, NULL, factor_word((enum factor)f));
	jw_end(w);
	jw_bool(w, "totp", m->seed != NULL);
	jw_bool(w, "sms", m->sms == MFA_ALWAYS);
	jw_bool(w, "email", m->email == MFA_ALWAYS);
	jw_i64(w, "recovery_codes_left", m->recovery_left);
	resp_json_end(c->resp);
}

int
mfa_get(struct call *c, const void *in, struct err *e)
{
	struct user u;
	struct mfa m;

	(void)in;
	if (factor_account(c, &u, &m, e) < 0)
		return -1;
	answer_factors(c, &m);
	return 0;
}

/* --- authenticator app ------------------------------------------------------------ */

int
totp_begin_post(struct call *c, const void *in, struct err *e)
{
	char secret[FACTOR_SECRET_TEXT];
	const char *site = url_encode(c->arena, conf_str(CONF_SITE_NAME));
	const char *uri, *svg, *name;
	struct user u;
	struct mfa m;
	struct jw *w;

	(void)in;
	if (factor_account(c, &u, &m, e) < 0)
		return -1;
	if (!USER_PROVED(&u))
		return err_set(e, ERR_FORBIDDEN, "not_verified",
		    "user %" PRIu64 " has proved nothing", u.id);
	name = u.email_verified ? u.email : u.phone;
	if (factor_app_begin(c->db, u.id, secret, e) < 0 ||
	    answer_audit(c, "totp_begin", "ok", u.id, c->who.session_id,
	    e) < 0)
		return -1;
	uri = arena_printf(c->arena, "otpauth://totp/%s:%s?secret=%s"
	    "&issuer=%s&algorithm=SHA1&digits=6&period=30", site,
	    url_encode(c->arena, name), secret, site);
	if ((svg = qr_svg(c->arena, uri, e)) == NULL)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "secret", secret);
	jw_str(w, "otpauth_uri", uri);
	jw_str(w, "qr_svg", svg);
	jw_i64(w, "expires_in", 600);
	resp_json_end(c->resp);
	secret_wipe(secret, sizeof(secret));
	return 0;
}

static int
confirm_work(struct db *db, void *arg, struct err *e)
{
	struct change *x = arg;
	int rc = mfa_confirm(db, x->u->id, x->seed_id, x->step, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_field(e, "code", "nothing_begun",
		    "confirmed, begun again or over");
	/* They know of no second factor. */
	if (!factor_on(x->m) && grant_end_others(db, x->u->id,
	    x->c->who.session_id, "mfa_on", &x->others, e) < 0)
		return -1;
	return change_rest(db, x, e);
}

static void
more_codes(struct jw *w, void *arg)
{
	const struct change *x = arg;

	write_codes(w, &x->codes);
}

int
totp_confirm_post(struct call *c, const void *in_, struct err *e)
{
	const struct confirm_in *in = in_;
	struct user u;
	struct mfa m;
	struct change x = { .c = c, .u = &u, .m = &m, .event = "totp_on",
	    .template = "mfa_on", .new_codes = true };
	struct signin s = { .u = &u, .with = confirm_work, .arg = &x,
	    .more = more_codes, .message = "The authenticator app is on. "
	    "Keep the recovery codes: they are shown once." };

	if (factor_account(c, &u, &m, e) < 0)
		return -1;
	if ((x.step = factor_app_check(c->db, &m, in->code, e)) == 0)
		return answer_refused(c, "totp_on", u.id, e);
	x.seed_id = m.next_id;
	prepare(&x);
	/* The session that proved it is one of both steps from here on. */
	s.amr = amr_with(c->arena, c->who.amr, FACTOR_TOTP);
	if (answer_stepped_up(c, &s, e) < 0)
		return answer_refused(c, "totp_on", u.id, e);
	finish(&x);
	return 0;
}

/* Hold the account and read again what it has: 0, or -1. */
static int
hold(struct db *db, struct change *x, struct mfa *now, struct err *e)
{
	int rc = mfa_lock(db, x->u->id, e);

	if (rc == 1)
		rc = mfa_find(db, x->c->arena, x->u->id, now, e);
	return rc == 0 ? err_set(e, ERR_AUTH, "invalid_token",
	    "user %" PRIu64 " is gone", x->u->id) : rc < 0 ? -1 : 0;
}

/* Without a factor recovery codes recover nothing. */
static int
void_codes(struct db *db, const struct change *x, const struct mfa *left,
    struct err *e)
{
	return factor_on(left) ? 0 : recovery_replace(db, x->u->id, NULL, 0,
	    e);
}

static int
app_off_work(struct db *db, void *arg, struct err *e)
{
	struct change *x = arg;
	struct mfa now;

	if (hold(db, x, &now, e) < 0)
		return -1;
	if (now.seed == NULL)
		return err_set(e, ERR_NOT_FOUND, "not_found", "no app");
	now.seed = NULL;
	if (mfa_forget_app(db, x->u->id, e) < 0 ||
	    void_codes(db, x, &now, e) < 0)
		return -1;
	return change_rest(db, x, e);
}

int
totp_delete(struct call *c, const void *in, struct err *e)
{
	struct user u;
	struct mfa m;
	struct change x = { .c = c, .u = &u, .m = &m, .event = "totp_off",
	    .template = "mfa_off" };

	(void)in;
	if (factor_account(c, &u, &m, e) < 0)
		return -1;
	prepare(&x);
	if (db_tx(c->db, app_off_work, &x, e) < 0)
		return -1;
	finish(&x);
	resp_empty(c->resp, 204);
	return 0;
}

/* --- code channels ------------------------------------------------------------------ */

static int
may_choose(const char *field, const struct opt_bool *want, bool proved,
    struct err *e)
{
	if (!want->set || !want->v)
		return 0;
	if (factor_policy_l3())
		return err_field(e, field, "method_off", "off by policy");
	return proved ? 0 : err_field(e, field, "address_not_proved",
	    "no proved address of that kind");
}

static int
channels_work(struct db *db, void *arg, struct err *e)
{
	struct change *x = arg;
	struct mfa before, now;

	if (hold(db, x, &before, e) < 0 || mfa_set_channels(db, x->u->id,
	    x->sms, x->email, e) < 0 || hold(db, x, &now, e) < 0)
		return -1;
	x->event = factor_on(&now) ? "mfa_channels" : "mfa_off";
	x->template = factor_on(&now) ? "mfa_on" : "mfa_off";
	/* The first factor: codes for the day the phone is lost, and nobody
	 * stays signed in without it. */
	x->new_codes = factor_on(&now) && !factor_on(&before);
	if (x->new_codes && grant_end_others(db, x->u->id,
	    x->c->who.session_id, "mfa_on", &x->others, e) < 0)
		return -1;
	return void_codes(db, x, &now, e) < 0 ? -1 : change_rest(db, x, e);
}

int
mfa_patch(struct call *c, const void *in_, struct err *e)
{
	const struct channels_in *in = in_;
	struct user u;
	struct mfa m;
	struct change x = { .c = c, .u = &u, .m = &m };
	struct jw *w;

	if (factor_account(c, &u, &m, e) < 0 ||
	    may_choose("sms", &in->sms, m.phone_proved, e) < 0 ||
	    may_choose("email", &in->email, m.email_proved, e) < 0)
		return -1;
	x.sms = in->sms.set ? &in->sms.v : NULL;
	x.email = in->email.set ? &in->email.v : NULL;
	prepare(&x);
	if (db_tx(c->db, channels_work, &x, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "message", resp_say(c->resp,
	    "The second factors have been changed."));
	if (x.new_codes)
		write_codes(w, &x.codes);
	resp_json_end(c->resp);
	finish(&x);
	return 0;
}

/* --- recovery codes ------------------------------------------------------------------- */

int
recovery_get(struct call *c, const void *in, struct err *e)
{
	struct user u;
	struct mfa m;
	struct jw *w;

	(void)in;
	if (factor_account(c, &u, &m, e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_i64(w, "left", m.recovery_left);
	resp_json_end(c->resp);
	return 0;
}

static int
recovery_work(struct db *db, void *arg, struct err *e)
{
	struct change *x = arg;
	struct mfa now;

	if (hold(db, x, &now, e) < 0)
		return -1;
	if (!factor_on(&now))
		return err_set(e, ERR_CONFLICT, "no_factor",
		    "user %" PRIu64 " has no second factor", x->u->id);
	return change_rest(db, x, e);
}

int
recovery_post(struct call *c, const void *in, struct err *e)
{
	struct user u;
	struct mfa m;
	struct change x = { .c = c, .u = &u, .m = &m,
	    .event = "recovery_new", .template = "recovery_new",
	    .new_codes = true };
	struct jw *w;

	(void)in;
	if (factor_account(c, &u, &m, e) < 0)
		return -1;
	prepare(&x);
	if (db_tx(c->db, recovery_work, &x, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "message", resp_say(c->resp,
	    "Older recovery codes are void."));
	write_codes(w, &x.codes);
	jw_i64(w, "left", RECOVERY_CODES);
	resp_json_end(c->resp);
	finish(&x);
	return 0;
}
