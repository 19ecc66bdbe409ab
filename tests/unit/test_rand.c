/*
 * test_rand.c - chance: nobody shares it, nothing leans.
 *
 * The statistical bounds below fail by accident less than once in 10^9 runs.
 */
#include "base/rand.h"
#include "base/clock.h"

#include "dies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
fills_exactly_what_was_asked(void **state UNUSED)
{
	static const size_t row[] = { 0, 1, 7, 16, 255, 256, 257, 4092, 4096,
		70000 };
	static unsigned char b[70002];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		size_t n = row[i], zeros = 0;

		print_message("%zu bytes\n", n);
		memset(b, 0, sizeof(b));
		b[n + 1] = 0x5a;
		rand_fill(b + 1, n);
		assert_int_equal(b[0], 0);
		assert_int_equal(b[n + 1], 0x5a);
		for (size_t k = 1; k <= n; k++)
			zeros += b[k] == 0;
		/* The mean is n/256; sixteen zeros in a row never happen. */
		assert_true(zeros <= n / 256 + 6 * n / 100 + 16);
		if (n >= 16)
			assert_true(zeros < n);
	}
}

static int
compare16(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void
nothing_comes_twice(void **state UNUSED)
{
	static unsigned char got[20000][16];

	for (size_t i = 0; i < COUNT_OF(got); i++)
		rand_fill(got[i], 16);
	qsort(got, COUNT_OF(got), 16, compare16);
	for (size_t i = 1; i < COUNT_OF(got); i++)
		assert_memory_not_equal(got[i - 1], got[i], 16);
}

/* Parent and children draw after a fork that called no handler of ours. */
static void
forks_share_no_bytes(void **state UNUSED)
{
	unsigned char got[9][32];
	int fd[2];

	rand_fill(got[8], 32);		/* the page is filled before */
	assert_int_equal(pipe(fd), 0);
	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			unsigned char b[32];

			rand_fill(b, sizeof(b));
			_exit(write(fd[1], b, sizeof(b)) == 32 ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(read(fd[0], got[i], 32), 32);
	}
	rand_fill(got[8], 32);
	for (int i = 0; i < 9; i++)
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(got[i], got[k], 32);
	close(fd[0]);
	close(fd[1]);
}

static void
after_fork_starts_afresh(void **state UNUSED)
{
	unsigned char a[32], b[32];

	rand_fill(a, sizeof(a));
	rand_after_fork();
	rand_fill(b, sizeof(b));
	assert_memory_not_equal(a, b, 32);
}

static void
s28_below_is_uniform(void **state UNUSED)
{
	static const uint32_t bound[] = { 1, 2, 3, 6, 10, 100 };

	for (size_t i = 0; i < COUNT_OF(bound); i++) {
		unsigned count[100] = { 0 };
		double chi = 0, mean = 60000.0 / bound[i];

		for (int k = 0; k < 60000; k++) {
			uint32_t x = rand_below(bound[i]);

			assert_true(x < bound[i]);
			count[x]++;
		}
		for (uint32_t x = 0; x < bound[i]; x++)
			chi += (count[x] - mean) * (count[x] - mean) / mean;
		print_message("bound %u: chi-squared %.1f\n", bound[i], chi);
		/* 99 degrees of freedom pass 225 once in 10^11 runs; few
		 * degrees are below 60 as surely. */
		assert_true(chi < (bound[i] > 10 ? 225 : 75));
	}
	assert_int_equal(rand_below(0), 0);
	/* Three quarters of 2^32: plain modulo would favour the lowest third
	 * two to one. */
	{
		unsigned low = 0;

		for (int k = 0; k < 30000; k++)
			low += rand_below(0xc0000000u) < 0x40000000u;
		assert_in_range(low, 9400, 10600);
	}
}

static void
s28_codes_are_padded_digits(void **state UNUSED)
{
	unsigned lead_zero = 0;
	char code[11];

	for (int i = 0; i < 5000; i++) {
		rand_code(code, 6);
		assert_int_equal(strlen(code), 6);
		assert_int_equal(strspn(code, "0123456789"), 6);
		lead_zero += code[0] == '0';
	}
	assert_in_range(lead_zero, 350, 660);
}

static void
ids_order_by_time_and_stay_positive(void **state UNUSED)
{
	/* 2026-11-21T09:30:00.123Z */
	const int64_t t = INT64_C(1795253400123000);
	uint64_t a, b;

	clock_test_set(t);
	a = rand_id();
	assert_true(a >> 22 == (uint64_t)(t / 1000 - INT64_C(1704067200000)));
	clock_test_set(t + 1000);
	b = rand_id();
	assert_true(b > a);
	/* A wrong clock, and the end of the 41 bits. */
	clock_test_set(1);
	assert_true(rand_id() >> 22 == 0);
	clock_test_set((INT64_C(1704067200000) + (INT64_C(1) << 41) - 1) *
	    1000);
	assert_true(rand_id() <= INT64_MAX);
	clock_test_set(0);
}

static void
ids_of_one_millisecond_rarely_meet(void **state UNUSED)
{
	uint64_t seen[64];
	unsigned same = 0;

	clock_test_set(INT64_C(1795253400123000));
	for (size_t i = 0; i < COUNT_OF(seen); i++) {
		seen[i] = rand_id();
		for (size_t k = 0; k < i; k++)
			same += seen[k] == seen[i];
	}
	clock_test_set(0);
	assert_true(same <= 3);
}

static void
tokens_are_base64url(void **state UNUSED)
{
	char out[64];

	rand_token(out, sizeof(out), 32);
	assert_int_equal(strlen(out), 43);
	assert_int_equal(strspn(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
	    "mnopqrstuvwxyz0123456789-_"), 43);
}

static void
token_without_room(void)
{
	char out[43];

	rand_token(out, sizeof(out), 32);
}

static void
a_token_without_room_ends_the_process(void **state UNUSED)
{
	char out[4096];

	assert_int_equal(dies(token_without_room, out, sizeof(out)),
	    DIES_STATUS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_exactly_what_was_asked),
		cmocka_unit_test(nothing_comes_twice),
		cmocka_unit_test(forks_share_no_bytes),
		cmocka_unit_test(after_fork_starts_afresh),
		cmocka_unit_test(s28_below_is_uniform),
		cmocka_unit_test(s28_codes_are_padded_digits),
		cmocka_unit_test(ids_order_by_time_and_stay_positive),
		cmocka_unit_test(ids_of_one_millisecond_rarely_meet),
		cmocka_unit_test(tokens_are_base64url),
		cmocka_unit_test(a_token_without_room_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
