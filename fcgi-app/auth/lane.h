/*
 * lane.h - how many passwords are hashed at once on this host (D2).
 *
 * A sign-in also waits for the database, and a lane that waits is a core that
 * idles; so the hash pool has more children than lanes, and a child holds a
 * lane only while it computes.  A lane is a file lock: the kernel gives it back
 * when a child dies.
 *
 * A lane has memory too, which all children share: memory stays at lanes × the
 * hash's size (S56), and no hash waits for pages.  A heap of each child's own
 * would keep one hash a child, whatever there are of lanes.
 */
#ifndef GP_AUTH_LANE_H
#define GP_AUTH_LANE_H

#include "base/err.h"

#define LANES_MAX	64

/* The master, before it forks: `bytes` for each lane.  Again after a reload;
 * what is larger is made anew, and older children keep what they have.  Where
 * there is no memory for it, hashes take their own. */
void	 lane_prepare(unsigned lanes, size_t bytes);
/* The master, now and then: give back the memory of lanes that nobody holds.
 * The next hash waits for its pages, about a tenth of its own time. */
void	 lane_trim(const char *run_dir);
/* Use RUN/lane.<i>.lock, i < lanes; once in a child.  Without it lane_enter
 * never waits (gatepostctl, tests).  0 or -1. */
int	 lane_setup(const char *run_dir, unsigned lanes, struct err *e)
	    MUST_CHECK;
/* Wait for a lane and hold it; give it back. */
void	 lane_enter(void);
void	 lane_leave(void);
/* The memory of the lane that is held, if it has `n` bytes; or NULL. */
void	*lane_memory(size_t n);

#endif
