/*
 * A campaign is planned and released exactly: whichever call to the database
 * fails, whoever else does the same, whatever answer of a COMMIT is lost.
 */
#include "dbproxy.h"

#include "deliver/campaign.h"
#include "queue/campaign_audience.h"

#define PEOPLE		2300
#define CAMPAIGN	77

static struct db *root, *api;

static void
people(int n)
{
	char sql[1024];

	dbtest_sql(root, "DELETE FROM user; DELETE FROM delivery; DELETE FROM "
	    "job; DELETE FROM campaign; DELETE FROM campaign_part; DELETE "
	    "FROM notification");
	snprintf(sql, sizeof(sql), "INSERT INTO user (reg_key, email, "
	    "email_cmp, email_unique, email_verified_at) SELECT seq, @m := "
	    "CONCAT('u', seq, '@example.com'), @m, @m, IF(seq %% 100 = 0, "
	    "NULL, UTC_TIMESTAMP(6)) FROM seq_1_to_%d", n);
	dbtest_sql(root, sql);
}

static void
campaign(uint64_t rate)
{
	const struct campaign c = { .id = CAMPAIGN, .name = "n",
	    .type = "system", .channels = "email", .title = "t",
	    .content = "{\"title\":\"t\",\"body\":\"b\"}",
	    .audience = "{\"all\":true}", .rate = rate };

	ok(campaign_insert(api, &c, 3600, e));
	ok(campaign_start(api, CAMPAIGN, true, e));
}

static void
ticker(struct campaign_tick *t)
{
	memset(t, 0, sizeof(*t));
	t->owner = rand_id();
	snprintf(t->route[0].channel, sizeof(t->route[0].channel), "email");
	snprintf(t->route[0].provider, sizeof(t->route[0].provider), "smtp");
	t->route[0].weight = 1;
	t->route[0].flows = true;
	t->routes = 1;
	dbtest_sql(root, "UPDATE lease SET ends_at = '2000-01-01'");
}

/* What a worker would do: each job's message leaves, once. */
static void
send_all(void)
{
	dbtest_sql(root, "BEGIN; UPDATE job SET state = 1 WHERE state = 0; "
	    "UPDATE delivery d JOIN job j ON j.notification_id = "
	    "d.notification_id AND j.seq = d.seq AND j.state = 1 SET d.state "
	    "= 'sent', d.attempts = d.attempts + 1; DELETE FROM job WHERE "
	    "state = 1; COMMIT");
}

static bool
over(void)
{
	return dbtest_num(root, "SELECT COUNT(*) FROM campaign WHERE live")
	    == 0;
}

static void
check(int n)
{
	assert_int_equal(dbtest_num(root, "SELECT COUNT(*) FROM delivery"),
	    n);
	assert_int_equal(dbtest_num(root, "SELECT MAX(seq) FROM delivery"),
	    n);
	assert_int_equal(dbtest_num(root, "SELECT COUNT(DISTINCT user_id) "
	    "FROM delivery"), n);
	assert_int_equal(dbtest_num(root, "SELECT COUNT(*) FROM delivery "
	    "WHERE NOT (state = 'sent' AND attempts = 1) AND NOT (state = "
	    "'skipped' AND reason = 'unproved' AND attempts = 0)"), 0);
	assert_int_equal(dbtest_num(root, "SELECT COUNT(*) FROM job"), 0);
	assert_string_equal(dbtest_ask(root, "SELECT state FROM campaign"),
	    "done");
	assert_int_equal(dbtest_num(root, "SELECT SUM(sent) + SUM(skipped) "
	    "FROM campaign_part WHERE is_final"), n);
	assert_int_equal(dbtest_num(root, "SELECT total FROM notification"),
	    n);
}

/* Ticks until it is over; the errors of some are expected. */
static void
finish(struct db *db, struct campaign_tick *t)
{
	for (int i = 0; i < 4000 && !over(); i++) {
		struct err e = ERR_INIT;

		(void)!campaign_tick(db, t, &e);
		t->looked_us = 0;	/* a second goes by */
		send_all();
	}
	assert_true(over());
}

static void
r1_a_tick_that_fails_at_any_call_loses_and_repeats_nothing(void **state)
{
	struct db *db = db_new(DB_WORKER);
	struct campaign_tick t;
	unsigned tries = 0;

	(void)state;
	people(PEOPLE);
	campaign(0);
	ticker(&t);
	for (unsigned n = 1; n < 400 && !over(); n++) {
		struct err e = ERR_INIT;

		/* Some fail the tick, some one campaign's turn. */
		db_test_fail_at(db, n % 17 + 1);
		(void)!campaign_tick(db, &t, &e);
		tries++;
		t.looked_us = t.asked_us = 0;
		send_all();
	}
	db_test_fail_at(db, 0);
	finish(db, &t);
	check(PEOPLE);
	assert_true(tries > 20);
	db_free(db);
}

static int
tick_all(int no)
{
	struct db *db = db_new(DB_WORKER);
	struct db *look = db_new(DB_CTL);
	const int64_t end = clock_mono() + 60 * US_PER_S;
	struct campaign_tick t;

	memset(&t, 0, sizeof(t));
	t.owner = rand_id();
	snprintf(t.route[0].channel, sizeof(t.route[0].channel), "email");
	snprintf(t.route[0].provider, sizeof(t.route[0].provider), "smtp");
	t.routes = 1;
	while (clock_mono() < end && dbtest_num(look,
	    "SELECT COUNT(*) FROM campaign WHERE live") > 0) {
		struct err e = ERR_INIT;

		/* Each thinks that the lease is his. */
		t.asked_us = clock_mono();
		t.held_us = t.asked_us + US_PER_S;
		(void)!campaign_tick(db, &t, &e);
		t.looked_us = 0;
	}
	(void)no;
	db_free(db);
	db_free(look);
	return 0;
}

static void
r1_two_that_both_think_it_is_theirs_make_each_row_once(void **state)
{
	pid_t pid[3];

	(void)state;
	people(PEOPLE);
	campaign(0);
	for (int i = 0; i < 3; i++)
		pid[i] = dbtest_fork(tick_all, i);
	for (int i = 0; i < 3000 && !over(); i++) {
		send_all();
		usleep(5000);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(dbtest_join(pid[i]), 0);
	check(PEOPLE);
}

static void
r1_a_lost_answer_to_any_commit_repeats_nothing(void **state)
{
	(void)state;
	people(PEOPLE);
	campaign(0);
	for (int i = 0; i < 12 && !over(); i++) {
		struct campaign_tick t;
		pid_t pid;
		struct db *on = through_proxy(COMMIT_PACKET, i % 2 == 0 ?
		    CUT_AFTER : CUT_BEFORE, &pid);
		struct db *db = db_new(DB_WORKER);
		struct err e = ERR_INIT;

		ticker(&t);
		(void)!campaign_tick(db, &t, &e);
		db_free(db);
		proxy_end(on, pid);
		send_all();
	}
	{
		struct db *db = db_new(DB_WORKER);
		struct campaign_tick t;

		ticker(&t);
		finish(db, &t);
		db_free(db);
	}
	check(PEOPLE);
}

static void
conditions_are_read_by_name_and_never_as_sql(void **state)
{
	static const struct { const char *json; int want; } row[] = {
		{ "{\"all\":true}", 0 }, { "{\"ids\":[1,2]}", 0 },
		{ "{\"locale\":\"fa\",\"country\":[\"IR\"]}", 0 },
		{ "{\"created_after\":\"2026-01-01T00:00:00Z\"}", 0 },
		{ "{\"is_staff\":false,\"has\":[\"email\",\"in_app\"]}", 0 },
		{ "{}", -1 }, { "[]", -1 }, { "{\"all\":false}", -1 },
		{ "{\"all\":1}", -1 }, { "{\"ids\":[0]}", -1 },
		{ "{\"ids\":[\"1\"]}", -1 }, { "{\"ids\":[]}", -1 },
		{ "{\"locale\":\"fa,en\"}", -1 },
		{ "{\"locale\":[\"fa'--\"]}", -1 }, { "{\"locale\":[]}", -1 },
		{ "{\"has\":[\"fax\"]}", -1 }, { "{\"where\":\"1\"}", -1 },
		{ "{\"group_id\":\"1\"}", -1 }, { "{\"group\":\"\"}", -1 },
		{ "{\"addresses\":[\"a@b.c\"]}", -1 },
		{ "{\"last_seen_before\":\"soon\"}", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct arena *a = arena_new(1 << 16);
		struct campaign_audience au;
		struct audience_fault f;
		struct json *j = NULL;
		int rc;

		ok(json_parse(row[i].json, strlen(row[i].json), JSON_PLAIN, 0,
		    &j, e));
		rc = campaign_audience_read(a, j, &au, &f);
		if (rc != row[i].want)
			fail_msg("%s: %d", row[i].json, rc);
		json_free(j);
		arena_free(a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_are_read_by_name_and_never_as_sql),
		cmocka_unit_test(r1_a_tick_that_fails_at_any_call_loses_and_repeats_nothing),
		cmocka_unit_test(r1_two_that_both_think_it_is_theirs_make_each_row_once),
		cmocka_unit_test(r1_a_lost_answer_to_any_commit_repeats_nothing),
	};

	dbtest_begin("test_store_campaign");
	socket_path = strdup(conf_str(CONF_DB_SOCKET));
	root = db_new(DB_CTL);
	api = db_new(DB_API);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
