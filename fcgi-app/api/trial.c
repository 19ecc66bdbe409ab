/*
 * trial.c - a message that only tries an account or a device: accepted with its
 * row of the audit, waited for, and what became of it.
 */
#include "api/push_own.h"

#include "api/idem.h"
#include "api/routes.h"
#include "auth/audit.h"
#include "base/conf.h"
#include "queue/bell.h"
#include "store/delivery.h"

#define SHOWN		50

struct showing { struct call *c; struct jw *w; uint64_t id;
	struct delivery d; };

static int
show_row(void *arg, struct err *e)
{
	struct showing *s = arg;

	(void)e;
	push_delivery(s->c, s->w, s->id, &s->d);
	return 0;
}

static int
show(struct call *c, uint64_t id, struct err *e)
{
	struct showing s = { .c = c, .id = id };
	int pending = delivery_pending(c->db, id, e);

	if (pending < 0)
		return -1;
	s.w = resp_json(c->resp, pending > 0 ? 202 : 200);
	jw_id(s.w, "id", id);
	jw_bool(s.w, "done", pending == 0);
	jw_array(s.w, "deliveries");
	if (delivery_each(c->db, c->arena, id, 0, SHOWN, &s.d, show_row, &s,
	    e) < 0)
		return -1;
	jw_end(s.w);
	resp_json_end(c->resp);
	return 0;
}

int
trial_replay(struct call *c, uint64_t id, struct err *e)
{
	return show(c, id, e);
}

struct trying { struct call *c; struct enqueue *m; const struct trial *t;
	uint64_t id; int fresh; };

static int
try_work(struct db *db, void *arg, struct err *e)
{
	struct trying *x = arg;
	const struct caller *who = &x->c->who;

	if ((x->fresh = idem_enqueue(x->c, db, x->m, &x->id, e)) <= 0)
		return x->fresh;
	return audit_add(db, x->c->req, &(struct audit_event){
	    .event = x->t->event, .outcome = "ok", .user_id = x->t->of,
	    .actor_id = who->user_id, .session_id = who->session_id,
	    .detail = arena_printf(x->c->arena, "{%s,\"notification\":\"%"
	    PRIu64 "\"}", x->t->what, x->id) }, e);
}

int
trial_send(struct call *c, struct enqueue *m, const struct trial *t,
    struct err *e)
{
	struct trying x = { .c = c, .m = m, .t = t };
	struct push_wait wait;
	int rc;

	push_wait_begin(c, &wait, (int)conf_int(CONF_PUSH_WAIT_S));
	m->waiter = push_wait_name(&wait);
	if ((rc = db_tx(c->db, try_work, &x, e)) >= 0) {
		(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
		push_wait_for(c, &wait, x.id);
	}
	if (rc >= 0 && x.fresh == 0)
		resp_header(c->resp, "Idempotency-Replayed", "true");
	push_wait_end(c, &wait);
	return rc < 0 ? -1 : show(c, x.id, e);
}
