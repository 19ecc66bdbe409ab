/*
 * test_channel_webpush.c - push: what each answer means, the requests, and
 * the payload as node's http_ece decrypts it.
 */
#include "channel_case.h"
#include "channel/providers/webpush_crypt.h"

#define ENDPOINT	"https://updates.push.services.mozilla.com/wpush/v2/" \
	"gAAAAsecret"

static const struct provider *const p = &provider_webpush;

static void
every_recorded_answer_has_its_outcome(void **state UNUSED)
{
	cc_cases(p, "webpush.json", ENDPOINT, 60);
}

/* What the browser reads; json_free it. */
static struct json *
decrypted(const struct out_request *req)
{
	char body[B64_SIZE(WEBPUSH_BODY_MAX)], key[64], auth[32], public[90];
	uint8_t d[32];
	const char *job;
	struct json *j, *plain;

	b64url_encode(body, sizeof(body), req->body, req->body_len);
	p256_private(cc.browser, d);
	b64url_encode(key, sizeof(key), d, sizeof(d));
	b64url_encode(auth, sizeof(auth), cc.auth, sizeof(cc.auth));
	job = arena_printf(cc.a, "{\"private\":\"%s\",\"auth\":\"%s\","
	    "\"body\":\"%s\",\"authorization\":\"%s\"}", key, auth, body,
	    cc_header(req, "Authorization"));
	j = cc_read_by("node", "read_push.js", job, strlen(job));
	assert_true(cc_flag(j, "good", false));
	p256_public(cc.vapid, cc.p256dh);
	b64url_encode(public, sizeof(public), cc.p256dh, sizeof(cc.p256dh));
	p256_public(cc.browser, cc.p256dh);
	assert_string_equal(cc_str(j, "k"), public);
	assert_string_equal(webpush_public_key(), public);
	assert_string_equal(cc_str(json_get(j, "claims"), "aud"),
	    "https://updates.push.services.mozilla.com");
	assert_string_equal(cc_str(json_get(j, "claims"), "sub"),
	    "mailto:admin@example.com");
	assert_int_equal(cc_int(json_get(j, "claims"), "exp", 0),
	    NOW_US / US_PER_S + 12 * 3600);
	plain = cc_json(cc_str(j, "plain"));
	json_free(j);
	return plain;
}

/* Build for `content` and say what the browser reads, as text. */
static const char *
payload_of(const char *content)
{
	struct json *c = cc_json(content), *plain;
	struct message m = cc_message("push", ENDPOINT, c, NULL);
	struct out_request req;
	const char *text;

	m.title = "from the row";
	req = cc_build(p, &m);
	plain = decrypted(&req);
	text = json_text(cc.a, plain);
	json_free(plain);
	json_free(c);
	return text;
}

static void
the_request_is_rfc_8030_s_and_its_log_has_the_host_only(void **state UNUSED)
{
	struct json *c = cc_json("{\"title\":\"t\",\"body\":\"b\"}");
	struct message m = cc_message("push", ENDPOINT, c, NULL);
	struct out_request req = cc_build(p, &m);

	assert_int_equal(req.kind, SEND_HTTP);
	assert_string_equal(req.method, "POST");
	assert_string_equal(req.url, ENDPOINT);
	assert_true(req.user_url);
	assert_string_equal(req.log_url,
	    "https://updates.push.services.mozilla.com");
	assert_string_equal(cc_header(&req, "Content-Encoding"), "aes128gcm");
	assert_string_equal(cc_header(&req, "Content-Type"),
	    "application/octet-stream");
	assert_null(cc_header(&req, "Topic"));
	assert_null(cc_header(&req, "X-WNS-Cache-Policy"));
	assert_string_equal(cc_header(&req, "Urgency"), "normal");
	assert_string_equal(cc_header(&req, "TTL"), "3600");
	assert_true(req.body_len <= WEBPUSH_BODY_MAX);
	/* Twice shown is worse than perhaps not shown (D26). */
	assert_false(req.repeat_ok);
	json_free(c);
}

static void
the_browser_reads_the_published_payload(void **state UNUSED)
{
	static const struct { const char *content, *want; } row[] = {
		{ "{\"title\":\"عنوان\",\"body\":\"b \\\"q\\\"\",\"url\":"
		    "\"https://x.example/\"}",
		    "{\"title\":\"عنوان\",\"head\":\"عنوان\",\"body\":"
		    "\"b \\\"q\\\"\",\"url\":\"https:\\/\\/x.example\\/\","
		    "\"requireInteraction\":true,\"data\":{\"url\":"
		    "\"https:\\/\\/x.example\\/\"}}" },
		{ "{\"title\":\"t\",\"body\":\"b\",\"require_interaction\":"
		    "false,\"icon\":\"/i.png\",\"url\":\"/u\",\"data\":"
		    "{\"id\":7,\"url\":\"/other\",\"deep\":{\"a\":[1,null]}}}",
		    "{\"title\":\"t\",\"head\":\"t\",\"body\":\"b\",\"url\":"
		    "\"\\/u\",\"icon\":\"\\/i.png\",\"requireInteraction\":"
		    "false,\"data\":{\"url\":\"\\/u\",\"id\":7,\"deep\":"
		    "{\"a\":[1,null]}}}" },
		/* A url in data only is where a click goes. */
		{ "{\"title\":\"t\",\"body\":\"b\",\"data\":{\"url\":\"/d\"}}",
		    "{\"title\":\"t\",\"head\":\"t\",\"body\":\"b\",\"url\":"
		    "\"\\/d\",\"requireInteraction\":true,\"data\":{\"url\":"
		    "\"\\/d\"}}" },
		{ "{\"body\":\"b\",\"data\":[1],\"icon\":\"\"}",
		    "{\"title\":\"from the row\",\"head\":\"from the row\","
		    "\"body\":\"b\",\"url\":\"\",\"requireInteraction\":true,"
		    "\"data\":{\"url\":\"\"}}" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct json *want = cc_json(row[i].want);

		assert_string_equal(payload_of(row[i].content),
		    json_text(cc.a, want));
		json_free(want);
	}
}

/* {"title":"t","body":bbb…,"icon":iii…} */
static struct json *
sized(size_t body, size_t icon)
{
	char *b = arena_alloc(cc.a, body + 1), *i = arena_alloc(cc.a, icon + 1);

	memset(b, 'b', body);
	memset(i, 'i', icon);
	return cc_json(arena_printf(cc.a, "{\"title\":\"t\",\"body\":\"%s\","
	    "\"icon\":\"%s\"}", b, i));
}

static void
the_icon_goes_when_it_does_not_fit_then_the_message(void **state UNUSED)
{
	/* The payload without its body's and icon's text. */
	const size_t bare = strlen("{\"title\":\"t\",\"head\":\"t\",\"body\":"
	    "\"\",\"url\":\"\",\"requireInteraction\":true,\"data\":"
	    "{\"url\":\"\"}}");
	const size_t icon = strlen("\"icon\":\"\",");
	static const struct { int body, icon; bool kept, refused; } row[] = {
		/* As offsets of WEBPUSH_PLAIN_MAX. */
		{ -200, 200, true, false }, { -200, 201, false, false },
		{ 0, 1, false, false }, { 0, 0, false, false },
		{ 1, 0, false, true }, { 1, 50, false, true },
		{ -3000, 70000, false, false }, { 66000, 0, false, true },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		size_t body = (size_t)((int)(WEBPUSH_PLAIN_MAX - bare) +
		    row[i].body) - (row[i].kept ? icon : 0);
		struct json *c = sized(body, (size_t)row[i].icon);
		struct message m = cc_message("push", ENDPOINT, c, NULL);

		print_message("body %zu icon %d\n", body, row[i].icon);
		if (row[i].refused) {
			cc_refused(p, &m, "payload_too_large");
		} else {
			struct out_request req = cc_build(p, &m);
			struct json *plain = decrypted(&req);

			assert_true(req.body_len <= WEBPUSH_BODY_MAX);
			assert_int_equal(json_has(plain, "icon"), row[i].kept);
			assert_int_equal(strlen(cc_str(plain, "body")), body);
			json_free(plain);
		}
		json_free(c);
	}
}

static void
ttl_is_what_was_asked_within_the_message_s_life(void **state UNUSED)
{
	static const struct { const char *ttl; int64_t left_s; const char *want; }
	row[] = {
		{ "60", 3600, "60" }, { "7200", 3600, "3600" },
		{ "0", 3600, "0" }, { "-5", 3600, "0" },
		{ "60", 0, "0" }, { "60", -10, "0" }, { "60", 59, "59" },
		{ "null", 3600, "3600" }, { "null", 172800, "86400" },
		{ "\"90\"", 3600, "3600" },
		{ "2592000", 2592000, "2419200" },
		{ "4611686018427387904", 9000000, "2419200" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct json *c = cc_json(arena_printf(cc.a, "{\"title\":\"t\","
		    "\"ttl\":%s}", row[i].ttl));
		struct message m = cc_message("push", ENDPOINT, c, NULL);
		struct out_request req;

		m.expires_us = m.now_us + row[i].left_s * US_PER_S;
		req = cc_build(p, &m);
		print_message("%s %" PRId64 "\n", row[i].ttl, row[i].left_s);
		assert_string_equal(cc_header(&req, "TTL"), row[i].want);
		json_free(c);
	}
}

static void
urgency_is_one_of_four_words(void **state UNUSED)
{
	static const struct { const char *asked, *want; } row[] = {
		{ "very-low", "very-low" }, { "low", "low" },
		{ "normal", "normal" }, { "high", "high" }, { "", "normal" },
		{ "HIGH", "normal" }, { "high, low", "normal" },
		{ "high\\r\\nX: y", "normal" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct json *c = cc_json(arena_printf(cc.a, "{\"title\":\"t\","
		    "\"urgency\":\"%s\"}", row[i].asked));
		struct message m = cc_message("push", ENDPOINT, c, NULL);
		struct out_request req = cc_build(p, &m);

		assert_string_equal(cc_header(&req, "Urgency"), row[i].want);
		json_free(c);
	}
}

/* 64 characters: the most that a send takes. */
#define LONGEST	"12345678901234567890123456789012" \
	"12345678901234567890123456789012"

static const char *
topic_header(const char *topic)
{
	struct json *c = cc_json(arena_printf(cc.a, "{\"title\":\"t\","
	    "\"topic\":\"%s\"}", topic));
	struct message m = cc_message("push", ENDPOINT, c, NULL);
	struct out_request req = cc_build(p, &m);
	const char *got = cc_header(&req, "Topic");

	assert_int_equal(req.repeat_ok, got != NULL);
	json_free(c);
	return got;
}

static void
a_topic_is_32_characters_that_every_service_takes(void **state UNUSED)
{
	static const char *const topics[] = { "a", "orders/17", "upd 1",
		"سفارش", "x\\r\\nX-Evil: y", "1234567890123",
		LONGEST };
	uint8_t raw[24];

	assert_null(topic_header(""));
	for (size_t i = 0; i < COUNT_OF(topics); i++) {
		const char *got = topic_header(topics[i]);

		assert_non_null(got);
		assert_int_equal(strlen(got), 32);
		/* Apple decodes it (2.2). */
		assert_int_equal(b64url_decode(raw, sizeof(raw), got, 32), 24);
		assert_string_equal(topic_header(topics[i]), got);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(topic_header(topics[k]), got);
	}
}

static void
windows_hears_how_long_to_keep_it(void **state UNUSED)
{
	struct json *c = cc_json("{\"title\":\"t\",\"ttl\":60}");
	struct json *now = cc_json("{\"title\":\"t\",\"ttl\":0}");
	struct message m = cc_message("push", "https://db5p.notify.windows.com"
	    "/w/?token=BQYA", c, NULL);
	struct out_request req = cc_build(p, &m);

	assert_string_equal(cc_header(&req, "X-WNS-Cache-Policy"), "cache");
	m.content = now;
	req = cc_build(p, &m);
	assert_string_equal(cc_header(&req, "X-WNS-Cache-Policy"), "no-cache");
	json_free(now);
	json_free(c);
}

static void
a_broken_device_is_refused_before_anything_leaves(void **state UNUSED)
{
	static const char *const bad[] = { "", "http://push.example/x",
		"https://user@push.example/x", "https://push.example/x y",
		"https://push.example/x\r\nX: y", "https://[::1]/x", "ftp://x",
		"https://push.example/\xd8\xb3" };
	struct json *c = cc_json("{\"title\":\"t\"}");
	uint8_t off_curve[65] = { 4, 1, 2, 3 };
	struct message m;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		print_message("%s\n", bad[i]);
		m = cc_message("push", bad[i], c, NULL);
		cc_refused(p, &m, "bad_endpoint");
	}
	m = cc_message("push", ENDPOINT, c, NULL);
	m.p256dh = NULL;
	cc_refused(p, &m, "no_keys");
	m = cc_message("push", ENDPOINT, c, NULL);
	m.auth = NULL;
	cc_refused(p, &m, "no_keys");
	m.auth = cc.auth;
	m.p256dh = off_curve;
	cc_refused(p, &m, "bad_key");
	json_free(c);
}

static void
no_two_bodies_are_alike(void **state UNUSED)
{
	struct json *c = cc_json("{\"title\":\"t\"}");
	struct message m = cc_message("push", ENDPOINT, c, NULL);
	struct out_request one = cc_build(p, &m), two = cc_build(p, &m);

	assert_int_equal(one.body_len, two.body_len);
	assert_memory_not_equal(one.body, two.body, 16);
	assert_memory_not_equal((const char *)one.body + 21,
	    (const char *)two.body + 21, 65);
	/* And one token an origin (2.4: Apple's once an hour). */
	assert_string_equal(cc_header(&one, "Authorization"),
	    cc_header(&two, "Authorization"));
	json_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_answer_has_its_outcome),
		cmocka_unit_test(
		    the_request_is_rfc_8030_s_and_its_log_has_the_host_only),
		cmocka_unit_test(the_browser_reads_the_published_payload),
		cmocka_unit_test(
		    the_icon_goes_when_it_does_not_fit_then_the_message),
		cmocka_unit_test(
		    ttl_is_what_was_asked_within_the_message_s_life),
		cmocka_unit_test(urgency_is_one_of_four_words),
		cmocka_unit_test(
		    a_topic_is_32_characters_that_every_service_takes),
		cmocka_unit_test(windows_hears_how_long_to_keep_it),
		cmocka_unit_test(
		    a_broken_device_is_refused_before_anything_leaves),
		cmocka_unit_test(no_two_bodies_are_alike),
	};

	return cmocka_run_group_tests(tests, cc_setup, cc_teardown);
}
