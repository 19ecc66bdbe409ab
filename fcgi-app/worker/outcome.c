/*
 * outcome.c - the loop's writing: results in batches, breakers, trials.
 */
#include "worker/loop_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "store/provider_state.h"

#define FLUSH_N		128u
#define FLUSH_US	(5 * MS)
#define FLUSH_MANY	16u
#define FLUSH_MANY_US	(20 * MS)

/* --- results -------------------------------------------------------------------- */

struct writing { struct loop *l; struct record_batch *b; };

static struct record_batch *
batch_new(void)
{
	struct record_batch *b = calloc(1, sizeof(*b));

	if (b == NULL ||
	    (b->r = calloc(RECORD_MAX, sizeof(*b->r))) == NULL)
		fatal("worker: out of memory");
	return b;
}

static void
batch_free(struct record_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		item_free(b->r[i].item);
	free(b->r);
	free(b);
}

struct record *
loop_record(struct loop *l)
{
	if (l->open != NULL && l->open->n == RECORD_MAX)
		loop_flush(l, true);
	if (l->open == NULL) {
		l->open = batch_new();
		l->open_us = clock_mono();
	}
	return &l->open->r[l->open->n++];
}

static int
write_run(struct db *db, void *arg, struct err *e)
{
	struct writing *w = arg;

	return record_write(db, w->b, e);
}

static void
post(struct loop *l, struct record_batch *b, desk_done *done)
{
	struct writing *w = calloc(1, sizeof(*w));

	if (w == NULL)
		fatal("worker: out of memory");
	w->l = l;
	w->b = b;
	l->recording++;
	desk_post(l->out_desk, write_run, done, w);
}

static void
keep_failed(struct loop *l, struct record_batch *b)
{
	b->next = l->failed;
	l->failed = b;
	l->redo_us = clock_mono() + REDO_US;
}

static void
write_done(void *arg, int rc, const struct err *e)
{
	struct writing *w = arg;
	struct record_batch *b = w->b;
	struct loop *l = w->l;

	free(w);
	l->recording--;
	if (rc >= 0) {
		for (size_t i = 0; i < b->tell; i++)
			waiter_tell(l->setup->run_dir, b->told[i].waiter,
			    b->told[i].id);
		if (b->stale > 0)
			log_info("%zu results came too late for their lease",
			    b->stale);
		/* What went to another account is due there. */
		for (size_t i = 0; i < b->n; i++)
			l->want = l->want || b->r[i].to[0] != '\0';
		batch_free(b);
		return;
	}
	loop_complain(l, "write results", e);
	if (e->kind == ERR_INTERNAL && b->n == 1) {
		/* This one cannot be written: it must not be in the way of
		 * others.  Its lease ends, and the sweeper says unsure. */
		log_error("job %" PRIu64 ": its result is dropped",
		    b->r[0].item->ref.id);
		batch_free(b);
		return;
	}
	if (e->kind == ERR_INTERNAL) {
		for (size_t i = 0; i < b->n; i++) {
			struct record_batch *one = batch_new();

			one->r[0] = b->r[i];
			one->n = 1;
			post(l, one, write_done);
		}
		b->n = 0;
		batch_free(b);
		return;
	}
	keep_failed(l, b);
}

static int64_t
flush_at(const struct loop *l)
{
	return l->open_us + (l->open->n < FLUSH_MANY ? FLUSH_US :
	    FLUSH_MANY_US);
}

/* Two are being written: the end of one wakes the loop. */
static bool
must_wait(const struct loop *l)
{
	return l->recording > 1 && l->open->n < RECORD_MAX;
}

int64_t
loop_flush_us(const struct loop *l)
{
	return l->open == NULL || must_wait(l) ? 0 : flush_at(l);
}

void
loop_flush(struct loop *l, bool now)
{
	struct record_batch *b;

	if (l->failed != NULL && l->redo_us <= clock_mono()) {
		b = l->failed;
		l->failed = b->next;
		post(l, b, write_done);
	}
	if ((b = l->open) == NULL)
		return;
	/* Few at a time while nothing else is to be waited for; otherwise
	 * the larger the batch, the fewer commits.  Where many come, somewhat
	 * longer. */
	if (!now && b->n < FLUSH_N && (l->flyings > 0 || l->recording > 0) &&
	    clock_mono() < flush_at(l))
		return;
	if (!now && must_wait(l))
		return;
	l->open = NULL;
	post(l, b, write_done);
}

bool
loop_recorded(const struct loop *l)
{
	return l->open == NULL && l->failed == NULL && l->recording == 0;
}

/* --- breakers --------------------------------------------------------------------- */

struct turning {
	struct loop	*l;
	struct lane	*lane;
	enum lane_event	 ev;
	char		 why[41];
	uint32_t	 open_s;
	unsigned	 opens;
};

static int
turn_run(struct db *db, void *arg, struct err *e)
{
	struct turning *t = arg;

	return t->ev == LANE_CLOSES ?
	    provider_state_close(db, t->lane->name, e) :
	    provider_state_open(db, t->lane->name, t->why, t->open_s,
	    t->opens, e);
}

static void
turn_done(void *arg, int rc, const struct err *e)
{
	struct turning *t = arg;

	/* Ours holds all the same; other workers find out by themselves. */
	if (rc < 0)
		loop_complain(t->l, "share the breaker", e);
	free(t);
}

void
loop_breaker(struct loop *l, struct lane *lane, enum lane_event ev,
    const char *why, uint32_t open_s)
{
	struct turning *t;

	if (ev == LANE_NOTHING)
		return;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		fatal("worker: out of memory");
	t->l = l;
	t->lane = lane;
	t->ev = ev;
	(void)text_copy(t->why, sizeof(t->why), why);
	t->open_s = open_s;
	t->opens = lane->opens;
	desk_post(l->out_desk, turn_run, turn_done, t);
	if (ev == LANE_CLOSES) {
		log_info("provider %s works again", lane->name);
		l->want = true;
		return;
	}
	log_warn("provider %s: %s; nothing is sent to it for %" PRIu32 " s",
	    lane->name, why, open_s);
	loop_release(l, lane, lane_open_left(lane, clock_mono()));
}

static int
try_run(struct db *db, void *arg, struct err *e)
{
	struct turning *t = arg;

	return provider_state_try(db, t->lane->name, 30, e);
}

static void
try_done(void *arg, int rc, const struct err *e)
{
	struct turning *t = arg;

	t->lane->asking = false;
	if (rc < 0)
		loop_complain(t->l, "ask for a trial", e);
	if (t->lane->gate == GATE_OPEN) {
		if (rc > 0) {
			t->lane->gate = GATE_TRIAL;
			t->l->want = true;
		} else {
			t->lane->open_until_us = clock_mono() + US_PER_S;
		}
	}
	free(t);
}

void
loop_trials(struct loop *l)
{
	int64_t now = clock_mono();

	for (size_t i = 0; i < l->lanes; i++) {
		struct lane *lane = &l->lane[i];
		struct turning *t;

		if (lane->gate != GATE_OPEN || lane->asking ||
		    lane->open_until_us > now || l->stopping ||
		    (lane->seats_max > 0 && lane->seats == 0) ||
		    (lane_waiting(lane) == 0 && !lane->due &&
		    !(lane->usable && loop_has_other(l, lane))))
			continue;
		if ((t = calloc(1, sizeof(*t))) == NULL)
			fatal("worker: out of memory");
		t->l = l;
		t->lane = lane;
		lane->asking = true;
		desk_post(l->out_desk, try_run, try_done, t);
	}
}
