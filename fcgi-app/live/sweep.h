/*
 * sweep.h - what is looked at for every connection, in one walk: is it
 * revoked, has its token ended, is a ping due.  No timer a connection.
 */
#ifndef GP_LIVE_SWEEP_H
#define GP_LIVE_SWEEP_H

#include "base/shm.h"
#include "live/hub.h"

/* Every 100 ms; each kind of look has its own pace.  `write` asks for a
 * chance to write to c; `ask` (or NULL) is for when the list of revocations
 * is too old: the database knows. */
void	 sweep_tick(const struct shm *shm, int64_t now_us,
	    void (*write)(struct conn *c), void (*ask)(void));
/* Say goodbye to all over `over_s` seconds; true when nobody is left. */
bool	 sweep_drain(int64_t now_us, int64_t began_us, int64_t over_s);

#endif
