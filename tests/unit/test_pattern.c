/*
 * test_pattern.c - whole-string matches, bounded.
 */
#include "base/pattern.h"
#include "base/clock.h"

#include "dies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
named_patterns_match_whole_strings(void **state UNUSED)
{
	static const struct { enum pattern_id id; const char *s; bool ok; }
	    row[] = {
		{ PAT_ID, "a-Z_09", true }, { PAT_ID, "", false },
		{ PAT_ID, "a/b", false }, { PAT_ID, "a\n", false },
		{ PAT_ID, "a.b", false }, { PAT_ID, "\xd8\xb3", false },
		{ PAT_CODE, "012345", true }, { PAT_CODE, "12345", false },
		{ PAT_CODE, "12345a", false }, { PAT_CODE, "12345678901",
		    false },
		/* \d must not mean every digit of Unicode here */
		{ PAT_CODE, "\xdb\xb1\xdb\xb2\xdb\xb3\xdb\xb4\xdb\xb5\xdb\xb6",
		    false },
		{ PAT_REGISTER_ID, "abcdefghijklmnopqrstuv", true },
		{ PAT_REGISTER_ID, "abcdefghijklmnopqrstu", false },
		{ PAT_REGISTER_ID, "abcdefghijklmnopqrstu=", false },
		{ PAT_LOCALE, "fa", true }, { PAT_LOCALE, "fa-IR", true },
		{ PAT_LOCALE, "fa_IR", true }, { PAT_LOCALE, "zh-Hant-TW",
		    true }, { PAT_LOCALE, "es-419", true },
		{ PAT_LOCALE, "f", false }, { PAT_LOCALE, "fa-", false },
		{ PAT_LOCALE, "../x", false },
		{ PAT_DATE, "1399-12-31", true }, { PAT_DATE, "2026-13-01",
		    false }, { PAT_DATE, "2026-1-1", false },
		{ PAT_DATE, "2026-01-32", false },
		{ PAT_TOPIC, "order_42-A", true },
		{ PAT_TOPIC, "123456789012345678901234567890123", false },
		{ PAT_TOPIC, "a b", false },
		{ PAT_WORD, "order.paid", true }, { PAT_WORD, ".x", false },
		{ PAT_WORD, "", false },
		{ PAT_URL_HTTPS, "https://example.com", true },
		{ PAT_URL_HTTPS, "HTTPS://example.com:8443/a?b#c", true },
		{ PAT_URL_HTTPS, "https://localhost/x", true },
		{ PAT_URL_HTTPS, "http://example.com", false },
		{ PAT_URL_HTTPS, "https://", false },
		{ PAT_URL_HTTPS, "https:///x", false },
		{ PAT_URL_HTTPS, "https://user@example.com/", false },
		{ PAT_URL_HTTPS, "https://user:p@example.com/", false },
		{ PAT_URL_HTTPS, "https://exa mple.com/", false },
		{ PAT_URL_HTTPS, "https://example.com/a b", false },
		{ PAT_URL_HTTPS, "https://example.com/\r\nx", false },
		{ PAT_URL_HTTPS, "https://example.com\\@evil.example/", false },
		{ PAT_URL_HTTPS, "https://-a.com/", false },
		{ PAT_URL_HTTPS, "javascript:alert(1)", false },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("row %zu: %s\n", i, row[i].s);
		assert_int_equal(pattern_is(row[i].id, row[i].s), row[i].ok);
	}
}

static void
every_row_compiles_and_refuses_nothing_at_all(void **state UNUSED)
{
	for (unsigned i = 0; i < PAT_COUNT; i++)
		assert_false(pattern_is(i, ""));
}

static void
a_match_limit_is_no_match(void **state UNUSED)
{
	struct pattern *p = pattern_new("(a+)+b");
	int64_t before = clock_mono();
	char s[5001];

	memset(s, 'a', sizeof(s) - 1);
	s[sizeof(s) - 1] = '\0';
	assert_false(pattern_match(p, s, sizeof(s) - 1));
	/* Without the limit: longer than the universe is old. */
	assert_true(clock_mono() - before < 20 * US_PER_S);
	assert_true(pattern_match(p, "aab", 3));
	pattern_free(p);
}

static void
broken_text_is_no_match(void **state UNUSED)
{
	struct pattern *p = pattern_new(".*");

	assert_false(pattern_match(p, "\xff", 1));
	assert_false(pattern_match(p, "a\n", 2));
	assert_true(pattern_match(p, "a\0b", 3));
	assert_true(pattern_match(p, "abc", 2));
	pattern_free(p);
	pattern_free(NULL);
}

static void
break_it(void)
{
	pattern_free(pattern_new("(a"));
}

static void
a_broken_constant_ends_the_process(void **state UNUSED)
{
	char out[4096];

	assert_int_equal(dies(break_it, out, sizeof(out)), DIES_STATUS);
	assert_non_null(strstr(out, "(a at 2"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_patterns_match_whole_strings),
		cmocka_unit_test(every_row_compiles_and_refuses_nothing_at_all),
		cmocka_unit_test(a_match_limit_is_no_match),
		cmocka_unit_test(broken_text_is_no_match),
		cmocka_unit_test(a_broken_constant_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
