/*
 * test_log.c - one event, one line, nothing forged.
 */
#include "base/log.h"
#include "base/clock.h"
#include "base/json.h"

#include "dies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* What `fn` writes to standard error. */
static const char *
written(void (*fn)(void))
{
	static char out[65536];

	assert_int_equal(dies(fn, out, sizeof(out)), 0);
	return out;
}

/* The only line of `text`, parsed by the strict gate. */
static struct json *
only_line(const char *text)
{
	const char *end = strchr(text, '\n');
	struct err e = ERR_INIT;
	struct json *j;

	assert_non_null(end);
	assert_int_equal(end[1], '\0');
	assert_true(strlen(text) <= 4096);
	if (json_parse(text, (size_t)(end - text), JSON_STRICT, 0, &j, &e) < 0)
		fail_msg("%s in %s", e.detail, text);
	return j;
}

static void
say_hostile(void)
{
	log_init("test\"prog", LOG_INFO_);
	log_context("req-1");
	log_info("%s", "a\r\n{\"level\":\"error\"}\x1b[31m\x7f\"\\\xff"
	    "\xc2\x9b\xd8\xb3\t");
}

static void
h5_nothing_a_client_sends_can_forge_a_line(void **state UNUSED)
{
	const char *text = written(say_hostile);
	struct json *j = only_line(text);

	for (const char *p = text; p[1] != '\0'; p++)
		assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
	assert_null(strstr(text, "\xc2\x9b"));
	assert_string_equal(json_str(json_get(j, "msg")),
	    "a\r\n{\"level\":\"error\"}\x1b[31m\x7f\"\\\xef\xbf\xbd"
	    "\xc2\x9b\xd8\xb3\t");
	assert_string_equal(json_str(json_get(j, "level")), "info");
	assert_string_equal(json_str(json_get(j, "prog")), "test\"prog");
	assert_string_equal(json_str(json_get(j, "request_id")), "req-1");
	json_free(j);
}

static void
say_long(void)
{
	char text[20000];

	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
}

static void
event_long(void)
{
	char text[8000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_event("big", LOG_KV("a", "short"), LOG_KV("b", text),
	    LOG_KV("c", "gone"));
}

static void
a_long_line_is_cut_and_says_so(void **state UNUSED)
{
	struct json *j = only_line(written(say_long));
	bool cut = false;

	assert_int_equal(json_bool(json_get(j, "cut"), &cut), 1);
	assert_true(cut);
	json_free(j);
	j = only_line(written(event_long));
	assert_string_equal(json_str(json_get(j, "a")), "short");
	assert_true(strlen(json_str(json_get(j, "b"))) > 3500);
	assert_false(json_has(j, "c"));
	json_free(j);
}

/* Every length near the ceiling, so that no edge is missed. */
static void
say_all_lengths(void)
{
	char text[4200];

	for (size_t n = 3800; n < 4150; n++) {
		memset(text, 'x', n);
		text[n - 1] = n % 3 == 0 ? '"' : 'y';
		text[n] = '\0';
		log_event("edge", LOG_KV("v", text), LOG_KI("n", n));
	}
}

static void
lines_near_the_ceiling_stay_whole(void **state UNUSED)
{
	static char out[4 << 20];
	struct err e = ERR_INIT;
	size_t lines = 0;
	char *p, *end;

	assert_int_equal(dies(say_all_lengths, out, sizeof(out)), 0);
	for (p = out; (end = strchr(p, '\n')) != NULL; p = end + 1, lines++) {
		struct json *j;

		assert_true(end - p < 4096);
		assert_int_equal(json_parse(p, (size_t)(end - p), JSON_STRICT,
		    0, &j, &e), 0);
		assert_true(json_has(j, "cut") != json_has(j, "n"));
		json_free(j);
	}
	assert_int_equal(lines, 350);
}

static void
say_below(void)
{
	struct err e;

	log_init("p", LOG_WARN_);
	err_set(&e, ERR_AUTH, "x", "y");
	log_debug("no");
	log_info("no");
	log_event("no", LOG_KI("a", 1));
	log_err(LOG_INFO_, "no", &e);
	log_warn("yes");
}

static void
levels_below_the_least_are_silent(void **state UNUSED)
{
	struct json *j = only_line(written(say_below));

	assert_string_equal(json_str(json_get(j, "msg")), "yes");
	json_free(j);
}

static void
say_err(void)
{
	struct err e;

	log_context("gone");
	log_context(NULL);
	err_set(&e, ERR_DB_LOST, "db_lost", "server went away");
	e.sys = 2006;
	log_err(LOG_ERROR_, "claim", &e);
}

static void
an_error_is_logged_with_its_parts(void **state UNUSED)
{
	struct json *j = only_line(written(say_err));
	int64_t sys = 0;

	assert_string_equal(json_str(json_get(j, "kind")), "db_lost");
	assert_string_equal(json_str(json_get(j, "code")), "db_lost");
	assert_string_equal(json_str(json_get(j, "detail")),
	    "server went away");
	assert_int_equal(json_int(json_get(j, "sys"), &sys), 1);
	assert_int_equal(sys, 2006);
	assert_false(json_has(j, "request_id"));
	json_free(j);
}

static void
say_event(void)
{
	clock_test_set(INT64_C(1795253400000042));
	log_event("request", LOG_KV("route", "gate"), LOG_KI("status", 204),
	    LOG_KI("least", INT64_MIN + 2));
}

static void
events_keep_types_and_time(void **state UNUSED)
{
	struct json *j = only_line(written(say_event));
	int64_t v;

	assert_string_equal(json_str(json_get(j, "ts")),
	    "2026-11-21T09:30:00.000042Z");
	assert_string_equal(json_str(json_get(j, "route")), "gate");
	assert_int_equal(json_int(json_get(j, "status"), &v), 1);
	assert_int_equal(v, 204);
	assert_int_equal(json_int(json_get(j, "least"), &v), 1);
	assert_true(v == INT64_MIN + 2);
	json_free(j);
}

static void
end_it(void)
{
	fatal("out of %s", "everything");
}

static void
fatal_says_why_and_exits_70(void **state UNUSED)
{
	char out[4097];
	struct json *j;

	assert_int_equal(dies(end_it, out, sizeof(out)), DIES_STATUS);
	j = only_line(out);
	assert_string_equal(json_str(json_get(j, "level")), "error");
	assert_string_equal(json_str(json_get(j, "msg")),
	    "out of everything");
	json_free(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(h5_nothing_a_client_sends_can_forge_a_line),
		cmocka_unit_test(a_long_line_is_cut_and_says_so),
		cmocka_unit_test(lines_near_the_ceiling_stay_whole),
		cmocka_unit_test(levels_below_the_least_are_silent),
		cmocka_unit_test(an_error_is_logged_with_its_parts),
		cmocka_unit_test(events_keep_types_and_time),
		cmocka_unit_test(fatal_says_why_and_exits_70),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
