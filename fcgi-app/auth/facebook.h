/*
 * facebook.h - Facebook Login by its Graph (PROVIDERS: it is no whole OpenID
 * provider).  Calls out: out pool only.
 *
 * Facebook says no email_verified: an address from it proves nothing here.
 */
#ifndef GP_AUTH_FACEBOOK_H
#define GP_AUTH_FACEBOOK_H

#include "auth/social.h"

const char *facebook_start(struct arena *a, const struct social_provider *p,
	    const char *redirect_uri, const struct social_visit *v);
/* Code for an access token; `verifier` may be NULL.  -1 as oidc_finish. */
int	 facebook_exchange(struct arena *a, const struct social_provider *p,
	    const char *redirect_uri, const char *code, const char *verifier,
	    const char **token, struct err *e) MUST_CHECK;
/*
 * Whose token.  `foreign`: it came from a client, so debug_token must say
 * that it is valid, of our app, and of the same person.  -1 ERR_AUTH
 * "invalid_access_token".
 */
int	 facebook_person(struct arena *a, const struct social_provider *p,
	    const char *token, bool foreign, struct social_person *who,
	    struct err *e) MUST_CHECK;
/* Does the Graph take our app id and secret?  As oidc_probe. */
int	 facebook_probe(struct arena *a, const struct social_provider *p,
	    const char *redirect_uri, struct err *e) MUST_CHECK;
/* Of a deletion callback: 1 and the user id, 0 not signed by the secret. */
int	 facebook_signed_request(struct arena *a, const char *secret,
	    const char *text, const char **user_id, int64_t *issued_at);

#endif
