/*
 * test_clock.c - times and their texts.
 */
#include "base/clock.h"

#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define S(x)	((int64_t)(x) * US_PER_S)

static void
rfc3339_is_written(void **state UNUSED)
{
	static const struct { int64_t us; bool f; const char *want; } row[] = {
		{ 0, false, "1970-01-01T00:00:00Z" },
		{ S(1795253400), false, "2026-11-21T09:30:00Z" },
		{ S(1795253400) + 42, true, "2026-11-21T09:30:00.000042Z" },
		{ S(951782400), false, "2000-02-29T00:00:00Z" },
		{ S(1709251199) + 999999, true,
		    "2024-02-29T23:59:59.999999Z" },
		{ S(4107542400), false, "2100-03-01T00:00:00Z" },
		{ -1, true, "1969-12-31T23:59:59.999999Z" },
		{ -S(62167219200), false, "0000-01-01T00:00:00Z" },
		{ INT64_MAX, false, "9999-12-31T23:59:59Z" },
		{ INT64_MIN, false, "0000-01-01T00:00:00Z" },
	};
	char out[CLOCK_TEXT_MAX];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].want);
		assert_string_equal(clock_rfc3339(row[i].us, row[i].f, out),
		    row[i].want);
	}
}

static void
rfc3339_is_read(void **state UNUSED)
{
	static const struct { const char *s; int rc; int64_t us; } row[] = {
		{ "2026-11-21T09:30:00Z", 1, S(1795253400) },
		{ "2026-11-21t09:30:00z", 1, S(1795253400) },
		{ "2026-11-21T13:00:00+03:30", 1, S(1795253400) },
		{ "2026-11-21T01:30:00-08:00", 1, S(1795253400) },
		{ "2026-11-21T09:30:00.5Z", 1, S(1795253400) + 500000 },
		{ "2026-11-21T09:30:00.1234567899Z", 1,
		    S(1795253400) + 123456 },
		{ "1990-12-31T23:59:60Z", 1, S(662688000) },
		{ "1990-12-31T15:59:60-08:00", 1, S(662688000) },
		{ "2000-02-29T00:00:00Z", 1, S(951782400) },
		{ "1900-02-29T00:00:00Z", 0, 0 },
		{ "2026-02-29T00:00:00Z", 0, 0 },
		{ "2026-11-31T00:00:00Z", 0, 0 },
		{ "2026-13-01T00:00:00Z", 0, 0 },
		{ "2026-00-01T00:00:00Z", 0, 0 },
		{ "2026-11-00T00:00:00Z", 0, 0 },
		{ "2026-11-21T24:00:00Z", 0, 0 },
		{ "2026-11-21T09:60:00Z", 0, 0 },
		{ "2026-11-21T09:30:60Z", 0, 0 },
		{ "2026-11-21T09:30:61Z", 0, 0 },
		{ "2026-11-21T09:30:00", 0, 0 },
		{ "2026-11-21 09:30:00Z", 0, 0 },
		{ "2026-11-21T09:30Z", 0, 0 },
		{ "2026-11-21T09:30:00.Z", 0, 0 },
		{ "2026-11-21T09:30:00+0330", 0, 0 },
		{ "2026-11-21T09:30:00+24:00", 0, 0 },
		{ "2026-11-21T09:30:00Zx", 0, 0 },
		{ "26-11-21T09:30:00Z", 0, 0 }, { "", 0, 0 }, { "now", 0, 0 },
		{ "+026-11-21T09:30:00Z", 0, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		int64_t us = 0;

		print_message("%s\n", row[i].s);
		assert_int_equal(clock_parse(row[i].s, &us), row[i].rc);
		assert_true(us == row[i].us);
	}
}

static void
every_day_of_four_centuries_comes_back(void **state UNUSED)
{
	char out[CLOCK_TEXT_MAX];
	int64_t us;

	for (int64_t day = -80000; day < 80000; day++) {
		clock_rfc3339(S(day * 86400 + 86399), false, out);
		assert_int_equal(clock_parse(out, &us), 1);
		assert_true(us == S(day * 86400 + 86399));
	}
}

static void
the_library_agrees(void **state UNUSED)
{
	char out[CLOCK_TEXT_MAX], want[CLOCK_TEXT_MAX];

	for (int64_t s = -3000000000; s < 9000000000; s += 7654321) {
		time_t t = (time_t)s;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		strftime(want, sizeof(want), "%a, %d %b %Y %H:%M:%S +0000",
		    &tm);
		assert_string_equal(clock_rfc5322(S(s), out), want);
	}
}

static void
http_dates_are_exact(void **state UNUSED)
{
	static const struct { const char *s; int rc; int64_t us; } row[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 1, S(784111777) },
		{ "Sat, 21 Nov 2026 09:30:00 GMT", 1, S(1795253400) },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 0, 0 },
		{ "Sun Nov  6 08:49:37 1994", 0, 0 },
		{ "Sun, 6 Nov 1994 08:49:37 GMT", 0, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", 0, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMTx", 0, 0 },
		{ "Sun, 31 Feb 1994 08:49:37 GMT", 0, 0 },
		{ "Son, 06 Nov 1994 08:49:37 GMT", 0, 0 },
		{ "Sun, 06 Nob 1994 08:49:37 GMT", 0, 0 },
		{ "Sun", 0, 0 }, { "Sun,", 0, 0 }, { "Sun, 06 ", 0, 0 },
		{ "Sun, 06 Nov", 0, 0 }, { "", 0, 0 }, { "120", 0, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		int64_t us = 0;

		print_message("%s\n", row[i].s);
		assert_int_equal(clock_parse_http(row[i].s, &us), row[i].rc);
		assert_true(us == row[i].us);
	}
}

static void
tests_own_the_wall_clock_only(void **state UNUSED)
{
	int64_t before = clock_mono();

	clock_test_set(42);
	assert_true(clock_now() == 42);
	usleep(2000);
	assert_true(clock_now() == 42);
	assert_true(clock_mono() >= before + 2000);
	clock_test_set(0);
	assert_true(clock_now() > S(1700000000));
	assert_true(clock_now() < S(INT64_C(9000000000)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3339_is_written),
		cmocka_unit_test(rfc3339_is_read),
		cmocka_unit_test(every_day_of_four_centuries_comes_back),
		cmocka_unit_test(the_library_agrees),
		cmocka_unit_test(http_dates_are_exact),
		cmocka_unit_test(tests_own_the_wall_clock_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
