/*
 * live.h - the gateway of /ws/notifications/: one loop, from start to drained.
 */
#ifndef GP_LIVE_LIVE_H
#define GP_LIVE_LIVE_H

#include "base/err.h"

struct live_setup {
	int		 listen_fd;	/* a unix socket that listens */
	const char	*run_dir;
	void		(*each_s)(void);
	/* Will somebody take the socket over when we end?  Then who comes
	 * meanwhile waits for him; else he is told to come again. */
	bool		(*has_heir)(void);
	void		(*ready)(void);
};
/* Serve until live_stop, then say goodbye to all.  0, or -1 with *e set. */
int	 live_run(const struct live_setup *s, struct err *e) MUST_CHECK;
/* From a signal handler: drain and end. */
void	 live_stop(void);
/* From a signal handler: log the numbers. */
void	 live_report(void);

#endif
