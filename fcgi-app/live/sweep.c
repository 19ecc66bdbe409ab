/*
 * sweep.c - see sweep.h.
 */
#include "live/sweep.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/rand.h"

#define REVOKED_TICKS	3		/* 300 ms; the promise is a second */
#define PING_TICKS	10
#define SILENT_MAX	3		/* pings that nobody answered */
#define NOTICE_S	60

/* True: the list is too old to know. */
static bool
look_revoked(const struct shm *shm, struct conn *c, int64_t now_us)
{
	enum shm_answer a = shm_revoked(shm, c->session_id, c->user->id,
	    c->iat_s, now_us);

	if (a == SHM_REVOKED)
		conn_bye(c, BYE_REVOKED);
	else if (now_us / US_PER_S >= c->exp_s)
		conn_bye(c, BYE_EXPIRED);
	else if (!c->renewed && c->state == CONN_LIVE &&
	    now_us / US_PER_S >= c->exp_s - NOTICE_S) {
		c->renewed = 1;
		conn_say(c, ITEM_RENEW, 0);
	}
	return a == SHM_STALE;
}

/* A tenth less or more, so that those who came together part. */
static uint32_t
next_ping_s(void)
{
	uint32_t s = (uint32_t)conf_int(CONF_LIVE_PING_S);

	return s - s / 10 + rand_below(2 * (s / 10) + 1);
}

static void
look_ping(struct conn *c, uint32_t mono_s, void (*write)(struct conn *c))
{
	if ((int32_t)(mono_s - c->ping_at_s) < 0)
		return;
	c->ping_at_s = mono_s + next_ping_s();
	if (!c->sse && ++c->silent > SILENT_MAX) {
		conn_bye(c, BYE_SLOW);
		return;
	}
	c->ping_due = 1;
	write(c);
}

void
sweep_tick(const struct shm *shm, int64_t now_us,
    void (*write)(struct conn *c), void (*ask)(void))
{
	static unsigned tick;
	int64_t mono_us = clock_mono();
	bool revoked = tick % REVOKED_TICKS == 0;
	bool ping = tick % PING_TICKS == 0, stale = false;

	tick++;
	for (struct conn *c = hub_first(), *next; c != NULL; c = next) {
		next = c->next;
		if (c->wire == NULL || c->state == CONN_ENDING)
			continue;
		if (revoked)
			stale = look_revoked(shm, c, now_us) || stale;
		if (ping && c->state == CONN_LIVE)
			look_ping(c, (uint32_t)(mono_us / US_PER_S), write);
		if (c->user->counts_due)
			user_counts(c->user, mono_us);
	}
	if (stale && ask != NULL)
		ask();
}

bool
sweep_drain(int64_t now_us, int64_t began_us, int64_t over_s)
{
	int64_t left_us = began_us + over_s * US_PER_S - now_us;
	size_t ticks = left_us < 100000 ? 1 : (size_t)(left_us / 100000);
	size_t n = hub_size() / ticks + 1;

	for (struct conn *c = hub_first(); c != NULL && n > 0; c = c->next)
		if (c->wire != NULL && c->state != CONN_ENDING) {
			conn_bye(c, BYE_DRAIN);
			n--;
		}
	return hub_first() == NULL;
}
