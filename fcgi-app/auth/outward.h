/*
 * outward.h - one HTTPS request to a provider and its JSON answer, for
 * oidc.c and facebook.c.
 */
#ifndef GP_AUTH_OUTWARD_H
#define GP_AUTH_OUTWARD_H

#include "base/arena.h"
#include "base/json.h"
#include "net/net.h"

struct outward {
	const char	*url;
	const char	*form;		/* NULL: GET */
	const char	*authorization;	/* value of the header, or NULL */
};
/*
 * 0 with the status, and *doc (json_free) when the answer was JSON, else
 * NULL; *max_age_s -1 when not stated (may be NULL).  -1 ERR_UNAVAILABLE
 * "provider_unavailable": no answer, a 5xx or 429, a redirect.
 */
int	 outward_ask(struct arena *a, const struct outward *o, long *status,
	    struct json **doc, long *max_age_s, struct err *e) MUST_CHECK;
/* name=value of a form or query, percent-encoded, "&" before all but the
 * first.  In the arena. */
const char *form_text(struct arena *a, const char *const pair[][2]);

#endif
