/*
 * front_own.h - the parts of the wire: front.c and front_asked.c, the two
 * files that know libwebsockets.
 */
#ifndef GP_LIVE_FRONT_OWN_H
#define GP_LIVE_FRONT_OWN_H

#include "live/admit.h"

struct lws;
/* Fill *a, in the arena.  0, or -1 when it is no request. */
int	 front_asked(struct lws *wsi, struct arena *to, bool upgrade,
	    struct asked *a, struct err *e) MUST_CHECK;

#endif
