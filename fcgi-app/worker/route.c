/*
 * route.c - the loop's accounts: which there are, which may be chosen, and
 * where else a message can go.
 */
#include "worker/loop_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "deliver/accounts.h"

#define LOOK_AGAIN_US	(INT64_C(5) * US_PER_S)

/* --- which there are ---------------------------------------------------------- */

static void
look_at(struct lane *lane)
{
	struct err e = ERR_INIT;
	bool was = lane->usable;

	if (lane->p == NULL)
		return;
	lane->usable = lane->account->active &&
	    lane->p->configured(lane->account, &e) == 0;
	if (lane->usable)
		lane->seen = true;
	else if (was && e.kind != ERR_NONE)
		log_err(LOG_WARN_, lane->name, &e);
}

void
loop_look(struct loop *l)
{
	for (size_t i = 0; i < l->lanes; i++)
		look_at(&l->lane[i]);
}

/* The account of a lane, new or changed. */
static void
put(struct loop *l, struct account **acc, uint64_t version)
{
	struct lane *lane = loop_lane(l, (*acc)->name);

	if (lane == NULL) {
		log_warn("provider %s: there are too many", (*acc)->name);
		return;
	}
	if (lane->version == version)
		return;
	if ((*acc)->broken)
		log_error("provider %s: its secrets do not open, or its "
		    "settings are none", (*acc)->name);
	/* Other settings may heal what the breaker opened for. */
	lane->version = version;
	lane_account(lane, *acc);
	*acc = NULL;
	lane->seen = true;
	look_at(lane);
	l->want = true;
}

static bool
has(const struct accounts *s, const struct lane *lane)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->version[i] == lane->version)
			return true;
	return false;
}

void
loop_accounts(struct loop *l, struct accounts *s)
{
	if (!s->known)
		return;
	for (size_t i = 0; i < l->lanes; i++)
		if (l->lane[i].version != 0 && !has(s, &l->lane[i])) {
			/* Changed ones get their account below. */
			l->lane[i].version = 0;
			lane_account(&l->lane[i], NULL);
		}
	for (size_t i = 0; i < s->n; i++)
		put(l, &s->acc[i], s->version[i]);
	for (size_t i = 0; i < l->lanes; i++) {
		struct lane *lane = &l->lane[i];
		uint64_t limit = lane->account == NULL ? 0 :
		    account_daily(lane->account);

		lane->spent = limit > 0 &&
		    accounts_sent(s, lane->name) >= limit;
		if (lane->p != NULL && !lane_flows(lane))
			loop_release(l, lane, loop_lane_wait(lane));
	}
	accounts_drop(s);
	l->accounts_known = true;
}

/* --- which may be chosen ------------------------------------------------------- */

size_t
loop_routes(struct loop *l, struct plan_route *r)
{
	size_t n = 0;

	for (size_t i = 0; i < l->lanes; i++) {
		struct lane *lane = &l->lane[i];
		struct plan_route *to = &r[n];

		if (lane->p == NULL || !lane->usable)
			continue;
		(void)text_copy(to->channel, sizeof(to->channel),
		    lane->p->channel);
		(void)text_copy(to->provider, sizeof(to->provider),
		    lane->name);
		lane_room(lane, to->room);
		to->weight = lane->account->weight;
		to->flows = lane_flows(lane);
		to->trial = lane->gate == GATE_TRIAL;
		to->credit = lane->credit;
		n++;
	}
	return n;
}

void
loop_routed(struct loop *l, const struct plan_route *r, size_t n)
{
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < l->lanes; i++)
			if (strcmp(l->lane[i].name, r[k].provider) == 0)
				l->lane[i].credit = r[k].credit;
}

const char *
loop_elsewhere(const struct item *it)
{
	struct loop *l = it->lane->owner;
	struct plan_route r[LANES_MAX], *to;
	size_t n = loop_routes(l, r);

	to = pick_route(r, n, it->note->channel, it->tried, it->class);
	if (to == NULL || !to->flows || (to->trial &&
	    to->room[it->class] == 0) || strcmp(to->provider,
	    it->lane->name) == 0)
		return NULL;
	loop_routed(l, r, n);
	for (size_t i = 0; i < l->lanes; i++)
		if (strcmp(l->lane[i].name, to->provider) == 0)
			return l->lane[i].name;
	return NULL;
}

bool
loop_has_other(const struct loop *l, const struct lane *lane)
{
	for (size_t i = 0; i < l->lanes; i++) {
		const struct lane *o = &l->lane[i];

		if (o != lane && lane->p != NULL && lane_flows(o) &&
		    o->gate != GATE_TRIAL && strcmp(o->p->channel,
		    lane->p->channel) == 0)
			return true;
	}
	return false;
}

int64_t
loop_lane_wait(const struct lane *lane)
{
	int64_t us = lane_open_left(lane, clock_mono());

	/* Then they are due and wait in the table: nothing is claimed for a
	 * lane that does not flow, and a counter may be set back. */
	return us > LOOK_AGAIN_US ? us : LOOK_AGAIN_US;
}
