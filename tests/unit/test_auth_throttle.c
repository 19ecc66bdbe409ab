/*
 * test_auth_throttle.c - limits that are exact whoever asks, however many at
 * once (S41, D27).
 */
#include "auth_case.h"
#include "auth/throttle.h"

#define AT_ONCE	8
#define EACH	25
#define LIMIT	10

static int
passes(int i)
{
	struct err e = ERR_INIT;
	int wait_s, n = 0;

	(void)i;
	case_child();
	for (int k = 0; k < EACH; k++) {
		int rc = throttle_take(db, "many", "x", 1, LIMIT, 60, &wait_s,
		    &e);

		if (rc < 0)
			return 99;
		n += rc;
	}
	return n;
}

static void
s41_two_hundred_at_once_are_ten(void **state UNUSED)
{
	pid_t pid[AT_ONCE];
	int n = 0;

	for (int i = 0; i < AT_ONCE; i++)
		pid[i] = dbtest_fork(passes, i);
	for (int i = 0; i < AT_ONCE; i++)
		n += dbtest_join(pid[i]);
	assert_int_equal(n, LIMIT);
}

static int
passes_all(int i)
{
	static const struct throttle_rule rule[] = {
		{ "short", 6, 60 }, { "long", LIMIT, 3600 },
	};
	int n = 0;

	(void)i;
	case_child();
	for (int k = 0; k < EACH; k++) {
		struct err e = ERR_INIT;

		if (throttle_all_or_fail(db, rule, COUNT_OF(rule), "x", 1,
		    "no", &e) == 1)
			n++;
		else if (e.kind != ERR_THROTTLED)
			return 99;
	}
	return n;
}

static void
several_rules_at_once_are_the_least(void **state UNUSED)
{
	pid_t pid[AT_ONCE];
	int n = 0;

	for (int i = 0; i < AT_ONCE; i++)
		pid[i] = dbtest_fork(passes_all, i);
	for (int i = 0; i < AT_ONCE; i++)
		n += dbtest_join(pid[i]);
	assert_int_equal(n, 6);
	/* What the first refused was not counted by the second: a flood of a
	 * minute does not use up the hour. */
	case_sql("DELETE FROM throttle WHERE window_s = 60");
	assert_int_equal(dbtest_join(dbtest_fork(passes_all, 0)), LIMIT - 6);
}

static void
rules_and_subjects_do_not_mix(void **state UNUSED)
{
	struct err e = ERR_INIT;
	int w;

	assert_int_equal(throttle_take(db, "r", "a", 1, 1, 60, &w, &e), 1);
	assert_int_equal(throttle_take(db, "r", "a", 1, 1, 60, &w, &e), 0);
	assert_in_range(w, 1, 60);
	assert_int_equal(throttle_take(db, "r", "b", 1, 1, 60, &w, &e), 1);
	assert_int_equal(throttle_take(db, "s", "a", 1, 1, 60, &w, &e), 1);
	assert_int_equal(throttle_take(db, "ra", "", 0, 1, 60, &w, &e), 1);
	assert_int_equal(throttle_peek(db, "r", "c", 1, 1, 60, &w, &e), 1);
	assert_int_equal(throttle_peek(db, "r", "c", 1, 1, 60, &w, &e), 1);
	/* the table tells nobody what was tried */
	assert_int_equal(case_num("SELECT COUNT(*) FROM throttle WHERE"
	    " k LIKE '%%a%%' AND k LIKE '%%r%%' AND LENGTH(k) < 16"), 0);
}

static void
a_use_is_given_back_and_a_count_forgotten(void **state UNUSED)
{
	struct err e = ERR_INIT;
	int w;

	for (int i = 0; i < 2; i++)
		assert_int_equal(throttle_take(db, "r", "a", 1, 2, 60, &w,
		    &e), 1);
	assert_int_equal(throttle_take(db, "r", "a", 1, 2, 60, &w, &e), 0);
	ok(throttle_give(db, "r", "a", 1, e));
	assert_int_equal(throttle_take(db, "r", "a", 1, 2, 60, &w, &e), 1);
	assert_int_equal(throttle_take(db, "r", "a", 1, 2, 60, &w, &e), 0);
	ok(throttle_clear(db, "r", "a", 1, e));
	for (int i = 0; i < 2; i++)
		assert_int_equal(throttle_take(db, "r", "a", 1, 2, 60, &w,
		    &e), 1);
	refuses(ERR_THROTTLED, throttle_or_fail(db, "r", "a", 1, 2, 60, "no",
	    e));
	case_sql("UPDATE throttle SET window_at = window_at"
	    " - INTERVAL 60 SECOND");
	ok(throttle_or_fail(db, "r", "a", 1, 2, 60, "no", e));
}

static int
inside(struct db *d, void *arg, struct err *e)
{
	static const struct throttle_rule rule = { "r", 1, 60 };
	struct err own = ERR_INIT;
	int w;

	(void)arg;
	(void)e;
	/* A rollback would give it back. */
	assert_int_equal(throttle_take(d, "r", "a", 1, 1, 60, &w, &own), -1);
	assert_int_equal(throttle_all_or_fail(d, &rule, 1, "a", 1, "no",
	    &own), -1);
	assert_int_equal(own.kind, ERR_INTERNAL);
	return 0;
}

static void
a_transaction_counts_nothing(void **state UNUSED)
{
	ok(db_tx(db, inside, NULL, e));
	assert_int_equal(case_num("SELECT COUNT(*) FROM throttle"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(s41_two_hundred_at_once_are_ten,
		    case_empty),
		cmocka_unit_test_setup(several_rules_at_once_are_the_least,
		    case_empty),
		cmocka_unit_test_setup(rules_and_subjects_do_not_mix,
		    case_empty),
		cmocka_unit_test_setup(
		    a_use_is_given_back_and_a_count_forgotten, case_empty),
		cmocka_unit_test_setup(a_transaction_counts_nothing,
		    case_empty),
	};

	dbtest_begin("test_auth_throttle");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
