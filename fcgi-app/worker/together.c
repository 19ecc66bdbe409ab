/*
 * together.c - many messages in one request: it leaves, its answer is taken
 * apart, and what it refused as a whole goes again divided.
 *
 * What must stay true: each message keeps its own intent, fence and record;
 * the provider's breaker hears of a request once.
 */
#include "worker/loop_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "deliver/send.h"

#define REQUEST_MAX	((size_t)8 << 20)

struct together {
	struct together	*next, **at;	/* of the loop's */
	struct loop	*l;
	struct lane	*lane;
	struct account	*account;	/* as it was when they were built */
	struct arena	*arena;
	struct out_request req;
	size_t		 n;
	struct item	*it[MANY_MAX];
};

static void
together_free(struct together *t)
{
	if ((*t->at = t->next) != NULL)
		t->next->at = t->at;
	arena_reset(t->arena);		/* wipes what stood in the request */
	arena_free(t->arena);
	account_unref(t->account);
	free(t);
}

/*
 * Nothing of it was taken: it is marked as leaving still, so the next mark
 * finds it so.  Its try was no try.
 */
static void
once_more(struct lane *lane, struct item *it, unsigned group)
{
	send_unbuild(it);
	it->tries--;
	it->group = group;
	lane_add(lane, it);
}

static void
settle_all(struct together *t, const struct in_answer *in)
{
	static unsigned groups;
	const struct message *m[MANY_MAX];
	struct many_verdicts out = {
	    .v = arena_array(t->arena, t->n, sizeof(*out.v)),
	    .again = arena_array(t->arena, t->n, sizeof(*out.again)) };
	int64_t now = clock_mono(), open_us;
	enum lane_event ev;
	uint32_t open_s = 0;
	unsigned first = groups, most = 0;

	for (size_t i = 0; i < t->n; i++)
		m[i] = &t->it[i]->msg;
	t->account->p->judge_many(m, t->n, &t->req, in, &out);
	send_rules(t->it[0], in, &out.whole);
	ev = lane_result(t->lane, t->it[0], &out.whole, in, now, &open_s);
	open_us = lane_open_left(t->lane, now);
	for (size_t i = 0; i < t->n; i++) {
		struct item *it = t->it[i];

		if (out.again[i] != 0) {
			if (out.again[i] > most)
				most = out.again[i];
			once_more(t->lane, it, first + out.again[i]);
			continue;
		}
		send_rules(it, in, &out.v[i]);
		loop_settle(it, &out.v[i], in, open_us);
	}
	groups += most;
	if (most > 0)
		log_info("provider %s: %s; %zu messages go again, divided",
		    t->lane->name, out.whole.code, t->n);
	loop_breaker(t->l, t->lane, ev, out.whole.code, open_s);
}

static void
landed_together(void *arg, const struct in_answer *in)
{
	struct together *t = arg;

	t->lane->requests--;
	for (size_t i = 0; i < t->n; i++)
		loop_lands(t->l, t->it[i]);
	settle_all(t, in);
	together_free(t);
}

/* It could not even begin. */
static void
not_begun(struct together *t, const struct err *e)
{
	struct in_answer none = { .error = NET_OTHER };

	t->lane->requests--;
	log_err(LOG_ERROR_, t->lane->name, e);
	for (size_t i = 0; i < t->n; i++)
		t->lane->flying--;
	settle_all(t, &none);
	together_free(t);
}

void
loop_leave_together(struct loop *l, struct lane *lane,
    struct item *const *it, size_t n)
{
	const struct out_request *part[MANY_MAX];
	struct together *t = calloc(1, sizeof(*t));
	struct err e = ERR_INIT;

	if (t == NULL)
		fatal("worker: out of memory");
	t->l = l;
	t->lane = lane;
	t->account = account_ref(it[0]->account);
	t->arena = arena_new(REQUEST_MAX);
	t->n = n;
	t->at = &l->together;
	if ((t->next = l->together) != NULL)
		t->next->at = &t->next;
	l->together = t;
	for (size_t i = 0; i < n; i++) {
		t->it[i] = it[i];
		t->it[i]->tries++;
		t->it[i]->left_us = clock_mono();
		part[i] = &it[i]->req;
	}
	if (l->flyings + n > FLYING_MAX)
		err_set(&e, ERR_INTERNAL, "too_many_flying", "%zu",
		    l->flyings);
	else if (t->account->p->join(t->account, part, n,
	    t->arena, &t->req, &e) == 0 &&
	    net_begin(l->net, &t->req, "", landed_together, t, &e) == 0) {
		for (size_t i = 0; i < n; i++)
			loop_flies(l, t->it[i]);
		return;
	}
	not_begun(t, &e);
}

void
loop_forget_together(struct loop *l)
{
	while (l->together != NULL)
		together_free(l->together);
}
