/*
 * site_notify.c - see site_notify.h.
 */
#include "deliver/site_notify.h"

#include "base/clock.h"
#include "base/rand.h"
#include "queue/message.h"
#include "store/intake.h"

#define BATCH		64
#define ARENA_MAX	((size_t)64 << 20)

struct taking {
	struct arena	*a;
	struct intake_row row[BATCH];
	uint64_t	 id[BATCH];	/* made before the transaction (D20) */
	int		 n;
	unsigned	 accepted;
	struct site_senders *senders;
};

static _Atomic int64_t *
word_of(struct site_senders *s, const char *name)
{
	uint32_t h = 2166136261u;

	for (; name != NULL && *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return &s->word[h % SITES];
}

/* One row: 0 dealt with, -1 the database failed. */
static int
take(struct db *db, struct taking *t, int i, struct err *e)
{
	const struct intake_row *r = &t->row[i];
	struct err why = ERR_INIT;
	struct enqueue m = { .id = t->id[i] };
	uint64_t existing;
	bool same;

	if (message_read(db, t->a, r->message, &m, &why) < 0) {
		if (why.kind != ERR_INPUT) {
			*e = why;
			return -1;
		}
		return intake_refuse(db, r->id, why.code, why.field, e);
	}
	m.behind = burst_over(word_of(t->senders, r->asked_by), SENDER_BURST,
	    SENDER_PER_S, clock_mono());
	if (enqueue(db, &m, &existing, &same, e) < 0 ||
	    intake_accept(db, r->id, m.id, e) < 0)
		return -1;
	t->accepted++;
	return 0;
}

static int
take_work(struct db *db, void *arg, struct err *e)
{
	struct taking *t = arg;

	t->accepted = 0;
	arena_reset(t->a);
	if ((t->n = intake_lock(db, t->a, t->row, BATCH, e)) <= 0)
		return t->n < 0 ? -1 : 1;
	for (int i = 0; i < t->n; i++)
		if (take(db, t, i, e) < 0)
			return -1;
	return 0;
}

int
site_notify_take(struct db *db, struct site_senders *s, unsigned *accepted,
    bool *more, struct err *e)
{
	struct taking t = { .a = arena_new(ARENA_MAX), .senders = s };
	int rc;

	for (int i = 0; i < BATCH; i++)
		t.id[i] = rand_id();
	rc = db_tx(db, take_work, &t, e);
	if (rc >= 0) {
		*accepted += t.accepted;
		*more = *more || t.n == BATCH;
	}
	arena_free(t.a);
	return rc < 0 ? -1 : 0;
}
