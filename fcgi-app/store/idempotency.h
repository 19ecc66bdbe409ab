/*
 * idempotency.h - keys that clients gave to requests that create (D25).
 *
 * A notification carries its key in its own row (queue/enqueue); everything
 * else has a row here, committed with what it names.  Scope, key and body are
 * keyed HMACs made by the dispatcher.
 */
#ifndef GP_STORE_IDEMPOTENCY_H
#define GP_STORE_IDEMPOTENCY_H

#include "store/db.h"

struct idem_row {
	uint64_t	 object_id;	/* what the first request made */
	uint8_t		 body_mac[32];
};
/* Either kind: 1 found and *row filled, 0 none, -1. */
int	 idem_find(struct db *db, struct arena *a, const uint8_t scope[16],
	    const uint8_t key[16], struct idem_row *row, struct err *e)
	    MUST_CHECK;

/*
 * Claim the key for an object, inside the transaction that makes it; waits
 * for another request's commit.  0 claimed (or claimed before for the same
 * object: a redo, D20); -1 ERR_CONFLICT "idempotency_race": another request
 * had it, roll back and return the error as it is: the dispatcher replays.
 */
int	 idem_claim(struct db *db, const uint8_t scope[16],
	    const uint8_t key[16], const uint8_t mac[32], uint64_t object_id,
	    struct err *e) MUST_CHECK;

/* Worker: delete up to `max` rows older than 7 days.  Rows or -1. */
int	 idem_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
