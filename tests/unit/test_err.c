/*
 * test_err.c - a failure keeps what it was given, cut to size.
 */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
set_fills_everything_and_returns_minus_one(void **state UNUSED)
{
	struct err e;

	memset(&e, 0xff, sizeof(e));
	assert_int_equal(err_set(&e, ERR_CONFLICT, "too_many", "has %d", 7), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_string_equal(e.code, "too_many");
	assert_string_equal(e.detail, "has 7");
	assert_string_equal(e.field, "");
	assert_int_equal(e.sys, 0);
	assert_int_equal(e.retry_after_s, 0);
}

static void
long_texts_are_cut_not_overrun(void **state UNUSED)
{
	char text[1000];
	struct err e;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_field(&e, text, text, "%s", text);
	assert_int_equal(strlen(e.code), sizeof(e.code) - 1);
	assert_int_equal(strlen(e.field), sizeof(e.field) - 1);
	assert_int_equal(strlen(e.detail), sizeof(e.detail) - 1);
	errno = EACCES;
	err_errno(&e, text, "%s", text);
	assert_int_equal(strlen(e.detail), sizeof(e.detail) - 1);
	assert_int_equal(e.sys, EACCES);
}

static void
field_names_the_member_at_fault(void **state UNUSED)
{
	struct err e;

	assert_int_equal(err_field(&e, "email", "invalid", "no @"), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.field, "email");
}

static void
errno_survives_the_formatting(void **state UNUSED)
{
	struct err e;

	errno = ENOENT;
	assert_int_equal(err_errno(&e, "file_unreadable", "%s", "/x"), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(e.sys, ENOENT);
	assert_string_equal(e.detail, "/x: errno 2");
}

static void
a_throttle_waits_at_least_a_second(void **state UNUSED)
{
	static const struct { int asked, want; } row[] = {
		{ -5, 1 }, { 0, 1 }, { 1, 1 }, { 90, 90 },
	};
	struct err e;

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		assert_int_equal(err_throttled(&e, "slow", row[i].asked), -1);
		assert_int_equal(e.kind, ERR_THROTTLED);
		assert_int_equal(e.retry_after_s, row[i].want);
	}
}

static void
clear_leaves_nothing(void **state UNUSED)
{
	struct err e, zero;

	memset(&zero, 0, sizeof(zero));
	err_set(&e, ERR_AUTH, "x", "y");
	err_clear(&e);
	assert_memory_equal(&e, &zero, sizeof(e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_fills_everything_and_returns_minus_one),
		cmocka_unit_test(long_texts_are_cut_not_overrun),
		cmocka_unit_test(field_names_the_member_at_fault),
		cmocka_unit_test(errno_survives_the_formatting),
		cmocka_unit_test(a_throttle_waits_at_least_a_second),
		cmocka_unit_test(clear_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
