/*
 * pace.c - the loop's rates: messages of an account that may only be given so
 * many a second wait here, marked as leaving, for their turn among all workers
 * (queue/rate.h).
 *
 * What must stay true: nothing leaves outside a grant that is committed and
 * still holds; what waits here is still the worker's to give back, for it has
 * not left.  Turns are taken for as many as wait, never one by one.
 */
#include "worker/loop_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "deliver/send.h"
#include "queue/rate.h"
#include "store/provider_rate.h"

#define TRIES		20
#define LATER_US	(200 * MS)	/* after the database failed */

struct asking {
	struct loop	*l;
	struct lane	*lane;
	char		 name[25];
	unsigned	 per_s, want, least;
	struct pace	 old;		/* to be settled, if given > 0 */
	struct pace	 got;
	int64_t		 next_us;	/* monotonic */
};

static int
ask_once(struct db *db, struct arena *a, struct asking *x, struct err *e)
{
	int64_t before = clock_mono(), after;
	uint8_t bytes[RATE_BYTES];
	struct provider_rate row;
	struct rate_grant g;
	struct rate r;

	if (provider_rate_read(db, a, x->name, &row, e) < 0)
		return -1;
	after = clock_mono();
	rate_read(&r, row.state, row.len);
	if (x->old.given > 0)
		rate_settle(&r, x->old.db_until_us, x->old.given,
		    x->old.left, x->old.db_left_us);
	rate_take(&r, row.now_us, x->per_s, x->want, x->least, &g);
	x->next_us = before + (g.next_us - row.now_us);
	x->got = (struct pace){ .given = g.n, .n = g.n };
	if (g.n == 0)
		return 1;
	rate_write(&r, bytes);
	/* Its clock stood at now_us somewhere between the two. */
	x->got.from_us = after + (g.from_us - row.now_us);
	x->got.until_us = before + (g.until_us - row.now_us);
	x->got.db_until_us = g.until_us;
	x->got.db_ahead_us = row.now_us - before;
	return provider_rate_write(db, x->name, &row, bytes, sizeof(bytes),
	    e);
}

static int
ask_run(struct db *db, void *arg, struct err *e)
{
	struct arena *a = arena_new(64 * 1024);
	struct asking *x = arg;
	int rc = 0;

	for (int i = 0; i < TRIES && rc == 0; i++)
		rc = ask_once(db, a, x, e);
	if (rc == 0) {		/* others were first each time */
		x->got = (struct pace){ .n = 0 };
		x->next_us = clock_mono() + MS;
	}
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

static void
ask_done(void *arg, int rc, const struct err *e)
{
	struct asking *x = arg;
	struct lane *lane = x->lane;

	lane->pace_asking = false;
	if (rc < 0) {
		/* What it got, if it did, is over by itself. */
		loop_complain(x->l, "take turns", e);
		lane->pace_next_us = clock_mono() + LATER_US;
	} else {
		lane->pace_next_us = x->next_us;
		if (x->got.given > 0)
			lane->pace = x->got;
	}
	free(x);
	loop_pace(lane->owner);
}

void
loop_pace_ask(struct loop *l, struct lane *lane, unsigned want, bool whole)
{
	struct asking *x;

	if (lane->pace_asking || want == 0 || lane->per_s == 0)
		return;
	if ((x = calloc(1, sizeof(*x))) == NULL)
		fatal("worker: out of memory");
	x->l = l;
	x->lane = lane;
	(void)text_copy(x->name, sizeof(x->name), lane->name);
	x->per_s = lane->per_s;
	x->want = want;
	x->least = whole ? want : 1;
	x->old = lane->pace;
	/* What was given and not used is given back with it. */
	lane->pace = (struct pace){ .n = 0 };
	lane->pace_asking = true;
	desk_post(l->mark_desk, ask_run, ask_done, x);
}

void
loop_pace_wait(struct lane *lane, struct item *it)
{
	item_list_add(&lane->ready, it);
}

/* They have not left, and shall not now: behind the others, to be marked. */
static void
wait_again(struct lane *lane)
{
	struct item *it;

	while ((it = item_list_take(&lane->ready)) != NULL) {
		lane_stays(lane, it);
		send_unbuild(it);
		lane_add(lane, it);
	}
}

static void
take_back(struct loop *l, struct lane *lane)
{
	wait_again(lane);
	loop_release(l, lane, loop_lane_wait(lane));
}

/* In their time only: a code that is late is not sent (R15). */
static struct item *
next_ready(struct loop *l, struct lane *lane)
{
	struct item *it;

	while ((it = item_list_take(&lane->ready)) != NULL) {
		if (it->expires_us > loop_db_now(l))
			return it;
		lane_stays(lane, it);
		send_end(it, "expired", "expired", loop_record(l));
		send_unbuild(it);
	}
	return NULL;
}

static void
go(struct loop *l, struct lane *lane, size_t n, bool together)
{
	struct item *it, *group[MANY_MAX];
	size_t k = 0;

	while (k < n && k < MANY_MAX && (it = next_ready(l, lane)) != NULL) {
		lane_leaves(lane, it);
		if (together)
			group[k++] = it;
		else {
			k++;
			loop_leave(l, it);
		}
	}
	lane->pace.n -= lane->pace.n < k ? lane->pace.n : (unsigned)k;
	lane->pace.left += (unsigned)k;
	lane->pace.db_left_us = clock_mono() + lane->pace.db_ahead_us;
	if (together && k > 0) {
		lane->requests++;
		loop_leave_together(l, lane, group, k);
	}
}

static void
pace_one(struct loop *l, struct lane *lane)
{
	bool together = lane->ready.head->account->p->many_max > 0;
	size_t waiting = lane->ready.n;
	int64_t now = clock_mono();

	if (lane->p != NULL && !lane_flows(lane) && !l->stopping) {
		take_back(l, lane);
		return;
	}
	/* The account is well; only our seats are over. */
	if (lane->p != NULL && lane_seats_over(lane, now)) {
		wait_again(lane);
		return;
	}
	if (lane->per_s == 0) {		/* it may be another account now */
		lane->pace = (struct pace){ .n = (unsigned)waiting };
		go(l, lane, waiting, together);
		return;
	}
	if (lane->pace.n > 0 && now <= lane->pace.until_us) {
		if (now < lane->pace.from_us)
			return;
		if (waiting > lane->pace.n)
			waiting = lane->pace.n;
		go(l, lane, waiting, together);
		return;
	}
	if (now >= lane->pace_next_us - RATE_AHEAD_US / 2 ||
	    lane->pace.n > 0)
		loop_pace_ask(l, lane, (unsigned)waiting, together);
}

void
loop_pace(struct loop *l)
{
	for (size_t i = 0; i < l->lanes; i++)
		if (l->lane[i].ready.n > 0 && !l->lane[i].pace_asking)
			pace_one(l, &l->lane[i]);
}
