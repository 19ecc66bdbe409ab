/*
 * clock.h - time, in microseconds.  Tests own it (clock_test_set).
 *
 * Leases and expiries of rows use the database's time, never this one.
 */
#ifndef GP_BASE_CLOCK_H
#define GP_BASE_CLOCK_H

#include "base/cdefs.h"

#define US_PER_S	INT64_C(1000000)

int64_t	 clock_now(void);		/* wall clock, µs since 1970 UTC */
int64_t	 clock_mono(void);		/* monotonic, µs, for durations */

/* Freeze the wall clock at `us` (0: real time again).  Tests only. */
void	 clock_test_set(int64_t us);

/* Days from 1970-01-01 to a date of the Gregorian calendar; month 1 to 12. */
int64_t	 clock_days(int64_t year, unsigned month, unsigned day);

#define CLOCK_TEXT_MAX	32
/* RFC 3339 UTC: 2026-11-21T09:30:00Z, with µs only when `fraction`. */
const char *clock_rfc3339(int64_t us, bool fraction, char out[CLOCK_TEXT_MAX]);
/* 1 parsed, 0 not a valid RFC 3339 time (offset required). */
int	 clock_parse(const char *s, int64_t *us) MUST_CHECK;
/* RFC 5322 date, numeric zone +0000, for mail. */
const char *clock_rfc5322(int64_t us, char out[CLOCK_TEXT_MAX]);
/* RFC 9110 IMF-fixdate; 1 parsed, 0 not (for Retry-After dates). */
int	 clock_parse_http(const char *s, int64_t *us) MUST_CHECK;

#endif
