/*
 * mail.c - e-mail addresses, by hand: RFC 5321 section 4.1.2 with a dot-atom
 * local part, and a host name of RFC 1123 with at least one dot.
 */
#include "base/mail.h"
#include "base/text.h"

#define LOCAL_MAX	64		/* RFC 5321 section 4.5.3.1.1 */
#define LABEL_MAX	63

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* RFC 5322 section 3.2.3 */
static bool
is_atext(char c)
{
	return is_alnum(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
local_valid(const char *s, size_t n)
{
	if (n == 0 || n > LOCAL_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (is_atext(s[i]))
			continue;
		/* A dot stands between atoms. */
		if (s[i] != '.' || i == 0 || i == n - 1 || s[i - 1] == '.')
			return false;
	}
	return true;
}

static bool
domain_valid(const char *s)
{
	size_t label = 0, dots = 0;
	bool letter = false;		/* in the label at hand */

	for (; *s != '\0'; s++) {
		if (*s == '.') {
			if (label == 0 || s[-1] == '-')
				return false;
			dots++;
			label = 0;
			letter = false;
			continue;
		}
		if (!is_alnum(*s) && (*s != '-' || label == 0))
			return false;
		letter |= lower(*s) >= 'a' && lower(*s) <= 'z';
		if (++label > LABEL_MAX)
			return false;
	}
	/* The last label has a letter, or it would be an IP address. */
	return dots > 0 && label > 0 && s[-1] != '-' && letter;
}

int
mail_parse(const char *s, char cmp[MAIL_MAX + 1], char unique[MAIL_MAX + 1])
{
	size_t n = strlen(s), o = 0;
	char low[MAIL_MAX + 1];
	const char *at;
	bool gmail;

	if (n > MAIL_MAX || (at = strchr(s, '@')) == NULL ||
	    !local_valid(s, (size_t)(at - s)) || !domain_valid(at + 1))
		return 0;
	for (size_t i = 0; i <= n; i++)
		low[i] = lower(s[i]);
	if (cmp != NULL)
		memcpy(cmp, low, n + 1);
	if (unique == NULL)
		return 1;
	at = strchr(low, '@');
	gmail = strcmp(at, "@gmail.com") == 0 ||
	    strcmp(at, "@googlemail.com") == 0;
	for (const char *p = low; *p != '\0'; p++)
		if (!gmail || *p != '.' || p > at)
			unique[o++] = *p;
	unique[o] = '\0';
	return 1;
}
