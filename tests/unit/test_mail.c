/*
 * test_mail.c - which addresses we take, and what they compare as.
 */
#include "base/mail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define X10	"xxxxxxxxxx"
#define X63	X10 X10 X10 X10 X10 X10 "xxx"

static void
addresses_are_taken_or_refused(void **state UNUSED)
{
	static const struct { const char *s; int rc; } row[] = {
		{ "a@b.co", 1 }, { "first.last@example.com", 1 },
		{ "o'brien+tag@mail.example.org", 1 },
		{ "!#$%&'*+-/=?^_`{|}~@x.yz", 1 }, { "1@2.a3", 1 },
		{ "a@xn--mgba3a4f16a.ir", 1 }, { X63 "x@x.com", 1 },
		{ "a@" X63 ".com", 1 }, { "a@b-c.d-e.fg", 1 },
		{ "a@3com.com", 1 },
		{ "", 0 }, { "@", 0 }, { "a", 0 }, { "a@", 0 }, { "@b.co", 0 },
		{ "a@b", 0 }, { "a@localhost", 0 }, { "a@@b.co", 0 },
		{ "a@b@c.de", 0 }, { ".a@b.co", 0 }, { "a.@b.co", 0 },
		{ "a..b@c.de", 0 }, { "a b@c.de", 0 }, { "\"a b\"@c.de", 0 },
		{ "a@[127.0.0.1]", 0 }, { "a@127.0.0.1", 0 }, { "a@b.1", 0 },
		{ "a@-b.co", 0 }, { "a@b-.co", 0 }, { "a@b.co-", 0 },
		{ "a@b.-co", 0 }, { "a@b..co", 0 }, { "a@.b.co", 0 },
		{ "a@b.co.", 0 }, { "a@b_c.de", 0 }, { " a@b.co", 0 },
		{ "a@b.co ", 0 }, { "a@b.co\n", 0 }, { "a\r\nBcc: x@y.zz", 0 },
		{ "a@b.co\r\nBcc: x@y.zz", 0 }, { "a\t@b.co", 0 },
		{ "\xd8\xb3@b.co", 0 }, { "a@\xd8\xb3.ir", 0 },
		{ "Name <a@b.co>", 0 }, { "a,b@c.de", 0 },
		{ X63 "xx@x.com", 0 }, { "a@" X63 "x.com", 0 },
		{ "a@" X63 "." X63 "." X63 "." X63 ".com", 0 },
	};
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].s);
		assert_int_equal(mail_parse(row[i].s, cmp, unique), row[i].rc);
		assert_int_equal(mail_parse(row[i].s, NULL, NULL), row[i].rc);
	}
}

static void
the_longest_address_is_254(void **state UNUSED)
{
	char s[300], cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];
	int n;

	n = snprintf(s, sizeof(s), "%s@%s.%s.%s", X63, X63, X63, X63);
	assert_int_equal(n, 255);
	assert_int_equal(mail_parse(s, cmp, unique), 0);
	s[254] = '\0';
	assert_int_equal(mail_parse(s, cmp, unique), 1);
	assert_int_equal(strlen(cmp), 254);
	assert_string_equal(unique, s);
}

static void
gmail_dots_count_only_for_uniqueness(void **state UNUSED)
{
	static const struct { const char *s, *cmp, *unique; } row[] = {
		{ "Ali.Reza@Example.COM", "ali.reza@example.com",
		    "ali.reza@example.com" },
		{ "Ali.Reza@Gmail.com", "ali.reza@gmail.com",
		    "alireza@gmail.com" },
		{ "a.l.i@googlemail.com", "a.l.i@googlemail.com",
		    "ali@googlemail.com" },
		{ "a.b+x.y@gmail.com", "a.b+x.y@gmail.com",
		    "ab+xy@gmail.com" },
		{ "a.b@gmail.com.evil.example", "a.b@gmail.com.evil.example",
		    "a.b@gmail.com.evil.example" },
		{ "a.b@notgmail.com", "a.b@notgmail.com",
		    "a.b@notgmail.com" },
	};
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].s);
		assert_int_equal(mail_parse(row[i].s, cmp, unique), 1);
		assert_string_equal(cmp, row[i].cmp);
		assert_string_equal(unique, row[i].unique);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_taken_or_refused),
		cmocka_unit_test(the_longest_address_is_254),
		cmocka_unit_test(gmail_dots_count_only_for_uniqueness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
