/*
 * admin_device_test.c - POST /api/admin/devices/{id}/test/, and of one's own
 * POST /api/push/subscriptions/{id}/test/: does a message arrive there?
 *
 * A real one, through the queue, to this device and no other.
 */
#include "api/push_own.h"

#include "api/routes.h"
#include "auth/throttle.h"
#include "base/rand.h"

#define LIFE_S		300
#define AN_HOUR		60u		/* tests an hour and caller */
#define HOUR_S		3600u

static int
test_device(struct call *c, const struct device *d, struct err *e)
{
	struct enqueue m = { .id = rand_id(), .user_id = c->who.user_id,
	    .type = "test", .class = CLASS_TRANSACTIONAL, .title = "Test",
	    .content = "{\"template\":\"provider_test\",\"title\":\"Test\","
		"\"body\":\"This is a test.\"}",
	    .request_id = c->req->request_id, .life_s = LIFE_S };
	const struct trial t = { .event = "device_test", .of = d->user_id,
	    .what = arena_printf(c->arena, "\"device\":\"%" PRIu64 "\"",
	    d->id) };

	if (!d->is_active)
		return err_set(e, ERR_CONFLICT, "device_off",
		    "device %" PRIu64, d->id);
	if (throttle_or_fail(c->db, "device_test", &c->who.user_id,
	    sizeof(c->who.user_id), AN_HOUR, HOUR_S, "rate_limited", e) < 0)
		return -1;
	m.channel = d->kind;
	m.audience = arena_printf(c->arena, "{\"device_ids\":[\"%" PRIu64
	    "\"]}", d->id);
	return trial_send(c, &m, &t, e);
}

/* That of the path, if `may`; another's is not there. */
static int
tested(struct call *c, bool (*may)(const struct call *c,
    const struct device *d), struct err *e)
{
	uint64_t id;
	struct device d;
	int rc;

	if (id_of_path(c, 0, &id, e) < 0 ||
	    (rc = device_find(c->db, c->arena, id, &d, e)) < 0)
		return -1;
	return rc > 0 && may(c, &d) ? test_device(c, &d, e) :
	    err_set(e, ERR_NOT_FOUND, "not_found", "no such device");
}

static bool
any(const struct call *c, const struct device *d)
{
	(void)c;
	(void)d;
	return true;
}

static bool
own_browser(const struct call *c, const struct device *d)
{
	return d->user_id == c->who.user_id &&
	    strcmp(d->kind, "web_push") == 0;
}

int
admin_device_test(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return tested(c, any, e);
}

int
subscription_test_post(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return tested(c, own_browser, e);
}
