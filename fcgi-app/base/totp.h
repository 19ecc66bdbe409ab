/*
 * totp.h - time-based one-time passwords (RFC 6238 over RFC 4226).  Values
 * only: no clock, no storage.
 */
#ifndef GP_BASE_TOTP_H
#define GP_BASE_TOTP_H

#include "base/crypto.h"

#define TOTP_PERIOD_S	30
#define TOTP_DIGITS	6
#define TOTP_SKEW	1	/* steps to either side (S66) */
#define TOTP_SEED_N	20	/* what RFC 4226 §4 recommends */

/* The code of a counter, `digits` 1 to 9, zero-padded; out holds digits + 1. */
void	 hotp(enum crypto_hash h, const void *key, size_t key_n,
	    uint64_t counter, unsigned digits, char *out);
/*
 * Is `code` the seed's for a step within TOTP_SKEW of now, later than
 * `after`?  The step, or 0.  All steps are computed and compared in constant
 * time.  SHA-1 and 6 digits: what authenticator apps read from a QR code.
 */
uint64_t totp_match(const uint8_t seed[TOTP_SEED_N], int64_t now_us,
	    uint64_t after, const char *code);

/* RFC 4648 base32, upper case, without padding: (n*8+4)/5 characters and NUL. */
#define BASE32_SIZE(n)	(((n) * 8 + 4) / 5 + 1)
void	 base32_encode(char *out, const void *p, size_t n);

#endif
