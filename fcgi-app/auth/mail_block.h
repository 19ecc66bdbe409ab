/*
 * mail_block.h - domains whose addresses nobody may register with (S52).
 *
 * GATEPOST_MAIL_BLOCKED_DOMAINS, and one domain a line in the file
 * GATEPOST_MAIL_BLOCKED_FILE; and with GATEPOST_MAIL_MX_CHECK, or a file of
 * mail hosts in GATEPOST_MAIL_BLOCKED_MX_FILE, also what DNS says.  Files are
 * read again when they change.
 *
 * The API has no network (D1): it writes down that a domain is asked for, the
 * worker looks it up, and what was found holds from then on: where the code is
 * shown, where another is asked for, and for whoever comes next.  Until then,
 * and while DNS is down, a domain is good.
 */
#ifndef GP_AUTH_MAIL_BLOCK_H
#define GP_AUTH_MAIL_BLOCK_H

#include "store/db.h"

/* Is the domain of the address, or one above it, blocked?  `address` as
 * compared (lower case).  A file that cannot be read leaves the list as it
 * was, and is logged. */
bool	 mail_blocked(const char *address);
/* The same as a refusal, without asking anybody: 0, or -1
 * "email_not_accepted" of `field`. */
int	 mail_block_check(const char *field, const char *address,
	    struct err *e) MUST_CHECK;
/*
 * May a new address be of this domain, by the lists and by what DNS said?  The
 * same work whoever has the address (S24).  0, or -1 ERR_INPUT of `field`:
 * "email_not_accepted", "email_nowhere" (mail to it cannot arrive).  `address`
 * NULL: 0.  Outside transactions.
 */
int	 mail_reach_check(struct db *db, const char *field,
	    const char *address, struct err *e) MUST_CHECK;
/* Worker: does anybody want to know what DNS says? */
bool	 mail_mx_wanted(void);
/* Worker: look up what is due.  Waits for DNS.  How many were looked up, or
 * -1. */
int	 mail_mx_look(struct db *db, struct err *e) MUST_CHECK;

#endif
