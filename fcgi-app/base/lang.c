/*
 * lang.c - which language, and the table of sentences.
 */
#include "base/lang.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SAY(en, fa)	{ { en, fa } },
const struct lang_row lang_rows[] = {
#include "base/lang_rows.def"
};
#undef SAY
const size_t lang_rows_count = COUNT_OF(lang_rows);

static const struct { const char *tag, *dir; } language[LANGS] = {
	[LANG_EN] = { "en", "ltr" }, [LANG_FA] = { "fa", "rtl" },
};

const char *
lang_tag(enum lang l)
{
	return language[l].tag;
}

const char *
lang_dir(enum lang l)
{
	return language[l].dir;
}

/* --- Accept-Language --------------------------------------------------------- */

#define BLANK		" \t"
#define ALPHA		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define RANGE_CHARS	ALPHA "0123456789-"

/* What was said of a language so far. */
struct wish {
	int	 q;		/* thousandths; -1: nothing */
	bool	 named;		/* not by '*' */
	size_t	 at;		/* its place in the header */
};

/* Does a tag or range of n bytes begin with the language's subtag? */
static bool
is_of(enum lang l, const char *s, size_t n)
{
	size_t k = strlen(language[l].tag);

	return n >= k && strncasecmp(s, language[l].tag, k) == 0 &&
	    (n == k || s[k] == '-' || s[k] == '_');
}

/* qvalue (RFC 9110 §12.4.2) in thousandths; -1 when it is none. */
static int
weight(const char *s, size_t n)
{
	int q, unit = 100;

	if (n == 0 || n > 5 || (s[0] != '0' && s[0] != '1') ||
	    (n > 1 && s[1] != '.'))
		return -1;
	q = (s[0] - '0') * 1000;
	for (size_t i = 2; i < n; i++, unit /= 10) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		q += (s[i] - '0') * unit;
	}
	return q > 1000 ? -1 : q;
}

static size_t
trimmed(const char *s, size_t n)
{
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return n;
}

/* `;q=…` or nothing after the range; -1 when it is something else. */
static int
weight_after(const char *s, size_t n)
{
	size_t skip = 0;

	n = trimmed(s, n);
	while (skip < n && strchr(BLANK, s[skip]) != NULL)
		skip++;
	s += skip;
	n -= skip;
	if (n == 0)
		return 1000;
	if (s[0] != ';')
		return -1;
	for (s++, n--; n > 0 && strchr(BLANK, s[0]) != NULL; n--)
		s++;
	return n < 2 || (s[0] != 'q' && s[0] != 'Q') || s[1] != '=' ? -1 :
	    weight(s + 2, n - 2);
}

static void
take(struct wish wish[LANGS], const char *s, size_t n, size_t at)
{
	size_t tag = strspn(s, RANGE_CHARS);
	bool any = n > 0 && s[0] == '*';
	int q;

	tag = any ? 1 : tag > n ? n : tag;
	if (tag == 0 || (q = weight_after(s + tag, n - tag)) < 0)
		return;
	for (enum lang l = 0; l < LANGS; l++) {
		struct wish *w = &wish[l];

		if (!any && !is_of(l, s, tag))
			continue;
		/* '*' is for what is named nowhere. */
		if (w->q >= 0 && (any ? w->named || q <= w->q :
		    w->named && q <= w->q))
			continue;
		*w = (struct wish){ q, !any, at };
	}
}

static bool
better(const struct wish *a, const struct wish *b)
{
	if (a->q != b->q)
		return a->q > b->q;
	return a->named != b->named ? a->named : a->at < b->at;
}

enum lang
lang_of_header(const char *accept_language)
{
	struct wish wish[LANGS];
	enum lang best = LANG_EN;
	const char *s = accept_language;

	for (enum lang l = 0; l < LANGS; l++)
		wish[l] = (struct wish){ -1, false, 0 };
	for (size_t at = 0; *s != '\0'; at++) {
		size_t n;

		s += strspn(s, BLANK);
		n = strcspn(s, ",");
		take(wish, s, n, at);
		s += n + (s[n] == ',');
	}
	for (enum lang l = 0; l < LANGS; l++)
		if (wish[l].q > 0 && better(&wish[l], &wish[best]))
			best = l;
	return best;
}

const char *
lang_to_keep(const char *accept_language)
{
	enum lang l = lang_of_header(accept_language);

	return l == LANG_EN ? NULL : lang_tag(l);
}

int
lang_of_locale(const char *locale, enum lang *out)
{
	for (enum lang l = 0; locale != NULL && l < LANGS; l++)
		if (is_of(l, locale, strlen(locale))) {
			*out = l;
			return 1;
		}
	return 0;
}

/* Persian's digits are two bytes of UTF-8 each, from U+06F0. */
void
lang_number(char out[LANG_NUMBER_MAX], enum lang l, uint64_t n)
{
	char ascii[24];
	size_t len = 0;

	snprintf(ascii, sizeof(ascii), "%" PRIu64, n);
	for (const char *p = ascii; *p != '\0'; p++) {
		if (l == LANG_FA)
			out[len++] = '\xdb';
		out[len++] = l == LANG_FA ? (char)(0xb0 + *p - '0') : *p;
	}
	out[len] = '\0';
}

/* --- sentences --------------------------------------------------------------- */

static int
by_english(const void *key, const void *row)
{
	return strcmp(key, ((const struct lang_row *)row)->in[LANG_EN]);
}

const char *
lang_say(enum lang l, const char *en)
{
	const struct lang_row *r;

	if (l == LANG_EN)
		return en;
	r = bsearch(en, lang_rows, COUNT_OF(lang_rows), sizeof(lang_rows[0]),
	    by_english);
	return r == NULL ? en : r->in[l];
}
