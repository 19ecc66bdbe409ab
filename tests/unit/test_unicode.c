/*
 * test_unicode.c - Form C, by the examples of UAX #15.
 */
#include "base/unicode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
text_is_composed_in_canonical_order(void **state UNUSED)
{
	static const struct { const char *in, *out; } row[] = {
		{ "", "" }, { "plain ASCII ~", "plain ASCII ~" },
		{ "\xe2\x84\xab", "\xc3\x85" },		/* the ångström sign */
		{ "A\xcc\x8a", "\xc3\x85" },
		{ "\xc3\x85", "\xc3\x85" },
		/* two marks, in either order */
		{ "s\xcc\xa3\xcc\x87", "\xe1\xb9\xa9" },
		{ "s\xcc\x87\xcc\xa3", "\xe1\xb9\xa9" },
		/* a ligature is no canonical equivalent */
		{ "\xef\xac\x81", "\xef\xac\x81" },
		{ "2\xc2\xb2", "2\xc2\xb2" },
		/* Persian: alef and madda; Hangul: three jamo */
		{ "\xd8\xa7\xd9\x93", "\xd8\xa2" },
		{ "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", "\xea\xb0\x81" },
		/* no UTF-8: as it is */
		{ "a\xcc", "a\xcc" }, { "\xff\xfe", "\xff\xfe" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		char *got = unicode_nfc(row[i].in), *again;

		if (strcmp(got, row[i].out) != 0)
			fail_msg("row %zu", i);
		again = unicode_nfc(got);
		assert_string_equal(again, got);
		free(again);
		free(got);
	}
}

/* Form C of some characters is three times as long. */
static void
what_grows_is_whole(void **state UNUSED)
{
	char in[4 * 256 + 1], *got;

	for (size_t i = 0; i < 256; i++)
		memcpy(in + 4 * i, "\xf0\x9d\x85\xa0", 4);	/* U+1D160 */
	in[sizeof(in) - 1] = '\0';
	got = unicode_nfc(in);
	assert_int_equal(strlen(got), 3 * 4 * 256);
	free(got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_composed_in_canonical_order),
		cmocka_unit_test(what_grows_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
