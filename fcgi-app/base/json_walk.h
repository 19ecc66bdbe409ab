/*
 * json_walk.h - the strict gate of json.c: bytes in, verdict out, nothing
 * built.
 */
#ifndef GP_BASE_JSON_WALK_H
#define GP_BASE_JSON_WALK_H

#include "base/json.h"

/*
 * Walk exactly one RFC 8259 value in n bytes, with the further rules of
 * `flags`.  Time is O(n log n) and memory O(n) whatever the input; depth
 * costs heap, not stack.  0, or -1 with ERR_INPUT "invalid_json", the offset
 * and the reason in detail.
 */
int	 json_walk(const char *p, size_t n, enum json_flags flags,
	    unsigned depth_max, struct err *e) MUST_CHECK;

#endif
