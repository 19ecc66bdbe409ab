/*
 * metrics.c - counts requests and sign-ins (metrics.h).
 *
 * Three additions to shared memory a request, and nothing of who asked: a
 * route is its template.
 */
#include "api/metrics_own.h"

const int64_t metrics_bounds_us[METRICS_BUCKETS - 1] = { 500, 1000, 2500,
	5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000,
	5000000, 10000000 };
const int metrics_codes[METRICS_CODES - 1] = { 200, 201, 202, 204, 302, 303,
	304, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500,
	503 };

enum { PASSWORD, CODE, LINK, SOCIAL, SECOND_FACTOR, OTHER };
const char *const metrics_methods[METRICS_METHODS] = {
	[PASSWORD] = "password", [CODE] = "code", [LINK] = "link",
	[SOCIAL] = "social", [SECOND_FACTOR] = "second_factor",
	[OTHER] = "other",
};
/* By which row somebody came in. */
static const struct { route_handler *by; unsigned method; } way_in[] = {
	{ login_post, PASSWORD }, { token_post, PASSWORD },
	{ otp_verify_post, CODE }, { otp_link_post, LINK },
	{ social_callback_get, SOCIAL }, { facebook_post, SOCIAL },
	{ mfa_verify_post, SECOND_FACTOR },
};
/* As the audit has it, but the last: it was answered that we cannot. */
const char *const metrics_results[METRICS_RESULTS] = { "ok", "refused",
	"mfa_due", "error" };

void
metrics_request(const struct route *row, enum pool pool, int status,
    int64_t us)
{
	unsigned code = 0, bucket = 0;
	size_t i = row == NULL || row < routes ||
	    row >= routes + routes_count ? routes_count :
	    (size_t)(row - routes);

	while (code < METRICS_CODES - 1 && metrics_codes[code] != status)
		code++;
	while (bucket < METRICS_BUCKETS - 1 && us > metrics_bounds_us[bucket])
		bucket++;
	metric_add(METRICS_ROUTE(i, code), 1);
	metric_add(METRICS_TIME(pool, bucket), 1);
	metric_add(METRICS_TIME(pool, METRICS_BUCKETS), (uint64_t)us);
}

void
metrics_signin(const struct call *c)
{
	unsigned method = OTHER, result = 0;

	if (c->signin == NULL)
		return;
	for (size_t i = 0; i < COUNT_OF(way_in); i++)
		if (way_in[i].by == c->route->handler)
			method = way_in[i].method;
	while (result < METRICS_RESULTS - 1 && (c->resp->status >= 500 ||
	    strcmp(metrics_results[result], c->signin) != 0))
		result++;
	metric_add(METRICS_SIGNIN(method, result), 1);
}

unsigned
metrics_counters(void)
{
	return METRICS_ROUTE(routes_count + 1, 0);
}
