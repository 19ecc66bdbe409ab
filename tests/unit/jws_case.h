/*
 * jws_case.h - for the tests of base/jws: two keys, a token's making and its
 * forging.
 */
#ifndef GP_TESTS_JWS_CASE_H
#define GP_TESTS_JWS_CASE_H

#include "base/clock.h"
#include "base/crypto.h"
#include "base/jws.h"
#include "base/rand.h"
#include "vectors.h"

#define NOW_S		INT64_C(1790000000)
#define CLAIMS		"{\"aud\":\"site\",\"exp\":1790000900," \
	"\"iat\":1790000000,\"iss\":\"https://gate.test\",\"sid\":\"77\"," \
	"\"sub\":\"12\"}"
#define HEADER		"{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}"

static const struct jws_want want = { "at+jwt", "https://gate.test", "site",
	NOW_S * US_PER_S };
static struct jws_key keys[2];
static struct arena *arena;

static inline int
setup(void **state)
{
	(void)state;
	memset(keys, 0, sizeof(keys));
	text_copy(keys[0].kid, sizeof(keys[0].kid), "k1");
	text_copy(keys[1].kid, sizeof(keys[1].kid), "k2");
	rand_fill(keys[0].key, 32);
	rand_fill(keys[1].key, 32);
	arena = arena_new((size_t)8 << 20);
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static inline bool
verifies_n(const char *token, size_t n, const struct jws_want *w)
{
	struct err e = ERR_INIT;
	struct json *j = NULL;

	if (jws_verify(token, n, keys, COUNT_OF(keys), w, &j, &e) == 0) {
		assert_non_null(j);
		json_free(j);
		return true;
	}
	/* One answer to the outside, whatever was wrong. */
	assert_null(j);
	assert_int_equal(e.kind, ERR_AUTH);
	assert_string_equal(e.code, "invalid_token");
	assert_true(e.detail[0] != '\0');
	return false;
}

static inline bool
verifies(const char *token)
{
	return verifies_n(token, strlen(token), &want);
}

static inline const char *
signed_by(const struct jws_key *k, const char *typ, const char *claims)
{
	struct err e = ERR_INIT;
	const char *token;

	if (jws_sign(arena, k, typ, claims, &token, &e) < 0)
		fail_msg("%s", e.detail);
	return token;
}

/* header.payload.mac with any text, truly signed with key 0 (or `key`). */
static inline const char *
forge(const char *header, const char *payload, const uint8_t *key)
{
	size_t hn = strlen(header), pn = strlen(payload), n;
	size_t size = B64_SIZE(hn) + B64_SIZE(pn) + 60;
	char *t = arena_alloc(arena, size);
	uint8_t mac[32];

	n = b64url_encode(t, size, header, hn);
	t[n++] = '.';
	n += b64url_encode(t + n, size - n, payload, pn);
	hmac_sha256(mac, key != NULL ? key : keys[0].key, 32, t, n);
	t[n++] = '.';
	b64url_encode(t + n, size - n, mac, 32);
	return t;
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
