/*
 * test_channel_sms_text.c - segments as networks count them.
 */
#include "channel_case.h"
#include "channel/sms_text.h"

static const char *
times(size_t n, const char *s)
{
	struct buf b;
	const char *t;

	buf_init(&b, 8192);
	for (size_t i = 0; i < n; i++)
		buf_str(&b, s);
	t = arena_strdup(cc.a, buf_text(&b));
	buf_fini(&b);
	return t;
}

static void
segments_are_counted_by_alphabet(void **state UNUSED)
{
	static const struct { const char *unit; size_t n; bool ucs2;
	    unsigned units, segments; } row[] = {
		{ "a", 0, false, 0, 0 }, { "a", 1, false, 1, 1 },
		{ "a", 160, false, 160, 1 }, { "a", 161, false, 161, 2 },
		{ "a", 306, false, 306, 2 }, { "a", 307, false, 307, 3 },
		/* The extension table: two septets each, never torn. */
		{ "€", 80, false, 160, 1 }, { "€", 81, false, 162, 2 },
		{ "{", 76, false, 152, 1 }, { "[", 153, false, 306, 3 },
		{ "@£$¥èéùìòÇ", 16, false, 160, 1 },
		{ "Ä", 160, false, 160, 1 }, { "à", 161, false, 161, 2 },
		/* Not in the alphabet: everything is UCS-2, nothing lost. */
		{ "ç", 1, true, 1, 1 }, { "`", 1, true, 1, 1 },
		{ "س", 70, true, 70, 1 }, { "س", 71, true, 71, 2 },
		{ "س", 134, true, 134, 2 }, { "س", 135, true, 135, 3 },
		/* Surrogate pairs: two units, never torn. */
		{ "🎉", 35, true, 70, 1 }, { "🎉", 36, true, 72, 2 },
		{ "🎉", 66, true, 132, 2 }, { "🎉", 67, true, 134, 3 },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct sms_size s;

		sms_measure(times(row[i].n, row[i].unit), &s);
		print_message("%zu × %s\n", row[i].n, row[i].unit);
		assert_int_equal(s.ucs2, row[i].ucs2);
		assert_int_equal(s.units, row[i].units);
		assert_int_equal(s.segments, row[i].segments);
	}
}

static void
one_strange_character_changes_the_alphabet(void **state UNUSED)
{
	struct sms_size s;

	sms_measure(arena_printf(cc.a, "%sی", times(69, "a")), &s);
	assert_true(s.ucs2);
	assert_int_equal(s.segments, 1);
	sms_measure(arena_printf(cc.a, "%sی", times(70, "a")), &s);
	assert_int_equal(s.segments, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_are_counted_by_alphabet),
		cmocka_unit_test(one_strange_character_changes_the_alphabet),
	};

	return cmocka_run_group_tests(tests, cc_setup, NULL);
}
