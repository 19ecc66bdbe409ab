/*
 * gzip.h - RFC 1952 bytes of a text: request bodies.  The only user of zlib.
 */
#ifndef GP_BASE_GZIP_H
#define GP_BASE_GZIP_H

#include "base/arena.h"

/* n bytes compressed, in the arena, *out_n of them; NULL when it would not
 * be shorter (send it plain). */
const void *gzip_text(struct arena *a, const void *p, size_t n,
	    size_t *out_n);

#endif
