/*
 * communications.c - see communications.h.
 *
 * What must stay true: what was accepted is not undone by what follows, and
 * what was refused counts against nobody's day.
 */
#include "api/communications.h"

#include "api/idem.h"
#include "auth/throttle.h"
#include "base/log.h"
#include "base/rand.h"
#include "queue/bell.h"

#define DAY_S	86400U

/* One counter a channel and user. */
struct day {
	const char	*rule;
	uint64_t	 user_id;
	bool		 counted;
};

static int
count(struct call *c, const struct comm *m, struct day *d, struct err *e)
{
	d->rule = arena_printf(c->arena, "send_%s", m->channel);
	d->user_id = c->who.user_id;
	if (c->who.kind != CALLER_SESSION ||
	    (c->req->loopback && !conf_bool(CONF_LIMITS_LOOPBACK)))
		return 0;
	if (throttle_or_fail(c->db, d->rule, &d->user_id, sizeof(d->user_id),
	    (uint32_t)conf_int(m->day), DAY_S, "rate_limited", e) < 0)
		return -1;
	d->counted = true;
	return 0;
}

static void
give_back(struct call *c, const struct day *d)
{
	struct err e = ERR_INIT;

	if (d->counted && throttle_give(c->db, d->rule, &d->user_id,
	    sizeof(d->user_id), &e) < 0)
		log_err(LOG_WARN_, "a day's count stays as it is", &e);
}

static const char *
audience_to(struct arena *a, const char *to)
{
	const char *text;
	struct buf b;
	struct jw w;

	buf_init(&b, 4096);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "to", to);
	jw_end(&w);
	text = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return text;
}

int
comm_accepted(struct call *c, uint64_t id, const char *message)
{
	struct jw *w = resp_json(c->resp, 202);

	jw_bool(w, "success", true);
	jw_object(w, "data");
	jw_str(w, "message", resp_say(c->resp, message));
	jw_id(w, "task_id", id);
	jw_end(w);
	resp_json_end(c->resp);
	resp_headerf(c->resp, "Location", "%s/api/notifications/%" PRIu64 "/",
	    conf_str(CONF_PUBLIC_URL), id);
	return 0;
}

struct accepting {
	const struct comm *m;
	struct call	*c;
	struct enqueue	*q;
	uint64_t	 id;
	int		 rc;
};

static int
accept_work(struct db *db, void *arg, struct err *e)
{
	struct accepting *x = arg;

	if ((x->rc = idem_enqueue(x->c, db, x->q, &x->id, e)) < 0)
		return -1;
	if (x->rc == 1 && x->m->with != NULL &&
	    x->m->with(db, x->m, x->q->id, e) < 0)
		return -1;
	return 0;
}

static int
accept_it(struct call *c, const struct comm *m, uint64_t *id, bool *again,
    struct err *e)
{
	struct enqueue q = {
		.id = rand_id(), .user_id = c->who.user_id,
		.token_id = c->who.token_id, .type = COMM_TYPE,
		.class = CLASS_TRANSACTIONAL, .channel = m->channel,
		.title = m->title, .content = m->content,
		.audience = audience_to(c->arena, m->to),
		.request_id = c->req->request_id, .life_s = m->life_s,
	};
	struct accepting x = { .m = m, .c = c, .q = &q };

	if ((m->with == NULL ? accept_work(c->db, &x, e) :
	    db_tx(c->db, accept_work, &x, e)) < 0)
		return -1;
	*again = x.rc == 0;
	*id = x.id;
	return 0;
}

int
comm_send(struct call *c, struct comm *m, int (*check)(struct call *c,
    struct comm *m, void *arg, struct err *e), void *arg, struct err *e)
{
	struct day d = { .counted = false };
	bool again = false;
	uint64_t id = 0;

	if (count(c, m, &d, e) < 0)
		return -1;
	if ((check != NULL && check(c, m, arg, e) < 0) ||
	    accept_it(c, m, &id, &again, e) < 0) {
		give_back(c, &d);
		return -1;
	}
	if (again) {
		give_back(c, &d);
		resp_header(c->resp, "Idempotency-Replayed", "true");
	}
	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	return comm_accepted(c, id, m->message);
}
