/*
 * backoff.c - PROVIDERS.md, reaction word RETRY.
 */
#include "queue/backoff.h"

#include "base/rand.h"

int64_t
backoff_bound_us(unsigned tries)
{
	int64_t bound = BACKOFF_BASE_US;

	while (tries-- > 1 && bound < BACKOFF_CAP_US)
		bound *= 2;
	return bound < BACKOFF_CAP_US ? bound : BACKOFF_CAP_US;
}

/* Uniform in [0, us]. */
static int64_t
chance(int64_t us)
{
	/* ms are fine enough, and fit rand_below. */
	return (int64_t)rand_below((uint32_t)(us / 1000) + 1) * 1000;
}

int64_t
backoff_us(unsigned tries, int64_t floor_us, int64_t left_us)
{
	int64_t bound = backoff_bound_us(tries), room = left_us - floor_us;

	if (floor_us < 0)
		floor_us = 0;
	if (room <= 0)
		return -1;
	/* Past the expiry it would be lost; before it, it has a chance. */
	return floor_us + chance(bound < room ? bound : room);
}
