/*
 * lane.h - how many passwords are hashed at once on this host (D2).
 *
 * A sign-in also waits for the database, and a lane that waits is a core that
 * idles; so the hash pool has more children than lanes, and a child holds a
 * lane only while it computes.  Memory stays at lanes × the hash's size
 * (S56).  A lane is a file lock: the kernel gives it back when a child dies.
 */
#ifndef GP_AUTH_LANE_H
#define GP_AUTH_LANE_H

#include "base/err.h"

#define LANES_MAX	64

/* Use RUN/lane.<i>.lock, i < lanes; once in a child.  Without it lane_enter
 * never waits (gatepostctl, tests).  0 or -1. */
int	 lane_setup(const char *run_dir, unsigned lanes, struct err *e)
	    MUST_CHECK;
/* Wait for a lane and hold it; give it back. */
void	 lane_enter(void);
void	 lane_leave(void);

#endif
