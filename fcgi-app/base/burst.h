/*
 * burst.h - who asks for more than a few at a time?  One word a caller, which
 * several processes may share; it carries no truth and is lost with the
 * memory it is in.
 */
#ifndef GP_BASE_BURST_H
#define GP_BASE_BURST_H

#include <stdatomic.h>

#include "base/cdefs.h"

/* One more, at monotonic time now_us: were there more than `burst` at once,
 * beyond `per_s` a second?  A word begins as 0. */
bool	 burst_over(_Atomic int64_t *word, unsigned burst, unsigned per_s,
	    int64_t now_us);

#endif
