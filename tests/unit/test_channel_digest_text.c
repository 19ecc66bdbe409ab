/*
 * test_channel_digest_text.c - many messages as one: what senders wrote is
 * text, in both directions, as long as the channel bears.
 */
#include "channel_case.h"
#include "channel/digest_text.h"
#include "channel/sms_text.h"

#define CONTENT_MOST	((size_t)60 * 1024)

static struct digest_line line[DIGEST_LINES_MAX];

static const char *
times(size_t n, const char *s)
{
	struct buf b;
	const char *t;

	buf_init(&b, (size_t)1 << 20);
	for (size_t i = 0; i < n; i++)
		buf_str(&b, s);
	t = arena_strdup(cc.a, buf_text(&b));
	buf_fini(&b);
	return t;
}

/* Read back what was made: it is JSON, fits, and all of it is UTF-8. */
static struct json *
made(enum channel_id channel, const char *locale, size_t lines, size_t total)
{
	const struct digest_text t = { .channel = channel, .locale = locale,
	    .line = line, .lines = lines, .total = total };
	const char *title, *content = digest_content(cc.a, &t, &title);
	struct json *j;

	assert_non_null(content);
	assert_true(strlen(content) < CONTENT_MOST);
	assert_true(utf8_valid(content, strlen(content)));
	j = cc_json(content);
	assert_string_equal(cc_str(j, "title"), title);
	assert_string_equal(cc_str(json_get(j, "data"), "type"), "digest");
	return j;
}

static bool
has(const struct json *j, const char *name, const char *what)
{
	const char *s = cc_str(j, name);

	return s != NULL && strstr(s, what) != NULL;
}

static void
fill(size_t n, const char *title, const char *body, const char *url)
{
	for (size_t i = 0; i < n; i++)
		line[i] = (struct digest_line){ title, body, url };
}

static void
what_senders_wrote_is_text(void **state UNUSED)
{
	struct json *j;

	fill(2, "<script>alert(\"1\")</script>", "a & b 'c' <img src=x>",
	    "https://example.com/?a=1&b=\"><script>");
	line[1].url = "javascript:alert(1)";
	j = made(CHANNEL_EMAIL, "en", 2, 2);
	assert_false(has(j, "html", "<script"));
	assert_false(has(j, "html", "<img"));
	assert_false(has(j, "html", "javascript:"));
	assert_true(has(j, "html", "&lt;script&gt;alert("));
	assert_true(has(j, "html", "a &amp; b"));
	assert_true(has(j, "html", "href=\"https://example.com/?a=1&amp;b="));
	/* As text it is what it was; what is no link is left out. */
	assert_true(has(j, "text", "<script>alert(\"1\")</script>"));
	assert_false(has(j, "text", "javascript:"));
	json_free(j);
	/* One message is one line, whoever sent it. */
	fill(1, "one\r\nSubject: two", "three\n* four", NULL);
	j = made(CHANNEL_EMAIL, "en", 1, 1);
	assert_true(has(j, "text", "* one  Subject: two\n  three * four\n"));
	assert_true(has(j, "title", "1 new message"));
	assert_false(has(j, "title", "messages"));
	json_free(j);
}

static void
each_reads_in_its_own_direction(void **state UNUSED)
{
	struct json *j;

	fill(1, "سفارش", "متن", NULL);
	line[1] = (struct digest_line){ "Order", "text", NULL };
	for (size_t i = 0; i < 2; i++) {
		j = made(CHANNEL_EMAIL, i == 0 ? "fa-IR" : "en-GB", 2, 7);
		assert_true(has(j, "html", i == 0 ? "lang=\"fa\" dir=\"rtl\"" :
		    "lang=\"en\" dir=\"ltr\""));
		/* The site's name stands above, in whatever letters. */
		assert_true(has(j, "html", i == 0 ? ">۷ پیام تازه</h1>" :
		    ">7 new messages</h1>"));
		assert_true(has(j, "html", "<div dir=\"auto\""));
		assert_true(has(j, "title", i == 0 ? "۷ پیام تازه" :
		    "7 new messages"));
		assert_true(has(j, "text", i == 0 ? "… و ۵ پیام دیگر" :
		    "… and 5 more"));
		assert_string_equal(cc_str(j, "locale"), i == 0 ? "fa" : "en");
		json_free(j);
	}
	j = made(CHANNEL_EMAIL, NULL, 2, 2);
	assert_string_equal(cc_str(j, "locale"), "en");
	json_free(j);
}

static void
nothing_to_say_is_no_fault(void **state UNUSED)
{
	for (unsigned ch = 0; ch < CHANNELS; ch++) {
		struct json *j;

		fill(2, NULL, NULL, NULL);
		line[1] = (struct digest_line){ "", "", "" };
		j = made((enum channel_id)ch, "en", 2, 2);
		assert_non_null(cc_str(j, "body"));
		json_free(j);
		j = made((enum channel_id)ch, "en", 0, 3);
		assert_true(has(j, ch == CHANNEL_EMAIL ? "text" : "body",
		    "3 more"));
		json_free(j);
	}
}

static void
hundreds_are_cut_and_counted(void **state UNUSED)
{
	struct json *j;
	size_t lines = 0;

	for (size_t i = 0; i < DIGEST_LINES_MAX; i++)
		line[i] = (struct digest_line){ arena_printf(cc.a,
		    "Message %02zu", i), "with a text", NULL };
	j = made(CHANNEL_EMAIL, "en", DIGEST_LINES_MAX, 450);
	assert_true(has(j, "title", "450 new messages"));
	assert_true(has(j, "text", "Message 00") && has(j, "html",
	    "Message 29"));
	assert_true(has(j, "text", "… and 420 more") && has(j, "html",
	    "… and 420 more"));
	json_free(j);
	j = made(CHANNEL_WEB_PUSH, "en", DIGEST_LINES_MAX, 450);
	for (const char *p = cc_str(j, "body"); *p != '\0'; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 5);
	assert_true(has(j, "body", "Message 04") && !has(j, "body",
	    "Message 05") && has(j, "body", "… and 445 more"));
	json_free(j);
}

/* Titles and texts as long as they get, of characters of every size: nothing
 * is torn, and an SMS stays within its segments. */
static void
the_longest_fit(void **state UNUSED)
{
	static const char *const unit[] = { "a", "é", "ی", "🎉", "<", "\"",
		"&", "\\" };

	for (size_t u = 0; u < COUNT_OF(unit); u++) {
		fill(DIGEST_LINES_MAX, times(5000, unit[u]), times(20000,
		    unit[u]), "https://example.com/");
		for (unsigned ch = 0; ch < CHANNELS; ch++) {
			struct json *j = made((enum channel_id)ch,
			    u % 2 == 0 ? "en" : "fa", DIGEST_LINES_MAX, 999);
			const char *sms = cc_str(j, "text");

			if (ch == CHANNEL_SMS) {
				assert_in_range(sms_segments(sms), 1,
				    DIGEST_SMS_SEGMENTS);
				assert_non_null(strstr(sms,
				    u % 2 == 0 ? "999" : "۹۹۹"));
			}
			if (ch == CHANNEL_WEB_PUSH)
				assert_true(utf8_count(cc_str(j, "body")) <
				    5 * 82 + 40);
			json_free(j);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_senders_wrote_is_text),
		cmocka_unit_test(each_reads_in_its_own_direction),
		cmocka_unit_test(nothing_to_say_is_no_fault),
		cmocka_unit_test(hundreds_are_cut_and_counted),
		cmocka_unit_test(the_longest_fit),
	};

	return cmocka_run_group_tests(tests, cc_setup, NULL);
}
