/*
 * health.c - see health.h.
 */
#include "store/health.h"

/* A look at the head of each class in key job_claim, not at the queue. */
DB_STMT(HEALTH_READ, DB_API | DB_CTL, DB_READ,
    "SELECT (SELECT MAX(number) FROM schema_migration),"
    " GREATEST(0, COALESCE(TIMESTAMPDIFF(SECOND, LEAST("
    "COALESCE((SELECT MIN(run_at) FROM job WHERE class = 0 AND state = 0),"
    " UTC_TIMESTAMP(6)),"
    "COALESCE((SELECT MIN(run_at) FROM job WHERE class = 1 AND state = 0),"
    " UTC_TIMESTAMP(6)),"
    "COALESCE((SELECT MIN(run_at) FROM job WHERE class = 2 AND state = 0),"
    " UTC_TIMESTAMP(6))), UTC_TIMESTAMP(6)), 0))");

int
health_read(struct db *db, struct arena *a, struct health *h, struct err *e)
{
	uint64_t schema = 0;

	h->queue_age_s = 0;
	if (db_one(db, &HEALTH_READ, a, DB_NONE, DB_OUT(DB_TO_U64(&schema),
	    DB_TO_I64(&h->queue_age_s)), e) < 0)
		return -1;
	h->schema = (unsigned)schema;
	return 0;
}
