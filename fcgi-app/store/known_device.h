/*
 * known_device.h - table known_device: browsers that signed in before, by a
 * cookie (D10, D13).  They have failures of their own, so that a flood from
 * elsewhere does not lock the owner out (S43).
 */
#ifndef GP_STORE_KNOWN_DEVICE_H
#define GP_STORE_KNOWN_DEVICE_H

#include "store/db.h"

/* Is it remembered for this user?  1, 0, -1.  `hash` is SHA-256 of the
 * cookie's token. */
int	 known_device_is(struct db *db, const uint8_t hash[32],
	    uint64_t user_id, struct err *e) MUST_CHECK;
/* For anybody at all?  1, 0, -1. */
int	 known_device_any(struct db *db, const uint8_t hash[32], struct err *e)
	    MUST_CHECK;
/* Remember it, or again, for life_s.  0 or -1. */
int	 known_device_add(struct db *db, const uint8_t hash[32],
	    uint64_t user_id, uint32_t life_s, struct err *e) MUST_CHECK;
/* Forget all of a user.  Rows or -1. */
int	 known_device_forget(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;
/* Worker: delete up to `max` expired rows.  Rows or -1. */
int	 known_device_purge(struct db *db, unsigned max, struct err *e)
	    MUST_CHECK;

#endif
