/*
 * mail.h - e-mail addresses (RFC 5321 mailbox, dot-atom local part; no
 * quoted strings, no address literals).
 */
#ifndef GP_BASE_MAIL_H
#define GP_BASE_MAIL_H

#include "base/cdefs.h"

#define MAIL_MAX	254

/*
 * 1 when `s` (already trimmed) is an address we accept; sets, when not NULL:
 *   cmp    lower-cased, for comparing and looking up
 *   unique cmp without dots and +tag-free local part for gmail.com and
 *          googlemail.com (dots only, API.md: "Gmail dots count only for
 *          uniqueness"), else equal to cmp
 */
int	 mail_parse(const char *s, char cmp[MAIL_MAX + 1],
	    char unique[MAIL_MAX + 1]);

#endif
