/*
 * token.c - the loop's bearer tokens: asked for before the first message,
 * again before they end, and when one is refused.
 *
 * A token is this process's alone and in memory only.  Who is asked for too
 * often is the endpoint: not more than once in a while after a refusal.
 */
#include "worker/loop_own.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"

#define ARENA_MAX	((size_t)256 * 1024)
#define EARLY_US	(INT64_C(60) * US_PER_S)
#define AGAIN_US	(INT64_C(10) * US_PER_S)
#define REFUSED_US	(INT64_C(60) * US_PER_S)

struct fetching {
	struct loop	*l;
	struct lane	*lane;
	struct account	*account;	/* as it was asked for */
	struct arena	*a;
	struct out_request req;
};

static void
fetching_free(struct fetching *f)
{
	account_unref(f->account);
	arena_free(f->a);
	free(f);
}

static void
take_token(struct lane *lane, const char *token, int64_t life_s)
{
	char *copy = strdup(token);

	if (copy == NULL)
		fatal("worker: out of memory");
	if (lane->token != NULL)
		secret_wipe(lane->token, strlen(lane->token));
	free(lane->token);
	lane->token = copy;
	lane->token_no++;
	lane->token_is = TOKEN_GOOD;
	lane->token_got_us = clock_mono();
	lane->token_next_us = lane->token_got_us + AGAIN_US;
	lane->token_until_us = lane->token_got_us + (life_s < 86400 ? life_s :
	    86400) * US_PER_S;
}

static void
got(void *arg, const struct in_answer *in)
{
	struct fetching *f = arg;
	struct lane *lane = f->lane;
	int64_t now = clock_mono(), life_s;
	struct err e = ERR_INIT;
	const char *token;

	lane->token_asked = false;
	if (lane->account != f->account) {
		fetching_free(f);	/* changed meanwhile: asked anew */
		return;
	}
	if (f->account->p->token_read(in, f->a, &token, &life_s, &e) == 0) {
		take_token(lane, token, life_s);
		f->l->want = true;
	} else {
		bool refused = e.kind == ERR_CONFIG;

		log_err(LOG_WARN_, lane->name, &e);
		lane->token_next_us = now + (refused ? REFUSED_US : AGAIN_US);
		if (lane->token == NULL || lane->token_until_us <= now) {
			lane->token_is = TOKEN_REFUSED;
			/* Said to everybody, and seen in the list. */
			loop_breaker(f->l, lane, LANE_OPENS, e.code,
			    (uint32_t)((lane->token_next_us - now) /
			    US_PER_S));
			loop_release(f->l, lane, loop_lane_wait(lane));
		}
	}
	fetching_free(f);
}

static void
fetch(struct loop *l, struct lane *lane, int64_t now)
{
	struct fetching *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;
	int rc;

	if (f == NULL)
		fatal("worker: out of memory");
	f->l = l;
	f->lane = lane;
	f->account = account_ref(lane->account);
	f->a = arena_new(ARENA_MAX);
	rc = lane->p->token_ask(lane->account, f->a, &f->req, &e);
	if (rc > 0 && net_begin(l->net, &f->req, "", got, f, &e) == 0) {
		lane->token_asked = true;
		if (lane->token == NULL && lane->token_is == TOKEN_NONE)
			lane->token_is = TOKEN_WANTED;
		return;
	}
	if (rc != 0) {
		log_err(LOG_WARN_, lane->name, &e);
		lane->token_is = TOKEN_REFUSED;
	}
	lane->token_next_us = now + REFUSED_US;
	fetching_free(f);
}

void
loop_tokens(struct loop *l)
{
	int64_t now = clock_mono();

	for (size_t i = 0; i < l->lanes; i++) {
		struct lane *lane = &l->lane[i];

		if (lane->p == NULL || lane->p->token_ask == NULL ||
		    !lane->usable || lane->token_asked || l->stopping ||
		    now < lane->token_next_us || (lane->token != NULL &&
		    now < lane->token_until_us - EARLY_US))
			continue;
		fetch(l, lane, now);
	}
}
