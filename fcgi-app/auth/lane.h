/*
 * lane.h - how many passwords are hashed at once on this host (D2): a process
 * of its own for each lane.
 *
 * A sign-in also waits for the database; the hash pool's children do that
 * while the lanes compute.  All children ask through one socket and all lanes
 * take from it, so a lane is idle only when nobody asks, and orders are served
 * as they came.  An order carries the socket for its own answer: nobody gets
 * another's, an order that no lane took waits for the next one, and one whose
 * lane died is seen at once.
 *
 * A lane knows no key, no database and no user: it gets what is hashed (for
 * our own hashes the peppered HMAC) and gives the value.  Memory stays at
 * lanes × one hash (S56), since no child has any.
 */
#ifndef GP_AUTH_LANE_H
#define GP_AUTH_LANE_H

#include "auth/hash.h"

/* Where hashes are asked for, and where lanes take them; -1: none. */
struct lane_ends { int ask, serve; };
#define LANE_ENDS_NONE	{ -1, -1 }

/* The master, before it forks.  0 or -1. */
int	 lane_open(struct lane_ends *l, struct err *e) MUST_CHECK;
/* Close what this process does not need of it. */
void	 lane_close(struct lane_ends *l);

/* --- who asks -------------------------------------------------------------- */
/* In a child: ask there; without it lane_hash computes here. */
void	 lane_use(int ask);
/* As hash_compute.  Also ERR_UNAVAILABLE "hash_failed": the lane that had it
 * died, there are none, or none had time within the request's deadline. */
int	 lane_hash(const struct old_hash *o, const void *in, size_t n,
	    uint8_t tag[HASH_TAG_MAX], struct err *e) MUST_CHECK;

/* --- who computes ------------------------------------------------------------ */
/*
 * Serve until nobody is left to ask; signals must not end it before, for
 * children that drain need it.  `bytes` of memory are kept, and given back
 * when nobody signs in for two seconds.  `busy` is told when a hash begins and
 * ends; an order whose sender died is not begun.  0, or 1 when broken.
 */
int	 lane_serve(int serve, size_t bytes, void (*busy)(void *arg, bool busy),
	    void *arg);

#endif
