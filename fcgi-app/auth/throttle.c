/*
 * throttle.c - names for counters.  The key is a keyed HMAC of rule and
 * subject, so the table tells nobody which addresses were tried.
 */
#include "auth/throttle.h"

#include "auth/token.h"
#include "base/crypto.h"
#include "store/throttle.h"

#define KEY_BYTES 16

static void
key_of(uint8_t k[KEY_BYTES], const char *rule, const void *subject, size_t n)
{
	static const char purpose[] = "gatepost throttle";
	const struct keyring *keys = token_keys();
	const struct crypto_part part[] = {
		{ purpose, sizeof(purpose) },
		{ rule, strlen(rule) + 1 },
		{ subject, n }
	};
	uint8_t mac[32];

	hmac_sha256_parts(mac, keys->mac, sizeof(keys->mac), part,
	    COUNT_OF(part));
	memcpy(k, mac, KEY_BYTES);
}

int
throttle_take(struct db *db, const char *rule, const void *subject, size_t n,
    uint32_t limit, uint32_t window_s, int *wait_s, struct err *e)
{
	uint8_t k[KEY_BYTES];

	key_of(k, rule, subject, n);
	return throttle_row_take(db, k, limit, window_s, wait_s, e);
}

int
throttle_or_fail(struct db *db, const char *rule, const void *subject,
    size_t n, uint32_t limit, uint32_t window_s, const char *code,
    struct err *e)
{
	int wait_s = 0;
	int rc = throttle_take(db, rule, subject, n, limit, window_s, &wait_s,
	    e);

	return rc == 0 ? err_throttled(e, code, wait_s) : rc;
}

int
throttle_peek(struct db *db, const char *rule, const void *subject, size_t n,
    uint32_t limit, uint32_t window_s, int *wait_s, struct err *e)
{
	uint8_t k[KEY_BYTES];

	key_of(k, rule, subject, n);
	return throttle_row_peek(db, k, limit, window_s, wait_s, e);
}

int
throttle_all_or_fail(struct db *db, const struct throttle_rule *r,
    size_t rules, const void *subject, size_t n, const char *code,
    struct err *e)
{
	struct throttle_row row[THROTTLES_MAX];
	int rc, wait_s = 0;

	if (rules > THROTTLES_MAX)
		return err_set(e, ERR_INTERNAL, "too_many_rules", "%zu",
		    rules);
	for (size_t i = 0; i < rules; i++) {
		key_of(row[i].k, r[i].rule, subject, n);
		row[i].limit = r[i].limit;
		row[i].window_s = r[i].window_s;
	}
	rc = throttle_row_take_all(db, row, rules, &wait_s, e);
	return rc == 0 ? err_throttled(e, code, wait_s) : rc;
}

int
throttle_give(struct db *db, const char *rule, const void *subject, size_t n,
    struct err *e)
{
	uint8_t k[KEY_BYTES];

	key_of(k, rule, subject, n);
	return throttle_row_give(db, k, e);
}

int
throttle_clear(struct db *db, const char *rule, const void *subject, size_t n,
    struct err *e)
{
	uint8_t k[KEY_BYTES];

	key_of(k, rule, subject, n);
	return throttle_row_clear(db, k, e);
}
