/*
 * test_burst.c - who sends many is told from who sends a few, and it is
 * forgotten soon.
 */
#include "base/burst.h"
#include "base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NOW	(INT64_C(1000) * US_PER_S)

static void
r9_a_few_at_once_are_not_many(void **state UNUSED)
{
	_Atomic int64_t word = 0;

	for (int i = 0; i < 100; i++)
		assert_false(burst_over(&word, 100, 20, NOW));
	for (int i = 0; i < 1000; i++)
		assert_true(burst_over(&word, 100, 20, NOW));
}

static void
r9_at_the_rate_it_goes_on_for_ever(void **state UNUSED)
{
	_Atomic int64_t word = 0;

	for (int i = 0; i < 10000; i++)
		assert_false(burst_over(&word, 100, 20, NOW +
		    i * US_PER_S / 20));
}

static void
r9_whoever_had_many_is_forgiven_in_two_bursts_time(void **state UNUSED)
{
	_Atomic int64_t word = 0;

	for (int i = 0; i < 1000000; i++)
		(void)burst_over(&word, 100, 20, NOW);
	assert_true(burst_over(&word, 100, 20, NOW + 4 * US_PER_S));
	assert_false(burst_over(&word, 100, 20, NOW + 11 * US_PER_S));
}

static _Atomic int64_t shared;
static _Atomic int few;

static void *
ask(void *arg)
{
	for (int i = 0; i < 1000; i++)
		if (!burst_over(&shared, 100, 20, NOW))
			atomic_fetch_add(&few, 1);
	return arg;
}

static void
r9_those_who_ask_together_are_counted_together(void **state UNUSED)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, ask, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(few, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r9_a_few_at_once_are_not_many),
		cmocka_unit_test(r9_at_the_rate_it_goes_on_for_ever),
		cmocka_unit_test(
		    r9_whoever_had_many_is_forgiven_in_two_bursts_time),
		cmocka_unit_test(
		    r9_those_who_ask_together_are_counted_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
