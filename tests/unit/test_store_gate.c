/*
 * test_store_gate.c - the one-time codes for another host name (D15, D20),
 * and the groups that open doors.
 */
#include "dbcase.h"
#include "store/gate_code.h"
#include "store/user.h"
#include "store/user_group.h"

static int
empty(void **state)
{
	(void)state;
	arena_reset(a);
	dbtest_sql(ctl, "DELETE FROM gate_code; DELETE FROM user_group;"
	    "DELETE FROM user");
	return 0;
}

static struct gate_code
code(void)
{
	struct gate_code c = { .host = "wiki.example.com", .user_id = 7,
	    .session_id = 9 };

	memset(c.hash, 1, sizeof(c.hash));
	memset(c.bind, 2, sizeof(c.bind));
	return c;
}

/* 1 when it was used up now. */
static int
use(struct gate_code c, uint64_t key)
{
	struct err e = ERR_INIT;
	int rc;

	c.user_id = c.session_id = 0;
	rc = gate_code_use(db, &c, key, &e);
	if (rc < 0)
		fail_msg("%s", e.detail);
	if (rc == 1)
		assert_true(c.user_id == 7 && c.session_id == 9);
	return rc;
}

static void
a_code_is_of_one_host_and_one_browser(void **state UNUSED)
{
	struct gate_code c = code(), other = code();

	ok(gate_code_insert(db, &c, 60, e));
	other.host = "shop.example.com";
	assert_int_equal(use(other, 1), 0);
	other.host = "WIKI.example.com";
	assert_int_equal(use(other, 1), 0);
	other = code();
	other.bind[31] = 3;
	assert_int_equal(use(other, 1), 0);
	other = code();
	other.hash[0] = 3;
	assert_int_equal(use(other, 1), 0);
	assert_int_equal(use(c, 1), 1);
}

static void
a_code_is_used_once_and_a_redo_meets_its_own_use(void **state UNUSED)
{
	struct gate_code c = code();

	ok(gate_code_insert(db, &c, 60, e));
	/* Its own redo: the answer to the first COMMIT was lost. */
	ok(gate_code_insert(db, &c, 60, e));
	assert_int_equal(use(c, 1), 1);
	assert_int_equal(use(c, 1), 1);
	assert_int_equal(use(c, 2), 0);
	/* Nor does writing it again make it fresh. */
	ok(gate_code_insert(db, &c, 60, e));
	assert_int_equal(use(c, 2), 0);
}

static void
a_code_ends_by_time_and_is_swept(void **state UNUSED)
{
	struct gate_code c = code();

	ok(gate_code_insert(db, &c, 60, e));
	ok(gate_code_purge(worker, 10, e));
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM gate_code"),
	    1);
	dbtest_sql(ctl, "UPDATE gate_code SET expires_at = UTC_TIMESTAMP(6)");
	assert_int_equal(use(c, 1), 0);
	ok(gate_code_purge(worker, 10, e));
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM gate_code"),
	    0);
}

static void
a_set_of_groups_takes_the_place_of_the_last(void **state UNUSED)
{
	static const char *const first[] = { "wiki", "ops" };
	static const char *const second[] = { "ops", "dev" };
	struct user_new new = { .reg_key = 1, .phone = "+989121234567",
	    .is_active = true, .first_name = "Ada", .locale = "en" };
	const char *got[USER_GROUPS_MAX];
	struct err own = ERR_INIT;
	uint64_t id = 0;

	ok(user_insert(db, &new, &id, e));
	assert_int_equal(user_group_set(db, a, id, first, 2, &own), 1);
	assert_int_equal(user_group_set(db, a, id, first, 2, &own), 0);
	assert_int_equal(user_group_set(db, a, id, second, 2, &own), 1);
	assert_int_equal(user_group_all(db, a, id, got, &own), 2);
	assert_string_equal(got[0], "dev");
	assert_string_equal(got[1], "ops");
	assert_int_equal(user_group_set(db, a, id, NULL, 0, &own), 1);
	assert_int_equal(user_group_all(db, a, id, got, &own), 0);
	assert_int_equal(user_group_set(db, a, id + 1, first, 2, &own), 0);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM user_group"),
	    0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_code_is_of_one_host_and_one_browser,
		    empty),
		cmocka_unit_test_setup(
		    a_code_is_used_once_and_a_redo_meets_its_own_use, empty),
		cmocka_unit_test_setup(a_code_ends_by_time_and_is_swept,
		    empty),
		cmocka_unit_test_setup(
		    a_set_of_groups_takes_the_place_of_the_last, empty),
	};

	dbtest_begin("test_store_gate");
	return cmocka_run_group_tests(tests, db_setup, db_teardown);
}
