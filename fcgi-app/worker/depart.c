/*
 * depart.c - the loop's sending: who leaves, the request, its answer.  Between
 * the two is mark.c.
 */
#include "worker/loop_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "deliver/send.h"

/* A busy lane leaves by handfuls: a mark costs a commit, whoever shares it. */
#define HANDFUL_US	(3 * MS)

/* --- answers -------------------------------------------------------------------- */

void
loop_settle(struct item *it, const struct verdict *v,
    const struct in_answer *in, int64_t open_us)
{
	struct loop *l = it->lane->owner;
	const char *to = send_elsewhere(it, v, in, loop_elsewhere);

	if (it->device_id != 0 && in->complete && lane_many_gone(it->lane,
	    v->outcome == OUTCOME_DROP))
		log_warn("provider %s: more than a fifth of the last devices "
		    "are gone, as it says; they are kept for 30 days, should "
		    "it be mistaken", it->lane->name);
	send_record(it, v, in, loop_db_now(l), open_us, to, loop_record(l));
	send_unbuild(it);
}

static void
settle(struct item *it, const struct in_answer *in)
{
	struct loop *l = it->lane->owner;
	struct lane *lane = it->lane;
	int64_t now = clock_mono();
	enum lane_event ev;
	uint32_t open_s = 0;
	struct verdict v;

	send_judge(it, in, &v);
	if (v.outcome == OUTCOME_CONFIG && it->msg.bearer != NULL &&
	    lane_token_lost(lane, it->token_no, now)) {
		/* The token's time may be over: once more with another. */
		v.outcome = OUTCOME_RETRY;
		v.refused = true;
	}
	if (v.single) {
		struct err e = ERR_INIT;

		(void)err_set(&e, ERR_CONFIG, v.code, "to one recipient, or "
		    "of one template; nothing else is held up");
		loop_complain(l, lane->name, &e);
	}
	ev = lane_result(lane, it, &v, in, now, &open_s);
	loop_settle(it, &v, in, lane_open_left(lane, now));
	loop_breaker(l, lane, ev, v.code, open_s);
}

void
loop_flies(struct loop *l, struct item *it)
{
	it->slot = l->flyings;
	l->flying[l->flyings++] = it;
}

void
loop_lands(struct loop *l, struct item *it)
{
	struct item *last = l->flying[--l->flyings];

	l->flying[it->slot] = last;
	last->slot = it->slot;
	it->lane->flying--;
}

static void
landed(void *arg, const struct in_answer *in)
{
	struct item *it = arg;

	loop_lands(it->lane->owner, it);
	loop_seats_heard(it->lane, in);
	settle(it, in);
}

void
loop_leave(struct loop *l, struct item *it)
{
	struct in_answer none = { .error = NET_OTHER };
	struct err e = ERR_INIT;

	it->tries++;
	it->left_us = clock_mono();
	it->req.last = loop_seats_last(it->lane);
	if (l->flyings < FLYING_MAX && net_begin(l->net, &it->req, "", landed,
	    it, &e) == 0) {
		loop_flies(l, it);
		return;
	}
	it->lane->flying--;
	if (e.kind == ERR_INPUT) {
		send_end(it, "failed", e.code, loop_record(l));
		send_unbuild(it);
		return;
	}
	log_err(LOG_ERROR_, it->lane->name, &e);
	settle(it, &none);
}

void
loop_hold(struct loop *l, struct item *it, int64_t us)
{
	int64_t left = it->expires_us - loop_db_now(l);

	us += (int64_t)rand_below(500) * MS;
	send_hold(it, us < left || left < 0 ? us : left, loop_record(l));
}

/* --- who leaves ----------------------------------------------------------------------- */

void
loop_release(struct loop *l, struct lane *lane, int64_t us)
{
	struct item *it;

	while ((it = lane_next(lane)) != NULL) {
		const char *to = us == 0 || it->bound ? NULL :
		    loop_elsewhere(it);

		if (to != NULL)
			send_move(it, to, loop_record(l));
		else if (us > 0)
			loop_hold(l, it, us);
		else
			send_hold(it, 0, loop_record(l));
	}
}

/* The state of one that must not leave any more (intake.c). */
static const char *
dead_state(const char *why)
{
	static const char *const skipped[] = { "device_gone", "suppressed",
		"opted_out", "inactive", "user_gone" };

	for (size_t i = 0; i < COUNT_OF(skipped); i++)
		if (strcmp(why, skipped[i]) == 0)
			return "skipped";
	return strcmp(why, "cancelled") == 0 || strcmp(why, "read") == 0 ?
	    "cancelled" : "failed";
}

/* Ready to be marked?  Otherwise it has got its record. */
static bool
make_ready(struct loop *l, struct lane *lane, struct item *it)
{
	int64_t wait, now = loop_db_now(l);
	struct record r;

	if (it->dead != NULL) {
		send_end(it, dead_state(it->dead), it->dead, loop_record(l));
		return false;
	}
	if (lane->p == NULL) {
		/* Its account is no more. */
		const char *to = it->bound ? NULL : loop_elsewhere(it);

		if (to != NULL)
			send_move(it, to, loop_record(l));
		else
			send_end(it, it->bound && it->tries > 0 ? "unsure" :
			    "failed", "no_provider", loop_record(l));
		return false;
	}
	if (it->expires_us <= now) {
		send_end(it, "expired", "expired", loop_record(l));
		return false;
	}
	if ((wait = lane_host_wait(lane, it, clock_mono())) > 0) {
		loop_hold(l, it, wait);
		return false;
	}
	if (send_build(it, now, &r) < 0) {
		const char *to = it->bound || !pick_other_form(r.reason) ?
		    NULL : (pick_add_tried(it->tried, lane->name),
		    loop_elsewhere(it));

		if (to != NULL)
			send_move(it, to, loop_record(l));
		else
			*loop_record(l) = r;
		return false;
	}
	return true;
}

static bool
worth_it(const struct lane *lane, unsigned n, int64_t now)
{
	size_t waiting = lane_waiting(lane);

	if (!lane_full(lane, n))
		return false;
	return lane->flying == 0 || n >= waiting || n >= lane->cap / 4 ||
	    now - lane->departed_us > HANDFUL_US;
}

static unsigned
may_leave(struct lane *lane, int64_t now)
{
	/* A name nobody serves: they end here, as many as there are. */
	return lane->p == NULL ? DEPART_MAX : lane_may_leave(lane, now);
}

/* One request's worth.  Those that a refusal put into groups share a request
 * with their own group only: another's goes back to the end of the line. */
static void
leave_many(struct loop *l, struct lane *lane, unsigned n)
{
	struct depart *d = NULL;
	struct item *it;

	while (n > 0 && (it = lane_next(lane)) != NULL) {
		if (d != NULL && d->it[0]->group != it->group) {
			lane_add(lane, it);
			break;
		}
		if (!make_ready(l, lane, it))
			continue;
		if (d == NULL)
			d = loop_depart_new(l, lane);
		d->it[d->n++] = it;
		lane_left(lane, it);
		n--;
		if (d->n == lane->p->many_max || d->n == MANY_MAX)
			break;
	}
	if (d != NULL)
		loop_mark(l, d);
}

void
loop_dispatch(struct loop *l)
{
	int64_t now = clock_mono();
	struct depart *d = NULL;

	if (l->no_depart_us > now || !l->clock_known)
		return;
	for (size_t i = 0; i < l->lanes && l->departing < DEPART_OPS; i++) {
		struct lane *lane = &l->lane[(l->first + i) % l->lanes];
		unsigned n = lane_waiting(lane) == 0 ? 0 :
		    may_leave(lane, now);
		struct item *it;

		if (n == 0 || !worth_it(lane, n, now))
			continue;
		lane->departed_us = now;
		if (lane->p != NULL && lane->p->many_max > 0) {
			leave_many(l, lane, n);
			continue;
		}
		while (n > 0 && l->departing < DEPART_OPS &&
		    (it = lane_next(lane)) != NULL) {
			if (!make_ready(l, lane, it))
				continue;
			if (d == NULL)
				d = loop_depart_new(l, NULL);
			d->it[d->n++] = it;
			lane_left(lane, it);
			n--;
			if (d->n == DEPART_MAX) {
				loop_mark(l, d);
				d = NULL;
			}
		}
	}
	if (d != NULL)
		loop_mark(l, d);
	if (l->lanes > 0)
		l->first = (l->first + 1) % l->lanes;
}
