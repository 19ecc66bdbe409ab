/*
 * people.h - users by named conditions, a page after the other: the audience
 * of a campaign.
 *
 * Only live accounts that are no claims are anybody's audience.  Pages go by
 * user id, so a walk that was left goes on at its last id, and a user comes
 * once however the table changes meanwhile.
 */
#ifndef GP_STORE_PEOPLE_H
#define GP_STORE_PEOPLE_H

#include "store/db.h"

#define PEOPLE_IDS_MAX	10000

enum people_has { HAS_EMAIL = 1, HAS_PHONE = 2, HAS_WEB_PUSH = 4,
	HAS_EXPO = 8 };

/* All conditions hold together; what is NULL, 0 or -1 is no condition. */
struct people_where {
	const char	*ids;		/* JSON list of user ids */
	uint64_t	 group_id;
	int		 staff;		/* -1, 0, 1 */
	const char	*locales, *countries;	/* "fa,en", "IR,DE" */
	int64_t		 created_after_us, created_before_us;
	int64_t		 seen_after_us, seen_before_us;	/* last sign-in; who
				 * never signed in was not seen after anything */
	unsigned	 has;		/* of enum people_has: all of these */
};

/* Ids of those after `after`, rising, at most max.  How many, or -1. */
int	 people_page(struct db *db, const struct people_where *w,
	    uint64_t after, uint64_t *id, size_t max, struct err *e)
	    MUST_CHECK;
/* How many they are now; every account is looked at, unless a list or a group
 * names few.  1; 0 the time (clock_mono) was over: there are so many and
 * perhaps more; -1. */
int	 people_count(struct db *db, const struct people_where *w,
	    int64_t until_us, uint64_t *n, struct err *e) MUST_CHECK;

#endif
