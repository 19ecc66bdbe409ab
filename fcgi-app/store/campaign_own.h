/*
 * campaign_own.h - what the files of table campaign share; nobody else
 * includes it.
 */
#ifndef GP_STORE_CAMPAIGN_OWN_H
#define GP_STORE_CAMPAIGN_OWN_H

#include "store/campaign.h"

/* Columns of deliveries by what became of them: what is none of these is
 * open. */
#define CAMPAIGN_STATE_SUMS						\
	"COALESCE(SUM(state IN ('sent', 'delivered', 'read')), 0),"	\
	" COALESCE(SUM(state = 'skipped'), 0),"				\
	" COALESCE(SUM(state = 'failed'), 0),"				\
	" COALESCE(SUM(state = 'expired'), 0),"				\
	" COALESCE(SUM(state = 'cancelled'), 0),"			\
	" COALESCE(SUM(state = 'unsure'), 0)"

#endif
