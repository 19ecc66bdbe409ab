/*
 * test_channel_twilio.c - Twilio: what each answer means, and the requests.
 */
#include "channel_case.h"

#define TO	"+989361234567"
#define SID	"AC0123456789abcdef0123456789abcdef"

static const struct provider *const sms = &provider_twilio;
static const struct provider *const wa = &provider_twilio_whatsapp;

static int
setup(void **state)
{
	if (cc_setup(state) < 0)
		return -1;
	cc_set("GATEPOST_PUBLIC_URL", "https://example.com");
	cc_set("TWILIO_ACCOUNT_SID", SID);
	cc_set("TWILIO_AUTH_TOKEN", "12345");
	cc_set("TWILIO_PHONE_NUMBER", "+15017122661");
	cc_set("GATEPOST_TWILIO_WHATSAPP_FROM", "+14155238886");
	cc_set("GATEPOST_TWILIO_CODE_CONTENT",
	    "HX0123456789abcdef0123456789abcdef");
	return 0;
}

static void
every_recorded_answer_has_its_outcome(void **state UNUSED)
{
	cc_cases(sms, "twilio.json", TO, 45);
}

static void
an_sms_names_its_delivery_in_the_callback(void **state UNUSED)
{
	struct json *content = cc_json("{\"body\":\"Hello & سلام\"}");
	struct message m = cc_message("communication", TO, content, NULL);
	struct out_request req = cc_build(sms, &m);

	assert_string_equal(req.url, "https://api.twilio.com/2010-04-01/"
	    "Accounts/" SID "/Messages.json");
	assert_string_equal(req.log_url, "https://api.twilio.com");
	assert_string_equal(cc_header(&req, "Authorization"), "Basic "
	    "QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjoxMjM0NQ==");
	assert_string_equal(cc_form(&req, "To"), TO);
	assert_string_equal(cc_form(&req, "From"), "+15017122661");
	assert_string_equal(cc_form(&req, "Body"), "Hello & سلام");
	assert_string_equal(cc_form(&req, "StatusCallback"), arena_printf(
	    cc.a, "https://example.com/api/webhooks/twilio/?d=gp-%" PRIu64
	    "-7", m.notification_id));
	assert_null(cc_form(&req, "ValidityPeriod"));
	assert_false(req.repeat_ok);
	cc_set("TWILIO_PHONE_NUMBER", "MG0123456789abcdef0123456789abcdef");
	req = cc_build(sms, &m);
	assert_null(cc_form(&req, "From"));
	assert_string_equal(cc_form(&req, "MessagingServiceSid"),
	    "MG0123456789abcdef0123456789abcdef");
	cc_set("TWILIO_PHONE_NUMBER", "+15017122661");
	/* An API key instead of the token. */
	cc_set("GATEPOST_TWILIO_KEY", "SK1");
	cc_set("GATEPOST_TWILIO_KEY_SECRET", "x");
	req = cc_build(sms, &m);
	assert_string_equal(cc_header(&req, "Authorization"),
	    "Basic U0sxOng=");
	cc_set("GATEPOST_TWILIO_KEY", "");
	json_free(content);
}

static void
a_code_is_dead_there_when_it_is_dead_here(void **state UNUSED)
{
	struct json *content = cc_json("{\"template\":\"code\","
	    "\"purpose\":\"login\",\"minutes\":5}");
	struct json *secret = cc_json("{\"code\":\"852596\"}");
	struct message m = cc_message("code", TO, content, secret);
	struct out_request req;

	m.expires_us = m.now_us + 300 * US_PER_S;
	req = cc_build(sms, &m);
	assert_non_null(strstr(cc_form(&req, "Body"), "852596"));
	assert_string_equal(cc_form(&req, "ValidityPeriod"), "300");
	req = cc_build(wa, &m);
	assert_string_equal(cc_form(&req, "ContentSid"),
	    "HX0123456789abcdef0123456789abcdef");
	assert_string_equal(cc_form(&req, "ContentVariables"),
	    "{\"1\":\"852596\"}");
	assert_null(cc_form(&req, "Body"));
	cc_set("GATEPOST_TWILIO_CODE_CONTENT", "");
	cc_refused(wa, &m, "no_code_template");
	cc_set("GATEPOST_TWILIO_CODE_CONTENT",
	    "HX0123456789abcdef0123456789abcdef");
	json_free(secret);
	json_free(content);
}

static void
whatsapp_has_its_scheme_on_both_sides(void **state UNUSED)
{
	struct json *content = cc_json("{\"body\":\"Hello\"}");
	struct json *template = cc_json("{\"whatsapp\":{\"content_sid\":"
	    "\"HX0123456789abcdef0123456789abcdef\",\"parameters\":"
	    "[\"Ann\",\"#1001\"]}}");
	struct json *metas = cc_json("{\"whatsapp\":{\"template\":"
	    "\"hello_world\",\"language\":\"en_US\"}}");
	struct message m = cc_message("communication", TO, content, NULL);
	struct out_request req = cc_build(wa, &m);

	assert_string_equal(cc_form(&req, "To"), "whatsapp:" TO);
	assert_string_equal(cc_form(&req, "From"), "whatsapp:+14155238886");
	assert_string_equal(cc_form(&req, "Body"), "Hello");
	m.content = template;
	req = cc_build(wa, &m);
	assert_string_equal(cc_form(&req, "ContentVariables"),
	    "{\"1\":\"Ann\",\"2\":\"#1001\"}");
	m.content = metas;
	cc_refused(wa, &m, "bad_template");
	json_free(metas);
	json_free(template);
	json_free(content);
}

static void
what_the_provider_would_refuse_never_leaves(void **state UNUSED)
{
	char text[1700];
	struct json *content = cc_json("{\"body\":\"x\"}");
	struct message m = cc_message("communication", "09361234567", content,
	    NULL);
	struct err e = ERR_INIT;

	cc_refused(sms, &m, "bad_number");
	json_free(content);
	memset(text, 'x', 1601);
	text[1601] = '\0';
	content = cc_json(arena_printf(cc.a, "{\"body\":\"%s\"}", text));
	m = cc_message("communication", TO, content, NULL);
	cc_refused(sms, &m, "text_too_long");
	json_free(content);
	content = cc_json("{}");
	m.content = content;
	cc_refused(sms, &m, "no_text");
	json_free(content);
	cc_set("TWILIO_ACCOUNT_SID", "AC/../x");
	assert_int_equal(sms->configured(NULL, &e), -1);
	cc_set("TWILIO_ACCOUNT_SID", SID);
	assert_int_equal(sms->configured(NULL, &e), 0);
	assert_int_equal(wa->configured(NULL, &e), 0);
	cc_set("TWILIO_PHONE_NUMBER", "");
	assert_int_equal(sms->configured(NULL, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_answer_has_its_outcome),
		cmocka_unit_test(an_sms_names_its_delivery_in_the_callback),
		cmocka_unit_test(a_code_is_dead_there_when_it_is_dead_here),
		cmocka_unit_test(whatsapp_has_its_scheme_on_both_sides),
		cmocka_unit_test(what_the_provider_would_refuse_never_leaves),
	};

	return cmocka_run_group_tests(tests, setup, cc_teardown);
}
