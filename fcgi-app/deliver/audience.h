/*
 * audience.h - notification.audience: who is meant.
 *
 *   {"to": "+98…", "user_id": 7}   an address; whose, for locale and account
 *   {"device_ids": ["1", …]}       {"user_ids": [7, …]}   {"group_id": "9"}
 *   {"nobody": true}               the work of a message, and no message,
 *                                  whatever else stands there
 */
#ifndef GP_DELIVER_AUDIENCE_H
#define GP_DELIVER_AUDIENCE_H

#include "base/arena.h"

enum audience_kind { TO_BROKEN = 0, TO_ADDRESS, TO_NOBODY, TO_DEVICES,
	TO_USERS, TO_GROUP };

struct audience {
	enum audience_kind kind;
	const char	*to;
	uint64_t	 user_id, group_id;	/* 0: none */
	uint64_t	*id;		/* devices or users: sorted, unique */
	size_t		 n;
};

#define AUDIENCE_IDS_MAX 100000

/* Never fails: what cannot be read is TO_BROKEN.  In the arena. */
void	 audience_parse(struct arena *a, const char *json,
	    struct audience *au);

#endif
