/*
 * ticket.c - see ticket.h.
 */
#include "auth/ticket.h"

#include "auth/token.h"
#include "base/clock.h"
#include "base/rand.h"
#include "base/text.h"

#define CHANCE	16
#define NUMBERS	6
#define PLACES	(CHANCE + NUMBERS * 8)
#define SIGNED	(PLACES + COUNTRY_PACKED)
#define MAC_LEN	16

static void
sign(uint8_t mac[32], const uint8_t *p)
{
	static const char purpose[] = "gatepost live ticket";
	const struct keyring *k = token_keys();
	const struct crypto_part part[] = {
		{ purpose, sizeof(purpose) }, { p, SIGNED },
	};

	hmac_sha256_parts(mac, k->mac, sizeof(k->mac), part, COUNT_OF(part));
}

static void
put(uint8_t *p, uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

static uint64_t
get(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

void
ticket_make(char out[TICKET_TEXT], const struct caller *who, int64_t *until_s)
{
	uint8_t raw[SIGNED + MAC_LEN], mac[32];
	const uint64_t v[NUMBERS] = { who->user_id, who->session_id,
	    who->act_id, (uint64_t)who->iat_s, (uint64_t)who->exp_s,
	    (uint64_t)(clock_now() / US_PER_S + TICKET_LIFE_S) };

	rand_fill(raw, CHANCE);
	for (size_t i = 0; i < NUMBERS; i++)
		put(raw + CHANCE + i * 8, v[i]);
	country_pack(raw + PLACES, who->countries);
	sign(mac, raw);
	memcpy(raw + SIGNED, mac, MAC_LEN);
	b64url_encode(out, TICKET_TEXT, raw, sizeof(raw));
	*until_s = (int64_t)v[NUMBERS - 1];
}

int
ticket_parse(const char *text, struct ticket *t, uint8_t hash[32])
{
	uint8_t raw[SIGNED + MAC_LEN], mac[32];
	uint64_t v[NUMBERS];
	int64_t now_s = clock_now() / US_PER_S;

	if (strlen(text) != B64URL_SIZE(sizeof(raw)) - 1 ||
	    b64url_decode(raw, sizeof(raw), text, strlen(text)) !=
	    (ssize_t)sizeof(raw))
		return 0;
	sign(mac, raw);
	if (!secret_equal(mac, MAC_LEN, raw + SIGNED, MAC_LEN))
		return 0;
	for (size_t i = 0; i < NUMBERS; i++)
		v[i] = get(raw + CHANCE + i * 8);
	*t = (struct ticket){ .user_id = v[0], .session_id = v[1],
	    .act_id = v[2], .iat_s = (int64_t)v[3], .exp_s = (int64_t)v[4],
	    .until_s = (int64_t)v[5] };
	memcpy(t->countries, raw + PLACES, COUNTRY_PACKED);
	sha256(hash, raw, sizeof(raw));
	return now_s < t->until_s && now_s < t->exp_s;
}
