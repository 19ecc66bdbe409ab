/*
 * test_auth_token.c - access, refresh and admin tokens as values.
 */
#include "auth_case.h"

static const struct access_claims said = {
	.user_id = 9007199254740991, .session_id = 4611686018427387905,
	.seq = 4000000000, .auth_s = 5, .amr = "pwd otp",
	.is_staff = true, .verified = true, .email = "Ada@example.com",
	.country = "IR",
};

static struct access_claims
now(void)
{
	struct access_claims c = said;

	c.iat_s = clock_now() / US_PER_S;
	c.exp_s = c.iat_s + 900;
	c.session_end_s = c.iat_s + 9000;
	return c;
}

static const char *
make(const struct access_claims *c)
{
	const char *t = NULL;

	ok(access_make(a, c, &t, e));
	return t;
}

static void
an_access_token_says_what_it_was_made_of(void **state UNUSED)
{
	struct access_claims c = now(), got;
	const char *t = make(&c);
	uint8_t head[200];
	long n = b64url_decode(head, sizeof(head), t, strcspn(t, "."));

	ok(access_check(a, t, strlen(t), &got, e));
	assert_true(got.user_id == c.user_id && got.seq == c.seq &&
	    got.session_id == c.session_id && got.iat_s == c.iat_s &&
	    got.exp_s == c.exp_s && got.auth_s == 5 &&
	    got.session_end_s == c.session_end_s && got.is_staff &&
	    !got.is_superuser && got.verified && !got.claim);
	assert_string_equal(got.amr, "pwd otp");
	assert_string_equal(got.email, "Ada@example.com");
	assert_string_equal(got.country, "IR");
	/* D6: header exactly these, in this order. */
	assert_true(n > 0);
	head[n] = '\0';
	assert_string_equal((char *)head, arena_printf(a, "{\"alg\":\"HS256\","
	    "\"kid\":\"%s\",\"typ\":\"at+jwt\"}", keys.token[0].kid));
	c.is_superuser = true;
	c.claim = true;
	t = make(&c);
	ok(access_check(a, t, strlen(t), &got, e));
	assert_true(got.is_superuser && got.claim);
}

static void
equal_claims_are_equal_bytes(void **state UNUSED)
{
	struct access_claims c = now();
	const char *one = make(&c);

	assert_string_equal(one, make(&c));
	c.seq++;
	assert_string_not_equal(one, make(&c));
}

/* A pair is signed by the key of its birth: also when another key signs by
 * now, the replay has the same bytes. */
static void
s5_s17_the_key_of_its_birth_signs(void **state UNUSED)
{
	struct access_claims c = now();
	const char *one = make(&c);
	struct keyring before = keys;
	struct access_claims got;

	keys.token[1] = keys.token[0];
	keys.tokens = 2;
	snprintf(keys.token[1].kid, sizeof(keys.token[1].kid), "later");
	keys.token[1].key[0] ^= 1;
	keys.token[1].use_from_us = (c.iat_s + 5) * US_PER_S;
	assert_string_equal(one, make(&c));
	c.iat_s += 5;
	assert_string_not_equal(one, make(&c));
	ok(access_check(a, one, strlen(one), &got, e));
	keys = before;
}

static void
s16_other_times_issuers_and_kinds_are_refused(void **state UNUSED)
{
	struct access_claims c = now(), got;
	char refresh[REFRESH_TEXT], admin[ADMIN_TOKEN_TEXT];
	const char *t = make(&c), *other = NULL;
	uint8_t hash[32];

	case_config("GATEPOST_ISSUER", "https://else.example");
	refuses(ERR_AUTH, access_check(a, t, strlen(t), &got, e));
	case_config("GATEPOST_ISSUER", "");
	ok(access_check(a, t, strlen(t), &got, e));
	clock_test_set(c.exp_s * US_PER_S);
	refuses(ERR_AUTH, access_check(a, t, strlen(t), &got, e));
	/* of a clock that is ahead; one not seen before */
	c.seq++;
	t = make(&c);
	clock_test_set((c.iat_s - 61) * US_PER_S);
	refuses(ERR_AUTH, access_check(a, t, strlen(t), &got, e));
	clock_test_set(0);
	/* Our own key, another purpose (S16). */
	ok(jws_sign(a, &keys.token[0], "mail+jwt", arena_printf(a,
	    "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"1\",\"sid\":\"2\","
	    "\"iat\":%" PRId64 ",\"exp\":%" PRId64 "}",
	    conf_str(CONF_PUBLIC_URL), conf_str(CONF_PUBLIC_URL), c.iat_s,
	    c.exp_s), &other, e));
	refuses(ERR_AUTH, access_check(a, other, strlen(other), &got, e));
	refresh_make(refresh, 1, 1);
	refuses(ERR_AUTH, access_check(a, refresh, strlen(refresh), &got, e));
	admin_token_make(admin, hash);
	refuses(ERR_AUTH, access_check(a, admin, strlen(admin), &got, e));
	assert_false(admin_token_hash(t, hash));
	/* Signed, but about nobody. */
	ok(jws_sign(a, &keys.token[0], "at+jwt", arena_printf(a,
	    "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"-1\",\"sid\":\"2\","
	    "\"iat\":%" PRId64 ",\"exp\":%" PRId64 "}",
	    conf_str(CONF_PUBLIC_URL), conf_str(CONF_PUBLIC_URL), c.iat_s,
	    c.exp_s), &other, e));
	refuses(ERR_AUTH, access_check(a, other, strlen(other), &got, e));
}

/* What was verified once is known again: while it holds, under those keys, to
 * the byte. */
static void
a_remembered_token_is_no_better(void **state UNUSED)
{
	struct keyring before = keys;
	struct access_claims c = now(), got;
	char *t = arena_strdup(a, make(&c));
	size_t n = strlen(t);

	for (int i = 0; i < 3; i++) {
		ok(access_check(a, t, n, &got, e));
		assert_true(got.user_id == c.user_id && got.seq == c.seq);
		assert_string_equal(got.email, c.email);
	}
	for (size_t i = 0; i < n; i++) {
		t[i] ^= 1;
		refuses(ERR_AUTH, access_check(a, t, n, &got, e));
		t[i] ^= 1;
	}
	refuses(ERR_AUTH, access_check(a, t, n - 1, &got, e));
	keys.token[0].key[0] ^= 1;
	refuses(ERR_AUTH, access_check(a, t, n, &got, e));
	keys = before;
	ok(access_check(a, t, n, &got, e));
	keys.tokens = 0;
	refuses(ERR_AUTH, access_check(a, t, n, &got, e));
	keys = before;
	clock_test_set(c.exp_s * US_PER_S);
	refuses(ERR_AUTH, access_check(a, t, n, &got, e));
	clock_test_set(0);
}

/* Known by arithmetic alone, every bit of it. */
static void
s8_a_refresh_token_is_whole_or_nothing(void **state UNUSED)
{
	static const struct { uint64_t id; uint32_t n; } row[] = {
		{ 1, 1 }, { INT64_MAX, UINT32_MAX }, { 0x0102030405060708, 0 },
	};
	char t[REFRESH_TEXT], bad[REFRESH_TEXT + 8];
	uint64_t id;
	uint32_t n;

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		refresh_make(t, row[i].id, row[i].n);
		assert_int_equal(refresh_parse(t, &id, &n), 1);
		assert_true(id == row[i].id && n == row[i].n);
		for (size_t k = 0; k < strlen(t); k++)
			for (int bit = 0; bit < 7; bit++) {
				memcpy(bad, t, sizeof(t));
				bad[k] ^= (char)(1 << bit);
				assert_int_equal(refresh_parse(bad, &id, &n),
				    0);
			}
		snprintf(bad, sizeof(bad), "%sA", t);
		assert_int_equal(refresh_parse(bad, &id, &n), 0);
		snprintf(bad, sizeof(bad), "%.38s", t);
		assert_int_equal(refresh_parse(bad, &id, &n), 0);
	}
	assert_int_equal(refresh_parse("", &id, &n), 0);
}

static void
s17_a_refresh_key_verifies_until_it_goes(void **state UNUSED)
{
	struct keyring before = keys;
	char t[REFRESH_TEXT], fresh[REFRESH_TEXT];
	uint64_t id;
	uint32_t n;

	refresh_make(t, 7, 3);
	keys.refresh[1] = keys.refresh[0];
	keys.refreshes = 2;
	keys.refresh[0].id = (uint8_t)(before.refresh[0].id + 1);
	keys.refresh[0].key[5] ^= 0x80;
	assert_int_equal(refresh_parse(t, &id, &n), 1);
	refresh_make(fresh, 7, 3);
	assert_string_not_equal(t, fresh);
	assert_int_equal(refresh_parse(fresh, &id, &n), 1);
	keys.refreshes = 1;
	assert_int_equal(refresh_parse(t, &id, &n), 0);
	/* the old number with the new key */
	keys.refresh[0].id = before.refresh[0].id;
	assert_int_equal(refresh_parse(t, &id, &n), 0);
	keys = before;
}

static void
s70_an_admin_token_is_256_random_bits(void **state UNUSED)
{
	char t[ADMIN_TOKEN_TEXT], u[ADMIN_TOKEN_TEXT], bad[ADMIN_TOKEN_TEXT];
	uint8_t hash[32], want[32], got[32];

	admin_token_make(t, hash);
	admin_token_make(u, want);
	assert_string_not_equal(t, u);
	assert_int_equal(strlen(t), 46);
	assert_true(strncmp(t, "gp_", 3) == 0);
	sha256(want, t, strlen(t));
	assert_memory_equal(hash, want, 32);
	assert_true(admin_token_hash(t, got));
	assert_memory_equal(hash, got, 32);
	assert_false(admin_token_hash("", got));
	assert_false(admin_token_hash("gp_", got));
	snprintf(bad, sizeof(bad), "GP_%s", t + 3);
	assert_false(admin_token_hash(bad, got));
	snprintf(bad, sizeof(bad), "%.45s", t);
	assert_false(admin_token_hash(bad, got));
	snprintf(bad, sizeof(bad), "%.45s!", t);
	assert_false(admin_token_hash(bad, got));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    an_access_token_says_what_it_was_made_of, case_empty),
		cmocka_unit_test(equal_claims_are_equal_bytes),
		cmocka_unit_test(s5_s17_the_key_of_its_birth_signs),
		cmocka_unit_test(s16_other_times_issuers_and_kinds_are_refused),
		cmocka_unit_test(a_remembered_token_is_no_better),
		cmocka_unit_test(s8_a_refresh_token_is_whole_or_nothing),
		cmocka_unit_test(s17_a_refresh_key_verifies_until_it_goes),
		cmocka_unit_test(s70_an_admin_token_is_256_random_bits),
	};

	dbtest_begin("test_auth_token");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
