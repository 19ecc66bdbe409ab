/*
 * routes.c - the table of routes.def.
 */
#include "api/dispatch.h"

const struct fieldset no_fields = FIELDSET_NONE;

const struct route routes[] = {
#define ROUTE(method, path, handler, pool, access, body, throttle, limit, \
	    idem, replay, style, fields)				\
	{ (method), (path), #handler, (handler), (pool), (access), (body), \
	    (throttle), (limit), (idem), (replay), (style), &(fields) },
#include "api/routes.def"
#undef ROUTE
};

const size_t routes_count = COUNT_OF(routes);

int
route_find(struct arena *a, enum http_method m, const char *path,
    const struct route **r, const char *param[], unsigned *allow)
{
	return route_find_in(routes, routes_count, a, m, path, r, param,
	    allow);
}
