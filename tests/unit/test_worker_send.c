/*
 * A worker sends: through real connections to the sandbox's providers, with a
 * real database.  One function per behaviour.
 */
#include "worktest.h"

static void
a_code_reaches_the_phone_and_its_secret_is_gone(void **state)
{
	uint64_t n = wt_code("+989121112233");
	struct json *j;

	(void)state;
	wt_expect(n, 1, "sent", 5000);
	j = wt_arrived("sms", "+989121112233");
	assert_int_equal(json_len(j), 1);
	assert_non_null(strstr(json_str(json_get(json_at(j, 0), "text")),
	    "123456"));
	json_free(j);
	assert_string_equal(wt_ask("SELECT COUNT(*) FROM job WHERE "
	    "notification_id = %" PRIu64, n), "0");
	assert_string_equal(wt_ask("SELECT provider_id <> '' AND attempts = 1 "
	    "AND sent_at IS NOT NULL AND attempt_log NOT LIKE '%%123456%%' "
	    "FROM delivery WHERE notification_id = %" PRIu64, n), "1");
}

static void
a_mail_is_sent(void **state)
{
	uint64_t n = wt_accept(&(struct wt_send){ .type = "code",
	    .channel = "email", .content = "{\"template\":\"code\","
	    "\"purpose\":\"login\",\"minutes\":5,\"site\":\"Gatepost\"}",
	    .audience = "{\"to\":\"someone@example.com\"}",
	    .secret = "{\"code\":\"654321\"}", .class = CLASS_CODE });
	struct json *j;

	(void)state;
	wt_expect(n, 1, "sent", 8000);
	j = wt_arrived("email", "someone@example.com");
	assert_int_equal(json_len(j), 1);
	assert_non_null(strstr(json_str(json_get(json_at(j, 0), "text")),
	    "654321"));
	json_free(j);
}

static void
a_push_is_planned_for_each_device_and_decrypts(void **state)
{
	uint64_t id[5], n;
	struct json *j;

	(void)state;
	free(wt_sandbox("DELETE", "/messages", NULL));
	wt_devices(id, 5);
	n = wt_push(id, 5, NULL);
	for (unsigned seq = 1; seq <= 5; seq++)
		wt_expect(n, seq, "sent", 5000);
	j = wt_arrived("web_push", NULL);
	assert_int_equal(json_len(j), 5);
	assert_string_equal(json_str(json_get(json_get(json_at(j, 0),
	    "payload"), "body")), "World");
	json_free(j);
	assert_string_equal(wt_ask("SELECT CONCAT(total, planned_at IS NOT "
	    "NULL) FROM notification WHERE id = %" PRIu64, n), "51");
}

static void
r10_a_gone_endpoint_kills_the_device_and_nothing_else_does(void **state)
{
	static const struct { const char *fault, *state; bool dies; } row[] = {
		{ "{\"mode\":\"status\",\"status\":410,\"times\":1}",
		    "failed", true },
		{ "{\"mode\":\"status\",\"status\":404,\"times\":1}",
		    "failed", true },
		{ "{\"mode\":\"status\",\"status\":413,\"times\":1}",
		    "failed", false },
		{ "{\"mode\":\"status\",\"status\":400,\"times\":1}",
		    "failed", false },
		{ "{\"mode\":\"status\",\"status\":503,\"times\":1}",
		    "sent", false },
		{ "{\"mode\":\"status\",\"status\":500,\"times\":1}",
		    "sent", false },
		{ "{\"mode\":\"status\",\"status\":429,\"times\":1,"
		    "\"retry_after\":1}", "sent", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		uint64_t id, n;

		wt_devices(&id, 1);
		wt_faults("push", row[i].fault);
		n = wt_push(&id, 1, NULL);
		wt_expect(n, 1, row[i].state, 15000);
		if (strcmp(wt_ask("SELECT is_active FROM device WHERE id = %"
		    PRIu64, id), row[i].dies ? "0" : "1") != 0)
			fail_msg("%s: device", row[i].fault);
		wt_faults(NULL, NULL);
	}
}

static void
r8_retry_after_is_never_violated(void **state)
{
	uint64_t id, n;

	(void)state;
	wt_devices(&id, 1);
	wt_faults("push", "{\"mode\":\"status\",\"status\":429,\"times\":1,"
	    "\"retry_after\":3}");
	n = wt_push(&id, 1, NULL);
	wt_expect(n, 1, "sent", 20000);
	assert_string_equal(wt_ask("SELECT TIMESTAMPDIFF(MICROSECOND, "
	    "created_at, sent_at) >= 3000000 FROM delivery WHERE "
	    "notification_id = %" PRIu64, n), "1");
	wt_faults(NULL, NULL);
}

/* The kept connection matters: libcurl would send again by itself. */
static void
a_lost_answer_is_unsure_and_sent_once(void **state)
{
	static const char *const mode[] = { "hang", "reset" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(mode); i++) {
		uint64_t id, n;

		wt_devices(&id, 1);
		n = wt_push(&id, 1, NULL);
		wt_expect(n, 1, "sent", 5000);
		free(wt_sandbox("DELETE", "/messages", NULL));
		wt_faults("push", wt_text("{\"mode\":\"%s\",\"times\":1}",
		    mode[i]));
		n = wt_push(&id, 1, NULL);
		wt_expect(n, 1, "unsure", 8000);
		assert_int_equal(wt_count("web_push", NULL), 1);
		wt_faults(NULL, NULL);
	}
	{
		uint64_t n;

		wt_faults("kavenegar", "{\"mode\":\"reset\",\"times\":1}");
		n = wt_code("+989121110001");
		wt_expect(n, 1, "unsure", 8000);
		assert_int_equal(wt_count("sms", "+989121110001"), 1);
		wt_faults(NULL, NULL);
	}
}

static void
a_topic_makes_a_lost_answer_harmless(void **state)
{
	uint64_t id, n;

	(void)state;
	wt_devices(&id, 1);
	wt_faults("push", "{\"mode\":\"reset\",\"times\":1}");
	n = wt_push(&id, 1, "{\"title\":\"T\",\"body\":\"B\",\"topic\":"
	    "\"news\"}");
	wt_expect(n, 1, "sent", 12000);
	assert_string_equal(wt_ask("SELECT attempts FROM delivery WHERE "
	    "notification_id = %" PRIu64, n), "2");
	wt_faults(NULL, NULL);
}

static void
who_waits_is_told(void **state)
{
	struct err err = ERR_INIT;
	struct waiter *w = waiter_new(wt.run, &err);
	uint64_t id[2], n;

	(void)state;
	assert_non_null(w);
	wt_devices(id, 2);
	n = wt_accept(&(struct wt_send){ .type = "push",
	    .channel = "web_push", .content = WT_PUSH,
	    .audience = wt_text("{\"device_ids\":[\"%" PRIu64 "\",\"%" PRIu64
	    "\"]}", id[0], id[1]), .class = CLASS_TRANSACTIONAL,
	    .waiter = waiter_name(w) });
	assert_int_equal(waiter_wait(w, 5000), 1);
	wt_expect(n, 1, "sent", 0);
	wt_expect(n, 2, "sent", 0);
	/* Nothing to send: told at planning. */
	n = wt_accept(&(struct wt_send){ .type = "push",
	    .channel = "web_push", .content = WT_PUSH,
	    .audience = "{\"user_ids\":[77]}", .class = CLASS_TRANSACTIONAL,
	    .waiter = waiter_name(w) });
	assert_int_equal(waiter_wait(w, 5000), 1);
	wt_expect(n, 1, "skipped", 0);
	waiter_free(w);
}

static void
what_cannot_be_sent_says_why(void **state)
{
	static const struct { const char *channel, *audience, *want; } row[] = {
		{ "sms", "{\"nobody\":true}", "skipped nobody" },
		{ "sms", "{\"to\":\"+989121234567\",\"user_id\":0,"
		    "\"nobody\":true}", "skipped nobody" },
		{ "web_push", "{\"user_ids\":[4711]}", "skipped no_device" },
		{ "web_push", "{\"group_id\":\"4711\"}",
		    "skipped no_device" },
		{ "web_push", "{\"device_ids\":[\"4711\"]}",
		    "skipped device_gone" },
		{ "sms", "{\"to\":\"\"}", "failed bad_audience" },
		{ "sms", "[1,2]", "failed bad_audience" },
		{ "pigeon", "{\"to\":\"x\"}", "failed no_provider" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		uint64_t n = wt_accept(&(struct wt_send){ .type = "notice",
		    .channel = row[i].channel, .content = "{}",
		    .audience = row[i].audience,
		    .class = CLASS_TRANSACTIONAL });
		char *sql = wt_text("SELECT CONCAT(state, ' ', reason) FROM "
		    "delivery WHERE notification_id = %" PRIu64, n);

		if (!wt_becomes(row[i].want, 5000, sql))
			fail_msg("%s: '%s'", row[i].audience,
			    dbtest_ask(wt.root, sql));
	}
}

static void
a_user_and_a_group_reach_all_their_devices_once(void **state)
{
	uint64_t id[4], n;

	(void)state;
	wt_devices(id, 4);
	wt_do("UPDATE device SET user_id = 501 WHERE id IN (%" PRIu64 ", %"
	    PRIu64 ")", id[0], id[1]);
	n = wt_accept(&(struct wt_send){ .type = "push",
	    .channel = "web_push", .content = WT_PUSH,
	    .audience = "{\"user_ids\":[501,502]}", .class = 1 });
	wt_expect(n, 1, "sent", 5000);
	assert_true(wt_becomes("3,2,1", 5000, wt_text("SELECT CONCAT_WS(',', "
	    "COUNT(*), SUM(state = 'sent'), SUM(state = 'skipped')) FROM "
	    "delivery WHERE notification_id = %" PRIu64, n)));
	/* id[1] is in the group itself and through its user. */
	wt_do("INSERT INTO push_group (id, name) VALUES (900, 'g');"
	    "INSERT INTO push_group_device (group_id, device_id) VALUES "
	    "(900, %" PRIu64 "), (900, %" PRIu64 ");"
	    "INSERT INTO push_group_user (group_id, user_id) VALUES "
	    "(900, 501)", id[1], id[2]);
	n = wt_accept(&(struct wt_send){ .type = "push",
	    .channel = "web_push", .content = WT_PUSH,
	    .audience = "{\"group_id\":\"900\"}", .class = 1 });
	assert_true(wt_becomes("3,3", 5000, wt_text("SELECT CONCAT_WS(',', "
	    "COUNT(*), SUM(state = 'sent')) FROM delivery WHERE "
	    "notification_id = %" PRIu64, n)));
}

static void
r15_an_expired_message_is_not_sent(void **state)
{
	uint64_t n;

	(void)state;
	/* Held back by a breaker until it is too late. */
	wt_do("INSERT INTO provider_state (name, state, until_at) VALUES "
	    "('kavenegar', 'open', UTC_TIMESTAMP(6) + INTERVAL 8 SECOND)");
	usleep(2500000);	/* the worker reads it once a second */
	n = wt_accept(&(struct wt_send){ .type = "code", .channel = "sms",
	    .content = "{\"template\":\"code\",\"purpose\":\"login\","
	    "\"minutes\":5}", .audience = "{\"to\":\"+989121110002\"}",
	    .secret = "{\"code\":\"111111\"}", .life_s = 2 });
	wt_expect(n, 1, "expired", 8000);
	wt_do("DELETE FROM provider_state");
	usleep(2500000);
	n = wt_code("+989121110003");
	wt_expect(n, 1, "sent", 8000);
	assert_int_equal(wt_count("sms", "+989121110002"), 0);
}

static void
wrong_settings_open_the_breaker_and_hold_the_message(void **state)
{
	uint64_t n, m;

	(void)state;
	wt_faults("kavenegar", "{\"mode\":\"status\",\"status\":418,"
	    "\"times\":1}");
	n = wt_code("+989121110004");
	assert_true(wt_becomes("open", 5000, "SELECT state FROM "
	    "provider_state WHERE name = 'kavenegar'"));
	m = wt_code("+989121110005");
	/* Others go on meanwhile. */
	uint64_t id, p;
	wt_devices(&id, 1);
	p = wt_push(&id, 1, NULL);
	wt_expect(p, 1, "sent", 3000);
	assert_int_equal(wt_count("sms", "+989121110005"), 0);
	wt_expect(n, 1, "queued", 0);
	/* Its time has come: one is tried, and all flows again. */
	wt_do("UPDATE provider_state SET until_at = UTC_TIMESTAMP(6);"
	    "UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE state = 0");
	wt_expect(n, 1, "sent", 12000);
	wt_expect(m, 1, "sent", 12000);
	assert_true(wt_becomes("closed", 3000, "SELECT state FROM "
	    "provider_state WHERE name = 'kavenegar'"));
}

static void
a_long_audience_is_planned_in_slices(void **state)
{
	uint64_t *id = calloc(2300, sizeof(*id)), n;

	(void)state;
	free(wt_sandbox("PUT", "/push/settings", "{\"store\":false,"
	    "\"decrypt\":false}"));
	for (size_t i = 0; i < 2300; i += 100)
		wt_devices(id + i, 100);
	n = wt_push(id, 2300, NULL);
	/* What a busy machine could not connect to in time goes again. */
	if (!wt_becomes("2300,2300", 60000, wt_text("SELECT "
	    "CONCAT_WS(',', COUNT(*), SUM(state = 'sent')) FROM delivery "
	    "WHERE notification_id = %" PRIu64, n)))
		fail_msg("%s; %s", strdup(wt_ask("SELECT GROUP_CONCAT(c) FROM "
		    "(SELECT CONCAT(state, ' ', reason, ' ', COUNT(*)) AS c "
		    "FROM delivery WHERE notification_id = %" PRIu64
		    " GROUP BY state, reason) x", n)),
		    strdup(wt_ask("SELECT attempt_log FROM delivery WHERE "
		    "notification_id = %" PRIu64 " AND state <> 'sent' LIMIT "
		    "1", n)));
	assert_string_equal(wt_ask("SELECT total FROM notification WHERE id "
	    "= %" PRIu64, n), "2300");
	free(wt_sandbox("PUT", "/push/settings", "{\"store\":true,"
	    "\"decrypt\":true}"));
	free(id);
}

/* Neither a provider that never answers nor a campaign's backlog is
 * in the way of a single code. */
static void
r8_r9_a_black_hole_and_a_backlog_delay_no_code(void **state)
{
	uint64_t *id = calloc(1000, sizeof(*id)), n;
	char phone[20];

	(void)state;
	free(wt_sandbox("DELETE", "/messages", NULL));
	for (size_t i = 0; i < 1000; i += 100)
		wt_devices(id + i, 100);
	wt_faults("push", "{\"mode\":\"hang\"}");
	for (int i = 0; i < 3; i++) {
		n = wt_push(id, 1000, NULL);
		wt_do("UPDATE job SET class = 2 WHERE notification_id = %"
		    PRIu64, n);
	}
	for (int i = 0; i < 12; i++) {
		snprintf(phone, sizeof(phone), "+9891211300%02d", i);
		wt_expect(wt_code(phone), 1, "sent", 1000);
	}
	assert_true(strtol(wt_ask("SELECT COUNT(*) FROM job WHERE provider = "
	    "'webpush'"), NULL, 10) > 1000);
	wt_faults(NULL, NULL);
	wt_do("DELETE FROM job");
	free(id);
}

static pid_t worker;

static int
set_up(void **state)
{
	(void)state;
	wt_begin("test_worker_send");
	worker = wt_worker();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	wt_stop(worker);
	wt_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_code_reaches_the_phone_and_its_secret_is_gone),
		cmocka_unit_test(a_mail_is_sent),
		cmocka_unit_test(
		    a_push_is_planned_for_each_device_and_decrypts),
		cmocka_unit_test(
		    r10_a_gone_endpoint_kills_the_device_and_nothing_else_does),
		cmocka_unit_test(r8_retry_after_is_never_violated),
		cmocka_unit_test(a_lost_answer_is_unsure_and_sent_once),
		cmocka_unit_test(a_topic_makes_a_lost_answer_harmless),
		cmocka_unit_test(who_waits_is_told),
		cmocka_unit_test(what_cannot_be_sent_says_why),
		cmocka_unit_test(
		    a_user_and_a_group_reach_all_their_devices_once),
		cmocka_unit_test(r15_an_expired_message_is_not_sent),
		cmocka_unit_test(
		    wrong_settings_open_the_breaker_and_hold_the_message),
		cmocka_unit_test(a_long_audience_is_planned_in_slices),
		cmocka_unit_test(r8_r9_a_black_hole_and_a_backlog_delay_no_code),
	};

	if (getenv("WT_ONLY") != NULL)
		cmocka_set_test_filter(getenv("WT_ONLY"));
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
