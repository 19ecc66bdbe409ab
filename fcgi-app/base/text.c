/*
 * text.c - encodings and small checks.  Nothing here keeps state; nothing
 * reads past the length it was given.
 */
#include "base/text.h"

#include "base/buf.h"
#include "base/log.h"

static const char b64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char b64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Which alphabets b64_value accepts for 62 and 63. */
enum alphabet { ALPHABET_URL, ALPHABET_ANY };

static int
b64_value(unsigned char c, enum alphabet which)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || (c == '+' && which == ALPHABET_ANY))
		return 62;
	if (c == '_' || (c == '/' && which == ALPHABET_ANY))
		return 63;
	return -1;
}

static size_t
encode(char *out, size_t out_size, const unsigned char *p, size_t n,
    const char *alphabet)
{
	size_t o = 0;

	if (out_size < B64URL_SIZE(n))
		fatal("base64: %zu bytes do not fit in %zu", n, out_size);
	for (; n >= 3; n -= 3, p += 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		out[o++] = alphabet[v >> 18];
		out[o++] = alphabet[v >> 12 & 63];
		out[o++] = alphabet[v >> 6 & 63];
		out[o++] = alphabet[v & 63];
	}
	if (n > 0) {
		uint32_t v = (uint32_t)p[0] << 16;

		if (n == 2)
			v |= (uint32_t)p[1] << 8;
		out[o++] = alphabet[v >> 18];
		out[o++] = alphabet[v >> 12 & 63];
		if (n == 2)
			out[o++] = alphabet[v >> 6 & 63];
	}
	out[o] = '\0';
	return o;
}

size_t
b64url_encode(char *out, size_t out_size, const void *p, size_t n)
{
	return encode(out, out_size, p, n, b64url_alphabet);
}

size_t
b64_encode(char *out, size_t out_size, const void *p, size_t n)
{
	size_t o;

	if (out_size < B64_SIZE(n))
		fatal("base64: %zu bytes do not fit in %zu", n, out_size);
	o = encode(out, out_size, p, n, b64_alphabet);
	while (o % 4 != 0)
		out[o++] = '=';
	out[o] = '\0';
	return o;
}

/* `strict`: unused bits of the last character must be zero. */
static ssize_t
decode(unsigned char *out, size_t out_size, const char *s, size_t n,
    enum alphabet which, bool strict)
{
	uint32_t acc = 0;
	unsigned bits = 0;
	size_t o = 0;

	if (n % 4 == 1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int v = b64_value((unsigned char)s[i], which);

		if (v < 0)
			return -1;
		acc = acc << 6 | (uint32_t)v;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (o >= out_size)
			return -1;
		out[o++] = (unsigned char)(acc >> bits);
		acc &= (1u << bits) - 1;
	}
	if (strict && acc != 0)
		return -1;
	return (ssize_t)o;
}

ssize_t
b64url_decode(void *out, size_t out_size, const char *s, size_t n)
{
	return decode(out, out_size, s, n, ALPHABET_URL, true);
}

ssize_t
b64_decode_any(void *out, size_t out_size, const char *s, size_t n)
{
	for (int pad = 0; pad < 2 && n > 0 && s[n - 1] == '='; pad++)
		n--;
	return decode(out, out_size, s, n, ALPHABET_ANY, false);
}

void
hex_encode(char *out, const void *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digit[b[i] >> 4];
		out[2 * i + 1] = digit[b[i] & 15];
	}
	out[2 * n] = '\0';
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_decode(void *out, size_t n, const char *s)
{
	unsigned char *b = out;

	for (size_t i = 0; i < n; i++) {
		int hi = hex_value(s[2 * i]);
		int lo = hi < 0 ? -1 : hex_value(s[2 * i + 1]);

		if (lo < 0)
			return -1;
		b[i] = (unsigned char)(hi << 4 | lo);
	}
	return s[2 * n] == '\0' ? 0 : -1;
}

/* Unicode 15, table 3-7. */
size_t
utf8_step(const void *p, size_t n)
{
	const unsigned char *s = p;
	unsigned char lo = 0x80, hi = 0xbf;
	size_t len;

	if (n == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		lo = 0xa0;		/* else overlong */
	else if (s[0] == 0xed)
		hi = 0x9f;		/* else a surrogate */
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;		/* else past U+10FFFF */
	if (n < len || s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool
utf8_valid(const void *p, size_t n)
{
	const unsigned char *s = p;
	size_t step;

	for (; n > 0; s += step, n -= step)
		if ((step = utf8_step(s, n)) == 0)
			return false;
	return true;
}

size_t
utf8_count(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

bool
text_has_control(const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == 0x7f ||
		    (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
			return true;
		/* U+202D and U+202E turn round whatever comes after. */
		if (c == 0xe2 && (strncmp(s, "\xe2\x80\xad", 3) == 0 ||
		    strncmp(s, "\xe2\x80\xae", 3) == 0))
			return true;
	}
	return false;
}

/* Of the sign at s: 1 begins an embedding or an isolate, -1 ends one, 0. */
static int
turns(const char *s, bool *isolate)
{
	*isolate = strncmp(s, "\xe2\x81", 2) == 0;
	if (!*isolate && strncmp(s, "\xe2\x80", 2) != 0)
		return 0;
	switch ((unsigned char)s[2]) {
	case 0xaa: case 0xab:		/* U+202A, U+202B */
		return *isolate ? 0 : 1;
	case 0xac:			/* U+202C */
		return *isolate ? 0 : -1;
	case 0xa6: case 0xa7: case 0xa8:	/* U+2066 to U+2068 */
		return *isolate ? 1 : 0;
	case 0xa9:			/* U+2069 */
		return *isolate ? -1 : 0;
	}
	return 0;
}

bool
text_is_line(const char *s)
{
	uint64_t open = 1;	/* a bit each that stands open, below a mark */
	bool isolate;

	if (text_has_control(s) || s[strcspn(s, "\t\r\n")] != '\0')
		return false;
	for (; *s != '\0'; s++) {
		int turn = turns(s, &isolate);

		/* Nobody nests them this deep. */
		if (turn > 0 && open >> 60 != 0)
			return false;
		if (turn > 0)
			open = open << 1 | isolate;
		else if (turn < 0 && (open == 1 || (open & 1) != isolate))
			return false;
		else if (turn < 0)
			open >>= 1;
	}
	return open == 1;
}

bool
text_has_crlf(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\r' || s[i] == '\n' || s[i] == '\0')
			return true;
	return false;
}

int
text_u64(const char *s, uint64_t max, uint64_t *v)
{
	uint64_t x = 0;

	if (*s == '\0')
		return 0;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return 0;
		if (__builtin_mul_overflow(x, 10u, &x) ||
		    __builtin_add_overflow(x, (uint64_t)(*s - '0'), &x))
			return 0;
	}
	if (x > max)
		return 0;
	*v = x;
	return 1;
}

int
text_i64(const char *s, int64_t min, int64_t max, int64_t *v)
{
	bool minus = *s == '-';
	uint64_t u;
	int64_t x;

	if (text_u64(s + minus, (uint64_t)INT64_MAX + minus, &u) == 0)
		return 0;
	/* ~(u - 1) is -u without passing INT64_MAX on the way. */
	x = minus && u > 0 ? ~(int64_t)(u - 1) : (int64_t)u;
	if (x < min || x > max)
		return 0;
	*v = x;
	return 1;
}

bool
text_copy(char *out, size_t out_size, const char *s)
{
	size_t n = strlen(s);
	bool fits = n < out_size;

	if (out_size == 0)
		return false;
	if (!fits)
		n = out_size - 1;
	memcpy(out, s, n);
	out[n] = '\0';
	return fits;
}

bool
text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
text_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

char *
text_lower(struct arena *a, const char *s)
{
	char *out = arena_strdup(a, s);

	for (char *p = out; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return out;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

char *
text_trim(struct arena *a, const char *s)
{
	size_t n;

	while (is_space(*s))
		s++;
	n = strlen(s);
	while (n > 0 && is_space(s[n - 1]))
		n--;
	return arena_strndup(a, s, n);
}

char *
url_decode(struct arena *a, const char *s, size_t n, bool plus)
{
	char *out = arena_alloc(a, n + 1);
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '+' && plus) {
			c = ' ';
		} else if (c == '%') {
			int hi, lo;

			if (n - i < 3 || (hi = hex_value(s[i + 1])) < 0 ||
			    (lo = hex_value(s[i + 2])) < 0)
				return NULL;
			c = (char)(hi << 4 | lo);
			i += 2;
		}
		if (c == '\0')
			return NULL;
		out[o++] = c;
	}
	out[o] = '\0';
	return utf8_valid(out, o) ? out : NULL;
}

char *
url_encode(struct arena *a, const char *s)
{
	static const char digit[] = "0123456789ABCDEF";
	size_t n = strlen(s), o = 0;
	char *out = arena_array(a, n + 1, 3);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '.' ||
		    c == '_' || c == '~') {
			out[o++] = (char)c;
		} else {
			out[o++] = '%';
			out[o++] = digit[c >> 4];
			out[o++] = digit[c & 15];
		}
	}
	out[o] = '\0';
	return out;
}

void
html_escape(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		switch (s[i]) {
		case '&': buf_str(b, "&amp;"); break;
		case '<': buf_str(b, "&lt;"); break;
		case '>': buf_str(b, "&gt;"); break;
		case '"': buf_str(b, "&quot;"); break;
		case '\'': buf_str(b, "&#39;"); break;
		default: buf_char(b, s[i]);
		}
}

void
form_add(struct buf *b, struct arena *a, const char *name, const char *value)
{
	buf_printf(b, "%s%s=%s", b->len > 0 ? "&" : "", name,
	    url_encode(a, value));
}
