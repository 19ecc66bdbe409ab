/*
 * sms_text.c - see sms_text.h.
 */
#include "channel/sms_text.h"

#include "base/text.h"

#define GSM_ONE		160
#define GSM_EACH	153
#define UCS2_ONE	70
#define UCS2_EACH	67

/* TS 23.038 6.2.1 beyond ASCII, and what ASCII has that it lacks (6.2.1.1:
 * behind an escape, two septets each). */
static const char basic[] = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
static const char extension[] = "^{}\\[~]|€\f";
static const char ascii_lacking[] = "`";

static bool
has(const char *set, const char *p, size_t n)
{
	for (; *set != '\0'; set += utf8_step(set, 4))
		if (utf8_step(set, 4) == n && memcmp(set, p, n) == 0)
			return true;
	return false;
}

/* 1, 2, or 0: not in the alphabet. */
static unsigned
septets(const char *p, size_t n)
{
	if (has(extension, p, n))
		return 2;
	if (n == 1 && ((*p >= ' ' && *p < 0x7f &&
	    strchr(ascii_lacking, *p) == NULL) || *p == '\n' || *p == '\r'))
		return 1;
	return has(basic, p, n) ? 1 : 0;
}

static unsigned
pack(const char *text, bool ucs2, unsigned each, unsigned *units)
{
	unsigned segments = 0, left = 0;

	*units = 0;
	for (size_t n; *text != '\0'; text += n) {
		unsigned need;

		n = utf8_step(text, strlen(text));
		if (n == 0)
			n = 1;
		need = ucs2 ? (n == 4 ? 2 : 1) : septets(text, n);
		*units += need;
		if (need > left) {
			segments++;
			left = each;
		}
		left -= need;
	}
	return segments;
}

void
sms_measure(const char *text, struct sms_size *s)
{
	memset(s, 0, sizeof(*s));
	for (const char *p = text; *p != '\0' && !s->ucs2;) {
		size_t n = utf8_step(p, strlen(p));

		s->ucs2 = n == 0 || septets(p, n) == 0;
		p += n == 0 ? 1 : n;
	}
	s->segments = pack(text, s->ucs2, s->ucs2 ? UCS2_EACH : GSM_EACH,
	    &s->units);
	if (s->segments > 1 && s->units <= (s->ucs2 ? UCS2_ONE : GSM_ONE))
		s->segments = 1;
}

unsigned
sms_segments(const char *text)
{
	struct sms_size s;

	sms_measure(text, &s);
	return s.segments < 255 ? s.segments : 255;
}
