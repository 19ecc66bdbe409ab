/*
 * loop.h - the gateway's loop: libev's, on epoll, and libwebsockets in it.
 * What libwebsockets has by itself is poll(2), which looks at ten thousand
 * connections each time one of them is spoken to.
 *
 * One a process, of one thread.
 */
#ifndef GP_LIVE_LOOP_H
#define GP_LIVE_LOOP_H

#include "base/err.h"

#define LOOP_FILES	4

int	 loop_open(struct err *e) MUST_CHECK;
void	*loop_native(void);		/* for libwebsockets */
/* Call `ready` whenever fd can be read; at most LOOP_FILES of them. */
void	 loop_watch(int fd, void (*ready)(void));
void	 loop_unwatch(int fd);		/* nothing when it is not watched */
/* Call `tick` every so often; one. */
void	 loop_every(int64_t us, void (*tick)(void));
/* Call `then` once after so long; one, a second call puts it off. */
void	 loop_soon(int64_t us, void (*then)(void));
void	 loop_run(void);		/* until loop_end */
void	 loop_end(void);
void	 loop_close(void);

#endif
