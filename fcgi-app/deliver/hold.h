/*
 * hold.h - when a way to somebody may be used: the quiet hours and the digest
 * of his preferences (hours.h), and the site's frequency caps (GATEPOST_CAPS).
 * Class critical passes all of them.  Nothing here drops a message: what waits
 * past its end ends as expired.
 *
 * GATEPOST_CAPS is a list of rules, WHAT:CHANNEL/hour=N or /day=N: what is a
 * message's type, a class (transactional, campaign) or *, and * is any
 * channel.  Of several the most particular holds, type before class before *;
 * its hour and its day hold together.
 */
#ifndef GP_DELIVER_HOLD_H
#define GP_DELIVER_HOLD_H

#include "deliver/people.h"

/*
 * Set hold[] of each of n: for every way that goes, from the moment it would be
 * used.  `take`: planning, which takes the places under the caps; else they
 * are only looked at.  Outside of transactions.  0 or -1.
 */
int	 hold_decide(struct db *db, struct arena *a, struct someone *s,
	    size_t n, bool take, struct err *e) MUST_CHECK;

/*
 * When what waits until `us` (0: it does not) is claimed, and when it is dead:
 * past the end that its sender gave it (`said`) it is claimed at that end and
 * ends as expired then; the end that is ours gives way, by HOLD_LIFE_US, for
 * what only waits is not dropped.  ends_us 0: it has none.
 */
struct hold_time { int64_t run_us, ends_us; };
#define HOLD_LIFE_US	(24 * 3600 * US_PER_S)
struct hold_time hold_time(int64_t us, int64_t ends_us, bool said);

/* --- the rules of the caps -------------------------------------------------- */

#define CAP_SCOPE	64
struct cap { char scope[CAP_SCOPE + 1]; uint32_t an_hour, a_day; };
/* The cap of a message on a channel: 1 and *out, 0 none.  What cannot be read
 * of the list is no rule; conf_check refuses such a list. */
int	 hold_cap(const char *rules, const char *type, unsigned class,
	    const char *channel, struct cap *out);

#endif
