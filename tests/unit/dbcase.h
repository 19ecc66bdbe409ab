/*
 * dbcase.h - connections of the programs' own users and an arena, for the
 * whole of a test program: db_setup and db_teardown as its group's.
 */
#ifndef GP_TESTS_DBCASE_H
#define GP_TESTS_DBCASE_H

#include "dbtest.h"

static struct db *db, *worker, *ctl;	/* gatepost-api's, the worker's, ctl's */
static struct arena *a;

static inline int
db_setup(void **state UNUSED)
{
	db = db_new(DB_API);
	worker = db_new(DB_WORKER);
	ctl = db_new(DB_CTL);
	a = arena_new((size_t)16 << 20);
	return 0;
}

/* The same with every statement of theirs prepared. */
static inline int
db_setup_proved(void **state)
{
	(void)db_setup(state);
	ok(db_prove(db, e));
	ok(db_prove(worker, e));
	ok(db_prove(ctl, e));
	return 0;
}

static inline int
db_teardown(void **state UNUSED)
{
	arena_free(a);
	db_free(db);
	db_free(worker);
	db_free(ctl);
	return 0;
}

#endif
