/*
 * rate.h - how many messages an account may be given now, whoever sends them:
 * what all its workers gave it in the last second, in steps of 5 ms.  Pure;
 * the row that workers share is store/provider_rate.h.
 *
 * A grant says from when until when its messages leave, and counts as of its
 * end: so that no second, wherever it begins, holds more than allowed, although
 * nobody knows when exactly they leave.  Who knows afterwards says so
 * (rate_settle), and what did not leave is given back.
 *
 * All times are the database's clock in µs.
 */
#ifndef GP_QUEUE_RATE_H
#define GP_QUEUE_RATE_H

#include "base/cdefs.h"

#define RATE_STEP_US	5000
#define RATE_STEPS	256u
#define RATE_WINDOW	204u	/* steps: a second, and 2 % for the way */
#define RATE_AHEAD_US	60000	/* so early a grant can be had */
#define RATE_VALID_US	150000	/* so long after its beginning it holds */

struct rate {
	int64_t		 top;		/* the latest step in use */
	int64_t		 last_us;	/* the latest grant's beginning */
	uint16_t	 n[RATE_STEPS];	/* by step */
};
struct rate_grant {
	unsigned	 n;		/* so many … */
	int64_t		 from_us, until_us;	/* … leave between these */
	int64_t		 next_us;	/* before this there is no more */
};

/* How it stands in the row; whatever is no such thing is an unused one. */
#define RATE_BYTES	(16 + 2 * RATE_STEPS)
void	 rate_read(struct rate *r, const uint8_t *p, size_t n);
void	 rate_write(const struct rate *r, uint8_t out[RATE_BYTES]);

/* Up to `want`, at least `least` (both ≥ 1), or 0 and when to ask again.  A
 * quarter of a second gets no more than three tenths of a second's. */
void	 rate_take(struct rate *r, int64_t now_us, unsigned per_s,
	    unsigned want, unsigned least, struct rate_grant *g);
/* Of a grant of `given` that ended at until_us, `left` left, the last of them
 * not after left_us. */
void	 rate_settle(struct rate *r, int64_t until_us, unsigned given,
	    unsigned left, int64_t left_us);
/* The most that one grant gives. */
unsigned rate_most(unsigned per_s);

#endif
