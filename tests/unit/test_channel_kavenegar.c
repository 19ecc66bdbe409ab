/*
 * test_channel_kavenegar.c - SMS: what each answer means, and the requests.
 */
#include "channel_case.h"

static const struct provider *const p = &provider_kavenegar;

static void
every_recorded_answer_has_its_outcome(void **state UNUSED)
{
	cc_cases(p, "kavenegar.json", "+989361234567", 60);
}

static void
a_code_goes_by_lookup_and_shows_no_secret_in_the_log(void **state UNUSED)
{
	struct json *content = cc_json("{\"template\":\"code\","
	    "\"purpose\":\"login\",\"minutes\":5}");
	struct json *secret = cc_json("{\"code\":\"852596\"}");
	struct message m = cc_message("code", "+989361234567", content,
	    secret);
	struct out_request req = cc_build(p, &m);

	assert_int_equal(req.kind, SEND_HTTP);
	assert_string_equal(req.method, "POST");
	/* The key is a path segment, escaped. */
	assert_string_equal(req.url, "https://api.kavenegar.com/v1/"
	    "s3cret%2Fkey/verify/lookup.json");
	assert_null(strstr(req.log_url, "s3cret"));
	assert_string_equal(req.log_url, "https://api.kavenegar.com");
	assert_false(req.user_url);
	assert_string_equal(cc_header(&req, "Content-Type"),
	    "application/x-www-form-urlencoded; charset=utf-8");
	assert_string_equal(cc_header(&req, "Accept"), "application/json");
	assert_string_equal(arena_strndup(cc.a, req.body, req.body_len),
	    "receptor=09361234567&token=852596&template=gatepost-code");
	/* lookup has no guard against a second code (1.9, D26). */
	assert_false(req.repeat_ok);
	json_free(secret);
	json_free(content);
}

static void
a_notice_goes_by_send_with_its_localid(void **state UNUSED)
{
	struct json *content = cc_json("{\"template\":\"password_changed\","
	    "\"site\":\"گیت & پست+۱\",\"locale\":\"fa\"}");
	struct message m = cc_message("notice", "+4915123456789", content,
	    NULL);
	struct out_request req;

	cc_set("GATEPOST_KAVENEGAR_SENDER", "10004346");
	req = cc_build(p, &m);
	assert_true(text_ends(req.url, "/sms/send.json"));
	assert_string_equal(cc_form(&req, "receptor"), "004915123456789");
	assert_string_equal(cc_form(&req, "sender"), "10004346");
	assert_non_null(strstr(cc_form(&req, "message"), "گیت & پست+۱"));
	assert_true(strspn(cc_form(&req, "localid"), "0123456789") ==
	    strlen(cc_form(&req, "localid")));
	assert_null(cc_form(&req, "token"));
	assert_true(req.repeat_ok);
	cc_set("GATEPOST_KAVENEGAR_SENDER", "");
	req = cc_build(p, &m);
	/* No empty optional parameter (1.2). */
	assert_null(cc_form(&req, "sender"));
	json_free(content);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
each_delivery_has_a_localid_of_its_own_and_keeps_it(void **state UNUSED)
{
	enum { N = 6000 };
	struct json *content = cc_json("{\"template\":\"reset_done\"}");
	struct message m = cc_message("notice", "+989361234567", content,
	    NULL);
	const char **id = arena_array(cc.a, N, sizeof(*id));
	struct out_request req;
	uint64_t v;

	for (unsigned i = 0; i < N; i++) {
		/* Deliveries of one, and neighbours in id. */
		m.seq = i < N / 2 ? i * 2 : i - N / 2;
		m.notification_id = INT64_MAX - (i < N / 2 ? 0 : 1);
		m.try = i % 3;
		m.now_us = NOW_US + i;
		req = cc_build(p, &m);
		id[i] = cc_form(&req, "localid");
		assert_true(text_u64(id[i], INT64_MAX, &v));
	}
	m.try = 5;
	req = cc_build(p, &m);
	assert_string_equal(cc_form(&req, "localid"), id[N - 1]);
	qsort(id, N, sizeof(*id), by_text);
	for (unsigned i = 1; i < N; i++)
		assert_string_not_equal(id[i - 1], id[i]);
	json_free(content);
}

static void
a_localid_guards_no_longer_than_the_vendor_keeps_it(void **state UNUSED)
{
	struct json *content = cc_json("{\"template\":\"reset_done\"}");
	struct message m = cc_message("notice", "+989361234567", content,
	    NULL);

	m.now_us = m.created_us + INT64_C(10) * 3600 * US_PER_S;
	assert_true(cc_build(p, &m).repeat_ok);
	m.now_us = m.created_us + INT64_C(12) * 3600 * US_PER_S;
	assert_false(cc_build(p, &m).repeat_ok);
	json_free(content);
}

/* A token of 100 digits is the longest (section 1.2). */
#define DIGITS_50	"01234567890123456789012345678901234567890123456789"

static void
a_token_outside_the_grammar_never_leaves(void **state UNUSED)
{
	static const char *const bad[] = { "", "12 34", "12_34", "12\\n34",
		"12-34", "12,34", "12.34", "\xdb\xb1\xdb\xb2", "12&template=x",
		DIGITS_50 DIGITS_50 "0" };
	static const char *const good[] = { "1", "852596", "aB9",
		DIGITS_50 DIGITS_50 };
	struct json *content = cc_json("{\"template\":\"code\"}"), *secret;
	struct message m = cc_message("code", "+989361234567", content, NULL);
	struct out_request req;

	cc_refused(p, &m, "bad_code");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		print_message("%s\n", bad[i]);
		m.secret = secret = cc_json(arena_printf(cc.a,
		    "{\"code\":\"%s\"}", bad[i]));
		cc_refused(p, &m, "bad_code");
		json_free(secret);
	}
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		m.secret = secret = cc_json(arena_printf(cc.a,
		    "{\"code\":\"%s\"}", good[i]));
		req = cc_build(p, &m);
		assert_string_equal(cc_form(&req, "token"), good[i]);
		json_free(secret);
	}
	json_free(content);
}

static void
one_number_in_the_form_the_vendor_documents(void **state UNUSED)
{
	static const struct { const char *to, *want; } row[] = {
		{ "+989121234567", "09121234567" },
		{ "+97421123456", "0097421123456" },
		{ "+982112345678", "02112345678" },
		{ "09121234567", NULL }, { "+98912123456789012", NULL },
		{ "+98912,+98913", NULL }, { "+98912&sender=1", NULL },
		{ "+", NULL }, { "", NULL }, { "+98 912 123 4567", NULL },
	};
	struct json *content = cc_json("{\"template\":\"taken\"}");

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct message m = cc_message("notice", row[i].to, content,
		    NULL);
		struct out_request req;

		print_message("%s\n", row[i].to);
		if (row[i].want == NULL) {
			cc_refused(p, &m, "bad_number");
			continue;
		}
		req = cc_build(p, &m);
		assert_string_equal(cc_form(&req, "receptor"), row[i].want);
	}
	json_free(content);
}

static void
a_text_longer_than_the_vendor_takes_is_refused(void **state UNUSED)
{
	char site[1400] = "";
	struct json *content;
	struct message m;

	/* 268 characters of Persian, 612 of Latin. */
	memset(site, 'x', 500);
	content = cc_json(arena_printf(cc.a,
	    "{\"template\":\"taken\",\"site\":\"%s\"}", site));
	m = cc_message("notice", "+989121234567", content, NULL);
	(void)cc_build(p, &m);
	m.locale = "fa";
	cc_refused(p, &m, "text_too_long");
	json_free(content);
	memset(site, 'x', 600);
	content = cc_json(arena_printf(cc.a,
	    "{\"template\":\"taken\",\"site\":\"%s\"}", site));
	m = cc_message("notice", "+989121234567", content, NULL);
	cc_refused(p, &m, "text_too_long");
	json_free(content);
}

static void
without_key_or_template_it_is_not_configured(void **state UNUSED)
{
	struct err e = ERR_INIT;

	assert_int_equal(p->configured(NULL, &e), 0);
	assert_ptr_equal(provider_for("sms"), p);
	cc_set("KAVENEGAR_API_KEY", "");
	assert_int_equal(p->configured(NULL, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_null(provider_for("sms"));
	cc_set("KAVENEGAR_API_KEY", "s3cret/key");
	cc_set("GATEPOST_KAVENEGAR_TEMPLATE", "");
	assert_int_equal(p->configured(NULL, &e), -1);
	cc_set("GATEPOST_KAVENEGAR_TEMPLATE", "gatepost-code");
	assert_ptr_equal(provider_find("kavenegar"), p);
	assert_null(provider_find("nobody"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_answer_has_its_outcome),
		cmocka_unit_test(
		    a_code_goes_by_lookup_and_shows_no_secret_in_the_log),
		cmocka_unit_test(a_notice_goes_by_send_with_its_localid),
		cmocka_unit_test(
		    each_delivery_has_a_localid_of_its_own_and_keeps_it),
		cmocka_unit_test(
		    a_localid_guards_no_longer_than_the_vendor_keeps_it),
		cmocka_unit_test(a_token_outside_the_grammar_never_leaves),
		cmocka_unit_test(one_number_in_the_form_the_vendor_documents),
		cmocka_unit_test(
		    a_text_longer_than_the_vendor_takes_is_refused),
		cmocka_unit_test(without_key_or_template_it_is_not_configured),
	};

	return cmocka_run_group_tests(tests, cc_setup, cc_teardown);
}
