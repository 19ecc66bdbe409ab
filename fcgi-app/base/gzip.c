/*
 * gzip.c - see gzip.h.
 */
#include "base/gzip.h"

#include <zlib.h>

#define WINDOW_GZIP	(15 + 16)	/* zlib.h: 16 more means gzip */
#define LEVEL		6

const void *
gzip_text(struct arena *a, const void *p, size_t n, size_t *out_n)
{
	z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)p };
	void *out = NULL;

	/* avail_in is an unsigned int; bodies are far below. */
	if (n == 0 || n > (1u << 28) || deflateInit2(&z, LEVEL, Z_DEFLATED,
	    WINDOW_GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	out = arena_alloc(a, n);
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)n;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END)
		*out_n = n - z.avail_out;
	else
		out = NULL;
	(void)deflateEnd(&z);
	return out;
}
