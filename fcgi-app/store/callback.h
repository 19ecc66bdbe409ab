/*
 * callback.h - what a provider says of a message afterwards, by calling us or
 * when asked: delivered, read, failed.
 *
 * News come late, twice and in any order.  A state never goes backwards: sent,
 * delivered, read; failed only from sent.  What is ahead of our own commit
 * waits in table callback, which the worker's sweep looks through.
 */
#ifndef GP_STORE_CALLBACK_H
#define GP_STORE_CALLBACK_H

#include "store/db.h"

struct callback {
	/* The kind of the delivery's account begins with this word. */
	const char	*provider;
	const char	*provider_id;	/* theirs; at most 160, ASCII */
	const char	*state;		/* "sent", "delivered", "read" or
					 * "failed"; others are nothing */
	const char	*reason;	/* of a failure, else "" */
	/* Our own name for it, if it came along; 0: none did. */
	uint64_t	 notification_id;
	uint32_t	 seq;
};

enum callback_fate { CALLBACK_OLD = 0,	/* known, or behind what is known */
	CALLBACK_DONE,			/* the delivery has it now */
	CALLBACK_EARLY };		/* kept: no such delivery was sent yet */
/* Returns a fate, or -1. */
int	 callback_take(struct db *db, const struct callback *c, struct err *e)
	    MUST_CHECK;

/* Worker: try what is kept again, at most max; what nothing was found for in
 * its time goes.  How many were looked at, or -1. */
int	 callback_sweep(struct db *db, unsigned max, struct err *e)
	    MUST_CHECK;

#endif
