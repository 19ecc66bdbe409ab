/*
 * chance.h - the same throws of dice at every run (xorshift64), so that what
 * fails fails again.
 */
#ifndef GP_TEST_CHANCE_H
#define GP_TEST_CHANCE_H

#include "base/cdefs.h"

#define CHANCE_SEED	UINT64_C(88172645463325252)

static uint64_t chance_state = CHANCE_SEED;

/* Other throws, the same at every run with this `seed`. */
static inline void
chance_begin(uint64_t seed)
{
	chance_state = seed * UINT64_C(2654435761) + CHANCE_SEED;
}

/* 0 … n - 1. */
static inline uint32_t
chance(uint32_t n)
{
	chance_state ^= chance_state << 13;
	chance_state ^= chance_state >> 7;
	chance_state ^= chance_state << 17;
	return (uint32_t)(chance_state % n);
}

#endif
