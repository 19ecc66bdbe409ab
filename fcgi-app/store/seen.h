/*
 * seen.h - table seen: what came from outside and must count once, however
 * often it comes (messages of people, reports about mails).
 */
#ifndef GP_STORE_SEEN_H
#define GP_STORE_SEEN_H

#include "store/db.h"

/*
 * In the transaction of what it does.  `who` and `id` name it together: "twilio"
 * and their id of a message.  1 the first time, 0 seen before, -1.
 */
int	 seen_first(struct db *db, const char *who, const char *id,
	    struct err *e) MUST_CHECK;
/* Worker: those of more than 30 days.  Rows or -1. */
int	 seen_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
