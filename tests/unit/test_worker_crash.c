/*
 * Workers die, stop and come back: nothing is lost, nothing is sent twice
 * without saying so (R1, R3, R4, D26).
 */
#include "worktest.h"

#include "store/job_admin.h"

/* A job as a dead worker left it. */
static void
leave_lapsed(uint64_t n, int job_state, int tries, int crashes, int repeat_ok)
{
	wt_do("UPDATE job SET state = %d, run_at = NULL, owner = 7, attempt = "
	    "attempt + 1, tries = %d, crashes = %d, repeat_ok = %d, "
	    "lease_ends_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE "
	    "notification_id = %" PRIu64, job_state, tries, crashes,
	    repeat_ok, n);
}

struct left {
	const char *phone; int state, tries, crashes, repeat;
	const char *want; unsigned arrive;
};

/* Codes planned by a worker that cannot send. */
static void
plan_codes(const struct left *row, size_t rows, uint64_t *n)
{
	pid_t w;

	wt_do("REPLACE INTO provider_state (name, state, until_at) VALUES "
	    "('kavenegar', 'open', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR)");
	w = wt_worker();
	usleep(2500000);	/* it reads breakers once a second */
	for (size_t i = 0; i < rows; i++) {
		n[i] = wt_code(row[i].phone);
		wt_expect(n[i], 1, "queued", 5000);
		assert_true(wt_becomes("0", 5000, wt_text("SELECT state FROM "
		    "job WHERE notification_id = %" PRIu64 " AND kind = 2",
		    n[i])));
	}
	wt_stop(w);
	wt_do("DELETE FROM provider_state");
}

static void
r1_what_a_crash_leaves_is_told_apart_by_the_mark(void **state)
{
	static const struct left row[] = {
		/* leased, not marked: sent */
		{ "+989121120001", 1, 0, 0, 0, "sent", 1 },
		{ "+989121120002", 1, 0, 1, 0, "sent", 1 },
		/* marked: perhaps it was sent; never again */
		{ "+989121120003", 2, 1, 0, 0, "unsure", 0 },
		/* marked, and a repeat is harmless */
		{ "+989121120004", 2, 1, 0, 1, "sent", 1 },
		/* the third time it is buried */
		{ "+989121120005", 1, 0, 2, 0, "failed", 0 },
		{ "+989121120006", 2, 1, 2, 1, "failed", 0 },
	};
	uint64_t n[COUNT_OF(row)];
	pid_t w;

	(void)state;
	plan_codes(row, COUNT_OF(row), n);
	/* Then made to look abandoned. */
	for (size_t i = 0; i < COUNT_OF(row); i++)
		leave_lapsed(n[i], row[i].state, row[i].tries,
		    row[i].crashes, row[i].repeat);
	w = wt_worker();
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		wt_expect(n[i], 1, row[i].want, 8000);
		if (wt_count("sms", row[i].phone) != row[i].arrive)
			fail_msg("row %zu: %zu arrived", i,
			    wt_count("sms", row[i].phone));
	}
	assert_string_equal(wt_ask("SELECT CONCAT(state, ' ', last_error) "
	    "FROM job WHERE notification_id = %" PRIu64, n[4]),
	    "9 dead_letter");
	assert_string_equal(wt_ask("SELECT COUNT(*) FROM job WHERE "
	    "notification_id = %" PRIu64, n[2]), "0");
	/* The story says what happened, whatever comes after. */
	assert_non_null(strstr(wt_ask("SELECT attempt_log FROM delivery WHERE "
	    "notification_id = %" PRIu64, n[2]),
	    "\"reason\":\"worker_died\"}"));
	assert_non_null(strstr(wt_ask("SELECT attempt_log FROM delivery WHERE "
	    "notification_id = %" PRIu64, n[4]),
	    "\"reason\":\"dead_letter\"}"));
	/* Redriven, it is sent. */
	{
		int64_t rows = 0;

		ok(rows = job_again(wt.root, NULL, 0, NULL, e));
		assert_int_equal(rows, 2);
	}
	wt_expect(n[4], 1, "sent", 8000);
	wt_stop(w);
}

static void
r1_random_kills_lose_nothing_and_double_nothing(void **state)
{
	enum { ROUNDS = 12, PER = 25 };
	uint64_t id[PER], n[ROUNDS];
	long sent, unsure, total, open, flying = 0;
	pid_t w;

	(void)state;
	free(wt_sandbox("DELETE", "/messages", NULL));
	wt_faults("push", "{\"mode\":\"slow\",\"after_ms\":40}");
	wt.setup.lease_s = 2;
	wt_devices(id, PER);
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t ms = 15 + rand_below(150);

		n[i] = wt_push(id, PER, NULL);
		w = wt_worker();
		usleep(ms * 1000);
		wt_kill(w);
		flying += strtol(wt_ask("SELECT COUNT(*) FROM job WHERE "
		    "state = 2"), NULL, 10);
	}
	w = wt_worker();
	if (!wt_becomes("0", 40000, "SELECT COUNT(*) FROM job WHERE state <> "
	    "9"))
		fail_msg("jobs are left: %s", wt_ask("SELECT GROUP_CONCAT("
		    "state, ' ', kind) FROM job"));
	/* Jobs that lost three workers on their way: once more. */
	{
		int64_t rows = 0;

		ok(rows = job_again(wt.root, NULL, 0, NULL, e));
		(void)rows;
		(void)bell_ring(wt.run, "worker");
	}
	assert_true(wt_becomes("0", 40000, "SELECT COUNT(*) FROM job"));
	wt_stop(w);
	wt_faults(NULL, NULL);
	total = strtol(wt_ask("SELECT COUNT(*) FROM delivery WHERE "
	    "notification_id >= %" PRIu64, n[0]), NULL, 10);
	sent = strtol(wt_ask("SELECT COUNT(*) FROM delivery WHERE state = "
	    "'sent' AND notification_id >= %" PRIu64, n[0]), NULL, 10);
	unsure = strtol(wt_ask("SELECT COUNT(*) FROM delivery WHERE state = "
	    "'unsure' AND notification_id >= %" PRIu64, n[0]), NULL, 10);
	open = (long)wt_count("web_push", NULL);
	assert_int_equal(total, ROUNDS * PER);
	assert_int_equal(sent + unsure, total);
	assert_true(unsure <= flying);
	/* Each that was sent arrived once; an unsure one at most once. */
	if (open < sent || open > sent + unsure)
		fail_msg("%ld sent, %ld unsure, %ld arrived", sent, unsure,
		    open);
	wt.setup.lease_s = 5;
}

/* Three workers end, and what waited in them is innocent of it. */
static void
r1_what_waits_in_workers_that_die_is_no_dead_letter(void **state)
{
	enum { MANY = 40 };
	uint64_t id[MANY], n;
	pid_t w;

	(void)state;
	wt.setup.lease_s = 1;
	wt.setup.inflight = 2;	/* most wait in memory, leased */
	wt_devices(id, MANY);
	free(wt_sandbox("DELETE", "/messages", NULL));
	wt_faults("push", "{\"mode\":\"slow\",\"after_ms\":1200}");
	n = wt_push(id, MANY, NULL);
	for (int kills = 0; kills < 3; kills++) {
		w = wt_worker();
		assert_true(wt_becomes("1", 8000, wt_text("SELECT COUNT(*) > 0 "
		    "FROM job WHERE kind = 2 AND crashes = %d AND state IN (1, "
		    "2) AND notification_id = %" PRIu64, kills, n)));
		wt_kill(w);
	}
	wt_faults(NULL, NULL);
	wt.setup.inflight = 96;
	w = wt_worker();
	assert_true(wt_becomes("0", 15000, "SELECT COUNT(*) FROM job WHERE "
	    "state <> 9"));
	wt_stop(w);
	/* What the third was doing when it was ended, at most. */
	assert_in_range(strtol(wt_ask("SELECT COUNT(*) FROM delivery WHERE "
	    "reason = 'dead_letter' AND notification_id = %" PRIu64, n), NULL,
	    10), 0, 3);
	assert_int_equal(strtol(wt_ask("SELECT COUNT(*) FROM delivery WHERE "
	    "(state IN ('sent', 'unsure') OR reason = 'dead_letter') AND "
	    "notification_id = %" PRIu64, n), NULL, 10), MANY);
	wt_do("DELETE FROM job");
	wt.setup.lease_s = 5;
}

/* The late answer of D26 too. */
static void
r4_a_stopped_worker_finishes_nothing_but_the_truth(void **state)
{
	uint64_t id, n;
	pid_t a, b;

	(void)state;
	wt.setup.lease_s = 1;
	wt_set("GATEPOST_PROVIDER_TIMEOUT_MS", "20000");
	wt_devices(&id, 1);
	free(wt_sandbox("DELETE", "/messages", NULL));
	wt_faults("push", "{\"mode\":\"slow\",\"after_ms\":4000,\"times\":1}");
	a = wt_worker();
	n = wt_push(&id, 1, NULL);
	assert_true(wt_becomes("2", 3000, wt_text("SELECT state FROM job "
	    "WHERE notification_id = %" PRIu64, n)));
	usleep(300000);		/* the request is on its way */
	kill(a, SIGSTOP);
	b = wt_worker();
	wt_expect(n, 1, "unsure", 8000);
	assert_string_equal(wt_ask("SELECT COUNT(*) FROM job WHERE "
	    "notification_id = %" PRIu64, n), "0");
	usleep(3000000);	/* the answer waits for the stopped one */
	kill(a, SIGCONT);
	wt_expect(n, 1, "sent", 5000);
	assert_int_equal(wt_count("web_push", NULL), 1);
	wt_stop(a);
	wt_stop(b);
	wt_faults(NULL, NULL);
	wt_set("GATEPOST_PROVIDER_TIMEOUT_MS", "1500");
	wt.setup.lease_s = 5;
}

/* Waiting in a worker that is stopped past its lease: another sends it, and
 * the first, back again, does not. */
static void
r4_a_stopped_worker_does_not_send_what_it_lost(void **state)
{
	enum { MANY = 40 };
	uint64_t id[MANY], n;
	pid_t a, b;

	(void)state;
	wt.setup.lease_s = 1;
	wt.setup.inflight = 2;	/* most wait in memory, leased */
	wt_devices(id, MANY);
	free(wt_sandbox("DELETE", "/messages", NULL));
	wt_faults("push", "{\"mode\":\"slow\",\"after_ms\":300}");
	a = wt_worker();
	n = wt_push(id, MANY, NULL);
	assert_true(wt_becomes("1", 5000, wt_text("SELECT COUNT(*) > 20 FROM "
	    "job WHERE state = 1 AND notification_id = %" PRIu64, n)));
	kill(a, SIGSTOP);
	wt_faults(NULL, NULL);
	wt.setup.inflight = 96;
	b = wt_worker();
	assert_true(wt_becomes("0", 15000, "SELECT COUNT(*) FROM job"));
	kill(a, SIGCONT);
	usleep(1500000);
	wt_stop(a);
	wt_stop(b);
	assert_int_equal(strtol(wt_ask("SELECT COUNT(*) FROM delivery WHERE "
	    "state IN ('sent', 'unsure') AND notification_id = %" PRIu64, n),
	    NULL, 10), MANY);
	/* None twice: unsure ones may have arrived. */
	assert_in_range(wt_count("web_push", NULL), MANY - 2, MANY);
	wt.setup.lease_s = 5;
}

static void
planning_goes_on_where_it_was_killed(void **state)
{
	enum { MANY = 6500 };
	uint64_t n;
	char *count;
	pid_t w;

	(void)state;
	free(wt_sandbox("PUT", "/push/settings", "{\"store\":false,"
	    "\"decrypt\":false}"));
	wt.setup.lease_s = 2;
	/* Nothing is to be sent: planning alone. */
	wt_do("REPLACE INTO provider_state (name, state, until_at) VALUES "
	    "('webpush', 'open', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR);"
	    "INSERT INTO push_group (id, name) VALUES (77, 'many');"
	    "INSERT INTO device (id, kind, target_hash, target, p256dh, auth) "
	    "SELECT 100000 + seq, 'web_push', UNHEX(SHA2(seq, 256)), "
	    "CONCAT('https://localhost:1/', seq), p256dh, auth FROM device d "
	    "JOIN seq_1_to_%d WHERE d.id = (SELECT MAX(id) FROM device);"
	    "INSERT INTO push_group_device (group_id, device_id) SELECT 77, "
	    "id FROM device WHERE id BETWEEN 100001 AND 100000 + %d",
	    MANY, MANY);
	n = wt_accept(&(struct wt_send){ .type = "push",
	    .channel = "web_push", .content = WT_PUSH,
	    .audience = "{\"group_id\":\"77\"}", .class = CLASS_CAMPAIGN });
	count = strdup(wt_text("SELECT COUNT(*) FROM delivery WHERE "
	    "notification_id = %" PRIu64, n));
	for (int kills = 0; kills < 3; kills++) {
		long had = strtol(dbtest_ask(wt.root, count), NULL, 10);

		w = wt_worker();
		/* A slice more, then it dies; its lease must run out. */
		for (int i = 0; i < 4000 && strtol(dbtest_ask(wt.root, count),
		    NULL, 10) < had + 1000; i++)
			usleep(2000);
		wt_kill(w);
	}
	w = wt_worker();
	assert_true(wt_becomes("1", 20000, wt_text("SELECT planned_at IS NOT "
	    "NULL FROM notification WHERE id = %" PRIu64, n)));
	assert_string_equal(wt_ask("SELECT CONCAT_WS(',', COUNT(*), "
	    "COUNT(DISTINCT device_id), COUNT(DISTINCT seq), MAX(seq)) FROM "
	    "delivery WHERE notification_id = %" PRIu64, n),
	    "6500,6500,6500,6500");
	assert_string_equal(wt_ask("SELECT CONCAT_WS(',', COUNT(*), "
	    "COUNT(DISTINCT seq)) FROM job WHERE kind = 2 AND "
	    "notification_id = %" PRIu64, n), "6500,6500");
	assert_string_equal(wt_ask("SELECT total FROM notification WHERE id "
	    "= %" PRIu64, n), "6500");
	wt_stop(w);
	wt_do("DELETE FROM job; DELETE FROM provider_state");
	free(count);
	wt.setup.lease_s = 5;
}

static void
the_database_dies_and_the_worker_goes_on(void **state)
{
	enum { PER = 20 };
	uint64_t id[PER], n[6];
	pid_t w;

	(void)state;
	free(wt_sandbox("PUT", "/push/settings", "{\"store\":true,"
	    "\"decrypt\":true}"));
	free(wt_sandbox("DELETE", "/messages", NULL));
	wt_devices(id, PER);
	wt_faults("push", "{\"mode\":\"slow\",\"after_ms\":30}");
	w = wt_worker();
	for (size_t i = 0; i < COUNT_OF(n); i++) {
		n[i] = wt_push(id, PER, NULL);
		usleep(10000 + rand_below(60000));
		dbtest_server("kill");
		usleep(rand_below(200000));
		dbtest_server("start");
	}
	wt_faults(NULL, NULL);
	if (!wt_becomes("0", 40000, "SELECT COUNT(*) FROM job"))
		fail_msg("jobs are left: %s", wt_ask("SELECT GROUP_CONCAT("
		    "state, ' ', kind, ' ', last_error) FROM job"));
	assert_int_equal(strtol(wt_ask("SELECT COUNT(*) FROM delivery WHERE "
	    "state IN ('sent', 'unsure') AND notification_id >= %" PRIu64,
	    n[0]), NULL, 10), (long)(COUNT_OF(n) * PER));
	assert_in_range(wt_count("web_push", NULL), strtoul(wt_ask("SELECT "
	    "COUNT(*) FROM delivery WHERE state = 'sent' AND notification_id "
	    ">= %" PRIu64, n[0]), NULL, 10), COUNT_OF(n) * PER);
	wt_stop(w);
}

static void
a_polite_end_gives_everything_back(void **state)
{
	enum { MANY = 60 };
	uint64_t id[MANY], n;
	pid_t w;

	(void)state;
	wt.setup.inflight = 3;
	wt_devices(id, MANY);
	wt_faults("push", "{\"mode\":\"slow\",\"after_ms\":400}");
	w = wt_worker();
	n = wt_push(id, MANY, NULL);
	assert_true(wt_becomes("1", 5000, wt_text("SELECT COUNT(*) > 30 FROM "
	    "job WHERE state = 1 AND notification_id = %" PRIu64, n)));
	wt_stop(w);
	/* Nobody's: neither leased nor unsure. */
	assert_string_equal(wt_ask("SELECT COUNT(*) FROM job WHERE state <> "
	    "0"), "0");
	assert_string_equal(wt_ask("SELECT COUNT(*) FROM delivery WHERE state "
	    "NOT IN ('sent', 'queued') AND notification_id = %" PRIu64, n),
	    "0");
	wt.setup.inflight = 96;
	wt_faults(NULL, NULL);
	wt_once();
	assert_string_equal(wt_ask("SELECT COUNT(*) FROM delivery WHERE state "
	    "= 'sent' AND notification_id = %" PRIu64, n), "60");
}

static int
set_up(void **state)
{
	(void)state;
	wt_begin("test_worker_crash");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	wt_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    r1_what_a_crash_leaves_is_told_apart_by_the_mark),
		cmocka_unit_test(
		    r1_what_waits_in_workers_that_die_is_no_dead_letter),
		cmocka_unit_test(r1_random_kills_lose_nothing_and_double_nothing),
		cmocka_unit_test(
		    r4_a_stopped_worker_finishes_nothing_but_the_truth),
		cmocka_unit_test(r4_a_stopped_worker_does_not_send_what_it_lost),
		cmocka_unit_test(planning_goes_on_where_it_was_killed),
		cmocka_unit_test(the_database_dies_and_the_worker_goes_on),
		cmocka_unit_test(a_polite_end_gives_everything_back),
	};

	if (getenv("WT_ONLY") != NULL)
		cmocka_set_test_filter(getenv("WT_ONLY"));
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
