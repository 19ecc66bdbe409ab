/*
 * metric.h - what is counted as it happens, for GET /metrics (api/metrics.c).
 *
 * Counters stand in the file that all processes of the host map (shm.h) and
 * only rise: a child that ends, however, takes nothing with it, and a reload
 * keeps the file.  A new master makes a new one, and they begin at 0.
 */
#ifndef GP_BASE_METRIC_H
#define GP_BASE_METRIC_H

#include "base/shm.h"

/* Which program's, and what the database or the way to it said. */
enum metric_program { METRIC_API, METRIC_WORKER, METRIC_LIVE,
	METRIC_PROGRAMS };
enum metric_db { METRIC_DB_CONNECT,	/* could not */
	METRIC_DB_LOST,			/* the connection, under a statement */
	METRIC_DB_AGAIN,		/* rolled back: deadlock, lock wait */
	METRIC_DB_AWAY,			/* cannot serve just now */
	METRIC_DB_FAILED,		/* the statement: our fault */
	METRIC_DB_KINDS };
#define METRIC_DB(program, kind) ((unsigned)(program) * METRIC_DB_KINDS + \
	(unsigned)(kind))
/* From here on as api/metrics_own.h lays them out. */
#define METRIC_REQUESTS	METRIC_DB(METRIC_PROGRAMS, 0)

/* Whose counters metric_add adds to from now on, in children too; NULL: none,
 * as before the first call. */
void	 metric_use(struct shm *s);
void	 metric_add(unsigned counter, uint64_t n);
/*
 * For a program that makes no such file, every second or so: uses the one at
 * RUN_DIR/shm as soon as there is one, and the next when that is replaced.
 */
void	 metric_follow(const char *run_dir);

#endif
