/*
 * totp.c - RFC 4226 and RFC 6238.
 */
#include "base/totp.h"
#include "base/clock.h"

void
hotp(enum crypto_hash h, const void *key, size_t key_n, uint64_t counter,
    unsigned digits, char *out)
{
	uint8_t mac[CRYPTO_MAC_MAX], msg[8];
	uint32_t v, mod = 1;
	size_t n, at;

	for (int i = 0; i < 8; i++)
		msg[i] = (uint8_t)(counter >> (56 - 8 * i));
	n = hmac_any(h, mac, key, key_n, msg, sizeof(msg));
	at = mac[n - 1] & 0x0f;
	v = (uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 |
	    (uint32_t)mac[at + 2] << 8 | mac[at + 3];
	for (unsigned i = 0; i < digits; i++)
		mod *= 10;
	v %= mod;
	out[digits] = '\0';
	for (unsigned i = digits; i-- > 0; v /= 10)
		out[i] = (char)('0' + v % 10);
	secret_wipe(mac, sizeof(mac));
}

uint64_t
totp_match(const uint8_t seed[TOTP_SEED_N], int64_t now_us, uint64_t after,
    const char *code)
{
	uint64_t now = (uint64_t)(now_us / US_PER_S) / TOTP_PERIOD_S;
	uint64_t found = 0;
	char want[TOTP_DIGITS + 1];

	for (uint64_t step = now - TOTP_SKEW; step <= now + TOTP_SKEW;
	    step++) {
		hotp(CRYPTO_SHA1, seed, TOTP_SEED_N, step, TOTP_DIGITS, want);
		if (secret_equal(want, TOTP_DIGITS, code, strlen(code)) &&
		    step > after && found == 0)
			found = step;
	}
	secret_wipe(want, sizeof(want));
	return found;
}

void
base32_encode(char *out, const void *p, size_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	const uint8_t *b = p;
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | b[i];
		for (have += 8; have >= 5; have -= 5)
			*out++ = digit[bits >> (have - 5) & 31];
	}
	if (have > 0)
		*out++ = digit[bits << (5 - have) & 31];
	*out = '\0';
}
