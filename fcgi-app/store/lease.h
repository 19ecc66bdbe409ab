/*
 * lease.h - table lease: one holder at a time of a named duty.
 */
#ifndef GP_STORE_LEASE_H
#define GP_STORE_LEASE_H

#include "store/db.h"

/* Take or keep it for `s` seconds: 1 this owner has it, 0 another, -1. */
int	 lease_take(struct db *db, const char *name, uint64_t owner,
	    uint32_t s, struct err *e) MUST_CHECK;
/* Give it back, if it is ours.  0 or -1. */
int	 lease_give(struct db *db, const char *name, uint64_t owner,
	    struct err *e) MUST_CHECK;

#endif
