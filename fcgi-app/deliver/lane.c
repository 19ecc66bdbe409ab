/*
 * lane.c - see lane.h.
 */
#include "deliver/lane.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"
#include "net/net.h"
#include "queue/rate.h"

#define HOLD_MIN	64u
#define HOLD_MAX	2048u
#define FAILS_OPEN	5u	/* lost in a row: nobody is there */
#define CONFIGS_OPEN	5u	/* of users' endpoints; else one is enough */
#define OPEN_LOST_S	5u	/* doubles … */
#define OPEN_LOST_MAX_S	60u
#define OPEN_CONFIG_S	30u
#define OPEN_CONFIG_MAX_S 900u
#define GONE_SAMPLE	100u	/* PROVIDERS.md 2.3 */
#define GONE_PERCENT	20u
#define TOKEN_FRESH_US	(INT64_C(5) * US_PER_S)
#define LEARN_AFTER_US	(INT64_C(2) * US_PER_S)

static void
forget_token(struct lane *l)
{
	if (l->token != NULL)
		secret_wipe(l->token, strlen(l->token));
	free(l->token);
	l->token = NULL;
	l->token_is = TOKEN_NONE;
	l->token_next_us = 0;
}

void
lane_init(struct lane *l, const char *name, const struct provider *p,
    unsigned cap_max)
{
	memset(l, 0, sizeof(*l));
	(void)text_copy(l->name, sizeof(l->name), name);
	l->cap_max = cap_max;
	for (size_t c = 0; c < JOB_CLASSES; c++)
		item_list_init(&l->wait[c]);
	lane_account(l, p == NULL ? NULL : account_implicit(p));
	item_list_init(&l->ready);
}

void
lane_account(struct lane *l, struct account *acc)
{
	const struct provider *p = acc == NULL ? NULL : acc->p;
	unsigned most;

	account_unref(l->account);
	forget_token(l);
	l->account = acc;
	l->p = p;
	l->usable = false;
	l->seats_max = 0;
	if (p == NULL)
		return;
	most = acc->concurrency != 0 ? acc->concurrency : p->concurrency;
	/* Endpoints of users are many services: each worker has its own. */
	if (p->settings != NULL)
		l->seats_max = most;
	l->seats_next_us = 0;
	l->conns = l->flying;
	l->cap = most < l->cap_max ? most : l->cap_max;
	if (p->many_max > 0) {
		l->requests_max = l->cap;
		l->cap *= p->many_max;
	}
	l->per_s = acc->per_s != 0 ? acc->per_s : p->per_s;
}

bool
lane_token_lost(struct lane *l, unsigned token_no, int64_t now_us)
{
	if (l->token == NULL)
		return l->token_is == TOKEN_WANTED;
	if (token_no != l->token_no)
		return true;		/* there is another already */
	/* A fresh one that is refused is no matter of its age. */
	if (now_us - l->token_got_us < TOKEN_FRESH_US)
		return false;
	forget_token(l);
	l->token_is = TOKEN_WANTED;
	return true;
}

void
lane_fini(struct lane *l)
{
	struct item *it;

	for (size_t c = 0; c < JOB_CLASSES; c++)
		while ((it = item_list_take(&l->wait[c])) != NULL)
			item_free(it);
	account_unref(l->account);
	l->account = NULL;
	forget_token(l);
	while ((it = item_list_take(&l->ready)) != NULL)
		item_free(it);
}

size_t
lane_waiting(const struct lane *l)
{
	size_t n = 0;

	for (size_t c = 0; c < JOB_CLASSES; c++)
		n += l->wait[c].n;
	return n;
}

bool
lane_flows(const struct lane *l)
{
	return l->p != NULL && l->usable && !l->spent &&
	    l->token_is != TOKEN_REFUSED && l->gate != GATE_OPEN;
}

void
lane_room(const struct lane *l, uint32_t room[JOB_CLASSES])
{
	uint32_t hold = l->cap * 20, most[JOB_CLASSES];
	size_t have = lane_waiting(l);

	memset(room, 0, JOB_CLASSES * sizeof(*room));
	/* A name nobody serves is claimed, to be failed. */
	if (l->p != NULL && (!lane_flows(l) || (l->seats_max > 0 &&
	    l->seats == 0)))
		return;
	if (l->gate == GATE_TRIAL) {
		for (size_t c = 0; c < JOB_CLASSES; c++)
			room[c] = have == 0 && l->flying == 0 ? 1 : 0;
		return;
	}
	hold = hold < HOLD_MIN ? HOLD_MIN : hold > HOLD_MAX ? HOLD_MAX : hold;
	/* Codes always find room; campaigns leave half of it. */
	most[0] = hold;
	most[1] = hold * 15 / 16;
	most[2] = hold * 3 / 4;
	most[3] = hold * 5 / 8;
	most[4] = hold / 2;
	for (size_t c = 0; c < JOB_CLASSES; c++)
		room[c] = have < most[c] ? most[c] - (uint32_t)have : 0;
}

/* Of many messages in one: and the one that is marked and waits for its turn,
 * which goes without asking again. */
static unsigned
requests_of(const struct lane *l)
{
	if (l->p == NULL || l->p->many_max == 0)
		return l->flying;
	return l->requests + (l->ready.n > 0 ? 1u : 0u);
}

unsigned
lane_in_use(const struct lane *l)
{
	unsigned n = requests_of(l);

	return l->p != NULL && l->p->part != NULL && l->conns > n ? l->conns :
	    n;
}

unsigned
lane_seats_left(const struct lane *l, int64_t now_us)
{
	unsigned n = requests_of(l);

	if (l->seats_max == 0)
		return UINT16_MAX;
	return !lane_seats_over(l, now_us) && n < l->seats ? l->seats - n : 0;
}

bool
lane_seats_over(const struct lane *l, int64_t now_us)
{
	return l->seats_max > 0 && now_us >= l->seats_until_us;
}

unsigned
lane_seats_want(const struct lane *l)
{
	size_t n = lane_waiting(l) + l->flying;

	if (l->p != NULL && l->p->many_max > 0)
		n = (n + l->p->many_max - 1) / l->p->many_max;
	return n > UINT16_MAX ? UINT16_MAX : (unsigned)n;
}

/* So many wait for their turn at most: what is marked as leaving is in doubt
 * when its worker dies. */
static unsigned
block_of(const struct lane *l)
{
	unsigned most = rate_most(l->per_s);

	if (l->p->many_max > 0)
		return l->paced > 0 ? 0 : l->p->many_max < most ?
		    l->p->many_max : most;
	if (most < 4)
		most = l->per_s < 4 ? l->per_s : 4;
	return l->paced < most ? most - l->paced : 0;
}

unsigned
lane_may_leave(struct lane *l, int64_t now_us)
{
	unsigned n, seats = lane_seats_left(l, now_us);

	if (seats == 0 || !lane_flows(l) || l->token_is == TOKEN_WANTED ||
	    l->flying >= l->cap ||
	    (l->p->many_max > 0 && l->requests >= l->requests_max))
		return 0;
	n = l->cap - l->flying;
	if (l->p->many_max == 0 && n > seats)
		n = seats;
	if (l->gate == GATE_TRIAL)
		n = l->flying == 0 ? 1 : 0;
	if (l->per_s > 0) {
		if (now_us < l->pace_next_us - RATE_AHEAD_US)
			return 0;
		if (n > block_of(l))
			n = block_of(l);
	}
	return n;
}

bool
lane_full(const struct lane *l, unsigned may_leave)
{
	size_t waiting = lane_waiting(l);

	if (l->p == NULL || l->p->many_max == 0 || l->gate == GATE_TRIAL)
		return true;
	return may_leave >= (waiting < l->p->many_max ? waiting :
	    l->p->many_max) || (l->per_s > 0 && may_leave >= block_of(l));
}

void
lane_add(struct lane *l, struct item *it)
{
	it->lane = l;
	item_list_add(&l->wait[it->class], it);
}

struct item *
lane_next(struct lane *l)
{
	bool has[JOB_CLASSES];
	int c;

	for (size_t i = 0; i < JOB_CLASSES; i++)
		has[i] = l->wait[i].n > 0;
	c = turns_next(&l->turns, has);
	return c == -1 ? NULL : item_list_take(&l->wait[c]);
}

void
lane_left(struct lane *l, struct item *it)
{
	l->flying++;
	it->paced = l->per_s > 0;
	l->paced += it->paced;
}

void
lane_leaves(struct lane *l, struct item *it)
{
	l->paced -= it->paced;
	it->paced = false;
}

void
lane_stays(struct lane *l, struct item *it)
{
	lane_leaves(l, it);
	l->flying--;
}

int64_t
lane_wake_us(const struct lane *l, int64_t now_us)
{
	int64_t at = l->pace_next_us - RATE_AHEAD_US / 2;

	if (l->ready.n > 0 && l->pace.n > 0)
		return l->pace.from_us > now_us ? l->pace.from_us : now_us;
	if (l->ready.n > 0)
		return l->pace_asking ? 0 : at > now_us ? at : now_us;
	if (l->p == NULL || lane_waiting(l) == 0 || l->per_s == 0)
		return 0;
	at -= RATE_AHEAD_US / 2;
	return at > now_us ? at : 0;
}

/* --- hosts of users' endpoints ----------------------------------------------- */

static struct lane_host *
host_of(struct lane *l, const struct item *it, bool make, int64_t now_us)
{
	struct lane_host *old = NULL;

	if (it->host == NULL || it->host[0] == '\0')
		return NULL;
	for (size_t i = 0; i < LANE_HOSTS; i++) {
		struct lane_host *h = &l->host[i];

		if (strcmp(h->name, it->host) == 0) {
			h->used_us = now_us;
			return h;
		}
		if (old == NULL || h->used_us < old->used_us)
			old = h;
	}
	if (!make)
		return NULL;
	memset(old, 0, sizeof(*old));
	(void)text_copy(old->name, sizeof(old->name), it->host);
	old->used_us = now_us;
	return old;
}

int64_t
lane_host_wait(struct lane *l, const struct item *it, int64_t now_us)
{
	const struct lane_host *h = host_of(l, it, false, now_us);

	return h == NULL || h->until_us <= now_us ? 0 : h->until_us - now_us;
}

/* --- the breaker ------------------------------------------------------------------ */

static uint32_t
doubled(uint32_t s, unsigned times, uint32_t max)
{
	while (times-- > 0 && s < max)
		s *= 2;
	return s < max ? s : max;
}

static enum lane_event
open_lane(struct lane *l, uint32_t s, unsigned fault, int64_t now_us,
    uint32_t *open_s)
{
	l->gate = GATE_OPEN;
	l->opens += fault;
	l->fails = l->configs = 0;
	l->changed_us = now_us;
	/* Workers shall not come back all at the same moment. */
	l->open_until_us = now_us + (int64_t)s * US_PER_S +
	    (int64_t)rand_below(500000);
	*open_s = s;
	return LANE_OPENS;
}

/* A refusal in words is none, however the transfer ended: a mail server's is
 * an error to the client (net.c).  Headers of a success whose rest never came
 * are one. */
static bool
lost(const struct in_answer *in)
{
	if (in->complete && in->status >= 400)
		return false;
	switch (in->error) {
	case NET_DNS: case NET_CONNECT: case NET_TLS: case NET_TIMEOUT:
	case NET_RESET:
		return true;
	default:
		return false;
	}
}

static void
pause_host(struct lane_host *h, int64_t us, int64_t now_us)
{
	if (h->until_us < now_us + us)
		h->until_us = now_us + us;
	h->fails = 0;
}

enum lane_event
lane_result(struct lane *l, const struct item *it, const struct verdict *v,
    const struct in_answer *in, int64_t now_us, uint32_t *open_s)
{
	struct lane_host *h = host_of(l, it, true, now_us);
	bool config = v->outcome == OUTCOME_CONFIG && !v->single;
	bool gone = lost(in);
	uint32_t s;

	if (v->outcome == OUTCOME_SLOW) {
		int64_t us = (v->wait_s > 0 ? v->wait_s : 1) * US_PER_S;

		if (h == NULL)
			/* No worker sends until then; no fault is counted. */
			return open_lane(l, (uint32_t)(us / US_PER_S), 0,
			    now_us, open_s);
		pause_host(h, us, now_us);
	}
	if (h != NULL && gone && ++h->fails >= FAILS_OPEN) {
		s = doubled(OPEN_LOST_S, h->pauses++, OPEN_LOST_MAX_S);
		pause_host(h, (int64_t)s * US_PER_S, now_us);
	}
	if (config && (h == NULL || l->gate == GATE_TRIAL ||
	    ++l->configs >= CONFIGS_OPEN))
		return open_lane(l, doubled(OPEN_CONFIG_S, l->opens,
		    OPEN_CONFIG_MAX_S), 1, now_us, open_s);
	if (gone && h == NULL && (l->gate == GATE_TRIAL ||
	    ++l->fails >= FAILS_OPEN))
		return open_lane(l, doubled(OPEN_LOST_S, l->opens,
		    OPEN_LOST_MAX_S), 1, now_us, open_s);
	if (config || gone)
		return LANE_NOTHING;
	/* It answered, whatever it said. */
	if (h != NULL)
		h->fails = h->pauses = 0;
	l->fails = 0;
	if (v->outcome == OUTCOME_OK)
		l->configs = 0;
	if (l->gate != GATE_TRIAL)
		return LANE_NOTHING;
	l->gate = GATE_CLOSED_OK;
	l->opens = 0;
	l->changed_us = now_us;
	return LANE_CLOSES;
}

bool
lane_many_gone(struct lane *l, bool gone)
{
	bool many;

	l->told++;
	l->gone += gone;
	if (l->told < GONE_SAMPLE)
		return false;
	many = l->gone * 100 > l->told * GONE_PERCENT;
	l->told = l->gone = 0;
	return many;
}

int64_t
lane_open_left(const struct lane *l, int64_t now_us)
{
	if (l->gate != GATE_OPEN || l->open_until_us <= now_us)
		return 0;
	return l->open_until_us - now_us;
}

void
lane_learn(struct lane *l, const char *state, int64_t left_us,
    unsigned failures, int64_t now_us)
{
	/* What we just decided may not have been written when this was read. */
	if (l->gate == GATE_TRIAL || now_us - l->changed_us < LEARN_AFTER_US)
		return;
	if (strcmp(state, "closed") == 0) {
		l->gate = GATE_CLOSED_OK;
		l->opens = 0;
		return;
	}
	l->gate = GATE_OPEN;
	l->opens = failures;
	l->open_until_us = now_us + left_us;
}
