/*
 * rand.h - chance and identifiers, from OpenSSL's generator.
 */
#ifndef GP_BASE_RAND_H
#define GP_BASE_RAND_H

#include "base/cdefs.h"

/* Never fails: without entropy the process ends. */
void	 rand_fill(void *p, size_t n);

/* Uniform in [0, bound), bound ≥ 1, without modulo bias. */
uint32_t rand_below(uint32_t bound);

/* `digits` decimal digits, uniform, zero-padded, NUL-terminated (S28). */
void	 rand_code(char *out, size_t digits);

/*
 * A 63-bit time-ordered id (D20): 41 bits of ms since 2024-01-01, 22 bits of
 * chance.  Unique enough that a redo meeting its own key means "it is done".
 */
uint64_t rand_id(void);

/* base64url text of n random bytes; out holds 4*((n+2)/3)+1 at least. */
void	 rand_token(char *out, size_t out_size, size_t n);

/* After fork(): never share a stream (called by the master's children). */
void	 rand_after_fork(void);

#endif
