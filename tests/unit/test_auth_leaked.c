/*
 * test_auth_leaked.c - the filter of leaked passwords: misses none, rarely
 * errs the other way, and shows when it is damaged.
 */
#include "auth_case.h"
#include "auth/leaked.h"
#include "auth/password.h"
#include "base/file.h"

static char path[120];

static void
build(unsigned n)
{
	FILE *f = tmpfile();
	struct err e = ERR_INIT;
	uint64_t got = 0;

	assert_non_null(f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "Leaked-%u!\n", i);
	fputs("Leaked-0!\r\n\n"
	    /* SHA-1 of "Tr0ub4dor&3", as such lists have it */
	    "874572E7A5AE6A49466A6AC578B98ADBA78C6AA6:12\n", f);
	rewind(f);
	if (leaked_build(f, path, &got, &e) < 0)
		fail_msg("%s", e.detail);
	assert_int_equal(got, n + 1);
	fclose(f);
}

static void
s54_none_is_missed_and_few_are_refused_by_mistake(void **state UNUSED)
{
	static const unsigned sizes[] = { 1, 2, 3, 10, 100, 3000, 200000 };
	char word[40];

	for (size_t s = 0; s < COUNT_OF(sizes); s++) {
		struct err e = ERR_INIT;
		struct leaked *l;
		unsigned wrong = 0;

		build(sizes[s]);
		if (leaked_open(path, &l, &e) < 0)
			fail_msg("%s", e.detail);
		assert_int_equal(leaked_count(l), sizes[s] + 1);
		assert_true(leaked_has(l, "Tr0ub4dor&3"));
		for (unsigned i = 0; i < sizes[s]; i++) {
			snprintf(word, sizeof(word), "Leaked-%u!", i);
			if (!leaked_has(l, word))
				fail_msg("%u: misses %s", sizes[s], word);
		}
		for (unsigned i = 0; i < 200000; i++) {
			snprintf(word, sizeof(word), "Other-%u!", i);
			wrong += leaked_has(l, word);
		}
		/* Three of 200,000 are expected. */
		if (wrong > 20)
			fail_msg("%u: %u by mistake", sizes[s], wrong);
		leaked_close(l);
	}
}

static void
s54_damage_is_seen_when_it_is_opened(void **state UNUSED)
{
	struct arena *mem = arena_new((size_t)1 << 22);
	struct err e = ERR_INIT;
	struct leaked *l;
	char *p;
	size_t n;

	build(1000);
	ok(file_read(mem, path, (size_t)1 << 20, &p, &n, e));
	for (size_t i = 0; i < n; i += i < 128 ? 1 : 97) {
		p[i] ^= 4;
		ok(file_write(path, p, n, 0600, e));
		if (leaked_open(path, &l, &e) == 0)
			fail_msg("byte %zu of %zu was not missed", i, n);
		p[i] ^= 4;
	}
	for (size_t cut = 0; cut < n; cut += 61) {
		ok(file_write(path, p, cut, 0600, e));
		if (leaked_open(path, &l, &e) == 0)
			fail_msg("cut at %zu was not missed", cut);
	}
	assert_int_equal(e.kind, ERR_CONFIG);
	arena_free(mem);
}

static void
s54_the_rule_asks_the_file(void **state UNUSED)
{
	build(10);
	case_config("GATEPOST_LEAKED_FILE", path);
	code_is("password_leaked", password_rule("p", "Leaked-7!", NULL, e));
	ok(password_rule("p", "A12345678a@", NULL, e));
	/* Damaged later: the one that was whole stays in use. */
	ok(file_write(path, "x", 1, 0600, e));
	code_is("password_leaked", password_rule("p", "Leaked-7!", NULL, e));
	case_config("GATEPOST_LEAKED_FILE", "");
	ok(password_rule("p", "Leaked-7!", NULL, e));
}

static int
begin(void **state)
{
	int rc = case_setup(state);

	snprintf(path, sizeof(path), "%s/leaked", case_dir);
	return rc;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    s54_none_is_missed_and_few_are_refused_by_mistake),
		cmocka_unit_test(s54_damage_is_seen_when_it_is_opened),
		cmocka_unit_test(s54_the_rule_asks_the_file),
	};

	dbtest_begin("test_auth_leaked");
	return cmocka_run_group_tests(tests, begin, case_teardown);
}
