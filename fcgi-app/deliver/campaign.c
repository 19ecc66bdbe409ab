/*
 * campaign.c - a round: what each live campaign needs now.
 */
#include "deliver/campaign_own.h"

#include "base/channels.h"
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
#define PLAN_US		(100 * INT64_C(1000))	/* a round, of all */
#define PARTS_ROUND	8u
#define SHARE_LEAST	10u		/* fewer answers judge nobody */

/* --- who serves ------------------------------------------------------------------- */

bool
campaign_serves(const struct campaign_tick *t, const char *channel)
{
	for (size_t i = 0; i < t->routes; i++)
		if (strcmp(t->route[i].channel, channel) == 0)
			return true;
	return false;
}

static bool
served(const struct campaign_tick *t, const char *channels)
{
	unsigned mask = channels_mask(channels);

	if (*channels == '\0')
		return true;
	for (size_t i = 0; i < t->routes; i++)
		if ((mask & CHANNEL_BIT(channels_find(t->route[i].channel))) !=
		    0)
			return true;
	return (mask & CHANNEL_BIT(CHANNEL_IN_APP)) != 0;
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

static int
finish(struct db *db, struct campaign_tick *t, struct campaign *c,
    struct err *e)
{
	struct campaign_queue q;
	int n, rc;

	if (campaign_queue(db, c->id, "", &q, e) < 0)
		return -1;
	if (q.all > 0)
		return 0;
	while ((n = campaign_count_parts(db, c, PARTS_ROUND, e)) > 0) {
		if ((rc = campaign_all_final(db, c, e)) != 0)
			break;
		if (n < (int)PARTS_ROUND) {
			t->more = true;
			return campaign_end_orphans(db, c, e);
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
	int64_t until = clock_mono() + t->plan_us;
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

static int
touch_work(struct db *db, void *arg, struct err *e)
{
	int rc = campaign_touch(db, arg, e);

	return rc < 0 ? -1 : rc == 0;
}

/* Somebody changed when it ends, or had it go on: its jobs follow. */
static int
touch_for_a_while(struct db *db, struct campaign_tick *t, struct campaign *c,
    struct err *e)
{
	int64_t until = clock_mono() + t->plan_us;
	uint64_t before;

	while (c->touched < c->released) {
		before = c->touched;
		if (clock_mono() >= until) {
			t->more = true;
			return 0;
		}
		if (db_tx(db, touch_work, c, e) < 0)
			return -1;
		if (c->touched == before)
			return 0;
	}
	return 0;
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
	if (!cancelled && !expired && touch_for_a_while(db, t, c, e) < 0)
		return -1;
	if (!cancelled && !expired && strcmp(c->state, "paused") == 0)
		return 0;
	if (cancelled)
		c->planned_us = c->now_us;	/* as far as it came */
	else if (!expired && !served(t, c->channels))
		return stop_itself(db, t, c, "no_provider", c->channels, e);
	if (plan_for_a_while(db, t, c, expired, e) < 0)
		return -1;
	if (cancelled || expired) {
		const char *state = cancelled ? "cancelled" : "expired";

		if (campaign_drop(db, t, c, state, e) < 0 ||
		    campaign_end(db, t, c, state, e) < 0)
			return -1;
	} else if (campaign_release(db, t, c, e) < 0) {
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
	if (site_notify_take(db, &t->sites, &t->accepted, &t->more, e) < 0 ||
	    digest_tick(db, &t->digest, e) < 0)
		return -1;
	t->more = t->more || t->digest.more;
	t->released += t->digest.made;
	if ((look = clock_mono() - t->looked_us >= LOOK_US))
		t->looked_us = clock_mono();
	a = arena_new(1u << 20);
	rc = -1;
	if ((n = campaign_live(db, a, c, CAMPAIGNS_MAX, e)) < 0)
		goto out;
	campaign_paces(t);
	t->plan_us = PLAN_US;
	for (int i = 0, plans = 0; i < n; i++)
		if (c[i].planned_us == 0 && ++plans > 1)
			t->plan_us = PLAN_US / plans;
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
