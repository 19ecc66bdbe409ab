/*
 * pow.c - challenge = base64url(version 1 | difficulty 1 | expiry 8 | nonce 12
 * | HMAC 16).
 *
 * What must stay true: nothing is kept of a challenge before it was solved,
 * so that asking for one costs us nothing; a solved one is counted in the
 * throttle table, where it ends with its life.
 */
#include "auth/pow.h"

#include "auth/throttle.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"

#define VERSION		1
#define NONCE		12
#define SIGNED		(2 + 8 + NONCE)
#define MAC		16
#define NUMBER_MAX	20

static void
sign(uint8_t mac[MAC], const uint8_t raw[SIGNED])
{
	static const char purpose[] = "gatepost proof of work";
	const struct keyring *keys = token_keys();
	const struct crypto_part part[] = {
		{ purpose, sizeof(purpose) }, { raw, SIGNED }
	};
	uint8_t full[32];

	hmac_sha256_parts(full, keys->mac, sizeof(keys->mac), part,
	    COUNT_OF(part));
	memcpy(mac, full, MAC);
}

void
pow_make(struct pow *p)
{
	uint8_t raw[SIGNED + MAC] = { VERSION };
	uint64_t ends = (uint64_t)(clock_now() / US_PER_S) + POW_LIFE_S;

	p->difficulty = (unsigned)conf_int(CONF_SMS_POW_BITS);
	p->expires_us = (int64_t)ends * US_PER_S;
	raw[1] = (uint8_t)p->difficulty;
	for (size_t i = 0; i < 8; i++)
		raw[2 + i] = (uint8_t)(ends >> (56 - 8 * i));
	rand_fill(raw + 10, NONCE);
	sign(raw + SIGNED, raw);
	(void)b64url_encode(p->text, sizeof(p->text), raw, sizeof(raw));
}

static bool
begins_with_zeros(const uint8_t hash[32], unsigned bits)
{
	size_t i = 0;

	for (; bits >= 8; bits -= 8)
		if (hash[i++] != 0)
			return false;
	return bits == 0 || hash[i] >> (8 - bits) == 0;
}

int
pow_check(struct db *db, const char *answer, struct err *e)
{
	uint8_t raw[SIGNED + MAC], mac[MAC], hash[32];
	const char *colon = strchr(answer, ':');
	uint64_t ends = 0;
	size_t digits;
	int wait_s;

	if (colon == NULL || (size_t)(colon - answer) >= POW_TEXT)
		return 0;
	digits = strlen(colon + 1);
	if (digits == 0 || digits > NUMBER_MAX ||
	    strspn(colon + 1, "0123456789") != digits ||
	    b64url_decode(raw, sizeof(raw), answer, (size_t)(colon -
	    answer)) != (ssize_t)sizeof(raw) || raw[0] != VERSION)
		return 0;
	sign(mac, raw);
	for (size_t i = 0; i < 8; i++)
		ends = ends << 8 | raw[2 + i];
	sha256(hash, answer, strlen(answer));
	if (!secret_equal(mac, MAC, raw + SIGNED, MAC) ||
	    (int64_t)ends < clock_now() / US_PER_S ||
	    !begins_with_zeros(hash, raw[1]))
		return 0;
	return throttle_take(db, "pow", raw, SIGNED, 1, POW_LIFE_S + 60,
	    &wait_s, e);
}
