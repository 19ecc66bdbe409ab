/*
 * routes.h - prototypes of what routes.def names: handlers, replays,
 * fieldsets.  Included by route.h, so that a handler that differs from its
 * row does not compile.
 */
#ifndef GP_API_ROUTES_H
#define GP_API_ROUTES_H

/* A row without a replay says NULL, which has to be a name here. */
#pragma push_macro("NULL")
#undef NULL
#define NULL route_without_replay
#define ROUTE(method, path, handler, pool, access, body, throttle, limit, \
	    idem, replay, style, fields)				\
	extern route_handler handler;					\
	extern route_replay replay;					\
	extern const struct fieldset fields;
#include "api/routes.def"
#undef ROUTE
#pragma pop_macro("NULL")

#endif
