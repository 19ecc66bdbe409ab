/*
 * front_own.h - the parts of the wire: front.c, front_asked.c and
 * front_context.c, the files that know libwebsockets.
 */
#ifndef GP_LIVE_FRONT_OWN_H
#define GP_LIVE_FRONT_OWN_H

#include <libwebsockets.h>

#include "live/admit.h"

/* The library on our loop, every event of it to `callback`; *host is where
 * sockets are adopted.  NULL and *e when it cannot be had. */
struct lws_context *front_context(lws_callback_function *callback,
	    struct lws_vhost **host, struct err *e);
/* Fill *a, in the arena.  0, or -1 when it is no request. */
int	 front_asked(struct lws *wsi, struct arena *to, bool upgrade,
	    struct asked *a, struct err *e) MUST_CHECK;

#endif
