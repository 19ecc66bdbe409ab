/*
 * gate.c - GET /api/auth/gate: may this visitor see the page behind?
 *
 * Called by nginx's auth_request with its own parameters (D14).  Answers
 * only 204, 401, 403 and 503.  With a fresh revocation list it runs no SQL.
 */
#include "api/gate.h"

#include "api/answer.h"
#include "auth/country.h"
#include "auth/factor.h"
#include "auth/grant.h"
#include "auth/return_to.h"
#include "auth/site.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"

#include <strings.h>

#define STATE_BYTES	16
#define SIGN_LIFE_S	600
#define FRESH_BACK_S	2

const char *
gate_audience(const char *host)
{
	return site_of_host(host) == SITE_LISTED ? host : NULL;
}

bool
gate_state_ok(const char *state)
{
	uint8_t raw[STATE_BYTES];

	return b64url_decode(raw, sizeof(raw), state, strlen(state)) ==
	    STATE_BYTES;
}

/* Names of groups are compared as they are. */
static bool
in_group(const char *groups, const char *name, size_t n)
{
	for (const char *p = groups; *p != '\0'; p += *p == ',') {
		size_t len = strcspn(p, ",");

		if (len == n && memcmp(p, name, n) == 0)
			return true;
		p += len;
	}
	return false;
}

/* One requirement of nginx (GATEPOST_REQUIRE); all must hold. */
static bool
holds(const struct caller *who, const char *word, size_t n)
{
	if (n == 5 && strncmp(word, "staff", n) == 0)
		return who->is_staff || who->is_superuser;
	if (n == 9 && strncmp(word, "superuser", n) == 0)
		return who->is_superuser;
	if (n == 8 && strncmp(word, "verified", n) == 0)
		return who->verified;
	if (n == 3 && strncmp(word, "mfa", n) == 0)
		return amr_has(who->amr, "mfa");
	if (n > 6 && strncmp(word, "group:", 6) == 0)
		return in_group(who->groups, word + 6, n - 6);
	/* Unknown words (a typing error) close. */
	return false;
}

static bool
meets(const struct caller *who, const char *require)
{
	for (const char *p = require; *p != '\0';) {
		size_t n = strcspn(p, ", ");

		if (n > 0 && !holds(who, p, n))
			return false;
		p += n;
		p += strspn(p, ", ");
	}
	return true;
}

/*
 * At another host name what comes back is a one-time code, good only in the
 * browser that holds this cookie there (D15).  The one it has stays, or tabs
 * that are on their way would undo each other.  Returns the hex of its hash.
 */
static const char *
state_header(struct call *c)
{
	char fresh[B64URL_SIZE(STATE_BYTES)];
	const char *state = c->req->state_cookie;
	char *hex = arena_alloc(c->arena, 2 * 32 + 1);
	uint8_t hash[32];

	if (!gate_state_ok(state)) {
		rand_token(fresh, sizeof(fresh), STATE_BYTES);
		state = fresh;
	}
	resp_header(c->resp, "X-Auth-State", arena_strdup(c->arena, state));
	sha256(hash, state, strlen(state));
	hex_encode(hex, hash, sizeof(hash));
	return hex;
}

/*
 * Where to sign in, with a return address that we signed: sign-in follows
 * only those (no open redirect).  The Host of a request may be anybody's:
 * without our name, or one of the settings, there is no way back.
 */
static void
signin_header(struct call *c)
{
	struct return_to r = { .url = c->req->orig_url, .bind = "" };
	char until[24], mac[RETURN_MAC_TEXT];
	enum site site = SITE_OTHER;

	if (strlen(r.url) <= RETURN_URL_MAX && !text_has_control(r.url))
		site = site_of_url(c->arena, r.url, NULL, NULL);
	if (site == SITE_OTHER) {
		resp_headerf(c->resp, "X-Gatepost-Signin", "%s/console/signin",
		    conf_str(CONF_PUBLIC_URL));
		return;
	}
	if (site == SITE_LISTED)
		r.bind = state_header(c);
	snprintf(until, sizeof(until), "%" PRId64,
	    clock_now() / US_PER_S + SIGN_LIFE_S);
	r.until = until;
	return_sign(&r, mac);
	resp_headerf(c->resp, "X-Gatepost-Signin",
	    "%s/console/signin?rd=%s&until=%s&sig=%s%s%s",
	    conf_str(CONF_PUBLIC_URL), url_encode(c->arena, r.url), until,
	    mac, *r.bind == '\0' ? "" : "&bind=", r.bind);
}

/* In the last third of its life a fresh token of the same session (D15).  A
 * failure leaves the visitor with the good one they have. */
static void
freshen(struct call *c, const char *bearer, const char *aud)
{
	const struct caller *who = &c->who;
	int64_t now_s = clock_now() / US_PER_S;
	struct err e = ERR_INIT;
	struct access_claims a;
	const char *token;

	if (now_s < who->exp_s - (who->exp_s - who->iat_s) / 3 ||
	    access_check_for(c->arena, bearer, strlen(bearer), aud, &a,
	    &e) < 0 ||
	    a.exp_s >= a.session_end_s)
		return;
	/*
	 * Its claims are the old token's.  Were they outdated a moment ago and
	 * the revocation not here yet (1 s at most), a token dated now would
	 * outlive it; dated so, it does not (D8).
	 */
	a.iat_s = now_s - FRESH_BACK_S;
	a.exp_s = now_s + conf_int(CONF_ACCESS_LIFE_S);
	if (a.exp_s > a.session_end_s)
		a.exp_s = a.session_end_s;
	if (access_make(c->arena, &a, &token, &e) < 0)
		log_err(LOG_WARN_, "gate: a fresh token", &e);
	else
		resp_header(c->resp, "X-Auth-Access", token);
}

static int
refuse(struct call *c, struct err *e)
{
	signin_header(c);
	(void)e;
	resp_no_store(c->resp);
	resp_empty(c->resp, 401);
	return 0;
}

/* D14: whatever went wrong, nginx understands 503 only. */
static int
unable(struct err *e)
{
	if (e->kind != ERR_UNAVAILABLE) {
		log_err(LOG_ERROR_, "gate", e);
		err_set(e, ERR_UNAVAILABLE, "unavailable", "see above");
	}
	if (e->retry_after_s == 0)
		e->retry_after_s = 1;
	return -1;
}

/* Roles are named as if they were groups. */
static const char *
groups_of(struct arena *a, const struct caller *who)
{
	const char *role = who->is_superuser ? "superuser,staff" :
	    who->is_staff ? "staff" : "";

	return arena_printf(a, "%s%s%s", role,
	    *role == '\0' || who->groups[0] == '\0' ? "" : ",", who->groups);
}

int
gate_check(struct call *c, const void *in, struct err *e)
{
	const struct req *q = c->req;
	const char *bearer = q->authorization;
	const char *aud = gate_audience(q->host);

	(void)in;
	if (strncasecmp(bearer, "Bearer ", 7) != 0)
		return refuse(c, e);
	bearer += 7;
	bearer += strspn(bearer, " ");
	if (text_starts(bearer, "gp_"))	/* tokens of scripts are no visitors */
		return refuse(c, e);
	if (grant_check_for(c->db, c->arena, q, bearer, aud, &c->who, e) < 0)
		return e->kind == ERR_AUTH ? refuse(c, e) : unable(e);
	if (c->who.claim)
		return refuse(c, e);
	if (country_user(q, c->who.countries, e) < 0)
		return -1;
	if (*q->gate_countries != '\0' && !country_in(q, q->gate_countries))
		return err_set(e, ERR_FORBIDDEN, "country_not_allowed",
		    "%s: the location's rule", q->country);
	if (!meets(&c->who, q->gate_require))
		return err_set(e, ERR_FORBIDDEN, "forbidden",
		    "the gate requires %s", q->gate_require);
	freshen(c, bearer, aud);
	resp_headerf(c->resp, "X-Gatepost-User", "%" PRIu64, c->who.user_id);
	resp_header(c->resp, "X-Gatepost-Groups",
	    groups_of(c->arena, &c->who));
	resp_header(c->resp, "X-Gatepost-Email", c->who.email);
	resp_no_store(c->resp);
	resp_empty(c->resp, 204);
	return 0;
}
