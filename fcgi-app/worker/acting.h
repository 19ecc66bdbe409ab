/*
 * acting.h - the ends of impersonations, into the audit (S70).
 */
#ifndef GP_WORKER_ACTING_H
#define GP_WORKER_ACTING_H

#include "store/db.h"

/* Up to `max` that are over, each once: how many, or -1. */
int	 acting_sweep(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
