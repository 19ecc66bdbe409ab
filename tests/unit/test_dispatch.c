/*
 * test_dispatch.c - api/dispatch: the order of refusal, access words, CSRF
 * and CORS, on a table of its own and without a database.
 */
#include "dispatch_case.h"
#include "api/metrics_own.h"

#define ROW(m, p, pool, access, style, fields) { (m), (p), "ping", ping, \
	(pool), (access), BODY_64K, THR_NONE, LIMIT_API, IDEM_NO, NULL, \
	(style), (fields) }

static const struct route table[] = {
	ROW(M_GET, "/api/open/", POOL_MAIN, ANYONE, STYLE_OURS, &none_fields),
	ROW(M_POST, "/api/open/", POOL_MAIN, ANYONE, STYLE_OURS, &ping_fields),
	ROW(M_POST, "/api/kept/", POOL_MAIN, ANYONE, STYLE_P, &ping_fields),
	ROW(M_POST, "/api/user/", POOL_MAIN, USER, STYLE_OURS, &ping_fields),
	ROW(M_GET, "/api/user/", POOL_MAIN, USER, STYLE_OURS, &none_fields),
	ROW(M_GET, "/api/claim/", POOL_MAIN, USER_CLAIM, STYLE_OURS,
	    &none_fields),
	ROW(M_GET, "/api/fresh/", POOL_MAIN, USER_FRESH, STYLE_OURS,
	    &none_fields),
	ROW(M_POST, "/api/refresh/", POOL_MAIN, REFRESH, STYLE_OURS,
	    &ping_fields),
	ROW(M_GET, "/api/author/", POOL_MAIN, ROLE_AUTHOR, STYLE_OURS,
	    &none_fields),
	ROW(M_GET, "/api/sender/", POOL_MAIN, ROLE_SENDER, STYLE_OURS,
	    &none_fields),
	ROW(M_GET, "/api/admin/", POOL_MAIN, ROLE_ADMIN, STYLE_OURS,
	    &none_fields),
	ROW(M_GET, "/api/super/", POOL_MAIN, ROLE_SUPERUSER, STYLE_OURS,
	    &none_fields),
	ROW(M_GET, "/api/push/", POOL_MAIN, SCOPE_PUSH, STYLE_OURS,
	    &none_fields),
	ROW(M_GET, "/api/item/{id}/", POOL_MAIN, ANYONE, STYLE_OURS,
	    &none_fields),
	ROW(M_GET, "/api/item/all/", POOL_MAIN, ANYONE, STYLE_OURS,
	    &none_fields),
	ROW(M_POST, "/api/hash/", POOL_HASH, ANYONE, STYLE_OURS,
	    &ping_fields),
};

static const struct access_claims user = { .user_id = 7, .verified = true };
static const struct access_claims unverified = { .user_id = 7 };
static const struct access_claims claim = { .user_id = 8, .claim = true };
static const struct access_claims staff = { .user_id = 9, .is_staff = true,
	.verified = true };
static const struct access_claims superuser = { .user_id = 1,
	.is_superuser = true, .verified = true };

static void
rows_answer(void **state UNUSED)
{
	start("POST", "/api/open");
	wire_json(&w, "{\"text\": \"hi\"}");
	EXPECT(200, "");
	assert_string_equal(wire_answer(&w),
	    "{\"text\":\"hi\",\"param\":null}");
	start("GET", "/api/item/x7");
	EXPECT(200, "");
	assert_non_null(strstr(wire_answer(&w), "\"param\":\"x7\""));
	start("GET", "/api/item/all");
	EXPECT(200, "");
	assert_non_null(strstr(wire_answer(&w), "\"param\":null"));
	assert_true(wire_has(&w, "Cache-Control: no-store"));
}

static void
head_is_a_get_without_body(void **state UNUSED)
{
	start("HEAD", "/api/open/");
	EXPECT(200, "");
	assert_string_equal(wire_answer(&w), "");
	start("HEAD", "/api/hash/");
	EXPECT(405, "");
}

/* Each request is wrong in its own way and in every later one. */
static void
refusals_come_in_order(void **state UNUSED)
{
	static char big[65 * 1024];

	memset(big, 'x', sizeof(big));
	start("POST", "/api/nothing/");
	wire_body(&w, "text/plain", big, sizeof(big));
	EXPECT(404, "not_found");
	start("DELETE", "/api/user/");
	wire_body(&w, "text/plain", big, sizeof(big));
	EXPECT(405, "method_not_allowed");
	assert_true(wire_has(&w, "Allow: GET, HEAD, POST, OPTIONS"));
	start("BREW", "/api/hash/");
	EXPECT(405, "method_not_allowed");
	assert_true(wire_has(&w, "Allow: POST, OPTIONS"));
	start("POST", "/api/user/");
	wire_body(&w, "text/plain", big, sizeof(big));
	EXPECT(413, "too_large");
	start("POST", "/api/user/");
	wire_set(&w, "CONTENT_LENGTH", "99999999");
	wire_set(&w, "CONTENT_TYPE", "text/plain");
	EXPECT(413, "too_large");
	start("POST", "/api/user/");
	wire_body(&w, "text/plain", "x", 1);
	EXPECT(415, "unsupported_media");
	start("POST", "/api/user/");
	wire_json(&w, "{broken");
	EXPECT(401, "sign_in_required");
	start("POST", "/api/user/");
	wire_json(&w, "{broken");
	as("header", token_for(claim));
	/* Whether it was proved since, only the database knows. */
	EXPECT(503, "unavailable");
	start("POST", "/api/user/");
	wire_json(&w, "{broken");
	as("header", token_for(user));
	EXPECT(400, "invalid_json");
	start("POST", "/api/user/");
	wire_json(&w, "{\"n\": 1, \"wrong\": 2, \"text\": 3}");
	as("header", token_for(user));
	EXPECT(400, "invalid");
	assert_non_null(strstr(wire_answer(&w),
	    "\"errors\":{\"wrong\":[\"Unknown field.\"],\"text\":["));
}

static void
odd_paths_are_not_found(void **state UNUSED)
{
	static const char *const row[] = { "/api/open//", "//api/open/",
	    "/api/%6fpen/", "/api/./open/", "/api/x/../open/", "/",
	    "/api/item/a.b/", "/api/item/%2e/", "/api/open/\xff", "/api" };

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		start("GET", row[i]);
		EXPECT(404, "not_found");
	}
}

static void
kept_rows_ignore_and_dress(void **state UNUSED)
{
	start("POST", "/api/kept/");
	wire_json(&w, "{\"unknown\": 1}");
	EXPECT(200, "");
	start("POST", "/api/kept/");
	wire_json(&w, "{\"n\": 99}");
	EXPECT(400, "invalid");
	assert_non_null(strstr(wire_answer(&w), "\"error\":\"n: "));
	start("POST", "/api/kept/");
	wire_body(&w, "application/x-www-form-urlencoded", "n=3&x=1", 7);
	EXPECT(200, "");
}

static void
access_words_hold(void **state UNUSED)
{
	static const struct {
		const char *path;
		const struct access_claims *who;
		int status;
		const char *code;
	} row[] = {
		{ "/api/user/", &user, 200, "" },
		{ "/api/user/", &unverified, 200, "" },
		{ "/api/user/", &claim, 503, "unavailable" },
		{ "/api/claim/", &claim, 200, "" },
		{ "/api/claim/", NULL, 401, "sign_in_required" },
		{ "/api/fresh/", &user, 200, "" },
		{ "/api/fresh/", &claim, 503, "unavailable" },
		{ "/api/author/", &user, 200, "" },
		{ "/api/author/", &claim, 503, "unavailable" },
		{ "/api/sender/", &user, 200, "" },
		{ "/api/sender/", &unverified, 403, "not_verified" },
		{ "/api/sender/", &staff, 200, "" },
		{ "/api/admin/", &user, 403, "role_required" },
		{ "/api/admin/", &staff, 200, "" },
		{ "/api/admin/", &superuser, 200, "" },
		{ "/api/super/", &staff, 403, "role_required" },
		{ "/api/super/", &superuser, 200, "" },
		{ "/api/push/", &user, 403, "role_required" },
		{ "/api/push/", &staff, 200, "" },
		{ "/api/push/", NULL, 401, "sign_in_required" },
		{ "/api/open/", &claim, 200, "" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		start("GET", row[i].path);
		if (row[i].who != NULL)
			as("header", token_for(*row[i].who));
		EXPECT(row[i].status, row[i].code);
		if (row[i].status == 200 && row[i].who != NULL)
			assert_true(seen.user_id == row[i].who->user_id);
	}
}

static void
s57_fresh_means_five_minutes(void **state UNUSED)
{
	static const struct { int age_s, status; } row[] = {
		{ 0, 200 }, { 295, 200 }, { 302, 403 }, { 90000, 403 },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct access_claims c = user;

		c.auth_s = clock_now() / US_PER_S - row[i].age_s;
		start("GET", "/api/fresh/");
		as("header", token_for(c));
		EXPECT(row[i].status, row[i].status == 403 ?
		    "reauth_required" : "");
	}
}

static void
a_bad_credential_is_401_where_one_is_needed(void **state UNUSED)
{
	static const char *const row[] = { "Bearer x", "Bearer a.b.c",
	    "Basic dTpw", "Bearer", "Bearer ", "garbage" };

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		start("GET", "/api/user/");
		as("header", row[i]);
		EXPECT(401, "");
		assert_true(wire_has_header(&w, "WWW-Authenticate"));
		start("GET", "/api/open/");
		as("header", row[i]);
		EXPECT(200, "");
		assert_int_equal(seen.kind, CALLER_NOBODY);
	}
}

static void
s10_a_revoked_session_is_refused(void **state UNUSED)
{
	struct shm_revocation r = { .sid = 77, .user_id = 7 };
	struct transport t;

	start("GET", "/api/user/");
	as("header", token_for(user));
	shm_publish(case_shm, &r, 1, clock_now());
	t = wire_transport(&w);
	assert_int_equal(dispatch_serve(&case_d, &t), 0);
	assert_int_equal(wire_status(&w), 401);
	EXPECT(200, "");
}

/* --- metrics ---------------------------------------------------------------- */

static uint64_t
count_of(unsigned code)
{
	/* The rows of this test are no routes: all are counted as of none. */
	return shm_counter(case_shm, METRICS_ROUTE(routes_count, code));
}

static void
requests_are_counted(void **state UNUSED)
{
	uint64_t in_time = 0, before;

	/* Each route and status has a counter of its own. */
	assert_true(metrics_counters() <= SHM_COUNTERS);
	assert_int_equal(metrics_codes[0], 200);
	assert_int_equal(metrics_codes[10], 404);
	metric_use(case_shm);
	before = shm_counter(case_shm, METRICS_TIME(POOL_MAIN,
	    METRICS_BUCKETS));
	start("GET", "/api/open/");
	EXPECT(200, "");
	EXPECT(200, "");
	start("GET", "/api/none-such/");
	EXPECT(404, "");
	metric_use(NULL);
	EXPECT(404, "");
	assert_int_equal(count_of(0), 2);
	assert_int_equal(count_of(10), 1);
	for (unsigned i = 0; i < METRICS_BUCKETS; i++)
		in_time += shm_counter(case_shm, METRICS_TIME(POOL_MAIN, i));
	assert_int_equal(in_time, 3);
	assert_true(shm_counter(case_shm, METRICS_TIME(POOL_MAIN,
	    METRICS_BUCKETS)) > before);
}

static void
each_request_has_one_bucket(void **state UNUSED)
{
	static const struct { int64_t us; unsigned bucket; } row[] = {
		{ 0, 0 }, { 500, 0 }, { 501, 1 }, { 1000, 1 },
		{ 10000000, METRICS_BUCKETS - 2 },
		{ 10000001, METRICS_BUCKETS - 1 },
	};

	metric_use(case_shm);
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		const unsigned at = METRICS_TIME(POOL_OUT, row[i].bucket);
		uint64_t was = shm_counter(case_shm, at);

		metrics_request(&routes[0], POOL_OUT, 599, row[i].us);
		if (shm_counter(case_shm, at) != was + 1)
			fail_msg("%" PRId64 " us", row[i].us);
	}
	metric_use(NULL);
	assert_int_equal(shm_counter(case_shm, METRICS_ROUTE(0,
	    METRICS_CODES - 1)), COUNT_OF(row));
}

/* --- CSRF ----------------------------------------------------------------- */

#define OWN	"https://site.example:8443"
#define FORM	"application/x-www-form-urlencoded"

struct csrf {
	const char *origin, *site, *type, *x;
	int status;
};

static const struct csrf cookie_rows[] = {
	{ OWN, "", "application/json", "", 200 },
	{ OWN, "", "", "", 200 },
	{ "", "same-origin", "application/json", "", 200 },
	{ "https://other-name.example", "same-origin", "application/json", "",
	    200 },
	{ "https://app.example", "same-site", "application/json", "", 200 },
	{ OWN, "same-origin", FORM, "1", 200 },
	{ OWN, "same-origin", FORM, "", 403 },
	{ OWN, "same-origin", FORM, "0", 403 },
	{ "", "", "application/json", "", 403 },
	{ "", "", "application/json", "1", 403 },
	{ "", "none", "application/json", "", 403 },
	{ "", "same-site", "application/json", "", 403 },
	{ "", "cross-site", "application/json", "", 403 },
	{ "null", "", "application/json", "", 403 },
	{ "https://evil.example", "cross-site", "application/json", "1", 403 },
	{ "https://evil.example", "", "application/json", "", 403 },
	{ "https://site.example", "", "application/json", "", 403 },
	{ "http://site.example:8443", "", "application/json", "", 403 },
	{ OWN ".evil.example", "", "application/json", "", 403 },
	{ OWN "/", "", "application/json", "", 403 },
	{ "https://site.example:84431", "", "application/json", "", 403 },
};

static void
csrf_case(const struct csrf *c)
{
	wire_set(&w, "HTTP_ORIGIN", c->origin);
	wire_set(&w, "HTTP_SEC_FETCH_SITE", c->site);
	wire_set(&w, "HTTP_X_GATEPOST", c->x);
	if (c->type[0] != '\0')
		wire_body(&w, c->type, c->type[12] == 'x' ? "n=1" :
		    "{\"n\": 1}", c->type[12] == 'x' ? 3 : 8);
	EXPECT(c->status, c->status == 403 ? "csrf" : "");
	assert_false(wire_has_header(&w, "X-Auth-Clear"));	/* S38 */
}

static void
s34_a_cookie_needs_our_origin_and_no_form(void **state UNUSED)
{
	conf_is("GATEPOST_PUBLIC_URL", OWN);
	conf_is("GATEPOST_CSRF_ORIGINS", "https://app.example");
	for (size_t i = 0; i < COUNT_OF(cookie_rows); i++) {
		start("POST", "/api/user/");
		as("cookie", token_for(user));
		csrf_case(&cookie_rows[i]);
		/* Refresh by its cookie, with no access cookie left. */
		start("POST", "/api/refresh/");
		wire_set(&w, "GATEPOST_REFRESH", "abc");
		csrf_case(&cookie_rows[i]);
	}
}

static void
a_header_credential_needs_none_of_it(void **state UNUSED)
{
	for (size_t i = 0; i < COUNT_OF(cookie_rows); i++) {
		struct csrf c = cookie_rows[i];

		c.status = 200;
		start("POST", "/api/user/");
		as("header", token_for(user));
		csrf_case(&c);
	}
}

static void
a_safe_method_needs_none_of_it(void **state UNUSED)
{
	start("GET", "/api/user/");
	as("cookie", token_for(user));
	wire_set(&w, "HTTP_ORIGIN", "https://evil.example");
	wire_set(&w, "HTTP_SEC_FETCH_SITE", "cross-site");
	EXPECT(200, "");
	assert_true(seen.by_cookie);
}

static void
s35_a_form_of_another_site_signs_nobody_in(void **state UNUSED)
{
	static const struct { const char *site, *mode; int status; } row[] = {
		{ "cross-site", "navigate", 403 }, { "cross-site", "cors", 403 },
		{ "same-origin", "navigate", 200 }, { "", "", 200 },
		{ "same-site", "navigate", 403 }, { "none", "navigate", 200 },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		start("POST", "/api/kept/");
		wire_body(&w, FORM, "n=1", 3);
		wire_set(&w, "HTTP_SEC_FETCH_SITE", row[i].site);
		wire_set(&w, "HTTP_SEC_FETCH_MODE", row[i].mode);
		EXPECT(row[i].status, row[i].status == 403 ? "csrf" : "");
	}
}

/* --- CORS ----------------------------------------------------------------- */

static void
preflight_comes_before_401(void **state UNUSED)
{
	conf_is("GATEPOST_CORS_ORIGINS", "https://app.example");
	start("OPTIONS", "/api/user/");
	wire_set(&w, "HTTP_ORIGIN", "https://app.example");
	assert_int_equal(go(), 204);
	assert_true(wire_has(&w,
	    "Access-Control-Allow-Origin: https://app.example"));
	assert_true(wire_has(&w,
	    "Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS"));
	assert_true(wire_has(&w, "Access-Control-Allow-Headers: "
	    "Authorization, Content-Type, Idempotency-Key, Prefer"));
	assert_true(wire_has(&w, "Vary: Origin"));
	start("OPTIONS", "/api/nothing/");
	wire_set(&w, "HTTP_ORIGIN", "https://app.example");
	assert_int_equal(go(), 404);
}

static void
s37_other_origins_get_no_cors(void **state UNUSED)
{
	static const char *const row[] = { "https://evil.example", "null", "*",
	    "", "https://app.example.evil.example", "http://app.example",
	    "https://app.example:444" };

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		start("OPTIONS", "/api/user/");
		wire_set(&w, "HTTP_ORIGIN", row[i]);
		assert_int_equal(go(), 204);
		assert_false(wire_has_header(&w,
		    "Access-Control-Allow-Origin"));
		assert_false(wire_has_header(&w,
		    "Access-Control-Allow-Methods"));
		assert_true(wire_has(&w, "Vary: Origin"));
	}
}

static void
s37_errors_have_cors_too(void **state UNUSED)
{
	start("GET", "/api/user/");
	wire_set(&w, "HTTP_ORIGIN", "https://app.example");
	assert_int_equal(go(), 401);
	assert_true(wire_has(&w,
	    "Access-Control-Allow-Origin: https://app.example"));
	/* Listed for cookies as well, hence with credentials. */
	assert_true(wire_has(&w, "Access-Control-Allow-Credentials: true"));
	conf_is("GATEPOST_CSRF_ORIGINS", "");
	assert_int_equal(go(), 401);
	assert_false(wire_has_header(&w, "Access-Control-Allow-Credentials"));
	conf_is("GATEPOST_CORS_ORIGINS", "");
	assert_int_equal(go(), 401);
	assert_false(wire_has_header(&w, "Access-Control-Allow-Origin"));
}

/* --- pools ------------------------------------------------------------------ */

static void
a_row_of_another_pool_is_refused(void **state UNUSED)
{
	start("POST", "/api/hash/");
	EXPECT(503, "wrong_pool");
	case_d.every_pool = true;
	EXPECT(200, "");
	case_d.every_pool = false;
}

static void
s56_hashing_refuses_what_waited_too_long(void **state UNUSED)
{
	static const struct { int ago_ms, status; } row[] = {
		{ 0, 200 }, { 1500, 200 }, { 2600, 503 }, { 60000, 503 },
		{ -5000, 200 },
	};

	case_d.pool = POOL_HASH;
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		int64_t at = clock_now() / 1000 - row[i].ago_ms;
		char text[40];

		snprintf(text, sizeof(text), "%" PRId64 ".%03d", at / 1000,
		    (int)(at % 1000));
		start("POST", "/api/hash/");
		wire_set(&w, "GATEPOST_ARRIVED", text);
		EXPECT(row[i].status, row[i].status == 503 ? "busy" : "");
		if (row[i].status == 503)
			assert_true(wire_has(&w, "Retry-After: 5"));
	}
	case_d.pool = POOL_MAIN;
}

static void
an_unreadable_request_is_400(void **state UNUSED)
{
	start("POST", "/api/open/");
	wire_set(&w, "CONTENT_LENGTH", "10");
	EXPECT(400, "bad_request");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_answer),
		cmocka_unit_test(head_is_a_get_without_body),
		cmocka_unit_test(refusals_come_in_order),
		cmocka_unit_test(odd_paths_are_not_found),
		cmocka_unit_test(kept_rows_ignore_and_dress),
		cmocka_unit_test(access_words_hold),
		cmocka_unit_test(s57_fresh_means_five_minutes),
		cmocka_unit_test(a_bad_credential_is_401_where_one_is_needed),
		cmocka_unit_test(s10_a_revoked_session_is_refused),
		cmocka_unit_test(s34_a_cookie_needs_our_origin_and_no_form),
		cmocka_unit_test(a_header_credential_needs_none_of_it),
		cmocka_unit_test(a_safe_method_needs_none_of_it),
		cmocka_unit_test(s35_a_form_of_another_site_signs_nobody_in),
		cmocka_unit_test(preflight_comes_before_401),
		cmocka_unit_test(s37_other_origins_get_no_cors),
		cmocka_unit_test(s37_errors_have_cors_too),
		cmocka_unit_test(a_row_of_another_pool_is_refused),
		cmocka_unit_test(s56_hashing_refuses_what_waited_too_long),
		cmocka_unit_test(an_unreadable_request_is_400),
		cmocka_unit_test(requests_are_counted),
		cmocka_unit_test(each_request_has_one_bucket),
	};
	int failed;

	if (case_setup(table, COUNT_OF(table)) < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return case_teardown() < 0 ? 1 : failed;
}
