/*
 * test_request.c - http/request and http/addr: what nginx says about a
 * request, and what a client cannot make it say.
 */
#include "http_case.h"
#include "base/text.h"

static struct arena *arena;

static int
read_it(struct wire *w, struct req *q, struct err *e)
{
	struct transport t = wire_transport(w);
	int rc;

	if (arena == NULL)
		arena = arena_new((size_t)4 << 20);
	arena_reset(arena);
	rc = req_read(q, arena, &t, e);
	wire_fini(w);
	return rc;
}

static void
a_request_is_read(void **state UNUSED)
{
	struct err e = ERR_INIT;
	struct wire w;
	struct req q;

	wire_init(&w, "POST", "/api/auth/login/?tokens=cookie&a=b");
	wire_json(&w, "{\"a\": 1}");
	wire_set(&w, "REQUEST_ID", "0123456789abcdef0123456789abcdef");
	wire_set(&w, "HTTP_AUTHORIZATION", "Bearer abc");
	wire_set(&w, "GATEPOST_AUTH_SOURCE", "header");
	wire_set(&w, "GATEPOST_REFRESH", "r1");
	wire_set(&w, "GATEPOST_ARRIVED", "1700000000.123");
	wire_set(&w, "HTTP_USER_AGENT", "curl/8");
	w.chunk = 3;
	assert_int_equal(read_it(&w, &q, &e), 0);
	assert_int_equal(q.method, M_POST);
	assert_string_equal(q.path, "/api/auth/login/");
	assert_string_equal(q.query, "tokens=cookie&a=b");
	assert_int_equal(q.body_len, 8);
	assert_memory_equal(q.body, "{\"a\": 1}", 8);
	assert_string_equal(q.request_id, "0123456789abcdef0123456789abcdef");
	assert_int_equal(q.auth_source, AUTH_HEADER);
	assert_string_equal(q.refresh_cookie, "r1");
	assert_true(q.arrived_us == INT64_C(1700000000123000));
	assert_string_equal(q.remote_addr, "192.0.2.7");
	assert_string_equal(q.country, "ZZ");
	assert_string_equal(q.origin, "");
	assert_string_equal(q.user_agent, "curl/8");
}

static void
what_is_no_request_is_refused(void **state UNUSED)
{
	static const struct { const char *name, *value; } row[] = {
		{ "REQUEST_METHOD", "" }, { "REQUEST_URI", "api" },
		{ "REQUEST_URI", "http://x/api" }, { "CONTENT_LENGTH", "-1" },
		{ "CONTENT_LENGTH", "1x" }, { "CONTENT_LENGTH", "5" },
		{ "CONTENT_LENGTH", "99999999999999999999" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct err e = ERR_INIT;
		struct wire w;
		struct req q;

		wire_init(&w, "POST", "/api/x");
		wire_set(&w, row[i].name, row[i].value);
		if (read_it(&w, &q, &e) != -1 || e.kind != ERR_INPUT)
			fail_msg("%s=%s was read", row[i].name, row[i].value);
		assert_int_equal(strlen(q.request_id), 32);
	}
}

static void
too_long_a_body_is_not_read(void **state UNUSED)
{
	struct err e = ERR_INIT;
	struct wire w;
	struct req q;

	wire_init(&w, "POST", "/api/x");
	wire_set(&w, "CONTENT_LENGTH", "3149825");	/* BODY_HARD_MAX + 1 */
	assert_int_equal(read_it(&w, &q, &e), 0);
	assert_true(q.body_over);
	assert_int_equal(q.body_len, 0);
	assert_int_equal(w.at, 0);
}

static void
headers_come_out_as_clean_text(void **state UNUSED)
{
	static const struct { const char *in, *out; } row[] = {
		{ "a\nb\rc", "a?b?c" }, { "\xff\xfe", "??" },
		{ "\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9" },
		{ "\xed\xa0\x80", "???" }, { "x\x7fy\x01", "x?y?" },
		{ "tail\xe2\x82", "tail??" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct err e = ERR_INIT;
		struct wire w;
		struct req q;

		wire_init(&w, "GET", "/api/x");
		wire_set(&w, "HTTP_USER_AGENT", row[i].in);
		assert_int_equal(read_it(&w, &q, &e), 0);
		assert_string_equal(q.user_agent, row[i].out);
	}
}

static void
a_path_with_odd_bytes_stays_odd(void **state UNUSED)
{
	struct err e = ERR_INIT;
	struct wire w;
	struct req q;

	/* '?' in its place would cut the path to one that exists. */
	wire_init(&w, "GET", "/api/x\xff/y");
	assert_int_equal(read_it(&w, &q, &e), 0);
	assert_string_equal(q.path, "/api/x%/y");
}

static void
a_long_user_agent_is_cut_between_characters(void **state UNUSED)
{
	char ua[600], *p = ua;
	struct err e = ERR_INIT;
	struct wire w;
	struct req q;

	for (int i = 0; i < 190; i++, p += 3)
		memcpy(p, "\xe2\x82\xac", 4);
	wire_init(&w, "GET", "/api/x");
	wire_set(&w, "HTTP_USER_AGENT", ua);
	assert_int_equal(read_it(&w, &q, &e), 0);
	assert_int_equal(strlen(q.user_agent), 255);
	assert_true(utf8_valid(q.user_agent, 255));
	memmove(ua + 1, ua, 570);
	ua[0] = 'x';
	wire_init(&w, "GET", "/api/x");
	wire_set(&w, "HTTP_USER_AGENT", ua);
	assert_int_equal(read_it(&w, &q, &e), 0);
	assert_int_equal(strlen(q.user_agent), 253);
	assert_true(utf8_valid(q.user_agent, 253));
}

static void
a_client_cannot_choose_its_request_id(void **state UNUSED)
{
	static const char *const bad[] = { "", "abc",
	    "0123456789ABCDEF0123456789ABCDEF",
	    "0123456789abcdef0123456789abcdeg" };

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct err e = ERR_INIT;
		struct wire w;
		struct req q;

		wire_init(&w, "GET", "/api/x");
		wire_set(&w, "REQUEST_ID", bad[i]);
		wire_set(&w, "HTTP_X_REQUEST_ID", "mine");
		assert_int_equal(read_it(&w, &q, &e), 0);
		assert_int_equal(strlen(q.request_id), 32);
		assert_string_not_equal(q.request_id, bad[i]);
	}
}

static void
a_credential_of_unstated_source_counts_as_a_cookie(void **state UNUSED)
{
	static const struct { const char *source, *value; enum auth_source s; }
	    row[] = {
		{ "header", "Bearer a", AUTH_HEADER },
		{ "cookie", "Bearer a", AUTH_COOKIE },
		{ "", "Bearer a", AUTH_COOKIE },
		{ "none", "Bearer a", AUTH_COOKIE },
		{ "header", "", AUTH_NONE },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct err e = ERR_INIT;
		struct wire w;
		struct req q;

		wire_init(&w, "GET", "/api/x");
		wire_set(&w, "GATEPOST_AUTH_SOURCE", row[i].source);
		wire_set(&w, "HTTP_AUTHORIZATION", row[i].value);
		assert_int_equal(read_it(&w, &q, &e), 0);
		assert_int_equal(q.auth_source, row[i].s);
	}
}

static void
forwarded_addresses_are_not_heard(void **state UNUSED)
{
	struct err e = ERR_INIT;
	struct wire w;
	struct req q, plain;
	uint8_t key[16];

	wire_init(&w, "GET", "/api/x");
	assert_int_equal(read_it(&w, &plain, &e), 0);
	memcpy(key, plain.addr_key, 16);
	wire_init(&w, "GET", "/api/x");
	wire_set(&w, "HTTP_X_FORWARDED_FOR", "198.51.100.1");
	wire_set(&w, "HTTP_X_REAL_IP", "198.51.100.1");
	wire_set(&w, "HTTP_FORWARDED", "for=198.51.100.1");
	wire_set(&w, "HTTP_REMOTE_ADDR", "198.51.100.1");
	wire_set(&w, "HTTP_GATEPOST_AUTH_SOURCE", "header");
	assert_int_equal(read_it(&w, &q, &e), 0);
	assert_memory_equal(q.addr_key, key, 16);
	assert_string_equal(q.remote_addr, "192.0.2.7");
}

static void
addresses_are_cut_for_limits(void **state UNUSED)
{
	/* Rows of one `group` are one subject. */
	static const struct { const char *a; int group; bool ok, loop; }
	    row[] = {
		{ "192.0.2.1", 1, true, false },
		{ "::ffff:192.0.2.1", 1, true, false },
		{ "::ffff:c000:201", 1, true, false },
		{ "192.0.2.2", 2, true, false },
		{ "2001:db8:1:2::1", 3, true, false },
		{ "2001:db8:1:2:ffff::9", 3, true, false },
		{ "2001:db8:1:3::1", 4, true, false },
		{ "127.0.0.1", 5, true, true },
		{ "::ffff:127.0.0.1", 5, true, true },
		{ "127.0.0.3", 6, true, false },
		{ "::1", 0, true, true },
		{ "", 0, false, false }, { "unix:", 0, false, false },
		{ "192.0.2.1, 10.0.0.1", 0, false, false },
		{ "192.0.2.01", 0, false, false },
		{ "fe80::1%eth0", 0, false, false },
	};
	uint8_t key[COUNT_OF(row)][16];
	bool loop;

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		assert_int_equal(req_addr_key(row[i].a, key[i], &loop),
		    row[i].ok);
		assert_int_equal(loop, row[i].loop);
		for (size_t k = 0; k < i; k++)
			if ((memcmp(key[i], key[k], 16) == 0) !=
			    (row[i].group == row[k].group))
				fail_msg("%s and %s", row[i].a, row[k].a);
	}
}

static void
prefer_wait_is_bounded(void **state UNUSED)
{
	static const struct { const char *v; int wait; } row[] = {
		{ "", -1 }, { "wait=5", 5 }, { "wait=99", 15 },
		{ "respond-async", 0 }, { "respond-async, wait=3", 3 },
		{ "WAIT = 4", 4 }, { "wait=\"7\"", 7 }, { "wait", -1 },
		{ "wait=x", -1 }, { "handling=lenient", -1 },
		{ "wait=2, wait=9", 2 }, { "waiting=4", -1 },
		{ ",,wait=1", 1 }, { "wait=99999999999999999999", 15 },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct req q = { .prefer = row[i].v };

		if (req_prefer_wait(&q) != row[i].wait)
			fail_msg("\"%s\" gives %d", row[i].v,
			    req_prefer_wait(&q));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(too_long_a_body_is_not_read),
		cmocka_unit_test(headers_come_out_as_clean_text),
		cmocka_unit_test(a_path_with_odd_bytes_stays_odd),
		cmocka_unit_test(a_long_user_agent_is_cut_between_characters),
		cmocka_unit_test(a_client_cannot_choose_its_request_id),
		cmocka_unit_test(
		    a_credential_of_unstated_source_counts_as_a_cookie),
		cmocka_unit_test(forwarded_addresses_are_not_heard),
		cmocka_unit_test(addresses_are_cut_for_limits),
		cmocka_unit_test(prefer_wait_is_bounded),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_free(arena);
	return failed;
}
