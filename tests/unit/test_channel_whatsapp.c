/*
 * test_channel_whatsapp.c - WhatsApp: what each answer means, the requests,
 * and who a contact is.
 */
#include "channel_case.h"

#include "channel/providers/whatsapp.h"

#define TO	"+989361234567"

static const struct provider *const p = &provider_whatsapp;

static int
setup(void **state)
{
	if (cc_setup(state) < 0)
		return -1;
	cc_set("WHATSAPP_API_URL", "https://graph.facebook.com");
	cc_set("WHATSAPP_PHONE_NUMBER_ID", "106540352242922");
	cc_set("WHATSAPP_ACCESS_TOKEN", "EAAsecret");
	cc_set("GATEPOST_WHATSAPP_CODE_TEMPLATE", "otp_copy");
	cc_set("GATEPOST_WHATSAPP_CODE_LANGUAGES", "en_US, fa");
	return 0;
}

static void
every_recorded_answer_has_its_outcome(void **state UNUSED)
{
	cc_cases(p, "whatsapp.json", TO, 80);
}

/* The body that is sent, as a document; json_free it. */
static struct json *
sent(const struct message *m)
{
	struct out_request req = cc_build(p, m);

	return cc_json(arena_strndup(cc.a, req.body, req.body_len));
}

static void
text_is(const struct json *j, const char *want)
{
	assert_string_equal(json_text(cc.a, j), want);
}

static void
a_text_names_its_delivery_and_shows_no_secret(void **state UNUSED)
{
	struct json *content = cc_json("{\"body\":\"سلام \\\"Ann\\\"\"}");
	struct message m = cc_message("communication", TO, content, NULL);
	struct out_request req = cc_build(p, &m);
	struct json *j = sent(&m);
	uint64_t id;
	uint32_t seq;

	assert_string_equal(req.url, "https://graph.facebook.com/v25.0/"
	    "106540352242922/messages");
	assert_string_equal(req.log_url, "https://graph.facebook.com");
	assert_string_equal(cc_header(&req, "Authorization"),
	    "Bearer EAAsecret");
	assert_string_equal(cc_header(&req, "Content-Type"),
	    "application/json");
	assert_false(req.repeat_ok);
	assert_string_equal(cc_str(j, "to"), TO);
	assert_string_equal(cc_str(j, "messaging_product"), "whatsapp");
	assert_string_equal(cc_str(json_get(j, "text"), "body"),
	    "سلام \"Ann\"");
	assert_int_equal(callback_name_read(cc_str(j,
	    "biz_opaque_callback_data"), &id, &seq), 1);
	assert_true(id == m.notification_id && seq == m.seq);
	/* With a title: above the text. */
	m.title = "Order 7";
	json_free(j);
	j = sent(&m);
	assert_string_equal(cc_str(json_get(j, "text"), "body"),
	    "Order 7\nسلام \"Ann\"");
	json_free(j);
	json_free(content);
}

static void
a_known_app_secret_is_proved(void **state UNUSED)
{
	struct json *content = cc_json("{\"body\":\"x\"}");
	struct message m = cc_message("communication", TO, content, NULL);
	struct out_request req;

	cc_set("GATEPOST_WHATSAPP_APP_SECRET", "app-secret-0123456789abcdef");
	req = cc_build(p, &m);
	/* openssl dgst -sha256 -hmac app-secret-0123456789abcdef */
	assert_non_null(strstr(req.url, "/messages?appsecret_proof="));
	assert_int_equal(strlen(strstr(req.url, "proof=") + 6), 64);
	assert_null(strstr(req.log_url, "proof"));
	cc_set("GATEPOST_WHATSAPP_APP_SECRET", "");
	json_free(content);
}

static void
a_template_has_its_parameters_in_order_or_by_name(void **state UNUSED)
{
	static const struct { const char *content, *want; } row[] = {
		{ "{\"body\":\"\",\"whatsapp\":{\"template\":\"hello_world\","
		    "\"language\":\"en_US\"}}",
		    "{\"name\":\"hello_world\",\"language\":{\"code\":"
		    "\"en_US\"}}" },
		{ "{\"whatsapp\":{\"template\":\"order_update\",\"language\":"
		    "\"en\",\"parameters\":[\"Ann\",\"#1001\"]}}",
		    "{\"name\":\"order_update\",\"language\":{\"code\":\"en\"},"
		    "\"components\":[{\"type\":\"body\",\"parameters\":["
		    "{\"type\":\"text\",\"text\":\"Ann\"},"
		    "{\"type\":\"text\",\"text\":\"#1001\"}]}]}" },
		{ "{\"whatsapp\":{\"template\":\"order_update\",\"language\":"
		    "\"en\",\"parameters\":{\"order_number\":\"#1001\"}}}",
		    "{\"name\":\"order_update\",\"language\":{\"code\":\"en\"},"
		    "\"components\":[{\"type\":\"body\",\"parameters\":["
		    "{\"type\":\"text\",\"parameter_name\":\"order_number\","
		    "\"text\":\"#1001\"}]}]}" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct json *content = cc_json(row[i].content);
		struct message m = cc_message("communication", TO, content,
		    NULL);
		struct json *j = sent(&m);

		print_message("%s\n", row[i].content);
		text_is(json_get(j, "template"), row[i].want);
		json_free(j);
		json_free(content);
	}
}

static void
a_code_goes_twice_in_the_language_there_is(void **state UNUSED)
{
	static const struct { const char *locale, *want; } row[] = {
		{ "en", "en_US" }, { "fa", "fa" }, { "fa-IR", "fa" },
		{ "de", "en_US" }, { "", "en_US" },
	};
	struct json *content = cc_json("{\"template\":\"code\"}");
	struct json *secret = cc_json("{\"code\":\"852596\"}");
	struct message m = cc_message("code", TO, content, secret);

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct json *j;

		m.locale = row[i].locale;
		j = sent(&m);
		text_is(json_get(j, "template"), arena_printf(cc.a,
		    "{\"name\":\"otp_copy\",\"language\":{\"code\":\"%s\"},"
		    "\"components\":[{\"type\":\"body\",\"parameters\":["
		    "{\"type\":\"text\",\"text\":\"852596\"}]},"
		    "{\"type\":\"button\",\"sub_type\":\"url\",\"index\":\"0\","
		    "\"parameters\":[{\"type\":\"text\",\"text\":\"852596\"}]}"
		    "]}", row[i].want));
		json_free(j);
	}
	cc_set("GATEPOST_WHATSAPP_CODE_TEMPLATE", "");
	cc_refused(p, &m, "no_code_template");
	cc_set("GATEPOST_WHATSAPP_CODE_TEMPLATE", "otp_copy");
	m.secret = NULL;
	cc_refused(p, &m, "bad_code");
	json_free(secret);
	json_free(content);
}

static void
what_the_provider_would_refuse_never_leaves(void **state UNUSED)
{
	static const struct { const char *to, *content, *want; } row[] = {
		{ "09361234567", "{\"body\":\"x\"}", "bad_number" },
		{ "+98936,+98937", "{\"body\":\"x\"}", "bad_number" },
		{ "", "{\"body\":\"x\"}", "bad_number" },
		{ TO, "{\"body\":\"\"}", "no_text" },
		{ TO, "{}", "no_text" },
		{ TO, "{\"whatsapp\":{\"template\":\"Bad\",\"language\":"
		    "\"en\"}}", "bad_template" },
		{ TO, "{\"whatsapp\":{\"template\":\"x\",\"language\":"
		    "\"english\"}}", "bad_template" },
		{ TO, "{\"whatsapp\":{\"template\":\"x\",\"language\":\"en\","
		    "\"parameters\":[\"a\\nb\"]}}", "bad_parameters" },
		{ TO, "{\"whatsapp\":{\"template\":\"x\",\"language\":\"en\","
		    "\"parameters\":[7]}}", "bad_parameters" },
	};
	char text[WHATSAPP_TEXT_MAX + 2];
	struct json *content;
	struct message m;

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s %s\n", row[i].to, row[i].content);
		content = cc_json(row[i].content);
		m = cc_message("communication", row[i].to, content, NULL);
		cc_refused(p, &m, row[i].want);
		json_free(content);
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	content = cc_json(arena_printf(cc.a, "{\"body\":\"%s\"}", text));
	m = cc_message("communication", TO, content, NULL);
	cc_refused(p, &m, "text_too_long");
	json_free(content);
}

static void
old_settings_of_the_address_serve(void **state UNUSED)
{
	static const char *const url[] = {
		"https://graph.facebook.com/v18.0",
		"https://graph.facebook.com/v18.0/",
		"https://graph.facebook.com/v18.0/106540352242922/messages",
	};
	struct json *content = cc_json("{\"body\":\"x\"}");
	struct message m = cc_message("communication", TO, content, NULL);
	struct err e = ERR_INIT;

	for (size_t i = 0; i < COUNT_OF(url); i++) {
		cc_set("WHATSAPP_API_URL", url[i]);
		assert_string_equal(cc_build(p, &m).url,
		    "https://graph.facebook.com/v18.0/106540352242922/"
		    "messages");
	}
	cc_set("WHATSAPP_API_URL", "https://graph.facebook.com/");
	assert_string_equal(cc_build(p, &m).url, "https://graph.facebook.com"
	    "/v25.0/106540352242922/messages");
	cc_set("WHATSAPP_API_URL", "https://graph.facebook.com");
	assert_int_equal(p->configured(NULL, &e), 0);
	cc_set("GATEPOST_WHATSAPP_VERSION", "v25.0/../x");
	assert_int_equal(p->configured(NULL, &e), -1);
	cc_set("GATEPOST_WHATSAPP_VERSION", "v25.0");
	cc_set("WHATSAPP_PHONE_NUMBER_ID", "1/x");
	assert_int_equal(p->configured(NULL, &e), -1);
	cc_set("WHATSAPP_PHONE_NUMBER_ID", "106540352242922");
	cc_set("WHATSAPP_ACCESS_TOKEN", "a b");
	assert_int_equal(p->configured(NULL, &e), -1);
	cc_set("WHATSAPP_ACCESS_TOKEN", "EAAsecret");
	json_free(content);
}

static void
a_contact_is_one_however_its_number_is_written(void **state UNUSED)
{
	static const struct { const char *number, *want; } row[] = {
		{ "+16505551234", "16505551234" },
		{ "16505551234", "16505551234" },
		{ "+5511987654321", "551187654321" },	/* Brazil, 9th digit */
		{ "551187654321", "551187654321" },
		{ "+5215512345678", "525512345678" },	/* Mexico, 1 */
		{ "+525512345678", "525512345678" },
		{ "+5491123456789", "541123456789" },	/* Argentina, 9 */
		{ "541123456789", "541123456789" },
		{ "US.13491208655302741918", "US.13491208655302741918" },
		{ "US.ENT.13491208655302741918",
		    "US.ENT.13491208655302741918" },
		{ "", NULL }, { "+", NULL }, { "12", NULL },
		{ "1234567890123456", NULL }, { "us.134", NULL },
		{ "US.1 4", NULL }, { "+1650 555", NULL }, { NULL, NULL },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		const char *got = whatsapp_contact(cc.a, row[i].number);

		print_message("%s\n", row[i].number == NULL ? "(none)" :
		    row[i].number);
		if (row[i].want == NULL)
			assert_null(got);
		else
			assert_string_equal(got, row[i].want);
	}
}

static void
a_callbacks_name_is_ours_or_none(void **state UNUSED)
{
	static const char *const bad[] = { "", "gp-", "gp-1", "gp-1-", "gp--1",
		"gp-0-1", "gp-1-0", "gp-1-4294967296", "gp-x-1", "gp-1-1x",
		"gp-99999999999999999999-1", "msg-1-1", "gp-1-1-1", NULL };
	char name[CALLBACK_NAME];
	uint64_t id;
	uint32_t seq;

	callback_name(name, INT64_MAX, UINT32_MAX);
	assert_int_equal(callback_name_read(name, &id, &seq), 1);
	assert_true(id == INT64_MAX && seq == UINT32_MAX);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(callback_name_read(bad[i], &id, &seq), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_answer_has_its_outcome),
		cmocka_unit_test(
		    a_text_names_its_delivery_and_shows_no_secret),
		cmocka_unit_test(a_known_app_secret_is_proved),
		cmocka_unit_test(
		    a_template_has_its_parameters_in_order_or_by_name),
		cmocka_unit_test(a_code_goes_twice_in_the_language_there_is),
		cmocka_unit_test(what_the_provider_would_refuse_never_leaves),
		cmocka_unit_test(old_settings_of_the_address_serve),
		cmocka_unit_test(
		    a_contact_is_one_however_its_number_is_written),
		cmocka_unit_test(a_callbacks_name_is_ours_or_none),
	};

	return cmocka_run_group_tests(tests, setup, cc_teardown);
}
