/*
 * mail_domain.h - table mail_domain: what DNS says of e-mail domains (S52).
 * The API asks and reads, the worker looks up and writes.
 */
#ifndef GP_STORE_MAIL_DOMAIN_H
#define GP_STORE_MAIL_DOMAIN_H

#include "store/db.h"

#define MAIL_DOMAIN_MAX	254		/* with its NUL */

enum mail_verdict { MAIL_UNKNOWN, MAIL_GOOD, MAIL_BLOCKED, MAIL_NOWHERE };

/* Somebody wants to use `domain` (lower case): what is known, and let it be
 * looked up unless that was within the hour.  0 and *v, or -1. */
int	 mail_domain_ask(struct db *db, const char *domain,
	    enum mail_verdict *v, struct err *e) MUST_CHECK;
/* Worker: up to `max` (at most 32) domains that are due.  How many, or -1. */
int	 mail_domain_due(struct db *db, char (*domain)[MAIL_DOMAIN_MAX],
	    unsigned max, struct err *e) MUST_CHECK;
/* Worker: what was found.  MAIL_UNKNOWN: nothing could be found out; it is due
 * again in half a minute, for an hour at most.  0 or -1. */
int	 mail_domain_set(struct db *db, const char *domain,
	    enum mail_verdict v, struct err *e) MUST_CHECK;
/* Worker: forget domains that nobody asked for in two days.  Rows, or -1. */
int	 mail_domain_purge(struct db *db, unsigned max, struct err *e)
	    MUST_CHECK;

#endif
