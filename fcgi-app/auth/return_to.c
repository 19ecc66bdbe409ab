/*
 * return_to.c - the gate's signature under a return address.
 */
#include "auth/return_to.h"

#include "auth/token.h"
#include "base/text.h"

void
return_sign(const struct return_to *r, char mac[RETURN_MAC_TEXT])
{
	static const char purpose[] = "gatepost return";
	const struct keyring *k = token_keys();
	/* A NUL ends each but the last, so that no two sets are one text. */
	const struct crypto_part part[] = {
		{ purpose, sizeof(purpose) },
		{ r->url, strlen(r->url) + 1 },
		{ r->until, strlen(r->until) },
		{ "", *r->bind == '\0' ? 0 : 1 },
		{ r->bind, strlen(r->bind) },
	};
	uint8_t raw[32];

	hmac_sha256_parts(raw, k->mac, sizeof(k->mac), part, COUNT_OF(part));
	hex_encode(mac, raw, sizeof(raw));
}

bool
return_signed(const struct return_to *r, const char *mac)
{
	char want[RETURN_MAC_TEXT];

	return_sign(r, want);
	return secret_equal(want, strlen(want), mac, strlen(mac));
}
