/*
 * ctl_doctor_social.c - of the doctor: would sign-in by each configured site
 * work?  Asks the sites.
 */
#include "auth/facebook.h"
#include "auth/oidc.h"
#include "base/conf.h"
#include "bin/ctl.h"

int
ctl_look_social(struct ctl *c, char *saw, size_t size)
{
	struct social_provider p;
	size_t n = 0, i = 0;
	int worst = 0;

	snprintf(saw, size, "none is set up");
	for (; social_provider_at(i, &p) == 1; i++) {
		const char *back = arena_printf(c->arena,
		    "%s/api/auth/social/%s/callback",
		    conf_str(CONF_PUBLIC_URL), p.name);
		struct err e = ERR_INIT;
		int bad = 0;

		if ((p.kind == SOCIAL_FACEBOOK ?
		    facebook_probe(c->arena, &p, back, &e) :
		    oidc_probe(c->arena, &p, back, &e)) < 0)
			/* Down is not wrong, and may pass. */
			bad = strcmp(e.code, "provider_unavailable") == 0 ?
			    1 : 2;
		worst = bad > worst ? bad : worst;
		if (n < size)
			n += (size_t)snprintf(saw + n, size - n, "%s%.24s%s",
			    i == 0 ? "" : "; ", p.name, bad == 0 ? ": well" :
			    "");
		if (bad != 0 && n < size)
			n += (size_t)snprintf(saw + n, size - n,
			    ": %.90s (%.30s)", e.detail, e.code);
	}
	return worst;
}
