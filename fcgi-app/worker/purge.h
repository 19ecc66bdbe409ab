/*
 * purge.h - accounts whose grace is over, deleted by the rules of
 * store/personal.h in bounded steps (S72).
 */
#ifndef GP_WORKER_PURGE_H
#define GP_WORKER_PURGE_H

#include "store/db.h"

/*
 * Up to `steps` batches of work, oldest account first.  Each is a transaction
 * of its own and may be done twice, so being killed costs nothing: table
 * closing remembers that the account is not done.  Accounts finished, or -1.
 */
int	 purge_accounts(struct db *db, unsigned steps, struct err *e)
	    MUST_CHECK;

#endif
