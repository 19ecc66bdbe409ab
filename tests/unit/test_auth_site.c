/*
 * test_auth_site.c - which addresses a visitor may be sent back to, and which
 * tokens are good there (D15).
 */
#include "auth_case.h"
#include "auth/return_to.h"
#include "auth/site.h"

static void
settings(void)
{
	case_config("GATEPOST_PUBLIC_URL", "https://id.example.com:8443");
	case_config("GATEPOST_SITES", "wiki.example.com, SHOP.example.com:444,"
	    "[2001:db8::1]:8443,192.0.2.1");
}

static void
an_address_is_ours_listed_or_nobodys(void **state UNUSED)
{
	static const struct { const char *url; enum site want; } row[] = {
		{ "https://id.example.com:8443/x?y=1", SITE_OWN },
		/* Cookies do not tell ports apart. */
		{ "https://id.example.com/", SITE_OWN },
		{ "https://ID.example.COM", SITE_OWN },
		{ "https://wiki.example.com/", SITE_LISTED },
		{ "https://wiki.example.com?x", SITE_LISTED },
		{ "https://Wiki.Example.com", SITE_LISTED },
		{ "https://shop.example.com:444/a/b", SITE_LISTED },
		{ "https://[2001:db8::1]:8443/", SITE_LISTED },
		{ "https://192.0.2.1/", SITE_LISTED },
		/* Another port is another site's. */
		{ "https://wiki.example.com:444/", SITE_OTHER },
		{ "https://shop.example.com/", SITE_OTHER },
		{ "https://[2001:db8::1]/", SITE_OTHER },
		/* What only looks like one of them. */
		{ "http://wiki.example.com/", SITE_OTHER },
		{ "HTTPS://wiki.example.com/", SITE_OTHER },
		{ "//wiki.example.com/", SITE_OTHER },
		{ "/", SITE_OTHER }, { "", SITE_OTHER },
		{ "https://", SITE_OTHER }, { "https:///", SITE_OTHER },
		{ "https://wiki.example.com.", SITE_OTHER },
		{ "https://wiki.example.com.evil.example/", SITE_OTHER },
		{ "https://evilwiki.example.com/", SITE_OTHER },
		{ "https://example.com/", SITE_OTHER },
		{ "https://wiki.example.com@evil.example/", SITE_OTHER },
		{ "https://evil.example@wiki.example.com/", SITE_OTHER },
		{ "https://wiki.example.com:444@evil.example/", SITE_OTHER },
		{ "https://wiki.example.com\\@evil.example/", SITE_OTHER },
		{ "https://wiki.example.com#@evil.example/", SITE_OTHER },
		{ "https://wiki.example.com\t/", SITE_OTHER },
		{ "https://wiki.example.com%2eevil.example/", SITE_OTHER },
		{ "https://evil.example/https://wiki.example.com/",
		    SITE_OTHER },
		{ "https://wiki.example.com:/", SITE_OTHER },
		{ "https://[wiki.example.com]/", SITE_OTHER },
		{ "https://[::1]wiki.example.com/", SITE_OTHER },
		{ "https://wiki.example.com,192.0.2.1/", SITE_OTHER },
		{ "https://wiki.exämple.com/", SITE_OTHER },
		{ "javascript:alert(1)", SITE_OTHER },
	};

	settings();
	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (site_of_url(a, row[i].url, NULL, NULL) != row[i].want)
			fail_msg("%s: not %d", row[i].url, (int)row[i].want);
}

static void
its_host_is_told_without_the_port(void **state UNUSED)
{
	const char *host = "", *authority = "";

	settings();
	assert_int_equal(site_of_url(a, "https://SHOP.example.com:444/x",
	    &host, &authority), SITE_LISTED);
	assert_string_equal(host, "shop.example.com");
	assert_string_equal(authority, "SHOP.example.com:444");
	assert_int_equal(site_of_url(a, "https://[2001:db8::1]:8443/", &host,
	    NULL), SITE_LISTED);
	assert_string_equal(host, "[2001:db8::1]");
	assert_int_equal(site_of_host("shop.example.com"), SITE_LISTED);
	assert_int_equal(site_of_host("id.example.com"), SITE_OWN);
	assert_int_equal(site_of_host("example.com"), SITE_OTHER);
	assert_int_equal(site_of_host(""), SITE_OTHER);
	case_config("GATEPOST_SITES", "");
	assert_int_equal(site_of_host("shop.example.com"), SITE_OTHER);
}

static void
a_signature_is_of_all_three_or_of_none(void **state UNUSED)
{
	const struct return_to r = { "https://a.example/", "1700000000", "" };
	static const struct return_to other[] = {
		{ "https://a.example/x", "1700000000", "" },
		{ "https://a.example/", "1700000001", "" },
		{ "https://a.example/", "1700000000", "00" },
		/* The same bytes, divided elsewhere. */
		{ "https://a.example/1", "700000000", "" },
		{ "https://a.example/", "17000000", "00" },
	};
	char mac[RETURN_MAC_TEXT];

	return_sign(&r, mac);
	assert_int_equal(strlen(mac), RETURN_MAC_TEXT - 1);
	assert_true(return_signed(&r, mac));
	for (size_t i = 0; i < COUNT_OF(other); i++)
		if (return_signed(&other[i], mac))
			fail_msg("row %zu passes", i);
	mac[63] = mac[63] == '0' ? '1' : '0';
	assert_false(return_signed(&r, mac));
	assert_false(return_signed(&r, ""));
}

/* The cache of verified tokens knows for whom it verified them. */
static void
a_token_is_good_at_its_host_alone(void **state UNUSED)
{
	struct access_claims c = { .user_id = 7, .session_id = 9, .amr = "pwd",
	    .email = "", .country = "IR", .groups = "dev,ops" }, got;
	const char *t[3] = { NULL };
	static const char *const aud[] = { NULL, "wiki.example.com",
		"shop.example.com" };

	settings();
	c.iat_s = clock_now() / US_PER_S;
	c.exp_s = c.iat_s + 900;
	c.session_end_s = c.iat_s + 9000;
	for (size_t i = 0; i < COUNT_OF(aud); i++) {
		c.aud = aud[i];
		ok(access_make(a, &c, &t[i], e));
	}
	for (size_t turn = 0; turn < 3; turn++)
		for (size_t i = 0; i < COUNT_OF(t); i++)
			for (size_t at = 0; at < COUNT_OF(aud); at++) {
				struct err own = ERR_INIT;
				int rc = access_check_for(a, t[i],
				    strlen(t[i]), aud[at], &got, &own);

				if ((rc == 0) != (i == at))
					fail_msg("token %zu at %zu", i, at);
				if (rc == 0)
					assert_string_equal(got.groups,
					    "dev,ops");
			}
	code_is("invalid_token", access_check(a, t[1], strlen(t[1]), &got,
	    e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_ours_listed_or_nobodys),
		cmocka_unit_test(its_host_is_told_without_the_port),
		cmocka_unit_test(a_signature_is_of_all_three_or_of_none),
		cmocka_unit_test(a_token_is_good_at_its_host_alone),
	};

	dbtest_begin("test_auth_site");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
