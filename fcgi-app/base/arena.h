/*
 * arena.h - memory that lives as long as one request or one job.
 *
 * Handlers allocate and never free; the owner resets it afterwards.  A
 * ceiling is given at birth: input that would pass it is refused earlier by
 * the binder (413, D4), so reaching it here is our bug and ends the process.
 * Therefore nothing here returns NULL.
 */
#ifndef GP_BASE_ARENA_H
#define GP_BASE_ARENA_H

#include "base/cdefs.h"

#include <stdarg.h>

struct arena;

/* `max` bytes in all, over all blocks.  Owned by the caller: arena_free. */
struct arena *arena_new(size_t max);
void	 arena_free(struct arena *a);

/* Forget everything; keeps the first block, wipes what it held. */
void	 arena_reset(struct arena *a);

/* Zeroed, 16-byte aligned. */
void	*arena_alloc(struct arena *a, size_t n);
void	*arena_array(struct arena *a, size_t n, size_t size);
void	*arena_memdup(struct arena *a, const void *p, size_t n);
char	*arena_strdup(struct arena *a, const char *s);
/* At most n characters, as strndup. */
char	*arena_strndup(struct arena *a, const char *s, size_t n);
char	*arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
char	*arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	    PRINTF(2, 0);

/* Bytes in use, and bytes that may still be asked for. */
size_t	 arena_used(const struct arena *a);
size_t	 arena_left(const struct arena *a);

#endif
