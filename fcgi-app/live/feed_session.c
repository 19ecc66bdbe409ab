/*
 * feed_session.c - which sessions live, where no master of gatepost-api keeps
 * the list of those that do not (another host, or it is down): D8.
 *
 * One round over all connections is under way at a time.  While the database
 * is away for us it may serve others, who revoke: connections stay, and are
 * told nothing new until it has been asked again.
 */
#include "live/feed_own.h"

#include "base/clock.h"
#include "base/log.h"

struct checking {
	struct live_session *s, *alive, it;
	size_t		 n, alives;
	int64_t		 began_us;
};

#define UNSURE_US	US_PER_S
#define TELL_US		(60 * US_PER_S)

static struct {
	bool	 under_way;
	int64_t	 stale_us;	/* the list was last seen too old */
	int64_t	 known_us;	/* the last answer's question began */
	int64_t	 unsure_us;	/* since when it is not known; 0: it is */
	int64_t	 told_us;	/* of it, the log was */
} q;

bool
session_unsure(void)
{
	int64_t now_us = clock_mono();

	return q.stale_us != 0 && now_us - q.stale_us < UNSURE_US &&
	    now_us - q.known_us > UNSURE_US;
}

/* Whoever waits for news sees an open connection: the operator is told why
 * nothing comes. */
static void
tell_unsure(int64_t now_us)
{
	if (!session_unsure()) {
		q.unsure_us = 0;
		return;
	}
	if (q.unsure_us == 0)
		q.unsure_us = now_us;
	if (now_us - q.unsure_us < UNSURE_US ||
	    (q.told_us != 0 && now_us - q.told_us < TELL_US))
		return;
	q.told_us = now_us;
	log_warn("for %" PRId64 " ms it is not known which sessions live: "
	    "nothing new is told", (now_us - q.unsure_us) / 1000);
}

static int
alive_row(void *arg, struct err *e)
{
	struct checking *k = arg;

	(void)e;
	if (k->alives < k->n)
		k->alive[k->alives++] = k->it;
	return 0;
}

/* A session's older token may be dead and its newer one good. */
static int
by_token(const void *a, const void *b)
{
	const struct live_session *x = a, *y = b;

	if (x->session_id != y->session_id)
		return x->session_id < y->session_id ? -1 : 1;
	return x->iat_s < y->iat_s ? -1 : x->iat_s > y->iat_s;
}

static int
check_run(struct db *db, void *arg, struct err *e)
{
	struct checking *k = arg;

	k->began_us = clock_mono();
	for (size_t i = 0; i < k->n; i += LIVE_BATCH)
		if (live_sessions(db, k->s + i, k->n - i < LIVE_BATCH ?
		    k->n - i : LIVE_BATCH, &k->it, alive_row, k, e) < 0)
			return -1;
	if (k->alives > 0)
		qsort(k->alive, k->alives, sizeof(*k->alive), by_token);
	return 0;
}

/* Its token was asked about and is not good.  Who came, or renewed his,
 * meanwhile was not asked about. */
static bool
is_dead(const struct checking *k, const struct conn *c)
{
	const struct live_session key = { .session_id = c->session_id,
	    .iat_s = c->iat_s };

	return bsearch(&key, k->s, k->n, sizeof(key), by_token) != NULL &&
	    (k->alives == 0 || bsearch(&key, k->alive, k->alives,
	    sizeof(key), by_token) == NULL);
}

static void
check_done(void *arg, int rc, const struct err *e)
{
	struct checking *k = arg;

	q.under_way = false;
	feed_felt(rc, e);
	if (rc >= 0)
		q.known_us = k->began_us;
	if (rc >= 0)
		qsort(k->s, k->n, sizeof(*k->s), by_token);
	for (struct conn *c = hub_first(); rc >= 0 && c != NULL; c = c->next)
		if (c->wire != NULL && is_dead(k, c))
			conn_bye(c, BYE_REVOKED);
	free(k->s);
	free(k->alive);
	free(k);
	if (rc >= 0)
		feed_pump();
}

void
feed_ask_sessions(void)
{
	struct checking *k;
	size_t n = hub_size();

	tell_unsure(clock_mono());
	q.stale_us = clock_mono();
	if (q.under_way || n == 0 || feed_away())
		return;
	if ((k = calloc(1, sizeof(*k))) == NULL ||
	    (k->s = calloc(n, sizeof(*k->s))) == NULL ||
	    (k->alive = calloc(n, sizeof(*k->alive))) == NULL)
		fatal("feed: out of memory");
	for (const struct conn *c = hub_first(); c != NULL && k->n < n;
	    c = c->next)
		if (c->wire != NULL)
			k->s[k->n++] = (struct live_session){ c->session_id,
			    c->user->id, c->iat_s };
	q.under_way = true;
	desk_post(feed.look, check_run, check_done, k);
}
