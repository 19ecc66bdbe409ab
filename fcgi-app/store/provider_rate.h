/*
 * provider_rate.h - table provider_rate: how fast all workers together send by
 * an account.  What the state means is queue/rate.h's.
 */
#ifndef GP_STORE_PROVIDER_RATE_H
#define GP_STORE_PROVIDER_RATE_H

#include "store/db.h"

struct provider_rate {
	uint64_t	 version;	/* 0: there is no row yet */
	const uint8_t	*state;		/* in the arena; NULL with it */
	size_t		 len;
	int64_t		 now_us;	/* the database's clock, as of the read */
};
/* 0 or -1. */
int	 provider_rate_read(struct db *db, struct arena *a, const char *name,
	    struct provider_rate *r, struct err *e) MUST_CHECK;
/* Provided that nobody wrote since.  1, 0 somebody did, -1. */
int	 provider_rate_write(struct db *db, const char *name,
	    const struct provider_rate *was, const uint8_t *state, size_t len,
	    struct err *e) MUST_CHECK;

#endif
