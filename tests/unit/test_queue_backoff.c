/*
 * When to try again, and whose turn it is.
 */
#include "dbtest.h"

#include "queue/backoff.h"
#include "queue/turns.h"

static void
backoff_grows_then_levels(void **state)
{
	static const struct { unsigned tries; int64_t bound_s; } row[] = {
		{ 0, 2 }, { 1, 2 }, { 2, 4 }, { 3, 8 }, { 4, 16 }, { 9, 512 },
		{ 10, 900 }, { 11, 900 }, { 60, 900 }, { 65535, 900 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (backoff_bound_us(row[i].tries) !=
		    row[i].bound_s * US_PER_S)
			fail_msg("%u tries: %" PRId64 " us", row[i].tries,
			    backoff_bound_us(row[i].tries));
}

static void
jitter_is_full_between_floor_and_bound(void **state)
{
	int64_t least = INT64_MAX, most = 0, sum = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t us = backoff_us(4, 3 * US_PER_S, 3600 * US_PER_S);

		assert_in_range(us, 3 * US_PER_S, 19 * US_PER_S);
		least = us < least ? us : least;
		most = us > most ? us : most;
		sum += us;
	}
	/* Uniform over 16 s: a narrower spread would not be full jitter. */
	assert_true(least < 3 * US_PER_S + 100000);
	assert_true(most > 19 * US_PER_S - 100000);
	assert_in_range(sum / 20000, 10700000, 11300000);
}

static void
the_expiry_is_the_ceiling_and_retry_after_the_floor(void **state)
{
	static const struct { int64_t floor_s, left_s; bool expired; } row[] = {
		{ 0, 10, false }, { 9, 10, false }, { 10, 10, true },
		{ 11, 10, true }, { 0, 0, true }, { 0, -5, true },
		{ 900, 899, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++)
		for (int k = 0; k < 200; k++) {
			int64_t us = backoff_us(12, row[i].floor_s * US_PER_S,
			    row[i].left_s * US_PER_S);

			if (row[i].expired ? us != -1 :
			    us < row[i].floor_s * US_PER_S ||
			    us > row[i].left_s * US_PER_S)
				fail_msg("row %zu: %" PRId64, i, us);
		}
}

static void
turns_follow_the_weights(void **state)
{
	/* The classes alone, then the many of one notification, too. */
	const bool all[TURNS_CLASSES] = { true, true, true };
	const bool every[TURNS_CLASSES] = { true, true, true, true, true };
	const bool two[TURNS_CLASSES] = { false, true, true };
	const bool none[TURNS_CLASSES] = { false };
	int got[TURNS_CLASSES] = { 0 };
	struct turns t = { { 0 } };

	(void)state;
	for (int i = 0; i < 1300; i++)
		got[turns_next(&t, all)]++;
	assert_int_equal(got[0], 800);
	assert_int_equal(got[1], 400);
	assert_int_equal(got[2], 100);
	memset(&t, 0, sizeof(t));
	memset(got, 0, sizeof(got));
	for (int i = 0; i < 1600; i++)
		got[turns_next(&t, every)]++;
	for (int i = 0; i < TURNS_CLASSES; i++)
		assert_int_equal(got[i], 100 * turns_weight[i]);
	/* Whoever has nothing takes no turn and saves none up. */
	memset(got, 0, sizeof(got));
	for (int i = 0; i < 500; i++)
		got[turns_next(&t, two)]++;
	assert_int_equal(got[0], 0);
	assert_in_range(got[1], 395, 405);
	assert_int_equal(turns_next(&t, none), -1);
	/* A code among campaigns is next but one, at the latest. */
	memset(&t, 0, sizeof(t));
	for (int i = 0; i < 100; i++)
		(void)turns_next(&t, (const bool[TURNS_CLASSES]){ false, false, true });
	got[0] = turns_next(&t, all);
	got[1] = turns_next(&t, all);
	assert_true(got[0] == 0 || got[1] == 0);
}

static void
room_is_shared_by_weight_and_nobody_starves(void **state)
{
	static const struct {
		uint32_t room; bool has[TURNS_CLASSES];
		uint32_t want[TURNS_CLASSES];
	} row[] = {
		{ 130, { true, true, true }, { 80, 40, 10 } },
		{ 130, { false, false, true }, { 0, 0, 130 } },
		{ 3, { true, true, true }, { 1, 1, 1 } },
		{ 1, { true, true, true }, { 1, 0, 0 } },
		{ 100, { false, true, true }, { 0, 80, 20 } },
		{ 0, { true, true, true }, { 0, 0, 0 } },
		{ 10, { false, false, false }, { 0, 0, 0 } },
		{ 160, { true, true, true, true, true },
		    { 80, 40, 10, 20, 10 } },
		{ 30, { false, false, false, true, true },
		    { 0, 0, 0, 20, 10 } },
	};
	uint32_t out[TURNS_CLASSES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		turns_share(row[i].room, row[i].has, out);
		if (memcmp(out, row[i].want, sizeof(out)) != 0)
			fail_msg("row %zu: %u %u %u", i, out[0], out[1],
			    out[2]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backoff_grows_then_levels),
		cmocka_unit_test(jitter_is_full_between_floor_and_bound),
		cmocka_unit_test(
		    the_expiry_is_the_ceiling_and_retry_after_the_floor),
		cmocka_unit_test(turns_follow_the_weights),
		cmocka_unit_test(room_is_shared_by_weight_and_nobody_starves),
	};

	dbtest_begin("test_queue_backoff");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
