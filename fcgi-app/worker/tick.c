/*
 * tick.c - what the loop does by the clock: sweeping, and keeping leases.
 */
#include "worker/loop_own.h"

#include "auth/mail_block.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define SWEEP_US	US_PER_S
#define PURGE_US	(60 * US_PER_S)

/* --- once a second ---------------------------------------------------------------- */

static int
sweep_op(struct db *db, void *arg, struct err *e)
{
	struct loop *l = arg;

	return sweep_run(db, l->sweep, e);
}

static void
sweep_done(void *arg, int rc, const struct err *e)
{
	struct loop *l = arg;
	struct sweep *s = l->sweep;
	int64_t now = clock_mono();

	l->sweeping = false;
	loop_accounts(l, &s->accounts);
	if (rc < 0) {
		loop_complain(l, "sweep", e);
		return;
	}
	l->swept = true;
	if (s->more)
		l->next_purge_us = 0;
	l->want = l->want || s->hooked;
	for (size_t i = 0; i < s->tell; i++)
		waiter_tell(l->setup->run_dir, s->told[i].waiter,
		    s->told[i].id);
	for (size_t i = 0; i < l->lanes; i++) {
		size_t k;

		/* A provider without a row never was in trouble. */
		for (k = 0; k < s->breakers && strcmp(s->breaker[k].name,
		    l->lane[i].name) != 0; k++)
			;
		if (k < s->breakers)
			lane_learn(&l->lane[i], s->breaker[k].state,
			    s->breaker[k].left_us, s->breaker[k].failures,
			    now);
		else
			lane_learn(&l->lane[i], "closed", 0, 0, now);
	}
	for (size_t i = 0; i < s->providers; i++)
		if (s->provider[i][0] != '\0') {
			struct lane *lane = loop_lane(l, s->provider[i]);

			if (lane != NULL)
				lane->seen = true;
		}
	if (s->revived + s->unsure + s->buried + s->expired > 0) {
		log_event("swept", LOG_KI("revived", s->revived),
		    LOG_KI("unsure", s->unsure),
		    LOG_KI("dead_letters", s->buried),
		    LOG_KI("expired", s->expired));
		l->want = true;
	}
}

void
loop_sweep(struct loop *l)
{
	int64_t now = clock_mono();
	struct sweep *s = l->sweep;

	if (l->sweeping || now < l->next_sweep_us || l->stopping)
		return;
	l->next_sweep_us = now + SWEEP_US;
	if ((s->purge = now >= l->next_purge_us))
		l->next_purge_us = now + PURGE_US;
	s->owner = l->owner;
	s->blocks = 0;
	for (size_t i = 0; i < l->lanes; i++)
		if (l->lane[i].p != NULL && !lane_flows(&l->lane[i]))
			(void)text_copy(s->blocked[s->blocks++],
			    sizeof(s->blocked[0]), l->lane[i].name);
	l->sweeping = true;
	desk_post(l->in_desk, sweep_op, sweep_done, l);
	if (l->setup->each_s != NULL)
		l->setup->each_s();
}

struct extending { struct loop *l; size_t n; struct job_ref ref[]; };

static int
extend_run(struct db *db, void *arg, struct err *e)
{
	struct extending *x = arg;

	return job_extend(db, x->ref, x->n, x->l->setup->lease_s, e) < 0 ?
	    -1 : 0;
}

static void
extend_done(void *arg, int rc, const struct err *e)
{
	struct extending *x = arg;

	x->l->extending--;
	if (rc < 0)
		loop_complain(x->l, "extend leases", e);
	free(x);
}

static void
extend_one(struct extending *x, struct item *it, int64_t before, int64_t now)
{
	if (it->leased_us > before || x->n == JOB_BATCH_MAX)
		return;
	it->leased_us = now;
	x->ref[x->n++] = it->ref;
}

/* Whoever is held for long keeps its lease; a third of it has gone by. */
void
loop_extend(struct loop *l)
{
	int64_t now = clock_mono(), third = (int64_t)l->setup->lease_s *
	    US_PER_S / 3;
	struct extending *x;

	if (now < l->next_lease_us || l->extending > 0)
		return;
	l->next_lease_us = now + third / 4;
	x = calloc(1, sizeof(*x) + JOB_BATCH_MAX * sizeof(x->ref[0]));
	if (x == NULL)
		fatal("worker: out of memory");
	x->l = l;
	for (size_t i = 0; i < l->flyings; i++)
		extend_one(x, l->flying[i], now - third, now);
	for (size_t i = 0; i < l->lanes; i++)
		for (size_t c = 0; c < JOB_CLASSES; c++)
			for (struct item *it = l->lane[i].wait[c].head;
			    it != NULL; it = it->next)
				extend_one(x, it, now - third, now);
	for (size_t i = 0; i < l->lanes; i++)
		for (struct item *it = l->lane[i].ready.head; it != NULL;
		    it = it->next)
			extend_one(x, it, now - third, now);
	if (x->n == 0) {
		free(x);
		return;
	}
	l->extending++;
	desk_post(l->out_desk, extend_run, extend_done, x);
}

/* --- what DNS says ------------------------------------------------------------------- */

static int
mx_run(struct db *db, void *arg, struct err *e)
{
	(void)arg;
	return mail_mx_look(db, e);
}

static void
mx_done(void *arg, int rc, const struct err *e)
{
	struct loop *l = arg;

	l->mx_busy = false;
	l->mx_done = rc == 0;
	l->next_mx_us = clock_mono() + SWEEP_US;
	if (rc < 0)
		loop_complain(l, "look domains up", e);
	else
		l->mx_want |= rc > 0;
}

/* At once when a bell rang, for a code may be under way.  Two workers may ask
 * for the same domain: they hear the same. */
void
loop_mx(struct loop *l)
{
	if (l->mx_desk == NULL || l->mx_busy || l->stopping ||
	    (!l->mx_want && clock_mono() < l->next_mx_us))
		return;
	l->mx_want = false;
	l->mx_busy = true;
	desk_post(l->mx_desk, mx_run, mx_done, l);
}
