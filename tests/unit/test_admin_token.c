/*
 * test_admin_token.c - where an admin token may be used: lists of networks.
 */
#include "store/admin_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
lists_are_well_formed_or_not(void **state)
{
	static const struct { const char *list; bool ok; } row[] = {
		{ "10.0.0.0/8", true }, { "192.0.2.1", true },
		{ "0.0.0.0/0", true }, { "::/0", true }, { "::1", true },
		{ "10.0.0.0/8,2001:db8::/32", true },
		{ " 10.0.0.0/8 , ::1 ", true }, { "::ffff:10.0.0.1/128", true },
		{ "", false }, { ",", false }, { "10.0.0.0/8,", false },
		{ "10.0.0.0/33", false }, { "::/129", false },
		{ "10.0.0.0/-1", false }, { "10.0.0.0/", false },
		{ "10.0.0.0/ 8", false }, { "10.0.0/8", false },
		{ "10.0.0.256", false }, { "010.0.0.1", false },
		{ "0x7f.1", false }, { "2130706433", false },
		{ "example.com", false }, { "10.0.0.0/8/8", false },
		{ "fe80::1%eth0", false }, { "[::1]", false },
		{ "1111:2222:3333:4444:5555:6666:255.255.255.255/1288888888888"
		    "8888888888", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (admin_token_cidr_valid(row[i].list) != row[i].ok)
			fail_msg("row %zu: \"%s\"", i, row[i].list);
}

static void
an_address_is_inside_or_not(void **state)
{
	static const struct { const char *list, *ip; bool in; } row[] = {
		{ NULL, "192.0.2.1", true }, { "", "192.0.2.1", true },
		{ NULL, "", true },
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "9.255.255.255", false },
		{ "10.1.2.3/8", "10.9.9.9", true },	/* host bits ignored */
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.8/29", "192.0.2.15", true },
		{ "192.0.2.8/29", "192.0.2.16", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "0.0.0.0/0", "255.1.2.3", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "10.0.0.0/8", "::ffff:10.1.1.1", true },
		{ "::ffff:10.0.0.0/104", "10.1.1.1", true },
		{ "10.0.0.0/8,::1", "::1", true },
		{ "10.0.0.0/8 , ::1", "10.0.0.1", true },
		/* an address that nobody vouched for is nowhere */
		{ "0.0.0.0/0", "", false }, { "::/0", "", false },
		{ "::/0", "nonsense", false }, { "::/0", "10.0.0.1 ", false },
		/* a broken row of the table opens nothing */
		{ "nonsense", "10.0.0.1", false },
		{ "10.0.0.0/99", "10.0.0.1", false },
		{ "x,10.0.0.1", "10.0.0.1", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		const struct admin_token t = { .cidr = row[i].list };

		if (admin_token_addr_ok(&t, row[i].ip) != row[i].in)
			fail_msg("row %zu: %s in %s", i, row[i].ip,
			    row[i].list == NULL ? "NULL" : row[i].list);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_well_formed_or_not),
		cmocka_unit_test(an_address_is_inside_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
