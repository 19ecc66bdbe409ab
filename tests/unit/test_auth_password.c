/*
 * test_auth_password.c - Argon2id strings, pepper, equal work, and the rule.
 */
#include "auth_case.h"
#include "auth/password_own.h"
#include "base/crypto.h"
#include "base/text.h"

#include <time.h>

static void
a_password_verifies_and_another_does_not(void **state UNUSED)
{
	char one[PASSWORD_PHC_MAX], two[PASSWORD_PHC_MAX];
	bool rehash = true;

	ok(password_hash(one, "Sun-Flower9!", e));
	ok(password_hash(two, "Sun-Flower9!", e));
	assert_string_not_equal(one, two);	/* salted */
	ok(password_verify(one, "Sun-Flower9!", &rehash, e) == 1 ? 0 :
	    err_set(e, ERR_INTERNAL, "no", "right one refused"));
	assert_false(rehash);
	ok(password_verify(one, "sun-Flower9!", &rehash, e) == 0 ? 0 :
	    err_set(e, ERR_INTERNAL, "no", "wrong one taken"));
	ok(password_verify(one, "", NULL, e) == 0 ? 0 :
	    err_set(e, ERR_INTERNAL, "no", "empty one taken"));
	/* no account, or one without a password: never right */
	ok(password_verify(NULL, "Sun-Flower9!", &rehash, e) == 0 ? 0 :
	    err_set(e, ERR_INTERNAL, "no", "nobody's taken"));
}

/* Nothing is cut off. */
static void
s53_the_last_character_counts(void **state UNUSED)
{
	char phc[PASSWORD_PHC_MAX], password[1025];
	struct err e = ERR_INIT;

	memset(password, 'x', 1024);
	password[1024] = '\0';
	ok(password_hash(phc, password, e));
	assert_int_equal(password_verify(phc, password, NULL, &e), 1);
	password[1023] = 'y';
	assert_int_equal(password_verify(phc, password, NULL, &e), 0);
	password[1023] = '\0';
	assert_int_equal(password_verify(phc, password, NULL, &e), 0);
}

/* é and آ as one character, and as a letter and its mark. */
#define COMPOSED	"Caf\xc3\xa9-\xd8\xa2-Sun9"
#define DECOMPOSED	"Cafe\xcc\x81-\xd8\xa7\xd9\x93-Sun9"

static void
s53_the_same_password_of_two_keyboards_is_the_same(void **state UNUSED)
{
	char phc[PASSWORD_PHC_MAX];
	struct err e = ERR_INIT;
	bool rehash = true;

	assert_string_not_equal(COMPOSED, DECOMPOSED);
	ok(password_hash(phc, DECOMPOSED, e));
	assert_int_equal(password_verify(phc, COMPOSED, &rehash, &e), 1);
	assert_false(rehash);
	rehash = true;
	assert_int_equal(password_verify(phc, DECOMPOSED, &rehash, &e), 1);
	assert_false(rehash);
	assert_int_equal(password_verify(phc, "Cafe-\xd8\xa7-Sun9", &rehash,
	    &e), 0);
}

/* Other software hashed what the keyboard gave: its owner's keyboard still
 * gives that, and from then on any does. */
static void
s55_an_imported_hash_of_another_form_verifies(void **state UNUSED)
{
	static const uint8_t salt[] = "saltsalt";
	char old[PASSWORD_PHC_MAX], text[B64_SIZE(32)];
	struct err e = ERR_INIT;
	bool rehash = false;
	uint8_t got[32];

	kdf_pbkdf2(got, sizeof(got), KDF_SHA256, DECOMPOSED, salt, 8, 1000);
	b64_encode(text, sizeof(text), got, sizeof(got));
	snprintf(old, sizeof(old), "pbkdf2_sha256$1000$saltsalt$%s", text);
	assert_int_equal(password_verify(old, DECOMPOSED, &rehash, &e), 1);
	assert_true(rehash);
	assert_int_equal(password_verify(old, COMPOSED, &rehash, &e), 0);
	assert_false(rehash);
	assert_int_equal(password_verify(old, "Cafe", &rehash, &e), 0);
}

/* A hash of other parameters, or of no pepper, asks to be made anew. */
static void
s55_parameters_and_pepper_are_in_the_string(void **state UNUSED)
{
	struct keyring before = keys;
	char old[PASSWORD_PHC_MAX], plain[PASSWORD_PHC_MAX],
	    peppered[PASSWORD_PHC_MAX];
	struct err e = ERR_INIT;
	bool rehash = false;

	case_config("GATEPOST_ARGON2_T", "3");
	ok(password_hash(old, "Sun-Flower9!", e));
	case_config("GATEPOST_ARGON2_T", "2");
	assert_int_equal(password_verify(old, "Sun-Flower9!", &rehash, &e),
	    1);
	assert_true(rehash);
	keys.pepper.set = false;
	ok(password_hash(plain, "Sun-Flower9!", e));
	assert_true(strncmp(plain, "$argon2id$v=19$m=19456,t=2,p=1$", 31) ==
	    0);
	keys.pepper.set = true;
	keys.pepper.id = 7;
	memset(keys.pepper.key, 9, sizeof(keys.pepper.key));
	assert_int_equal(password_verify(plain, "Sun-Flower9!", &rehash, &e),
	    1);
	assert_true(rehash);
	ok(password_hash(peppered, "Sun-Flower9!", e));
	assert_true(strncmp(peppered, "{p7}$argon2id$", 14) == 0);
	assert_int_equal(password_verify(peppered, "Sun-Flower9!", &rehash,
	    &e), 1);
	assert_false(rehash);
	/* A stolen table without the file guesses nothing. */
	keys.pepper.key[0] ^= 1;
	assert_int_equal(password_verify(peppered, "Sun-Flower9!", NULL, &e),
	    0);
	keys.pepper.id = 8;
	refuses(ERR_CONFIG, password_verify(peppered, "Sun-Flower9!", NULL,
	    e));
	keys = before;
}

static void
broken_strings_are_failures_and_never_right(void **state UNUSED)
{
	static const char *const row[] = { "", "x", "$argon2id$", "{p",
		"{p1}", "$2b$12$abcdefghijklmnopqrstuv",
		"$argon2id$v=19$m=19456,t=2,p=1$AAAA$", };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (password_verify(row[i], "x", NULL, &e) != -1)
			fail_msg("\"%s\" is no failure", row[i]);
}

/* Of the processor: other tests run beside this one. */
static int64_t
cpu_us(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

static int64_t
cost_us(const char *phc, const char *password)
{
	struct err e = ERR_INIT;
	int64_t t = cpu_us();

	assert_int_equal(password_verify(phc, password, NULL, &e), 0);
	return cpu_us() - t;
}

static int64_t
less(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The best of each, in turns, for the machine is shared; a hash too few or too
 * many is far outside, however often it is tried. */
static void
s22_nobody_costs_what_somebody_costs(void **state UNUSED)
{
	static const char *const typed[] = { "wrong", COMPOSED, DECOMPOSED };
	char phc[PASSWORD_PHC_MAX];

	ok(password_hash(phc, "Sun-Flower9!", e));
	for (size_t i = 0; i < COUNT_OF(typed); i++) {
		int64_t real = INT64_MAX, dummy = INT64_MAX;
		bool alike = false;

		for (int n = 0; n < 60 && !alike; n++) {
			real = less(real, cost_us(phc, typed[i]));
			dummy = less(dummy, cost_us(NULL, typed[i]));
			alike = n >= 4 && dummy >= real * 2 / 3 &&
			    dummy <= real * 3 / 2;
		}
		if (!alike)
			fail_msg("%s: %" PRId64 " and %" PRId64 " µs",
			    typed[i], real, dummy);
	}
}

/* S54: 3,000 and more, each of them found, and not the published example. */
static void
s54_the_list_that_ships(void **state UNUSED)
{
	const char *row, *before = "";
	char word[80];
	size_t n;

	for (n = 0; (row = password_common_row(n)) != NULL; n++) {
		if (strcmp(before, row) >= 0)
			fail_msg("%s stands after %s", row, before);
		if (strspn(row, "abcdefghijklmnopqrstuvwxyz0123456789") !=
		    strlen(row) || strlen(row) > 30)
			fail_msg("%s holds something else", row);
		snprintf(word, sizeof(word), "%s!", row);
		if (!password_is_common(row) || !password_is_common(word))
			fail_msg("%s is not found", row);
		before = row;
	}
	assert_true(n >= 3000);
	assert_false(password_is_common("A12345678a@"));
	assert_false(password_is_common(""));
}

static void
s53_the_rule(void **state UNUSED)
{
	static const struct password_context who = {
		.email = "gholamreza@example.com", .phone = "+989121234567",
		.first = "Soraya", .last = "Li",
	};
	static const struct { const char *password, *code; } row[] = {
		{ "A12345678a@", "" },		/* the published example */
		{ "Sun-Flower9!", "" },
		{ "گذرواژه-Aa", "" },		/* 10 code points */
		{ "Aa-4567", "password_too_short" },
		{ "پپپپپAa!", "" },		/* 8, of 13 bytes */
		{ "پپپپAa!", "password_too_short" },
		{ "sun-flower9!", "password_classes" },
		{ "SUN-FLOWER9!", "password_classes" },
		{ "SunFlower99", "password_classes" },
		{ "Sun Flower 9", "password_classes" },
		{ "Password1!", "password_common" },
		{ "P@ssw0rd!", "password_common" },
		{ "Qwertyuiop!", "password_pattern" },
		{ "Letmein2024!", "password_common" },
		{ "My-Gholamreza!", "password_context" },
		{ "aB!21234567", "password_context" },
		{ "Oh-Soraya-x1", "password_context" },
		{ "In-Gatepost-1", "password_context" },
		{ "In-G4t3p0st-1", "password_context" },
		{ "My-Ex@mpl3-pw", "password_context" },	/* her domain */
		{ "Abcdefgh!", "password_pattern" },
		{ "Aaaaaaaa!", "password_pattern" },
		{ "Poiuytrewq!", "password_pattern" },
		{ "Chocolate2024!", "password_common" },
		{ "M3t@llica77!", "password_common" },
		{ "Sunflower9!", "password_common" },
		{ "12Dragon2024!", "password_common" },
		{ "!!P@$$w0rd!!", "password_common" },
		{ "Ali_12345678!", "password_common" },
		{ "Dragon!8392715", "" },	/* no short tail */
		{ "Liverpool-Rain8", "" },	/* not the whole of it */
		{ "\xd8\xb2\xd9\x87\xd8\xb1\xd8\xa7-Aa1",
		    "password_context" },	/* زهرا */
		{ "Aa!e\xcc\x81o\xcc\x81-z", "password_too_short" },
		{ "Aa!e\xcc\x81o\xcc\x81-zk", "" },
		{ "Li-is-short!", "" },		/* two letters say nothing */
	};
	static const struct password_context fa = {
		.first = "\xd8\xb2\xd9\x87\xd8\xb1\xd8\xa7",
	};
	char password[1100];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct err e = ERR_INIT;
		bool persian = (unsigned char)row[i].password[0] == 0xd8;
		int rc = password_rule("new_password", row[i].password,
		    persian ? &fa : &who, &e);

		if (strcmp(e.code, row[i].code) != 0 ||
		    rc != (row[i].code[0] == '\0' ? 0 : -1))
			fail_msg("%s: \"%s\", not \"%s\"", row[i].password,
			    e.code, row[i].code);
		if (rc < 0)
			assert_string_equal(e.field, "new_password");
	}
	/* 256 code points, of four bytes each, and one more */
	for (size_t i = 0; i < 257; i++)
		memcpy(password + 4 * i, "\xf0\x9f\x92\xa1", 4);
	memcpy(password, "Aa!!", 4);		/* 4 for 1 */
	password[4 * 253] = '\0';
	ok(password_rule("p", password, NULL, e));
	password[4 * 253] = '\xf0';
	password[4 * 254] = '\0';
	code_is("password_too_long", password_rule("p", password, NULL, e));
}

static void
s53_the_rule_by_length(void **state UNUSED)
{
	case_config("GATEPOST_PASSWORD_RULE", "length");
	ok(password_rule("p", "correct horse battery", NULL, e));
	code_is("passphrase_too_short", password_rule("p", "Sun-Flower9!xx",
	    NULL, e));
	case_config("GATEPOST_PASSWORD_RULE", "classes");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_verifies_and_another_does_not),
		cmocka_unit_test(s53_the_last_character_counts),
		cmocka_unit_test(
		    s53_the_same_password_of_two_keyboards_is_the_same),
		cmocka_unit_test(
		    s55_an_imported_hash_of_another_form_verifies),
		cmocka_unit_test(s54_the_list_that_ships),
		cmocka_unit_test(s55_parameters_and_pepper_are_in_the_string),
		cmocka_unit_test(broken_strings_are_failures_and_never_right),
		cmocka_unit_test(s22_nobody_costs_what_somebody_costs),
		cmocka_unit_test(s53_the_rule),
		cmocka_unit_test(s53_the_rule_by_length),
	};

	dbtest_begin("test_auth_password");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
