/*
 * campaign.c - the loop's campaigns and what sites ask for in SQL: a desk of
 * its own, so that a slice of a million is in no code's way.
 */
#include "worker/loop_own.h"

#include "auth/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "deliver/campaign.h"

#define TICK_US		(100 * MS)

_Static_assert(LANES_MAX <= CAMPAIGN_ROUTES, "all accounts have room");

struct campaigning {
	struct loop	*loop;
	struct desk	*desk;
	struct campaign_tick tick;
	bool		 busy, idle;
	int64_t		 next_us;
};

static int
tell_audit(struct db *db, const char *event, uint64_t user_id,
    const char *detail, struct err *e)
{
	return audit_add(db, NULL, &(struct audit_event){ .event = event,
	    .outcome = "ok", .user_id = user_id, .detail = detail }, e);
}

struct campaigning *
campaigning_new(struct loop *l)
{
	struct campaigning *c = calloc(1, sizeof(*c));

	if (c == NULL)
		fatal("worker: out of memory");
	c->loop = l;
	c->desk = desk_new(DB_WORKER, l->wake_fd);
	c->tick.owner = rand_id();
	c->tick.audit = tell_audit;
	return c;
}

static int
stop_run(struct db *db, void *arg, struct err *e)
{
	struct campaigning *c = arg;

	(void)e;
	campaign_stop(db, &c->tick);
	return 0;
}

static void
stop_done(void *arg, int rc, const struct err *e)
{
	(void)arg;
	(void)rc;
	(void)e;
}

void
campaigning_free(struct campaigning *c)
{
	if (c == NULL)
		return;
	desk_post(c->desk, stop_run, stop_done, c);
	desk_free(c->desk);
	free(c);
}

/* Accounts as planning has them, but with turns of their own: thousands of
 * turns at once would leave single messages the same one again and again. */
static void
routes(struct campaigning *c)
{
	struct campaign_tick *t = &c->tick;
	struct plan_route now[LANES_MAX];
	size_t n = loop_routes(c->loop, now);

	for (size_t i = 0; i < n; i++) {
		const struct plan_route *was = pick_named(t->route, t->routes,
		    now[i].channel, now[i].provider);

		now[i].credit = was == NULL ? 0 : was->credit;
	}
	memcpy(t->route, now, n * sizeof(*now));
	t->routes = n;
}

static int
tick_run(struct db *db, void *arg, struct err *e)
{
	struct campaigning *c = arg;

	return campaign_tick(db, &c->tick, e);
}

static void
tick_done(void *arg, int rc, const struct err *e)
{
	struct campaigning *c = arg;
	struct campaign_tick *t = &c->tick;

	c->busy = false;
	c->next_us = clock_mono() + (rc == 0 && t->more ? 0 : TICK_US);
	c->idle = rc == 0 && !t->more && t->released == 0 && t->accepted == 0;
	if (rc < 0)
		loop_complain(c->loop, "campaigns", e);
	else if (t->released > 0 || t->accepted > 0)
		c->loop->want = true;
}

void
campaigning_go(struct campaigning *c)
{
	(void)desk_reap(c->desk);
	if (c->busy || c->loop->stopping || clock_mono() < c->next_us)
		return;
	routes(c);
	c->busy = true;
	desk_post(c->desk, tick_run, tick_done, c);
}

bool
campaigning_idle(const struct campaigning *c)
{
	return c->idle && !c->busy;
}

int64_t
campaigning_wake_us(const struct campaigning *c)
{
	return c->busy || c->loop->stopping ? 0 : c->next_us;
}
