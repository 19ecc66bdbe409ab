/*
 * test_problem.c - http/problem: refusals as RFC 9457 and as the replaced
 * systems dressed them.
 */
#include "http_case.h"
#include "http/bind.h"

static struct resp r;
static struct arena *a;
static struct json *doc;
static const struct req q = { .request_id = "r1" };

static void
problem(enum style style, const struct err *e, const struct faults *f)
{
	struct err pe = ERR_INIT;

	json_free(doc);
	doc = NULL;
	resp_problem_faults(&r, &q, style, e, f);
	if (json_parse(r.body.p, r.body.len, JSON_STRICT, 0, &doc, &pe) < 0)
		fail_msg("%s: %s", pe.detail, buf_text(&r.body));
}

static const char *
header(const char *name)
{
	for (size_t i = 0; i < r.headers; i++)
		if (strcmp(r.header[i].name, name) == 0)
			return r.header[i].value;
	return "";
}

static const char *
text(const char *name)
{
	const char *s = json_str(json_get(doc, name));

	return s == NULL ? "" : s;
}

static void
kinds_have_their_status(void **state UNUSED)
{
	static const struct { enum err_kind k; int status; const char *code; }
	    row[] = {
		{ ERR_INTERNAL, 500, "internal" }, { ERR_INPUT, 400, "word" },
		{ ERR_AUTH, 401, "word" }, { ERR_FORBIDDEN, 403, "word" },
		{ ERR_NOT_FOUND, 404, "word" }, { ERR_CONFLICT, 409, "word" },
		{ ERR_GONE, 410, "word" }, { ERR_TOO_LARGE, 413, "word" },
		{ ERR_MEDIA, 415, "word" }, { ERR_UNPROCESSABLE, 422, "word" },
		{ ERR_THROTTLED, 429, "word" }, { ERR_UNAVAILABLE, 503, "word" },
		{ ERR_DB_LOST, 503, "unavailable" },
		{ ERR_DB_DUP, 409, "conflict" },
		{ ERR_UNSURE, 503, "unavailable" },
		{ ERR_CONFIG, 500, "internal" }, { ERR_NONE, 500, "internal" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct err e = { .kind = row[i].k, .code = "word",
		    .detail = "s3cret detail" };
		int64_t status;

		problem(STYLE_OURS, &e, NULL);
		assert_int_equal(r.status, row[i].status);
		assert_int_equal(json_int(json_get(doc, "status"), &status), 1);
		assert_int_equal(status, row[i].status);
		assert_string_equal(text("code"), row[i].code);
		assert_string_equal(text("type"), arena_printf(a,
		    "urn:gatepost:problem:%s", row[i].code));
		assert_string_equal(text("request_id"), "r1");
		assert_true(text("title")[0] != '\0');
		assert_true(text("detail")[0] != '\0');
		assert_string_equal(r.content_type,
		    "application/problem+json");
		assert_string_equal(header("Cache-Control"), "no-store");
		assert_null(strstr(buf_text(&r.body), "s3cret"));
	}
}

static void
kept_rows_have_their_old_members(void **state UNUSED)
{
	static const struct { enum style s; bool error, message, success; }
	    row[] = {
		{ STYLE_OURS, false, false, false },
		{ STYLE_P, true, false, false },
		{ STYLE_N, true, false, false },
		{ STYLE_C, true, false, true },
		{ STYLE_X, false, true, true },
		{ STYLE_A, false, false, false },
	};
	const struct err e = { .kind = ERR_AUTH, .code = "invalid_token" };

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		bool v = true;

		problem(row[i].s, &e, NULL);
		assert_int_equal(json_has(doc, "error"), row[i].error);
		assert_int_equal(json_has(doc, "message"), row[i].message);
		assert_int_equal(json_has(doc, "success"), row[i].success);
		if (row[i].success) {
			assert_int_equal(json_bool(json_get(doc, "success"),
			    &v), 1);
			assert_false(v);
		}
	}
}

static void
waits_are_told(void **state UNUSED)
{
	struct err e = ERR_INIT;

	err_throttled(&e, "rate_limited", 42);
	problem(STYLE_OURS, &e, NULL);
	assert_string_equal(header("Retry-After"), "42");
	err_set(&e, ERR_UNAVAILABLE, "unavailable", "x");
	problem(STYLE_OURS, &e, NULL);
	assert_string_equal(header("Retry-After"), "2");
}

static void
faults_come_by_field(void **state UNUSED)
{
	const struct err e = { .kind = ERR_INPUT, .code = "invalid" };
	struct faults f = { .n = 0 };
	const struct json *errors;

	faults_add(&f, "a", "one");
	faults_add(&f, "b", "two");
	faults_add(&f, "a", "three");
	problem(STYLE_OURS, &e, &f);
	errors = json_get(doc, "errors");
	assert_int_equal(json_len(errors), 2);
	assert_int_equal(json_len(json_get(errors, "a")), 2);
	assert_string_equal(json_str(json_at(json_get(errors, "a"), 1)),
	    "three");
}

static enum lang
persian(void *arg)
{
	++*(int *)arg;
	return LANG_FA;
}

/* S73: everything that people read, and nothing that programs do. */
static void
a_problem_speaks_the_chosen_language(void **state UNUSED)
{
	const struct err e = { .kind = ERR_INPUT, .code = "invalid" };
	struct faults f = { .n = 0 };
	int asked = 0;

	faults_addf(&f, a, "a", "Ensure this value is between %" PRId64
	    " and %" PRId64 ".", INT64_C(1), INT64_C(9));
	r.choose = persian;
	r.choose_arg = &asked;
	problem(STYLE_P, &e, &f);
	assert_string_equal(text("code"), "invalid");
	assert_string_equal(text("title"), lang_say(LANG_FA,
	    "The request is not valid"));
	assert_string_equal(text("detail"),
	    "فیلد a: این مقدار باید بین 1 و 9 باشد.");
	assert_string_equal(text("error"), text("detail"));
	assert_string_equal(json_str(json_at(json_get(json_get(doc, "errors"),
	    "a"), 0)), "این مقدار باید بین 1 و 9 باشد.");
	/* Once an answer: it may cost a statement. */
	assert_int_equal(asked, 1);
	r.choose = NULL;
	r.chosen = false;
	r.lang = LANG_EN;
}

static void
a_field_of_the_error_is_named(void **state UNUSED)
{
	struct err e = ERR_INIT;

	err_field(&e, "otp_code", "invalid_code", "row 7");
	problem(STYLE_P, &e, NULL);
	assert_int_equal(json_len(json_get(json_get(doc, "errors"),
	    "otp_code")), 1);
	assert_string_equal(text("error"), problem_detail("invalid_code"));
}

static void
method_not_allowed_is_405(void **state UNUSED)
{
	const struct err e = { .kind = ERR_INPUT,
	    .code = "method_not_allowed" };

	problem(STYLE_OURS, &e, NULL);
	assert_int_equal(r.status, 405);
}

static void
unauthorized_names_the_scheme(void **state UNUSED)
{
	const struct err e = { .kind = ERR_AUTH, .code = "sign_in_required" };

	problem(STYLE_OURS, &e, NULL);
	assert_true(strncmp(header("WWW-Authenticate"), "Bearer ", 7) == 0);
}

static void
what_was_begun_is_forgotten(void **state UNUSED)
{
	const struct err e = { .kind = ERR_AUTH, .code = "invalid_token" };

	resp_json(&r, 200);
	resp_clear_tokens(&r);
	resp_set_tokens(&r, "a", "b");
	problem(STYLE_OURS, &e, NULL);
	assert_string_equal(header("X-Auth-Clear"), "");
	assert_string_equal(header("X-Auth-Access"), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_have_their_status),
		cmocka_unit_test(kept_rows_have_their_old_members),
		cmocka_unit_test(waits_are_told),
		cmocka_unit_test(faults_come_by_field),
		cmocka_unit_test(a_problem_speaks_the_chosen_language),
		cmocka_unit_test(a_field_of_the_error_is_named),
		cmocka_unit_test(method_not_allowed_is_405),
		cmocka_unit_test(unauthorized_names_the_scheme),
		cmocka_unit_test(what_was_begun_is_forgotten),
	};
	int failed;

	a = arena_new(1 << 20);
	resp_init(&r, a);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_free(doc);
	resp_fini(&r);
	arena_free(a);
	return failed;
}
