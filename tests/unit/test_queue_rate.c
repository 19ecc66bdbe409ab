/*
 * test_queue_rate.c - R8: whoever sends, no second holds more than an account may be
 * given, and hardly less.
 */
#include "queue/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "chance.h"

#define SECOND		1000000
#define LEFT_MAX	400000

static int64_t when[LEFT_MAX];
static size_t gone;

static int
earlier(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The most in any second, wherever it begins. */
static size_t
most_in_a_second(void)
{
	size_t most = 0, first = 0;

	qsort(when, gone, sizeof(when[0]), earlier);
	for (size_t i = 0; i < gone; i++) {
		while (when[i] - when[first] >= SECOND)
			first++;
		if (i - first + 1 > most)
			most = i - first + 1;
	}
	return most;
}

struct sender { struct rate_grant g; unsigned given, left;
	int64_t left_us, free_us; };

/* n workers that always have something, for `seconds`; each is late by up to
 * `late_us`, and every so often misses its grant. */
static void
run(unsigned workers, unsigned per_s, unsigned many, unsigned late_us,
    unsigned seconds, bool misses)
{
	struct sender w[8] = { { .free_us = 0 } };
	int64_t begin = INT64_C(1795300000) * SECOND, now = begin;
	struct rate r;

	rate_read(&r, NULL, 0);
	gone = 0;
	while (now < begin + (int64_t)seconds * SECOND) {
		for (unsigned i = 0; i < workers; i++) {
			struct sender *s = &w[i];
			unsigned want = many > 0 ? 1 + chance(many) :
			    1 + chance(64);

			if (now < s->free_us)
				continue;
			if (s->given > 0)
				rate_settle(&r, s->g.until_us, s->given,
				    s->left, s->left_us);
			s->given = s->left = 0;
			rate_take(&r, now, per_s, want, many > 0 ? want : 1,
			    &s->g);
			if (s->g.n == 0) {
				assert_true(s->g.next_us > now);
				s->free_us = s->g.next_us - RATE_AHEAD_US / 2;
				continue;
			}
			assert_true(s->g.from_us >= now);
			s->given = s->g.n;
			s->left_us = s->g.from_us + chance(late_us + 1);
			if (s->left_us > s->g.until_us)
				s->left_us = s->g.until_us;
			s->left = misses && chance(20) == 0 ? 0 : s->g.n;
			for (unsigned k = 0; k < s->left; k++) {
				assert_true(gone < LEFT_MAX);
				when[gone++] = s->left_us;
			}
			s->free_us = s->left_us;
		}
		now += 1000;
	}
}

static void
r8_no_second_holds_more_whoever_sends(void **state UNUSED)
{
	static const unsigned rates[] = { 1, 2, 10, 50, 80, 600 };

	for (size_t i = 0; i < COUNT_OF(rates); i++)
		for (unsigned workers = 1; workers <= 4; workers *= 2)
			for (unsigned late = 0; late <= 150000; late += 50000) {
				run(workers, rates[i], 0, late, 20, true);
				assert_in_range(most_in_a_second(), 1,
				    rates[i]);
				if (rates[i] < 600)
					continue;
				/* Requests of up to a hundred, part-filled. */
				run(workers, 600, 100, late, 20, true);
				assert_in_range(most_in_a_second(), 1, 600);
			}
}

static void
r8_hardly_less_is_used(void **state UNUSED)
{
	static const unsigned rates[] = { 10, 80, 600 };

	for (size_t i = 0; i < COUNT_OF(rates); i++)
		for (unsigned workers = 1; workers <= 4; workers *= 2) {
			run(workers, rates[i], 0, 5000, 60, false);
			print_message("%u a second, %u workers: %.1f\n",
			    rates[i], workers, (double)gone / 60);
			assert_true(gone >= rates[i] * 60 * 95 / 100);
			assert_in_range(most_in_a_second(), 1, rates[i]);
		}
}

static void
a_row_is_what_it_was(void **state UNUSED)
{
	uint8_t bytes[RATE_BYTES];
	struct rate_grant g;
	struct rate r, again;
	int64_t now = INT64_C(1795300000123456);

	rate_read(&r, NULL, 0);
	rate_take(&r, now, 600, 77, 1, &g);
	assert_int_equal(g.n, 77);
	rate_write(&r, bytes);
	rate_read(&again, bytes, sizeof(bytes));
	assert_memory_equal(&r, &again, sizeof(r));
	/* What is no such row is one that nothing went by. */
	rate_read(&again, bytes, sizeof(bytes) - 1);
	assert_int_equal(again.last_us, 0);
	/* And what did not leave is there again. */
	rate_take(&r, now, 600, 103, 103, &g);
	assert_int_equal(g.n, 103);
	rate_take(&r, now, 600, 1, 1, &g);
	assert_int_equal(g.n, 0);
	rate_settle(&r, now + RATE_VALID_US, 77, 0, 0);
	rate_take(&r, now, 600, 1, 1, &g);
	assert_int_equal(g.n, 1);
}

static void
a_clock_that_was_ahead_stops_nobody(void **state UNUSED)
{
	int64_t now = INT64_C(1795300000) * SECOND;
	struct rate_grant g;
	struct rate r;

	rate_read(&r, NULL, 0);
	rate_take(&r, now + INT64_C(86400) * SECOND, 10, 1, 1, &g);
	assert_int_equal(g.n, 1);
	rate_take(&r, now, 10, 1, 1, &g);
	assert_int_equal(g.n, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r8_no_second_holds_more_whoever_sends),
		cmocka_unit_test(r8_hardly_less_is_used),
		cmocka_unit_test(a_row_is_what_it_was),
		cmocka_unit_test(a_clock_that_was_ahead_stops_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
