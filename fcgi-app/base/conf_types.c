/*
 * conf_types.c - what the texts of typed settings mean.
 */
#include "base/conf_parts.h"
#include "base/text.h"

#include <strings.h>

bool
conf_parse_bool(const char *s, int64_t *v)
{
	static const struct { const char *word; int64_t v; } words[] = {
		{ "yes", 1 }, { "true", 1 }, { "on", 1 }, { "1", 1 },
		{ "no", 0 }, { "false", 0 }, { "off", 0 }, { "0", 0 },
	};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(s, words[i].word) == 0) {
			*v = words[i].v;
			return true;
		}
	return false;
}

/* scheme://host…, nothing a URL cannot hold; a trailing slash is cut. */
bool
conf_parse_url(char *s)
{
	size_t n = strlen(s);
	const char *host;

	if (n == 0)
		return true;
	if (text_starts(s, "https://"))
		host = s + 8;
	else if (text_starts(s, "http://"))
		host = s + 7;
	else
		return false;
	if (*host == '\0' || strchr("/?#:", *host) != NULL)
		return false;
	for (const char *p = s; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("\"<>\\^`{|}", *p) != NULL)
			return false;
	while (n > 0 && s[n - 1] == '/')
		s[--n] = '\0';
	return true;
}
