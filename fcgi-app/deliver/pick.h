/*
 * pick.h - which account of a channel a message goes to: by weight among
 * those that traffic flows to, the rest only when no such is left.
 *
 * And whether a message that one did not take may go to another: only where
 * it is certain that nothing was taken, so that none is sent or paid for twice
 * (S51).
 */
#ifndef GP_DELIVER_PICK_H
#define GP_DELIVER_PICK_H

#include "channel/channel.h"
#include "store/job.h"

struct plan_route {
	char		 channel[13], provider[25];	/* the account's name */
	uint32_t	 room[JOB_CLASSES];
	uint32_t	 weight;
	bool		 flows;		/* breaker closed, quota left */
	bool		 trial;		/* one message decides about it */
	int64_t		 credit;	/* of its turns; kept */
};

/* The next account's by smooth weighted turns; NULL: nobody serves the
 * channel.  `tried` (by commas, or "") are not chosen. */
struct plan_route *pick_route(struct plan_route *r, size_t n,
	    const char *channel, const char *tried, unsigned class);
/*
 * The accounts of the next `count` messages of a channel at once: how many go
 * to each, in got[n].  As so many turns, but that a trial is given the one
 * message that decides.  `count`, or 0: nobody serves the channel.
 */
uint32_t pick_many(struct plan_route *r, size_t n, const char *channel,
	    unsigned class, uint32_t count, uint32_t *got);
/* An account by name, of the channel; NULL none. */
struct plan_route *pick_named(struct plan_route *r, size_t n,
	    const char *channel, const char *name);

/* Is `name` in the list? */
bool	 pick_was_tried(const char *tried, const char *name);
/* `tried` with `name` behind it; the oldest make room. */
void	 pick_add_tried(char tried[JOB_TRIED_MAX + 1], const char *name);

/* May another account get it after this answer? */
bool	 pick_elsewhere(const struct verdict *v, const struct in_answer *in);
/* Can another provider of the channel make something of what this one could
 * not?  Templates have their names at one. */
bool	 pick_other_form(const char *reason);
/* May this one have taken it all the same, so that no other ever may? */
bool	 pick_binds(const struct verdict *v, const struct in_answer *in);

#endif
