/*
 * push_wait.c - waiting for the worker's outcome (D1, RFC 7240).
 *
 * What must stay true: at most half of a pool's children wait, and nothing
 * that goes wrong here undoes an acceptance: the caller then hears 202.
 */
#include "api/push_own.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/shm.h"
#include "queue/bell.h"
#include "store/delivery.h"

#define POLL_MS		250
#define SPARE_S		2		/* of the request's deadline */

void
push_wait_begin(struct call *c, struct push_wait *w, int unasked_s)
{
	int s = req_prefer_wait(c->req), most;
	struct err e = ERR_INIT;

	memset(w, 0, sizeof(*w));
	if (s < 0)
		s = unasked_s;
	most = (int)conf_int(CONF_DEADLINE_S) - SPARE_S;
	if (s > most)
		s = most;
	if (s <= 0)
		return;
	if (c->shm != NULL && c->slot != NULL) {
		w->slot = shm_wait_begin(c->shm, c->slot, c->pool_size);
		if (!w->slot)
			return;
	}
	w->ms = s * 1000;
	w->waiter = waiter_new(conf_str(CONF_RUN_DIR), &e);
	if (w->waiter == NULL)
		log_err(LOG_WARN_, "waiting by polls", &e);
}

const char *
push_wait_name(const struct push_wait *w)
{
	return w->waiter == NULL ? NULL : waiter_name(w->waiter);
}

static void
pause_ms(struct push_wait *w, int ms)
{
	struct timespec t = { .tv_nsec = (long)ms * 1000000 };

	if (w->waiter == NULL || waiter_wait(w->waiter, ms) < 0)
		(void)nanosleep(&t, NULL);
}

void
push_wait_for(struct call *c, struct push_wait *w, uint64_t id)
{
	int64_t end = clock_mono() + (int64_t)w->ms * 1000;
	struct err e = ERR_INIT;

	if (w->ms == 0)
		return;
	for (;;) {
		int64_t left = (end - clock_mono()) / 1000;
		int rc;

		if (left <= 0)
			return;
		pause_ms(w, left < POLL_MS ? (int)left : POLL_MS);
		if ((rc = delivery_pending(c->db, id, &e)) == 0)
			return;
		if (rc < 0) {
			log_err(LOG_WARN_, "waiting for a push", &e);
			return;
		}
	}
}

void
push_wait_end(struct call *c, struct push_wait *w)
{
	if (w->slot)
		shm_wait_end(c->shm, c->slot);
	waiter_free(w->waiter);
	memset(w, 0, sizeof(*w));
}
