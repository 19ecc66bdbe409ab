/*
 * intake.h - table intake: what gatepost_notify was asked for (D22).
 */
#ifndef GP_STORE_INTAKE_H
#define GP_STORE_INTAKE_H

#include "store/db.h"
#include "store/span.h"

#define INTAKE_MESSAGE_MAX	(256u * 1024)

enum intake_state { INTAKE_ASKED = 0, INTAKE_ACCEPTED = 1,
	INTAKE_REFUSED = 2 };
struct intake_row {
	uint64_t	 id, state, notification_id;
	const char	*message;	/* NULL: longer than INTAKE_MESSAGE_MAX */
	const char	*unique_key, *asked_by, *reason, *field;
	int64_t		 created_us, done_us;
};

/* Worker, in a transaction: lock those that were committed and nobody has
 * taken, oldest first, at most max.  How many, or -1. */
int	 intake_lock(struct db *db, struct arena *a, struct intake_row *r,
	    size_t max, struct err *e) MUST_CHECK;
/* Of a locked row: what it became, or why not. */
int	 intake_accept(struct db *db, uint64_t id, uint64_t notification_id,
	    struct err *e) MUST_CHECK;
int	 intake_refuse(struct db *db, uint64_t id, const char *reason,
	    const char *field, struct err *e) MUST_CHECK;
/* Delete up to `max` rows that were dealt with more than 7 days ago (refused
 * ones: 30).  Rows or -1. */
int	 intake_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

/* The API's list: state -1 any, key "" any; `row` as in db_each with *r
 * filled.  Rows or -1. */
struct intake_page { struct span span; int state; const char *key;
	unsigned limit; };
int	 intake_each(struct db *db, struct arena *a,
	    const struct intake_page *p, struct intake_row *r,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

#endif
