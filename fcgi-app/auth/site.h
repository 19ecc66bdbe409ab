/*
 * site.h - the host names that visitors are let in at (D15).
 *
 * Our own (of the public URL, on any port: cookies do not tell ports apart)
 * shares our cookies.  Others of the same owner stand in GATEPOST_SITES and
 * get tokens of their own, by a one-time code.
 */
#ifndef GP_AUTH_SITE_H
#define GP_AUTH_SITE_H

#include "base/arena.h"

enum site { SITE_OTHER, SITE_OWN, SITE_LISTED };

/* What a host name without a port is to us. */
enum site site_of_host(const char *host);
/*
 * The same of an absolute https URL.  SITE_LISTED only when its host and port
 * stand in the list as they are; SITE_OTHER for whatever else, among it what
 * is no such URL or hides a name before an '@'.  *host (may be NULL) is its
 * host name in lower case, *authority host and port as written; in the arena.
 */
enum site site_of_url(struct arena *a, const char *url, const char **host,
	    const char **authority);

#endif
