/*
 * system.h - what the database says of itself.
 */
#ifndef GP_STORE_SYSTEM_H
#define GP_STORE_SYSTEM_H

#include "store/db.h"

struct system_seen {
	const char	*version;	/* "10.11.6-MariaDB-…" */
	uint64_t	 flush;		/* innodb_flush_log_at_trx_commit */
	uint64_t	 migration;	/* newest applied; 0 none */
	int64_t		 now_us;
	uint64_t	 breakers;	/* providers whose breaker is not closed */
};
/* 0 or -1. */
int	 system_read(struct db *db, struct arena *a, struct system_seen *s,
	    struct err *e) MUST_CHECK;

#endif
