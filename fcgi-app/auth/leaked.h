/*
 * leaked.h - is a password on a list of leaked ones?  Offline (S54).
 *
 * The file is a binary fuse filter (Graf and Lemire, 2022) of 16-bit
 * fingerprints over the first 64 bits of each password's SHA-1: about 2.3
 * bytes an entry, no entry is ever missed, and of passwords that are not on
 * the list one in 65,536 is refused by mistake.  A header with version,
 * counts and checksums; mapped read-only and checked whole when opened.
 */
#ifndef GP_AUTH_LEAKED_H
#define GP_AUTH_LEAKED_H

#include "base/err.h"

#include <stdio.h>

struct leaked;

/* Map a file.  0, or -1 ERR_CONFIG naming what is wrong: absent, of another
 * version, cut off, damaged. */
int	 leaked_open(const char *path, struct leaked **l, struct err *e)
	    MUST_CHECK;
void	 leaked_close(struct leaked *l);
bool	 leaked_has(const struct leaked *l, const char *password);
uint64_t leaked_count(const struct leaked *l);

/*
 * Build `out` (by rename, 0644) from lines: a password each, or 40 hex
 * digits of its SHA-1, with or without ":count".  *n gets the number of
 * different entries.  About 40 bytes of memory an entry.  0 or -1.
 */
int	 leaked_build(FILE *in, const char *out, uint64_t *n, struct err *e)
	    MUST_CHECK;

/* By the file of GATEPOST_LEAKED_FILE: 1, 0 (also: none is set), -1
 * (ERR_UNAVAILABLE: it is set and cannot be used).  Another file under the
 * name is seen within 10 s; a damaged one leaves the old in use. */
int	 leaked_is(const char *password, struct err *e) MUST_CHECK;

#endif
