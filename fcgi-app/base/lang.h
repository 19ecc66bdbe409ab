/*
 * lang.h - the languages that people are answered in, and every sentence of
 * an answer in each of them.
 *
 * A sentence is named by its English text, as gettext does it: what stands in
 * the code is what leaves in English, and lang_rows.def has the others.  A
 * sentence without a row, and a row without a sentence, fails
 * `scripts/check-words`.
 */
#ifndef GP_BASE_LANG_H
#define GP_BASE_LANG_H

#include "base/cdefs.h"

enum lang { LANG_EN, LANG_FA, LANGS };

/* "en", "fa": the value of Content-Language and of a page's lang. */
const char *lang_tag(enum lang l);
/* "ltr", "rtl": of a page's dir. */
const char *lang_dir(enum lang l);

/*
 * The language that a client prefers, by its Accept-Language (RFC 9110
 * §12.5.4).  A range counts for the language it begins with: fa-IR is fa.
 * The higher weight wins; of equal ones what was named beats '*', and the
 * first named the second.  What is malformed is passed over, and where
 * nothing is left, or nothing of ours is wanted, it is English: a refusal in
 * another language helps more than none.
 */
enum lang lang_of_header(const char *accept_language);
/*
 * What a new account's locale is, by the header it was made with.  Later
 * messages come without one, so a wish for another language than English is
 * kept; a wish for English is what most browsers come with and says nothing:
 * NULL, so that the person's next client may still say.
 */
const char *lang_to_keep(const char *accept_language);
/* Of a person's locale ("fa", "fa-IR"): 1 and *l, or 0 when it is NULL, empty
 * or of no language that we have. */
int	 lang_of_locale(const char *locale, enum lang *l);

/* A number as people who write in `l` do, of whoever is not a program. */
#define LANG_NUMBER_MAX	48
void	 lang_number(char out[LANG_NUMBER_MAX], enum lang l, uint64_t n);

/* The sentence `en` in `l`; `en` itself where there is no row.  A format's
 * placeholders are of the same types in all languages (unit test). */
const char *lang_say(enum lang l, const char *en)
	    __attribute__((format_arg(2)));

/* For the unit test: the rows, in the order of their English (bytes). */
struct lang_row { const char *in[LANGS]; };
extern const struct lang_row lang_rows[];
extern const size_t lang_rows_count;

#endif
