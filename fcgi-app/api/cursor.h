/*
 * cursor.h - lists of what happened: by time, newest or oldest first, from a
 * row on.  No count; `next` names the row to go on from, with all that was
 * asked.
 */
#ifndef GP_API_CURSOR_H
#define GP_API_CURSOR_H

#include "api/route.h"
#include "store/span.h"

#define CURSOR_FEW	50
#define CURSOR_MOST	200

struct cursor_in {
	struct opt_int	 limit;
	const char	*before, *after, *ordering;
};
#define CURSOR_FIELDS(s, m)						\
	FIELD_OF(FT_INT, s, m.limit, "limit", 1, CURSOR_MOST, 0),	\
	FIELD_TEXT(s, m.before, "before", 1, 20, 0),			\
	FIELD_TEXT(s, m.after, "after", 1, 20, 0),			\
	FIELD_ENUM(s, m.ordering, "ordering", "created_at|-created_at", 0)

struct cursor { struct span span; unsigned limit; };
/* 0, or -1 with the field refused. */
int	 cursor_read(struct call *c, const struct cursor_in *in,
	    struct cursor *k, struct err *e) MUST_CHECK;
/*
 * The end of the list: `last` is the row to go on from, 0 there is no more;
 * `more` what else was asked, as "&name=value…".
 */
void	 cursor_next(struct call *c, struct jw *w, const struct cursor *k,
	    uint64_t last, const char *more);

#endif
