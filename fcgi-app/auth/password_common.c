/*
 * password_common.c - what people try first (S54).
 *
 * A whole password is looked for, not words in it (NIST SP 800-63B): two words
 * with a mark between them are another password.  What stands around a word
 * counts as nothing while it is short: "Dragon1!" is "dragon".
 */
#include "auth/password_own.h"

/* In lower case, letters and digits only, sorted. */
static const char *const common[] = {
#include "auth/password_words.def"
};

#define WORD_MAX	40		/* longer than any row */
#define AROUND_MAX	7		/* worth of what stands around a word */

static int
by_text(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row);
}

static bool
is_row(const char *s, size_t n, bool undo)
{
	char word[WORD_MAX];

	if (n == 0 || n >= sizeof(word))
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		word[i] = undo ? password_undo(c) :
		    c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	word[n] = '\0';
	return bsearch(word, common, COUNT_OF(common), sizeof(common[0]),
	    by_text) != NULL;
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool
password_is_common(const char *s)
{
	size_t n = strlen(s);

	for (size_t from = 0; from < n; from++) {
		size_t before = password_worth(s, from);

		if (before > AROUND_MAX)
			break;
		for (size_t to = n; to > from; to--) {
			if (before + password_worth(s + to, n - to) >
			    AROUND_MAX)
				break;
			if (is_row(s + from, to - from, false) ||
			    is_row(s + from, to - from, true))
				return true;
			if (is_letter(s[to - 1]))
				break;
		}
		if (is_letter(s[from]))
			break;
	}
	return false;
}

const char *
password_common_row(size_t i)
{
	return i < COUNT_OF(common) ? common[i] : NULL;
}
