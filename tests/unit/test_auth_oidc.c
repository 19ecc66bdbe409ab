/*
 * test_auth_oidc.c - auth/oidc: whose token it is and whom it names, with
 * Google's own rules, which no other issuer gets (S61, S65).
 */
#include "auth/oidc.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NOW	INT64_C(1790000000)
#define GOOGLE	"https://accounts.google.com"

static struct arena *arena;
static struct social_provider google, other;

static void
set(const char *key, const char *value)
{
	struct err e = ERR_INIT;

	if (conf_set(key, value, &e) < 0)
		fail_msg("%s: %s", key, e.detail);
}

static int
setup(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	arena = arena_new((size_t)1 << 20);
	if (conf_load(NULL, &e) < 0)
		return -1;
	assert_int_equal(social_provider("google", &google, &e), -1);
	assert_string_equal(e.code, "unknown_provider");
	set("GOOGLE_CLIENT_ID", "us.apps.example");
	set("GOOGLE_CLIENT_SECRET", "secret");
	set("GATEPOST_OIDC1_NAME", "other");
	set("GATEPOST_OIDC1_ISSUER", "https://issuer.example");
	set("GATEPOST_OIDC1_CLIENT_ID", "us.apps.example");
	assert_int_equal(social_provider("google", &google, &e), 0);
	assert_int_equal(social_provider("other", &other, &e), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct json *
parse(const char *text)
{
	struct err e = ERR_INIT;
	struct json *j = NULL;

	if (json_parse(text, strlen(text), JSON_STRICT, 0, &j, &e) < 0)
		fail_msg("%s: %s", e.detail, text);
	return j;
}

/* NULL: they hold; else what is wrong with them. */
static const char *
judge(const struct social_provider *p, const char *iss, const char *aud,
    const char *nonce)
{
	const struct oidc_want w = { .issuer = p->issuer,
	    .client_id = p->client_id, .nonce = "n0", .now_s = NOW,
	    .google = p->google };
	struct json *c = parse(arena_printf(arena, "{\"iss\":\"%s\","
	    "\"aud\":\"%s\",\"sub\":\"1084\",\"nonce\":\"%s\",\"iat\":%lld,"
	    "\"exp\":%lld}", iss, aud, nonce, (long long)NOW,
	    (long long)NOW + 300));
	struct err e = ERR_INIT;
	int rc = oidc_claims(c, &w, &e);

	json_free(c);
	if (rc == 0)
		return NULL;
	assert_int_equal(e.kind, ERR_AUTH);
	assert_string_equal(e.code, "invalid_id_token");
	return arena_strdup(arena, e.detail);
}

static void
googles_rules_are_its_issuers_under_any_name(void **state UNUSED)
{
	struct err e = ERR_INIT;
	struct social_provider p;

	assert_return_code(conf_set("GATEPOST_OIDC4_NAME", "work", &e), 0);
	assert_return_code(conf_set("GATEPOST_OIDC4_ISSUER", GOOGLE, &e), 0);
	assert_return_code(conf_set("GATEPOST_OIDC4_CLIENT_ID", "x", &e), 0);
	assert_return_code(social_provider("work", &p, &e), 0);
	assert_true(p.google);
	assert_return_code(conf_set("GATEPOST_OIDC4_NAME", "", &e), 0);
}

static void
google_is_a_preset(void **state UNUSED)
{
	assert_true(google.google && !other.google);
	assert_int_equal(google.kind, SOCIAL_OIDC);
	assert_string_equal(google.issuer, GOOGLE);
	assert_string_equal(google.client_id, "us.apps.example");
	assert_string_equal(google.client_secret, "secret");
	assert_string_equal(google.scopes, "openid email profile");
}

static void
s65_google_may_leave_the_scheme_out_and_nobody_else(void **state UNUSED)
{
	static const char *const wrong[] = { "http://accounts.google.com",
	    GOOGLE "/", "accounts.google.com/", "Accounts.google.com",
	    "accounts.google.com.evil.example", "evil.example", "google.com",
	    "//accounts.google.com", "" };

	assert_null(judge(&google, GOOGLE, google.client_id, "n0"));
	assert_null(judge(&google, "accounts.google.com", google.client_id,
	    "n0"));
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_string_equal(judge(&google, wrong[i],
		    google.client_id, "n0"), "iss");
	assert_null(judge(&other, other.issuer, other.client_id, "n0"));
	assert_string_equal(judge(&other, "issuer.example", other.client_id,
	    "n0"), "iss");
	assert_string_equal(judge(&other, GOOGLE, other.client_id, "n0"),
	    "iss");
	assert_string_equal(judge(&other, "accounts.google.com",
	    other.client_id, "n0"), "iss");
	/* The rest is asked as of everybody. */
	assert_string_equal(judge(&google, "accounts.google.com", "another",
	    "n0"), "aud");
	assert_string_equal(judge(&google, "accounts.google.com",
	    google.client_id, "n1"), "nonce");
}

static void
s61_google_vouches_for_its_own_addresses_only(void **state UNUSED)
{
	static const struct { const char *claims; bool google, other; } row[] = {
		{ "\"email\":\"ann@gmail.com\",\"email_verified\":true",
		    true, true },
		{ "\"email\":\"ann@gmail.com\",\"email_verified\":false",
		    false, false },
		{ "\"email\":\"ann@gmail.com\"", false, false },
		/* Somebody's address elsewhere, proved to Google once. */
		{ "\"email\":\"ann@example.com\",\"email_verified\":true",
		    false, true },
		{ "\"email\":\"ann@notgmail.com\",\"email_verified\":true",
		    false, true },
		{ "\"email\":\"ann@gmail.com.example.com\","
		    "\"email_verified\":true", false, true },
		/* A customer's domain. */
		{ "\"email\":\"ann@example.com\",\"email_verified\":true,"
		    "\"hd\":\"example.com\"", true, true },
		{ "\"email\":\"ann@example.com\",\"email_verified\":false,"
		    "\"hd\":\"example.com\"", false, false },
		{ "\"email\":\"ann@example.com\",\"email_verified\":true,"
		    "\"hd\":\"\"", false, true },
		{ "\"email\":\"ann@example.com\",\"email_verified\":true,"
		    "\"hd\":true", false, true },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct json *c = parse(arena_printf(arena, "{%s}",
		    row[i].claims));
		struct social_person g = { 0 }, o = { 0 };

		oidc_person(arena, &google, c, &g);
		oidc_person(arena, &other, c, &o);
		json_free(c);
		assert_non_null(g.email);
		assert_string_equal(g.email, o.email);
		if (g.email_verified != row[i].google ||
		    o.email_verified != row[i].other)
			fail_msg("%s", row[i].claims);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(google_is_a_preset),
		cmocka_unit_test(googles_rules_are_its_issuers_under_any_name),
		cmocka_unit_test(
		    s65_google_may_leave_the_scheme_out_and_nobody_else),
		cmocka_unit_test(
		    s61_google_vouches_for_its_own_addresses_only),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
