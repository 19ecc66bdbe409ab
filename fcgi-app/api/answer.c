/*
 * answer.c - what sign-in and profile answers are made of.
 */
#include "api/answer.h"

#include "auth/audit.h"
#include "auth/grant.h"
#include "auth/otp.h"
#include "base/conf.h"
#include "base/mail.h"
#include "base/phone.h"
#include "base/text.h"
#include "store/stats.h"

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

void
answer_roles(struct jw *w, const char *key, const struct user_roles *r)
{
	jw_object(w, key);
	jw_bool(w, "is_active", r->is_active);
	jw_bool(w, "is_staff", r->is_staff);
	jw_bool(w, "is_superuser", r->is_superuser);
	jw_end(w);
}

bool
answer_cookies_only(const struct req *q)
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
	if (answer_cookies_only(c->req))
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
	if (answer_cookies_only(c->req))
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

	if (audit_add(c->db, c->req, &ev, e) < 0)
		return -1;
	if (strcmp(event, "login") != 0)
		return 0;
	c->signin = outcome;
	return stats_count_signin(c->db, outcome, e);
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

bool
identifier_proved(const struct identifier *id, const struct user *u)
{
	return id->kind == ID_PHONE ? u->phone_verified : u->email_verified;
}

int
answer_code_asked(struct call *c, const struct identifier *id,
    const struct user *owner, struct otp_start *s, const char *event,
    struct err *e)
{
	char register_id[REGISTER_ID_TEXT];
	struct jw *w;

	s->user_id = owner == NULL ? 0 : owner->id;
	s->channel = id->kind == ID_PHONE ? "sms" : "email";
	s->target = id->kind == ID_PHONE ? id->phone : id->email;
	s->mail_to = id->kind == ID_PHONE ? NULL :
	    owner == NULL ? id->email : owner->email;
	s->locale = owner == NULL ? NULL : owner->locale;
	if (otp_begin(c->db, c->req, s, register_id, e) < 0 ||
	    answer_audit(c, event, "ok", s->user_id, 0, e) < 0)
		return -1;
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "message", resp_say(c->resp,
	    "If the account exists, a code has been sent."));
	jw_str(w, "register_id", register_id);
	resp_json_end(c->resp);
	return 0;
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
