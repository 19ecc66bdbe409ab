/*
 * mail_block.h - domains whose addresses nobody may register with (S52):
 * GATEPOST_MAIL_BLOCKED_DOMAINS, and one domain a line in the file
 * GATEPOST_MAIL_BLOCKED_FILE, which is read again when it changes.
 */
#ifndef GP_AUTH_MAIL_BLOCK_H
#define GP_AUTH_MAIL_BLOCK_H

#include "base/err.h"

/* Is the domain of the address, or one above it, blocked?  `address` as
 * compared (lower case).  A file that cannot be read leaves the list as it
 * was, and is logged. */
bool	 mail_blocked(const char *address);
/* The same as a refusal: 0, or -1 "email_not_accepted" of `field`. */
int	 mail_block_check(const char *field, const char *address,
	    struct err *e) MUST_CHECK;

#endif
