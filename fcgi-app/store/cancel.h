/*
 * cancel.h - taking back what has not left: by its sender, or because the
 * recipient has read it elsewhere.
 *
 * Exact: a job that is ready or leased is deleted, and its holder's intent
 * mark then finds nothing to mark; one whose intent is marked has left, and is
 * told so, and is not tried again.  What a digest carries already is taken out
 * of it (store/digest.h); what a campaign has planned and not released has no
 * job and ends by its row.  In transactions of the caller.
 */
#ifndef GP_STORE_CANCEL_H
#define GP_STORE_CANCEL_H

#include "store/db.h"

#define CANCEL_BATCH	500

struct cancelled {
	uint64_t	 cancelled;	/* deliveries that never left */
	uint64_t	 leaving;	/* on their way at this moment */
	bool		 more;		/* call again, in another transaction */
};
/* Up to CANCEL_BATCH of a notification's, beginning with its plan; from the
 * first call on no job of it is sent, whoever has it.  `reason` is the
 * deliveries'.  0 or -1. */
int	 cancel_notification(struct db *db, uint64_t notification_id,
	    const char *reason, struct cancelled *c, struct err *e)
	    MUST_CHECK;
/* Up to CANCEL_BATCH of a notification's that digests carry.  0 or -1. */
int	 cancel_carried(struct db *db, uint64_t notification_id,
	    const char *reason, struct cancelled *c, struct err *e)
	    MUST_CHECK;
/* What is queued of these notifications for one user, on other channels.
 * `reason` is the deliveries'.  0 or -1. */
int	 cancel_for_user(struct db *db, uint64_t user_id,
	    const uint64_t *notification_id, size_t n, const char *reason,
	    struct cancelled *c, struct err *e) MUST_CHECK;

#endif
