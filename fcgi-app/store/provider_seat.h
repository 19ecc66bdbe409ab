/*
 * provider_seat.h - table provider_seat: how many requests each worker may
 * have under way by an account.  What the state means is queue/seat.h's.
 */
#ifndef GP_STORE_PROVIDER_SEAT_H
#define GP_STORE_PROVIDER_SEAT_H

#include "store/db.h"

struct provider_seat {
	uint64_t	 version;	/* 0: there is no row yet */
	const uint8_t	*state;		/* in the arena; NULL with it */
	size_t		 len;
	int64_t		 now_us;	/* the database's clock, as of the read */
};
/* 0 or -1. */
int	 provider_seat_read(struct db *db, struct arena *a, const char *name,
	    struct provider_seat *r, struct err *e) MUST_CHECK;
/* Provided that nobody wrote since.  1, 0 somebody did, -1. */
int	 provider_seat_write(struct db *db, const char *name,
	    const struct provider_seat *was, const uint8_t *state, size_t len,
	    struct err *e) MUST_CHECK;

#endif
