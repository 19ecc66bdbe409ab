/*
 * seat.h - how many requests an account may have under way, over all workers:
 * each worker holds some of its seats, for a time, and whoever dies holds
 * none when that is over.  Who takes a dead one's place has its seats at once:
 * it asks as the same owner (bin/worker_own.h).  Pure; the row that workers
 * share is store/provider_seat.h.
 *
 * Where there are seats for all, each worker has one whatever it does, so that
 * a single message waits for nobody; the others go to those that have use for
 * them, evenly.  A worker by itself has all.  No seat is taken from its holder:
 * it gives back what it does not use when it asks the next time, and only then
 * another gets it.  So no moment has more than the account allows.
 *
 * All times are the database's clock in µs.
 */
#ifndef GP_QUEUE_SEAT_H
#define GP_QUEUE_SEAT_H

#include "base/cdefs.h"

#define SEAT_LEASE_US	INT64_C(12000000)
#define SEAT_HOLDERS	32u		/* workers; who comes later waits */

struct seats {
	unsigned	 n;
	struct seat_holder {
		uint64_t	 owner;
		int64_t		 until_us;
		uint16_t	 held, want;
	} holder[SEAT_HOLDERS];
};
struct seat_ask {
	uint64_t	 owner;
	int64_t		 now_us;
	unsigned	 limit;		/* of the account; ≥ 1 */
	unsigned	 want;		/* so many it could use now */
	unsigned	 in_use;	/* so many are taken and cannot be given
					 * back yet */
};
struct seat_got {
	unsigned	 seats;		/* so many it may use now … */
	unsigned	 held;		/* … and so many count as its own */
	unsigned	 holders;	/* workers, with this one */
	int64_t		 until_us;	/* then they are nobody's */
};

/* How it stands in the row; whatever is no such thing is an empty one. */
#define SEAT_BYTES	20u
#define SEAT_BYTES_MAX	(SEAT_BYTES * SEAT_HOLDERS)
void	 seats_read(struct seats *s, const uint8_t *p, size_t n);
size_t	 seats_write(const struct seats *s, uint8_t out[SEAT_BYTES_MAX]);

void	 seats_take(struct seats *s, const struct seat_ask *a,
	    struct seat_got *g);
/* It ends, and uses none any more. */
void	 seats_leave(struct seats *s, uint64_t owner);

#endif
