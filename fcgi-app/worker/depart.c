/*
 * depart.c - the loop's sending: who leaves, the mark that they do, the
 * request, its answer.
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

static void
hold(struct loop *l, struct item *it, int64_t us)
{
	int64_t left = it->expires_us - loop_db_now(l);

	us += (int64_t)rand_below(500) * MS;
	send_hold(it, us < left || left < 0 ? us : left, loop_record(l));
}

/* --- quotas ------------------------------------------------------------------------- */

static struct quota *
quota_of(struct depart *d, const char *name)
{
	for (size_t k = 0; k < d->quotas; k++)
		if (strcmp(d->quota[k].name, name) == 0)
			return &d->quota[k];
	return NULL;
}

/* Accounts of rows are counted whether they have a limit or not; the implicit
 * ones where they have: they carry the most. */
static void
count_quota(struct depart *d, const struct lane *lane)
{
	uint64_t limit = lane->account == NULL ? 0 :
	    account_daily(lane->account);
	struct quota *q;

	if (lane->account == NULL || (lane->account->implicit && limit == 0))
		return;
	if ((q = quota_of(d, lane->name)) == NULL) {
		q = &d->quota[d->quotas++];
		(void)text_copy(q->name, sizeof(q->name), lane->name);
		q->limit = limit == 0 ? UINT32_MAX : limit;
	}
}

/* Everybody locks them in this order. */
static int
by_name(const void *a, const void *b)
{
	const struct quota *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* --- the mark ---------------------------------------------------------------------- */

static int
intend(struct db *db, struct job_ref *ref, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i += DEPART_MAX)
		if (job_intend(db, ref + i, n - i < DEPART_MAX ? n - i :
		    DEPART_MAX, e) < 0)
			return -1;
	return 0;
}

/* Here, so that a core that has time does it, not the loop. */
static void
seal_all(struct depart *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct err e = ERR_INIT;

		if (send_seal(d->it[i], &e) == 0)
			continue;
		if (e.kind != ERR_INPUT)
			log_err(LOG_ERROR_, d->it[i]->lane->name, &e);
		(void)text_copy(d->unmade[i], sizeof(d->unmade[i]), e.code);
	}
}

/* Not this time: it cannot be made, or another to its recipient was first. */
static bool
stays(const struct depart *d, size_t i)
{
	return d->unmade[i][0] != '\0' || d->wait_s[i] > 0;
}

/* As many of each account's as its day has left, marked and counted in one
 * transaction: however many workers there are, no more leave. */
static int
mark_work(struct db *db, void *arg, struct err *e)
{
	struct depart *d = arg;
	struct job_ref ref[MANY_MAX];
	size_t n = 0;

	for (size_t k = 0; k < d->quotas; k++)
		d->quota[k].want = 0;
	for (size_t i = 0; i < d->n; i++) {
		struct quota *q = quota_of(d, d->it[i]->lane->name);

		if (q != NULL && !stays(d, i))
			q->want++;
	}
	for (size_t k = 0; k < d->quotas; k++) {
		struct quota *q = &d->quota[k];

		q->got = 0;
		if (q->want > 0 && provider_take(db, q->name, q->limit,
		    q->want, &q->got, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < d->n; i++) {
		struct quota *q = quota_of(d, d->it[i]->lane->name);

		d->let[i] = q == NULL || q->got > 0;
		if (stays(d, i) || !d->let[i])
			continue;
		if (q != NULL)
			q->got--;
		ref[n++] = d->ref[i];
	}
	if (n > 0 && intend(db, ref, n, e) < 0)
		return -1;
	for (size_t i = 0, k = 0; i < d->n; i++) {
		struct quota *q = quota_of(d, d->it[i]->lane->name);

		if (stays(d, i) || !d->let[i])
			continue;
		d->ref[i] = ref[k++];
		if (q != NULL && d->ref[i].fate != JOB_HELD &&
		    provider_give_back(db, q->name, 1, e) < 0)
			return -1;
	}
	return 0;
}

static int
mark_run(struct db *db, void *arg, struct err *e)
{
	struct depart *d = arg;

	seal_all(d);
	if (pair_take(db, d, e) < 0)
		return -1;
	return d->quotas > 0 ? db_tx(db, mark_work, d, e) :
	    mark_work(db, d, e);
}

/* Its account has had its day: to another, or until tomorrow. */
static void
turn_away(struct loop *l, struct item *it)
{
	const char *to;

	it->lane->spent = true;
	if (!it->bound && (to = loop_elsewhere(it)) != NULL)
		send_move(it, to, loop_record(l));
	else
		hold(l, it, loop_lane_wait(it->lane));
}

static void
mark_done(void *arg, int rc, const struct err *e)
{
	struct depart *d = arg;
	struct loop *l = d->loop;
	size_t held = 0;

	l->departing--;
	if (rc < 0) {
		loop_complain(l, "mark intents", e);
		l->no_depart_us = clock_mono() + REDO_US;
	}
	for (size_t i = 0; i < d->n; i++) {
		struct item *it = d->it[i];

		if (rc == 0 && !stays(d, i) && d->let[i] &&
		    d->ref[i].fate == JOB_HELD) {
			if (it->paced)
				loop_pace_wait(it->lane, it);
			else if (d->together != NULL)
				d->it[held++] = it;
			else
				loop_leave(l, it);
			continue;
		}
		lane_stays(it->lane, it);
		if (d->unmade[i][0] != '\0') {
			send_unmade(it, d->unmade[i], loop_record(l));
			continue;
		}
		send_unbuild(it);
		if (rc == 0 && d->wait_s[i] > 0) {
			hold(l, it, d->wait_s[i] * US_PER_S);
		} else if (rc < 0) {
			/* Nothing left; perhaps it is marked, then the next
			 * mark finds that. */
			lane_add(it->lane, it);
		} else if (!d->let[i]) {
			turn_away(l, it);
		} else if (d->ref[i].fate == JOB_TOO_LATE) {
			send_end(it, "expired", "expired", loop_record(l));
		} else {
			log_info("job %" PRIu64 " is another worker's",
			    it->ref.id);
			item_free(it);
		}
	}
	if (held > 0)
		loop_leave_together(l, d->together, d->it, held);
	else if (d->together != NULL)
		d->together->requests--;
	free(d);
}

static struct depart *
depart_new(struct loop *l, struct lane *together)
{
	struct depart *d = calloc(1, sizeof(*d));

	if (d == NULL)
		fatal("worker: out of memory");
	d->loop = l;
	d->together = together;
	return d;
}

static void
post_mark(struct loop *l, struct depart *d)
{
	if (d->together != NULL)
		d->together->requests++;
	for (size_t i = 0; i < d->n; i++) {
		d->ref[i] = d->it[i]->ref;
		d->let[i] = true;
		count_quota(d, d->it[i]->lane);
	}
	qsort(d->quota, d->quotas, sizeof(d->quota[0]), by_name);
	l->departing++;
	desk_post(l->mark_desk, mark_run, mark_done, d);
	/* Their turns, by the same hand and right after. */
	for (size_t i = 0; i < d->n; i++)
		if (d->it[i]->paced && d->it[i]->lane->ready.n == 0)
			loop_pace_ask(l, d->it[i]->lane,
			    d->it[i]->lane->paced, d->together != NULL);
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
			hold(l, it, us);
		else
			send_hold(it, 0, loop_record(l));
	}
}

/* Ready to be marked?  Otherwise it has got its record. */
static bool
make_ready(struct loop *l, struct lane *lane, struct item *it)
{
	int64_t wait, now = loop_db_now(l);
	struct record r;

	if (it->dead != NULL) {
		send_end(it, strcmp(it->dead, "device_gone") == 0 ||
		    strcmp(it->dead, "suppressed") == 0 ?
		    "skipped" : strcmp(it->dead, "cancelled") == 0 ?
		    "cancelled" : "failed", it->dead, loop_record(l));
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
		hold(l, it, wait);
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
			d = depart_new(l, lane);
		d->it[d->n++] = it;
		lane_left(lane, it);
		n--;
		if (d->n == lane->p->many_max || d->n == MANY_MAX)
			break;
	}
	if (d != NULL)
		post_mark(l, d);
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
				d = depart_new(l, NULL);
			d->it[d->n++] = it;
			lane_left(lane, it);
			n--;
			if (d->n == DEPART_MAX) {
				post_mark(l, d);
				d = NULL;
			}
		}
	}
	if (d != NULL)
		post_mark(l, d);
	if (l->lanes > 0)
		l->first = (l->first + 1) % l->lanes;
}
