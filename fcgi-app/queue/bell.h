/*
 * bell.h - datagrams that spare a poll (D5, D1).
 *
 * Listeners bind RUN/bell/<kind>.<pid>.sock; ringers send one byte to all of
 * a kind, never blocking; a lost ring costs one poll.  A waiting API child
 * binds RUN/wait/<pid>.<n>.sock and is told the notification that moved.
 */
#ifndef GP_QUEUE_BELL_H
#define GP_QUEUE_BELL_H

#include "base/err.h"

struct bell;
/* `kind` is "worker" or "live".  Removes a stale socket of the same pid. */
struct bell *bell_listen(const char *run_dir, const char *kind, struct err *e);
int	 bell_fd(const struct bell *b);		/* to poll */
void	 bell_drain(struct bell *b);
void	 bell_free(struct bell *b);		/* unlinks */
/*
 * What changed in inboxes, for gateways: rung after the COMMIT.  It spares
 * them the search; lost, or too many for the room, they search.
 */
struct bell_hint {
	uint64_t	 user_id;
	uint64_t	 read_id;	/* this notification was read, or 0 */
	uint64_t	 read_upto;	/* all up to this seq were read, or 0 */
};
#define BELL_HINTS	40		/* in one datagram */
void	 bell_ring_live(const char *run_dir, const struct bell_hint *h,
	    size_t n);
/* The next datagram's hints in h; how many, 0 when it had none ("search"),
 * -1 when nothing is there any more. */
int	 bell_take(struct bell *b, struct bell_hint h[BELL_HINTS]);
/* Ring all listeners of a kind; removes sockets nobody owns.  How many. */
int	 bell_ring(const char *run_dir, const char *kind);

struct waiter;
struct waiter *waiter_new(const char *run_dir, struct err *e);
const char *waiter_name(const struct waiter *w);	/* goes into job.waiter */
/* 1 told, 0 timed out after ms, -1. */
int	 waiter_wait(struct waiter *w, int ms);
void	 waiter_free(struct waiter *w);
/* Worker: tell one waiter by its name; a dead one is ignored. */
void	 waiter_tell(const char *run_dir, const char *name, uint64_t id);

#endif
