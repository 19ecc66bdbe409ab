/*
 * test_reason.c - base/reason: every reason has its sentence.
 */
#include "base/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void
a_word_is_found_before_its_family(void **state UNUSED)
{
	static const struct { const char *word, *row; } row[] = {
		{ "gone", "gone" }, { "smtp_550_5_1_1", "smtp_550_5_1_1" },
		{ "smtp_550_5_1_2", "smtp_*" }, { "smtp_login", "smtp_login" },
		{ "kavenegar_418", "kavenegar_*" },
		{ "kavenegar_http_403", "kavenegar_http_*" },
		{ "not_reached_dns_failed", "not_reached_*" },
		{ "push_413", "push_*" }, { "push_dropped", "push_dropped" },
		/* of a family, but nothing after it; near misses */
		{ "smtp_", NULL }, { "smtp", NULL }, { "gon", NULL },
		{ "gonee", NULL }, { "unknown", NULL }, { "", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		const struct reason *r = reason_find(row[i].word);

		if (row[i].row == NULL ? r != NULL : r == NULL ||
		    strcmp(r->word, row[i].row) != 0)
			fail_msg("\"%s\" is found as %s", row[i].word,
			    r == NULL ? "nothing" : r->word);
	}
}

static void
each_says_something_in_each_language(void **state UNUSED)
{
	for (size_t i = 0; i < reasons_count; i++) {
		const struct reason *r = &reasons[i];
		size_t n = strlen(r->word), en = strlen(r->in[LANG_EN]);

		/* The column has 40 characters; a family needs some. */
		if (n < 3 || n > (r->word[n - 1] == '*' ? 30 : 40) ||
		    strspn(r->word, "abcdefghijklmnopqrstuvwxyz0123456789_*")
		    != n || en < 10 || r->in[LANG_EN][en - 1] != '.' ||
		    strlen(r->in[LANG_FA]) < 10 ||
		    strstr(r->in[LANG_FA], "\xd9") == NULL)
			fail_msg("row %s", r->word);
		for (size_t k = 0; k < i; k++)
			if (strcmp(reasons[k].word, r->word) == 0)
				fail_msg("%s is there twice", r->word);
	}
}

static void
what_is_said(void **state UNUSED)
{
	assert_string_equal(reason_say(LANG_EN, ""), "");
	assert_string_equal(reason_say(LANG_EN, NULL), "");
	assert_string_equal(reason_say(LANG_FA, "no such"), "no such");
	assert_string_equal(reason_say(LANG_EN, "smtp_552_5_2_2"),
	    "The mailbox is full.");
	assert_string_not_equal(reason_say(LANG_FA, "gone"),
	    reason_say(LANG_EN, "gone"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_found_before_its_family),
		cmocka_unit_test(each_says_something_in_each_language),
		cmocka_unit_test(what_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
