/*
 * metrics.h - what the dispatcher counts for GET /metrics.
 */
#ifndef GP_API_METRICS_H
#define GP_API_METRICS_H

#include "api/route.h"

/* A request was answered; row NULL: of no such path, or unreadable. */
void	 metrics_request(const struct route *row, enum pool pool, int status,
	    int64_t us);
/* If the request was a sign-in, how it ended. */
void	 metrics_signin(const struct call *c);
/* How many counters of shm.h all of that takes. */
unsigned metrics_counters(void);

#endif
