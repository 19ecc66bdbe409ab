/*
 * change.h - what follows when a new phone number or e-mail address was
 * proved: the old one may undo it (S59).
 */
#ifndef GP_API_CHANGE_H
#define GP_API_CHANGE_H

#include "api/route.h"
#include "auth/grant.h"
#include "auth/otp.h"

#define CHANGE_TOKEN_TEXT	24

/* Made before the transaction, so that a redo writes the same rows. */
struct change {
	uint64_t	 undo_id, ids[3];
	char		 token[CHANGE_TOKEN_TEXT];
};
void	 change_make(struct change *x);
/*
 * In the transaction that proved the flow's address and finished it; `before`
 * is the account as it was, read under its lock.  A replaced address that was
 * proved gets a link that undoes it for 72 h, every other proved channel is
 * told; the account's open flows are void and all sessions but `keep` (0:
 * all) end.  0 or -1.  Ring the worker after the commit.
 */
int	 change_done(struct db *db, const struct call *c,
	    const struct otp_flow *f, const struct user *before,
	    const struct change *x, uint64_t keep, struct grant_ended *ended,
	    struct err *e) MUST_CHECK;

#endif
