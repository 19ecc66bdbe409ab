/*
 * file.h - small whole files.
 */
#ifndef GP_BASE_FILE_H
#define GP_BASE_FILE_H

#include "base/arena.h"
#include "base/err.h"

/* Whole file, at most max bytes, NUL-terminated, in the arena.
 * Returns 0 and *n set, or -1 (ERR_TOO_LARGE past max). */
int	 file_read(struct arena *a, const char *path, size_t max, char **out,
	    size_t *n, struct err *e) MUST_CHECK;
/* Write by temporary name, fsync and rename, with `mode`. */
int	 file_write(const char *path, const void *p, size_t n, unsigned mode,
	    struct err *e) MUST_CHECK;

#endif
