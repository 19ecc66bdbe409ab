/*
 * campaign.h - campaigns carried out: the audience planned in slices, what is
 * planned released to the queue at the campaign's rate.
 *
 * Planning makes delivery rows alone.  A send job is made when the delivery
 * may leave, so that the queue holds a second or two of each campaign and no
 * more: a pause, another campaign and a one-time code find it short.  All
 * marks are in table campaign and move in the transaction that does the work
 * (store/campaign.h), so a tick may be killed anywhere.  One worker at a time
 * ticks (lease "campaigns"); a second one that thinks it does gets nothing
 * committed.
 */
#ifndef GP_DELIVER_CAMPAIGN_H
#define GP_DELIVER_CAMPAIGN_H

#include "deliver/digest.h"
#include "deliver/pick.h"
#include "deliver/site_notify.h"
#include "store/campaign.h"

#define CAMPAIGNS_MAX	256		/* carried out at a time */
#define CAMPAIGN_ROUTES	40

struct campaign_pace {			/* kept between ticks */
	uint64_t	 id;
	unsigned	 channels;	/* mask */
	uint32_t	 window;	/* jobs in the queue at a time */
	bool		 hungry;	/* for more than that, this round */
	unsigned	 idle;		/* rounds since it wanted anything */
	int64_t		 full_us;	/* since when it is full; 0: not */
	int64_t		 ask_us;	/* its queue is not counted before */
};
struct campaign_tick {
	/* in */
	uint64_t	 owner;
	struct plan_route route[CAMPAIGN_ROUTES];	/* .credit is kept */
	size_t		 routes;
	/* Tells the audit what it did by itself, in its transaction; or NULL. */
	int		(*audit)(struct db *db, const char *event,
			    uint64_t user_id, const char *detail,
			    struct err *e);
	/* out */
	bool		 more;		/* tick again at once */
	unsigned	 planned, released, accepted;
	struct digest_tick digest;	/* the holder makes digests, too */
	/* kept */
	int64_t		 held_us;	/* ours until; monotonic */
	int64_t		 asked_us, looked_us, plan_us;
	struct campaign_pace pace[CAMPAIGNS_MAX];
	struct site_senders sites;
};

/* One round over all live campaigns, some 100 ms at most each.  0 or -1. */
int	 campaign_tick(struct db *db, struct campaign_tick *t, struct err *e)
	    MUST_CHECK;
/* Leave it to others, at the end. */
void	 campaign_stop(struct db *db, struct campaign_tick *t);

#endif
