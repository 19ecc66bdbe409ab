/*
 * sms_guard.h - what stands in front of every SMS that a stranger, or an
 * account's own doings, can cause (S45 to S49): may the number get one at all,
 * is it part of a run of adjacent numbers, does its prefix convert, is there
 * money left, has the asker worked for it.
 *
 * It asks nothing about accounts, so that its answers and its work are the
 * same whoever has the number (S24).
 */
#ifndef GP_AUTH_SMS_GUARD_H
#define GP_AUTH_SMS_GUARD_H

#include "http/request.h"
#include "store/db.h"

struct sms_ask {
	uint64_t	 notification_id, flow_id;
	const char	*phone;		/* E.164 */
	bool		 is_code;	/* or a notice, which nobody answers */
	bool		 known;		/* by a browser remembered for its account */
};

/* Is it of a range that we send to?  No statement, no cost.  0, or -1
 * ERR_INPUT of `field`: "country_not_served", "number_not_served". */
int	 sms_guard_number(const char *phone, const char *field, struct err *e)
	    MUST_CHECK;
/*
 * May it leave, and is it paid for?  Counts it at its destination (as
 * sms_guard_pace) and reserves its cost, which the worker gives back when no
 * provider took it.  Outside transactions.  0; -1 ERR_THROTTLED
 * "code_too_soon", "too_many_codes", "destination_suspended" or "sms_budget",
 * ERR_FORBIDDEN "pow_required", which counts nothing: who comes back with the
 * work done is not too soon.
 */
int	 sms_guard_take(struct db *db, const struct req *q,
	    const struct sms_ask *s, struct err *e) MUST_CHECK;
/*
 * A notice to a proved number, which nobody answers: no proof of work, no
 * pace of codes, no conversion.  Its cost is reserved in the caller's
 * transaction, with the message: both stand or neither.
 *
 * With another way to its owner it is refused by every budget but addresses'
 * and by a suspended prefix; he is told by the other.  As the `only_way` it
 * counts in these all the same, and only two things stop it: a range that is
 * not served, and the budget of its number, counted apart from that of codes.
 * Else whoever empties the site's budget, or spoils a prefix, could then
 * change an account unseen.  So a site may spend past its cap, by no more
 * than its proved numbers' own budgets; and who gets at that of a number has
 * warned its owner as many times before.  The `way_back` from a change of
 * number is counted by itself again, so that no other notice uses it up.
 * 1 may leave, 0 not, and a log line says why; -1.
 */
struct sms_notice {
	uint64_t	 notification_id;
	const char	*phone;		/* E.164 */
	bool		 only_way, way_back;
};
int	 sms_guard_notice(struct db *db, const struct sms_notice *n,
	    struct err *e) MUST_CHECK;
/* One code a destination per resend time and so many a day, the same for
 * unknown ones, counted before the work (S24, D27).  Remembered browsers of
 * its account have a pace of their own (S43). */
int	 sms_guard_pace(struct db *db, const char *target, bool known,
	    struct err *e) MUST_CHECK;
/* Worker, each second: settle what was sent, and stop prefixes that do not
 * convert (S48).  0 or -1. */
int	 sms_guard_sweep(struct db *db, bool purge, struct err *e) MUST_CHECK;
/* "+98912" of "+989121234567": what budgets and breakers call a prefix. */
#define SMS_PREFIX_MAX	17
void	 sms_guard_prefix(const char *phone, char prefix[SMS_PREFIX_MAX]);

#endif
