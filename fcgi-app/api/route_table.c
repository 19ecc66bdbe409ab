/*
 * route_table.c - finding a row.  The table is an argument, so that tests
 * bring their own.
 */
#include "api/dispatch.h"

int
route_find_in(const struct route *table, size_t rows, struct arena *a,
    enum http_method m, const char *path, const struct route **r,
    const char *param[], unsigned *allow)
{
	struct match found;
	bool literal = false;

	*r = NULL;
	*allow = 0;
	if (m == M_HEAD)
		m = M_GET;
	for (size_t i = 0; i < rows; i++) {
		if (match_path(a, table[i].path, path, &found) == 0)
			continue;
		/* A path without parameters wins over those with some,
		 * whichever comes first (routes.def). */
		if (literal && found.params > 0)
			continue;
		if (!literal && found.params == 0) {
			literal = true;
			*r = NULL;
			*allow = 0;
		}
		*allow |= table[i].method;
		if (table[i].method != m)
			continue;
		*r = &table[i];
		for (size_t k = 0; k < MATCH_PARAMS; k++)
			param[k] = k < found.params ? found.param[k] : NULL;
	}
	if (*allow & M_GET)
		*allow |= M_HEAD;
	if (*allow != 0)
		*allow |= M_OPTIONS;
	return *r != NULL;
}

const char *
pool_name(enum pool p)
{
	static const char *const name[POOLS] = {
		[POOL_GATE] = "gate", [POOL_MAIN] = "main",
		[POOL_HASH] = "hash", [POOL_OUT] = "out",
	};

	return (unsigned)p < POOLS ? name[p] : "none";
}
