/*
 * campaign_own.h - what campaign.c (the round), campaign_plan.c (a slice of
 * the audience) and campaign_release.c (what may leave) share.
 */
#ifndef GP_DELIVER_CAMPAIGN_OWN_H
#define GP_DELIVER_CAMPAIGN_OWN_H

#include "deliver/campaign.h"

/* Does an account serve the channel? */
bool	 campaign_serves(const struct campaign_tick *t, const char *channel);
/*
 * Plan the next slice of its audience and move its marks, *c's too.  What
 * would be queued ends as `expired` when its time is over.  1 there is more,
 * 0 that was all (or the campaign moved on: read it again), -1.
 */
int	 campaign_plan(struct db *db, struct campaign_tick *t,
	    struct campaign *c, bool expired, struct err *e) MUST_CHECK;

/* --- campaign_release.c --------------------------------------------------- */
/* At the beginning of a round: campaigns whose windows hold them back and that
 * use the same channels have equal ones, so that they share what there is. */
void	 campaign_paces(struct campaign_tick *t);
/* Jobs for what may leave now, each for the account that is its turn.  0, -1. */
int	 campaign_release(struct db *db, struct campaign_tick *t,
	    struct campaign *c, struct err *e) MUST_CHECK;
/* What was not released ends as `state`, some thousand a call.  0 or -1. */
int	 campaign_end(struct db *db, struct campaign_tick *t,
	    struct campaign *c, const char *state, struct err *e) MUST_CHECK;
/* What is open and has no job lost it with its recipient's account. */
int	 campaign_end_orphans(struct db *db, const struct campaign *c,
	    struct err *e) MUST_CHECK;
/* Jobs of it end as `state`, some thousand a call, and what comes back to be
 * tried again. */
int	 campaign_drop(struct db *db, struct campaign_tick *t,
	    const struct campaign *c, const char *state, struct err *e)
	    MUST_CHECK;

#endif
