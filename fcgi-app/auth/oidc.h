/*
 * oidc.h - OpenID Connect, authorization code flow with PKCE (Core 1.0,
 * Discovery 1.0, RFC 7636, RFC 9207), as a client.  Calls out: out pool only.
 *
 * An answer is at most 64 KiB and 3.5 s; redirects are not followed; only
 * public addresses are called, or what GATEPOST_EGRESS_ALLOW names (S65).
 * Discovery and key sets are kept by the process for as long as their
 * Cache-Control says, a minute at least and an hour at most.
 */
#ifndef GP_AUTH_OIDC_H
#define GP_AUTH_OIDC_H

#include "auth/social.h"

/* Where to send the browser.  -1 ERR_UNAVAILABLE "provider_unavailable" or
 * "provider_misconfigured". */
int	 oidc_start(struct arena *a, const struct social_provider *p,
	    const char *redirect_uri, const struct social_visit *v,
	    const char **url, struct err *e) MUST_CHECK;

struct oidc_answer { const char *code, *iss; };	/* iss NULL: not sent */
/*
 * Exchange the code and prove who came.  -1 as above; ERR_INPUT
 * "invalid_grant" (the provider refuses the code), ERR_AUTH
 * "invalid_id_token" with the cause in detail, ERR_INPUT "wrong_issuer".
 */
int	 oidc_finish(struct arena *a, const struct social_provider *p,
	    const char *redirect_uri, const struct social_visit *v,
	    const struct oidc_answer *answer, struct social_person *who,
	    struct err *e) MUST_CHECK;

/*
 * Would a sign-in work?  Discovery, keys, and whether the token endpoint takes
 * our client id and secret: it is asked with a code that nobody was given.
 * 0, or -1 as oidc_start.
 */
int	 oidc_probe(struct arena *a, const struct social_provider *p,
	    const char *redirect_uri, struct err *e) MUST_CHECK;

/*
 * The claims' own checks, apart from fetching (tests): issuer, audience,
 * azp, times, nonce, at_hash (NULL access_token: not checked).
 */
struct oidc_want { const char *issuer, *client_id, *nonce, *access_token;
	int64_t now_s; bool google; int alg; };
struct json;
int	 oidc_claims(const struct json *claims, const struct oidc_want *want,
	    struct err *e) MUST_CHECK;
/*
 * Address and names as the issuer tells them, into the arena.  Google's
 * email_verified counts only where the address is its own: at gmail.com, or
 * with hd, a customer's domain.
 */
void	 oidc_person(struct arena *a, const struct social_provider *p,
	    const struct json *claims, struct social_person *who);

#endif
