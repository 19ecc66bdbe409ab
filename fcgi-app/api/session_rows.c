/*
 * session_rows.c - refresh, verify, logout, and the list of own sessions.
 */
#include "api/each.h"
#include "api/signin.h"
#include "auth/device_name.h"
#include "auth/grant.h"
#include "base/geo.h"
#include "base/text.h"
#include "store/known_device.h"
#include "store/session.h"

#define SESSIONS_SHOWN	100

struct refresh_in { const char *refresh; };
static const struct field refresh_rows[] = {
	FIELD_TEXT(struct refresh_in, refresh, "refresh", 0, 512, F_SECRET),
};
const struct fieldset refresh_fields =
    FIELDSET(struct refresh_in, refresh_rows, IN_BODY);
const struct fieldset logout_fields =
    FIELDSET(struct refresh_in, refresh_rows, IN_BODY);

struct verify_in { const char *token; };
static const struct field verify_rows[] = {
	FIELD_TEXT(struct verify_in, token, "token", 1, JWS_MAX,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset verify_fields =
    FIELDSET(struct verify_in, verify_rows, IN_BODY);

/* The body's token, else the cookie's. */
static const char *
shown(const struct call *c, const struct refresh_in *in)
{
	return in->refresh != NULL && *in->refresh != '\0' ? in->refresh :
	    c->req->refresh_cookie;
}

int
refresh_post(struct call *c, const void *in, struct err *e)
{
	const char *token = shown(c, in);
	struct grant g;
	struct jw *w;

	if (*token == '\0')
		return err_set(e, ERR_AUTH, "invalid_token",
		    "no refresh token");
	if (grant_refresh(c->db, c->arena, c->req, token, &g, e) < 0) {
		/* A dead cookie is cleared; a busy moment clears nothing, nor
		 * does a token of the body, which anybody may make up (S38). */
		if (e->kind == ERR_AUTH && token == c->req->refresh_cookie)
			resp_clear_tokens(c->resp);
		return -1;
	}
	w = resp_json(c->resp, 200);
	answer_tokens(c, w, &g);
	resp_json_end(c->resp);
	return 0;
}

/* The address outside /api/auth/: the cookie does not come here, the token is
 * in the body (D13). */
int
token_refresh_post(struct call *c, const void *in_, struct err *e)
{
	const struct refresh_in *in = in_;
	struct grant g;

	if (in->refresh == NULL || *in->refresh == '\0')
		return err_set(e, ERR_AUTH, "invalid_token",
		    "no refresh token in the body");
	if (grant_refresh(c->db, c->arena, c->req, in->refresh, &g, e) < 0)
		return -1;
	answer_tokens_short(c, resp_json(c->resp, 200), &g);
	resp_json_end(c->resp);
	return 0;
}

int
verify_post(struct call *c, const void *in_, struct err *e)
{
	const struct verify_in *in = in_;
	uint64_t session_id;
	uint32_t counter;
	struct caller who;
	struct session s;
	int rc;

	if (refresh_parse(in->token, &session_id, &counter)) {
		if ((rc = session_find(c->db, c->arena, session_id, &s,
		    e)) < 0)
			return -1;
		if (rc == 0 || !session_alive(&s) || (counter != s.current &&
		    counter != s.parent))
			return err_set(e, ERR_AUTH, "invalid_token",
			    "a refresh token that is not good");
	} else if (text_starts(in->token, "gp_")) {
		return err_set(e, ERR_AUTH, "invalid_token",
		    "admin tokens are not verified here");
	} else if (grant_check(c->db, c->arena, c->req, in->token, &who,
	    e) < 0) {
		return -1;
	}
	resp_no_store(c->resp);
	resp_json(c->resp, 200);
	resp_json_end(c->resp);
	return 0;
}

/* --- ends ----------------------------------------------------------------------- */

/* Sessions and the word of the audit about them end in one transaction. */
struct ending {
	struct call	*c;
	uint64_t	 user_id, session_id;	/* 0: all but the caller's */
	const char	*reason, *event;
	struct grant_ended ended;
	int		 n;
};

static int
end_work(struct db *db, void *arg, struct err *e)
{
	struct ending *x = arg;
	const bool one = x->session_id != 0;
	const uint64_t own = x->c->who.session_id;

	x->n = one ? grant_end(db, x->user_id, x->session_id, x->reason,
	    &x->ended, e) :
	    grant_end_others(db, x->user_id, own, x->reason, &x->ended, e);
	if (x->n < 0)
		return -1;
	/* What was dead already is no news. */
	return one && x->n == 0 ? 1 : answer_audit(x->c, x->event, "ok",
	    x->user_id, one ? x->session_id : own, e);
}

/* How many ended, or -1. */
static int
end(struct call *c, uint64_t user_id, uint64_t session_id, const char *reason,
    const char *event, struct err *e)
{
	struct ending x = { .c = c, .user_id = user_id,
	    .session_id = session_id, .reason = reason, .event = event };

	if (db_tx(c->db, end_work, &x, e) < 0)
		return -1;
	grant_publish(&x.ended);
	return x.n;
}

/* A session that is dead already is no error to who wants it dead. */
int
signin_out(struct call *c, const char *token, struct err *e)
{
	uint64_t session_id = c->who.session_id, user_id = c->who.user_id;
	uint32_t counter;
	struct session s;
	int rc;

	resp_clear_tokens(c->resp);
	if (session_id == 0 && refresh_parse(token, &session_id, &counter)) {
		if ((rc = session_find(c->db, c->arena, session_id, &s,
		    e)) < 0)
			return -1;
		user_id = rc == 1 ? s.user_id : 0;
	}
	if (session_id == 0 || user_id == 0)
		return err_set(e, ERR_AUTH, "invalid_token",
		    "neither access nor refresh token");
	if (end(c, user_id, session_id, "logout", "logout", e) < 0)
		return -1;
	resp_no_store(c->resp);
	return 0;
}

int
logout_post(struct call *c, const void *in, struct err *e)
{
	struct jw *w;

	if (signin_out(c, shown(c, in), e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_str(w, "message", resp_say(c->resp, "You have logged out"));
	jw_bool(w, "success", true);
	jw_object(w, "data");
	jw_str(w, "message", resp_say(c->resp, "You have logged out"));
	jw_end(w);
	resp_json_end(c->resp);
	return 0;
}

int
logout_status_post(struct call *c, const void *in_, struct err *e)
{
	const struct refresh_in *in = in_;
	struct jw *w;

	if (signin_out(c, in->refresh == NULL ? "" : in->refresh, e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_str(w, "status", resp_say(c->resp, "You have logged out"));
	resp_json_end(c->resp);
	return 0;
}

/* --- own sessions --------------------------------------------------------------- */

/* All live ones at once: there are at most a hundred. */
const struct fieldset sessions_fields = FIELDSET_NONE;

struct listing {
	struct call		*c;
	struct jw		*w;
	struct session_seen	 s;
};

static int
write_session(void *arg, struct err *e)
{
	struct listing *l = arg;
	const struct session_seen *s = &l->s;
	char device[DEVICE_NAME_MAX], city[GEO_CITY_TEXT];

	(void)e;
	geo_city(s->ip == NULL ? "" : s->ip, city);
	jw_object(l->w, NULL);
	jw_id(l->w, "id", s->id);
	jw_bool(l->w, "current", s->id == l->c->who.session_id);
	jw_time(l->w, "created_at", s->created_at_us);
	jw_time(l->w, "last_seen_at", s->seen_at_us);
	jw_time(l->w, "ends_at", s->ends_at_us);
	jw_str(l->w, "ip", s->ip);
	jw_str(l->w, "last_ip", s->last_ip);
	jw_str(l->w, "country", s->country);
	jw_str(l->w, "city", city);
	jw_str(l->w, "device", device_name(s->user_agent,
	    resp_lang(l->c->resp), device));
	jw_str(l->w, "user_agent", s->user_agent);
	jw_str(l->w, "amr", s->amr);
	jw_bool(l->w, "impersonated", s->actor_id != 0);
	jw_end(l->w);
	return 0;
}

int
sessions_get(struct call *c, const void *in, struct err *e)
{
	struct listing l = { .c = c };
	int n;

	(void)in;
	/* Asked now: while rows come, the connection is theirs. */
	(void)resp_lang(c->resp);
	l.w = resp_json(c->resp, 200);
	jw_array(l.w, "results");
	n = session_each(c->db, c->arena, c->who.user_id, SESSIONS_SHOWN,
	    &l.s, write_session, &l, e);
	if (n < 0)
		return -1;
	jw_end(l.w);
	jw_i64(l.w, "count", n);
	jw_null(l.w, "next");
	jw_null(l.w, "previous");
	resp_json_end(c->resp);
	return 0;
}

int
session_delete(struct call *c, const void *in, struct err *e)
{
	uint64_t id;
	int n;

	(void)in;
	/* 0 would mean all of them. */
	if (!text_u64(c->param[0], INT64_MAX, &id) || id == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found", "no such id");
	if ((n = end(c, c->who.user_id, id, "revoked",
	    "session_revoked", e)) < 0)
		return -1;
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "not a live session of the caller");
	if (id == c->who.session_id)
		resp_clear_tokens(c->resp);
	resp_empty(c->resp, 204);
	return 0;
}

/* Those that are named; the caller's own among them signs him out. */
int
sessions_revoke(struct call *c, const void *in_, struct err *e)
{
	const struct each_in *in = in_;
	const char *own = arena_printf(c->arena, "%" PRIu64,
	    c->who.session_id);

	if (each_id(c, &in->ids, 0, session_delete, e) < 0)
		return -1;
	for (size_t i = 0; i < in->ids.n; i++)
		if (strcmp(in->ids.p[i], own) == 0)
			resp_clear_tokens(c->resp);
	resp_json_end(c->resp);
	return 0;
}

int
sessions_revoke_others(struct call *c, const void *in, struct err *e)
{
	struct jw *w;
	int n = end(c, c->who.user_id, 0, "revoked", "sessions_revoked", e);

	(void)in;
	if (n < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_i64(w, "revoked", n);
	resp_json_end(c->resp);
	return 0;
}

struct all { struct call *c; struct grant_ended ended; int n; };

/* Remembered browsers go too: who asks for this has lost one. */
static int
all_work(struct db *db, void *arg, struct err *e)
{
	struct all *w = arg;
	const uint64_t id = w->c->who.user_id;

	if ((w->n = grant_end_all(db, id, "revoked", &w->ended, e)) < 0 ||
	    known_device_forget(db, id, e) < 0)
		return -1;
	return answer_audit(w->c, "sessions_revoked", "ok", id,
	    w->c->who.session_id, e);
}

int
sessions_revoke_all(struct call *c, const void *in, struct err *e)
{
	struct all w = { .c = c };
	struct jw *j;

	(void)in;
	if (db_tx(c->db, all_work, &w, e) < 0)
		return -1;
	grant_publish(&w.ended);
	resp_clear_tokens(c->resp);
	j = resp_json(c->resp, 200);
	jw_i64(j, "revoked", w.n);
	resp_json_end(c->resp);
	return 0;
}
