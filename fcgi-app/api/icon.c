/*
 * icon.c - the only user of libgd.
 *
 * What must stay true: nothing is decoded before the file's own header was
 * read here and its dimensions are within bounds, for a few bytes can name a
 * picture that fills the memory; and a JPEG of many scans, which costs the
 * decoder a pass over the picture each, is refused.
 */
#include "api/icon.h"

#include "base/text.h"

#include <limits.h>

#include <gd.h>

#define SCANS_MAX	20		/* progressive encoders make ten */
#define HEAD		"data:image/jpeg;base64,"

struct size { unsigned w, h; };

static unsigned
be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static unsigned
le16(const uint8_t *p)
{
	return (unsigned)p[1] << 8 | p[0];
}

static unsigned
le24(const uint8_t *p)
{
	return (unsigned)p[2] << 16 | (unsigned)p[1] << 8 | p[0];
}

static bool
starts(const uint8_t *p, size_t n, const char *magic, size_t len)
{
	return n >= len && memcmp(p, magic, len) == 0;
}

/* --- dimensions, format by format: 1 and *s, or 0 ----------------------- */

/* PNG §11.2.2: IHDR comes first. */
static int
size_png(const uint8_t *p, size_t n, struct size *s)
{
	if (n < 33 || memcmp(p + 12, "IHDR", 4) != 0 || be16(p + 16) != 0 ||
	    be16(p + 20) != 0)
		return 0;
	s->w = be16(p + 18);
	s->h = be16(p + 22);
	return 1;
}

/* GIF89a §18 to §23: the decoder makes the first picture, whose size is in
 * its own descriptor; both are held to the bounds. */
static int
size_gif(const uint8_t *p, size_t n, struct size *s)
{
	size_t i = 13;
	unsigned w, h;

	if (n < 13)
		return 0;
	s->w = le16(p + 6);
	s->h = le16(p + 8);
	if (p[10] & 0x80)
		i += (size_t)3 << ((p[10] & 7) + 1);
	while (i < n && p[i] == 0x21) {		/* extensions */
		for (i += 2; i < n && p[i] != 0;)
			i += (size_t)p[i] + 1;
		i++;
	}
	if (i + 10 > n || p[i] != 0x2c)
		return 0;
	w = le16(p + i + 5);
	h = le16(p + i + 7);
	s->w = w > s->w ? w : s->w;
	s->h = h > s->h ? h : s->h;
	return 1;
}

/* WebP: VP8X, VP8L or VP8 is the first chunk (RFC 9649 §2). */
static int
size_webp(const uint8_t *p, size_t n, struct size *s)
{
	const uint8_t *d = p + 20;

	if (n < 30)
		return 0;
	if (memcmp(p + 12, "VP8X", 4) == 0) {
		s->w = le24(d + 4) + 1;
		s->h = le24(d + 7) + 1;
	} else if (memcmp(p + 12, "VP8L", 4) == 0 && d[0] == 0x2f) {
		s->w = (le16(d + 1) & 0x3fff) + 1;
		s->h = ((le24(d + 2) >> 6) & 0x3fff) + 1;
	} else if (memcmp(p + 12, "VP8 ", 4) == 0 && d[3] == 0x9d &&
	    d[4] == 0x01 && d[5] == 0x2a) {
		s->w = le16(d + 6) & 0x3fff;
		s->h = le16(d + 8) & 0x3fff;
	} else {
		return 0;
	}
	return 1;
}

/* Markers without a length (ITU T.81 table B.1). */
static bool
is_bare(unsigned marker)
{
	return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

static bool
is_frame(unsigned marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
	    marker != 0xc8 && marker != 0xcc;
}

/* The next marker at or after *i; entropy-coded bytes are passed over. */
static unsigned
next_marker(const uint8_t *p, size_t n, size_t *i)
{
	while (*i + 1 < n) {
		if (p[*i] == 0xff && p[*i + 1] != 0 && p[*i + 1] != 0xff) {
			*i += 2;
			return p[*i - 1];
		}
		(*i)++;
	}
	return 0;
}

/* JPEG: every frame's size counts, and so do the scans. */
static int
size_jpeg(const uint8_t *p, size_t n, struct size *s)
{
	unsigned marker, scans = 0;
	size_t i = 2;

	s->w = s->h = 0;
	while ((marker = next_marker(p, n, &i)) != 0 && marker != 0xd9) {
		if (is_bare(marker))
			continue;
		if (i + 2 > n || be16(p + i) < 2)
			return 0;
		if (is_frame(marker) && i + 7 <= n) {
			unsigned h = be16(p + i + 3), w = be16(p + i + 5);

			s->w = w > s->w ? w : s->w;
			s->h = h > s->h ? h : s->h;
		}
		if (marker == 0xda && ++scans > SCANS_MAX)
			return 0;
		i += be16(p + i);
	}
	return s->w != 0 && s->h != 0 && scans > 0;
}

static gdImagePtr
decode_png(int n, void *p)
{
	return gdImageCreateFromPngPtr(n, p);
}

static gdImagePtr
decode_jpeg(int n, void *p)
{
	return gdImageCreateFromJpegPtr(n, p);
}

static gdImagePtr
decode_gif(int n, void *p)
{
	return gdImageCreateFromGifPtr(n, p);
}

static gdImagePtr
decode_webp(int n, void *p)
{
	return gdImageCreateFromWebpPtr(n, p);
}

static const struct format {
	const char	*magic;
	size_t		 len;
	int		(*size)(const uint8_t *p, size_t n, struct size *s);
	gdImagePtr	(*decode)(int n, void *p);
} format_row[] = {
	{ "\x89PNG\r\n\x1a\n", 8, size_png, decode_png },
	{ "\xff\xd8\xff", 3, size_jpeg, decode_jpeg },
	{ "GIF87a", 6, size_gif, decode_gif },
	{ "GIF89a", 6, size_gif, decode_gif },
	{ "RIFF", 4, size_webp, decode_webp },
};

/* --- shrinking ---------------------------------------------------------- */

/* The library would write to standard error. */
static void
be_quiet(int priority, const char *format, va_list args)
{
	(void)priority;
	(void)format;
	(void)args;
}

static gdImagePtr
decode(const uint8_t *p, size_t n, struct err *e)
{
	const struct format *f = NULL;
	gdImagePtr im = NULL;
	struct size s;

	for (size_t i = 0; f == NULL && i < COUNT_OF(format_row); i++)
		if (starts(p, n, format_row[i].magic, format_row[i].len))
			f = &format_row[i];
	if (n > INT_MAX || f == NULL || !f->size(p, n, &s) || s.w == 0 ||
	    s.h == 0) {
		err_field(e, "icon", "invalid_icon", "no picture we know");
		return NULL;
	}
	if (s.w > ICON_SIDE_MAX || s.h > ICON_SIDE_MAX ||
	    (long)s.w * (long)s.h > ICON_PIXELS_MAX) {
		err_field(e, "icon", "icon_too_large", "%u x %u", s.w, s.h);
		return NULL;
	}
	gdSetErrorMethod(be_quiet);
	/* The library's prototype lacks a const; it only reads. */
	im = f->decode((int)n, (void *)(uintptr_t)p);
	if (im == NULL)
		err_field(e, "icon", "invalid_icon", "it does not decode");
	return im;
}

/* On white, for JPEG has no transparency; never larger than it was. */
static gdImagePtr
shrink(gdImagePtr im)
{
	int w = gdImageSX(im), h = gdImageSY(im), side = w > h ? w : h;
	int to_w = w, to_h = h;
	gdImagePtr out;

	if (side > ICON_SIDE) {
		to_w = w * ICON_SIDE / side;
		to_h = h * ICON_SIDE / side;
		to_w = to_w < 1 ? 1 : to_w;
		to_h = to_h < 1 ? 1 : to_h;
	}
	if ((out = gdImageCreateTrueColor(to_w, to_h)) == NULL)
		return NULL;
	gdImageFilledRectangle(out, 0, 0, to_w - 1, to_h - 1,
	    gdTrueColor(255, 255, 255));
	gdImageCopyResampled(out, im, 0, 0, 0, 0, to_w, to_h, w, h);
	return out;
}

static const char *
data_uri(struct arena *a, const void *jpeg, size_t n)
{
	size_t head = sizeof(HEAD) - 1;
	char *out = arena_alloc(a, head + B64_SIZE(n));

	memcpy(out, HEAD, head);
	b64_encode(out + head, B64_SIZE(n), jpeg, n);
	return out;
}

int
icon_data_uri(struct arena *a, const uint8_t *p, size_t n, size_t room,
    const char **uri, struct err *e)
{
	static const int quality[] = { 85, 70, 55, 40, 25 };
	gdImagePtr im = decode(p, n, e), out;
	int rc = 0;

	*uri = NULL;
	if (im == NULL)
		return -1;
	out = shrink(im);
	gdImageDestroy(im);
	if (out == NULL)
		return err_field(e, "icon", "invalid_icon",
		    "it does not shrink");
	for (size_t i = 0; rc == 0 && i < COUNT_OF(quality); i++) {
		int len = 0;
		void *jpeg = gdImageJpegPtr(out, &len, quality[i]);

		if (jpeg != NULL && sizeof(HEAD) - 1 +
		    B64_SIZE((size_t)len) - 1 <= room) {
			*uri = data_uri(a, jpeg, (size_t)len);
			rc = 1;
		}
		gdFree(jpeg);
	}
	gdImageDestroy(out);
	return rc;
}
