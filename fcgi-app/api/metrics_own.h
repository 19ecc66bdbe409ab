/*
 * metrics_own.h - where the counters stand, for metrics.c, which counts, and
 * metrics_get.c, which tells.
 *
 * A row of a table here, or a route, moves those behind it: the programs of
 * one version share the file (shm.h), whose name a new master gives to a new
 * one.
 */
#ifndef GP_API_METRICS_OWN_H
#define GP_API_METRICS_OWN_H

#include "api/metrics.h"
#include "base/metric.h"

#define METRICS_BUCKETS	15	/* of a histogram, the one without bound too */
#define METRICS_CODES	21	/* statuses, "other" too */
#define METRICS_METHODS	6
#define METRICS_RESULTS	4

extern const int64_t metrics_bounds_us[METRICS_BUCKETS - 1];
extern const int metrics_codes[METRICS_CODES - 1];
extern const char *const metrics_methods[METRICS_METHODS];
extern const char *const metrics_results[METRICS_RESULTS];

/* Of a pool's histogram the buckets, each for itself, then the sum in us. */
#define METRICS_TIMES	METRIC_REQUESTS
#define METRICS_TIME(pool, i) (METRICS_TIMES + \
	(unsigned)(pool) * (METRICS_BUCKETS + 1) + (unsigned)(i))
#define METRICS_SIGNINS	METRICS_TIME(POOLS, 0)
#define METRICS_SIGNIN(method, result) (METRICS_SIGNINS + \
	(unsigned)(method) * METRICS_RESULTS + (unsigned)(result))
/* `row`: of routes[], or routes_count. */
#define METRICS_ROUTES	METRICS_SIGNIN(METRICS_METHODS, 0)
#define METRICS_ROUTE(row, code) (METRICS_ROUTES + \
	(unsigned)(row) * METRICS_CODES + (unsigned)(code))

#endif
