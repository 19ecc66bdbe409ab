/*
 * test_totp.c - one-time passwords by the vectors of RFC 4226 and RFC 6238
 * (S66), base32 by those of RFC 4648.
 */
#include "base/clock.h"
#include "base/totp.h"

#include <setjmp.h>
#include <cmocka.h>

/* RFC 4226 appendix D. */
static void
test_s66_hotp_vectors(void **state)
{
	static const char *const want[] = { "755224", "287082", "359152",
		"969429", "338314", "254676", "287922", "162583", "399871",
		"520489" };
	char code[10];

	(void)state;
	for (uint64_t i = 0; i < COUNT_OF(want); i++) {
		hotp(CRYPTO_SHA1, "12345678901234567890", 20, i, 6, code);
		assert_string_equal(code, want[i]);
	}
}

/* RFC 6238 appendix B: the seed is as long as the hash (errata 2866). */
static void
test_s66_totp_vectors_of_three_hashes(void **state)
{
	static const char seed[] = "1234567890123456789012345678901234567890"
	    "123456789012345678901234";
	static const struct { uint64_t t; const char *sha1, *sha256, *sha512; }
	row[] = {
		{ 59, "94287082", "46119246", "90693936" },
		{ 1111111109, "07081804", "68084774", "25091201" },
		{ 1111111111, "14050471", "67062674", "99943326" },
		{ 1234567890, "89005924", "91819424", "93441116" },
		{ 2000000000, "69279037", "90698825", "38618901" },
		{ 20000000000, "65353130", "77737706", "47863826" },
	};
	char code[10];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		uint64_t step = row[i].t / TOTP_PERIOD_S;

		hotp(CRYPTO_SHA1, seed, 20, step, 8, code);
		assert_string_equal(code, row[i].sha1);
		hotp(CRYPTO_SHA256, seed, 32, step, 8, code);
		assert_string_equal(code, row[i].sha256);
		hotp(CRYPTO_SHA512, seed, 64, step, 8, code);
		assert_string_equal(code, row[i].sha512);
	}
}

static void
test_s66_one_step_to_either_side(void **state)
{
	const uint8_t *seed = (const uint8_t *)"12345678901234567890";
	const int64_t at = 1111111111;		/* step 37037037 */
	const uint64_t step = (uint64_t)at / TOTP_PERIOD_S;
	char code[8];

	(void)state;
	for (int k = -3; k <= 3; k++) {
		uint64_t it = step + (uint64_t)(int64_t)k;

		hotp(CRYPTO_SHA1, seed, 20, it, 6, code);
		assert_int_equal(totp_match(seed, at * US_PER_S, 0, code),
		    k >= -1 && k <= 1 ? it : 0);
		/* What was accepted, and what came before it, is over. */
		assert_int_equal(totp_match(seed, at * US_PER_S, it, code), 0);
		assert_int_equal(totp_match(seed, at * US_PER_S, it - 1,
		    code), k >= -1 && k <= 1 ? it : 0);
	}
	assert_int_equal(totp_match(seed, at * US_PER_S, 0, ""), 0);
	assert_int_equal(totp_match(seed, at * US_PER_S, 0, "0504711"), 0);
	assert_int_equal(totp_match(seed, at * US_PER_S, 0, "05047"), 0);
}

static void
test_base32(void **state)
{
	static const char *const row[][2] = { { "", "" }, { "f", "MY" },
		{ "fo", "MZXQ" }, { "foo", "MZXW6" }, { "foob", "MZXW6YQ" },
		{ "fooba", "MZXW6YTB" }, { "foobar", "MZXW6YTBOI" } };
	char out[20];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		base32_encode(out, row[i][0], strlen(row[i][0]));
		assert_string_equal(out, row[i][1]);
		assert_int_equal(strlen(out) + 1,
		    BASE32_SIZE(strlen(row[i][0])));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_s66_hotp_vectors),
		cmocka_unit_test(test_s66_totp_vectors_of_three_hashes),
		cmocka_unit_test(test_s66_one_step_to_either_side),
		cmocka_unit_test(test_base32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
