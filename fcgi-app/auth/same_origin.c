/*
 * same_origin.c - see same_origin.h.
 */
#include "auth/same_origin.h"

#include "base/conf.h"

/* The origin of the public URL: scheme, host, port, no path. */
static bool
is_own(const char *origin)
{
	const char *url = conf_str(CONF_PUBLIC_URL);
	const char *host = strstr(url, "://");
	size_t n;

	if (host == NULL)
		return false;
	n = (size_t)(host - url) + 3;
	n += strcspn(url + n, "/");
	return strlen(origin) == n && strncasecmp(origin, url, n) == 0;
}

bool
same_origin(const struct req *q)
{
	if (strcmp(q->sec_fetch_site, "same-origin") == 0)
		return true;
	return q->origin[0] != '\0' && (is_own(q->origin) ||
	    conf_list_has(CONF_ORIGINS, q->origin));
}
