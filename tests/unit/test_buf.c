/*
 * test_buf.c - growing bytes under a ceiling.
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
grows_and_keeps_its_end(void **state UNUSED)
{
	struct buf b;

	buf_init(&b, 100000);
	assert_string_equal(buf_text(&b), "");
	for (int i = 0; i < 10000; i++) {
		buf_printf(&b, "%d,", i % 10);
		assert_int_equal(b.p[b.len], '\0');
	}
	assert_int_equal(b.len, 20000);
	assert_false(b.over);
	assert_memory_equal(b.p + 19996, "8,9,", 5);
	buf_fini(&b);
}

static void
the_ceiling_is_exact(void **state UNUSED)
{
	static const struct { size_t max, n; bool over; } row[] = {
		{ 0, 0, false }, { 0, 1, true }, { 1, 1, false },
		{ 255, 255, false }, { 256, 256, false }, { 256, 257, true },
		{ 1000, 1000, false }, { 1000, 1001, true },
	};
	char x[2000];

	memset(x, 'x', sizeof(x));
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct buf b;

		print_message("row %zu\n", i);
		buf_init(&b, row[i].max);
		buf_add(&b, x, row[i].n);
		assert_int_equal(b.over, row[i].over);
		assert_int_equal(b.len, row[i].over ? 0 : row[i].n);
		assert_int_equal(strlen(buf_text(&b)), b.len);
		buf_fini(&b);
	}
}

static void
what_does_not_fit_is_dropped_and_remembered(void **state UNUSED)
{
	struct buf b;

	buf_init(&b, 5);
	buf_str(&b, "abc");
	buf_printf(&b, "%s", "defg");
	assert_true(b.over);
	assert_string_equal(buf_text(&b), "abc");
	buf_char(&b, 'd');
	assert_string_equal(buf_text(&b), "abcd");
	assert_true(b.over);
	buf_fini(&b);
}

static void
reset_wipes_and_keeps_the_memory(void **state UNUSED)
{
	struct buf b;
	char *p;

	buf_init(&b, 100);
	buf_str(&b, "secret");
	p = b.p;
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_memory_equal(p, "\0\0\0\0\0\0", 6);
	assert_string_equal(buf_text(&b), "");
	buf_str(&b, "x");
	assert_ptr_equal(b.p, p);
	buf_fini(&b);
	assert_null(b.p);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_keeps_its_end),
		cmocka_unit_test(the_ceiling_is_exact),
		cmocka_unit_test(what_does_not_fit_is_dropped_and_remembered),
		cmocka_unit_test(reset_wipes_and_keeps_the_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
