/*
 * shm.h - the file in the run directory that every process on the host maps:
 * revocations (D8), the pools' scoreboard, metric counters.
 *
 * One writer, the master of gatepost-api, creates it (temporary file, then
 * rename; never truncated in place).  Readers map it and re-map when the
 * inode under the name changed.  Revocations are two tables of which one is
 * live (double buffer): the master fills the other and flips a generation
 * with release order; a reader that sees the generation move re-reads.
 */
#ifndef GP_BASE_SHM_H
#define GP_BASE_SHM_H

#include <stdatomic.h>

#include "base/err.h"

struct shm;

/* Master: make a fresh file at `path`.  NULL and *e set when it cannot. */
struct shm *shm_create(const char *path, struct err *e);
/* Others: map an existing one; NULL when absent or of another layout. */
struct shm *shm_open_(const char *path, struct err *e);
void	 shm_close(struct shm *s);
/* Re-map when another file stands under the name (a new master); looks at
 * most four times a second, else costs nothing.  shm_revoked does it by
 * itself when the list is stale; others call it in their loop.  The old
 * mapping, and slots in it, stay valid.  A NULL shm is allowed here and in
 * shm_revoked (SHM_STALE), shm_revoke_now, shm_count, shm_counter and
 * shm_born_us. */
void	 shm_refresh(const struct shm *s);

/* --- revocations ------------------------------------------------------ */
enum shm_answer {
	SHM_CLEAR,		/* not revoked, and the list is fresh */
	SHM_REVOKED,
	SHM_STALE		/* older than 1 s or overflowed: ask the DB */
};
/* Session `sid` of `user_id` with a token issued at iat (s). */
enum shm_answer shm_revoked(const struct shm *s, uint64_t sid,
	    uint64_t user_id, int64_t iat_s, int64_t now_us);

struct shm_revocation {
	uint64_t	sid;		/* 0: a user's not-before */
	uint64_t	user_id;
	int64_t		not_before_s;	/* tokens issued before it are dead */
};
/* Master: publish the whole list as of `stamp_us` (clock_now at the query's
 * start).  More than fits: marks it overflowed, so that readers ask the DB. */
void	 shm_publish(struct shm *s, const struct shm_revocation *rows,
	    size_t n, int64_t stamp_us);
/* A child that just revoked writes it at once (at most a few per second need
 * room; a full side list is harmless, the master's next list has it). */
void	 shm_revoke_now(struct shm *s, const struct shm_revocation *row);

/* --- scoreboard --------------------------------------------------------- */
#define SHM_POOLS	4
#define SHM_SLOTS	512
struct shm_slot {			/* one a child; written by it alone */
	_Atomic int32_t	 pid;		/* 0: free (the master clears) */
	_Atomic uint8_t	 pool, busy, waiting;
	_Atomic uint64_t requests;
	_Atomic int64_t	 since_us;	/* busy since (monotonic) */
};
struct shm_slot *shm_slot(struct shm *s, size_t i);
/* May this child begin to wait?  At most half of its pool (D1). */
bool	 shm_wait_begin(struct shm *s, struct shm_slot *me, unsigned pool_size);
void	 shm_wait_end(struct shm *s, struct shm_slot *me);

/* --- metrics -------------------------------------------------------------
 * Fixed counters by number (base/metric.h and api/metrics_own.h lay them
 * out), relaxed. */
#define SHM_COUNTERS	8192
void	 shm_count(struct shm *s, unsigned counter, uint64_t n);
uint64_t shm_counter(const struct shm *s, unsigned counter);
/* When the file was made (clock_now): since then they count.  0 without. */
int64_t	 shm_born_us(const struct shm *s);

/* --- senders ---------------------------------------------------------------
 * The word of base/burst.h of one that sends, by any number that is his; two
 * may share one.  NULL for a NULL shm. */
#define SHM_SENDERS	4096
_Atomic int64_t *shm_sender(struct shm *s, uint64_t who);

#endif
