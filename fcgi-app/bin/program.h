/*
 * program.h - what every program of ours does alike: how it ends, where its
 * settings are, how it meets systemd and the sockets it listens at.
 */
#ifndef GP_BIN_PROGRAM_H
#define GP_BIN_PROGRAM_H

#include "base/err.h"
#include "store/db.h"

#include <signal.h>

/* sysexits.h: what a supervisor should make of our end. */
#define EXIT_USAGE_	64
#define EXIT_FAULT	70
#define EXIT_OS		71
#define EXIT_RETRY	75		/* the database is away */
#define EXIT_CONFIG	78		/* do not restart: mend it first */

/* The path of the settings: the one asked for, else the installation's when
 * that can be read, else NULL (the environment alone).  Not copied. */
const char *program_config(const char *asked);
/* Load the settings of program_config(asked), and log as `name` at the level
 * they say.  0, or -1. */
int	 program_settings(const char *name, const char *asked, struct err *e)
	    MUST_CHECK;

/*
 * Prove every statement as the database user of `who` (D4).  A database that
 * is starting is waited for, 30 s at most, or until *ending.  0, or -1.
 */
int	 program_prove(enum db_program who,
	    const volatile sig_atomic_t *ending, struct err *e) MUST_CHECK;
/* What to end with when statements were not proved: EXIT_RETRY when the
 * database is away, else EXIT_CONFIG. */
int	 program_unproved(const struct err *e);

/* Tell systemd (sd_notify(3)), as one datagram; nothing without
 * NOTIFY_SOCKET. */
void	 program_notify(const char *state);
/* Half of WATCHDOG_USEC in µs, or 0. */
int64_t	 program_watchdog_us(void);

#define PROGRAM_FIRST_FD	3	/* sd_listen_fds(3) */
/* How many sockets LISTEN_FDS hands to this process, at most `max`; 0 none. */
unsigned program_given(unsigned max);
/* They are taken: our children shall not take them for theirs. */
void	 program_given_taken(void);
/* Is it a listening socket? */
bool	 program_listens(int fd);

/*
 * Bind a unix socket at `path`, never open wider than 0660, give it to
 * GATEPOST_SOCKET_GROUP, and listen.  `flags` go to socket(2) beside
 * SOCK_CLOEXEC.  The descriptor, or -1 with the path left as it was found.
 */
int	 program_listen(const char *path, int flags, int backlog,
	    struct err *e) MUST_CHECK;

#endif
