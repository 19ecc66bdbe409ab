/* Country rules as functions, and the list of a user with its tokens. */
#include "auth_case.h"
#include "auth/country.h"
#include "base/geo.h"
#include "store/user.h"

#include <unistd.h>

static bool
passes(const char *cc, bool local, const char *allowed)
{
	struct err own = ERR_INIT;

	q.country = cc;
	q.local = local;
	return country_user(&q, allowed, &own) == 0;
}

static void
a_list_admits_its_countries_only(void **state UNUSED)
{
	assert_true(passes("IR", false, NULL) && passes("ZZ", false, ""));
	assert_true(passes("IR", false, "DE,IR"));
	assert_false(passes("FR", false, "DE,IR"));
	assert_false(passes("EI", false, "DE,IR"));
	assert_false(passes("ZZ", false, "DE,IR"));
	assert_true(passes("ZZ", true, "DE,IR"));
	case_config("GATEPOST_COUNTRY_LOCAL", "no");
	assert_false(passes("ZZ", true, "DE,IR"));
	case_config("GATEPOST_COUNTRY_UNKNOWN", "allow");
	assert_true(passes("ZZ", false, "DE,IR"));
	case_config("GATEPOST_COUNTRY_UNKNOWN", "deny");
	case_config("GATEPOST_COUNTRY_LOCAL", "yes");
}

static void
the_longest_prefix_counts_and_a_broken_rule_closes(void **state UNUSED)
{
	static const struct { const char *path, *cc; bool in; } row[] = {
		{ "/api/a/", "IR", true }, { "/api/a", "DE", false },
		{ "/api/a/b/", "IR", false }, { "/api/a/b", "DE", true },
		{ "/api/c", "IR", false }, { "/api/ab", "DE", true },
	};

	case_config("GATEPOST_COUNTRY_ROUTES",
	    "/api/a/=IR+FR,/api/a/b/=!IR+FR,/api/c");
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct err own = ERR_INIT;

		q.path = row[i].path;
		q.country = row[i].cc;
		q.local = false;
		if ((country_route(&q, &own) == 0) != row[i].in)
			fail_msg("row %zu: %s", i, row[i].path);
	}
	case_config("GATEPOST_COUNTRY_ROUTES", "");
}

static void
a_list_is_made_of_real_countries(void **state UNUSED)
{
	static const char *const some[] = { "ir", "DE", "IR" };
	static const char *const wrong[] = { "IR", "UK" };
	static const char *const odd[] = { "R " };
	const char *list = "";

	assert_int_equal(country_list(a, some, 3, &list), 1);
	assert_string_equal(list, "DE,IR");
	assert_int_equal(country_list(a, wrong, 2, &list), 0);
	assert_int_equal(country_list(a, odd, 1, &list), 0);
	assert_int_equal(country_list(a, some, 0, &list), 1);
	assert_null(list);
}

/* D8: a token that says otherwise is refused, and the next one says it. */
static void
changing_the_list_outdates_tokens(void **state UNUSED)
{
	const struct user_new n = { .reg_key = 771, .phone = "+989120000771",
	    .phone_verified = true, .is_active = true };
	struct err own = ERR_INIT;
	struct caller who;
	struct grant g, next;
	struct user u;
	uint64_t id;

	ok(user_insert(db, &n, &id, e));
	assert_int_equal(user_find(db, a, id, &u, &own), 1);
	q.country = "IR";
	ok(grant_begin(db, a, &q, &u, "pwd", &g, e));
	ok(grant_check(db, a, &q, g.access, &who, e));
	assert_null(who.countries);
	assert_int_equal(country_set(db, id, "DE,IR", NULL, &own), 1);
	assert_int_equal(grant_check(db, a, &q, g.access, &who, &own), -1);
	assert_string_equal(own.code, "invalid_token");
	err_clear(&own);
	ok(grant_refresh(db, a, &q, g.refresh, &next, e));
	ok(grant_check(db, a, &q, next.access, &who, e));
	assert_string_equal(who.countries, "DE,IR");
	q.country = "FR";
	assert_int_equal(grant_refresh(db, a, &q, next.refresh, &g, &own), -1);
	assert_string_equal(own.code, "country_not_allowed");
	err_clear(&own);
	assert_int_equal(country_set(db, 99999999, "DE", NULL, &own), 0);
}

static void
the_test_database_knows_its_addresses(void **state UNUSED)
{
	static const struct { const char *addr, *cc; } row[] = {
		{ "2.125.160.216", "GB" }, { "89.160.20.112", "SE" },
		{ "::ffff:89.160.20.112", "SE" }, { "2001:218::1", "JP" },
		{ "192.0.2.1", "ZZ" }, { "127.0.0.1", "ZZ" }, { "x", "ZZ" },
		{ "", "ZZ" },
	};
	const char *shared = getenv("GATEPOST_SHARED");
	char path[200], cc[GEO_COUNTRY_TEXT], city[GEO_CITY_TEXT];

	if (shared == NULL) {
		print_message("no GATEPOST_SHARED: no test database\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/data/GeoIP2-Country-Test.mmdb",
	    shared);
	case_config("GATEPOST_GEOIP_DB", path);
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		geo_country(row[i].addr, cc);
		if (strcmp(cc, row[i].cc) != 0)
			fail_msg("%s: %s", row[i].addr, cc);
	}
	assert_int_equal(geo_city("2.125.160.216", city), 0);
	assert_string_equal(city, "");
	case_config("GATEPOST_GEOIP_DB", "");
}

static void
put(const char *from, const char *to)
{
	static char bytes[65536];
	FILE *in = fopen(from, "rb"), *out = fopen("geo.new", "wb");
	size_t n;

	assert_true(in != NULL && out != NULL);
	n = fread(bytes, 1, sizeof(bytes), in);
	assert_true(fwrite(bytes, 1, n, out) == n);
	assert_int_equal(fclose(in) + fclose(out), 0);
	assert_int_equal(rename("geo.new", to), 0);
}

/* Every look is 2 s after the last. */
static void
a_broken_database_leaves_the_one_before_it(void **state UNUSED)
{
	const char *shared = getenv("GATEPOST_SHARED");
	char path[200], here[200], now[300], cc[GEO_COUNTRY_TEXT];

	if (shared == NULL)
		skip();
	snprintf(path, sizeof(path), "%s/data/GeoIP2-Country-Test.mmdb",
	    shared);
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(now, sizeof(now), "%s/geo.mmdb", here);
	put(path, now);
	case_config("GATEPOST_GEOIP_DB", now);
	assert_int_equal(geo_country("89.160.20.112", cc), 1);
	put("/proc/self/cmdline", now);
	sleep(3);
	assert_int_equal(geo_country("89.160.20.112", cc), 1);
	assert_int_equal(unlink(now), 0);
	sleep(3);
	assert_int_equal(geo_country("89.160.20.112", cc), 1);
	put(path, now);
	sleep(3);
	assert_int_equal(geo_country("89.160.20.112", cc), 1);
	assert_string_equal(cc, "SE");
	unlink(now);
	case_config("GATEPOST_GEOIP_DB", "");
}

static void
a_packed_list_admits_the_same_countries(void **state)
{
	static const char *const list[] = { "SE", "AD,GB,ZW", "XK,US" };
	struct arena *a = arena_new(65536);
	uint8_t bit[COUNTRY_PACKED];
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(list); i++)
		for (const char *cc = "ADGBSEUSXKZWFR"; *cc != '\0'; cc += 2) {
			const char one[3] = { cc[0], cc[1], '\0' };
			struct req q = { .country = one };

			country_pack(bit, list[i]);
			assert_int_equal(country_user(&q,
			    country_unpack(a, bit), &e), country_user(&q,
			    list[i], &e));
			err_clear(&e);
		}
	country_pack(bit, NULL);
	assert_null(country_unpack(a, bit));
	country_pack(bit, "QQ");	/* no country: nobody */
	assert_non_null(country_unpack(a, bit));
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_admits_its_countries_only),
		cmocka_unit_test(
		    the_longest_prefix_counts_and_a_broken_rule_closes),
		cmocka_unit_test(a_list_is_made_of_real_countries),
		cmocka_unit_test(a_packed_list_admits_the_same_countries),
		cmocka_unit_test(changing_the_list_outdates_tokens),
		cmocka_unit_test(the_test_database_knows_its_addresses),
		cmocka_unit_test(a_broken_database_leaves_the_one_before_it),
	};

	dbtest_begin("test_auth_country");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
