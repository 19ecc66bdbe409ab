/*
 * test_json.c - the gate and the reader of JSON.
 */
#include "base/json.h"
#include "base/file.h"

#include <dirent.h>
#include <limits.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define DEPTH_OF_SUITE	100000

static int
parse(const char *s, enum json_flags flags, struct json **j)
{
	struct err e = ERR_INIT;
	int rc = json_parse(s, strlen(s), flags, 0, j, &e);

	if (rc < 0) {
		assert_int_equal(e.kind, ERR_INPUT);
		assert_string_equal(e.code, "invalid_json");
		assert_non_null(strstr(e.detail, "at byte "));
		assert_null(*j);
	}
	return rc;
}

/* y_ accepted, n_ refused, i_ either way; and what is accepted can be
 * written and read again. */
static void
suite_file(struct arena *a, const char *path, const char *name)
{
	struct json *j, *again;
	struct err e = ERR_INIT;
	const char *text;
	char *p, *tight;
	size_t n;
	int rc;

	assert_int_equal(file_read(a, path, 1 << 20, &p, &n, &e), 0);
	/* Exactly n bytes of heap, so that a sanitizer sees byte n + 1. */
	tight = malloc(n > 0 ? n : 1);
	assert_non_null(tight);
	memcpy(tight, p, n);
	rc = json_parse(tight, n, JSON_PLAIN, DEPTH_OF_SUITE, &j, &e);
	if (name[0] == 'y' && rc != 0)
		fail_msg("%s refused: %s", name, e.detail);
	if (name[0] == 'n' && rc == 0)
		fail_msg("%s accepted", name);
	if (rc == 0) {
		text = json_text(a, j);
		if (json_parse(text, strlen(text), JSON_PLAIN, DEPTH_OF_SUITE,
		    &again, &e) < 0)
			fail_msg("%s written as %s: %s", name, text, e.detail);
		json_free(again);
		json_free(j);
	}
	rc = json_parse(tight, n, JSON_STRICT, 0, &j, &e);
	if (name[0] == 'n' && rc == 0)
		fail_msg("%s accepted (strict)", name);
	json_free(j);
	free(tight);
}

static void
h3_the_json_test_suite_holds(void **state UNUSED)
{
	const char *shared = getenv("GATEPOST_SHARED");
	const char *src = getenv("top_srcdir");
	size_t seen[3] = { 0 };
	char dir[512], path[1024];
	struct arena *a;
	struct dirent *d;
	DIR *open_dir;

	if (shared != NULL)
		snprintf(dir, sizeof(dir), "%s/vectors/json_test_suite",
		    shared);
	else
		snprintf(dir, sizeof(dir),
		    "%s/../shared/vectors/json_test_suite",
		    src == NULL ? "." : src);
	if ((open_dir = opendir(dir)) == NULL) {
		print_message("SKIP: vectors absent: %s\n", dir);
		skip();
	}
	a = arena_new(64 << 20);
	while ((d = readdir(open_dir)) != NULL) {
		const char *kind = strchr("yni", d->d_name[0]);

		if (kind == NULL || d->d_name[1] != '_')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		suite_file(a, path, d->d_name);
		arena_reset(a);
		seen[kind - strchr("yni", 'y')]++;
	}
	closedir(open_dir);
	arena_free(a);
	print_message("accepted %zu, refused %zu, either %zu\n", seen[0],
	    seen[1], seen[2]);
	assert_true(seen[0] >= 90 && seen[1] >= 180 && seen[2] >= 30);
}

static void
strict_refuses_what_plain_may_take(void **state UNUSED)
{
	static const struct { const char *s; int plain, strict; } row[] = {
		{ "{\"a\":1,\"b\":2}", 0, 0 },
		{ "{\"a\":1,\"a\":2}", 0, -1 },
		{ "{\"a\":1,\"\\u0061\":2}", 0, -1 },
		{ "{\"\\u0061\":1,\"\\u0062\":1,\"\\u0061\":2}", 0, -1 },
		{ "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", 0, -1 },
		{ "{\"\":1,\"\":2}", 0, -1 }, { "{\"\":1}", 0, 0 },
		{ "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", 0, 0 },
		{ "{\"b\":{\"a\":1,\"c\":[{\"a\":2,\"a\":3}]}}", 0, -1 },
		{ "{\"a\":{\"x\":1},\"c\":2,\"a\":3}", 0, -1 },
		{ "{\"a\":1,\"ab\":2,\"abc\":3,\"b\":4}", 0, 0 },
		{ "[\"a\\u0000b\"]", 0, -1 }, { "{\"\\u0000\":1}", 0, -1 },
		{ "\"\\ud800\"", 0, -1 }, { "\"\\udc00\"", 0, -1 },
		{ "\"\\ud800x\"", 0, -1 }, { "\"\\ud800\\n\"", 0, -1 },
		{ "\"\\ud800\\ud800\"", 0, -1 },
		{ "\"\\ud83d\\ude00\"", 0, 0 },
		{ "9223372036854775807", 0, 0 },
		{ "-9223372036854775808", 0, 0 },
		{ "9223372036854775808", 0, -1 },
		{ "-9223372036854775809", 0, -1 },
		{ "123456789012345678901234567890", 0, -1 },
		{ "1e400", 0, 0 }, { "9223372036854775808.0", 0, 0 },
		{ " \t\r\n1 \t\r\n", 0, 0 }, { "", -1, -1 }, { " ", -1, -1 },
		{ "1 2", -1, -1 }, { "01", -1, -1 }, { "-", -1, -1 },
		{ "+1", -1, -1 }, { ".5", -1, -1 }, { "5.", -1, -1 },
		{ "1e", -1, -1 }, { "NaN", -1, -1 }, { "nul", -1, -1 },
		{ "True", -1, -1 }, { "'a'", -1, -1 }, { "\"\t\"", -1, -1 },
		{ "\"\xff\"", -1, -1 }, { "\"\xed\xa0\x80\"", -1, -1 },
		{ "[1,]", -1, -1 }, { "{\"a\":1,}", -1, -1 },
		{ "{\"a\"}", -1, -1 }, { "{a:1}", -1, -1 }, { "{", -1, -1 },
		{ "{\"a\":1", -1, -1 }, { "{\"a\":", -1, -1 },
		{ "{\"a\":1,", -1, -1 }, { "[", -1, -1 }, { "[1", -1, -1 },
		{ "[1}", -1, -1 }, { "{]", -1, -1 }, { "]", -1, -1 },
		{ "/**/1", -1, -1 }, { "\xef\xbb\xbf{}", -1, -1 },
		{ "\"\\x41\"", -1, -1 }, { "\"\\u12g4\"", -1, -1 },
		{ "\"\\", -1, -1 }, { "\"\\u00", -1, -1 },
	};
	struct json *j;

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("row %zu: %s\n", i, row[i].s);
		assert_int_equal(parse(row[i].s, JSON_PLAIN, &j),
		    row[i].plain);
		json_free(j);
		assert_int_equal(parse(row[i].s, JSON_STRICT, &j),
		    row[i].strict);
		json_free(j);
	}
}

static void
depth_is_bounded_exactly(void **state UNUSED)
{
	static const struct { unsigned max, depth; int rc; } row[] = {
		{ 0, JSON_DEPTH_MAX, 0 }, { 0, JSON_DEPTH_MAX + 1, -1 },
		{ 1, 1, 0 }, { 1, 2, -1 }, { 500, 500, 0 }, { 500, 501, -1 },
		/* A caller may ask for more than is safe; it does not get it. */
		{ UINT_MAX, 4096, 0 }, { UINT_MAX, 4097, -1 },
	};
	static char text[10000];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct err e = ERR_INIT;
		size_t d = row[i].depth;
		struct json *j;

		print_message("row %zu\n", i);
		memset(text, '[', d);
		text[d] = '1';
		memset(text + d + 1, ']', d);
		assert_int_equal(json_parse(text, 2 * d + 1, JSON_STRICT,
		    row[i].max, &j, &e), row[i].rc);
		json_free(j);
	}
}

static double
cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/*
 * 150,000 members, by shape: a pairwise search would compare 10^10 names.
 * The bound is some twenty times what the slowest build needs.
 */
static void
hostile_objects_cost_no_square(void **state UNUSED)
{
	static const char *const shape[] = {
		"\"%06d\":1", "\"\\u0061%06d\":1",
		"\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx%06d\":1",
		"\"%06d\":{\"a\":{}}",
	};
	const int members = 150000;

	for (size_t i = 0; i < COUNT_OF(shape); i++) {
		const char *name;
		struct err e = ERR_INIT;
		struct json *j;
		struct buf b;
		double t;

		buf_init(&b, 64 << 20);
		buf_char(&b, '{');
		for (int k = 0; k < members; k++) {
			if (k > 0)
				buf_char(&b, ',');
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			buf_printf(&b, shape[i], k);
#pragma GCC diagnostic pop
		}
		buf_char(&b, '}');
		t = cpu_s();
		assert_int_equal(json_parse(b.p, b.len, JSON_STRICT, 0, &j,
		    &e), 0);
		assert_int_equal(json_len(j), members);
		/* Walking by number, with a walk inside, is linear too. */
		for (size_t k = 0; k < json_len(j); k++) {
			struct json *v = json_member(j, k, &name);

			assert_non_null(name);
			assert_non_null(v);
			if (json_len(v) > 0)
				assert_non_null(json_member(v, 0, &name));
		}
		t = cpu_s() - t;
		print_message("%s: %.3f s\n", shape[i], t);
		assert_true(t < 10);
		json_free(j);
		/* The last member again: found all the same. */
		b.p[b.len - 1] = ',';
		buf_str(&b, i == 0 ? "\"149999\":1}" : "\"z\":1,\"z\":1}");
		assert_int_equal(json_parse(b.p, b.len, JSON_STRICT, 0, &j,
		    &e), -1);
		assert_non_null(strstr(e.detail, "member twice"));
		buf_fini(&b);
	}
}

static void
values_are_read_by_type(void **state UNUSED)
{
	static const char text[] = "{\"s\":\"\\u0633\\n\",\"i\":-42,"
	    "\"r\":1.5,\"t\":true,\"f\":false,\"n\":null,\"a\":[1,\"x\",null],"
	    "\"o\":{\"k\":\"v\"},\"e\":[],\"w\":1.0,\"i\\u0032\":7}";
	bool flag = false;
	struct json *j;
	int64_t v = 0;

	assert_int_equal(parse(text, JSON_STRICT, &j), 0);
	assert_int_equal(json_type(j), JSON_OBJECT);
	assert_int_equal(json_len(j), 11);
	assert_string_equal(json_str(json_get(j, "s")), "\xd8\xb3\n");
	assert_int_equal(json_int(json_get(j, "i"), &v), 1);
	assert_int_equal(v, -42);
	assert_int_equal(json_int(json_get(j, "i2"), &v), 1);
	assert_int_equal(v, 7);
	assert_int_equal(json_type(json_get(j, "r")), JSON_REAL);
	assert_int_equal(json_int(json_get(j, "r"), &v), 0);
	assert_int_equal(json_int(json_get(j, "w"), &v), 0);
	assert_int_equal(json_int(json_get(j, "t"), &v), 0);
	assert_int_equal(json_int(json_get(j, "s"), &v), 0);
	assert_int_equal(json_bool(json_get(j, "t"), &flag), 1);
	assert_true(flag);
	assert_int_equal(json_bool(json_get(j, "f"), &flag), 1);
	assert_false(flag);
	assert_int_equal(json_bool(json_get(j, "i"), &flag), 0);
	assert_null(json_get(j, "n"));
	assert_true(json_has(j, "n"));
	assert_false(json_has(j, "absent"));
	assert_null(json_get(j, "absent"));
	assert_int_equal(json_type(json_get(j, "n")), JSON_NULL);
	assert_int_equal(json_len(json_get(j, "a")), 3);
	assert_string_equal(json_str(json_at(json_get(j, "a"), 1)), "x");
	assert_null(json_at(json_get(j, "a"), 3));
	assert_null(json_at(j, 0));
	assert_string_equal(json_str(json_get(json_get(j, "o"), "k")), "v");
	assert_int_equal(json_len(json_get(j, "e")), 0);
	assert_null(json_str(json_get(j, "i")));
	/* Nothing asked of what is no container. */
	assert_null(json_get(json_get(j, "a"), "x"));
	assert_null(json_get(NULL, "x"));
	assert_false(json_has(NULL, "x"));
	assert_int_equal(json_len(NULL), 0);
	assert_null(json_str(NULL));
	json_free(j);
	json_free(NULL);
}

static void
clipped_integers_are_not_believed(void **state UNUSED)
{
	static const struct { const char *s; int rc; } row[] = {
		{ "9223372036854775806", 1 }, { "-9223372036854775807", 1 },
		{ "9223372036854775808", 0 }, { "-9223372036854775809", 0 },
		{ "18446744073709551615", 0 }, { "18446744073709551616", 0 },
		{ "-99999999999999999999999", 0 }, { "-0", 1 },
	};
	struct json *j;
	int64_t v;

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].s);
		assert_int_equal(parse(row[i].s, JSON_PLAIN, &j), 0);
		assert_int_equal(json_int(j, &v), row[i].rc);
		json_free(j);
	}
}

static void
members_come_in_order_of_the_document(void **state UNUSED)
{
	static const char *const order[] = { "z", "a", "m", "b", "y", "c",
		"x", "d", "w", "e" };

	for (size_t n = 1; n <= COUNT_OF(order); n++) {
		const char *name;
		struct json *j;
		struct buf b;
		struct jw w;

		buf_init(&b, 1000);
		jw_init(&w, &b);
		jw_object(&w, NULL);
		for (size_t i = 0; i < n; i++)
			jw_i64(&w, order[i], (int64_t)i);
		jw_end(&w);
		assert_int_equal(parse(buf_text(&b), JSON_STRICT, &j), 0);
		for (size_t i = n; i-- > 0;) {
			int64_t v = -1;

			assert_int_equal(json_int(json_member(j, i, &name),
			    &v), 1);
			assert_string_equal(name, order[i]);
			assert_int_equal(v, i);
		}
		assert_null(json_member(j, n, &name));
		assert_null(name);
		json_free(j);
		buf_fini(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(h3_the_json_test_suite_holds),
		cmocka_unit_test(strict_refuses_what_plain_may_take),
		cmocka_unit_test(depth_is_bounded_exactly),
		cmocka_unit_test(hostile_objects_cost_no_square),
		cmocka_unit_test(values_are_read_by_type),
		cmocka_unit_test(clipped_integers_are_not_believed),
		cmocka_unit_test(members_come_in_order_of_the_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
