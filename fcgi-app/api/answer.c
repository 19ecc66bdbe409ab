/*
 * answer.c - what sign-in and profile answers are made of.
 */
#include "api/answer.h"

#include "auth/audit.h"
#include "auth/country.h"
#include "auth/device_name.h"
#include "auth/grant.h"
#include "auth/notice.h"
#include "auth/throttle.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mail.h"
#include "base/phone.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/known_device.h"

#define DEVICE_BYTES	16
#define DEVICE_TEXT	22		/* base64url of them, unpadded */
#define DEVICE_LIFE_S	(90 * 24 * 60 * 60)	/* the cookie's (D13) */

void
answer_user(struct jw *w, const char *key, const struct user *u)
{
	if (key != NULL)
		jw_object(w, key);
	jw_u64(w, "id", u->id);
	jw_str(w, "first_name", u->first_name);
	jw_str(w, "last_name", u->last_name);
	jw_str(w, "phone_number", u->phone);
	jw_str(w, "email", u->email);
	jw_str(w, "birthday", u->birthday);
	jw_str(w, "gender", u->gender);
	jw_str(w, "locale", u->locale);
	jw_str(w, "time_zone", u->time_zone);
	jw_bool(w, "is_staff", u->is_staff);
	jw_bool(w, "is_superuser", u->is_superuser);
	jw_bool(w, "is_active", u->is_active);
	jw_bool(w, "is_verified", USER_PROVED(u));
	jw_bool(w, "phone_verified", u->phone_verified);
	jw_bool(w, "email_verified", u->email_verified);
	jw_time(w, "created_at", u->created_us);
	if (key != NULL)
		jw_end(w);
}

/* Is `tokens=cookie` a member of the query? */
static bool
cookies_only(const struct req *q)
{
	static const char want[] = "tokens=cookie";
	const char *p = q->query;

	while (*p != '\0') {
		size_t n = strcspn(p, "&");

		if (n == sizeof(want) - 1 && memcmp(p, want, n) == 0)
			return true;
		p += n;
		p += *p == '&';
	}
	return false;
}

void
answer_tokens(struct call *c, struct jw *w, const struct grant *g)
{
	resp_no_store(c->resp);
	resp_set_tokens(c->resp, g->access, g->refresh);
	if (cookies_only(c->req))
		return;
	jw_str(w, "access_token", g->access);
	jw_str(w, "refresh_token", g->refresh);
	jw_str(w, "access", g->access);
	jw_str(w, "refresh", g->refresh);
}

void
answer_tokens_short(struct call *c, struct jw *w, const struct grant *g)
{
	resp_no_store(c->resp);
	resp_set_tokens(c->resp, g->access, g->refresh);
	if (cookies_only(c->req))
		return;
	jw_str(w, "refresh", g->refresh);
	jw_str(w, "access", g->access);
}

int
answer_audit(struct call *c, const char *event, const char *outcome,
    uint64_t user_id, uint64_t session_id, struct err *e)
{
	const struct audit_event ev = {
		.event = event, .outcome = outcome, .user_id = user_id,
		.actor_id = c->who.act_id != 0 ? c->who.act_id :
		    c->who.user_id, .session_id = session_id,
	};

	return audit_add(c->db, c->req, &ev, e);
}

int
answer_refused(struct call *c, const char *event, uint64_t user_id,
    struct err *e)
{
	struct err own = ERR_INIT;

	if (e->kind != ERR_INPUT && e->kind != ERR_AUTH &&
	    e->kind != ERR_FORBIDDEN)
		return -1;
	if (answer_audit(c, event, "refused", user_id, c->who.session_id,
	    &own) < 0)
		*e = own;
	return -1;
}

struct session_work {
	struct call		*c;
	const struct signin	*s;
	struct grant		 g;
	const char		*device;
	uint8_t			 device_hash[32];
	bool			 tell;		/* a device not seen before */
	uint64_t		 notice_ids[2];
	const char		*detail;
};

/* The cookie keeps one token for all accounts of the browser. */
static void
choose_device(struct session_work *w)
{
	char fresh[B64_SIZE(DEVICE_BYTES)];

	w->device = w->c->req->device_cookie;
	if (strlen(w->device) != DEVICE_TEXT) {
		rand_token(fresh, sizeof(fresh), DEVICE_BYTES);
		w->device = arena_strdup(w->c->arena, fresh);
	}
	sha256(w->device_hash, w->device, strlen(w->device));
}

/* An address once an hour: who signs in without cookies sends no flood. */
#define TELL_RULE	"signin_notice"
#define TELL_S		3600

static size_t
tell_subject(const struct session_work *w, uint8_t out[24])
{
	memcpy(out, &w->s->u->id, 8);
	memcpy(out + 8, w->c->req->addr_key, 16);
	return 24;
}

/* Is the owner to be told?  Not of the first sign-in, which is the one that
 * proved the account. */
static int
judge_device(struct session_work *w, struct err *e)
{
	struct call *c = w->c;
	const struct user *u = w->s->u;
	char name[DEVICE_NAME_MAX];
	uint8_t subject[24];
	int rc, wait;

	if (!conf_bool(CONF_SIGNIN_NOTICE) || u->last_login_us == 0 ||
	    !USER_PROVED(u))
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
	device_name(c->req->user_agent, name);
	w->detail = strcmp(c->req->country, "ZZ") == 0 ?
	    arena_strdup(c->arena, name) :
	    arena_printf(c->arena, "%s, %s", name, c->req->country);
	return 0;
}

/* Nobody was told: the next time counts. */
static int
not_told(struct session_work *w)
{
	struct err own = ERR_INIT;
	uint8_t subject[24];

	if (w->tell && throttle_give(w->c->db, TELL_RULE, subject,
	    tell_subject(w, subject), &own) < 0)
		log_err(LOG_WARN_, "sign-in notice", &own);
	return -1;
}

/* Session, device, last sign-in and audit row commit together: one wait for
 * the disk. */
static int
session_work(struct db *db, void *arg, struct err *e)
{
	struct session_work *w = arg;
	struct call *c = w->c;
	const struct user *u = w->s->u;
	int rc;

	if ((w->s->with != NULL && w->s->with(db, w->s->arg, e) < 0) ||
	    (rc = user_signed_in(db, u->id, c->req->remote_addr, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_AUTH, "invalid_credentials",
		    "user %" PRIu64 " was closed meanwhile", u->id);
	if (grant_begin(db, c->arena, c->req, u, w->s->amr, &w->g, e) < 0 ||
	    known_device_add(db, w->device_hash, u->id, DEVICE_LIFE_S, e) < 0 ||
	    (w->tell && notice_everywhere(db, u, w->notice_ids, "new_signin",
	    w->detail, c->req->request_id, e) < 0))
		return -1;
	return answer_audit(c, "login", "ok", u->id, w->g.session_id, e);
}

/* The answer of /api/token/, word for word. */
static void
answer_token(struct call *c, struct jw *w, const struct grant *g,
    const struct user *u)
{
	answer_tokens_short(c, w, g);
	jw_str(w, "email", u->email);
	resp_json_end(c->resp);
}

int
answer_signin(struct call *c, const struct signin *s, struct err *e)
{
	struct session_work work = { .c = c, .s = s };
	struct jw *w;

	/* Before a second factor is asked for, and again where the session
	 * begins. */
	if (country_user(c->req, s->u->allowed_countries, e) < 0)
		return answer_refused(c, "login", s->u->id, e);
	choose_device(&work);
	if (judge_device(&work, e) < 0)
		return -1;
	if (db_tx(c->db, session_work, &work, e) < 0)
		return not_told(&work);
	if (work.tell)
		notice_ring();
	resp_header(c->resp, "X-Auth-Device", work.device);
	w = resp_json(c->resp, 200);
	if (s->form == SIGNIN_TOKEN) {
		answer_token(c, w, &work.g, s->u);
		return 0;
	}
	resp_speak(c->resp, s->u->locale);
	if (s->message != NULL)
		jw_str(w, "message", resp_say(c->resp, s->message));
	jw_bool(w, "success", true);
	answer_tokens(c, w, &work.g);
	answer_user(w, "user", s->u);
	if (!cookies_only(c->req)) {
		jw_object(w, "data");
		jw_str(w, "refresh", work.g.refresh);
		jw_str(w, "access", work.g.access);
		jw_end(w);
	}
	resp_json_end(c->resp);
	return 0;
}

/* --- identifiers ------------------------------------------------------------- */

void
identifier_read(struct arena *a, const char *typed, struct identifier *id)
{
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1], phone[PHONE_MAX];
	const char *s = text_trim(a, typed);

	memset(id, 0, sizeof(*id));
	if (mail_parse(s, cmp, unique)) {
		id->kind = ID_EMAIL;
		id->email = arena_strdup(a, cmp);
		id->email_unique = arena_strdup(a, unique);
		id->text = arena_printf(a, "email:%s", id->email_unique);
	} else if (phone_normalise(s, conf_str(CONF_REGION), phone)) {
		id->kind = ID_PHONE;
		id->phone = arena_strdup(a, phone);
		id->text = arena_printf(a, "phone:%s", phone);
	} else {
		id->kind = ID_NONE;
		id->text = arena_printf(a, "other:%s", text_lower(a, s));
	}
}

int
identifier_find(struct db *db, struct arena *a, const struct identifier *id,
    struct user *u, struct err *e)
{
	/* Text that is neither is looked up like a phone: one statement. */
	if (id->kind == ID_EMAIL)
		return user_by_email(db, a, id->email, id->email_unique, u,
		    e);
	return user_by_phone(db, a, id->kind == ID_PHONE ? id->phone : "", u,
	    e);
}

int
identifier_claim(struct db *db, struct arena *a, const struct identifier *id,
    struct user *u, struct err *e)
{
	if (id->kind == ID_EMAIL)
		return user_claim_by_email(db, a, id->email, u, e);
	return user_claim_by_phone(db, a, id->kind == ID_PHONE ? id->phone :
	    "", u, e);
}
