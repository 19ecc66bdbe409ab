/*
 * test_phone.c - numbers as people type them.
 */
#include "base/phone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
national_and_international_forms_meet(void **state UNUSED)
{
	static const struct { const char *in, *region, *out; } row[] = {
		{ "09121234567", "IR", "+989121234567" },
		{ "9121234567", "IR", "+989121234567" },
		{ "+989121234567", "IR", "+989121234567" },
		{ "00989121234567", "IR", "+989121234567" },
		{ "0912 123 45 67", "IR", "+989121234567" },
		{ "(0912) 123-4567", "IR", "+989121234567" },
		{ "+98 (912) 123.45.67", "IR", "+989121234567" },
		/* Persian and Arabic digits */
		{ "\xdb\xb0\xdb\xb9\xdb\xb1\xdb\xb2\xdb\xb1\xdb\xb2\xdb\xb3"
		    "\xdb\xb4\xdb\xb5\xdb\xb6\xdb\xb7", "IR",
		    "+989121234567" },
		{ "\xd9\xa0\xd9\xa9\xd9\xa1\xd9\xa2\xd9\xa1\xd9\xa2\xd9\xa3"
		    "\xd9\xa4\xd9\xa5\xd9\xa6\xd9\xa7", "IR",
		    "+989121234567" },
		{ "+14155550123", "IR", "+14155550123" },
		{ "(415) 555-0123", "US", "+14155550123" },
		{ "+447400123456", "IR", "+447400123456" },
		{ "07400 123456", "GB", "+447400123456" },
		{ "+393471234567", "IR", "+393471234567" },
		/* where the zero belongs to the number */
		{ "+2250701234567", "IR", "+2250701234567" },
		/* a range that no table of 2022 knows */
		{ "+989891234567", "IR", "+989891234567" },
	};
	char out[PHONE_MAX];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].in);
		assert_int_equal(phone_normalise(row[i].in, row[i].region,
		    out), 1);
		assert_string_equal(out, row[i].out);
	}
}

static void
s45_what_gets_no_message_is_refused(void **state UNUSED)
{
	static const struct { const char *in, *region; } row[] = {
		{ "", "IR" }, { "+", "IR" }, { "abc", "IR" }, { "0", "IR" },
		{ "0912", "IR" }, { "9440", "IR" },
		/* a digit forgotten, a digit too many */
		{ "0912123456", "IR" }, { "091212345678", "IR" },
		{ "+98912123456", "IR" }, { "091212345678901234", "IR" },
		{ "+98912123456789012345", "IR" }, { "+999123456789", "IR" },
		{ "09121234567", "ZZ" }, { "09121234567", "" },
		{ "+989121234567 ext. 5", "IR" }, { "tel:+989121234567", "IR" },
		{ "1-800-FLOWERS", "US" }, { "+989121234567;phone-context=x",
		    "IR" }, { "+989121234567\r\nX: y", "IR" },
		/* only dialled within a town */
		{ "555-0123", "US" },
		/* premium rate, shared cost */
		{ "+19002345678", "IR" }, { "+449098790000", "IR" },
		{ "+448431231234", "IR" },
		{ "\xff\xfe", "IR" },
	};
	char out[PHONE_MAX];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].in);
		assert_int_equal(phone_normalise(row[i].in, row[i].region,
		    out), 0);
	}
}

static void
a_long_input_is_refused_quickly(void **state UNUSED)
{
	static char in[200000];
	char out[PHONE_MAX];

	memset(in, '1', sizeof(in) - 1);
	assert_int_equal(phone_normalise(in, "IR", out), 0);
}

static void
numbers_know_their_country(void **state UNUSED)
{
	static const struct { const char *e164, *want; } row[] = {
		{ "+989121234567", "IR" }, { "+14155550123", "US" },
		{ "+16135550123", "CA" }, { "+447400123456", "GB" },
		{ "+999123456", "" }, { "+80012345678", "" }, { "", "" },
		{ "nonsense", "" }, { "09121234567", "" },
		{ "+98912123456789012345678901234567890", "" },
	};
	char out[3];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].e164);
		memset(out, 'x', sizeof(out));
		phone_region(row[i].e164, out);
		assert_string_equal(out, row[i].want);
	}
}

static int
load(void **state UNUSED)
{
	phone_init();
	phone_init();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(national_and_international_forms_meet),
		cmocka_unit_test(s45_what_gets_no_message_is_refused),
		cmocka_unit_test(a_long_input_is_refused_quickly),
		cmocka_unit_test(numbers_know_their_country),
	};

	return cmocka_run_group_tests(tests, load, NULL);
}
