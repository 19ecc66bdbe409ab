/*
 * test_store_otp.c - throttles, codes and known devices, as the programs' own
 * database users.
 */
#include "dbcase.h"
#include "store/known_device.h"
#include "store/otp.h"
#include "store/throttle.h"

static int
empty(void **state)
{
	(void)state;
	arena_reset(a);
	dbtest_sql(ctl, "DELETE FROM throttle; DELETE FROM otp;"
	    "DELETE FROM known_device");
	return 0;
}

/* --- throttle ------------------------------------------------------------------ */

static const uint8_t key1[16] = "0123456789abcdef";

static void
a_window_lets_limit_uses_pass(void **state)
{
	struct err e = ERR_INIT;
	int wait = -1;

	(void)state;
	assert_int_equal(throttle_row_peek(db, key1, 3, 60, &wait, &e), 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(throttle_row_take(db, key1, 3, 60, &wait, &e),
		    1);
		assert_int_equal(wait, 0);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(throttle_row_take(db, key1, 3, 60, &wait, &e),
		    0);
		assert_in_range(wait, 58, 60);
	}
	assert_int_equal(throttle_row_peek(db, key1, 3, 60, &wait, &e), 0);
	assert_in_range(wait, 58, 60);
	/* refusals were not counted */
	assert_int_equal(dbtest_num(ctl, "SELECT n FROM throttle"), 3);
	ok(throttle_row_give(db, key1, e));
	assert_int_equal(throttle_row_take(db, key1, 3, 60, &wait, &e), 1);
	assert_int_equal(throttle_row_take(db, key1, 3, 60, &wait, &e), 0);
	ok(throttle_row_clear(db, key1, e));
	assert_int_equal(throttle_row_take(db, key1, 1, 60, &wait, &e), 1);
	assert_int_equal(throttle_row_take(db, key1, 0, 60, &wait, &e), 0);
	assert_int_equal(wait, 60);
}

static void
a_window_ends_and_another_begins(void **state)
{
	struct err e = ERR_INIT;
	int wait;

	(void)state;
	for (int limit = 1; limit <= 3; limit++) {
		dbtest_sql(ctl, "DELETE FROM throttle");
		for (int i = 0; i < limit; i++)
			assert_int_equal(throttle_row_take(db, key1,
			    (uint32_t)limit, 60, &wait, &e), 1);
		assert_int_equal(throttle_row_take(db, key1, (uint32_t)limit,
		    60, &wait, &e), 0);
		/* a shorter window of a changed setting is not over sooner */
		dbtest_sql(ctl, "UPDATE throttle SET window_at = window_at -"
		    " INTERVAL 61 SECOND");
		for (int i = 0; i < limit; i++)
			assert_int_equal(throttle_row_take(db, key1,
			    (uint32_t)limit, 60, &wait, &e), 1);
		assert_int_equal(throttle_row_take(db, key1, (uint32_t)limit,
		    60, &wait, &e), 0);
	}
	/* another length of window, mid-way: no extra use slips through */
	assert_int_equal(throttle_row_take(db, key1, 3, 3600, &wait, &e), 0);
	assert_int_equal(throttle_row_take(db, key1, 3, 60, &wait, &e), 0);
	assert_int_equal(throttle_row_purge(worker, 10, &e), 0);
	dbtest_sql(ctl, "UPDATE throttle SET window_at = window_at -"
	    " INTERVAL 2 DAY");
	assert_int_equal(throttle_row_purge(worker, 10, &e), 1);
}

static int
taker(int i)
{
	struct db *mine = db_new(DB_API);
	struct err e = ERR_INIT;
	int passed = 0, wait;

	(void)i;
	for (int n = 0; n < 125; n++) {
		int rc = throttle_row_take(mine, key1, 10, 600, &wait, &e);

		if (rc < 0)
			return 100;
		passed += rc;
	}
	db_free(mine);
	return passed;
}

static void
s41_exactly_limit_of_a_thousand_parallel_uses_pass(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		dbtest_sql(ctl, "DELETE FROM throttle");
		assert_int_equal(together(taker, 8), 10);
	}
}

static int
take_work(struct db *on, void *arg, struct err *e)
{
	int wait;

	(void)arg;
	return throttle_row_take(on, key1, 10, 60, &wait, e) < 0 ? -1 : 0;
}

static void
a_throttle_refuses_a_transaction(void **state)
{
	(void)state;
	refuses(ERR_INTERNAL, db_tx(db, take_work, NULL, e));
}

/* --- codes --------------------------------------------------------------------------- */

static const uint8_t reg[32] = "register", mac1[32] = "one", mac2[32] = "two";

static void
a_flow(uint64_t id, uint64_t user, struct otp_row *r)
{
	struct otp_row_new n = { .id = id, .register_hash = reg,
	    .code_mac = mac1, .user_id = user, .purpose = "login",
	    .channel = "sms", .target = "+989120000001", .secret = "\0x",
	    .secret_len = 2, .code_life_s = 300, .flow_life_s = 3600 };

	ok(otp_row_insert(db, &n, e));
	ok(otp_row_insert(db, &n, e));	/* its own id (D20) */
	ok(otp_row_find(db, a, reg, r, e));
	assert_true(r->id == id && r->user_id == user);
	assert_memory_equal(r->code_mac, mac1, 32);
	assert_int_equal(r->secret_len, 2);
	assert_string_equal(r->purpose, "login");
}

static int
guesser(int i)
{
	struct db *mine = db_new(DB_API);
	struct err e = ERR_INIT;
	struct otp_row r;
	int n = 0, rc;

	(void)i;
	for (int k = 0; k < 10; k++) {
		if (otp_row_find(mine, a, reg, &r, &e) != 1 ||
		    (rc = otp_row_try(mine, &r, &e)) < 0)
			return 100;
		n += rc;
	}
	db_free(mine);
	return n;
}

static int
user_of_code(int i)
{
	struct db *mine = db_new(DB_API);
	struct err e = ERR_INIT;
	struct otp_row r;
	int rc;

	(void)i;
	if (otp_row_find(mine, a, reg, &r, &e) != 1)
		return 100;
	rc = otp_row_use(mine, &r, rand_id(), &e);
	db_free(mine);
	return rc < 0 ? 100 : rc;
}

static void
s29_s31_tries_are_counted_and_a_code_works_once(void **state)
{
	struct err e = ERR_INIT;
	struct otp_row r;
	uint64_t key = rand_id();

	(void)state;
	a_flow(rand_id(), 0, &r);
	assert_int_equal(together(guesser, 8), OTP_TRIES_MAX);
	assert_int_equal(together(user_of_code, 8), 1);
	empty(state);
	a_flow(rand_id(), 5, &r);
	assert_int_equal(otp_row_use(db, &r, key, &e), 1);
	assert_int_equal(otp_row_use(db, &r, key, &e), 1);	/* a redo */
	assert_int_equal(otp_row_use(db, &r, key + 1, &e), 0);
	assert_int_equal(otp_row_try(db, &r, &e), 0);
}

static int
finish_work(struct db *on, void *arg, struct err *e)
{
	struct otp_row *r = arg;
	int rc = otp_row_finish(on, r->id, 600, e);

	/* the redo of this unit knows its own work */
	if (rc == 1 && otp_row_finish(on, r->id, 600, e) != 1)
		return -1;
	r->tries = rc == 1;
	return rc < 0 ? -1 : 0;
}

static void
a_flow_is_finished_once_and_in_time(void **state)
{
	struct err e = ERR_INIT;
	struct otp_row r;

	(void)state;
	a_flow(rand_id(), 5, &r);
	refuses(ERR_INTERNAL, otp_row_finish(db, r.id, 600, e));
	ok(db_tx(db, finish_work, &r, e));
	assert_int_equal(r.tries, 0);	/* not proved yet */
	assert_int_equal(otp_row_use(db, &r, 7, &e), 1);
	dbtest_sql(ctl, "UPDATE otp SET proved_at = proved_at -"
	    " INTERVAL 600 SECOND");
	ok(db_tx(db, finish_work, &r, e));
	assert_int_equal(r.tries, 0);	/* too late */
	dbtest_sql(ctl, "UPDATE otp SET proved_at = UTC_TIMESTAMP(6)");
	ok(db_tx(db, finish_work, &r, e));
	assert_int_equal(r.tries, 1);
	ok(db_tx(db, finish_work, &r, e));
	assert_int_equal(r.tries, 0);
	assert_int_equal(otp_row_find(db, a, reg, &r, &e), 0);
}

static void
a_resend_makes_a_new_code_in_its_time(void **state)
{
	struct otp_row_issue n = { .code_mac = mac2, .code_life_s = 300,
	    .wait_s = 120, .target = "+989120000002" };
	struct err e = ERR_INIT;
	struct otp_row r, old;

	(void)state;
	a_flow(rand_id(), 5, &r);
	old = r;
	assert_int_equal(otp_row_reissue(db, &r, &n, &e), 0);
	dbtest_sql(ctl, "UPDATE otp SET sent_at = sent_at -"
	    " INTERVAL 120 SECOND, tries = 5");
	assert_int_equal(otp_row_reissue(db, &r, &n, &e), 1);
	assert_int_equal(otp_row_reissue(db, &r, &n, &e), 1);	/* a redo */
	assert_int_equal(otp_row_find(db, a, reg, &r, &e), 1);
	assert_true(r.issue == 2 && r.tries == 0);
	assert_string_equal(r.target, "+989120000002");
	assert_memory_equal(r.code_mac, mac2, 32);
	assert_int_equal(r.secret_len, 2);
	/* a guess at the old code is no guess at the new one */
	assert_int_equal(otp_row_try(db, &old, &e), 0);
	assert_int_equal(otp_row_use(db, &old, 9, &e), 0);
	assert_int_equal(otp_row_try(db, &r, &e), 1);
	dbtest_sql(ctl, "UPDATE otp SET expires_at = UTC_TIMESTAMP(6)");
	assert_int_equal(otp_row_try(db, &r, &e), 0);
	ok(otp_row_void(db, 5, r.id, e));
	assert_int_equal(otp_row_find(db, a, reg, &r, &e), 1);
	ok(otp_row_void(db, 5, 0, e));
	assert_int_equal(otp_row_find(db, a, reg, &r, &e), 0);
	dbtest_sql(ctl, "UPDATE otp SET flow_ends_at = flow_ends_at -"
	    " INTERVAL 25 HOUR");
	assert_int_equal(otp_row_purge(worker, 10, &e), 1);
}

static void
known_devices_are_known_for_a_while(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(known_device_is(db, mac1, 5, &e), 0);
	ok(known_device_add(db, mac1, 5, 100, e));
	ok(known_device_add(db, mac1, 5, 100, e));
	assert_int_equal(known_device_is(db, mac1, 5, &e), 1);
	assert_int_equal(known_device_is(db, mac1, 6, &e), 0);
	dbtest_sql(ctl, "UPDATE known_device SET expires_at ="
	    " UTC_TIMESTAMP(6) - INTERVAL 1 SECOND");
	assert_int_equal(known_device_is(db, mac1, 5, &e), 0);
	assert_int_equal(known_device_purge(worker, 10, &e), 1);
	ok(known_device_add(db, mac2, 5, 100, e));
	assert_int_equal(known_device_forget(db, 5, &e), 1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, empty)
	const struct CMUnitTest tests[] = {
		T(a_window_lets_limit_uses_pass),
		T(a_window_ends_and_another_begins),
		T(s41_exactly_limit_of_a_thousand_parallel_uses_pass),
		T(a_throttle_refuses_a_transaction),
		T(s29_s31_tries_are_counted_and_a_code_works_once),
		T(a_flow_is_finished_once_and_in_time),
		T(a_resend_makes_a_new_code_in_its_time),
		T(known_devices_are_known_for_a_while),
	};

	dbtest_begin("test_store_otp");
	return cmocka_run_group_tests(tests, db_setup_proved, db_teardown);
}
