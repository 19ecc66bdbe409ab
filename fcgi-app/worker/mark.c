/*
 * mark.c - between "these leave" and their requests: what takes long is sealed,
 * the intent is marked and counted, by desks of their own.
 */
#include "worker/loop_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "deliver/send.h"

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

static int
seal_run(struct db *db, void *arg, struct err *ignored)
{
	struct depart *d = arg;

	(void)db;
	(void)ignored;
	for (size_t i = 0; i < d->n; i++) {
		struct err e = ERR_INIT;

		if (send_seal(d->it[i], &e) == 0)
			continue;
		if (e.kind != ERR_INPUT)
			log_err(LOG_ERROR_, d->it[i]->lane->name, &e);
		(void)text_copy(d->unmade[i], sizeof(d->unmade[i]), e.code);
	}
	return 0;
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

		if (q != NULL && !d->it[i]->counted && !stays(d, i))
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

		d->let[i] = q == NULL || d->it[i]->counted || q->got > 0;
		if (stays(d, i) || !d->let[i])
			continue;
		if (q != NULL && !d->it[i]->counted)
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
		loop_hold(l, it, loop_lane_wait(it->lane));
}

static void
mark_done(void *arg, int rc, const struct err *e)
{
	struct depart *d = arg;
	struct loop *l = d->loop;
	int64_t now = clock_mono();
	size_t held = 0;

	l->departing--;
	if (rc < 0) {
		loop_complain(l, "mark intents", e);
		l->no_depart_us = clock_mono() + REDO_US;
	}
	for (size_t i = 0; i < d->n; i++) {
		struct item *it = d->it[i];
		/* So slow a mark that its seat is another worker's by now. */
		bool late = lane_seats_over(it->lane, now);

		if (rc == 0 && !stays(d, i) && d->let[i] &&
		    d->ref[i].fate == JOB_HELD) {
			it->counted = true;	/* gone with the item */
			item_leaves(it);
		}
		if (rc == 0 && !stays(d, i) && d->let[i] &&
		    d->ref[i].fate == JOB_HELD && !late) {
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
			loop_hold(l, it, d->wait_s[i] * US_PER_S);
		} else if (rc < 0 || (late && d->let[i] &&
		    d->ref[i].fate == JOB_HELD)) {
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

struct depart *
loop_depart_new(struct loop *l, struct lane *together)
{
	struct depart *d = calloc(1, sizeof(*d));

	if (d == NULL)
		fatal("worker: out of memory");
	d->loop = l;
	d->together = together;
	return d;
}

static void
sealed(void *arg, int rc, const struct err *e)
{
	struct depart *d = arg;

	(void)rc;
	(void)e;
	desk_post(d->loop->mark_desk, mark_run, mark_done, d);
}

static bool
wants_seal(const struct depart *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (send_wants_seal(d->it[i]))
			return true;
	return false;
}

void
loop_mark(struct loop *l, struct depart *d)
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
	if (wants_seal(d))
		desk_post(l->seal_desk, seal_run, sealed, d);
	else
		desk_post(l->mark_desk, mark_run, mark_done, d);
	/* Their turns, by the same hand and right after. */
	for (size_t i = 0; i < d->n; i++)
		if (d->it[i]->paced && d->it[i]->lane->ready.n == 0)
			loop_pace_ask(l, d->it[i]->lane,
			    d->it[i]->lane->paced, d->together != NULL);
}
