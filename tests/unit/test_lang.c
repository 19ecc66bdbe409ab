/*
 * test_lang.c - base/lang: which language, and the table of sentences.
 */
#include "base/arena.h"
#include "base/lang.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* RFC 9110 §12.5.4, §12.4.2. */
static void
the_header_is_weighed(void **state UNUSED)
{
	static const struct { const char *header; enum lang want; } row[] = {
		{ "", LANG_EN },
		{ "fa", LANG_FA }, { "FA", LANG_FA }, { "fa-IR", LANG_FA },
		{ "fa-Arab-IR;q=0.3", LANG_FA }, { "en-GB", LANG_EN },
		{ "fa-IR,fa;q=0.9,en-US;q=0.8,en;q=0.7", LANG_FA },
		{ "en-US,en;q=0.9,fa;q=0.8", LANG_EN },
		{ "en;q=0.5, fa;q=0.9", LANG_FA },
		{ "fa;q=0.899,en;q=0.9", LANG_EN },
		{ "fa;q=1.000,en;q=0.999", LANG_FA },
		/* equal: the first named */
		{ "fa,en", LANG_FA }, { "en,fa", LANG_EN },
		{ "en;q=0.4,fa;q=0.4", LANG_EN },
		/* refused */
		{ "fa;q=0", LANG_EN }, { "fa;q=0.000, en;q=0.001", LANG_EN },
		{ "en;q=0, fa;q=0.001", LANG_FA }, { "fa;q=0,*", LANG_EN },
		{ "en;q=0,*", LANG_FA }, { "en;q=0,fa;q=0", LANG_EN },
		{ "en;q=0", LANG_EN },
		/* anything */
		{ "*", LANG_EN }, { "*;q=0.1", LANG_EN }, { "*,fa", LANG_FA },
		{ "fa;q=0.5,*;q=0.9", LANG_EN }, { "*;q=0,fa", LANG_FA },
		/* none of ours */
		{ "de", LANG_EN }, { "de,fr;q=0.9,fa;q=0.1", LANG_FA },
		/* begins alike */
		{ "fao", LANG_EN }, { "far-IR", LANG_EN }, { "f", LANG_EN },
		{ "fil,ar", LANG_EN },
		/* white space and empty members */
		{ " , ,fa\t;\tq=0.5 , ", LANG_FA }, { ",,,", LANG_EN },
		{ "\tfa ", LANG_FA }, { "fa;Q=0.7,en;q=0.6", LANG_FA },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (lang_of_header(row[i].header) != row[i].want)
			fail_msg("\"%s\"", row[i].header);
}

/* What cannot be read is passed over, and the rest still counts. */
static void
malformed_ranges_are_passed_over(void **state UNUSED)
{
	static const char *const broken[] = { "fa;q=2", "fa;q=-1", "fa;q=",
		"fa;q=0.1234", "fa;q=1.001", "fa;q=.5", "fa;q=0,5x", "fa;",
		"fa;level=1", "fa q=1", "fa_IR", "fa;q=1;q=0", "fa;q", ";q=1",
		"fa;q=1e3", "fa;q=NaN", "\"fa\"", "fa/en", "fa;;q=1",
		"\xd9\x81\xd8\xa7" };

	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		char more[64];

		snprintf(more, sizeof(more), "%s, en;q=0.1", broken[i]);
		if (lang_of_header(more) != LANG_EN)
			fail_msg("\"%s\"", more);
		snprintf(more, sizeof(more), "%s, fa;q=0.1", broken[i]);
		if (lang_of_header(more) != LANG_FA)
			fail_msg("\"%s\"", more);
	}
}

static void
a_long_header_is_read_to_its_end(void **state UNUSED)
{
	static char header[16 * 1024];
	size_t n = 0;

	while (n + 16 < sizeof(header))
		n += (size_t)snprintf(header + n, 16, "de;q=0.5,");
	snprintf(header + n, sizeof(header) - n, "fa;q=0.1");
	assert_int_equal(lang_of_header(header), LANG_FA);
	memset(header, ',', sizeof(header) - 1);
	assert_int_equal(lang_of_header(header), LANG_EN);
	memset(header, 'f', sizeof(header) - 1);
	assert_int_equal(lang_of_header(header), LANG_EN);
}

static void
a_locale_is_of_its_language(void **state UNUSED)
{
	static const struct { const char *locale; int rc; enum lang want; }
	    row[] = {
		{ "fa", 1, LANG_FA }, { "fa-IR", 1, LANG_FA },
		{ "fa_IR", 1, LANG_FA }, { "FA", 1, LANG_FA },
		{ "en-US", 1, LANG_EN }, { "de", 0, LANG_EN },
		{ "far", 0, LANG_EN }, { "", 0, LANG_EN }, { NULL, 0, LANG_EN },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		enum lang l = LANG_EN;

		assert_int_equal(lang_of_locale(row[i].locale, &l), row[i].rc);
		assert_int_equal(l, row[i].want);
	}
}

/* Only a wish that messages need is kept. */
static void
a_new_account_keeps_a_wish_for_persian(void **state UNUSED)
{
	assert_string_equal(lang_to_keep("fa-IR,en;q=0.5"), "fa");
	assert_null(lang_to_keep("en-US,en;q=0.9,fa;q=0.8"));
	assert_null(lang_to_keep(""));
}

static void
a_number_is_written_as_its_readers_do(void **state UNUSED)
{
	char out[LANG_NUMBER_MAX];

	lang_number(out, LANG_EN, 1405);
	assert_string_equal(out, "1405");
	lang_number(out, LANG_FA, 1405);
	assert_string_equal(out, "۱۴۰۵");
	lang_number(out, LANG_FA, UINT64_MAX);
	assert_string_equal(out, "۱۸۴۴۶۷۴۴۰۷۳۷۰۹۵۵۱۶۱۵");
	lang_number(out, LANG_FA, 0);
	assert_string_equal(out, "۰");
}

/* --- the table --------------------------------------------------------------- */

/* The conversions of a format by argument: "1=zu 2=d ". */
static void
conversions(const char *s, char out[256])
{
	const char *of[10] = { NULL };
	int len[10] = { 0 }, next = 0;
	size_t used = 0;

	for (s = strchr(s, '%'); s != NULL; s = strchr(s, '%')) {
		int n, digits = 0;

		if (*++s == '%') {
			s++;
			continue;
		}
		if (sscanf(s, "%d$%n", &n, &digits) == 1 && digits > 0)
			s += digits;
		else
			n = ++next;
		assert_in_range(n, 1, 9);
		assert_null(of[n]);
		of[n] = s;
		len[n] = (int)strcspn(s, "diuoxcsp") + 1;
		s += len[n];
	}
	out[0] = '\0';
	for (int i = 1; i < 10; i++)
		if (of[i] != NULL)
			used += (size_t)snprintf(out + used, 256 - used,
			    "%d=%.*s ", i, len[i], of[i]);
}

/* S73: each is there, with placeholders of the same types. */
static void
s73_each_sentence_is_in_each_language(void **state UNUSED)
{
	char want[256], got[256];

	assert_true(lang_rows_count > 200);
	for (size_t i = 0; i < lang_rows_count; i++) {
		const char *en = lang_rows[i].in[LANG_EN];

		conversions(en, want);
		for (enum lang l = 0; l < LANGS; l++) {
			const char *s = lang_rows[i].in[l];

			if (s == NULL || s[0] == '\0')
				fail_msg("\"%s\" is not in %s", en,
				    lang_tag(l));
			conversions(s, got);
			if (strcmp(want, got) != 0)
				fail_msg("\"%s\" has other placeholders in %s",
				    en, lang_tag(l));
			assert_ptr_equal(lang_say(l, en), l == LANG_EN ? en :
			    s);
		}
	}
}

/* Or lang_say does not find them. */
static void
the_rows_are_in_order(void **state UNUSED)
{
	for (size_t i = 1; i < lang_rows_count; i++)
		if (strcmp(lang_rows[i - 1].in[LANG_EN],
		    lang_rows[i].in[LANG_EN]) >= 0)
			fail_msg("\"%s\": run scripts/check-words --sort",
			    lang_rows[i].in[LANG_EN]);
}

static void
what_has_no_row_is_said_in_english(void **state UNUSED)
{
	assert_string_equal(lang_say(LANG_FA, "no such row"), "no such row");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_is_weighed),
		cmocka_unit_test(malformed_ranges_are_passed_over),
		cmocka_unit_test(a_long_header_is_read_to_its_end),
		cmocka_unit_test(a_locale_is_of_its_language),
		cmocka_unit_test(a_new_account_keeps_a_wish_for_persian),
		cmocka_unit_test(a_number_is_written_as_its_readers_do),
		cmocka_unit_test(s73_each_sentence_is_in_each_language),
		cmocka_unit_test(the_rows_are_in_order),
		cmocka_unit_test(what_has_no_row_is_said_in_english),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
