/*
 * channel_case.h - for tests of channel/: recorded answers of providers
 * (tests/fixtures/providers), messages to build, and a look at what came out.
 * Included by one .c file a program.
 */
#ifndef GP_TESTS_CHANNEL_CASE_H
#define GP_TESTS_CHANNEL_CASE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/keyring.h"
#include "base/text.h"
#include "channel/channel.h"
#include "channel/providers/providers.h"
#include "channel/providers/webpush.h"
#include "net/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define NOW_US	(INT64_C(1790000000) * US_PER_S)

static struct {
	struct arena	*a;
	struct p256_key	*vapid, *browser;
	struct keyring	 keys;
	uint8_t		 p256dh[65], auth[16];
} cc;

static inline void
cc_set(const char *key, const char *value)
{
	struct err e = ERR_INIT;

	if (conf_set(key, value, &e) < 0)
		fail_msg("%s: %s", key, e.detail);
}

/* Group setup: settings of every provider, a browser, a VAPID key. */
static inline int
cc_setup(void **state UNUSED)
{
	struct err e = ERR_INIT;

	crypto_init();
	cc.a = arena_new((size_t)64 << 20);
	cc_set("GATEPOST_SITE_NAME", "Gatepost");
	cc_set("KAVENEGAR_API_KEY", "s3cret/key");
	cc_set("GATEPOST_KAVENEGAR_URL", "https://api.kavenegar.com");
	cc_set("EMAIL_HOST", "smtp.example.com");
	cc_set("DEFAULT_FROM_EMAIL", "Gatepost <no-reply@example.com>");
	cc_set("VAPID_SUBJECT", "mailto:admin@example.com");
	cc.vapid = cc.keys.vapid = p256_new();
	cc.browser = p256_new();
	p256_public(cc.browser, cc.p256dh);
	memset(cc.auth, 0x5a, sizeof(cc.auth));
	return webpush_setup(&cc.keys, &e);
}

static inline int
cc_teardown(void **state UNUSED)
{
	p256_free(cc.vapid);
	p256_free(cc.browser);
	arena_free(cc.a);
	return 0;
}

/* JSON that lives until json_free. */
static inline struct json *
cc_json(const char *text)
{
	struct err e = ERR_INIT;
	struct json *j;

	if (json_parse(text, strlen(text), JSON_PLAIN, 0, &j, &e) < 0)
		fail_msg("%s: %s", e.detail, text);
	return j;
}

/* A message with everything that any provider asks for. */
static inline struct message
cc_message(const char *type, const char *to, const struct json *content,
    const struct json *secret)
{
	return (struct message){
		.notification_id = UINT64_C(0x1234567890abcdef), .seq = 7,
		.type = type, .to = to, .title = "", .content = content,
		.secret = secret, .locale = "en", .created_us = NOW_US,
		.expires_us = NOW_US + 3600 * US_PER_S, .now_us = NOW_US,
		.p256dh = cc.p256dh, .auth = cc.auth,
	};
}

/* --- recorded answers ----------------------------------------------------- */

static inline const char *
cc_str(const struct json *j, const char *name)
{
	return json_str(json_get(j, name));
}

static inline int64_t
cc_int(const struct json *j, const char *name, int64_t none)
{
	int64_t v;

	return json_int(json_get(j, name), &v) ? v : none;
}

static inline bool
cc_flag(const struct json *j, const char *name, bool none)
{
	bool v;

	return json_bool(json_get(j, name), &v) ? v : none;
}

static inline int
cc_error(const char *word)
{
	if (word == NULL)
		return NET_OK;
	for (int i = 0; i <= NET_OTHER; i++)
		if (strcmp(net_error_word(i), word) == 0)
			return i;
	fail_msg("no transfer ends by %s", word);
	return NET_OTHER;
}

static inline struct in_answer
cc_answer(const struct json *c, const char *channel)
{
	const bool mail = strcmp(channel, "email") == 0;
	const struct json *body = json_get(c, "body");
	struct in_answer in = {
		.error = cc_error(cc_str(c, "error")),
		.status = (long)cc_int(c, "status", 0),
		.retry_after_s = (long)cc_int(c, "retry_after", 0),
		.header_location = cc_str(c, "location"),
		.header_reason = cc_str(c, "reason"),
	};

	/* As net/ reports: a refusal of a mail is a whole answer. */
	in.complete = in.error == NET_OK || (mail && in.status >= 400);
	in.body_sent = cc_flag(c, "sent", in.error == NET_OK && !mail);
	in.body = json_str(body) != NULL ? json_str(body) :
	    json_type(body) == JSON_OBJECT ? json_text(cc.a, body) : "";
	in.body_len = strlen(in.body);
	if (in.header_location == NULL)
		in.header_location = "";	/* net's buffers are never NULL */
	if (in.header_reason == NULL)
		in.header_reason = "";
	return in;
}

static inline void
cc_case(const struct provider *p, const struct json *c, const char *to)
{
	const char *type = cc_str(c, "type"), *topic = cc_str(c, "topic");
	struct json *content = cc_json(topic == NULL ?
	    "{\"template\":\"password_changed\",\"title\":\"t\"}" :
	    arena_printf(cc.a, "{\"title\":\"t\",\"topic\":\"%s\"}", topic));
	struct json *secret = cc_json("{\"code\":\"123456\"}");
	/* Nothing secret goes by Expo (S74). */
	struct message m = cc_message(type == NULL ? "push" : type, to,
	    content, strcmp(p->channel, "expo") == 0 ? NULL : secret);
	struct in_answer in = cc_answer(c, p->channel);
	struct out_request req = { .kind = SEND_HTTP };
	struct verdict v = { .wait_s = 0 };
	struct err e = ERR_INIT;
	const char *id = cc_str(c, "id"), *log = cc_str(c, "log");

	print_message("%s\n", cc_str(c, "name"));
	m.try = (unsigned)cc_int(c, "try", 0);
	m.created_us -= cc_int(c, "age_h", 0) * 3600 * US_PER_S;
	if (p->build(&m, cc.a, &req, &e) < 0)
		fail_msg("build: %s", e.detail);
	p->judge(&m, &req, &in, &v);
	assert_string_equal(outcome_word(v.outcome), cc_str(c, "want"));
	assert_string_equal(v.code, cc_str(c, "code"));
	assert_string_equal(v.provider_id, id == NULL ? "" : id);
	assert_int_equal(v.wait_s, cc_int(c, "wait", 0));
	assert_int_equal(v.query, cc_flag(c, "query", false));
	assert_int_equal(v.single, cc_flag(c, "single", false));
	if (log != NULL)
		assert_string_equal(v.log, log);
	/* What is kept is JSON, and nothing of the body's words (D24). */
	json_free(cc_json(arena_printf(cc.a, "{%s}", v.log)));
	assert_null(strstr(v.log, "852596"));
	assert_null(strstr(v.log, "09361234567"));
	json_free(secret);
	json_free(content);
}

/* Every case of a fixture; at least `least` of them. */
static inline void
cc_cases(const struct provider *p, const char *file, const char *to,
    size_t least)
{
	const char *top = getenv("top_srcdir");
	const char *path = arena_printf(cc.a, "%s/tests/fixtures/providers/%s",
	    top != NULL ? top : ".", file);
	struct err e = ERR_INIT;
	const struct json *rows;
	struct json *doc;
	char *text;
	size_t n;

	if (file_read(cc.a, path, (size_t)1 << 20, &text, &n, &e) < 0)
		fail_msg("%s: %s", path, e.detail);
	doc = cc_json(text);
	assert_string_equal(cc_str(doc, "provider"), p->name);
	rows = json_get(doc, "cases");
	assert_true(json_len(rows) >= least);
	for (size_t i = 0; i < json_len(rows); i++)
		cc_case(p, json_at(rows, i), to);
	json_free(doc);
}

/* --- what was built ------------------------------------------------------- */

/* As the worker makes it: built, then sealed. */
static inline int
cc_make(const struct provider *p, const struct message *m,
    struct out_request *req, struct err *e)
{
	if (p->build(m, cc.a, req, e) < 0)
		return -1;
	return p->seal == NULL ? 0 : p->seal(m, cc.a, req, e);
}

/* Build it or fail. */
static inline struct out_request
cc_build(const struct provider *p, const struct message *m)
{
	struct out_request req = { .kind = SEND_HTTP };
	struct err e = ERR_INIT;

	if (cc_make(p, m, &req, &e) < 0)
		fail_msg("build: %s %s", e.code, e.detail);
	return req;
}

/* It must be refused, as input, with `code`. */
static inline void
cc_refused(const struct provider *p, const struct message *m,
    const char *code)
{
	struct out_request req = { .kind = SEND_HTTP };
	struct err e = ERR_INIT;

	assert_int_equal(cc_make(p, m, &req, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.code, code);
}

/* Value of a header, or NULL; every header is one line. */
static inline const char *
cc_header(const struct out_request *req, const char *name)
{
	const char *found = NULL;
	size_t n = strlen(name);

	for (size_t i = 0; req->header[i] != NULL; i++) {
		assert_true(i < COUNT_OF(req->header));
		assert_false(text_has_crlf(req->header[i],
		    strlen(req->header[i])));
		if (strncmp(req->header[i], name, n) == 0 &&
		    req->header[i][n] == ':') {
			assert_null(found);
			found = req->header[i] + n + 2;
		}
	}
	return found;
}

/* Field of a form body, decoded, or NULL. */
static inline const char *
cc_form(const struct out_request *req, const char *name)
{
	const char *p = arena_strndup(cc.a, req->body, req->body_len);
	size_t n = strlen(name);

	for (; p != NULL; p = strchr(p, '&')) {
		if (*p == '&')
			p++;
		if (strncmp(p, name, n) == 0 && p[n] == '=') {
			p += n + 1;
			return url_decode(cc.a, p, strcspn(p, "&"), true);
		}
	}
	return NULL;
}

/*
 * Give `input` to a reader of tests/unit written with somebody else's
 * library, and parse the JSON that it prints; json_free it.  A reader whose
 * library is not installed ends with 77: the test is skipped, and says so.
 */
static inline struct json *
cc_read_by(const char *program, const char *script, const void *input,
    size_t n)
{
	const char *top = getenv("top_srcdir"), *tmp = getenv("TMPDIR");
	char *path = arena_printf(cc.a, "%s/gp-reader-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	const char *command;
	struct buf out;
	char part[4096];
	int fd = mkstemp(path), status;
	struct json *j;
	FILE *f;
	size_t k;

	assert_true(fd != -1);
	assert_int_equal(write(fd, input, n), n);
	close(fd);
	command = arena_printf(cc.a, "%s %s/tests/unit/%s %s", program,
	    top != NULL ? top : ".", script, path);
	assert_non_null(f = popen(command, "r"));
	buf_init(&out, (size_t)1 << 20);
	while ((k = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&out, part, k);
	status = pclose(f);
	unlink(path);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		fprintf(stderr, "SKIPPED, NOT PROVED: %s %s\n", script,
		    buf_text(&out));
		buf_fini(&out);
		skip();
	}
	if (status != 0)
		fail_msg("%s: status %d: %s", command, status, buf_text(&out));
	j = cc_json(buf_text(&out));
	buf_fini(&out);
	return j;
}

#endif
