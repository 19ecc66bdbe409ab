/*
 * burst.c - the word is when the last one would have had its turn at that
 * rate: GCRA, but whoever is over is not told to come again and counts too, up
 * to a bound.
 */
#include "base/burst.h"

#include "base/clock.h"

#define OVER_MOST	2u	/* bursts: so soon is it forgotten */

bool
burst_over(_Atomic int64_t *word, unsigned burst, unsigned per_s,
    int64_t now_us)
{
	int64_t step = US_PER_S / per_s, most = step * burst;
	int64_t was = atomic_load_explicit(word, memory_order_relaxed), at;

	do {
		at = was > now_us ? was : now_us;
		at += step;
		if (at > now_us + most * OVER_MOST)
			at = now_us + most * OVER_MOST;
	} while (!atomic_compare_exchange_weak_explicit(word, &was, at,
	    memory_order_relaxed, memory_order_relaxed));
	return at > now_us + most;
}
