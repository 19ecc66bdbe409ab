/*
 * admin_device_test.c - POST /api/admin/devices/{id}/test/, and of one's own
 * POST /api/push/subscriptions/{id}/test/: does a message arrive there?
 *
 * A real one, through the queue, to this device and no other.
 */
#include "api/push_own.h"

#include "api/idem.h"
#include "api/routes.h"
#include "auth/audit.h"
#include "auth/throttle.h"
#include "base/conf.h"
#include "base/rand.h"
#include "queue/bell.h"

#define LIFE_S		300
#define AN_HOUR		60u		/* tests an hour and caller */
#define HOUR_S		3600u

struct testing { struct call *c; struct enqueue *m; uint64_t device_id, of, id;
	int rc; };

static int
test_work(struct db *db, void *arg, struct err *e)
{
	struct testing *t = arg;
	const struct caller *who = &t->c->who;

	if ((t->rc = idem_enqueue(t->c, db, t->m, &t->id, e)) <= 0)
		return t->rc;
	return audit_add(db, t->c->req, &(struct audit_event){
	    .event = "device_test", .outcome = "ok", .user_id = t->of,
	    .actor_id = who->user_id, .session_id = who->session_id,
	    .detail = arena_printf(t->c->arena, "{\"device\":\"%" PRIu64
	    "\",\"notification\":\"%" PRIu64 "\"}", t->device_id, t->id) },
	    e);
}

static int
test_device(struct call *c, const struct device *d, struct err *e)
{
	struct enqueue m = { .id = rand_id(), .user_id = c->who.user_id,
	    .type = "test", .class = CLASS_TRANSACTIONAL, .title = "Test",
	    .content = "{\"template\":\"provider_test\",\"title\":\"Test\","
		"\"body\":\"This is a test.\"}",
	    .request_id = c->req->request_id, .life_s = LIFE_S };
	struct push_wait wait;
	struct testing t = { .c = c, .m = &m, .device_id = d->id,
	    .of = d->user_id };
	int rc;

	if (!d->is_active)
		return err_set(e, ERR_CONFLICT, "device_off",
		    "device %" PRIu64, d->id);
	if (throttle_or_fail(c->db, "device_test", &c->who.user_id,
	    sizeof(c->who.user_id), AN_HOUR, HOUR_S, "rate_limited", e) < 0)
		return -1;
	m.channel = d->kind;
	m.audience = arena_printf(c->arena, "{\"device_ids\":[\"%" PRIu64
	    "\"]}", d->id);
	push_wait_begin(c, &wait, (int)conf_int(CONF_PUSH_WAIT_S));
	m.waiter = push_wait_name(&wait);
	if ((rc = db_tx(c->db, test_work, &t, e)) >= 0) {
		(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
		push_wait_for(c, &wait, t.id);
	}
	if (rc >= 0 && t.rc == 0)
		resp_header(c->resp, "Idempotency-Replayed", "true");
	push_wait_end(c, &wait);
	return rc < 0 ? -1 : admin_provider_test_replay(c, t.id, e);
}

int
admin_device_test(struct call *c, const void *in, struct err *e)
{
	uint64_t id;
	struct device d;
	int rc;

	(void)in;
	if (id_of_path(c, 0, &id, e) < 0 ||
	    (rc = device_find(c->db, c->arena, id, &d, e)) < 0)
		return -1;
	return rc > 0 ? test_device(c, &d, e) : err_set(e, ERR_NOT_FOUND,
	    "not_found", "no such device");
}

int
subscription_test_post(struct call *c, const void *in, struct err *e)
{
	uint64_t id;
	struct device d;
	int rc;

	(void)in;
	if (id_of_path(c, 0, &id, e) < 0 ||
	    (rc = device_find(c->db, c->arena, id, &d, e)) < 0)
		return -1;
	return rc > 0 && d.user_id == c->who.user_id &&
	    strcmp(d.kind, "web_push") == 0 ? test_device(c, &d, e) :
	    err_set(e, ERR_NOT_FOUND, "not_found", "not the caller's");
}
