/*
 * test_text.c - encodings against the RFCs' own vectors, and refusals.
 */
#include "base/buf.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
base64url_gives_the_vectors_of_rfc4648(void **state UNUSED)
{
	static const struct { const char *in, *url, *std; } row[] = {
		{ "", "", "" }, { "f", "Zg", "Zg==" }, { "fo", "Zm8", "Zm8=" },
		{ "foo", "Zm9v", "Zm9v" }, { "foob", "Zm9vYg", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "-__-", "+//+" },
	};
	char out[32], back[32];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		size_t n = strlen(row[i].in);

		print_message("row %zu\n", i);
		assert_int_equal(b64url_encode(out, sizeof(out), row[i].in, n),
		    strlen(row[i].url));
		assert_string_equal(out, row[i].url);
		assert_int_equal(b64url_decode(back, n, out, strlen(out)), n);
		assert_memory_equal(back, row[i].in, n);
		b64_encode(out, sizeof(out), row[i].in, n);
		assert_string_equal(out, row[i].std);
		assert_int_equal(b64_decode_any(back, n, out, strlen(out)), n);
		assert_memory_equal(back, row[i].in, n);
	}
}

static void
every_length_comes_back(void **state UNUSED)
{
	unsigned char in[100], back[100];
	char out[B64_SIZE(100)];

	for (size_t n = 0; n <= sizeof(in); n++) {
		for (size_t i = 0; i < n; i++)
			in[i] = (unsigned char)(i * 151 + n * 7);
		b64url_encode(out, B64_SIZE(n), in, n);
		assert_int_equal(b64url_decode(back, sizeof(back), out,
		    strlen(out)), n);
		assert_memory_equal(in, back, n);
	}
}

static void
strict_decoding_refuses(void **state UNUSED)
{
	static const char *const row[] = { "A", "AAAAA", "Zg==", "Zg=", "Zh",
		"Zm9", "+A", "/A", "Z g", "Zg\n", "Zm9v=", "Z\xc3\xa9", "%41" };
	char out[16];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i]);
		assert_int_equal(b64url_decode(out, sizeof(out), row[i],
		    strlen(row[i])), -1);
	}
	/* A NUL inside, and no room. */
	assert_int_equal(b64url_decode(out, sizeof(out), "Z\0g", 3), -1);
	assert_int_equal(b64url_decode(out, 2, "Zm9v", 4), -1);
}

static void
lenient_decoding_takes_what_browsers_send(void **state UNUSED)
{
	static const struct { const char *in; ssize_t n; } row[] = {
		{ "+/-_", 3 }, { "Zg==", 1 }, { "Zg=", 1 }, { "Zg", 1 },
		{ "Zh==", 1 }, { "", 0 }, { "A", -1 }, { "Zg===", -1 },
		{ "Z=g=", -1 }, { "Zg ", -1 }, { "==", 0 },
	};
	char out[16];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].in);
		assert_int_equal(b64_decode_any(out, sizeof(out), row[i].in,
		    strlen(row[i].in)), row[i].n);
	}
}

static void
hex_is_exact(void **state UNUSED)
{
	static const struct { const char *s; int rc; } row[] = {
		{ "00ff7f", 0 }, { "00FF7f", 0 }, { "00ff7", -1 },
		{ "00ff7f0", -1 }, { "00ff7g", -1 }, { "", -1 },
		{ " 0ff7f", -1 }, { "0x0ff7", -1 },
	};
	unsigned char b[3];
	char out[7];

	hex_encode(out, "\x00\xff\x7f", 3);
	assert_string_equal(out, "00ff7f");
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].s);
		assert_int_equal(hex_decode(b, 3, row[i].s), row[i].rc);
		if (row[i].rc == 0)
			assert_memory_equal(b, "\x00\xff\x7f", 3);
	}
}

static void
utf8_follows_table_3_7(void **state UNUSED)
{
	static const struct { const char *s; bool ok; } row[] = {
		{ "", true }, { "abc", true }, { "\xd8\xb3\xd9\x84", true },
		{ "\xe2\x82\xac", true }, { "\xf0\x9f\x98\x80", true },
		{ "\xf4\x8f\xbf\xbf", true }, { "\xef\xbf\xbf", true },
		{ "\xc2\x80", true }, { "\xe0\xa0\x80", true },
		{ "\xed\x9f\xbf", true }, { "\xee\x80\x80", true },
		{ "\x80", false }, { "\xc0\x80", false },
		{ "\xc1\xbf", false }, { "\xe0\x9f\xbf", false },
		{ "\xed\xa0\x80", false }, { "\xed\xbf\xbf", false },
		{ "\xf0\x8f\xbf\xbf", false }, { "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false }, { "\xff", false },
		{ "\xc2", false }, { "\xe2\x82", false }, { "a\xf0\x9f\x98",
		    false }, { "\xe2\x28\xa1", false },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("row %zu\n", i);
		assert_int_equal(utf8_valid(row[i].s, strlen(row[i].s)),
		    row[i].ok);
	}
	assert_int_equal(utf8_count("a\xd8\xb3\xf0\x9f\x98\x80"), 3);
	/* Never past the end it was given. */
	assert_int_equal(utf8_step("\xe2\x82\xac", 2), 0);
	assert_int_equal(utf8_step("", 0), 0);
}

static void
control_bytes_are_seen(void **state UNUSED)
{
	static const struct { const char *s; bool has; } row[] = {
		{ "plain \t\r\n", false }, { "\x1b[31m", true },
		{ "a\x7f", true }, { "\x01", true }, { "\xd8\xb3", false },
		{ "a\xe2\x80\xae" "b", true }, { "\xe2\x80\xad" "b", true },
		{ "\xe2\x81\xa8" "b\xe2\x81\xa9\xe2\x80\x8f", false },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("row %zu\n", i);
		assert_int_equal(text_has_control(row[i].s), row[i].has);
	}
	assert_true(text_has_crlf("a\rb", 3));
	assert_true(text_has_crlf("a\nb", 3));
	assert_true(text_has_crlf("a\0b", 3));
	assert_false(text_has_crlf("ab\n", 2));
}

/* What may stand in a name, and what would turn round the sentence after it. */
static void
a_line_turns_back_what_it_turns(void **state UNUSED)
{
	static const struct { const char *s; bool is; } row[] = {
		{ "", true }, { "a\tb", false }, { "a\nb", false },
		{ "a\xe2\x80\xae" "b", false },
		/* ZWNJ, ZWJ, LRM, RLM and ALM are ordinary in Persian. */
		{ "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xb1\xe2\x80\x8d", true },
		{ "\xe2\x80\x8e+98\xe2\x80\x8f\xd8\x9c", true },
		/* LRE, RLE … PDF; LRI, RLI, FSI … PDI */
		{ "\xe2\x80\xaa" "a\xe2\x80\xac", true },
		{ "\xe2\x80\xab" "a\xe2\x80\xac" "b", true },
		{ "\xe2\x81\xa6" "a\xe2\x81\xa9", true },
		{ "\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9\xe2\x81\xa9", true },
		{ "\xe2\x81\xa8\xe2\x80\xaa\xe2\x80\xac\xe2\x81\xa9", true },
		{ "a\xe2\x80\xaa", false }, { "\xe2\x80\xab" "a", false },
		{ "\xe2\x81\xa6", false }, { "\xe2\x81\xa7", false },
		{ "\xe2\x81\xa8", false }, { "a\xe2\x80\xac", false },
		{ "a\xe2\x81\xa9", false },
		{ "\xe2\x81\xa8\xe2\x80\xaa\xe2\x81\xa9\xe2\x80\xac", false },
		{ "\xe2\x81\xa8\xe2\x80\xac", false },
		/* Others of the same rows of the table. */
		{ "\xe2\x80\xa6\xe2\x80\xa7\xe2\x81\xaa\xe2\x81\xac", true },
	};
	char deep[70 * 6 + 1];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("row %zu\n", i);
		assert_int_equal(text_is_line(row[i].s), row[i].is);
	}
	for (size_t i = 0; i < 70; i++) {
		memcpy(deep + 3 * i, "\xe2\x81\xa6", 3);
		memcpy(deep + 3 * (70 + i), "\xe2\x81\xa9", 3);
	}
	deep[sizeof(deep) - 1] = '\0';
	assert_false(text_is_line(deep));
	deep[3 * 130] = '\0';
	assert_true(text_is_line(deep + 3 * 10));
}

static void
numbers_are_whole_and_in_range(void **state UNUSED)
{
	static const struct { const char *s; int rc; uint64_t v; } u[] = {
		{ "0", 1, 0 }, { "42", 1, 42 }, { "007", 1, 7 },
		{ "18446744073709551615", 1, UINT64_MAX },
		{ "18446744073709551616", 0, 0 },
		{ "99999999999999999999999", 0, 0 }, { "", 0, 0 },
		{ "-1", 0, 0 }, { "+1", 0, 0 }, { " 1", 0, 0 }, { "1 ", 0, 0 },
		{ "0x10", 0, 0 }, { "1e3", 0, 0 }, { "\xdb\xb1", 0, 0 },
	};
	static const struct { const char *s; int rc; int64_t v; } s[] = {
		{ "-1", 1, -1 }, { "-0", 1, 0 }, { "5", 1, 5 },
		{ "9223372036854775807", 1, INT64_MAX },
		{ "-9223372036854775808", 1, INT64_MIN },
		{ "9223372036854775808", 0, 0 },
		{ "-9223372036854775809", 0, 0 }, { "-", 0, 0 },
		{ "--1", 0, 0 }, { "", 0, 0 },
	};
	uint64_t uv;
	int64_t sv;

	for (size_t i = 0; i < COUNT_OF(u); i++) {
		print_message("%s\n", u[i].s);
		uv = 0;
		assert_int_equal(text_u64(u[i].s, UINT64_MAX, &uv), u[i].rc);
		assert_true(uv == u[i].v);
	}
	for (size_t i = 0; i < COUNT_OF(s); i++) {
		print_message("%s\n", s[i].s);
		sv = 0;
		assert_int_equal(text_i64(s[i].s, INT64_MIN, INT64_MAX, &sv),
		    s[i].rc);
		assert_true(sv == s[i].v);
	}
	assert_int_equal(text_u64("11", 10, &uv), 0);
	assert_int_equal(text_i64("-6", -5, 5, &sv), 0);
	assert_int_equal(text_i64("6", -5, 5, &sv), 0);
}

static void
copies_say_when_they_did_not_fit(void **state UNUSED)
{
	char out[4];

	assert_true(text_copy(out, sizeof(out), "abc"));
	assert_string_equal(out, "abc");
	assert_false(text_copy(out, sizeof(out), "abcd"));
	assert_string_equal(out, "abc");
	assert_false(text_copy(out, 0, ""));
	assert_true(text_starts("abc", "ab"));
	assert_false(text_starts("ab", "abc"));
	assert_true(text_ends("abc", "bc"));
	assert_false(text_ends("bc", "abc"));
	assert_true(text_ends("abc", ""));
}

static void
case_and_blanks_are_ascii_only(void **state UNUSED)
{
	struct arena *a = arena_new(1 << 16);

	assert_string_equal(text_lower(a, "AbC\xc3\x89Z"), "abc\xc3\x89z");
	assert_string_equal(text_trim(a, " \t\r\n a b \v\f"), "a b");
	assert_string_equal(text_trim(a, " \n"), "");
	assert_string_equal(text_trim(a, ""), "");
	/* U+00A0 is no ASCII blank. */
	assert_string_equal(text_trim(a, "\xc2\xa0x"), "\xc2\xa0x");
	arena_free(a);
}

static void
url_decoding_refuses_what_is_broken(void **state UNUSED)
{
	static const struct { const char *in; bool plus; const char *out; }
	    row[] = {
		{ "", false, "" }, { "a%20b", false, "a b" },
		{ "a+b", true, "a b" }, { "a+b", false, "a+b" },
		{ "%d8%B3", false, "\xd8\xb3" }, { "%2b", true, "+" },
		{ "%", false, NULL }, { "%4", false, NULL },
		{ "%zz", false, NULL }, { "%4z", false, NULL },
		{ "%00", false, NULL }, { "%ff", false, NULL },
		{ "%c0%80", false, NULL }, { "%25%34%31", false, "%41" },
	};
	struct arena *a = arena_new(1 << 16);

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		char *got = url_decode(a, row[i].in, strlen(row[i].in),
		    row[i].plus);

		print_message("%s\n", row[i].in);
		if (row[i].out == NULL)
			assert_null(got);
		else
			assert_string_equal(got, row[i].out);
	}
	assert_null(url_decode(a, "a\0b", 3, false));
	/* An escape cut by the length, not by the NUL. */
	assert_null(url_decode(a, "%41", 2, false));
	arena_free(a);
}

static void
url_encoding_comes_back(void **state UNUSED)
{
	struct arena *a = arena_new(1 << 16);
	char all[256];
	char *text;

	assert_string_equal(url_encode(a, "a b&c=d/\xd8\xb3~._-"),
	    "a%20b%26c%3Dd%2F%D8%B3~._-");
	for (int i = 1; i < 128; i++)
		all[i - 1] = (char)i;
	all[127] = '\0';
	text = url_encode(a, all);
	assert_string_equal(url_decode(a, text, strlen(text), true), all);
	arena_free(a);
}

static void
html_keeps_its_marks_to_itself(void **state)
{
	static const char in[] = "<a href=\"x\">'&amp;\n\xd8\xb3";
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	html_escape(&b, in, strlen(in));
	html_escape(&b, "<b>", 1);
	assert_string_equal(buf_text(&b), "&lt;a href=&quot;x&quot;&gt;&#39;"
	    "&amp;amp;\n\xd8\xb3&lt;");
	buf_fini(&b);
}

static void
form_members_are_joined_and_encoded(void **state)
{
	struct arena *a = arena_new(10000);
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	form_add(&b, a, "To", "+98 912");
	form_add(&b, a, "Body", "a&b=\xd8\xb3");
	assert_string_equal(buf_text(&b), "To=%2B98%20912&Body=a%26b%3D%D8%B3");
	buf_fini(&b);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64url_gives_the_vectors_of_rfc4648),
		cmocka_unit_test(every_length_comes_back),
		cmocka_unit_test(strict_decoding_refuses),
		cmocka_unit_test(lenient_decoding_takes_what_browsers_send),
		cmocka_unit_test(hex_is_exact),
		cmocka_unit_test(utf8_follows_table_3_7),
		cmocka_unit_test(control_bytes_are_seen),
		cmocka_unit_test(a_line_turns_back_what_it_turns),
		cmocka_unit_test(numbers_are_whole_and_in_range),
		cmocka_unit_test(copies_say_when_they_did_not_fit),
		cmocka_unit_test(case_and_blanks_are_ascii_only),
		cmocka_unit_test(url_decoding_refuses_what_is_broken),
		cmocka_unit_test(url_encoding_comes_back),
		cmocka_unit_test(html_keeps_its_marks_to_itself),
		cmocka_unit_test(form_members_are_joined_and_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
