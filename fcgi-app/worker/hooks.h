/*
 * hooks.h - outgoing webhooks: events into messages of the queue, replays,
 * and switching off what has not answered for days.
 */
#ifndef GP_WORKER_HOOKS_H
#define GP_WORKER_HOOKS_H

#include "store/db.h"

/*
 * What the one worker that sweeps does each second.  Kill it anywhere: an
 * event goes with the transaction that makes its message, a replay keeps its
 * place in the transaction of its step.  Sets *more when there is work left.
 * 0 or -1.
 */
int	 hooks_sweep(struct db *db, bool *more, struct err *e) MUST_CHECK;

#endif
