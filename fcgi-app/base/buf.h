/*
 * buf.h - bytes that grow, up to a ceiling given at birth.
 *
 * Passing the ceiling does not end the process: the buffer remembers it
 * (`over`), drops what does not fit, and the owner asks once at the end.
 * Always NUL-terminated after the last byte.
 */
#ifndef GP_BASE_BUF_H
#define GP_BASE_BUF_H

#include "base/cdefs.h"

struct buf {
	char	*p;		/* never NULL after the first append */
	size_t	 len, cap, max;
	bool	 over;		/* something did not fit */
};

/* Uses the caller's storage for the struct; bytes are heap: buf_fini. */
void	 buf_init(struct buf *b, size_t max);
void	 buf_fini(struct buf *b);		/* wipes */
void	 buf_reset(struct buf *b);		/* keeps the memory, wipes */

void	 buf_add(struct buf *b, const void *p, size_t n);
void	 buf_str(struct buf *b, const char *s);
void	 buf_char(struct buf *b, char c);
void	 buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

/* Begin `b` with a JSON list of ids as numbers, and its text; for JSON_TABLE. */
const char *buf_ids(struct buf *b, const uint64_t *id, size_t n);

/* The text so far ("" when empty); valid until the next append. */
const char *buf_text(const struct buf *b);

#endif
