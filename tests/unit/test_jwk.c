/*
 * test_jwk.c - base/jwk: other people's signatures, judged by the Wycheproof
 * vectors (S15, S19, S65), and the refusals of its own.
 */
#include "base/crypto.h"
#include "base/jwk.h"
#include "vectors.h"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new((size_t)16 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void
set_of(struct jwk_set *s, const char *key)
{
	struct err e = ERR_INIT;
	const char *doc = arena_printf(arena, "{\"keys\":[%s]}", key);

	if (jwk_set_read(s, arena, doc, strlen(doc), &e) < 0)
		fail_msg("%s", e.detail);
}

/* Do we use keys of this kind at all?  (346 and 350, figure 20 of RFC 7520, are
 * PS384 under a key that says PS256: the key's word counts.) */
static bool
ours(const struct json *key, int64_t id)
{
	const char *alg = json_str(json_get(key, "alg"));

	return id != 346 && id != 350 && alg != NULL && (strcmp(alg, "RS256") == 0 ||
	    strcmp(alg, "PS256") == 0 || strcmp(alg, "ES256") == 0);
}

static void
s19_wycheproof_signatures(void **state)
{
	struct json *doc = vectors_open(
	    "wycheproof_json_web_signature.json");
	const struct json *groups = json_get(doc, "testGroups");
	unsigned right = 0, wrong = 0;

	(void)state;
	for (size_t g = 0; g < json_len(groups); g++) {
		const struct json *group = json_at(groups, g);
		const struct json *key = json_get(group, "public");
		const struct json *tests = json_get(group, "tests");
		struct jwk_set s;

		if (key == NULL)	/* symmetric: never read */
			key = json_get(group, "private");
		set_of(&s, json_text(arena, key));
		for (size_t i = 0; i < json_len(tests); i++) {
			const struct json *t = json_at(tests, i);
			const char *jws = json_str(json_get(t, "jws"));
			bool valid = strcmp(vec_str(t, "result"), "valid") ==
			    0 && ours(key, vec_int(t, "tcId"));
			struct err e = ERR_INIT;
			int rc;

			if (jws == NULL)	/* JSON serialisation */
				continue;
			rc = jwk_test_signature(&s, jws, strlen(jws), &e);
			if ((rc == 0) != valid)
				fail_msg("tcId %d (%s): %d, %s",
				    (int)vec_int(t, "tcId"),
				    vec_str(t, "comment"), rc, e.detail);
			if (valid)
				right++;
			else
				wrong++;
		}
	}
	json_free(doc);
	assert_true(right >= 10);
	assert_true(wrong >= 60);
}

static void
s65_key_sets_hold_what_we_use_and_no_more(void **state)
{
	static const char *const never[] = {
		"{\"kty\":\"oct\",\"k\":\"AAAA\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
		"{\"kty\":5}", "7", "{}",
	};
	struct err e = ERR_INIT;
	struct jwk_set s;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(never); i++) {
		set_of(&s, never[i]);
		if (s.n != 0)
			fail_msg("%s was read", never[i]);
	}
	assert_int_equal(jwk_set_read(&s, arena, "{}", 2, &e), -1);
	assert_int_equal(jwk_set_read(&s, arena, "[]", 2, &e), -1);
	assert_int_equal(jwk_set_read(&s, arena, "{\"keys\":{}}", 11, &e), -1);
}

static void
at_hash_is_half_a_digest(void **state)
{
	(void)state;
	/* OpenID Connect Core, appendix A.3: access token and at_hash. */
	assert_true(jwk_at_hash_is(JWK_RS256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0"
	    "z9K3vx5KF0Y", "77QmUPtjPfzWtF2AnpK9RQ"));
	assert_false(jwk_at_hash_is(JWK_RS256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxE"
	    "l0z9K3vx5KF0X", "77QmUPtjPfzWtF2AnpK9RQ"));
	assert_false(jwk_at_hash_is(JWK_EDDSA, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxE"
	    "l0z9K3vx5KF0Y", "77QmUPtjPfzWtF2AnpK9RQ"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(s19_wycheproof_signatures,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    s65_key_sets_hold_what_we_use_and_no_more, setup,
		    teardown),
		cmocka_unit_test(at_hash_is_half_a_digest),
	};

	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
