/*
 * test_store_whatsapp.c - the 24 hours of a contact, and states that come
 * before the delivery they are about.
 */
#include "dbcase.h"
#include "base/clock.h"
#include "store/callback.h"
#include "store/whatsapp.h"

#define ID	UINT64_C(382610853146672218)

static int
empty(void **state)
{
	(void)state;
	dbtest_sql(ctl, "DELETE FROM whatsapp_contact; DELETE FROM callback;"
	    " DELETE FROM delivery;");
	return 0;
}

static void
wrote(int64_t ago_s)
{
	struct err e = ERR_INIT;

	assert_int_equal(whatsapp_wrote(db, "106", "16505551234",
	    "+16505551234", clock_now() - ago_s * US_PER_S, &e), 0);
}

static int
window(uint32_t *left_s)
{
	struct err e = ERR_INIT;
	int rc = whatsapp_window(db, "16505551234", left_s, &e);

	assert_int_not_equal(rc, -1);
	return rc;
}

static void
the_newest_message_counts_in_any_order(void **state)
{
	static const int64_t order[][3] = { { 10, 3600, 90000 },
		{ 90000, 3600, 10 }, { 3600, 10, 90000 } };
	uint32_t left_s;

	assert_int_equal(window(&left_s), 0);
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		empty(state);
		for (size_t k = 0; k < 3; k++)
			wrote(order[i][k]);
		assert_int_equal(window(&left_s), 1);
		assert_in_range(left_s, WHATSAPP_WINDOW_S -
		    WHATSAPP_MARGIN_S - 30, WHATSAPP_WINDOW_S -
		    WHATSAPP_MARGIN_S - 9);
	}
	/* The margin is theirs; a time ahead of ours is now. */
	empty(state);
	wrote(WHATSAPP_WINDOW_S - WHATSAPP_MARGIN_S + 1);
	assert_int_equal(window(&left_s), 0);
	wrote(-100000);
	assert_int_equal(window(&left_s), 1);
	assert_in_range(left_s, 1, WHATSAPP_WINDOW_S - WHATSAPP_MARGIN_S);
}

static void
what_is_closed_is_opened_by_news_only(void **state)
{
	struct err e = ERR_INIT;
	uint32_t left_s;

	(void)state;
	wrote(60);
	assert_int_equal(whatsapp_close(worker, "", "16505551234", &e), 0);
	assert_int_equal(window(&left_s), 0);
	wrote(60);			/* told again */
	assert_int_equal(window(&left_s), 0);
	dbtest_sql(ctl, "UPDATE whatsapp_contact SET closed_at = closed_at"
	    " - INTERVAL 10 SECOND;");
	wrote(1);
	assert_int_equal(window(&left_s), 1);
}

static void
rows_that_open_nothing_go(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	wrote(3600);
	assert_int_equal(whatsapp_purge(worker, 100, &e), 0);
	dbtest_sql(ctl, "UPDATE whatsapp_contact SET last_in_at = last_in_at"
	    " - INTERVAL 2 DAY;");
	assert_int_equal(whatsapp_purge(worker, 100, &e), 1);
}

/* --- states ------------------------------------------------------------------ */

static void
delivery(const char *state, const char *provider_id)
{
	char sql[800];

	snprintf(sql, sizeof(sql), "DELETE FROM delivery; INSERT INTO delivery"
	    " (notification_id, seq, channel, target_hash, target, provider,"
	    " state, provider_id, created_at, updated_at) VALUES (%" PRIu64
	    ", 1, 'whatsapp', 'x', '+1', 'whatsapp', '%s', '%s',"
	    " UTC_TIMESTAMP(6), UTC_TIMESTAMP(6));", ID, state, provider_id);
	dbtest_sql(ctl, sql);
}

static long
count(const char *head, const char *middle, const char *tail)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s%s%s", head,
	    middle, tail);
	return dbtest_num(ctl, sql);
}

static int
take(const char *state, const char *id, uint64_t name)
{
	struct callback c = { .provider = "whatsapp", .provider_id = id,
	    .state = state, .reason = strcmp(state, "failed") == 0 ?
	    "whatsapp_1" : "", .notification_id = name,
	    .seq = name == 0 ? 0 : 1 };
	struct err e = ERR_INIT;
	int rc = callback_take(db, &c, &e);

	assert_int_not_equal(rc, -1);
	return rc;
}

static void
each_state_leaves_only_those_before_it(void **state)
{
	static const char *const all[] = { "queued", "sent", "delivered",
		"read", "failed", "unsure", "expired", "skipped",
		"cancelled" };
	static const struct { const char *to; enum callback_fate fate[9]; }
	    row[] = {
#define E	CALLBACK_EARLY
#define D	CALLBACK_DONE
#define O	CALLBACK_OLD
		{ "sent", { E, O, O, O, O, D, O, O, O } },
		{ "delivered", { E, D, O, O, O, D, O, O, O } },
		{ "read", { E, D, D, O, O, D, O, O, O } },
		{ "failed", { E, D, O, O, O, D, O, O, O } },
		{ "deleted", { O, O, O, O, O, O, O, O, O } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++)
		for (size_t k = 0; k < COUNT_OF(all); k++) {
			print_message("%s -> %s\n", all[k], row[i].to);
			delivery(all[k], "wamid.a");
			assert_int_equal(take(row[i].to, "wamid.a", 0),
			    row[i].fate[k]);
			assert_int_equal(count("delivery WHERE state = '",
			    row[i].fate[k] == CALLBACK_DONE ? row[i].to :
			    all[k], "'"), 1);
		}
}

static void
a_name_of_ours_finds_it_and_another_id_does_not(void **state)
{
	(void)state;
	delivery("unsure", "");
	assert_int_equal(take("delivered", "wamid.x", 0), CALLBACK_EARLY);
	assert_int_equal(take("sent", "wamid.x", ID), CALLBACK_DONE);
	/* It has an id by now. */
	assert_int_equal(take("read", "wamid.y", ID), CALLBACK_EARLY);
	assert_int_equal(take("read", "WAMID.X", 0), CALLBACK_EARLY);
	assert_int_equal(take("read", "wamid.x", 0), CALLBACK_DONE);
}

static void
what_is_early_is_applied_and_what_is_nobodys_goes(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	delivery("queued", "");
	assert_int_equal(take("delivered", "wamid.a", ID), CALLBACK_EARLY);
	assert_int_equal(take("delivered", "wamid.a", ID), CALLBACK_EARLY);
	assert_int_equal(take("read", "wamid.nobody", 0), CALLBACK_EARLY);
	assert_int_equal(callback_sweep(worker, 100, &e), 0);
	dbtest_sql(ctl, "UPDATE callback SET next_at = UTC_TIMESTAMP(6);");
	assert_int_equal(callback_sweep(worker, 100, &e), 2);
	assert_int_equal(callback_sweep(worker, 100, &e), 0);
	delivery("sent", "wamid.a");
	dbtest_sql(ctl, "UPDATE callback SET next_at = UTC_TIMESTAMP(6),"
	    " received_at = received_at - INTERVAL 1 HOUR;");
	assert_int_equal(callback_sweep(worker, 100, &e), 2);
	assert_int_equal(count("delivery WHERE state = '", "delivered", "'"), 1);
	assert_int_equal(count("callback", "", ""), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_newest_message_counts_in_any_order,
		    empty),
		cmocka_unit_test_setup(what_is_closed_is_opened_by_news_only,
		    empty),
		cmocka_unit_test_setup(rows_that_open_nothing_go, empty),
		cmocka_unit_test_setup(each_state_leaves_only_those_before_it,
		    empty),
		cmocka_unit_test_setup(
		    a_name_of_ours_finds_it_and_another_id_does_not, empty),
		cmocka_unit_test_setup(
		    what_is_early_is_applied_and_what_is_nobodys_goes, empty),
	};

	dbtest_begin("test_store_whatsapp");
	return cmocka_run_group_tests(tests, db_setup, db_teardown);
}
