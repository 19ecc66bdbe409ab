/*
 * test_channel_expo.c - Expo: what each answer means, messages and requests,
 * and answers to many at once.
 */
#include "channel_case.h"

#include "channel/providers/expo.h"

static const struct provider *const p = &provider_expo;
static const char *const TO = "ExponentPushToken[yyyyyyyyyyyyyyyyyyyyyy]";

static void
every_recorded_answer_has_its_outcome(void **state UNUSED)
{
	cc_cases(p, "expo.json", TO, 50);
}

static struct json *
part_of(const struct message *m)
{
	struct out_request req = cc_build(p, m);

	assert_false(req.repeat_ok);
	return cc_json(arena_strndup(cc.a, req.body, req.body_len));
}

static void
a_message_has_the_published_defaults(void **state UNUSED)
{
	struct json *content = cc_json("{\"title\":\"Hi\",\"body\":\"سلام\","
	    "\"data\":{\"orderId\":\"7\",\"n\":[1,{\"x\":null}],\"r\":1.50}}");
	struct message m = cc_message("order", TO, content, NULL);
	struct json *j = part_of(&m);

	assert_string_equal(json_text(cc.a, j), "{\"to\":\"ExponentPushToken"
	    "[yyyyyyyyyyyyyyyyyyyyyy]\",\"title\":\"Hi\",\"body\":\"سلام\","
	    "\"data\":{\"orderId\":\"7\",\"n\":[1,{\"x\":null}],\"r\":1.50},"
	    "\"sound\":\"default\",\"badge\":1,\"priority\":\"high\","
	    "\"ttl\":3600}");
	json_free(j);
	json_free(content);
}

static void
what_was_asked_for_is_sent(void **state UNUSED)
{
	struct json *content = cc_json("{\"body\":\"b\",\"sound\":null,"
	    "\"badge\":0,\"priority\":\"normal\",\"channel_id\":\"orders\","
	    "\"ttl\":60}");
	struct message m = cc_message("order", TO, content, NULL);
	struct json *j;

	m.title = "T";
	j = part_of(&m);
	assert_string_equal(cc_str(j, "title"), "T");
	assert_true(json_has(j, "sound") && json_get(j, "sound") == NULL);
	assert_int_equal(cc_int(j, "badge", -1), 0);
	assert_string_equal(cc_str(j, "priority"), "normal");
	assert_string_equal(cc_str(j, "channelId"), "orders");
	assert_int_equal(cc_int(j, "ttl", -1), 60);
	assert_false(json_has(j, "data"));
	json_free(j);
	/* Never longer than it lives here. */
	m.expires_us = m.now_us + 5 * US_PER_S;
	j = part_of(&m);
	assert_int_equal(cc_int(j, "ttl", -1), 5);
	json_free(j);
	json_free(content);
}

static void
s74_no_code_link_or_password_goes_by_expo(void **state UNUSED)
{
	struct json *content = cc_json("{\"body\":\"b\"}");
	struct json *secret = cc_json("{\"link\":\"https://x/y\"}");
	struct message m = cc_message("code", TO, content, NULL);

	cc_refused(p, &m, "never_by_expo");
	m = cc_message("notice", TO, content, secret);
	cc_refused(p, &m, "never_by_expo");
	json_free(secret);
	json_free(content);
}

static void
what_the_service_would_refuse_never_leaves(void **state UNUSED)
{
	static const char *const bad[] = { "", "x", "ExponentPushToken[]",
		"ExponentPushToken[x", "ExpoPushToken[a b]", "ExpoPushToken[[x]]",
		"ExpoPushToken[a\nb]", "https://fcm.googleapis.com/x",
		"12345678-1234-1234-1234-12345678901",
		"12345678+1234-1234-1234-123456789012",
		"ExpoPushToken[\xc3\xa9]", "{12345678-1234-1234-1234-12345678901" };
	static const char *const good[] = { "ExponentPushToken[x]",
		"ExpoPushToken[xxxxxxxxxxxxxxxxxxxxxx]",
		"abcdefgh-1234-zzzz-1234-123456789012",
		"ABCDEFGH-1234-ZZZZ-1234-123456789012" };
	struct json *content = cc_json("{\"body\":\"b\"}");
	struct message m = cc_message("order", TO, content, NULL);
	char text[4200];

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		m.to = bad[i];
		cc_refused(p, &m, "bad_push_token");
		assert_string_equal(expo_token_shown(cc.a, bad[i]), "");
	}
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		m.to = good[i];
		(void)cc_build(p, &m);
		assert_true(strlen(expo_token_shown(cc.a, good[i])) <
		    strlen(good[i]) + 4);
	}
	assert_string_equal(expo_token_shown(cc.a, TO),
	    "ExponentPushToken[yyyy...]");
	m.to = TO;
	json_free(content);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	m.content = content = cc_json(arena_printf(cc.a,
	    "{\"body\":\"%s\"}", text));
	cc_refused(p, &m, "payload_too_large");
	json_free(content);
	m.content = content = cc_json("{\"data\":\"x\"}");
	cc_refused(p, &m, "bad_data");
	json_free(content);
}

/* --- many ----------------------------------------------------------------- */

#define MANY	100

struct many {
	struct message	 m[MANY];
	const struct message *at[MANY];
	struct out_request part[MANY], req;
	const struct out_request *part_at[MANY];
	struct verdict	 v[MANY];
	unsigned	 again[MANY];
	struct many_verdicts out;
	struct json	*content;
};
static struct many many;

static void
make(size_t n)
{
	struct err e = ERR_INIT;

	memset(&many, 0, sizeof(many));
	many.content = cc_json("{\"title\":\"t\",\"body\":\"b\"}");
	for (size_t i = 0; i < n; i++) {
		many.m[i] = cc_message("order", arena_printf(cc.a,
		    "ExpoPushToken[t%zu]", i), many.content, NULL);
		many.at[i] = &many.m[i];
		many.part[i] = cc_build(p, &many.m[i]);
		many.part_at[i] = &many.part[i];
	}
	many.out.v = many.v;
	many.out.again = many.again;
	if (p->join(NULL, many.part_at, n, cc.a, &many.req, &e) < 0)
		fail_msg("%s", e.detail);
}

static void
judge(size_t n, long status, const char *body)
{
	const struct in_answer in = { .complete = true, .body_sent = true,
	    .status = status, .body = body, .body_len = strlen(body) };

	p->judge_many(many.at, n, &many.req, &in, &many.out);
}

static const char *
word(size_t i)
{
	return outcome_word(many.v[i].outcome);
}

static void
a_request_is_one_list_and_compressed_when_long(void **state UNUSED)
{
	struct json *j;

	cc_set("EXPO_ACCESS_TOKEN", "");
	make(3);
	assert_string_equal(many.req.url,
	    "https://exp.host/--/api/v2/push/send");
	assert_string_equal(many.req.method, "POST");
	assert_true(many.req.zip);
	assert_null(cc_header(&many.req, "Content-Encoding"));
	assert_null(cc_header(&many.req, "Authorization"));
	j = cc_json(arena_strndup(cc.a, many.req.body, many.req.body_len));
	assert_int_equal(json_len(j), 3);
	assert_string_equal(cc_str(json_at(j, 2), "to"), "ExpoPushToken[t2]");
	json_free(j);
	json_free(many.content);
	cc_set("EXPO_ACCESS_TOKEN", "s3cret");
	make(100);
	assert_string_equal(cc_header(&many.req, "Content-Encoding"), "gzip");
	assert_string_equal(cc_header(&many.req, "Authorization"),
	    "Bearer s3cret");
	j = cc_read_by("python3", "read_gzip.py", many.req.body,
	    many.req.body_len);
	assert_int_equal(json_len(j), 100);
	assert_string_equal(cc_str(json_at(j, 99), "to"),
	    "ExpoPushToken[t99]");
	json_free(j);
	json_free(many.content);
	cc_set("EXPO_ACCESS_TOKEN", "");
}

static void
each_ticket_is_its_message_s(void **state UNUSED)
{
	make(4);
	judge(4, 200, "{\"data\":[{\"status\":\"ok\",\"id\":\"A\"},"
	    "{\"status\":\"error\",\"details\":{\"error\":"
	    "\"DeviceNotRegistered\",\"expoPushToken\":\"ExpoPushToken[t1]\"}},"
	    "{\"status\":\"error\",\"details\":{\"error\":"
	    "\"InvalidCredentials\"}},{\"status\":\"ok\",\"id\":\"B\"}]}");
	assert_string_equal(word(0), "ok");
	assert_string_equal(many.v[0].provider_id, "A");
	assert_string_equal(word(1), "drop");
	assert_string_equal(word(2), "config");
	assert_string_equal(word(3), "ok");
	assert_string_equal(many.v[3].provider_id, "B");
	/* Something got through: the breaker stays closed. */
	assert_int_equal(many.out.whole.outcome, OUTCOME_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(many.again[i], 0);
	json_free(many.content);
}

/* Whose a ticket is, is then known only of those that say so. */
static void
r10_tickets_out_of_order_cost_nobody_a_device(void **state UNUSED)
{
	make(3);
	judge(3, 200, "{\"data\":[{\"status\":\"ok\",\"id\":\"A\"},"
	    "{\"status\":\"error\",\"details\":{\"error\":"
	    "\"DeviceNotRegistered\",\"expoPushToken\":\"ExpoPushToken[t0]\"}},"
	    "{\"status\":\"ok\",\"id\":\"B\"}]}");
	assert_string_equal(word(0), "drop");
	assert_string_equal(word(1), "unsure");
	assert_string_equal(word(2), "unsure");
	assert_string_equal(many.v[1].code, "expo_tickets_mixed");
	judge(3, 200, "{\"data\":[{\"status\":\"ok\",\"id\":\"A\"}]}");
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(word(i), "unsure");
	json_free(many.content);
}

static void
a_refusal_of_all_is_everybody_s(void **state UNUSED)
{
	make(3);
	judge(3, 429, "{\"errors\":[{\"code\":\"TOO_MANY_REQUESTS\"}]}");
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(word(i), "slow");
		assert_int_equal(many.again[i], 0);
	}
	assert_int_equal(many.out.whole.outcome, OUTCOME_SLOW);
	judge(3, 502, "<html>");
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(word(i), "retry");
	judge(3, 401, "{}");
	assert_int_equal(many.out.whole.outcome, OUTCOME_CONFIG);
	assert_int_equal(many.again[2], 0);
	json_free(many.content);
}

/* As the worker does: until every message has its verdict. */
static unsigned
bisect(size_t from, size_t n, size_t bad)
{
	struct many_verdicts out = { .v = many.v + from,
	    .again = many.again + from };
	const bool has = bad >= from && bad < from + n;
	const char *body = has ? "{\"errors\":[{\"code\":"
	    "\"VALIDATION_ERROR\"}]}" : NULL;
	struct buf b;
	struct in_answer in = { .complete = true, .body_sent = true,
	    .status = has ? 400 : 200 };
	unsigned requests = 1;
	size_t first;

	buf_init(&b, 65536);
	buf_str(&b, "{\"data\":[");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s{\"status\":\"ok\",\"id\":\"x\"}",
		    i > 0 ? "," : "");
	buf_str(&b, "]}");
	in.body = body != NULL ? body : buf_text(&b);
	in.body_len = strlen(in.body);
	p->judge_many(many.at + from, n, &many.req, &in, &out);
	buf_fini(&b);
	if (out.again[0] == 0)
		return requests;
	for (first = 0; first < n && out.again[first] == out.again[0]; first++)
		;
	assert_true(first > 0 && first < n);
	requests += bisect(from, first, bad);
	return requests + bisect(from + first, n - first, bad);
}

static void
one_bad_message_fails_alone(void **state UNUSED)
{
	for (size_t bad = 0; bad < MANY; bad += 33) {
		make(MANY);
		assert_true(bisect(0, MANY, bad) <= 15);
		for (size_t i = 0; i < MANY; i++)
			assert_string_equal(word(i), i == bad ? "perm" : "ok");
		json_free(many.content);
	}
}

#define PROJECTS "{\"errors\":[{\"code\":\"PUSH_TOO_MANY_EXPERIENCE_IDS\"," \
	"\"details\":{\"@a/x\":[\"ExpoPushToken[t0]\",\"ExpoPushToken[t3]\"],"	\
	"\"@b/y\":[\"ExpoPushToken[t1]\"]}}]}"

static void
each_project_gets_a_request_of_its_own(void **state UNUSED)
{
	make(4);
	judge(4, 400, PROJECTS);
	for (size_t i = 0; i < 4; i++)
		assert_int_not_equal(many.again[i], 0);
	assert_int_equal(many.again[0], many.again[3]);
	assert_int_not_equal(many.again[0], many.again[1]);
	assert_int_not_equal(many.again[0], many.again[2]);
	assert_int_not_equal(many.again[1], many.again[2]);
	/* Of one project all the same: halved, or it would go round for ever. */
	judge(4, 400, "{\"errors\":[{\"code\":"
	    "\"PUSH_TOO_MANY_EXPERIENCE_IDS\",\"details\":{}}]}");
	assert_int_not_equal(many.again[0], many.again[3]);
	/* Ours is named: the others fail, and keep their devices (R10). */
	cc_set("GATEPOST_EXPO_PROJECT", "@a/x");
	judge(4, 400, PROJECTS);
	assert_int_equal(many.again[1], 0);
	assert_string_equal(word(1), "perm");
	assert_string_equal(many.v[1].code, "expo_foreign_project");
	assert_int_not_equal(many.again[0], 0);
	cc_set("GATEPOST_EXPO_PROJECT", "");
	json_free(many.content);
}

/* --- receipts ------------------------------------------------------------- */

static struct receipt_asked asked[4] = { { .id = "A" }, { .id = "B" },
	{ .id = "C" }, { .id = "D", .resent = 1 } };

static void
judge_receipts(long status, const char *body, long retry_after_s)
{
	const struct in_answer in = { .complete = true, .body_sent = true,
	    .status = status, .body = body, .body_len = strlen(body),
	    .retry_after_s = retry_after_s };

	many.out.v = many.v;
	many.out.again = many.again;
	p->receipts->judge(asked, 4, &in, &many.out);
}

static void
receipts_are_asked_for_by_their_ids(void **state UNUSED)
{
	struct out_request req = { .kind = SEND_HTTP };
	struct err e = ERR_INIT;

	assert_int_equal(p->receipts->ask(NULL, asked, 4, cc.a, &req, &e), 0);
	assert_string_equal(req.url,
	    "https://exp.host/--/api/v2/push/getReceipts");
	assert_string_equal(arena_strndup(cc.a, req.body, req.body_len),
	    "{\"ids\":[\"A\",\"B\",\"C\",\"D\"]}");
	assert_true(req.repeat_ok);
	assert_true(p->receipts->ids_max <= 1000);
}

static void
a_receipt_is_its_id_s_wherever_it_stands(void **state UNUSED)
{
	judge_receipts(200, "{\"data\":{\"Z\":{\"status\":\"error\","
	    "\"details\":{\"error\":\"DeviceNotRegistered\"}},"
	    "\"D\":{\"status\":\"ok\"},\"A\":{\"status\":\"error\","
	    "\"details\":{\"error\":\"DeviceNotRegistered\"}},"
	    "\"C\":7}}", 0);
	assert_int_equal(many.out.whole.outcome, OUTCOME_OK);
	assert_string_equal(word(0), "drop");
	assert_string_equal(word(1), "unsure");		/* none yet */
	assert_string_equal(word(2), "unsure");		/* unreadable: none */
	assert_string_equal(word(3), "ok");
}

static void
each_error_of_a_receipt_has_its_reaction(void **state UNUSED)
{
	static const struct { const char *error, *want, *want_again; } row[] = {
		{ "DeviceNotRegistered", "drop", "drop" },
		{ "MessageTooBig", "perm", "perm" },
		{ "MessageRateExceeded", "retry", "retry" },
		{ "MismatchSenderId", "config", "config" },
		{ "InvalidCredentials", "config", "config" },
		{ "DeveloperError", "perm", "perm" },
		{ "ExpoError", "retry", "perm" },
		{ "ProviderError", "retry", "perm" },
		{ "New", "perm", "perm" }, { "", "perm", "perm" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].error);
		judge_receipts(200, arena_printf(cc.a, "{\"data\":{\"A\":{"
		    "\"status\":\"error\",\"details\":{\"error\":\"%s\"}},"
		    "\"D\":{\"status\":\"error\",\"details\":{\"error\":"
		    "\"%s\"}}}}", row[i].error, row[i].error), 0);
		assert_string_equal(word(0), row[i].want);
		assert_string_equal(word(3), row[i].want_again);
		/* Too fast: not at once, and slower each time. */
		if (strcmp(row[i].error, "MessageRateExceeded") == 0)
			assert_true(many.v[0].wait_s >= 60 &&
			    many.v[3].wait_s > many.v[0].wait_s);
	}
	/* Nor for ever. */
	asked[3].resent = 5;
	judge_receipts(200, "{\"data\":{\"D\":{\"status\":\"error\","
	    "\"details\":{\"error\":\"MessageRateExceeded\"}}}}", 0);
	assert_string_equal(word(3), "perm");
	asked[3].resent = 1;
}

static void
no_answer_about_receipts_says_nothing_of_any(void **state UNUSED)
{
	static const struct { long status; const char *body, *whole;
		bool fewer; } row[] = {
		{ 429, "{\"errors\":[{\"code\":\"TOO_MANY_REQUESTS\"}]}",
		    "slow", false },
		{ 400, "{\"errors\":[{\"code\":\"PUSH_TOO_MANY_RECEIPTS\"}]}",
		    "perm", true },
		{ 401, "{\"error\":\"invalid_token\"}", "config", false },
		{ 503, "<html>", "retry", false },
		{ 200, "{\"data\":{\"A\":{\"sta", "retry", true },
		{ 200, "{\"data\":[{\"status\":\"ok\"}]}", "retry", true },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		judge_receipts(row[i].status, row[i].body, 7);
		assert_string_equal(outcome_word(many.out.whole.outcome),
		    row[i].whole);
		assert_int_equal(many.out.whole.wait_s, 7);
		assert_int_equal(many.again[0] != 0, row[i].fewer);
		for (size_t k = 0; k < 4; k++)
			assert_string_equal(word(k), "unsure");
	}
}

static void
an_empty_url_switches_it_off(void **state UNUSED)
{
	struct err e = ERR_INIT;

	assert_ptr_equal(provider_for("expo"), p);
	cc_set("GATEPOST_EXPO_URL", "");
	assert_int_equal(p->configured(NULL, &e), -1);
	assert_null(provider_for("expo"));
	cc_set("GATEPOST_EXPO_URL", "https://exp.host");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_answer_has_its_outcome),
		cmocka_unit_test(a_message_has_the_published_defaults),
		cmocka_unit_test(what_was_asked_for_is_sent),
		cmocka_unit_test(s74_no_code_link_or_password_goes_by_expo),
		cmocka_unit_test(what_the_service_would_refuse_never_leaves),
		cmocka_unit_test(
		    a_request_is_one_list_and_compressed_when_long),
		cmocka_unit_test(each_ticket_is_its_message_s),
		cmocka_unit_test(
		    r10_tickets_out_of_order_cost_nobody_a_device),
		cmocka_unit_test(a_refusal_of_all_is_everybody_s),
		cmocka_unit_test(one_bad_message_fails_alone),
		cmocka_unit_test(each_project_gets_a_request_of_its_own),
		cmocka_unit_test(receipts_are_asked_for_by_their_ids),
		cmocka_unit_test(a_receipt_is_its_id_s_wherever_it_stands),
		cmocka_unit_test(each_error_of_a_receipt_has_its_reaction),
		cmocka_unit_test(no_answer_about_receipts_says_nothing_of_any),
		cmocka_unit_test(an_empty_url_switches_it_off),
	};

	return cmocka_run_group_tests(tests, cc_setup, cc_teardown);
}
