/*
 * audit_page.h - the audit as people read it: by time, by cursor.
 *
 * A page looks at some ten thousand rows at most where no index finds what is
 * asked, and says how far it came; so it costs the same however long the
 * audit is.
 */
#ifndef GP_STORE_AUDIT_PAGE_H
#define GP_STORE_AUDIT_PAGE_H

#include "store/audit.h"
#include "store/span.h"

struct audit_filter {
	struct span	 span;
	uint64_t	 user_id;	/* about or by; 0: anybody */
	const char	*event, *outcome, *ip;	/* "": any */
	const char	*q;	/* part of event, address, browser or detail, or
				 * the request's id; "": any */
	int64_t		 since_us, until_us;	/* 0: open */
	unsigned	 limit;
	uint64_t	 edge;	/* out: it looked as far as this id and no
				 * further; 0: at all there are */
};
/* `row` as in db_each with what people read of *r filled.  Rows or -1. */
int	 audit_page(struct db *db, struct arena *a,
	    struct audit_filter *f, struct audit_row *r,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

#endif
