/*
 * idem.h - what a handler does with the Idempotency-Key of its request (D25);
 * the dispatcher has read it, and answered a replay, before.
 */
#ifndef GP_API_IDEM_H
#define GP_API_IDEM_H

#include "api/route.h"
#include "queue/enqueue.h"

/* Use up the key, if one came, for what the transaction makes: 0, or -1 as
 * idem_claim. */
int	 idem_take(const struct call *c, struct db *db, uint64_t object_id,
	    struct err *e) MUST_CHECK;
/*
 * enqueue() under the key, if one came: 1 accepted, 0 another request was
 * first, with the same body; *id is the notification that stands.  -1: also
 * ERR_UNPROCESSABLE "idempotency_mismatch", the key was another body's.
 */
int	 idem_enqueue(const struct call *c, struct db *db, struct enqueue *m,
	    uint64_t *id, struct err *e) MUST_CHECK;

#endif
