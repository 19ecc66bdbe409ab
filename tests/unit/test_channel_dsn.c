/*
 * test_channel_dsn.c - reports about our mails are read, all else is not one.
 */
#include "channel_case.h"
#include "base/clock.h"
#include "channel/dsn.h"
#include "channel/html_clean.h"
#include "channel/verp.h"

#define TOP "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\n"		\
	"To: no-reply@example.com\r\nMessage-ID: <1@mx.example>\r\n"		\
	"Content-Type: multipart/report; report-type=delivery-status;\r\n"	\
	" boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"	\
	"Status: 9.9.9\r\nIt did not work.\r\n--b\r\n"
#define PART "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: "	\
	"dns; mx.example\r\n\r\n"
#define BACK "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"		\
	"Subject: Hello\r\nMessage-ID: <418272947201638401.1@example.com>\r\n"	\
	"--b--\r\n"

static void
a_report_names_delivery_and_status(void **state UNUSED)
{
	static const struct { const char *mail; int rc; enum dsn_what what;
	    bool hard; const char *status, *recipient; } row[] = {
		{ TOP PART "Final-Recipient: rfc822; u@example.org\r\n"
		    "Action: failed\r\nStatus: 5.1.1 (no such user)\r\n" BACK,
		    1, DSN_FAILED, true, "5.1.1", "u@example.org" },
		{ TOP PART "final-recipient: rfc822;<u@example.org>\n"
		    "action: Failed\nstatus: 5.2.2\n" BACK,
		    1, DSN_FAILED, false, "5.2.2", "u@example.org" },
		{ TOP PART "Action: delayed\r\nStatus: 4.4.1\r\n" BACK,
		    1, DSN_DELAYED, false, "4.4.1", "" },
		{ TOP PART "Action: delivered\r\nStatus: 2.0.0\r\n" BACK,
		    1, DSN_DELIVERED, false, "2.0.0", "" },
		{ TOP PART "Action: relayed\r\nStatus: 2.0.0\r\n" BACK,
		    0, DSN_NONE, false, "2.0.0", "" },
		/* No report: somebody answers a mail of ours. */
		{ "Subject: Re: Hello\r\nIn-Reply-To: "
		    "<418272947201638401.1@example.com>\r\n\r\nAction: failed"
		    "\r\nStatus: 5.1.1\r\n", 0, DSN_NONE, false, "", "" },
		/* By the address it came to. */
		{ "Delivered-To: bounce+418272947201638401.1@example.com\r\n"
		    PART "Action: failed\r\nStatus: 5.1.10\r\n", 1,
		    DSN_FAILED, true, "5.1.10", "" },
		{ "Content-Type: message/feedback-report\r\n\r\nFeedback-Type:"
		    " abuse\r\nOriginal-Rcpt-To: u@example.org\r\n" BACK, 1,
		    DSN_COMPLAINT, false, "", "u@example.org" },
		{ TOP PART "Action: failed\r\nStatus: 5.1.1\r\n", 0,
		    DSN_FAILED, true, "5.1.1", "" },
		{ "", 0, DSN_NONE, false, "", "" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct dsn d;

		print_message("%zu\n", i);
		assert_int_equal(dsn_read(row[i].mail, strlen(row[i].mail),
		    &d), row[i].rc);
		assert_int_equal(d.what, row[i].what);
		assert_int_equal(d.hard, row[i].hard);
		assert_string_equal(d.status, row[i].status);
		assert_string_equal(d.recipient, row[i].recipient);
		if (row[i].rc == 1) {
			assert_true(d.notification_id ==
			    UINT64_C(418272947201638401));
			assert_int_equal(d.seq, 1);
		}
	}
}

static void
what_is_no_name_of_ours_is_none(void **state UNUSED)
{
	static const char *const row[] = { "", "<>", "<1.1@x>", "x",
	    "<418272947201638401@x>", "<418272947201638401.@x>",
	    "<418272947201638401.1>", "<418272947201638401.0@x>",
	    "<99999999999999999999.1@x>", "<418272947201638401.99999999999@x>" };
	uint64_t id;
	uint32_t seq;

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i]);
		assert_false(dsn_name(row[i], &id, &seq));
	}
	assert_true(dsn_name("418272947201638401.7", &id, &seq));
	assert_int_equal(seq, 7);
}

static void
a_users_page_runs_and_fetches_nothing(void **state UNUSED)
{
	static const struct { const char *in, *out; } row[] = {
		{ "<p>Hello <b>you</b> &amp; me</p>",
		    "<p>Hello <b>you</b> &amp; me</p>" },
		{ "<script>alert(1)</script>x", "x" },
		{ "<ScRiPt >a</sCrIpT x>y", "y" }, { "<script>a", "" },
		{ "<img src=x onerror=alert(1)>z", "z" },
		{ "<p onclick='a()' style='x'>p</p>", "<p>p</p>" },
		{ "<a href=\"https://x.example/?a=1&b=2\">l</a>",
		    "<a href=\"https://x.example/?a=1&b=2\" "
		    "rel=\"noopener noreferrer\">l</a>" },
		{ "<a href=javascript:alert(1)>l</a>", "<a>l</a>" },
		{ "<a href=' https://x.example'>l</a>", "<a>l</a>" },
		{ "<a href='https://x.example/\"onx=1'>l</a>", "<a>l</a>" },
		{ "<a title='>' href='mailto:a@b.example'>l</a>",
		    "<a href=\"mailto:a@b.example\" "
		    "rel=\"noopener noreferrer\">l</a>" },
		{ "<b><i>x</b>y</i>", "<b><i>x</i></b>y" },
		{ "<p>open", "<p>open</p>" }, { "</p></div>", "" },
		{ "a < b > c", "a &lt; b &gt; c" }, { "<!-- x -->y", "y" },
		{ "<!-- x", "" }, { "<!doctype html>y", "y" }, { "<", "&lt;" },
		{ "<style>p{}</style><br/>", "<br>" },
		{ "<iframe src=x><p>in</p></iframe>o", "o" },
		{ "<a href", "<a></a>" }, { "<a href=", "<a></a>" },
		{ "<svg><script>x</script></svg>o", "o" },
		{ "<form action=x><input name=y>t</form>", "t" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].in);
		assert_string_equal(html_clean(cc.a, row[i].in), row[i].out);
	}
}

/* A report that came to `back`, about delivery 418272947201638401.1. */
static int
believed(const char *back)
{
	const char *mail = arena_printf(cc.a, "Delivered-To: %s\r\n" PART
	    "Action: failed\r\nStatus: 5.1.1\r\n" BACK, back);
	struct dsn d;
	int rc = dsn_read(mail, strlen(mail), &d);

	if (rc == 1) {
		assert_true(d.notification_id == UINT64_C(418272947201638401));
		assert_int_equal(d.seq, 1);
	}
	return rc;
}

static void
a_sign_is_right_for_two_weeks_and_nobody_else(void **state UNUSED)
{
	static const uint8_t key[32] = { 1 }, other[32] = { 2 };
	const int64_t day = INT64_C(86400) * US_PER_S, now = 20000 * day;
	const char *back, *theirs;
	static const struct { int days, rc; } row[] = { { 0, 1 }, { 1, 1 },
		{ 14, 1 }, { 15, 0 }, { 1000, 0 }, { -1, 0 } };

	verp_use(other);
	theirs = verp_address(cc.a, "bounce@example.com",
	    UINT64_C(418272947201638401), 1, now);
	verp_use(key);
	back = verp_address(cc.a, "bounce@example.com",
	    UINT64_C(418272947201638401), 1, now);
	assert_non_null(back);
	assert_true(strlen(back) - strlen("@example.com") <= 64);
	assert_string_not_equal(back, theirs);
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%d\n", row[i].days);
		clock_test_set(now + row[i].days * day);
		assert_int_equal(believed(back), row[i].rc);
	}
	clock_test_set(now);
	/* A wrong one spoils the name without one that stands beside it. */
	assert_int_equal(believed(theirs), 0);
	assert_int_equal(believed(arena_printf(cc.a, "%s, %s", theirs,
	    back)), 1);
	assert_int_equal(believed("bounce+418272947201638401.1.@example.com"),
	    0);
	assert_int_equal(believed("bounce+418272947201638401.1.x@e.com"), 1);
	assert_int_equal(believed("bounce@example.com"), 1);
	assert_null(verp_address(cc.a, "bounce", 1, 1, now));
	assert_null(verp_address(cc.a, "a-long-address@example.com",
	    UINT64_C(9182729472016384010), UINT32_MAX, now));
	clock_test_set(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_names_delivery_and_status),
		cmocka_unit_test(what_is_no_name_of_ours_is_none),
		cmocka_unit_test(a_sign_is_right_for_two_weeks_and_nobody_else),
		cmocka_unit_test(a_users_page_runs_and_fetches_nothing),
	};

	return cmocka_run_group_tests(tests, cc_setup, NULL);
}
