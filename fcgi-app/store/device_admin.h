/*
 * device_admin.h - table device as administrators see it.
 */
#ifndef GP_STORE_DEVICE_ADMIN_H
#define GP_STORE_DEVICE_ADMIN_H

#include "store/db.h"
#include "store/span.h"

#define DEVICE_ADMIN_MAX	1000	/* ids a call */

struct device_search {
	struct span	 span;
	uint64_t	 user_id;		/* 0: anybody's */
	const char	*kind;			/* NULL: any */
	const uint8_t	*target_hash;		/* 32 bytes, or NULL */
	const char	*q;			/* in the e-mail; or what is
						 * shown of the target, see
						 * device_shown; NULL any */
	int		 active;		/* -1: either */
	int64_t		 since_us, until_us;	/* of created_at; 0: open */
	unsigned	 limit;
	uint64_t	 edge;		/* out: it looked as far as this id and
					 * no further; 0: at all there are */
};
struct device_seen {
	uint64_t	 id, user_id;
	const char	*kind, *target, *browser, *user_agent, *dead_reason,
			*email;
	bool		 active;
	int64_t		 created_us, seen_us, dead_us;
};
/*
 * What is shown of a target of so many letters: its first *head and its last
 * *tail.  Who has all of it can send to it; so that nobody finds the rest a
 * letter at a time, a search knows no other part of it but these, one of
 * twenty letters and more at its end, and the whole.
 */
void	 device_shown(const char *kind, size_t len, size_t *head,
	    size_t *tail);
/* By time, among some ten thousand rows at most where no index finds
 * them; `row` as in db_each.  Rows or -1. */
int	 device_search(struct db *db, struct arena *a,
	    struct device_search *f, struct device_seen *d,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
/* Those of the ids that were not so yet.  How many changed, or -1. */
int64_t	 device_set_active(struct db *db, const uint64_t *id, size_t n,
	    bool active, struct err *e) MUST_CHECK;

#endif
