/*
 * migrate.h - forward-only migrations: sql/NNNN_name.sql, in order.
 *
 * Table schema_migration holds number, name, SHA-256 of the file and when.
 * A merged file is never edited: another checksum under an applied number is
 * refused.  One runner at a time (GET_LOCK).  DDL commits by itself, so each
 * file is written to be run again after a kill in the middle (IF NOT EXISTS).
 */
#ifndef GP_STORE_MIGRATE_H
#define GP_STORE_MIGRATE_H

#include "store/db.h"

/* Apply what is missing.  Number applied, or -1.  `progress` may be NULL. */
int	 migrate_run(struct db *db, const char *dir,
	    void (*progress)(const char *name, int64_t us), struct err *e)
	    MUST_CHECK;
/* How many are missing (0: up to date), or -1 (also: checksum differs). */
int	 migrate_pending(struct db *db, const char *dir, struct err *e)
	    MUST_CHECK;
/* The newest number this build knows: programs refuse an older schema. */
#define MIGRATE_NEWEST	36

#endif
