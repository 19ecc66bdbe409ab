/*
 * gate.c - GET /api/auth/gate: may this visitor see the page behind?
 *
 * Called by nginx's auth_request with its own parameters (D14).  Answers
 * only 204, 401, 403 and 503.  With a fresh revocation list it runs no SQL.
 */
#include "api/answer.h"
#include "auth/country.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"

#include <strings.h>

#define URL_MAX		2000
#define SIGN_LIFE_S	600
#define FRESH_BACK_S	2

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
		return strstr(who->amr, "mfa") != NULL;
	/* Unknown words (a group we do not have, a typing error) close. */
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
 * Where to sign in, with a return address that we signed: the console follows
 * only those (no open redirect).  Made from the public URL, never from Host.
 */
static void
signin_header(struct call *c)
{
	const struct keyring *k = token_keys();
	const char *url = c->req->orig_url;
	char mac_hex[2 * 32 + 1], until[24];
	uint8_t mac[32];
	int n = snprintf(until, sizeof(until), "%" PRId64,
	    clock_now() / US_PER_S + SIGN_LIFE_S);
	const struct crypto_part part[] = {
		{ "gatepost return", sizeof("gatepost return") },
		{ url, strlen(url) + 1 }, { until, (size_t)n },
	};

	if (*url == '\0' || strlen(url) > URL_MAX || text_has_control(url)) {
		resp_headerf(c->resp, "X-Gatepost-Signin", "%s/console/signin",
		    conf_str(CONF_PUBLIC_URL));
		return;
	}
	hmac_sha256_parts(mac, k->mac, sizeof(k->mac), part, COUNT_OF(part));
	hex_encode(mac_hex, mac, sizeof(mac));
	resp_headerf(c->resp, "X-Gatepost-Signin",
	    "%s/console/signin?rd=%s&until=%s&sig=%s",
	    conf_str(CONF_PUBLIC_URL), url_encode(c->arena, url), until,
	    mac_hex);
}

/* In the last third of its life a fresh token of the same session (D15).  A
 * failure leaves the visitor with the good one they have. */
static void
freshen(struct call *c, const char *bearer)
{
	const struct caller *who = &c->who;
	int64_t now_s = clock_now() / US_PER_S;
	struct err e = ERR_INIT;
	struct access_claims a;
	const char *token;

	if (now_s < who->exp_s - (who->exp_s - who->iat_s) / 3 ||
	    access_check(c->arena, bearer, strlen(bearer), &a, &e) < 0 ||
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

int
gate_check(struct call *c, const void *in, struct err *e)
{
	const struct req *q = c->req;
	const char *bearer = q->authorization;

	(void)in;
	if (!text_starts(bearer, "Bearer "))
		return refuse(c, e);
	bearer += strlen("Bearer ");
	if (text_starts(bearer, "gp_"))	/* tokens of scripts are no visitors */
		return refuse(c, e);
	if (grant_check(c->db, c->arena, q, bearer, &c->who, e) < 0)
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
	freshen(c, bearer);
	resp_headerf(c->resp, "X-Gatepost-User", "%" PRIu64, c->who.user_id);
	resp_header(c->resp, "X-Gatepost-Groups", c->who.is_superuser ?
	    "superuser,staff" : c->who.is_staff ? "staff" : "");
	resp_header(c->resp, "X-Gatepost-Email", c->who.email);
	resp_no_store(c->resp);
	resp_empty(c->resp, 204);
	return 0;
}
