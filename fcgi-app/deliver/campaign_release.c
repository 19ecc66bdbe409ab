/*
 * campaign_release.c - what a campaign may have in the queue, and by which
 * account each message goes; and the end of what may not leave any more.
 *
 * The account is chosen when the job is made, not when the delivery was
 * planned: by then an hour may have gone by, an account's quota be spent or
 * its breaker open.  A choice is of some hundred messages at a time.
 */
#include "deliver/campaign_own.h"

#include "base/buf.h"
#include "base/channels.h"
#include "base/clock.h"
#include "base/rand.h"
#include "queue/enqueue.h"
#include "store/cancel.h"

#define RELEASE_MAX	1000u		/* jobs a transaction */
#define WINDOW_MIN	64u
#define WINDOW_MAX	4096u
#define WAITING_MAX	20000u		/* for another try */
#define SLOW_US		(INT64_C(2) * US_PER_S)
#define QUICK_US	(INT64_C(10) * 1000)	/* a count that is no matter */
#define IDLE_ROUNDS	600u	/* some minutes: its pace is forgotten */
#define SHARES_MAX	(CAMPAIGN_ROUTES * 2)
#define STUCK_MAX	(CAMPAIGN_ROUTES * (ACCOUNT_NAME_MAX + 1))

/* --- pace ----------------------------------------------------------------------- */

static unsigned
mask_of(const struct campaign *c)
{
	return *c->channels == '\0' ? CHANNELS_ALL : channels_mask(
	    c->channels);
}

static struct campaign_pace *
pace_of(struct campaign_tick *t, const struct campaign *c)
{
	struct campaign_pace *spare = &t->pace[0];

	for (size_t i = 0; i < CAMPAIGNS_MAX; i++) {
		if (t->pace[i].id == c->id)
			return &t->pace[i];
		if (t->pace[i].id == 0)
			spare = &t->pace[i];
	}
	*spare = (struct campaign_pace){ .id = c->id, .window = WINDOW_MIN,
	    .channels = mask_of(c) };
	return spare;
}

void
campaign_paces(struct campaign_tick *t)
{
	uint32_t even[CAMPAIGNS_MAX];

	for (size_t i = 0; i < CAMPAIGNS_MAX; i++) {
		const struct campaign_pace *p = &t->pace[i];
		uint64_t sum = 0;
		uint32_t n = 0;

		even[i] = p->window;
		for (size_t k = 0; p->hungry && k < CAMPAIGNS_MAX; k++)
			if (t->pace[k].hungry &&
			    (t->pace[k].channels & p->channels) != 0) {
				sum += t->pace[k].window;
				n++;
			}
		if (n > 1)
			even[i] = sum / n < WINDOW_MIN ? WINDOW_MIN :
			    (uint32_t)(sum / n);
	}
	for (size_t i = 0; i < CAMPAIGNS_MAX; i++) {
		t->pace[i].window = even[i];
		/* One that is over says so by nothing. */
		if (!t->pace[i].hungry && t->pace[i].idle++ > IDLE_ROUNDS)
			t->pace[i].id = 0;
		t->pace[i].hungry = false;
	}
}

/* Of `want`, as many as go in a second or so: twice as many when they are gone
 * at once, half when they stay. */
static uint64_t
room(struct campaign_pace *p, const struct campaign_queue *q, uint64_t want)
{
	int64_t now = clock_mono();

	p->idle = 0;
	p->hungry = q->busy + want > p->window;
	if (q->busy < p->window / 2) {
		p->full_us = 0;
		if (p->hungry && p->window < WINDOW_MAX)
			p->window *= 2;
	} else if (q->busy < p->window * 3 / 4) {
		p->full_us = 0;
	} else if (p->full_us == 0) {
		p->full_us = now;
	} else if (now - p->full_us > SLOW_US && p->window > WINDOW_MIN) {
		p->window /= 2;
		p->full_us = now;
	}
	if (q->begun >= WAITING_MAX || q->busy >= p->window)
		return 0;
	return want < p->window - q->busy ? want : p->window - q->busy;
}

/* Accounts of its channels to which nothing flows, when to another one
 * something does: what waits there holds up nothing else. */
static void
stuck_accounts(const struct campaign_tick *t, const struct campaign *c,
    char out[STUCK_MAX])
{
	unsigned mask = mask_of(c);
	size_t n = 0, flows = 0;

	out[0] = '\0';
	for (size_t i = 0; i < t->routes; i++) {
		const struct plan_route *r = &t->route[i];

		if ((mask & CHANNEL_BIT(channels_find(r->channel))) == 0)
			continue;
		flows += r->flows;
		if (!r->flows)
			n += (size_t)snprintf(out + n, STUCK_MAX - n, "%s%s",
			    n > 0 ? "," : "", r->provider);
	}
	if (flows == 0)
		out[0] = '\0';
}

/* --- leaving -------------------------------------------------------------------- */

struct moving {
	struct campaign_tick *t;
	struct campaign	*c;
	const char	*end;		/* rows end so; NULL: they get jobs */
	uint64_t	 to, first;
	int64_t		 base_us, rate_us;	/* the rate was used to base */
	int64_t		 jobs;
	bool		 stale;
};

static int64_t
end_rows(struct db *db, const struct moving *m, const char *channel,
    const char *state, const char *reason, struct err *e)
{
	return campaign_end_rows(db, &(struct campaign_end){ .id = m->c->id,
	    .from = m->c->released, .to = m->to, .channel = channel,
	    .state = state, .reason = reason }, e);
}

/* Jobs of the slice, by turns of the accounts. */
static int
make_jobs(struct db *db, struct moving *m, struct err *e)
{
	struct campaign_tick *t = m->t;
	struct campaign_ready ready[CHANNELS + 1];
	struct campaign_share_of share[SHARES_MAX];
	uint32_t got[CAMPAIGN_ROUTES];
	size_t shares = 0;
	int n = campaign_ready(db, m->c->id, m->c->released, m->to, ready,
	    COUNT_OF(ready), e);

	if (n < 0)
		return -1;
	for (int k = 0; k < n; k++) {
		const char *channel = ready[k].channel;

		if (pick_many(t->route, t->routes, channel, CLASS_CAMPAIGN,
		    (uint32_t)ready[k].n, got) == 0) {
			/* Whoever served it when it was planned is gone. */
			if (end_rows(db, m, channel, "failed", "no_provider",
			    e) < 0)
				return -1;
			continue;
		}
		for (size_t i = 0; i < t->routes && shares < SHARES_MAX; i++)
			if (got[i] > 0)
				share[shares++] = (struct campaign_share_of){
				    channel, t->route[i].provider, got[i] };
	}
	if (shares == 0)
		return 0;
	m->jobs = campaign_jobs(db, m->c, m->first, m->c->released, m->to,
	    share, shares, e);
	return m->jobs < 0 ? -1 : 0;
}

static int
move_work(struct db *db, void *arg, struct err *e)
{
	struct moving *m = arg;
	struct campaign *c = m->c;
	int rc;

	m->jobs = 0;
	m->stale = false;
	if (m->end != NULL) {
		if (end_rows(db, m, "", m->end, m->end, e) < 0)
			return -1;
	} else if (make_jobs(db, m, e) < 0) {
		/* Ids are chance: others have these. */
		m->stale = e->kind == ERR_DB_DUP;
		return m->stale ? 1 : -1;
	}
	m->rate_us = c->rate == 0 ? c->now_us : m->base_us +
	    m->jobs * US_PER_S / (int64_t)c->rate;
	if ((rc = campaign_released(db, c, m->to, m->rate_us, e)) < 0)
		return -1;
	m->stale = rc == 0;
	return m->stale;
}

/* 1 moved, 0 somebody else moved it: read again. */
static int
move(struct db *db, struct moving *m, struct err *e)
{
	struct campaign *c = m->c;

	m->first = rand_id();
	if (db_tx(db, move_work, m, e) < 0)
		return -1;
	if (m->stale)
		return 0;
	m->t->released += (unsigned)m->jobs;
	c->released = m->to;
	c->rate_us = m->rate_us;
	return 1;
}

int
campaign_release(struct db *db, struct campaign_tick *t, struct campaign *c,
    struct err *e)
{
	struct moving m = { .t = t, .c = c, .base_us = c->rate_us };
	uint64_t n = c->planned - c->released, may;
	struct campaign_pace *p;
	struct campaign_queue q;
	char stuck[STUCK_MAX];
	int64_t asked;
	int rc;

	if (n == 0)
		return 0;
	p = pace_of(t, c);
	if ((asked = clock_mono()) < p->ask_us)
		return 0;
	stuck_accounts(t, c, stuck);
	if (campaign_queue(db, c->id, stuck, &q, e) < 0)
		return -1;
	/* Where very many wait for their hour, counting takes its time: a
	 * fifth of ours at most. */
	p->ask_us = clock_mono() + 4 * (clock_mono() - asked - QUICK_US);
	if (c->rate > 0) {
		/* What was not used within a second is lost. */
		if (m.base_us < c->now_us - US_PER_S)
			m.base_us = c->now_us - US_PER_S;
		may = (uint64_t)(c->now_us - m.base_us) * c->rate /
		    US_PER_S;
		if (may < n)
			n = may;
	}
	n = room(p, &q, n);
	if (n > RELEASE_MAX)
		n = RELEASE_MAX;
	if (n == 0)
		return 0;
	m.to = c->released + n;
	if ((rc = move(db, &m, e)) <= 0)
		return rc;
	/* Those that nothing is sent for use nothing up. */
	t->more = t->more || (c->released < c->planned &&
	    (c->rate == 0 || (uint64_t)m.jobs < n));
	return 0;
}

/* --- ends ------------------------------------------------------------------------ */

int
campaign_end(struct db *db, struct campaign_tick *t, struct campaign *c,
    const char *state, struct err *e)
{
	struct moving m = { .t = t, .c = c, .end = state };
	uint64_t n = c->planned - c->released;

	if (n == 0)
		return 0;
	m.to = c->released + (n < CAMPAIGN_END ? n : CAMPAIGN_END);
	if (move(db, &m, e) < 0)
		return -1;
	t->more = true;
	return 0;
}

struct ending {
	const struct campaign *c;
	const char	*state;
	int64_t		 n;
};

static int
drop_work(struct db *db, void *arg, struct err *e)
{
	struct ending *x = arg;
	struct cancelled c;
	int rc = campaign_still(db, x->c, e);

	x->n = 0;
	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	if ((x->n = campaign_drop_jobs(db, x->c->id, x->state, e)) != 0)
		return x->n < 0 ? -1 : 0;
	/* What a digest carries is late by no fault of its own; it is taken
	 * out by who cancels. */
	if (strcmp(x->state, "cancelled") != 0)
		return 0;
	memset(&c, 0, sizeof(c));
	if (cancel_carried(db, x->c->id, x->state, &c, e) < 0)
		return -1;
	x->n = (int64_t)c.cancelled;
	return 0;
}

int
campaign_drop(struct db *db, struct campaign_tick *t,
    const struct campaign *c, const char *state, struct err *e)
{
	struct ending x = { .c = c, .state = state };

	if (db_tx(db, drop_work, &x, e) < 0)
		return -1;
	t->more = t->more || x.n > 0;
	return 0;
}

static int
orphan_work(struct db *db, void *arg, struct err *e)
{
	struct ending *x = arg;

	x->n = campaign_end_rows(db, &(struct campaign_end){ .id = x->c->id,
	    .to = x->c->planned, .channel = "", .state = "cancelled",
	    .reason = "user_gone" }, e);
	return x->n < 0 ? -1 : 0;
}

int
campaign_end_orphans(struct db *db, const struct campaign *c, struct err *e)
{
	struct ending x = { .c = c };

	return db_tx(db, orphan_work, &x, e) < 0 ? -1 : 0;
}
