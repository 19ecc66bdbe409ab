/*
 * dispatch.h - one request from its bytes to its answer, by the row's policy.
 *
 * Order of refusal (D17): 404, 405, 413, 415, 401, 403, 429 by address or
 * caller, 400, replay of an Idempotency-Key; then the handler.  A CORS
 * preflight is answered after 404.  A row of another pool, and in the hash
 * pool what is older than 2 s (D3), is 503 before any work.
 *
 * A handler that lost the race for an idempotency key rolls back and returns
 * ERR_CONFLICT "idempotency_race" (idem_claim sets it); the dispatcher then
 * looks again and replays.
 */
#ifndef GP_API_DISPATCH_H
#define GP_API_DISPATCH_H

#include "api/route.h"

/* What a child has for all its requests. */
struct dispatch {
	const struct route *table;	/* routes, or a test's own */
	size_t		 rows;
	enum pool	 pool;
	bool		 every_pool;	/* single responder, CGI */
	struct db	*db;
	struct arena	*arena;		/* DISPATCH_ARENA; reset by serve */
	struct shm	*shm;		/* NULL without a master */
	struct shm_slot	*slot;
	unsigned	 pool_size;
};

/* Body, its decoded copy, and what a handler makes of it. */
#define DISPATCH_ARENA	((size_t)12 * 1024 * 1024)

/* Read, answer, log.  0, or -1 when the peer went away (logged). */
int	 dispatch_serve(const struct dispatch *d, const struct transport *t);
/* The middle of it: fill *r for *q.  *row is the row found, or NULL. */
void	 dispatch_answer(const struct dispatch *d, struct req *q,
	    struct resp *r, const struct route **row);

/* route_find on any table. */
int	 route_find_in(const struct route *table, size_t rows,
	    struct arena *a, enum http_method m, const char *path,
	    const struct route **r, const char *param[], unsigned *allow);

#endif
