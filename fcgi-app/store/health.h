/*
 * health.h - what readiness asks of the database, in one round trip.
 */
#ifndef GP_STORE_HEALTH_H
#define GP_STORE_HEALTH_H

#include "store/db.h"

struct health {
	unsigned	 schema;	/* newest migration applied; 0 none */
	int64_t		 queue_age_s;	/* how late the latest due job is */
};
/* 0, or -1: the database is away. */
int	 health_read(struct db *db, struct arena *a, struct health *h,
	    struct err *e) MUST_CHECK;

#endif
