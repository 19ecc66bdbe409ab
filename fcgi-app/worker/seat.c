/*
 * seat.c - the loop's seats: how many requests it may have under way by an
 * account, of those that all workers share (queue/seat.h).
 *
 * What must stay true: nothing leaves beyond the seats that are committed and
 * still hold, and what is given back is not used any more: a connection that
 * is kept and counts is ended first.
 */
#include "worker/loop_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "deliver/send.h"
#include "queue/seat.h"
#include "store/provider_seat.h"

#define TRIES		20
#define AGAIN_US	(200 * MS)	/* after a failure, or for want of one */
#define ASK_US		(3 * US_PER_S)
#define BACK_US		(100 * MS)	/* what can be given back is, so soon */

struct seat_line {
	struct lane	*lane;
	char		 name[25];
	struct seat_ask	 ask;
	struct seat_got	 got;
	int64_t		 until_us;	/* monotonic */
	unsigned	 was;		/* its seats, before */
	bool		 done, unsure;	/* perhaps it was written after all */
};
struct seating { struct loop *l; size_t n; struct seat_line line[LANES_MAX]; };

struct parting {		/* ends a connection */
	struct loop	*l;
	struct lane	*lane;
	struct account	*account;
	struct arena	*arena;
	struct out_request req;
};

/* --- asking ------------------------------------------------------------------ */

static int
ask_once(struct db *db, struct arena *a, struct seat_line *x, struct err *e)
{
	int64_t before = clock_mono();
	uint8_t bytes[SEAT_BYTES_MAX];
	struct provider_seat row;
	struct seats s;
	size_t n;

	if (provider_seat_read(db, a, x->name, &row, e) < 0)
		return -1;
	seats_read(&s, row.state, row.len);
	x->ask.now_us = row.now_us;
	seats_take(&s, &x->ask, &x->got);
	/* By our clock it is over a little earlier, never later. */
	x->until_us = before + (x->got.until_us - row.now_us);
	n = seats_write(&s, bytes);
	return provider_seat_write(db, x->name, &row, bytes, n, e);
}

static int
seating_run(struct db *db, void *arg, struct err *e)
{
	struct arena *a = arena_new(64 * 1024);
	struct seating *s = arg;
	int rc = 0;

	for (size_t i = 0; i < s->n && rc >= 0; i++) {
		arena_reset(a);
		rc = 0;
		for (int k = 0; k < TRIES && rc == 0; k++)
			rc = ask_once(db, a, &s->line[i], e);
		s->line[i].done = rc > 0;
		s->line[i].unsure = rc < 0;
	}
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

static void
seated(struct loop *l, const struct seat_line *x)
{
	struct lane *lane = x->lane;
	struct item *it;
	int64_t now = clock_mono();

	if (strcmp(lane->name, x->name) != 0 || lane->seats_max == 0)
		return;		/* it is another account by now */
	if (!x->done) {
		/* What the row may say was given back is another's by now. */
		if (!x->unsure)
			lane->seats = x->was;
		lane->seats_next_us = now + AGAIN_US;
		return;
	}
	l->want = l->want || lane->seats < x->got.seats;
	lane->seats = x->got.seats;
	lane->seats_held = x->got.held;
	lane->seat_holders = x->got.holders;
	lane->seats_until_us = x->until_us;
	lane->seats_next_us = now + ASK_US;
	/* Others have them all: what waits here is for them. */
	if (lane->seats == 0)
		while ((it = lane_next(lane)) != NULL)
			send_hold(it, 0, loop_record(l));
}

static void
seating_done(void *arg, int rc, const struct err *e)
{
	struct seating *s = arg;
	struct loop *l = s->l;

	l->seating = NULL;
	l->seated = l->seated || rc == 0;
	if (rc < 0)
		loop_complain(l, "take seats", e);
	for (size_t i = 0; i < s->n; i++)
		seated(l, &s->line[i]);
	free(s);
}

/* It is time; or it could use more; or it can give some back. */
static bool
is_due(const struct lane *lane, int64_t now)
{
	int64_t since = now - lane->seats_asked_us;

	if (lane->p == NULL || !lane->usable || lane->seats_max == 0)
		return false;
	if (now >= lane->seats_next_us)
		return true;
	if (lane->seats_held > lane->seats && lane_in_use(lane) <
	    lane->seats_held)
		return since >= BACK_US;
	return lane->seats < lane->seats_max && since >= AGAIN_US &&
	    lane_flows(lane) && lane_seats_want(lane) > lane->seats;
}

static void
ask(struct loop *l, int64_t now)
{
	struct seating *s = NULL;

	for (size_t i = 0; i < l->lanes; i++) {
		struct lane *lane = &l->lane[i];
		struct seat_line *x;

		if (!is_due(lane, now))
			continue;
		if (s == NULL && (s = calloc(1, sizeof(*s))) == NULL)
			fatal("worker: out of memory");
		x = &s->line[s->n++];
		x->lane = lane;
		(void)text_copy(x->name, sizeof(x->name), lane->name);
		x->was = lane->seats;
		x->ask = (struct seat_ask){ .owner = l->setup->seat_owner,
		    .limit = lane->seats_max,
		    .want = lane_seats_want(lane),
		    .in_use = lane_in_use(lane) };
		/* What leaves until the answer is here must be in it: those
		 * that wait may; where none does, none may. */
		if (lane->seats > x->ask.in_use) {
			if (lane_waiting(lane) > 0)
				x->ask.in_use = lane->seats;
			else
				lane->seats = x->ask.in_use;
		}
		lane->seats_asked_us = now;
	}
	if (s == NULL) {
		l->seated = true;
		return;
	}
	s->l = l;
	l->seating = s;
	desk_post(l->mark_desk, seating_run, seating_done, s);
}

/* --- connections that count ------------------------------------------------------ */

void
loop_seats_heard(struct lane *lane, const struct in_answer *in)
{
	if (lane->p == NULL || lane->p->part == NULL)
		return;
	lane->conns += in->opened;
	lane->conns -= in->closed && lane->conns > 0;
}

/* Where others want them none is kept that the next one here does not need. */
bool
loop_seats_last(const struct lane *lane)
{
	return lane->p != NULL && lane->p->part != NULL &&
	    lane->seat_holders > 1 && (lane->conns > lane->seats ||
	    (lane_waiting(lane) < lane->flying && lane->flying > 1));
}

static void
parting_free(struct parting *p)
{
	p->l->parting[p->lane - p->l->lane] = NULL;
	account_unref(p->account);
	arena_free(p->arena);
	free(p);
}

static void
parted(void *arg, const struct in_answer *in)
{
	struct parting *p = arg;
	struct lane *lane = p->lane;

	/* None was kept after all: the server had ended it before. */
	if (in->opened || in->error != NET_OK)
		lane->conns = lane->flying;
	else
		loop_seats_heard(lane, in);
	parting_free(p);
}

static void
part(struct loop *l, size_t i)
{
	struct lane *lane = &l->lane[i];
	struct parting *p = calloc(1, sizeof(*p));
	struct err e = ERR_INIT;

	if (p == NULL)
		fatal("worker: out of memory");
	p->l = l;
	p->lane = lane;
	p->account = account_ref(lane->account);
	p->arena = arena_new(16 * 1024);
	l->parting[i] = p;
	if (lane->p->part(p->account, lane->token, p->arena, &p->req, &e) <
	    0 || net_begin(l->net, &p->req, "", parted, p, &e) < 0) {
		log_err(LOG_WARN_, lane->name, &e);
		lane->conns = lane->flying;
		parting_free(p);
	}
}

void
loop_seats(struct loop *l)
{
	int64_t now = clock_mono();

	if (!l->accounts_known || l->stopping)
		return;
	if (!l->seating)
		ask(l, now);
	for (size_t i = 0; i < l->lanes; i++) {
		struct lane *lane = &l->lane[i];

		if (lane->p != NULL && lane->p->part != NULL &&
		    lane->usable && lane->seat_holders > 1 &&
		    l->parting[i] == NULL && lane->conns > lane->flying &&
		    lane->conns > lane->seats)
			part(l, i);
	}
}

/* --- the end ------------------------------------------------------------------------ */

static int
leave_once(struct db *db, struct arena *a, const char *name, uint64_t owner,
    struct err *e)
{
	uint8_t bytes[SEAT_BYTES_MAX];
	struct provider_seat row;
	struct seats s;
	size_t n;

	if (provider_seat_read(db, a, name, &row, e) < 0)
		return -1;
	if (row.version == 0)
		return 1;
	seats_read(&s, row.state, row.len);
	seats_leave(&s, owner);
	n = seats_write(&s, bytes);
	return provider_seat_write(db, name, &row, bytes, n, e);
}

void
loop_seats_leave(struct db *db, struct loop *l)
{
	struct arena *a = arena_new(64 * 1024);
	struct err e = ERR_INIT;
	int rc = 0;

	/* What is not said ends by itself. */
	for (size_t i = 0; i < l->lanes && rc >= 0; i++) {
		if (l->lane[i].seats_held == 0)
			continue;
		arena_reset(a);
		rc = 0;
		for (int k = 0; k < TRIES && rc == 0; k++)
			rc = leave_once(db, a, l->lane[i].name,
			    l->setup->seat_owner, &e);
	}
	arena_free(a);
}

void
loop_forget_partings(struct loop *l)
{
	for (size_t i = 0; i < LANES_MAX; i++)
		if (l->parting[i] != NULL)
			parting_free(l->parting[i]);
}
