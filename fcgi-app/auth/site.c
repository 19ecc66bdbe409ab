/*
 * site.c - which hosts are ours, and which are our owner's.
 *
 * What must stay true: an address is sent back to a visitor's browser, with
 * or without a code, only when its host is one that the settings name.
 */
#include "auth/site.h"

#include "base/conf.h"
#include "base/text.h"

#include <strings.h>

#define SCHEME		"https://"
#define AUTHORITY_CHARS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789.-:[]"

/* Length of the host name in "host:port" or "[v6]:port" of n characters. */
static size_t
host_length(const char *s, size_t n)
{
	const char *end = memchr(s, s[0] == '[' ? ']' : ':', n);

	if (end == NULL)
		return n;
	return (size_t)(end - s) + (*end == ']');
}

static bool
is_own(const char *host, size_t n)
{
	const char *url = conf_str(CONF_PUBLIC_URL), *own = strstr(url, "://");
	size_t all;

	if (own == NULL)
		return false;
	own += strlen("://");
	all = host_length(own, strcspn(own, "/"));
	return n == all && strncasecmp(host, own, n) == 0;
}

/* Is it the host name of an item of the list? */
static bool
is_listed(const char *host, size_t n)
{
	const char *s = conf_str(CONF_SITES);

	while (*s != '\0') {
		size_t item;

		s += strspn(s, " ,");
		item = strcspn(s, " ,");
		if (item > 0 && n > 0 && host_length(s, item) == n &&
		    strncasecmp(host, s, n) == 0)
			return true;
		s += item;
	}
	return false;
}

enum site
site_of_host(const char *host)
{
	size_t n = strlen(host);

	if (is_own(host, n))
		return SITE_OWN;
	return is_listed(host, n) ? SITE_LISTED : SITE_OTHER;
}

enum site
site_of_url(struct arena *a, const char *url, const char **host,
    const char **authority)
{
	const char *whole;
	char *name;
	size_t n;

	if (!text_starts(url, SCHEME))
		return SITE_OTHER;
	url += strlen(SCHEME);
	n = strspn(url, AUTHORITY_CHARS);
	if (n == 0 || (url[n] != '/' && url[n] != '?' && url[n] != '\0'))
		return SITE_OTHER;
	whole = arena_strndup(a, url, n);
	name = arena_strndup(a, url, host_length(url, n));
	if (host != NULL)
		*host = text_lower(a, name);
	if (authority != NULL)
		*authority = whole;
	if (is_own(name, strlen(name)))
		return SITE_OWN;
	return conf_list_has(CONF_SITES, whole) ? SITE_LISTED : SITE_OTHER;
}
