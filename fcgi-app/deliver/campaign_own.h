/*
 * campaign_own.h - what campaign.c (the round) and campaign_plan.c (a slice
 * of the audience) share.
 */
#ifndef GP_DELIVER_CAMPAIGN_OWN_H
#define GP_DELIVER_CAMPAIGN_OWN_H

#include "deliver/campaign.h"

/* Who serves the channel, or NULL. */
const char *campaign_provider(const struct campaign_tick *t,
	    const char *channel);
/* Is any channel of the list ("email,sms") served? */
bool	 campaign_served(const struct campaign_tick *t, const char *channels);
/*
 * Plan the next slice of its audience and move its marks, *c's too.  What
 * would be queued ends as `expired` when its time is over.  1 there is more,
 * 0 that was all (or the campaign moved on: read it again), -1.
 */
int	 campaign_plan(struct db *db, const struct campaign_tick *t,
	    struct campaign *c, bool expired, struct err *e) MUST_CHECK;

#endif
