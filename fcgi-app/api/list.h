/*
 * list.h - lists as API.md states them: {count, next, previous, results},
 * by limit and offset or by page and page_size.
 */
#ifndef GP_API_LIST_H
#define GP_API_LIST_H

#include "api/route.h"

struct list_in {
	struct opt_int	 limit, offset, page, page_size;
	const char	*q;
};

#define LIST_MOST	100		/* rows a page */
#define LIST_FAR	1000000		/* rows from the first */
/* Their rows in a fieldset of struct s, whose member m is the list_in: */
#define PAGE_FIELDS(s, m) \
	FIELD_OF(FT_INT, s, m.limit, "limit", 1, LIST_MOST, 0), \
	FIELD_OF(FT_INT, s, m.offset, "offset", 0, LIST_FAR, 0), \
	FIELD_OF(FT_INT, s, m.page, "page", 1, LIST_FAR / LIST_MOST, 0), \
	FIELD_OF(FT_INT, s, m.page_size, "page_size", 1, LIST_MOST, 0)
#define LIST_FIELDS(s, m) \
	PAGE_FIELDS(s, m), FIELD_TEXT(s, m.q, "q", 0, 100, F_TRIM)

struct list {
	unsigned	 limit, offset;	/* of the rows to read */
	bool		 by_offset;	/* how the caller pages */
	const char	*q;		/* "" none */
	const char	*more;		/* "" or "&name=value…", encoded: what
					 * the pages beside are to keep */
};

/* Defaults: page_size 20; with limit or offset alone, 10. */
void	 list_read(const struct list_in *in, struct list *l);
/* As list_read, but with neither given by limit and offset (/api/users/). */
void	 list_read_offset(const struct list_in *in, struct list *l);
/* Begin the answer of `count` rows in all: the writer is at the open array
 * of results. */
struct jw *list_open(struct call *c, const struct list *l, int64_t count);
void	 list_close(struct call *c);

#endif
