/*
 * worker_own.h - the parts of gatepost-worker: main (worker.c) and its pid
 * file (worker_system.c).
 */
#ifndef GP_BIN_WORKER_OWN_H
#define GP_BIN_WORKER_OWN_H

#include "base/err.h"

/*
 * Write our pid to run_dir/worker.pid, worker-<id>.pid when `id` is given, or
 * worker-<pid>.pid when another has the first; the lock on it ends with us,
 * however we end.  0, or -1: no such directory, or `id` is taken.
 */
int	 pid_file_take(const char *run_dir, const char *id, struct err *e)
	    MUST_CHECK;
void	 pid_file_drop(void);
/*
 * Who we are to the other workers: the same as the one that was killed and
 * whose place among those of run_dir we take, so that we need not wait until
 * what it held is nobody's.  A place is a locked file, run_dir/seat-<n>.  By
 * chance where there is none.  Never 0.
 */
uint64_t worker_owner(const char *run_dir);

#endif
