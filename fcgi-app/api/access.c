/*
 * access.c - who calls, and whether the row lets them.
 *
 * What must stay true: an admin token never comes out of a cookie (S70), and
 * a row says in one word who may call it.
 */
#include "api/dispatch_own.h"
#include "api/fresh.h"
#include "auth/country.h"
#include "base/conf.h"
#include "store/session.h"

/* Kept push rows take the token in the body too (API.md). */
static const char *
body_token(const struct call *c)
{
	if (c->route->style != STYLE_P || route_word(c->route) != SCOPE_PUSH ||
	    c->req->auth_source == AUTH_HEADER)
		return NULL;
	return bind_peek_text(c->req, "admin_token");
}

static int
check_body_token(struct call *c, const char *token, struct err *e)
{
	struct req plain = *c->req;

	/* It did not come from the cookie that may be there as well. */
	plain.auth_source = AUTH_HEADER;
	if (grant_check(c->db, c->arena, &plain, token, &c->who, e) < 0)
		return -1;
	if (c->who.kind != CALLER_ADMIN_TOKEN)
		return err_set(e, ERR_AUTH, "invalid_token",
		    "admin_token is no admin token");
	c->who.by_cookie = false;
	return 0;
}

static bool
credential_optional(const struct route *r)
{
	return route_word(r) == ANYONE || route_word(r) == GUEST ||
	    route_word(r) == REFRESH || route_word(r) == HOLDER;
}

/* A claim's token says so until it ends, and its account may have been proved
 * since: clients of /api/token/ prove it and go on with the same token. */
static int
claim_still(struct call *c, struct err *e)
{
	struct session s;
	int rc;

	/* Rows that serve a claim, or anybody, need not know. */
	if (!c->who.claim || c->db == NULL || credential_optional(c->route) ||
	    route_word(c->route) == USER_CLAIM)
		return 0;
	if ((rc = session_find(c->db, c->arena, c->who.session_id, &s,
	    e)) < 0)
		return -1;
	if (rc == 1 && session_alive(&s) && !s.claim) {
		c->who.claim = false;
		c->who.verified = true;
	}
	return 0;
}

int
access_identify(struct call *c, struct err *e)
{
	const char *token, *bearer;
	int rc;

	memset(&c->who, 0, sizeof(c->who));
	/* The gate judges by itself: it needs no database (D2). */
	if (c->route->pool == POOL_GATE && route_word(c->route) == ANYONE)
		return 0;
	if ((token = body_token(c)) != NULL)
		return check_body_token(c, token, e);
	if ((bearer = req_bearer(c->req)) == NULL)
		return credential_optional(c->route) ? 0 : err_set(e,
		    ERR_AUTH, "sign_in_required", "no credential");
	rc = grant_check(c->db, c->arena, c->req, bearer, &c->who, e);
	if (rc == 0)
		rc = claim_still(c, e);
	if (rc < 0 && credential_optional(c->route) &&
	    (e->kind == ERR_AUTH || route_word(c->route) == ANYONE)) {
		/* A browser sends its stale cookie to sign-in too.  But who
		 * could not be asked about is no stranger: a sign-out while
		 * the database is away is 503, not 401. */
		memset(&c->who, 0, sizeof(c->who));
		err_clear(e);
		return 0;
	}
	if (rc == 0)
		c->who.by_cookie = c->req->auth_source == AUTH_COOKIE;
	/* Whoever acts is somebody where only guests may come. */
	if (rc == 0 && c->who.act_id != 0 && !route_acting(c->route) &&
	    credential_optional(c->route) && route_word(c->route) != GUEST)
		memset(&c->who, 0, sizeof(c->who));
	return rc;
}

static int
refuse(struct err *e, const char *code)
{
	return err_set(e, ERR_FORBIDDEN, code, "access word");
}

static int
need_session(const struct caller *w, bool claim_too, struct err *e)
{
	if (w->kind != CALLER_SESSION)
		return refuse(e, "session_required");
	return w->claim && !claim_too ? refuse(e, "not_verified") : 0;
}

static bool
is_admin(const struct caller *w)
{
	return w->kind == CALLER_SESSION && !w->claim &&
	    (w->is_staff || w->is_superuser);
}

/* GATEPOST_USER_SEND: who may send messages of his own (API.md). */
static bool
user_may_send(const struct caller *w)
{
	const char *word = conf_str(CONF_USER_SEND);

	if (w->kind != CALLER_SESSION)
		return false;
	return strcmp(word, "all") == 0 || (strcmp(word, "proved") == 0 &&
	    w->verified && !w->claim);
}

/* By session admins hold every scope. */
static int
need_scope(const struct caller *w, unsigned scope, struct err *e)
{
	if (is_admin(w) || (w->kind == CALLER_ADMIN_TOKEN &&
	    (w->scopes & scope) != 0))
		return 0;
	return refuse(e, w->kind == CALLER_ADMIN_TOKEN ? "scope_required" :
	    "role_required");
}

static int
need_fresh(const struct caller *w, struct err *e)
{
	if (need_session(w, false, e) < 0)
		return -1;
	return fresh_session(w) ? 0 : refuse(e, "reauth_required");
}

static int
may_call(const struct call *c, struct err *e)
{
	const struct caller *w = &c->who;

	if (w->act_id != 0 && !route_acting(c->route))
		return refuse(e, "impersonated");
	switch (route_word(c->route)) {
	case ANYONE:
	case REFRESH:
	case HOLDER:
		return 0;
	case GUEST:
		return w->kind == CALLER_NOBODY ? 0 : refuse(e, "forbidden");
	case USER:
	case ROLE_AUTHOR:
		return need_session(w, false, e);
	case USER_CLAIM:
		return need_session(w, true, e);
	case USER_FRESH:
		return need_fresh(w, e);
	case ROLE_SENDER:
		if (user_may_send(w))
			return 0;
		if (w->kind == CALLER_SESSION && strcmp(conf_str(
		    CONF_USER_SEND), "proved") == 0 && !is_admin(w))
			return refuse(e, "not_verified");
		return need_scope(w, SCOPE_BIT_SEND, e);
	case ROLE_ADMIN:
		return is_admin(w) ? 0 : refuse(e, "role_required");
	case ROLE_SUPERUSER:
		return is_admin(w) && w->is_superuser ? 0 :
		    refuse(e, "role_required");
	case SCOPE_PUSH:
		return need_scope(w, SCOPE_BIT_PUSH, e);
	case SCOPE_SEND:
		return need_scope(w, SCOPE_BIT_SEND, e);
	case SCOPE_ADMIN:
		return need_scope(w, SCOPE_BIT_ADMIN, e);
	case OWN_SENDS:
		if (w->kind == CALLER_ADMIN_TOKEN)
			return need_scope(w, SCOPE_BIT_PUSH | SCOPE_BIT_SEND,
			    e);
		return need_session(w, false, e);
	}
	return refuse(e, "forbidden");
}

/*
 * Tokens of scripts have networks instead; who signs out may do so from
 * anywhere.  Where nobody can sign in, nobody signs up or is sent a code
 * (HOME); a sign-in itself is told so behind the right password (S20), and a
 * refresh behind the check for theft.
 */
int
access_allow(const struct call *c, struct err *e)
{
	if (may_call(c, e) < 0 || country_route(c->req, e) < 0)
		return -1;
	if (route_home(c->route) && c->who.kind != CALLER_ADMIN_TOKEN &&
	    country_user(c->req, NULL, e) < 0)
		return -1;
	return c->who.kind != CALLER_SESSION ||
	    credential_optional(c->route) ? 0 :
	    country_user(c->req, c->who.countries, e);
}
