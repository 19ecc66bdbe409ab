/*
 * test_channel_smtp.c - mail: what each reply means, and the transactions.
 */
#include "channel_case.h"

static const struct provider *const p = &provider_smtp;
static const char notice[] = "{\"template\":\"password_changed\","
    "\"site\":\"Gatepost\"}";

static void
every_recorded_answer_has_its_outcome(void **state UNUSED)
{
	cc_cases(p, "smtp.json", "u@example.com", 60);
}

static void
one_transaction_has_one_recipient(void **state UNUSED)
{
	struct json *content = cc_json(notice);
	struct message m = cc_message("notice", "U.ser+tag@example.org",
	    content, NULL);
	struct out_request req = cc_build(p, &m);

	assert_int_equal(req.kind, SEND_SMTP);
	assert_string_equal(req.mail_from, "no-reply@example.com");
	assert_string_equal(req.rcpt_to, "U.ser+tag@example.org");
	assert_string_equal(req.log_url, "smtp.example.com");
	assert_int_equal(req.mail_len, strlen(req.mail));
	assert_non_null(strstr(req.mail,
	    "\r\nTo: <U.ser+tag@example.org>\r\n"));
	json_free(content);
}

static const char *
message_id(const struct message *m)
{
	struct out_request req = cc_build(p, m);
	const char *at = strstr(req.mail, "\r\nMessage-ID: ");

	assert_non_null(at);
	return arena_strndup(cc.a, at, strcspn(at + 2, "\r"));
}

static void
a_repeat_has_the_same_message_id_and_is_the_same_mail(void **state UNUSED)
{
	struct json *content = cc_json(notice);
	struct message m = cc_message("notice", "u@example.com", content,
	    NULL);
	struct out_request first = cc_build(p, &m), second;
	const char *id = message_id(&m);

	m.try = 1;
	m.now_us += 600 * US_PER_S;
	second = cc_build(p, &m);
	assert_string_equal(first.mail, second.mail);
	m.seq++;
	assert_string_not_equal(message_id(&m), id);
	m.seq--;
	m.notification_id++;
	assert_string_not_equal(message_id(&m), id);
	json_free(content);
}

static void
a_code_is_never_repeated_and_other_mail_once(void **state UNUSED)
{
	struct json *content = cc_json("{\"template\":\"code\"}");
	struct json *secret = cc_json("{\"code\":\"123456\"}");
	struct message m = cc_message("code", "u@example.com", content,
	    secret);

	assert_false(cc_build(p, &m).repeat_ok);
	m.type = "notice";
	assert_true(cc_build(p, &m).repeat_ok);
	m.try = 1;
	assert_false(cc_build(p, &m).repeat_ok);
	m.secret = NULL;
	cc_refused(p, &m, "bad_code");
	json_free(secret);
	json_free(content);
}

static void
h5_no_address_breaks_out_of_its_command_or_header(void **state UNUSED)
{
	static const char *const bad[] = { "", "u", "@example.com", "u@",
		"u@example.com\r\nBcc: x@example.com",
		"u@example.com\r\nRCPT TO:<x@example.com>", "u@example.com\n",
		"u@example.com\r", "u@example.com, x@example.com",
		"u@example.com>,<x@example.com", "<u@example.com>",
		"u@example.com x", "u\t@example.com", "u@example.com;x",
		"\"u v\"@example.com", "u@example.com\x7f",
		"\xc3\xbc@example.com", "u@[127.0.0.1]", "u\\@example.com",
		"(c)u@example.com" };
	struct json *content = cc_json(notice);

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct message m = cc_message("notice", bad[i], content, NULL);

		print_message("%s\n", bad[i]);
		cc_refused(p, &m, "bad_address");
	}
	json_free(content);
}

static void
h5_no_text_of_ours_adds_a_header(void **state UNUSED)
{
	struct json *content = cc_json("{\"template\":\"taken\","
	    "\"site\":\"x\\r\\nBcc: victim@example.com\"}");
	struct message m = cc_message("notice", "u@example.com", content,
	    NULL);

	cc_refused(p, &m, "bad_header");
	json_free(content);
	content = cc_json("{\"template\":\"taken\",\"site\":\"x\\ny\"}");
	m.content = content;
	cc_refused(p, &m, "bad_header");
	json_free(content);
}

static void
without_server_or_sender_it_is_not_configured(void **state UNUSED)
{
	struct err e = ERR_INIT;

	assert_ptr_equal(provider_for("email"), p);
	cc_set("EMAIL_HOST", "");
	assert_int_equal(p->configured(NULL, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	cc_set("EMAIL_HOST", "smtp.example.com");
	cc_set("DEFAULT_FROM_EMAIL", "");
	assert_int_equal(p->configured(NULL, &e), -1);
	cc_set("DEFAULT_FROM_EMAIL", "Gatepost <no-reply@example.com>");
	assert_int_equal(p->configured(NULL, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_answer_has_its_outcome),
		cmocka_unit_test(one_transaction_has_one_recipient),
		cmocka_unit_test(
		    a_repeat_has_the_same_message_id_and_is_the_same_mail),
		cmocka_unit_test(a_code_is_never_repeated_and_other_mail_once),
		cmocka_unit_test(
		    h5_no_address_breaks_out_of_its_command_or_header),
		cmocka_unit_test(h5_no_text_of_ours_adds_a_header),
		cmocka_unit_test(
		    without_server_or_sender_it_is_not_configured),
	};

	return cmocka_run_group_tests(tests, cc_setup, cc_teardown);
}
