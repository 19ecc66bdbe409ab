/*
 * enter.c - where every way in ends: a session, or the second step first.
 *
 * What must stay true: whether an account has a second factor is read with
 * its row held, in the transaction that begins the session, so no session
 * without it slips in beside the moment it is turned on (S67); so is whether
 * the password that was shown is the account's still, or a sign-in on its way
 * would outlive a change of it (S11).
 */
#include "api/answer.h"
#include "api/social_own.h"

#include "auth/country.h"
#include "auth/device_name.h"
#include "auth/factor.h"
#include "auth/grant.h"
#include "auth/notice.h"
#include "auth/throttle.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/known_device.h"

#define DEVICE_BYTES	16

struct signin_work {
	struct call		*c;
	const struct signin	*s;
	struct grant		 g;
	const char		*device;
	uint8_t			 device_hash[32];
	bool			 tell;		/* a device not seen before */
	uint64_t		 notice_ids[2];
	const char		*detail;
	bool			 stale;		/* the password changed */
	/* a second step */
	bool			 due;
	unsigned		 methods;
	char			 token[MFA_TOKEN_TEXT];
	uint8_t			 token_hash[32];
	uint64_t		 flow_id;
	/* step-up: the caller's session goes */
	bool			 replace;
	struct grant_ended	 ended;
};

/* The cookie keeps one token for all accounts of the browser. */
const char *
answer_device(struct call *c, uint8_t hash[32])
{
	const char *device = c->req->device_cookie;
	char fresh[B64_SIZE(DEVICE_BYTES)];

	if (strlen(device) != B64URL_SIZE(DEVICE_BYTES) - 1) {
		rand_token(fresh, sizeof(fresh), DEVICE_BYTES);
		device = arena_strdup(c->arena, fresh);
	}
	sha256(hash, device, strlen(device));
	return device;
}

/* An address once an hour: who signs in without cookies sends no flood. */
#define TELL_RULE	"signin_notice"
#define TELL_S		3600

static size_t
tell_subject(const struct signin_work *w, uint8_t out[24])
{
	memcpy(out, &w->s->u->id, 8);
	memcpy(out + 8, w->c->req->addr_key, 16);
	return 24;
}

/* Is the owner to be told?  Not of the first sign-in, which is the one that
 * proved the account. */
static int
judge_device(struct signin_work *w, struct err *e)
{
	struct call *c = w->c;
	const struct user *u = w->s->u;
	char name[DEVICE_NAME_MAX];
	enum lang l;
	uint8_t subject[24];
	int rc, wait;

	if (!conf_bool(CONF_SIGNIN_NOTICE) || u->last_login_us == 0 ||
	    !USER_PROVED(u) || w->replace)
		return 0;
	rc = known_device_is(c->db, w->device_hash, u->id, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = throttle_take(c->db, TELL_RULE, subject,
	    tell_subject(w, subject), 1, TELL_S, &wait, e);
	if (rc <= 0)
		return rc;
	w->tell = true;
	w->notice_ids[0] = rand_id();
	w->notice_ids[1] = rand_id();
	if (lang_of_locale(u->locale, &l) == 0)
		l = LANG_EN;
	device_name(c->req->user_agent, l, name);
	w->detail = strcmp(c->req->country, "ZZ") == 0 ?
	    arena_strdup(c->arena, name) :
	    arena_printf(c->arena, "%s, %s", name, c->req->country);
	return 0;
}

/* Nobody was told: the next time counts. */
static int
not_told(struct signin_work *w)
{
	struct err own = ERR_INIT;
	uint8_t subject[24];

	if (w->tell && throttle_give(w->c->db, TELL_RULE, subject,
	    tell_subject(w, subject), &own) < 0)
		log_err(LOG_WARN_, "sign-in notice", &own);
	return -1;
}

static int
second_step(struct db *db, struct signin_work *w, struct err *e)
{
	const struct mfa_flow_new n = {
		.id = w->flow_id, .user_id = w->s->u->id,
		.token_hash = w->token_hash, .amr = w->s->amr,
		.channel = w->s->channel, .life_s = MFA_LIFE_S,
	};

	if (mfa_flow_insert(db, &n, e) < 0)
		return -1;
	return answer_audit(w->c, "login", "mfa_due", w->s->u->id, 0, e);
}

static int
session(struct db *db, struct signin_work *w, struct err *e)
{
	struct call *c = w->c;
	const struct user *u = w->s->u;
	int rc = user_signed_in(db, u->id, c->req->remote_addr, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_AUTH,
		    "invalid_credentials", "user %" PRIu64
		    " was closed meanwhile", u->id);
	rc = w->replace ? grant_replace(db, c->arena, c->req, u, w->s->amr,
	    c->who.session_id, &w->g, &w->ended, e) :
	    grant_begin(db, c->arena, c->req, u, w->s->amr, &w->g, e);
	if (rc < 0 ||
	    known_device_add(db, w->device_hash, u->id, DEVICE_LIFE_S, e) < 0 ||
	    (w->tell && notice_everywhere(db, u, w->notice_ids, "new_signin",
	    w->detail, c->req->request_id, e) < 0))
		return -1;
	return answer_audit(c, w->replace ? "reauth" : "login", "ok", u->id,
	    w->g.session_id, e);
}

/* Session, device, last sign-in and audit row commit together: one wait for
 * the disk. */
static int
work(struct db *db, void *arg, struct err *e)
{
	struct signin_work *w = arg;
	const struct signin *s = w->s;
	struct user now;
	struct mfa m;
	int rc;

	memset(&w->ended, 0, sizeof(w->ended));
	if ((rc = user_lock(db, w->c->arena, s->u->id, &now, e)) < 0 ||
	    (rc == 1 && (rc = mfa_find(db, w->c->arena, s->u->id, &m,
	    e)) < 0))
		return -1;
	if (rc == 0)
		return err_set(e, ERR_AUTH, "invalid_credentials",
		    "user %" PRIu64 " is gone", s->u->id);
	w->stale = s->by_password && !USER_SAME_PASSWORD(s->u, &now);
	if (w->stale)
		return err_set(e, ERR_AUTH, "invalid_credentials",
		    "user %" PRIu64 " has another password by now",
		    s->u->id);
	w->due = factor_on(&m) && !amr_has(s->amr, "mfa");
	if (w->due && w->replace)	/* turned on in this moment */
		return err_set(e, ERR_FORBIDDEN, "second_factor_required",
		    "user %" PRIu64, s->u->id);
	if (s->with != NULL && s->with(db, s->arg, e) < 0)
		return -1;
	w->methods = factor_methods(&m, s->channel);
	return w->due ? second_step(db, w, e) : session(db, w, e);
}

static int
begin(struct signin_work *w, struct signed_in *in, struct err *e)
{
	struct call *c = w->c;

	/* Before a second factor is asked for, and again where the session
	 * begins. */
	if (country_user(c->req, w->s->u->allowed_countries, e) < 0)
		return answer_refused(c, "login", w->s->u->id, e);
	w->device = answer_device(c, w->device_hash);
	mfa_token_make(w->token, w->token_hash);
	w->flow_id = rand_id();
	if (judge_device(w, e) < 0)
		return -1;
	if (db_tx(c->db, work, w, e) < 0) {
		(void)not_told(w);
		/* A step-up's refusal is its own row's to keep. */
		return w->stale && !w->replace ? answer_refused(c, "login",
		    w->s->u->id, e) : -1;
	}
	grant_publish(&w->ended);
	if (w->due)
		(void)not_told(w);
	else if (w->tell)
		notice_ring();
	memset(in, 0, sizeof(*in));
	in->due = w->due;
	if (w->due) {
		in->mfa_token = arena_strdup(c->arena, w->token);
		in->methods = w->methods;
		return 0;
	}
	resp_header(c->resp, "X-Auth-Device", w->device);
	in->access = w->g.access;
	in->refresh = w->g.refresh;
	in->session_id = w->g.session_id;
	return 0;
}

int
signin_begin(struct call *c, const struct signin *s, struct signed_in *in,
    struct err *e)
{
	struct signin_work w = { .c = c, .s = s };

	if (begin(&w, in, e) < 0)
		return -1;
	resp_no_store(c->resp);
	if (!in->due)
		resp_set_tokens(c->resp, in->access, in->refresh);
	return 0;
}

void
answer_mfa_due(struct call *c, const struct signin *s,
    const struct signed_in *in)
{
	struct jw *w;

	resp_no_store(c->resp);
	resp_speak(c->resp, s->u->locale);
	w = resp_json(c->resp, 200);
	if (s->message != NULL)
		jw_str(w, "message", resp_say(c->resp, s->message));
	jw_bool(w, "mfa_required", true);
	jw_str(w, "mfa_token", in->mfa_token);
	jw_array(w, "methods");
	for (unsigned f = 1; f < 1U << FACTORS; f <<= 1)
		if (in->methods & f)
			jw_str(w, NULL, factor_word((enum factor)f));
	jw_end(w);
	jw_i64(w, "expires_in", MFA_LIFE_S);
	resp_json_end(c->resp);
}

const char *
answer_signin_page(struct arena *a, const char *next, const char *what)
{
	return text_starts(next, SIGNIN_PAGE) ?
	    arena_printf(a, "%.*s#%s", (int)strcspn(next, "#"), next, what) :
	    arena_printf(a, SIGNIN_PAGE "?rd=%s#%s", url_encode(a, next),
	    what);
}

void
answer_onward(struct call *c, int status, const struct signed_in *in,
    const char *next)
{
	const char *list = "";

	if (in->due) {
		for (unsigned f = 1; f < 1U << FACTORS; f <<= 1)
			if (in->methods & f)
				list = arena_printf(c->arena, "%s%s%s", list,
				    *list == '\0' ? "" : ",",
				    factor_word((enum factor)f));
		next = answer_signin_page(c->arena, next, arena_printf(
		    c->arena, "mfa_token=%s&methods=%s", in->mfa_token,
		    list));
	}
	resp_empty(c->resp, status);
	resp_header(c->resp, "Location", return_url(c->arena, next));
	resp_no_store(c->resp);
}

static void
answer_session(struct call *c, const struct signin *s, const struct grant *g)
{
	struct jw *w;

	if (s->form != SIGNIN_TOKEN)
		resp_speak(c->resp, s->u->locale);
	w = resp_json(c->resp, 200);
	if (s->message != NULL)
		jw_str(w, "message", resp_say(c->resp, s->message));
	if (s->form == SIGNIN_TOKEN) {
		/* The answer of /api/token/, word for word. */
		answer_tokens_short(c, w, g);
		jw_str(w, "email", s->u->email);
		resp_json_end(c->resp);
		return;
	}
	jw_bool(w, "success", true);
	answer_tokens(c, w, g);
	answer_user(w, "user", s->u);
	if (!answer_cookies_only(c->req)) {
		jw_object(w, "data");
		jw_str(w, "refresh", g->refresh);
		jw_str(w, "access", g->access);
		jw_end(w);
	}
	if (s->more != NULL)
		s->more(w, s->arg);
	resp_json_end(c->resp);
}

int
answer_signin(struct call *c, const struct signin *s, struct err *e)
{
	struct signin_work w = { .c = c, .s = s };
	struct signed_in in;

	if (begin(&w, &in, e) < 0)
		return -1;
	if (in.due)
		answer_mfa_due(c, s, &in);
	else
		answer_session(c, s, &w.g);
	return 0;
}

int
answer_stepped_up(struct call *c, const struct signin *s, struct err *e)
{
	struct signin_work w = { .c = c, .s = s, .replace = true };
	struct signed_in in;

	if (begin(&w, &in, e) < 0)
		return -1;
	answer_session(c, s, &w.g);
	return 0;
}
