/*
 * match.h - a path against the templates of the route table.
 *
 * Templates have segments and {name} parameters, one segment each,
 * [A-Za-z0-9_-]{1,64}.  A trailing slash is optional (API.md).  Paths with an
 * escape, "//" or a dot segment match nothing (D18).
 */
#ifndef GP_HTTP_MATCH_H
#define GP_HTTP_MATCH_H

#include "base/arena.h"

#define MATCH_PARAMS	2
struct match { const char *param[MATCH_PARAMS]; size_t params; };

/* 1 matched (params in the arena), 0 not. */
int	 match_path(struct arena *a, const char *templ, const char *path,
	    struct match *m);
#endif
