/*
 * live_own.h - the parts of gatepost-live: main (live.c) and its listening
 * socket (live_system.c).
 */
#ifndef GP_BIN_LIVE_OWN_H
#define GP_BIN_LIVE_OWN_H

#include "base/err.h"

/*
 * The socket nginx connects to: LISTEN_FDS's, else RUN_DIR/live.sock, which is
 * put in the place of an older one by a rename: whoever served that goes on
 * with the connections it has.  A descriptor, or -1.
 */
int	 socket_take(const char *run_dir, struct err *e) MUST_CHECK;
/* Is it somebody's who keeps it when we end (systemd)? */
bool	 socket_is_lent(void);
/* Remove the path, if it is ours still. */
void	 socket_drop(void);
/* Become this program anew, with the same socket; returns if it cannot. */
void	 socket_pass_on(int fd, char **argv);

#endif
