/*
 * oidc_own.h - what oidc_site.c keeps of an issuer, for oidc.c alone.
 */
#ifndef GP_AUTH_OIDC_OWN_H
#define GP_AUTH_OIDC_OWN_H

#include "auth/social.h"
#include "base/jwk.h"

/* Of the discovery document; good until the next call for any issuer. */
struct oidc_site {
	const char	*authorize, *token, *userinfo;	/* userinfo: or NULL */
	bool		 basic;		/* the secret goes into the header */
	bool		 states_iss;	/* RFC 9207 */
};
/* NULL with *e set. */
const struct oidc_site *oidc_site(const struct social_provider *p,
	    struct err *e);
/* The issuer's keys; `again`: look for new ones, unless that was done a few
 * seconds ago. */
const struct jwk_set *oidc_keys(const struct social_provider *p, bool again,
	    struct err *e);

#endif
