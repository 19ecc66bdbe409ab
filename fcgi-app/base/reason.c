/*
 * reason.c - see reason.h.
 */
#include "base/reason.h"

#include <string.h>

#define REASON(word, en, fa) { word, { [LANG_EN] = en, [LANG_FA] = fa } },
const struct reason reasons[] = {
#include "base/reason_rows.def"
};
const size_t reasons_count = COUNT_OF(reasons);

const struct reason *
reason_find(const char *word)
{
	const struct reason *family = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < reasons_count; i++) {
		size_t n = strlen(reasons[i].word) - 1;

		if (strcmp(reasons[i].word, word) == 0)
			return &reasons[i];
		if (reasons[i].word[n] == '*' && n > longest &&
		    strlen(word) > n &&
		    strncmp(reasons[i].word, word, n) == 0) {
			family = &reasons[i];
			longest = n;
		}
	}
	return family;
}

const char *
reason_say(enum lang l, const char *word)
{
	const struct reason *r;

	if (word == NULL || word[0] == '\0')
		return "";
	return (r = reason_find(word)) == NULL ? word : r->in[l];
}
