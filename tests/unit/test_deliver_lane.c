/*
 * test_deliver_lane.c - R8: what a worker lets leave by its seats, and that
 * nothing more does once their time is over, for another may have them.
 */
#include "deliver/lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define UNTIL	INT64_C(50000000)

static const struct setting settings[] = { { .name = NULL } };
static const struct provider shared = { .name = "shared", .channel = "sms",
	.concurrency = 4, .settings = settings };
static const struct provider own = { .name = "own", .channel = "web_push",
	.concurrency = 4 };

static void
begin(struct lane *l, const struct provider *p)
{
	lane_init(l, p->name, p, 100);
	l->usable = true;
	l->seats = 3;
	l->seats_until_us = UNTIL;
}

static void
r8_nothing_leaves_once_the_seats_are_over(void **state UNUSED)
{
	struct lane l;

	begin(&l, &shared);
	assert_int_equal(l.seats_max, 4);
	for (unsigned flying = 0; flying <= 5; flying++) {
		unsigned free = flying < 3 ? 3 - flying : 0;

		l.flying = flying;
		assert_false(lane_seats_over(&l, UNTIL - 1));
		assert_int_equal(lane_seats_left(&l, UNTIL - 1), free);
		assert_int_equal(lane_may_leave(&l, UNTIL - 1), free);
		/* The very moment is another worker's already. */
		for (int64_t t = UNTIL; t < UNTIL + 3; t++) {
			assert_true(lane_seats_over(&l, t));
			assert_int_equal(lane_seats_left(&l, t), 0);
			assert_int_equal(lane_may_leave(&l, t), 0);
		}
		/* What is under way goes on, and is told as such. */
		assert_int_equal(lane_in_use(&l), flying);
	}
	lane_fini(&l);
}

static void
r8_seats_that_were_never_had_let_nothing_leave(void **state UNUSED)
{
	struct lane l;

	begin(&l, &shared);
	l.seats = 0;
	l.seats_until_us = 0;
	assert_true(lane_seats_over(&l, 1));
	assert_int_equal(lane_may_leave(&l, 1), 0);
	/* Renewed, they are good again. */
	l.seats = 1;
	l.seats_until_us = UNTIL;
	assert_int_equal(lane_may_leave(&l, UNTIL - 1), 1);
	lane_fini(&l);
}

static void
who_has_no_account_at_a_provider_needs_no_seats(void **state UNUSED)
{
	struct lane l;

	begin(&l, &own);
	assert_int_equal(l.seats_max, 0);
	assert_false(lane_seats_over(&l, UNTIL + 1));
	assert_int_equal(lane_may_leave(&l, UNTIL + 1), 4);
	lane_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r8_nothing_leaves_once_the_seats_are_over),
		cmocka_unit_test(
		    r8_seats_that_were_never_had_let_nothing_leave),
		cmocka_unit_test(
		    who_has_no_account_at_a_provider_needs_no_seats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
