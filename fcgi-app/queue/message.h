/*
 * message.h - a notification as JSON, the members of POST
 * /api/notifications/, into what enqueue() takes.  For messages that do not
 * come by HTTP: gatepost_notify's.  Whom no channel is named for is reached by
 * preference, as there.
 */
#ifndef GP_QUEUE_MESSAGE_H
#define GP_QUEUE_MESSAGE_H

#include "base/arena.h"
#include "queue/enqueue.h"

/*
 * Fill *m but for id, idempotency, waiter and secret; strings are in the
 * arena.  json NULL: it was too long.  0; -1 ERR_INPUT with a stable code and
 * the member at fault, or an error of the database.
 */
int	 message_read(struct db *db, struct arena *a, const char *json,
	    struct enqueue *m, struct err *e) MUST_CHECK;

#endif
