/*
 * test_channel_mime.c - the mails we write, read back by Python's parser.
 */
#include "channel_case.h"
#include "channel/providers/mime.h"

static struct json *
written(const struct mime_mail *m)
{
	struct err e = ERR_INIT;
	const char *mail;
	size_t n;

	if (mime_write(cc.a, m, &mail, &n, &e) < 0)
		fail_msg("%s: %s", e.code, e.detail);
	return cc_read_by("/usr/bin/python3", "read_mail.py", mail, n);
}

static struct mime_mail
plain(void)
{
	return (struct mime_mail){ .from = "no-reply@example.com",
		.to = "u@example.org", .subject = "Hello", .text = "text\n",
		.html = "<p>text</p>\n", .id = "42.7", .date_us = NOW_US };
}

static void
a_parser_reads_every_header(void **state UNUSED)
{
	struct mime_mail m = plain();
	struct json *j = written(&m);

	assert_string_equal(json_text(cc.a, json_get(j, "headers")),
	    "[\"auto-submitted\",\"content-type\",\"date\",\"from\","
	    "\"message-id\",\"mime-version\",\"subject\",\"to\"]");
	assert_string_equal(cc_str(json_get(j, "from"), "address"),
	    "no-reply@example.com");
	assert_string_equal(cc_str(json_get(j, "to"), "address"),
	    "u@example.org");
	assert_string_equal(cc_str(j, "subject"), "Hello");
	assert_string_equal(cc_str(j, "id"), "<42.7@example.com>");
	assert_string_equal(cc_str(j, "auto"), "auto-generated");
	assert_int_equal(cc_int(j, "date", 0), NOW_US / US_PER_S);
	assert_string_equal(json_text(cc.a, json_get(j, "types")),
	    "[\"multipart/alternative\",\"text/plain\",\"text/html\"]");
	json_free(j);
	m.html = NULL;
	j = written(&m);
	assert_string_equal(json_text(cc.a, json_get(j, "types")),
	    "[\"text/plain\"]");
	json_free(j);
}

static void
bodies_come_back_as_they_were(void **state UNUSED)
{
	static const char *const text[] = { "", "a", ".\n..\nFrom x\n",
		"کد شما: ۱۲۳۴۵۶\nاعتبار: ۵ دقیقه\n", "--=_gp_42.7--\n",
		"already\nmixed\nends\n", "\xf0\x9f\x94\x91 = % \"'<&>\n" };
	struct mime_mail m = plain();
	char *long_line = arena_alloc(cc.a, 40001);

	memset(long_line, 'x', 40000);
	for (size_t i = 0; i <= COUNT_OF(text); i++) {
		const char *s = i < COUNT_OF(text) ? text[i] : long_line;
		struct json *j, *parts;

		m.text = m.html = s;
		j = written(&m);
		parts = json_get(j, "text");
		assert_int_equal(json_len(parts), 2);
		assert_string_equal(json_str(json_at(parts, 0)), s);
		assert_string_equal(json_str(json_at(parts, 1)), s);
		json_free(j);
	}
}

static void
line_ends_are_crlf_inside_the_base64_too(void **state UNUSED)
{
	struct mime_mail m = plain();
	struct err e = ERR_INIT;
	const char *mail;
	size_t n;

	m.text = "a\nb\r\nc";
	m.html = NULL;
	assert_int_equal(mime_write(cc.a, &m, &mail, &n, &e), 0);
	/* "a\r\nb\r\nc" */
	assert_non_null(strstr(mail, "\r\n\r\nYQ0KYg0KYw==\r\n"));
}

static void
subjects_of_every_kind_and_length_come_back(void **state UNUSED)
{
	static const char *const base[] = { "Plain", "=?UTF-8?B?ZXZpbA==?=",
		"گیت‌پست: کد شما ۱۲۳۴۵۶", "a🔑bcé",
		"tab\there", "x" };
	struct mime_mail m = plain();
	char subject[4096];

	for (size_t i = 0; i < COUNT_OF(base); i++)
		for (size_t times = 1; times <= 25; times += 8) {
			size_t n = 0, len = strlen(base[i]);
			struct json *j;

			for (size_t k = 0; k < times; k++) {
				assert_true(n + len < sizeof(subject));
				memcpy(subject + n, base[i], len);
				n += len;
			}
			subject[n] = '\0';
			m.subject = subject;
			j = written(&m);
			assert_string_equal(cc_str(j, "subject"), subject);
			json_free(j);
		}
}

static void
the_sender_s_name_comes_back(void **state UNUSED)
{
	static const struct { const char *from, *name, *address; } row[] = {
		{ "a@b.co", "", "a@b.co" },
		{ "<a@b.co>", "", "a@b.co" },
		{ "Gate Post <a@b.co>", "Gate Post", "a@b.co" },
		{ "Gate, Post <a@b.co>", "Gate, Post", "a@b.co" },
		{ "\"Gate, Post\" <a@b.co>", "Gate, Post", "a@b.co" },
		{ "Post Inc. (test) <a@b.co>", "Post Inc. (test)", "a@b.co" },
		{ "O\"Brien <a@b.co>", "O\"Brien", "a@b.co" },
		{ "=?x?= <a@b.co>", "=?x?=", "a@b.co" },
		{ "گیت‌پست <a@b.co>", "گیت‌پست", "a@b.co" },
		{ "یک نام خیلی بلند که در یک واژه جا نمی‌شود <a@b.co>",
		    "یک نام خیلی بلند که در یک واژه جا نمی‌شود", "a@b.co" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct mime_mail m = plain();
		struct json *j, *from;

		print_message("%s\n", row[i].from);
		m.from = row[i].from;
		j = written(&m);
		from = json_get(j, "from");
		assert_string_equal(cc_str(from, "name"), row[i].name);
		assert_string_equal(cc_str(from, "address"), row[i].address);
		assert_string_equal(mime_address(cc.a, row[i].from),
		    row[i].address);
		json_free(j);
	}
}

static void
h5_a_line_break_in_any_header_is_refused(void **state UNUSED)
{
	static const char *const evil[] = { "x\r\nBcc: v@example.com",
		"x\nBcc: v@example.com", "x\rBcc: v@example.com", "x\n" };

	for (size_t i = 0; i < COUNT_OF(evil); i++)
		for (int at = 0; at < 5; at++) {
			struct mime_mail m = plain();
			struct err e = ERR_INIT;
			const char *mail = NULL, *code = "bad_header";
			size_t n = 0;

			if (at == 0) {
				m.subject = evil[i];
			} else if (at == 1) {
				m.from = arena_printf(cc.a, "%s <a@b.co>",
				    evil[i]);
			} else if (at == 2) {
				m.id = evil[i];
			} else if (at == 3) {
				m.to = arena_printf(cc.a, "%s@b.co", evil[i]);
				code = "bad_address";
			} else {
				m.from = arena_printf(cc.a, "N <a@b.co%s>",
				    evil[i]);
				code = "bad_address";
			}
			assert_int_equal(mime_write(cc.a, &m, &mail, &n, &e),
			    -1);
			assert_int_equal(e.kind, ERR_INPUT);
			assert_string_equal(e.code, code);
			assert_null(mail);
		}
}

static void
a_mail_has_a_ceiling(void **state UNUSED)
{
	struct mime_mail m = plain();
	char *text = arena_alloc(cc.a, 300 * 1024 + 1);
	struct err e = ERR_INIT;
	const char *mail;
	size_t n;

	memset(text, 'x', 300 * 1024);
	m.text = text;
	assert_int_equal(mime_write(cc.a, &m, &mail, &n, &e), -1);
	assert_string_equal(e.code, "mail_too_large");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parser_reads_every_header),
		cmocka_unit_test(bodies_come_back_as_they_were),
		cmocka_unit_test(line_ends_are_crlf_inside_the_base64_too),
		cmocka_unit_test(subjects_of_every_kind_and_length_come_back),
		cmocka_unit_test(the_sender_s_name_comes_back),
		cmocka_unit_test(h5_a_line_break_in_any_header_is_refused),
		cmocka_unit_test(a_mail_has_a_ceiling),
	};

	return cmocka_run_group_tests(tests, cc_setup, cc_teardown);
}
