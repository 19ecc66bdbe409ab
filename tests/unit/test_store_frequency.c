/*
 * test_store_frequency.c - places under a cap: never more than it says in a
 * window, none lost, and the statement does what its arithmetic in C does.
 */
#include "dbcase.h"
#include "store/frequency.h"

#define HOUR	(3600 * US_PER_S)
#define DAY	(86400 * US_PER_S)
#define BEGIN	INT64_C(1795253400000000)

static int
empty(void **state UNUSED)
{
	arena_reset(a);
	dbtest_sql(ctl, "DELETE FROM frequency");
	return 0;
}

static int64_t
take(struct frequency f)
{
	ok(frequency_take(worker, a, &f, 1, e));
	return f.go_us;
}

static void
a_full_hour_puts_off_to_the_next_and_drops_nothing(void **state UNUSED)
{
	const struct frequency f = { .user_id = 7, .scope = "campaign",
	    .channel = "sms", .an_hour = 2, .from_us = BEGIN };

	for (int i = 0; i < 9; i++)
		assert_int_equal(take(f), BEGIN + i / 2 * HOUR);
	/* Another channel, scope and person have places of their own. */
	assert_int_equal(take((struct frequency){ .user_id = 7,
	    .scope = "campaign", .channel = "email", .an_hour = 2,
	    .from_us = BEGIN }), BEGIN);
	assert_int_equal(take((struct frequency){ .user_id = 7,
	    .scope = "*", .channel = "sms", .an_hour = 2, .from_us = BEGIN }),
	    BEGIN);
	assert_int_equal(take((struct frequency){ .user_id = 8,
	    .scope = "campaign", .channel = "sms", .an_hour = 2,
	    .from_us = BEGIN }), BEGIN);
}

static void
a_full_day_wins_over_its_hours(void **state UNUSED)
{
	const struct frequency f = { .user_id = 7, .scope = "order",
	    .channel = "sms", .an_hour = 2, .a_day = 3, .from_us = BEGIN };
	static const int64_t want[] = { 0, 0, HOUR, DAY, DAY, DAY + HOUR,
		2 * DAY };

	for (size_t i = 0; i < COUNT_OF(want); i++)
		assert_int_equal(take(f), BEGIN + want[i]);
}

/* Whatever comes in whatever order: what the statement gives is what the
 * arithmetic gives, no window holds more than its cap, and nobody is early. */
static void
the_statement_is_the_arithmetic(void **state UNUSED)
{
	uint32_t x = 20261121;

	for (int round = 0; round < 40; round++) {
		struct frequency f = { .user_id = 100 + (uint64_t)round,
		    .scope = "t", .channel = "email" };
		struct frequency_row r = { 0, 0, 0, 0 };
		int64_t now = BEGIN, given[60];
		struct err e = ERR_INIT;

		x = x * 1664525U + 1013904223U;
		f.an_hour = (x >> 8) % 4;
		f.a_day = (x >> 16) % 6;
		for (int i = 0; i < 60; i++) {
			x = x * 1664525U + 1013904223U;
			now += (x >> 8) % 5 == 0 ? HOUR * ((x >> 16) % 30) :
			    (x >> 8) % 600 * US_PER_S;
			f.from_us = now;
			arena_reset(a);
			ok(frequency_peek(worker, &f, e));
			given[i] = f.go_us;
			assert_int_equal(take(f), given[i]);
			if (i == 0) {
				r = (struct frequency_row){ now, now, 1, 1 };
				assert_int_equal(given[i], now);
			} else
				assert_int_equal(frequency_next(&r, &f),
				    given[i]);
			assert_true(given[i] >= now);
		}
		for (int i = 0; i < 60; i++) {
			uint32_t same = 0;

			/* A window begins with its first place. */
			for (int k = i; k < 60; k++)
				same += given[k] == given[i];
			assert_true(f.an_hour == 0 || same <= f.an_hour);
			assert_true(f.a_day == 0 || same <= f.a_day);
		}
		(void)e;
	}
}

static int
crowd(int i UNUSED)
{
	struct db *db = db_new(DB_WORKER);
	struct arena *own = arena_new(1 << 20);
	struct err e = ERR_INIT;
	int rc = 0;

	for (int k = 0; k < 25 && rc == 0; k++) {
		struct frequency f[2] = {
			{ .user_id = 1, .scope = "t", .channel = "sms",
			    .an_hour = 10, .a_day = 100, .from_us = BEGIN },
			{ .user_id = 2, .scope = "t", .channel = "sms",
			    .an_hour = 10, .a_day = 100, .from_us = BEGIN } };

		arena_reset(own);
		if (frequency_take(db, own, f, 2, &e) < 0)
			rc = 1;
	}
	arena_free(own);
	db_free(db);
	return rc;
}

/* 200 places by eight workers at once: 20 windows of exactly ten. */
static void
parallel_workers_take_no_place_twice(void **state UNUSED)
{
	pid_t pid[8];
	int status;

	for (int i = 0; i < 8; i++)
		pid[i] = dbtest_fork(crowd, i);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_string_equal(dbtest_ask(ctl, "SELECT CONCAT((hour_at - "
	    "1795253400000000) DIV 3600000000, ' ', hour_n, ' ', (day_at - "
	    "1795253400000000) DIV 3600000000, ' ', day_n) FROM frequency"
	    " WHERE user_id = 1"), "33 10 24 100");
}

static void
what_is_over_goes(void **state UNUSED)
{
	struct frequency f = { .user_id = 7, .scope = "t", .channel = "sms",
	    .an_hour = 2, .from_us = clock_now() - 3 * DAY };
	struct err e = ERR_INIT;

	(void)take(f);
	f.user_id = 8;
	f.from_us = clock_now();
	(void)take(f);
	assert_int_equal(frequency_purge(worker, 10, &e), 1);
	assert_int_equal(dbtest_num(ctl, "SELECT user_id FROM frequency"), 8);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, empty)
	const struct CMUnitTest tests[] = {
		T(a_full_hour_puts_off_to_the_next_and_drops_nothing),
		T(a_full_day_wins_over_its_hours),
		T(the_statement_is_the_arithmetic),
		T(parallel_workers_take_no_place_twice),
		T(what_is_over_goes),
	};

	dbtest_begin("test_store_frequency");
	return cmocka_run_group_tests(tests, db_setup_proved, db_teardown);
}
