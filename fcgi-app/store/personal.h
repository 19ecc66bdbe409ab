/*
 * personal.h - which tables hold something of a person, and what becomes of
 * it: one rule a table that has a column user_id, and one for user itself
 * (D21, S72).
 *
 * A rule states for every column whether the owner gets it in the export, or
 * why not; and how a purge ends the rows.  tests/unit/test_store_personal.c
 * reads the migrated schema and fails when a table or column has no rule.
 */
#ifndef GP_STORE_PERSONAL_H
#define GP_STORE_PERSONAL_H

#include "store/db.h"

enum personal_kind { PERSONAL_ID, PERSONAL_NUM, PERSONAL_BOOL, PERSONAL_TIME,
	PERSONAL_DATE, PERSONAL_TEXT, PERSONAL_JSON };
struct personal_col { const char *name; enum personal_kind kind; };
struct personal_held { const char *name, *why; };

#define PERSONAL_PURGES	2
struct personal_rule {
	const char	*table;
	/* Export: NULL when the whole table is held back (then `held` has all
	 * columns).  `keys` is how many columns make the place to go on from. */
	const struct db_stmt *read;
	const struct personal_col *col;
	size_t		 cols, keys;
	unsigned	 page;		/* rows at a time: bounds the memory */
	const struct personal_held *held;
	size_t		 helds;
	/* Purge: statements on (user_id, limit), in order, together; none:
	 * `why` says what becomes of the rows instead. */
	const struct db_stmt *purge[PERSONAL_PURGES];
	const char	*why;
	bool		 at_close;	/* gone as soon as the account closes */
	/* Deliveries that the purge may end, by (user_id, limit): those that
	 * it did are counted and told as any that end; or NULL. */
	const struct db_stmt *ends;
};
extern const struct personal_rule personal_rules[];
extern const size_t personal_rules_count;

/*
 * Rows of a user by one rule, page by page: `row` is called with each value
 * in *v, one a column of the rule.  Memory is that of one page.  Rows or -1.
 */
#define PERSONAL_COLS_MAX	32
struct personal_value { const char *text; uint64_t u; int64_t i; bool b; };
int64_t	 personal_each(struct db *db, const struct personal_rule *r,
	    uint64_t user_id, struct personal_value v[PERSONAL_COLS_MAX],
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

/* One bounded step of a rule's purge, in the caller's transaction or its
 * own: how many rows it ended (0: nothing is left), or -1. */
int64_t	 personal_purge(struct db *db, const struct personal_rule *r,
	    uint64_t user_id, unsigned max, struct err *e) MUST_CHECK;
/* What goes as soon as an account closes, all of it, in the caller's
 * transaction.  0 or -1. */
int	 personal_close(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;

#endif
