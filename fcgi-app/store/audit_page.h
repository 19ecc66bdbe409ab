/*
 * audit_page.h - the audit as people read it: newest first, by cursor.
 */
#ifndef GP_STORE_AUDIT_PAGE_H
#define GP_STORE_AUDIT_PAGE_H

#include "store/audit.h"

struct audit_filter {
	uint64_t	 before;	/* rows with a smaller id; 0: from the newest */
	uint64_t	 user_id;	/* about or by; 0: anybody */
	const char	*event, *outcome, *ip;	/* "": any */
	int64_t		 since_us, until_us;	/* 0: open */
	unsigned	 limit;
};
/* `row` as in db_each with what people read of *r filled.  Rows or -1. */
int	 audit_page(struct db *db, struct arena *a,
	    const struct audit_filter *f, struct audit_row *r,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

#endif
