/*
 * receipt.c - the loop asks providers what became of messages they accepted.
 *
 * One request at a time.  Its rows are claimed before and written after; what
 * is killed in between is asked for again when the claim has run out.
 */
#include "worker/loop_own.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"
#include "store/receipt.h"

#define LOOK_US		(2 * US_PER_S)	/* when nothing was due */
#define CLAIM_S		120u		/* longer than a request may take */
#define PAUSE_S		60u		/* after no answer, at least */
#define ARENA_MAX	((size_t)8 << 20)

struct receipt_round {
	struct loop	*l;
	struct account	*account;	/* whose they are */
	struct arena	*arena;
	struct receipt	*r;
	struct receipt_asked *ask;
	size_t		 n;
	unsigned	 max;
	uint64_t	 claim;
	struct out_request req;
	struct receipt_word *word;
	uint32_t	 postpone_s;	/* nothing was heard; or 0 */
	const char	*alert;		/* credentials are wrong; or NULL */
};

void
receipt_round_free(struct receipt_round *r)
{
	if (r == NULL)
		return;
	arena_reset(r->arena);
	arena_free(r->arena);
	account_unref(r->account);
	free(r);
}

static void
over(struct receipt_round *r, int64_t pause_us)
{
	r->l->receipt = NULL;
	r->l->next_receipt_us = clock_mono() + pause_us;
	receipt_round_free(r);
}

/* What was postponed waits as a whole: no request before.  Of this account;
 * the others have nothing to do with it. */
static void
pause_account(struct receipt_round *r)
{
	for (size_t i = 0; i < r->l->lanes; i++)
		if (strcmp(r->l->lane[i].name, r->account->name) == 0)
			r->l->lane[i].receipt_next_us = clock_mono() +
			    (int64_t)r->postpone_s * US_PER_S;
}

/* --- writing --------------------------------------------------------------- */

static int
write_run(struct db *db, void *arg, struct err *e)
{
	struct receipt_round *r = arg;

	if (r->postpone_s > 0)
		return receipt_postpone(db, r->claim, r->postpone_s, e) < 0 ?
		    -1 : 0;
	return receipt_write(db, r->claim, r->word, r->n, e);
}

static void
write_done(void *arg, int rc, const struct err *e)
{
	struct receipt_round *r = arg;
	bool more = r->n == r->max;

	if (rc < 0)
		loop_complain(r->l, "write receipts", e);
	if (r->alert != NULL)
		log_error("provider %s: %s: messages it accepted are lost "
		    "until that is mended", r->account->name, r->alert);
	if (r->postpone_s > 0)
		pause_account(r);
	over(r, rc < 0 ? US_PER_S : more || r->postpone_s > 0 ? 0 : LOOK_US);
}

/* When to ask the next time: seconds after it was sent; 0 not any more. */
static uint32_t
next_ask(unsigned asked)
{
	static const uint32_t at_s[] = { 1800, 3600, 4 * 3600, 12 * 3600,
		23 * 3600 };

	return asked < COUNT_OF(at_s) ? at_s[asked] : 0;
}

static void
write_line(const struct receipt_round *r, const struct verdict *v,
    struct receipt_word *w)
{
	struct buf b;
	struct jw j;

	buf_init(&b, sizeof(w->log) - 1);
	jw_init(&j, &b);
	jw_object(&j, NULL);
	jw_time(&j, "at", loop_db_now(r->l));
	jw_str(&j, "provider", r->account->name);
	jw_str(&j, "outcome", outcome_word(v->outcome));
	jw_str(&j, "reason", v->code);
	jw_raw(&j, "answer", arena_printf(r->arena, "{%s}", v->log));
	jw_end(&j);
	if (!b.over)
		(void)text_copy(w->log, sizeof(w->log), buf_text(&b));
	buf_fini(&b);
}

static void
to_word(struct receipt_round *r, size_t i, const struct verdict *v)
{
	struct receipt_word *w = &r->word[i];

	w->r = &r->r[i];
	(void)text_copy(w->reason, sizeof(w->reason), v->code);
	switch (v->outcome) {
	case OUTCOME_OK:
		w->what = RECEIPT_DELIVERED;
		break;
	case OUTCOME_UNSURE:
		w->what = RECEIPT_NOTHING;
		w->wait_s = next_ask(w->r->asked);
		return;
	case OUTCOME_RETRY:
	case OUTCOME_SLOW:
		w->what = RECEIPT_AGAIN;
		w->wait_s = v->wait_s > 0 ? (uint32_t)v->wait_s : 1;
		break;
	case OUTCOME_CONFIG:
		/* A quarter of an hour ago: no breaker can help it now. */
		r->alert = w->reason;
		w->what = RECEIPT_FAILED;
		break;
	case OUTCOME_DROP:
		w->device_dead = true;
		w->what = RECEIPT_FAILED;
		break;
	case OUTCOME_PERM:
		w->what = RECEIPT_FAILED;
		break;
	}
	write_line(r, v, w);
}

/* --- asking ------------------------------------------------------------------ */

static void
answered(struct receipt_round *r, const struct in_answer *in)
{
	struct many_verdicts out = {
	    .v = arena_array(r->arena, r->n, sizeof(*out.v)),
	    .again = arena_array(r->arena, r->n, sizeof(*out.again)) };

	r->account->p->receipts->judge(r->ask, r->n, in, &out);
	if (out.whole.outcome == OUTCOME_OK) {
		if ((r->l->receipt_max *= 2) >= r->account->p->receipts->ids_max)
			r->l->receipt_max = 0;
		for (size_t i = 0; i < r->n; i++)
			to_word(r, i, &out.v[i]);
	} else if (out.again[0] != 0 && r->n > 1) {
		/* One of them, or their number: fewer, and soon. */
		r->l->receipt_max = (unsigned)r->n / 2;
		r->postpone_s = 1;
	} else if (out.again[0] != 0 &&
	    out.whole.outcome == OUTCOME_PERM) {
		/* This one it is: never asked for again. */
		r->word[0] = (struct receipt_word){ .r = &r->r[0] };
	} else {
		r->postpone_s = out.whole.wait_s > (long)PAUSE_S ?
		    (uint32_t)out.whole.wait_s : PAUSE_S;
		log_warn("provider %s: receipts: %s; asked again in %" PRIu32
		    " s", r->account->name, out.whole.code, r->postpone_s);
	}
	desk_post(r->l->out_desk, write_run, write_done, r);
}

static void
landed(void *arg, const struct in_answer *in)
{
	answered(arg, in);
}

static int
claim_run(struct db *db, void *arg, struct err *e)
{
	struct receipt_round *r = arg;
	int n = receipt_claim(db, r->arena, r->account->name, r->max, CLAIM_S,
	    &r->r, &r->claim, e);

	r->n = n < 0 ? 0 : (size_t)n;
	return n < 0 ? -1 : 0;
}

static void
claim_done(void *arg, int rc, const struct err *e)
{
	struct in_answer none = { .error = NET_OTHER };
	struct receipt_round *r = arg;
	struct err own = ERR_INIT;

	if (rc < 0)
		loop_complain(r->l, "claim receipts", e);
	if (r->n == 0) {
		r->l->receipts_asked = rc == 0;
		over(r, rc < 0 ? US_PER_S : LOOK_US);
		return;
	}
	r->ask = arena_array(r->arena, r->n, sizeof(*r->ask));
	r->word = arena_array(r->arena, r->n, sizeof(*r->word));
	for (size_t i = 0; i < r->n; i++)
		r->ask[i] = (struct receipt_asked){ .id = r->r[i].ticket,
		    .resent = r->r[i].resent };
	if (r->account->p->receipts->ask(r->account, r->ask, r->n, r->arena,
	    &r->req, &own) == 0 && net_begin(r->l->net, &r->req, "", landed, r,
	    &own) == 0)
		return;
	log_err(LOG_ERROR_, r->account->name, &own);
	answered(r, &none);
}

/* Whose turn it is, of those that have receipts. */
static struct lane *
turn_of(struct loop *l)
{
	struct err none = ERR_INIT;

	for (size_t i = 0; i < l->lanes; i++) {
		struct lane *lane = &l->lane[l->receipt_lane++ % l->lanes];

		/* One that sends no more is asked for what it has sent. */
		if (lane->p != NULL && lane->p->receipts != NULL &&
		    clock_mono() >= lane->receipt_next_us &&
		    lane->p->configured(lane->account, &none) == 0)
			return lane;
	}
	return NULL;
}

void
loop_receipts(struct loop *l)
{
	struct receipt_round *r;
	struct lane *lane;

	if (l->receipt != NULL || l->stopping ||
	    clock_mono() < l->next_receipt_us)
		return;
	if ((lane = turn_of(l)) == NULL) {
		l->receipts_asked = true;
		l->next_receipt_us = clock_mono() + LOOK_US;
		return;
	}
	if ((r = calloc(1, sizeof(*r))) == NULL)
		fatal("worker: out of memory");
	r->l = l;
	r->account = account_ref(lane->account);
	r->arena = arena_new(ARENA_MAX);
	r->max = lane->p->receipts->ids_max;
	if (l->receipt_max != 0 && l->receipt_max < r->max)
		r->max = l->receipt_max;
	l->receipt = r;
	desk_post(l->out_desk, claim_run, claim_done, r);
}
