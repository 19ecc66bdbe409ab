/*
 * shm_own.h - the layout of the shared file, for shm.c and shm_revoke.c.
 *
 * Everything in it that two processes touch is atomic, because any of them
 * may die between two stores.  A change of this layout changes MAGIC or the
 * size, so that processes of two builds never read each other's.
 */
#ifndef GP_BASE_SHM_OWN_H
#define GP_BASE_SHM_OWN_H

#include "base/clock.h"
#include "base/shm.h"

#include <stdatomic.h>

#define SHM_MAGIC	UINT64_C(0x4750534d30303031)	/* "GPSM0001" */
#define SHM_TABLE_SLOTS	(1u << 17)	/* at most half in use */
#define SHM_SIDE	128

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
    "atomics shared between processes must not use a lock");

struct shm_entry {
	_Atomic uint64_t key;		/* 0: free */
	_Atomic int64_t	 not_before_s;	/* users only */
};

struct shm_table {
	_Atomic uint32_t mask;		/* slots in use, minus one */
	_Atomic uint32_t overflowed;
	_Atomic int64_t	 stamp_us;	/* 0: never published */
	struct shm_entry e[SHM_TABLE_SLOTS];
};

struct shm_side {			/* at_us 0: free; key 0: not yet */
	_Atomic int64_t	 at_us;
	_Atomic uint64_t key;
	_Atomic int64_t	 not_before_s;
};

struct shm_layout {
	uint64_t	 magic;
	uint64_t	 size;		/* of this struct: another build? */
	int64_t		 born_us;
	_Atomic uint64_t gen;		/* table[gen & 1] is live */
	_Atomic uint32_t side_live;	/* upper bound of places in use */
	struct shm_side	 side[SHM_SIDE];
	struct shm_slot	 slot[SHM_SLOTS];
	_Atomic uint64_t counter[SHM_COUNTERS];
	_Atomic int64_t	 sender[SHM_SENDERS];
	struct shm_table table[2];
};

/* The newest mapping; stays valid until shm_close, also when re-mapped. */
struct shm_layout *shm_at(const struct shm *s);

#endif
