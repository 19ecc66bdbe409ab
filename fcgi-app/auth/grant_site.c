/*
 * grant_site.c - the token that lets a visitor in at another host name (D15).
 */
#include "auth/grant_own.h"

int
grant_for_site(struct db *db, struct arena *a, uint64_t session_id,
    const char *aud, const char **access, struct err *e)
{
	struct access_claims c;
	struct session s;
	int rc = session_find(db, a, session_id, &s, e);

	if (rc <= 0 || !session_alive(&s) || s.claim)
		return rc < 0 ? -1 : 0;
	c = grant_claims(a, &s, s.now_us);
	c.aud = aud;
	return access_make(a, &c, access, e) < 0 ? -1 : 1;
}
