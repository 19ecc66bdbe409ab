/*
 * reason.h - every reason that a delivery may carry, as a stable word, and
 * what it means to people.
 *
 * A row whose word ends in '*' is a family: its words end in what the
 * provider said (smtp_550_5_1_1).  A reason without a row fails
 * `scripts/check-reasons`, and is logged as an error where it is written: no
 * delivery ends as "failed: unknown".
 */
#ifndef GP_BASE_REASON_H
#define GP_BASE_REASON_H

#include "base/lang.h"

struct reason {
	const char	*word;		/* "gone", or "smtp_*" */
	const char	*in[LANGS];
};
extern const struct reason reasons[];
extern const size_t reasons_count;

/* Its row: the word itself, else the longest family; NULL: none. */
const struct reason *reason_find(const char *word);
/* What it means, in `l`; "" for the empty word (nothing is wrong), and the
 * word itself where there is no row. */
const char *reason_say(enum lang l, const char *word);

#endif
