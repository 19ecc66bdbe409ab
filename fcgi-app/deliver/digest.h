/*
 * digest.h - digests made: what gathered for somebody on a channel becomes one
 * message when its moment comes (table digest).
 *
 * Each item is asked again whether it may go; what expired, was cancelled or
 * is not wanted any more ends with its reason.  What is left goes as one
 * message, a notification of type "digest"; a single one goes as itself.
 * Items of it end as their carrier does, with its id (store/digest.h).
 *
 * One transaction closes digests, ends their jobs and makes their carriers:
 * killed anywhere an item is in exactly one, and of two workers one gets it.
 */
#ifndef GP_DELIVER_DIGEST_H
#define GP_DELIVER_DIGEST_H

#include "store/db.h"

struct digest_tick {
	/* kept */
	int64_t		 next_us;	/* monotonic: not before */
	/* out */
	bool		 more;		/* call again at once */
	unsigned	 made;		/* carriers and jobs made ready */
};
/* One round.  0 or -1. */
int	 digest_tick(struct db *db, struct digest_tick *t, struct err *e)
	    MUST_CHECK;

#endif
