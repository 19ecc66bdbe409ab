/*
 * test_store_cancel.c - what a recipient has read elsewhere does not leave.
 */
#include "dbcase.h"
#include "store/cancel.h"

#define NOTES	300		/* of two deliveries each: more than a batch */
#define USER	7

static int
empty(void **state UNUSED)
{
	arena_reset(a);
	dbtest_sql(ctl, "DELETE FROM delivery; DELETE FROM job;"
	    " DELETE FROM notification;");
	return 0;
}

static void
begin(void)
{
	dbtest_sql(ctl, "INSERT INTO notification (id, class, channel, content,"
	    " audience, created_at, expires_at) SELECT seq, 1, '', '{}', '{}',"
	    " UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 HOUR"
	    " FROM seq_1_to_300;"
	    "INSERT INTO delivery (notification_id, seq, user_id, channel,"
	    " target_hash, target, state, created_at, updated_at)"
	    " SELECT n.seq, d.seq, 6 + (d.seq > 1), 'email',"
	    " UNHEX(MD5(CONCAT(n.seq, '-', d.seq))), 'x', 'queued',"
	    " UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_300 n, seq_1_to_3 d;"
	    "INSERT INTO job (id, class, run_at, kind, notification_id, seq,"
	    " user_id, expires_at, created_at) SELECT notification_id * 4 +"
	    " seq, 1, UTC_TIMESTAMP(6) + INTERVAL 10 MINUTE, 2,"
	    " notification_id, seq, user_id, UTC_TIMESTAMP(6) + INTERVAL 1"
	    " HOUR, UTC_TIMESTAMP(6) FROM delivery;");
}

struct asked { uint64_t id[NOTES]; struct cancelled c; };

static int
cancel_work(struct db *d, void *arg, struct err *e)
{
	struct asked *x = arg;

	return cancel_for_user(d, USER, x->id, NOTES, "read", &x->c, e);
}


static void
all_that_is_queued_is_taken_back_however_much(void **state UNUSED)
{
	struct asked x;

	begin();
	for (size_t i = 0; i < NOTES; i++)
		x.id[i] = i + 1;
	ok(db_tx(db, cancel_work, &x, e));
	assert_int_equal(x.c.cancelled, 2 * NOTES);
	assert_int_equal(x.c.leaving, 0);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM job"), NOTES);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM delivery"
	    " WHERE state = 'cancelled' AND reason = 'read'"), 2 * NOTES);
}

static void
what_is_leaving_is_told_so_however_much(void **state UNUSED)
{
	struct asked x;

	begin();
	dbtest_sql(ctl, "UPDATE job SET state = 2, run_at = NULL");
	for (size_t i = 0; i < NOTES; i++)
		x.id[i] = i + 1;
	ok(db_tx(db, cancel_work, &x, e));
	assert_int_equal(x.c.cancelled, 0);
	assert_int_equal(x.c.leaving, 2 * NOTES);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM delivery"
	    " WHERE state = 'queued'"), 3 * NOTES);
	/* And why it does not go again. */
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM job"
	    " WHERE stop = 2"), 2 * NOTES);
}

/* Planned and not released: it has no job that could be taken away. */
static void
what_a_campaign_has_not_released_ends_too(void **state UNUSED)
{
	struct asked x;

	begin();
	dbtest_sql(ctl, "DELETE FROM campaign;"
	    "INSERT INTO campaign (id, channels, content, audience, ends_at,"
	    " created_at, state, planned, released) SELECT id, 'email', '{}',"
	    " '{}', expires_at, created_at, 'running', 3, 1 FROM notification"
	    " WHERE id <= 100;"
	    "DELETE FROM job WHERE notification_id <= 200 AND seq > 1;"
	    /* Others that have no job are not ours to end: 101 to 200. */
	    "UPDATE delivery SET provider = 'digest' WHERE notification_id ="
	    " 100 AND seq = 3;");
	for (size_t i = 0; i < NOTES; i++)
		x.id[i] = i + 1;
	ok(db_tx(db, cancel_work, &x, e));
	assert_int_equal(x.c.cancelled, 2 * 100 + 2 * 100 - 1);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM delivery"
	    " WHERE state = 'cancelled' AND reason = 'read'"
	    " AND notification_id <= 100"), 2 * 100 - 1);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM delivery"
	    " WHERE state = 'queued' AND notification_id BETWEEN 101 AND 200"),
	    3 * 100);
	dbtest_sql(ctl, "DELETE FROM campaign");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    all_that_is_queued_is_taken_back_however_much, empty),
		cmocka_unit_test_setup(
		    what_is_leaving_is_told_so_however_much, empty),
		cmocka_unit_test_setup(
		    what_a_campaign_has_not_released_ends_too, empty),
	};

	dbtest_begin("test_store_cancel");
	return cmocka_run_group_tests(tests, db_setup, db_teardown);
}
