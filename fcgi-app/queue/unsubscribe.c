/*
 * unsubscribe.c - version, notification, delivery, user, type; then a MAC.
 */
#include "queue/unsubscribe.h"

#include "base/conf.h"
#include "base/crypto.h"
#include "base/text.h"

#define VERSION		1
#define FIXED		21		/* 1 + 8 + 4 + 8 */
#define MAC_LEN		16
#define LABEL		"unsubscribe"

static const uint8_t *mac_key;

void
unsubscribe_use(const uint8_t key[32])
{
	mac_key = key;
}

static void
put(uint8_t *out, uint64_t v, size_t n)
{
	for (size_t i = n; i > 0; i--, v >>= 8)
		out[i - 1] = (uint8_t)v;
}

static uint64_t
get(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void
sign(uint8_t mac[32], const uint8_t *p, size_t n)
{
	const struct crypto_part part[] = { { LABEL, sizeof(LABEL) },
	    { p, n } };

	hmac_sha256_parts(mac, mac_key, 32, part, COUNT_OF(part));
}

const char *
unsubscribe_token(struct arena *a, const struct unsubscribe *u)
{
	uint8_t raw[FIXED + UNSUBSCRIBE_TYPE_MAX + MAC_LEN], mac[32];
	size_t n = strlen(u->type);
	char *out;

	if (mac_key == NULL || n > UNSUBSCRIBE_TYPE_MAX)
		return NULL;
	raw[0] = VERSION;
	put(raw + 1, u->notification_id, 8);
	put(raw + 9, u->seq, 4);
	put(raw + 13, u->user_id, 8);
	memcpy(raw + FIXED, u->type, n);
	sign(mac, raw, FIXED + n);
	memcpy(raw + FIXED + n, mac, MAC_LEN);
	n += FIXED + MAC_LEN;
	out = arena_alloc(a, B64URL_SIZE(n));
	b64url_encode(out, B64URL_SIZE(n), raw, n);
	return out;
}

const char *
unsubscribe_url(struct arena *a, const struct unsubscribe *u)
{
	const char *t = unsubscribe_token(a, u);

	return t == NULL ? NULL : arena_printf(a,
	    "%s/api/unsubscribe/?t=%s", conf_str(CONF_PUBLIC_URL), t);
}

int
unsubscribe_read(const char *token, struct unsubscribe *u)
{
	uint8_t raw[FIXED + UNSUBSCRIBE_TYPE_MAX + MAC_LEN], mac[32];
	size_t n = strlen(token);
	ssize_t len;

	memset(u, 0, sizeof(*u));
	if (mac_key == NULL || n >= B64URL_SIZE(sizeof(raw)))
		return 0;
	len = b64url_decode(raw, sizeof(raw), token, n);
	if (len < FIXED + MAC_LEN || raw[0] != VERSION)
		return 0;
	n = (size_t)len - MAC_LEN;
	sign(mac, raw, n);
	if (!secret_equal(mac, MAC_LEN, raw + n, MAC_LEN))
		return 0;
	u->notification_id = get(raw + 1, 8);
	u->seq = (uint32_t)get(raw + 9, 4);
	u->user_id = get(raw + 13, 8);
	memcpy(u->type, raw + FIXED, n - FIXED);
	return 1;
}
