/*
 * verp.c - see verp.h.
 */
#include "channel/verp.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mail.h"

#define LABEL	"bounce"
#define DAY_US	(86400 * US_PER_S)
#define LOCAL_MAX	64u	/* RFC 5321 4.5.3.1.1 */

static const uint8_t *mac_key;

void
verp_use(const uint8_t key[32])
{
	mac_key = key;
}

static void
tag_of(char out[VERP_TAG + 1], uint64_t id, uint32_t seq, int64_t day)
{
	char name[64];
	uint8_t mac[32];
	int n = snprintf(name, sizeof(name), "%" PRIu64 ".%" PRIu32 ".%"
	    PRId64, id, seq, day);
	const struct crypto_part part[] = { { LABEL, sizeof(LABEL) },
	    { name, (size_t)n } };

	hmac_sha256_parts(mac, mac_key, 32, part, COUNT_OF(part));
	snprintf(out, VERP_TAG + 1, "%03u", (unsigned)(day % 1000));
	for (size_t i = 0; i < 8; i++)
		snprintf(out + 3 + 2 * i, 3, "%02x", mac[i]);
}

const char *
verp_address(struct arena *a, const char *bounce, uint64_t notification_id,
    uint32_t seq, int64_t now_us)
{
	const char *at = strrchr(bounce, '@');
	char tag[VERP_TAG + 1];
	const char *out;

	if (mac_key == NULL || at == NULL || !mail_parse(bounce, NULL, NULL))
		return NULL;
	tag_of(tag, notification_id, seq, now_us / DAY_US);
	out = arena_printf(a, "%.*s+%" PRIu64 ".%" PRIu32 ".%s%s",
	    (int)(at - bounce), bounce, notification_id, seq, tag, at);
	return (size_t)(strrchr(out, '@') - out) > LOCAL_MAX ? NULL : out;
}

bool
verp_is(const char *tag, size_t n, uint64_t notification_id, uint32_t seq,
    int64_t now_us)
{
	char want[VERP_TAG + 1];

	if (mac_key == NULL || n != VERP_TAG)
		return false;
	for (int64_t d = 0; d <= VERP_DAYS; d++) {
		tag_of(want, notification_id, seq, now_us / DAY_US - d);
		if (secret_equal(want, VERP_TAG, tag, n))
			return true;
	}
	return false;
}
