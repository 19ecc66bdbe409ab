/*
 * api_seat.h - the master's children, one by one.  For api_master.c.
 */
#ifndef GP_BIN_API_SEAT_H
#define GP_BIN_API_SEAT_H

#include "auth/lane.h"
#include "bin/api_own.h"

#define SEATS_MAX	(SHM_SLOTS / 2)	/* two generations fit the board */

enum seat_kind { SEAT_POOL, SEAT_LANE, SEAT_REVOKE, SEAT_WORKER,
	SEAT_LIVE };

struct seat {
	enum seat_kind	 kind;
	enum pool	 pool;
	pid_t		 pid;		/* 0: not running */
	struct shm_slot	*slot;		/* of a pool's child, of a lane */
	int64_t		 started_us, start_at_us;	/* monotonic */
	unsigned	 fails;		/* quick ends in a row */
	bool		 killed;	/* for being stuck */
};

struct leaver {
	pid_t		 pid;
	struct shm_slot	*slot;
	int64_t		 kill_at_us;
};

struct master {
	const struct api_options *options;
	struct sockets	 sockets;
	struct lane_ends lane;		/* of this generation */
	struct shm	*shm;
	unsigned	 size[POOLS];
	struct seat	 seat[SEATS_MAX];
	struct leaver	 leaver[SHM_SLOTS];
	size_t		 seats, leavers;
	bool		 proved, stopping;
	int		 signals, status;
	char		 pid_path[200];
};

void	 seat_add(struct master *m, enum seat_kind kind, enum pool pool);
/* Fork it; when that fails it is tried again later. */
void	 seat_start(struct master *m, struct seat *s);
/* Tell a running one to go; it is killed when it does not. */
void	 seat_dismiss(struct master *m, const struct seat *s, int sig);
/* A child ended: clears its slot, plans its successor.  EXIT_CONFIG when it
 * says that nothing can work, else 0. */
int	 seat_ended(struct master *m, pid_t pid, int status);
/* Kill those that are stuck in a request or do not leave. */
void	 seat_watch(struct master *m, int64_t now_us);

#endif
