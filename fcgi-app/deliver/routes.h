/*
 * routes.h - the accounts as planning sees them, for who only asks: from the
 * tables, by the same choice (deliver/pick.h); no turn is taken.
 */
#ifndef GP_DELIVER_ROUTES_H
#define GP_DELIVER_ROUTES_H

#include "deliver/pick.h"

#define ROUTES_MAX	40

struct routes {
	struct plan_route r[ROUTES_MAX];
	const char	*health[ROUTES_MAX];	/* "ok", "open", "quota_spent" */
	size_t		 n;
};
/* Read them anew: 0 or -1. */
int	 routes_read(struct db *db, struct arena *a, struct routes *s,
	    struct err *e) MUST_CHECK;
/* The account that a channel's next message would go to, and its health; NULL:
 * nobody serves the channel. */
const char *routes_next(struct routes *s, const char *channel,
	    const char **health);

#endif
