/*
 * campaign_own.h - what the rows of campaigns share: input into a row, a row
 * into an answer.  Not for others.
 */
#ifndef GP_API_CAMPAIGN_OWN_H
#define GP_API_CAMPAIGN_OWN_H

#include "api/push_own.h"
#include "store/campaign.h"

#define CAMPAIGN_LIFE_S	(7 * 24 * 60 * 60)	/* where no end is given */
#define CAMPAIGN_LIFE_MAX_S (90 * 24 * 60 * 60)
#define CAMPAIGN_RATE_MAX 100000

struct campaign_in {
	const char	*name, *type, *title, *body, *url, *html;
	struct texts	 channels;
	const struct json *data, *audience;
	int64_t		 at_us, ends_us;
	struct opt_int	 rate;
	struct opt_bool	 start;
	const char	*urgency;
};

/* --- campaign_write.c --------------------------------------------------------- */
/*
 * Put what was given into *c, over what it holds (a fresh one is all zeroes).
 * `content` is made anew when any of its members is given.  0, or -1 ERR_INPUT
 * naming the member.
 */
int	 campaign_take(struct call *c, const struct campaign_in *in,
	    struct campaign *row, struct err *e) MUST_CHECK;
/* One audit row in the caller's transaction. */
int	 campaign_audit(struct db *db, struct call *c, const char *event,
	    uint64_t id, struct err *e) MUST_CHECK;

/* --- campaigns.c ---------------------------------------------------------------- */
/* The caller's own: 0, or -1 ERR_NOT_FOUND. */
int	 campaign_own(struct call *c, uint64_t id, struct campaign *row,
	    struct err *e) MUST_CHECK;
/* The whole of it as the answer. */
int	 campaign_show(struct call *c, uint64_t id, int status,
	    struct err *e) MUST_CHECK;

#endif
