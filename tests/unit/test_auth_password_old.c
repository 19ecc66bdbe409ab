/*
 * test_auth_password_old.c - hashes made by Django, bcrypt, passlib and
 * argon2-cffi; their caps; peppers of the ring; what nobody's sign-in costs.
 */
#include "auth_case.h"
#include "auth/password.h"
#include "auth/password_old.h"
#include "base/crypto.h"

#define RIGHT	"Blue-Harbour-7!"

/* Of RIGHT, by the original software. */
static const char *const made[] = {
		"pbkdf2_sha256$260000$wEpFmP1b0Q6hWnHPD03X3r$7SqUIKGQ1+0dFyL+"
		    "ULcL28ENFHd7wo2pFsyNQz684Lg=",
		"pbkdf2_sha1$260000$63ibn548Bxm6koPUycXGzW$rjB7WgbzHNc7OliLr5"
		    "Keudya0BM=",
		"argon2$argon2id$v=19$m=102400,t=2,p=8$ZldJWEx4ZUIwTE1pWFZoSX"
		    "RsSXp0ZQ$b4ROyOnSiQPf8HBFj91s0g",
		"bcrypt_sha256$$2b$04$F50iJsSlCa2Lj7do31WqBOvdaXbq86adpDkC4F9"
		    "aOmwjTXuFQTdju",
		"bcrypt$$2b$04$010GzgPqDZ3/go2MB79ZDeQHWwj5MYwcyWPPKvaNpxwIRP"
		    "O/F.VA.",
		"$2b$04$VIYAYWpt4fLqwBOeFw02tu8YDJUKDEwn6by3Z7izoYYqp8If0qN8.",
		"$2a$04$BdV0keRR3ZpyPUgoBVraJuADnMKmvNMmLKgjv1Nm./Iu.L80BVFGK",
		"$scrypt$ln=10,r=8,p=1$EeJcq1UqBSCEkPJ+D6F0zg$KdfPi5LQHMgnV/I"
		    "gy5puHaouA0waasgpqoUSm0mgwxo",
		"scrypt$16384$abcDEF123456$8$1$UePlS/OSZcu4fNHwugEVOM1cL3oAcV"
		    "VKFaKM5jfW9qLHPJ5oe2GiSxb1mFhng9UZ657OxrK39asCK16Q4BHAIw"
		    "==",
		"$argon2i$v=19$m=1024,t=2,p=2$mBXMFeSgaNexgpWh2JIW0g$s2/9cEv+"
		    "Wxh2bpp/AFJzFQ",
		"$argon2d$v=19$m=1024,t=2,p=2$I7JvecTwYC4PNsXuLB+gPA$OKL/je+a"
		    "yulvbPwzQ9jV/g",
		"$argon2id$v=19$m=1024,t=2,p=2$Fo/hkVEE4ByNGkJbLjcRIw$+GeYs3B"
		    "O5JsYPWJqjc2f9A",
};

static void
s55_hashes_of_the_original_software_verify(void **state UNUSED)
{
	for (size_t i = 0; i < COUNT_OF(made); i++) {
		struct err e = ERR_INIT;
		bool rehash = false;
		int rc = password_verify(made[i], RIGHT, &rehash, &e);

		if (rc != 1 || !rehash)
			fail_msg("%s: %d %s", made[i], rc, e.detail);
		if (password_verify(made[i], "blue-Harbour-7!", NULL,
		    &e) != 0 || password_verify(made[i], "", NULL, &e) != 0)
			fail_msg("%s takes a wrong one", made[i]);
	}
}

static void
s55_hashes_past_the_caps_or_broken_are_refused(void **state UNUSED)
{
	static const char pbkdf2[] = "$salt$7kfYU0A1jpXJZLjr5ZjPbNiUx0aBdCVTMa"
	    "8MvYi9BTs=", bcrypt[] = "$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuu"
	    "uuuuuuuuuuuuuu", argon[] = "$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAA";
	static const struct { const char *head, *tail, *code; } row[] = {
		{ "pbkdf2_sha256$2000000", pbkdf2, "" },
		{ "pbkdf2_sha256$2000001", pbkdf2, "hash_too_costly" },
		{ "pbkdf2_sha256$0", pbkdf2, "bad_hash" },
		{ "pbkdf2_sha256$-1", pbkdf2, "bad_hash" },
		{ "pbkdf2_sha1$1000", pbkdf2, "bad_hash" },
		{ "pbkdf2_md5$1000", pbkdf2, "bad_hash" },
		{ "$2b$15", bcrypt, "" },
		{ "$2b$16", bcrypt, "hash_too_costly" },
		{ "$2b$03", bcrypt, "bad_hash" },
		{ "$2x$10", bcrypt, "bad_hash" },
		{ "bcrypt$$2b$31", bcrypt, "hash_too_costly" },
		{ "scrypt$131072$salt$8$1$AAAAAAAAAAAAAAAAAAAAAAAA", "", "" },
		{ "scrypt$262144$salt$8$1$AAAAAAAAAAAAAAAAAAAAAAAA", "",
		    "hash_too_costly" },
		{ "scrypt$16384$salt$8$17$AAAAAAAAAAAAAAAAAAAAAAAA", "",
		    "hash_too_costly" },
		{ "scrypt$16383$salt$8$1$AAAAAAAAAAAAAAAAAAAAAAAA", "",
		    "bad_hash" },
		{ "$scrypt$ln=63,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAA", "",
		    "hash_too_costly" },
		{ "$scrypt$ln=64,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAA", "",
		    "bad_hash" },
		{ "$argon2id$v=19$m=131072,t=20,p=16", argon, "" },
		{ "$argon2id$v=19$m=131073,t=2,p=1", argon,
		    "hash_too_costly" },
		{ "$argon2id$v=19$m=1024,t=21,p=1", argon,
		    "hash_too_costly" },
		{ "argon2$argon2id$v=19$m=1024,t=2,p=17", argon,
		    "hash_too_costly" },
		{ "$argon2id$v=16$m=1024,t=2,p=1", argon, "bad_hash" },
		{ "$argon2id$m=1024,t=2,p=1", argon, "bad_hash" },
		{ "md5$salt$", "0123456789abcdef0123456789abcdef",
		    "bad_hash" },
		{ "hunter2", "", "bad_hash" }, { "", "", "bad_hash" },
	};
	char text[400];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct err e = ERR_INIT;
		struct old_hash o;

		snprintf(text, sizeof(text), "%s%s", row[i].head,
		    row[i].tail);
		if (old_parse(text, &o, &e) != (row[i].code[0] ? -1 : 0) ||
		    strcmp(e.code, row[i].code) != 0)
			fail_msg("%s: \"%s\" %s", text, e.code, e.detail);
	}
	memset(text, 'A', 300);
	memcpy(text, "pbkdf2_sha256$1$", 16);
	text[300] = '\0';
	code_is("bad_hash", old_parse(text, &(struct old_hash){ 0 }, e));
}

/* S22: a blank of a kind parses as that kind, with its cost, and matches
 * nothing. */
static void
s22_a_blank_costs_what_its_kind_costs(void **state UNUSED)
{
	char blank[PASSWORD_PHC_MAX], again[PASSWORD_PHC_MAX],
	    ours[PASSWORD_PHC_MAX];
	struct old_hash a1, b1;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < COUNT_OF(made); i++) {
		if (!old_blank(made[i], blank))
			fail_msg("%s has no blank", made[i]);
		ok(old_parse(made[i], &a1, e));
		if (old_parse(blank, &b1, &e) < 0)
			fail_msg("%s: %s", blank, e.detail);
		assert_int_equal(a1.kind, b1.kind);
		assert_int_equal(a1.n, b1.n);
		assert_int_equal(a1.r, b1.r);
		assert_int_equal(a1.p, b1.p);
		assert_int_equal(a1.salt_n, b1.salt_n);
		assert_int_equal(a1.hash_n, b1.hash_n);
		assert_true(old_blank(blank, again));
		assert_string_equal(blank, again);
		if (password_verify(blank, RIGHT, NULL, &e) != 0)
			fail_msg("%s: %s", blank, e.detail);
	}
	ok(password_hash(ours, RIGHT, e));
	assert_true(old_blank(ours, blank));
	assert_int_equal(strncmp(ours, blank, 30), 0);
	assert_int_equal(password_verify(blank, RIGHT, NULL, &e), 0);
	assert_false(old_blank("hunter2", blank));
}

/* S55: what an earlier pepper hashed verifies, and asks to be made anew. */
static void
s55_an_earlier_pepper_verifies_on(void **state UNUSED)
{
	char dir[100], first[PASSWORD_PHC_MAX], second[PASSWORD_PHC_MAX];
	struct keyring before = keys, fresh;
	struct err e = ERR_INIT;
	bool rehash = false;
	uint8_t id = 0;

	snprintf(dir, sizeof(dir), "%s/keys", case_dir);
	ok(password_hash(first, RIGHT, e));
	assert_int_equal(strncmp(first, "{p1}", 4), 0);
	ok(keyring_pepper_add(dir, &id, e));
	assert_int_equal(id, 2);
	/* Known before it is used. */
	ok(keyring_load(&fresh, dir, e));
	assert_int_equal(fresh.pepper.id, 1);
	assert_non_null(keyring_pepper(&fresh, 2));
	keyring_free(&fresh);
	ok(keyring_pepper_use(dir, id, e));
	ok(keyring_pepper_use(dir, id, e));	/* twice is once */
	ok(keyring_load(&fresh, dir, e));
	token_use(&fresh);
	assert_int_equal(fresh.pepper.id, 2);
	assert_int_equal(password_verify(first, RIGHT, &rehash, &e), 1);
	assert_true(rehash);
	ok(password_hash(second, RIGHT, e));
	assert_int_equal(strncmp(second, "{p2}", 4), 0);
	assert_int_equal(password_verify(second, RIGHT, &rehash, &e), 1);
	assert_false(rehash);
	ok(keyring_pepper_add(dir, &id, e));
	assert_int_equal(id, 3);
	refuses(ERR_CONFIG, keyring_pepper_use(dir, 9, e));
	token_use(&keys);
	keyring_free(&fresh);
	keys = before;
}

/* S22, D9: unknown identifiers are given the kinds that accounts have, in
 * their proportion, and the same one each time. */
static void
s22_the_mix_is_counted_and_drawn(void **state UNUSED)
{
	static const char old[] = "pbkdf2_sha1$1$salt$"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	char ours[PASSWORD_PHC_MAX];
	unsigned drawn = 0;
	struct err e = ERR_INIT;

	(void)case_empty(NULL);
	ok(password_hash(ours, RIGHT, e));
	for (int i = 0; i < 8; i++) {
		struct user u;

		case_user(&u);
		case_sql("UPDATE user SET password = '%s' WHERE id = %" PRIu64,
		    i < 6 ? old : ours, u.id);
	}
	ok(password_mix_count(worker, e));
	ok(password_mix_count(worker, e));
	assert_int_equal(case_num("SELECT n FROM password_mix WHERE blank"
	    " LIKE 'pbkdf2_sha1$1$%%'"), 6);
	assert_int_equal(case_num("SELECT n FROM password_mix WHERE blank"
	    " LIKE '%%argon2id%%'"), 2);
	assert_int_equal(case_num("SELECT COUNT(*) FROM password_mix WHERE"
	    " blank LIKE '%%salt%%'"), 0);
	password_mix_forget();
	for (int i = 0; i < 200; i++) {
		char who[32];
		const char *kind;

		snprintf(who, sizeof(who), "email:p%d@example.com", i);
		kind = password_dummy_kind(db, who, &e);
		assert_non_null(kind);
		assert_ptr_equal(kind, password_dummy_kind(db, who, &e));
		drawn += strncmp(kind, "pbkdf2", 6) == 0;
	}
	/* 150 ± 6 of 200; five of those away, by a keyed draw, is a fault. */
	assert_in_range(drawn, 120, 180);
	case_sql("DELETE FROM password_mix");
	password_mix_forget();
	assert_null(password_dummy_kind(db, "email:p1@example.com", &e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s55_hashes_of_the_original_software_verify),
		cmocka_unit_test(
		    s55_hashes_past_the_caps_or_broken_are_refused),
		cmocka_unit_test(s22_a_blank_costs_what_its_kind_costs),
		cmocka_unit_test(s55_an_earlier_pepper_verifies_on),
		cmocka_unit_test(s22_the_mix_is_counted_and_drawn),
	};

	dbtest_begin("test_auth_password_old");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
