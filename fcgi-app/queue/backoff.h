/*
 * backoff.h - when to try again: exponential with full jitter, never before
 * the provider's Retry-After, never past the message's expiry.
 */
#ifndef GP_QUEUE_BACKOFF_H
#define GP_QUEUE_BACKOFF_H

#include "base/cdefs.h"

#define BACKOFF_BASE_US	INT64_C(2000000)
#define BACKOFF_CAP_US	INT64_C(900000000)	/* 15 min */

/* Upper bound of the delay after `tries` requests that left. */
int64_t	 backoff_bound_us(unsigned tries);
/*
 * The delay: floor_us plus chance up to the bound, within left_us (the rest
 * of the message's life).  -1: the floor alone is past it, the message has
 * expired.
 */
int64_t	 backoff_us(unsigned tries, int64_t floor_us, int64_t left_us);

#endif
