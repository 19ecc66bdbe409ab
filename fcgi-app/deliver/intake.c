/*
 * intake.c - see intake.h.
 */
#include "deliver/intake.h"

#include "base/clock.h"
#include "base/log.h"
#include "deliver/reach.h"
#include "queue/turns.h"
#include "store/campaign.h"
#include "store/delivery.h"
#include "store/suppression.h"

/* Rows come a little out of order: they are dated at their statement and seen
 * at their commit.  What is older than that is found by the full look. */
#define FLOOR_SLACK_US	INT64_C(250000)
#define FULL_EVERY_US	(INT64_C(2) * US_PER_S)
#define FULL_SHARE	50		/* of the time, one part */
#define ARENA_MAX	((size_t)64 << 20)

/* A look without floors, now and then: as seldom as it is expensive. */
static bool
full_look(struct intake *in)
{
	int64_t every = in->full_cost_us * FULL_SHARE;

	if (every < FULL_EVERY_US)
		every = FULL_EVERY_US;
	return in->full_us == 0 || clock_mono() - in->full_us > every;
}

/* Ask the database where it is not known: an index entry that was claimed a
 * moment ago costs as much to pass as one that is due. */
static int
peek(struct db *db, struct intake *in, bool full, struct err *e)
{
	int64_t before = clock_mono();

	for (size_t i = 0; i < in->queues; i++) {
		struct intake_queue *q = &in->queue[i];
		bool known = true, room = q->look;

		for (unsigned c = 0; c < JOB_CLASSES; c++) {
			if (full) {
				q->floor_us[c] = 0;
				q->full[c] = false;
			}
			known = known && q->full[c];
			room = room || q->room[c] > 0;
		}
		/* The first is asked for the clock, too. */
		if (i > 0 && (known || !room))
			continue;
		if (job_peek(db, q->provider, q->floor_us, q->due_us,
		    &in->now_us, e) < 0)
			return -1;
		in->mono_us = clock_mono();
	}
	if (full) {
		in->full_us = clock_mono();
		in->full_cost_us = in->full_us - before;
	}
	return 0;
}

/* All claims of a round together are one batch of rows: each queue that has
 * something gets its share, or those named last would get nothing. */
static void
fit(struct job_queue *ask, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += ask[i].limit;
	for (size_t i = 0; sum > JOB_BATCH_MAX && i < n; i++)
		ask[i].limit = (uint32_t)(ask[i].limit * (uint64_t)
		    (JOB_BATCH_MAX - n) / sum) + 1;
}

/* What may be claimed.  How many queues, or -1. */
static int
look(struct db *db, struct intake *in, struct job_queue *ask, struct err *e)
{
	uint32_t left = JOB_BATCH_MAX;
	size_t asks = 0;

	if (peek(db, in, full_look(in), e) < 0)
		return -1;
	in->next_us = 0;
	in->turn++;
	for (size_t k = 0; k < in->queues; k++) {
		/* All claims of a round are one batch of rows.  Where that is
		 * too small for what is due, no queue is always the last. */
		size_t i = k == 0 ? 0 : 1 + (k + in->turn) % (in->queues - 1);
		struct intake_queue *iq = &in->queue[i];
		uint32_t limit[JOB_CLASSES];
		bool has[JOB_CLASSES];

		for (unsigned c = 0; c < JOB_CLASSES; c++) {
			int64_t due = iq->due_us[c];

			has[c] = iq->room[c] > 0 && (iq->full[c] ||
			    (due != 0 && due <= in->now_us));
			limit[c] = iq->room[c];
			if (due > in->now_us && (in->next_us == 0 ||
			    due < in->next_us))
				in->next_us = due;
		}
		if (i == 0)		/* plans share one room */
			turns_share(iq->room[0], has, limit);
		for (unsigned c = 0; c < JOB_CLASSES; c++) {
			limit[c] = limit[c] < left ? limit[c] : left;
			left -= has[c] ? limit[c] : 0;
			if (has[c] && limit[c] > 0)
				ask[asks++] = (struct job_queue){
				    .provider = iq->provider, .class = c,
				    .floor_us = iq->floor_us[c],
				    .limit = limit[c] };
		}
	}
	fit(ask, asks);
	return (int)asks;
}

/* Which queues gave all they were asked for? */
static void
note_full(struct intake *in, const struct job_queue *ask, size_t asks,
    const struct job *job, size_t n)
{
	for (size_t k = 0; k < asks; k++)
		for (size_t i = 0; i < in->queues; i++) {
			struct intake_queue *q = &in->queue[i];
			unsigned c = ask[k].class;
			uint32_t got = 0;

			if (q->provider != ask[k].provider)
				continue;
			for (size_t j = 0; j < n; j++)
				got += job[j].class == c && strcmp(
				    job[j].provider, q->provider) == 0;
			q->full[c] = got > 0 && got >= ask[k].limit;
			if (!q->full[c] && got > 0)
				q->due_us[c] = 0;
		}
}

static void
raise_floors(struct intake *in, const struct job *job, size_t n)
{
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < in->queues; i++) {
			struct intake_queue *q = &in->queue[i];
			int64_t floor = job[k].run_us - FLOOR_SLACK_US;

			if (strcmp(q->provider, job[k].provider) == 0 &&
			    job[k].class < JOB_CLASSES &&
			    floor > q->floor_us[job[k].class])
				q->floor_us[job[k].class] = floor;
		}
}

/* A campaign was paused before their hour came.  By campaign. */
static int
hold_paused(struct db *db, struct job_ref *ref, const uint64_t *of, size_t n,
    struct err *e)
{
	for (size_t i = 0, k; i < n; i += k) {
		for (k = 1; i + k < n && of[i + k] == of[i]; k++)
			;
		if (campaign_hold_claimed(db, of[i], ref + i, k, e) < 0)
			return -1;
	}
	return 0;
}

/* Of what they are: ids, each once. */
static size_t
whats(const struct job *job, size_t n, uint64_t *id)
{
	size_t ids = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k;

		for (k = 0; k < ids && id[k] != job[i].notification_id; k++)
			;
		if (k == ids)
			id[ids++] = job[i].notification_id;
	}
	return ids;
}

static const struct notification *
what(const struct notification *found, int have, uint64_t id)
{
	for (int k = 0; k < have; k++)
		if (found[k].id == id)
			return &found[k];
	return NULL;
}

/* His wishes, where they decided it (reach.h): not for class critical; and for
 * a digest they were heard when it was made. */
static bool
asks_wishes(const struct notification *n)
{
	return n->routed && n->class != 0 && strcmp(n->type, "digest") != 0;
}

/* Where each goes is asked of the database. */
static void
wheres(const struct job *job, size_t n, const struct notification *found,
    int have, struct delivery_where *w)
{
	for (size_t i = 0; i < n; i++) {
		const struct notification *of = what(found, have,
		    job[i].notification_id);

		w[i] = (struct delivery_where){
		    .notification_id = job[i].notification_id,
		    .user_id = job[i].user_id, .device_id = job[i].device_id,
		    .type = of != NULL && asks_wishes(of) ? of->type : NULL,
		    .seq = job[i].seq };
	}
}

/* Why it must not leave any more, or NULL.  It waited, and in the meantime
 * somebody may have said stop. */
static const char *
why_dead(const struct job *job, const struct notification *n,
    const struct delivery_where *w)
{
	if (job->stop == JOB_STOP_READ)
		return "read";
	if (job->stop != JOB_STOP_NOT || n->cancelled_us != 0)
		return "cancelled";
	if (w->gone)
		return "device_gone";
	if (!w->found || w->to == NULL)
		return "no_delivery";
	if (n->routed && w->user_id != 0 && !w->user.active)
		return w->user.exists ? "inactive" : "user_gone";
	if (w->type != NULL && reach_unwanted(&w->user, w->channel))
		return "opted_out";
	return suppression_bars(w->barred, suppression_kind(n->class,
	    n->type)) ? "suppressed" : NULL;
}

/* Send jobs that were not planned just now: retries, and what was planned
 * while there was no room. */
static int
locate(struct db *db, struct arena *a, struct intake *in,
    const struct job *job, size_t n, struct err *e)
{
	struct delivery_where *w = arena_array(a, n + 1, sizeof(*w));
	struct notification *found = arena_array(a, n + 1, sizeof(*found));
	struct note **note = arena_array(a, n + 1, sizeof(*note));
	uint64_t *id = arena_array(a, n + 1, sizeof(*id));
	uint64_t *of = arena_array(a, n + 1, sizeof(*of));
	struct job_ref *ref = arena_array(a, n + 1, sizeof(*ref));
	size_t ids = whats(job, n, id), refs = 0;
	int have, rc;

	if ((have = notification_load(db, a, id, ids, 0, found, e)) < 0)
		return -1;
	wheres(job, n, found, have, w);
	if (delivery_locate(db, a, w, n, e) < 0)
		return -1;
	for (int k = 0; k < have; k++)
		note[k] = note_new(&found[k]);
	for (size_t i = 0; i < n; i++) {
		int k;

		for (k = 0; k < have && found[k].id !=
		    job[i].notification_id; k++)
			;
		if (k == have)
			continue;	/* lapses; nobody misses it */
		if (found[k].paused) {
			ref[refs] = (struct job_ref){ .id = job[i].id,
			    .owner = job[i].owner, .why = "",
			    .attempt = job[i].attempt };
			of[refs++] = found[k].id;
			continue;
		}
		item_list_add(&in->items, item_new(&(struct item_new){
		    .job = &job[i], .note = note[k],
		    .provider = job[i].provider,
		    .to = w[i].to == NULL ? "" : w[i].to,
		    .locale = w[i].locale, .p256dh = w[i].p256dh,
		    .auth = w[i].auth, .secret = job[i].secret,
		    .secret_len = job[i].secret_len, .seq = job[i].seq,
		    .user_id = job[i].user_id,
		    .device_id = job[i].device_id,
		    .dead = why_dead(&job[i], &found[k], &w[i]) }));
	}
	rc = hold_paused(db, ref, of, refs, e);
	for (int k = 0; k < have; k++)
		note_unref(note[k]);
	return rc;
}

/* Remember what was claimed and did not become an item: it is handed back
 * when the database is there again, not counted as a crash. */
static void
keep_orphans(struct intake *in, const struct job *job, size_t n)
{
	if ((in->orphan = calloc(n + 1, sizeof(*in->orphan))) == NULL)
		fatal("intake: out of memory");
	in->orphans = 0;
	for (size_t i = 0; i < n; i++) {
		const struct item *it = in->items.head;

		while (it != NULL && it->ref.id != job[i].id)
			it = it->next;
		if (it == NULL && !plan_has(&in->plan, job[i].id))
			in->orphan[in->orphans++] = (struct job_ref){
			    .id = job[i].id, .why = "",
			    .owner = job[i].owner,
			    .attempt = job[i].attempt };
	}
}

static int
return_orphans(struct db *db, struct intake *in, struct err *e)
{
	if (in->orphans > 0 &&
	    job_back(db, in->orphan, in->orphans, e) < 0)
		return -1;
	free(in->orphan);
	in->orphan = NULL;
	in->orphans = 0;
	return 0;
}

void
intake_stop(struct db *db, struct intake *in)
{
	struct err e = ERR_INIT;

	plan_stop(db, &in->plan);
	if (return_orphans(db, in, &e) < 0)
		log_err(LOG_WARN_, "hand jobs back", &e);
	free(in->orphan);
	in->orphan = NULL;
}

int
intake_run(struct db *db, struct intake *in, struct err *e)
{
	struct job_queue ask[INTAKE_QUEUES * JOB_CLASSES];
	struct job *job = NULL, *plan, *send;
	size_t plans = 0, sends = 0;
	struct arena *a = arena_new(ARENA_MAX);
	int asks, n = 0, rc = -1;

	item_list_init(&in->items);
	in->plan.route = in->route;
	in->plan.routes = in->routes;
	in->plan.lease_s = in->lease_s;
	in->plan.items = &in->items;
	in->plan.tell = 0;
	in->plan.planned = 0;
	in->more = false;
	in->claimed = 0;
	if (return_orphans(db, in, e) < 0 ||
	    (asks = look(db, in, ask, e)) < 0)
		goto out;
	in->plan.now_us = in->now_us;
	if (asks > 0 && (n = job_claim(db, a, ask, (size_t)asks, in->lease_s,
	    !item_is_lone(), &job, e)) < 0)
		goto out;
	in->claimed = (unsigned)n;
	note_full(in, ask, (size_t)asks, job, (size_t)n);
	raise_floors(in, job, (size_t)n);
	plan = arena_array(a, (size_t)n + 1, sizeof(*plan));
	send = arena_array(a, (size_t)n + 1, sizeof(*send));
	for (int i = 0; i < n; i++)
		if (job[i].kind == JOB_PLAN)
			plan[plans++] = job[i];
		else
			send[sends++] = job[i];
	if (sends > 0 && locate(db, a, in, send, sends, e) < 0)
		goto out;
	if (plans > 0 && plan_jobs(db, &in->plan, plan, plans, e) < 0)
		goto out;
	if ((rc = plan_slice(db, &in->plan, e)) < 0)
		goto out;
	in->more = rc > 0;
	for (unsigned c = 0; c < JOB_CLASSES; c++)
		in->more = in->more || in->queue[0].full[c];
	rc = 0;
out:
	if (rc < 0 && n > 0)
		keep_orphans(in, job, (size_t)n);
	arena_free(a);
	return rc;
}
