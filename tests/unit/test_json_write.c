/*
 * test_json_write.c - whatever is written is one document.
 */
#include "base/json.h"

#include "dies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
the_writer_keeps_commas_and_colons(void **state UNUSED)
{
	struct buf b;
	struct jw w;

	buf_init(&b, 10000);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "s", "x");
	jw_str(&w, "none", NULL);
	jw_i64(&w, "i", INT64_MIN);
	jw_u64(&w, "u", UINT64_MAX);
	jw_id(&w, "id", 42);
	jw_bool(&w, "t", true);
	jw_bool(&w, "f", false);
	jw_null(&w, "n");
	jw_time(&w, "at", INT64_C(1795253400000000));
	jw_time(&w, "never", 0);
	jw_raw(&w, "raw", "{\"a\":[1]}");
	jw_array(&w, "list");
	jw_i64(&w, NULL, 1);
	jw_object(&w, NULL);
	jw_end(&w);
	jw_array(&w, NULL);
	jw_end(&w);
	jw_str(&w, NULL, "e");
	jw_end(&w);
	jw_strn(&w, "cut", "abcdef", 3);
	jw_end(&w);
	assert_string_equal(buf_text(&b), "{\"s\":\"x\",\"none\":null,"
	    "\"i\":-9223372036854775808,\"u\":18446744073709551615,"
	    "\"id\":\"42\",\"t\":true,\"f\":false,\"n\":null,"
	    "\"at\":\"2026-11-21T09:30:00Z\",\"never\":null,"
	    "\"raw\":{\"a\":[1]},\"list\":[1,{},[],\"e\"],\"cut\":\"abc\"}");
	assert_int_equal(w.depth, 0);
	buf_fini(&b);
}

static void
any_bytes_come_out_as_a_document(void **state UNUSED)
{
	struct err e = ERR_INIT;
	char bytes[3];

	for (unsigned x = 0; x < 256; x++)
		for (unsigned y = 0; y < 256; y++) {
			struct json *j;
			struct buf b;
			struct jw w;

			bytes[0] = (char)x;
			bytes[1] = (char)y;
			bytes[2] = 'e';
			buf_init(&b, 1000);
			jw_init(&w, &b);
			jw_strn(&w, NULL, bytes, sizeof(bytes));
			if (json_parse(b.p, b.len, JSON_PLAIN, 0, &j, &e) < 0)
				fail_msg("%02x %02x: %s", x, y, e.detail);
			if (x > 0 && y > 0 && x < 0x80 && y < 0x80)
				assert_memory_equal(json_str(j), bytes, 3);
			json_free(j);
			buf_fini(&b);
		}
}

static void
writing_keeps_the_text(void **state UNUSED)
{
	static const struct { const char *in, *out; } row[] = {
		{ "", "\"\"" }, { "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
		{ "\n\r\t\x01\x1f\x7f", "\"\\n\\r\\t\\u0001\\u001f\\u007f\"" },
		{ "\xd8\xb3\xf0\x9f\x98\x80", "\"\xd8\xb3\xf0\x9f\x98\x80\"" },
		{ "a\xffz", "\"a\xef\xbf\xbdz\"" },
		{ "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct buf b;
		struct jw w;

		print_message("row %zu\n", i);
		buf_init(&b, 1000);
		jw_init(&w, &b);
		jw_str(&w, NULL, row[i].in);
		assert_string_equal(buf_text(&b), row[i].out);
		buf_fini(&b);
	}
}

static void
nest_too_deep(void)
{
	struct buf b;
	struct jw w;

	buf_init(&b, 1000);
	jw_init(&w, &b);
	for (int i = 0; i < 32; i++)
		jw_array(&w, NULL);
	if (b.len != 32)
		_exit(1);
	jw_array(&w, NULL);
}

static void
name_in_an_array(void)
{
	struct buf b;
	struct jw w;

	buf_init(&b, 1000);
	jw_init(&w, &b);
	jw_array(&w, NULL);
	jw_i64(&w, "x", 1);
}

static void
no_name_in_an_object(void)
{
	struct buf b;
	struct jw w;

	buf_init(&b, 1000);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_i64(&w, NULL, 1);
}

static void
end_of_nothing(void)
{
	struct buf b;
	struct jw w;

	buf_init(&b, 1000);
	jw_init(&w, &b);
	jw_end(&w);
}

static void
misuse_of_the_writer_ends_the_process(void **state UNUSED)
{
	static void (*const row[])(void) = { nest_too_deep, name_in_an_array,
		no_name_in_an_object, end_of_nothing };
	char out[4096];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("row %zu\n", i);
		assert_int_equal(dies(row[i], out, sizeof(out)), DIES_STATUS);
	}
}

static void
deep_levels_keep_their_commas(void **state UNUSED)
{
	struct json *j;
	struct err e = ERR_INIT;
	struct buf b;
	struct jw w;

	buf_init(&b, 10000);
	jw_init(&w, &b);
	jw_array(&w, NULL);
	for (int i = 1; i < 32; i++) {
		if (i % 2 == 1) {
			jw_i64(&w, NULL, 1);
			jw_object(&w, NULL);
			jw_i64(&w, "n", 2);
		} else {
			jw_array(&w, "a");
		}
	}
	for (int i = 0; i < 32; i++)
		jw_end(&w);
	assert_int_equal(json_parse(b.p, b.len, JSON_STRICT, 32, &j, &e), 0);
	json_free(j);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_writer_keeps_commas_and_colons),
		cmocka_unit_test(any_bytes_come_out_as_a_document),
		cmocka_unit_test(writing_keeps_the_text),
		cmocka_unit_test(misuse_of_the_writer_ends_the_process),
		cmocka_unit_test(deep_levels_keep_their_commas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
