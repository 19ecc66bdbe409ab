/*
 * test_api_icon.c - uploaded icons: what becomes small, and what is refused
 * before it is decoded.  Pictures are made here by the library itself.
 */
#include "api/icon.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <gd.h>

#define HEAD	"data:image/jpeg;base64,"

static struct arena *a;

static int
setup(void **state)
{
	(void)state;
	a = arena_new(4 * 1024 * 1024);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* Noise does not compress: the hardest case for a size. */
static gdImagePtr
picture(int w, int h, bool noise)
{
	gdImagePtr im = gdImageCreateTrueColor(w, h);
	uint32_t x = 12345;

	assert_non_null(im);
	for (int i = 0; i < h; i++)
		for (int k = 0; k < w; k++) {
			x = x * 1664525 + 1013904223;
			gdImageSetPixel(im, k, i, noise ?
			    (int)(x >> 8) & 0xffffff : 0x3366cc);
		}
	return im;
}

struct made { void *p; int n; };

static struct made
made_of(gdImagePtr im, const char *format)
{
	struct made m = { NULL, 0 };

	if (strcmp(format, "png") == 0)
		m.p = gdImagePngPtr(im, &m.n);
	else if (strcmp(format, "jpeg") == 0)
		m.p = gdImageJpegPtr(im, &m.n, 90);
	else if (strcmp(format, "gif") == 0)
		m.p = gdImageGifPtr(im, &m.n);
	else if (strcmp(format, "webp") == 0)
		m.p = gdImageWebpPtr(im, &m.n);
	assert_non_null(m.p);
	gdImageDestroy(im);
	return m;
}

/* The picture in a data URI; its size checked. */
static gdImagePtr
decoded(const char *uri)
{
	static uint8_t jpeg[65536];
	ssize_t n;
	gdImagePtr im;

	assert_true(text_starts(uri, HEAD));
	n = b64_decode_any(jpeg, sizeof(jpeg), uri + strlen(HEAD),
	    strlen(uri) - strlen(HEAD));
	assert_true(n > 0);
	im = gdImageCreateFromJpegPtr((int)n, jpeg);
	assert_non_null(im);
	return im;
}

static void
pictures_become_small_jpegs(void **state)
{
	static const struct { const char *format; int w, h, to_w, to_h; }
	row[] = {
		{ "png", 256, 256, 64, 64 }, { "jpeg", 640, 480, 64, 48 },
		{ "gif", 480, 640, 48, 64 }, { "webp", 300, 100, 64, 21 },
		{ "png", 16, 8, 16, 8 }, { "png", 64, 64, 64, 64 },
		{ "jpeg", 2000, 10, 64, 1 }, { "webp", 1, 1, 1, 1 },
		{ "gif", 65, 64, 64, 63 }, { "png", 4096, 1024, 64, 16 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct made m = made_of(picture(row[i].w, row[i].h, false),
		    row[i].format);
		struct err e = ERR_INIT;
		const char *uri;
		gdImagePtr im;

		if (icon_data_uri(a, m.p, (size_t)m.n, 4000, &uri, &e) != 1)
			fail_msg("row %zu: %s %s", i, e.code, e.detail);
		im = decoded(uri);
		if (gdImageSX(im) != row[i].to_w ||
		    gdImageSY(im) != row[i].to_h)
			fail_msg("row %zu: %d x %d", i, gdImageSX(im),
			    gdImageSY(im));
		gdImageDestroy(im);
		gdFree(m.p);
	}
}

static void
quality_falls_until_it_fits_and_then_it_is_dropped(void **state)
{
	struct made m = made_of(picture(200, 200, true), "png");
	struct err e = ERR_INIT;
	const char *large, *small, *none;
	size_t n;

	(void)state;
	assert_int_equal(icon_data_uri(a, m.p, (size_t)m.n, 100000, &large,
	    &e), 1);
	n = strlen(large);
	assert_int_equal(icon_data_uri(a, m.p, (size_t)m.n, n, &small, &e), 1);
	assert_string_equal(large, small);	/* exactly its size is enough */
	assert_int_equal(icon_data_uri(a, m.p, (size_t)m.n, n - 1, &small,
	    &e), 1);
	assert_true(strlen(small) < n);
	assert_int_equal(icon_data_uri(a, m.p, (size_t)m.n, 300, &none, &e),
	    0);
	assert_null(none);
	assert_int_equal(icon_data_uri(a, m.p, (size_t)m.n, 0, &none, &e), 0);
	gdFree(m.p);
}

static void
transparency_becomes_white(void **state)
{
	gdImagePtr im = gdImageCreateTrueColor(64, 64);
	struct err e = ERR_INIT;
	const char *uri;
	struct made m;
	int c;

	(void)state;
	gdImageAlphaBlending(im, 0);
	gdImageSaveAlpha(im, 1);
	gdImageFilledRectangle(im, 0, 0, 63, 63,
	    gdTrueColorAlpha(0, 0, 0, gdAlphaTransparent));
	m = made_of(im, "png");
	assert_int_equal(icon_data_uri(a, m.p, (size_t)m.n, 4000, &uri, &e),
	    1);
	im = decoded(uri);
	c = gdImageGetPixel(im, 32, 32);
	assert_true(gdTrueColorGetRed(c) > 250 &&
	    gdTrueColorGetBlue(c) > 250);
	gdImageDestroy(im);
	gdFree(m.p);
}

static void
refused(const char *what, const void *p, size_t n, const char *code)
{
	struct err e = ERR_INIT;
	const char *uri;

	if (icon_data_uri(a, p, n, 4000, &uri, &e) != -1)
		fail_msg("%s was taken", what);
	if (e.kind != ERR_INPUT || strcmp(e.code, code) != 0)
		fail_msg("%s: %d %s", what, e.kind, e.code);
	assert_null(uri);
}

/* Heads that state what nothing behind them holds: were they decoded, the
 * library would ask for gigabytes. */
static void
bombs_are_refused_by_their_heads(void **state)
{
	static const uint8_t png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a,
	    '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 0, 0xff, 0xff, 0, 0,
	    0xff, 0xff, 8, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t png_huge[] = { 0x89, 'P', 'N', 'G', '\r', '\n',
	    0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0x7f, 0xff, 0xff,
	    0xff, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t gif[] = { 'G', 'I', 'F', '8', '9', 'a', 1, 0, 1,
	    0, 0, 0, 0, 0x21, 0xf9, 4, 0, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 0xff,
	    0xff, 0xff, 0xff, 0, 2, 0, 0x3b };
	static const uint8_t webp[] = { 'R', 'I', 'F', 'F', 30, 0, 0, 0, 'W',
	    'E', 'B', 'P', 'V', 'P', '8', 'X', 10, 0, 0, 0, 0, 0, 0, 0, 0xff,
	    0xff, 0, 0xff, 0xff, 0, 0, 0 };
	static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xc0, 0, 11, 8,
	    0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0,
	    0, 0x3f, 0, 0, 0xff, 0xd9 };

	(void)state;
	refused("png", png, sizeof(png), "icon_too_large");
	refused("png of 2^31", png_huge, sizeof(png_huge), "invalid_icon");
	refused("gif", gif, sizeof(gif), "icon_too_large");
	refused("webp", webp, sizeof(webp), "icon_too_large");
	refused("jpeg", jpeg, sizeof(jpeg), "icon_too_large");
}

static void
a_jpeg_of_many_scans_is_refused(void **state)
{
	static uint8_t jpeg[16384];
	static const uint8_t scan[] = { 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0x3f, 0,
	    0x55, 0x55 };
	gdImagePtr im = picture(64, 64, false);
	struct made m;
	size_t n;

	(void)state;
	gdImageInterlace(im, 1);		/* progressive: about ten */
	m = made_of(im, "jpeg");
	n = (size_t)m.n - 2;			/* without the end */
	assert_true(n + 40 * sizeof(scan) < sizeof(jpeg));
	memcpy(jpeg, m.p, n);
	for (int i = 0; i < 40; i++, n += sizeof(scan))
		memcpy(jpeg + n, scan, sizeof(scan));
	refused("40 scans more", jpeg, n, "invalid_icon");
	gdFree(m.p);
	im = picture(64, 64, false);
	gdImageInterlace(im, 1);
	m = made_of(im, "jpeg");
	{
		struct err e = ERR_INIT;
		const char *uri;

		assert_int_equal(icon_data_uri(a, m.p, (size_t)m.n, 4000,
		    &uri, &e), 1);
	}
	gdFree(m.p);
}

static void
what_is_no_picture_is_refused(void **state)
{
	static const char *const text[] = { "", "G", "GIF89a", "RIFF",
	    "\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "<svg onload=alert(1)>",
	    "BM\x36\0\0\0", "\xff\xd8\xff\xd9", "RIFF\0\0\0\0WEBPVP8 " };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(text); i++)
		refused(text[i], text[i], strlen(text[i]), "invalid_icon");
}

/* Cut or flipped anywhere: refused or drawn, never a crash (the sanitizers of
 * check watch this loop). */
static void
broken_pictures_end_in_an_answer(void **state)
{
	static const char *const format[] = { "png", "jpeg", "gif", "webp" };

	(void)state;
	for (size_t f = 0; f < COUNT_OF(format); f++) {
		struct made m = made_of(picture(40, 30, true), format[f]);
		uint8_t *copy = malloc((size_t)m.n);
		struct err e = ERR_INIT;
		const char *uri;
		int rc;

		for (int n = 0; n < m.n; n += 1 + m.n / 97) {
			/* Exactly n bytes: a read past them is seen. */
			uint8_t *cut = malloc((size_t)n + 1);

			memcpy(cut, m.p, (size_t)n);
			cut = realloc(cut, n == 0 ? 1 : (size_t)n);
			rc = icon_data_uri(a, cut, (size_t)n, 4000, &uri, &e);
			assert_true(rc == -1 || rc == 1 || rc == 0);
			free(cut);
		}
		for (int n = 0; n < m.n; n += 1 + m.n / 97) {
			memcpy(copy, m.p, (size_t)m.n);
			copy[n] ^= 0xff;
			rc = icon_data_uri(a, copy, (size_t)m.n, 4000, &uri,
			    &e);
			assert_true(rc == -1 || rc == 1 || rc == 0);
		}
		free(copy);
		gdFree(m.p);
		arena_reset(a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pictures_become_small_jpegs,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    quality_falls_until_it_fits_and_then_it_is_dropped, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(transparency_becomes_white,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    bombs_are_refused_by_their_heads, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_jpeg_of_many_scans_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_picture_is_refused,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    broken_pictures_end_in_an_answer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
