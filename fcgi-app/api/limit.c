/*
 * limit.c - the throttle a row names (429 by address or caller).
 *
 * Counted before the work, in a statement of its own (D27).  An address that
 * nobody vouched for has the all-zero key: all such share one count (S40).
 */
#include "api/dispatch_own.h"
#include "auth/throttle.h"
#include "base/conf.h"

#define MINUTE_S	60U
#define HOUR_S		3600U
#define DAY_S		86400U

static int
by_address(const struct call *c, const char *rule, enum conf_key limit,
    uint32_t window_s, struct err *e)
{
	return throttle_or_fail(c->db, rule, c->req->addr_key,
	    sizeof(c->req->addr_key), (uint32_t)conf_int(limit), window_s,
	    "rate_limited", e);
}

/* A token has a count of its own, whoever stands behind it. */
static int
by_caller(const struct call *c, struct err *e)
{
	bool token = c->who.kind == CALLER_ADMIN_TOKEN;
	uint64_t id = token ? c->who.token_id : c->who.user_id;

	return throttle_or_fail(c->db, token ? "token_day" : "user_day", &id,
	    sizeof(id), (uint32_t)conf_int(CONF_USER_DAY), DAY_S,
	    "rate_limited", e);
}

static int
by_hour(const struct call *c, const char *rule, enum conf_key limit,
    struct err *e)
{
	return throttle_or_fail(c->db, rule, &c->who.user_id,
	    sizeof(c->who.user_id), (uint32_t)conf_int(limit), HOUR_S,
	    "rate_limited", e);
}

int
limit_take(const struct call *c, struct err *e)
{
	int rc = 0;

	if (c->req->loopback && !conf_bool(CONF_LIMITS_LOOPBACK))
		return 0;
	switch (c->route->throttle) {
	case THR_NONE:
	case THR_REFRESH:		/* the session's own counter */
		return 0;
	case THR_ANON:
	case THR_USER:
		/* As published: a user has the user's limit on both. */
		rc = c->who.kind == CALLER_NOBODY ? by_address(c, "anon_day",
		    CONF_ANON_DAY, DAY_S, e) : by_caller(c, e);
		break;
	case THR_SIGNIN:
		rc = by_address(c, "signin_address", CONF_SIGNIN_ADDR_MIN,
		    MINUTE_S, e);
		break;
	case THR_PUSH_TOKEN:
		rc = by_hour(c, "push_token_hour", CONF_PUSH_TOKEN_HOUR, e);
		break;
	case THR_PUSH_TEST:
		rc = by_hour(c, "push_test_hour", CONF_PUSH_TEST_HOUR, e);
		break;
	case THR_SIGNUP:
		rc = by_address(c, "signup_address", CONF_SIGNUP_ADDR_HOUR,
		    HOUR_S, e);
		break;
	}
	return rc < 0 ? -1 : 0;
}
