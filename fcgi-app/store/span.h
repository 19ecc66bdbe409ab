/*
 * span.h - the stretch of ids that a page of a log is taken from, and which
 * end of it comes first.  Ids are in order of time (base/rand.h).
 */
#ifndef GP_STORE_SPAN_H
#define GP_STORE_SPAN_H

#include <stdbool.h>
#include <stdint.h>

struct span {
	uint64_t	 after, before;	/* strictly between; 0: open */
	bool		 up;		/* oldest first */
};

/* Both are of it. */
static inline uint64_t
span_low(const struct span *s)
{
	return s->after < INT64_MAX ? s->after + 1 : INT64_MAX;
}

static inline uint64_t
span_high(const struct span *s)
{
	return s->before == 0 ? INT64_MAX : s->before - 1;
}

#endif
