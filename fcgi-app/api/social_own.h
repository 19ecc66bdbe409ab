/*
 * social_own.h - what the files of sign-in by other sites share in api/.
 */
#ifndef GP_API_SOCIAL_OWN_H
#define GP_API_SOCIAL_OWN_H

#include "api/page.h"
#include "auth/social.h"

/* Where people sign in; also in the middle of it, behind a "#". */
#define SIGNIN_PAGE	"/console/signin/"

/* Our callback's address, as registered at the provider. */
const char *social_callback_url(struct arena *a,
	    const struct social_provider *p);
/* Let the person in, or say why not.  `redirect`: to this address instead of
 * JSON (a browser's way back); else NULL. */
int	 social_finish(struct call *c, const struct social_provider *p,
	    const struct social_person *who, const char *redirect,
	    struct err *e) MUST_CHECK;
/* May a sign-in return there?  A path of ours, or an address of our origin
 * or a listed one. */
bool	 return_allowed(const char *next);
/* The address in full. */
const char *return_url(struct arena *a, const char *next);

#endif
