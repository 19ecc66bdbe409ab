/*
 * campaign.c - a round: what each live campaign needs now.
 */
#include "deliver/campaign_own.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/rand.h"
#include "deliver/site_notify.h"
#include "store/lease.h"

#define LEASE		"campaigns"
#define HOLD_S		5u
#define ASK_US		US_PER_S
#define LOOK_US		US_PER_S	/* errors, counts, the end */
#define PLAN_US		(100 * INT64_C(1000))	/* a campaign's turn */
#define RELEASE_MAX	1000u		/* jobs a transaction */
#define END_MAX		4000u		/* rows ended a transaction */
#define WINDOW_MIN	64u
#define WINDOW_MAX	4096u
#define WAITING_MAX	20000u		/* for another try */
#define SLOW_US		(INT64_C(2) * US_PER_S)
#define PARTS_ROUND	8u
#define SHARE_LEAST	10u		/* fewer answers judge nobody */

/* --- pace ----------------------------------------------------------------------- */

static struct campaign_pace *
pace_of(struct campaign_tick *t, uint64_t id)
{
	struct campaign_pace *spare = &t->pace[0];

	for (size_t i = 0; i < CAMPAIGNS_MAX; i++) {
		if (t->pace[i].id == id)
			return &t->pace[i];
		if (t->pace[i].id == 0)
			spare = &t->pace[i];
	}
	*spare = (struct campaign_pace){ .id = id, .window = WINDOW_MIN };
	return spare;
}

/* As many as go in a second or so: twice as many when they are gone at once,
 * half when they stay. */
static uint64_t
room(struct campaign_pace *p, const struct campaign_queue *q)
{
	int64_t now = clock_mono();

	if (q->busy < p->window / 2) {
		p->full_us = 0;
		if (p->window < WINDOW_MAX)
			p->window *= 2;
	} else if (q->busy < p->window * 3 / 4) {
		p->full_us = 0;
	} else if (p->full_us == 0) {
		p->full_us = now;
	} else if (now - p->full_us > SLOW_US && p->window > WINDOW_MIN) {
		p->window /= 2;
		p->full_us = now;
	}
	return q->begun >= WAITING_MAX || q->busy >= p->window ? 0 :
	    p->window - q->busy;
}

/* --- leaving -------------------------------------------------------------------- */

struct moving {
	struct campaign	*c;
	const char	*end;		/* rows end so; NULL: they get jobs */
	uint64_t	 to, first;
	int64_t		 base_us, rate_us;	/* the rate was used to base */
	int64_t		 jobs;
	bool		 stale;
};

static int
move_work(struct db *db, void *arg, struct err *e)
{
	struct moving *m = arg;
	struct campaign *c = m->c;
	int rc;

	m->jobs = 0;
	m->stale = false;
	if (m->end != NULL) {
		if (campaign_end_rows(db, c->id, c->released, m->to, m->end,
		    m->end, e) < 0)
			return -1;
	} else if ((m->jobs = campaign_jobs(db, c, m->first, c->released,
	    m->to, e)) < 0) {
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
move(struct db *db, struct campaign_tick *t, struct moving *m, struct err *e)
{
	struct campaign *c = m->c;

	m->first = rand_id();
	if (db_tx(db, move_work, m, e) < 0)
		return -1;
	if (m->stale)
		return 0;
	t->released += (unsigned)m->jobs;
	c->released = m->to;
	c->rate_us = m->rate_us;
	return 1;
}

static int
release(struct db *db, struct campaign_tick *t, struct campaign *c,
    struct err *e)
{
	struct moving m = { .c = c, .base_us = c->rate_us };
	uint64_t n = c->planned - c->released, may;
	struct campaign_queue q;
	int rc;

	if (n == 0)
		return 0;
	if (campaign_queue(db, c->id, &q, e) < 0)
		return -1;
	if ((may = room(pace_of(t, c->id), &q)) < n)
		n = may;
	if (n > RELEASE_MAX)
		n = RELEASE_MAX;
	if (c->rate > 0) {
		/* What was not used within a second is lost. */
		if (m.base_us < c->now_us - US_PER_S)
			m.base_us = c->now_us - US_PER_S;
		may = (uint64_t)(c->now_us - m.base_us) * c->rate /
		    US_PER_S;
		if (may < n)
			n = may;
	}
	if (n == 0)
		return 0;
	m.to = c->released + n;
	if ((rc = move(db, t, &m, e)) <= 0)
		return rc;
	/* Those that nothing is sent for use nothing up. */
	t->more = t->more || (c->released < c->planned &&
	    (c->rate == 0 || (uint64_t)m.jobs < n));
	return 0;
}

static int
end_rows(struct db *db, struct campaign_tick *t, struct campaign *c,
    const char *state, struct err *e)
{
	struct moving m = { .c = c, .end = state };
	uint64_t n = c->planned - c->released;

	if (n == 0)
		return 0;
	m.to = c->released + (n < END_MAX ? n : END_MAX);
	if (move(db, t, &m, e) < 0)
		return -1;
	t->more = true;
	return 0;
}

struct dropping { uint64_t id; const char *state; };

static int
drop_work(struct db *db, void *arg, struct err *e)
{
	struct dropping *d = arg;
	int64_t n = d->state == NULL ? campaign_hold_jobs(db, d->id, e) :
	    campaign_drop_jobs(db, d->id, d->state, e);

	return n < 0 ? -1 : 0;
}

/* A request that was on its way comes back to be tried again: no more. */
static int
drop(struct db *db, const struct campaign *c, const char *state,
    struct err *e)
{
	struct dropping d = { .id = c->id, .state = state };

	return db_tx(db, drop_work, &d, e) < 0 ? -1 : 0;
}

/* --- stopping by itself ------------------------------------------------------------ */

struct pausing {
	const struct campaign_tick *t;
	const struct campaign *c;
	const char	*reason, *detail;
};

static int
pause_work(struct db *db, void *arg, struct err *e)
{
	struct pausing *p = arg;
	char detail[320];
	int rc = campaign_pause(db, p->c->id, p->reason, p->detail, e);

	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	snprintf(detail, sizeof(detail), "{\"campaign\":\"%" PRIu64
	    "\",\"reason\":\"%s\",\"detail\":\"%s\"}", p->c->id, p->reason,
	    p->detail);
	return p->t->audit == NULL ? 0 : p->t->audit(db, "campaign_pause",
	    p->c->user_id, detail, e);
}

static int
stop_itself(struct db *db, const struct campaign_tick *t, struct campaign *c,
    const char *reason, const char *detail, struct err *e)
{
	struct pausing p = { t, c, reason, detail };

	if (db_tx(db, pause_work, &p, e) < 0)
		return -1;
	log_event("campaign_paused", LOG_KI("campaign", c->id),
	    LOG_KV("reason", reason));
	c->state = "paused";
	return 0;
}

static int
judge(struct db *db, const struct campaign_tick *t, struct campaign *c,
    struct err *e)
{
	uint64_t percent = (uint64_t)conf_int(CONF_CAMPAIGN_ERROR_PERCENT);
	uint32_t sample = (uint32_t)conf_int(CONF_CAMPAIGN_ERROR_SAMPLE);
	struct campaign_share s;
	char detail[120];

	if (percent == 0)
		return 0;
	if (campaign_share(db, c, sample, &s, e) < 0)
		return -1;
	if (s.seen < SHARE_LEAST || s.bad * 100 <= s.seen * percent)
		return 0;
	snprintf(detail, sizeof(detail), "%" PRIu64 " of the last %" PRIu64
	    " failed, most: %s", s.bad, s.seen, s.why);
	return stop_itself(db, t, c, "errors", detail, e);
}

/* --- the end ---------------------------------------------------------------------- */

/* What is open and has no job lost it with its recipient's account. */
static int
end_orphans(struct db *db, const struct campaign *c, struct err *e)
{
	if (campaign_end_rows(db, c->id, 0, c->planned, "cancelled",
	    "user_gone", e) < 0)
		return -1;
	return 0;
}

static int
finish(struct db *db, struct campaign_tick *t, struct campaign *c,
    struct err *e)
{
	struct campaign_queue q;
	int n, rc;

	if (campaign_queue(db, c->id, &q, e) < 0)
		return -1;
	if (q.all > 0)
		return 0;
	while ((n = campaign_count_parts(db, c, PARTS_ROUND, e)) > 0) {
		if ((rc = campaign_all_final(db, c, e)) != 0)
			break;
		if (n < (int)PARTS_ROUND) {
			t->more = true;
			return end_orphans(db, c, e);
		}
	}
	if (n < 0 || (rc = campaign_over(db, c->id, e)) < 0)
		return -1;
	log_event("campaign_over", LOG_KI("campaign", c->id),
	    LOG_KI("deliveries", c->planned));
	return 0;
}

/* --- a campaign's turn --------------------------------------------------------------- */

static int
plan_for_a_while(struct db *db, struct campaign_tick *t, struct campaign *c,
    bool expired, struct err *e)
{
	int64_t until = clock_mono() + PLAN_US;
	uint64_t before = c->planned;
	int rc;

	if (c->planned_us != 0)
		return 0;
	do {
		rc = campaign_plan(db, t, c, expired, e);
	} while (rc > 0 && clock_mono() < until);
	t->planned += (unsigned)(c->planned - before);
	t->more = t->more || rc > 0;
	return rc < 0 ? -1 : 0;
}

struct beginning { uint64_t id; };

static int
begin_work(struct db *db, void *arg, struct err *e)
{
	struct beginning *b = arg;

	return campaign_begin(db, b->id, e) < 0 ? -1 : 0;
}

static int
turn(struct db *db, struct campaign_tick *t, struct campaign *c, bool look,
    struct err *e)
{
	bool cancelled = strcmp(c->state, "cancelled") == 0;
	bool expired = c->now_us >= c->ends_us;
	int rc = 0;

	if (strcmp(c->state, "scheduled") == 0) {
		struct beginning b = { c->id };

		if (c->start_us > c->now_us)
			return 0;
		t->more = true;
		return db_tx(db, begin_work, &b, e);
	}
	if (!cancelled && !expired && strcmp(c->state, "paused") == 0)
		return drop(db, c, NULL, e);
	if (cancelled)
		c->planned_us = c->now_us;	/* as far as it came */
	else if (!expired && !campaign_served(t, c->channels))
		return stop_itself(db, t, c, "no_provider", c->channels, e);
	if (plan_for_a_while(db, t, c, expired, e) < 0)
		return -1;
	if (cancelled || expired) {
		const char *state = cancelled ? "cancelled" : "expired";

		if (drop(db, c, state, e) < 0 ||
		    end_rows(db, t, c, state, e) < 0)
			return -1;
	} else if (release(db, t, c, e) < 0) {
		return -1;
	}
	if (!look)
		return 0;
	if (!cancelled && !expired && judge(db, t, c, e) < 0)
		return -1;
	if (c->planned_us != 0 && c->released >= c->planned)
		return finish(db, t, c, e);
	rc = campaign_count_parts(db, c, PARTS_ROUND, e);
	return rc < 0 ? -1 : 0;
}

/* --- the round -------------------------------------------------------------------------- */

const char *
campaign_provider(const struct campaign_tick *t, const char *channel)
{
	for (size_t i = 0; i < t->routes; i++)
		if (strcmp(t->route[i].channel, channel) == 0)
			return t->route[i].provider;
	return NULL;
}

bool
campaign_served(const struct campaign_tick *t, const char *channels)
{
	char one[13];
	size_t n;

	if (*channels == '\0')
		return true;
	for (; *channels != '\0'; channels += n + (channels[n] == ',')) {
		n = strcspn(channels, ",");
		snprintf(one, sizeof(one), "%.*s", (int)n, channels);
		if (campaign_provider(t, one) != NULL)
			return true;
	}
	return false;
}

/* Ours?  Asked once a second, trusted for less than it lasts. */
static int
mine(struct db *db, struct campaign_tick *t, struct err *e)
{
	int64_t now = clock_mono();
	int rc;

	if (now - t->asked_us < ASK_US && t->asked_us != 0)
		return now < t->held_us;
	t->asked_us = now;
	t->held_us = 0;
	if ((rc = lease_take(db, LEASE, t->owner, HOLD_S, e)) > 0)
		t->held_us = now + (HOLD_S - 1) * US_PER_S;
	return rc;
}

int
campaign_tick(struct db *db, struct campaign_tick *t, struct err *e)
{
	struct campaign c[CAMPAIGNS_MAX];
	struct arena *a;
	bool look;
	int n, rc;

	t->more = false;
	t->planned = t->released = t->accepted = 0;
	if ((rc = mine(db, t, e)) <= 0)
		return rc;
	if (site_notify_take(db, &t->accepted, &t->more, e) < 0)
		return -1;
	if ((look = clock_mono() - t->looked_us >= LOOK_US))
		t->looked_us = clock_mono();
	a = arena_new(1u << 20);
	rc = -1;
	if ((n = campaign_live(db, a, c, CAMPAIGNS_MAX, e)) < 0)
		goto out;
	for (int i = 0; i < n; i++) {
		/* One that cannot go on is in nobody's way; without a
		 * database all wait. */
		if (turn(db, t, &c[i], look, e) == 0)
			continue;
		if (e->kind != ERR_INTERNAL && e->kind != ERR_INPUT)
			goto out;
		log_err(LOG_ERROR_, "campaign", e);
		err_clear(e);
	}
	rc = 0;
out:
	arena_free(a);
	return rc;
}

void
campaign_stop(struct db *db, struct campaign_tick *t)
{
	struct err e = ERR_INIT;

	if (t->held_us != 0 && lease_give(db, LEASE, t->owner, &e) < 0)
		log_err(LOG_WARN_, "give the campaigns' lease back", &e);
}
