/*
 * reading.h - what a person does in the inbox, each a whole unit of work: the
 * rows, what is taken back on other channels, and after the COMMIT the bell of
 * the gateways, so that every open tab shows the same.
 */
#ifndef GP_QUEUE_READING_H
#define GP_QUEUE_READING_H

#include "store/db.h"

/* Read one notification, or put it away (`archive`, which reads it).  1 done
 * or done before, 0 not in this inbox, -1. */
int	 reading_one(struct db *db, uint64_t user_id,
	    uint64_t notification_id, bool archive, struct err *e)
	    MUST_CHECK;
/* All up to seq `to`.  0 or -1; what was read before a failure stays so. */
int	 reading_all(struct db *db, uint64_t user_id, uint64_t to,
	    struct err *e) MUST_CHECK;
/* Shown in a list, up to seq `to`.  0 or -1. */
int	 reading_seen(struct db *db, uint64_t user_id, uint64_t to,
	    struct err *e) MUST_CHECK;

#endif
