/*
 * test_jws.c - base/jws: what we sign verifies; header, claims, keys and
 * sizes are enforced on truly signed tokens (S15, S16, S18).
 */
#include "jws_case.h"

static void
what_we_sign_verifies(void **state)
{
	const char *token = signed_by(&keys[0], "at+jwt", CLAIMS), *again;
	struct err e = ERR_INIT;
	struct json *j = NULL;

	(void)state;
	again = signed_by(&keys[0], "at+jwt", CLAIMS);
	assert_string_equal(token, again);
	/* The header's order and bytes are fixed (D7). */
	assert_string_equal(token, forge(HEADER, CLAIMS, NULL));
	assert_int_equal(jws_verify(token, strlen(token), keys, 2, &want, &j,
	    &e), 0);
	assert_string_equal(json_str(json_get(j, "sub")), "12");
	json_free(j);
	assert_true(verifies(signed_by(&keys[1], "at+jwt", CLAIMS)));
	/* No NUL is needed behind the token. */
	again = arena_printf(arena, "%sXX", token);
	assert_true(verifies_n(again, strlen(token), &want));
}

static void
signing_refuses_what_it_cannot_sign(void **state)
{
	struct jws_key odd = keys[0];
	struct err e = ERR_INIT;
	const char *token;
	char *big;

	(void)state;
	assert_int_equal(jws_sign(arena, &keys[0], "at+jwt", "[]", &token,
	    &e), -1);
	assert_int_equal(jws_sign(arena, &keys[0], "at+jwt", "{", &token,
	    &e), -1);
	odd.kid[0] = '\0';
	assert_int_equal(jws_sign(arena, &odd, "at+jwt", CLAIMS, &token,
	    &e), -1);
	text_copy(odd.kid, sizeof(odd.kid), "K\"1");
	assert_int_equal(jws_sign(arena, &odd, "at+jwt", CLAIMS, &token,
	    &e), -1);
	big = arena_alloc(arena, JWS_MAX + 1);
	memset(big, 'x', JWS_MAX);
	assert_int_equal(jws_sign(arena, &keys[0], "at+jwt",
	    arena_printf(arena, "{\"a\":\"%s\"}", big), &token, &e), -1);
	assert_null(token);
	assert_int_equal(e.kind, ERR_INTERNAL);
}

static void
s15_the_header_is_exactly_ours(void **state)
{
	/* All truly signed with key k1. */
	static const struct { const char *header; bool ok; } rows[] = {
		{ HEADER, true },
		{ "{\"typ\":\"at+jwt\",\"alg\":\"HS256\",\"kid\":\"k1\"}",
		    true },
		{ " { \"typ\" : \"at+jwt\", \"kid\":\"k1\",\"alg\":\"HS256\"}",
		    true },
		{ "{\"alg\":\"none\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"None\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"hs256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"HS384\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"HS512\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":[\"HS256\"],\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":256,\"kid\":\"k1\",\"typ\":\"at+jwt\"}", false },
		{ "{\"alg\":null,\"kid\":\"k1\",\"typ\":\"at+jwt\"}", false },
		{ "{\"alg\":\"HS256\\u0000\",\"kid\":\"k1\","
		    "\"typ\":\"at+jwt\"}", false },
		{ "{\"kid\":\"k1\",\"typ\":\"at+jwt\"}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"JWT\"}",
		    false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"AT+JWT\"}",
		    false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"rt+jwt\"}",
		    false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":7}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\"}", false },
		{ "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k2\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k3\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"HS256\",\"kid\":\"\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"HS256\",\"kid\":\"K1\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"HS256\",\"kid\":\"../k1\",\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1' OR 1=1\","
		    "\"typ\":\"at+jwt\"}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"aaaaaaaaaaaaaaaaa\","
		    "\"typ\":\"at+jwt\"}", false },
		{ "{\"alg\":\"HS256\",\"kid\":[\"k1\"],\"typ\":\"at+jwt\"}",
		    false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\","
		    "\"jku\":\"https://evil.test/\"}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\","
		    "\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\","
		    "\"x5u\":\"https://evil.test/\"}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\","
		    "\"crit\":[\"b64\"],\"b64\":false}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\","
		    "\"zip\":\"DEF\"}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"kid\":\"k1\"}",
		    false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k2\",\"kid\":\"k1\","
		    "\"typ\":\"at+jwt\"}", false },
		{ "{\"alg\":\"none\",\"alg\":\"HS256\",\"kid\":\"k1\","
		    "\"typ\":\"at+jwt\"}", false },
		{ "{\"alg\":\"HS256\",\"\\u0061lg\":\"HS256\","
		    "\"kid\":\"k1\",\"typ\":\"at+jwt\"}", false },
		{ "[\"alg\",\"kid\",\"typ\"]", false },
		{ "\"HS256\"", false },
		{ "null", false },
		{ "{}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}x",
		    false },
		{ "{'alg':'HS256','kid':'k1','typ':'at+jwt'}", false },
		{ "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\",}",
		    false },
		{ "/**/{\"alg\":\"HS256\",\"kid\":\"k1\","
		    "\"typ\":\"at+jwt\"}", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++)
		if (verifies(forge(rows[i].header, CLAIMS, NULL)) !=
		    rows[i].ok)
			fail_msg("%s", rows[i].header);
}

static void
s16_claims_are_enforced(void **state)
{
	/* Within HEADER and a true signature.  NOW_S is 1790000000. */
	static const struct { const char *claims; bool ok; } rows[] = {
		{ CLAIMS, true },
#define C(rest) "{\"iss\":\"https://gate.test\",\"aud\":\"site\"," rest "}"
		{ C("\"exp\":1790000001"), true },
		{ C("\"exp\":1790000000"), false },
		{ C("\"exp\":1789999999"), false },
		{ C("\"exp\":-1"), false },
		{ C("\"exp\":\"1790000900\""), false },
		{ C("\"exp\":1790000900.5"), false },
		{ C("\"exp\":1.79e12"), false },
		{ C("\"exp\":99999999999999999999"), false },
		{ C("\"exp\":null"), false },
		{ C("\"exp\":true"), false },
		{ C("\"sub\":\"1\""), false },
		{ C("\"exp\":1790000900,\"iat\":1790000060"), true },
		{ C("\"exp\":1790000900,\"iat\":1790000061"), false },
		{ C("\"exp\":1790000900,\"iat\":\"1790000000\""), false },
		{ C("\"exp\":1790000900,\"iat\":null"), false },
		{ C("\"exp\":1790000900,\"nbf\":1790000060"), true },
		{ C("\"exp\":1790000900,\"nbf\":1790000061"), false },
		{ C("\"exp\":1790000900,\"nbf\":[]"), false },
		{ C("\"exp\":1,\"exp\":1790000900"), false },
		{ C("\"exp\":1790000900,\"sub\":\"a\\u0000b\""), false },
		{ "{\"iss\":\"https://gate.test/\",\"aud\":\"site\","
		    "\"exp\":1790000900}", false },
		{ "{\"iss\":\"https://gate.test\",\"aud\":\"other\","
		    "\"exp\":1790000900}", false },
		{ "{\"iss\":\"https://gate.test\",\"aud\":[\"site\"],"
		    "\"exp\":1790000900}", false },
		{ "{\"iss\":\"https://gate.test\",\"exp\":1790000900}",
		    false },
		{ "{\"aud\":\"site\",\"exp\":1790000900}", false },
		{ "{}", false },
		{ "[]", false },
		{ "7", false },
		{ "foo", false },
		{ "{\"iss\":\"https://gate.test\"", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++)
		if (verifies(forge(HEADER, rows[i].claims, NULL)) !=
		    rows[i].ok)
			fail_msg("%s", rows[i].claims);
}

static void
s17_an_ended_key_verifies_nothing(void **state)
{
	const char *token = signed_by(&keys[0], "at+jwt", CLAIMS);

	(void)state;
	keys[0].use_from_us = want.now_us + 1;	/* readable before its use */
	assert_true(verifies(token));
	keys[0].verify_until_us = want.now_us;
	assert_true(verifies(token));
	keys[0].verify_until_us = want.now_us - 1;
	assert_false(verifies(token));
	keys[0].verify_until_us = keys[0].use_from_us = 0;
	assert_true(verifies(token));
}

static void
s16_other_uses_of_a_token_are_refused(void **state)
{
	struct jws_want w = want;
	const char *token = signed_by(&keys[0], "at+jwt", CLAIMS);

	(void)state;
	w.typ = "reset+jwt";
	assert_false(verifies_n(token, strlen(token), &w));
	w.typ = "";
	assert_false(verifies_n(token, strlen(token), &w));
	w = want;
	w.aud = "other.example";
	assert_false(verifies_n(token, strlen(token), &w));
	w = want;
	w.iss = "https://gate.test.evil";
	assert_false(verifies_n(token, strlen(token), &w));
	assert_false(verifies(signed_by(&keys[0], "rt+jwt", CLAIMS)));
}

static void
s18_sizes_are_bounded(void **state)
{
	char *deep, *pad = arena_alloc(arena, JWS_MAX * 2);
	const char *t;
	size_t n;

	(void)state;
	assert_false(verifies(""));
	assert_false(verifies("."));
	assert_false(verifies(".."));
	assert_false(verifies("..."));
	/* As large as allowed, and one more letter group. */
	for (n = 0; n < JWS_MAX; n++)
		pad[n] = 'a';
	for (;; n--) {
		pad[n] = '\0';
		t = forge(HEADER, arena_printf(arena, "{\"iss\":"
		    "\"https://gate.test\",\"aud\":\"site\",\"exp\":"
		    "1790000900,\"x\":\"%s\"}", pad), NULL);
		if (strlen(t) <= JWS_MAX)
			break;
		assert_false(verifies(t));
		n -= (strlen(t) - JWS_MAX) > 8 ? (strlen(t) - JWS_MAX) / 2 :
		    0;
	}
	assert_true(verifies(t));
	/* Nested deeper than JSON_DEPTH_MAX, truly signed. */
	deep = arena_alloc(arena, 400);
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	assert_false(verifies(forge(HEADER, arena_printf(arena, "{\"iss\":"
	    "\"https://gate.test\",\"aud\":\"site\",\"exp\":1790000900,"
	    "\"x\":%s}", deep), NULL)));
	assert_false(verifies(forge("{\"alg\":\"HS256\",\"kid\":\"k1\","
	    "\"typ\":\"at+jwt\",\"x\":[[[[1]]]]}", CLAIMS, NULL)));
	memset(pad, 'A', JWS_MAX * 2 - 1);
	pad[JWS_MAX * 2 - 1] = '\0';
	assert_false(verifies(pad));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_we_sign_verifies),
		T(signing_refuses_what_it_cannot_sign),
		T(s15_the_header_is_exactly_ours),
		T(s16_claims_are_enforced),
		T(s17_an_ended_key_verifies_nothing),
		T(s16_other_uses_of_a_token_are_refused),
		T(s18_sizes_are_bounded),
	};

	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
