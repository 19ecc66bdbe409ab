/*
 * sms.h - tables sms_spend, sms_charge and sms_prefix: what SMS cost, exactly
 * (S46 to S48).
 *
 * Money is in whole units of the site's choice.  It is reserved before a
 * message is made and given back when the provider did not take it.
 */
#ifndef GP_STORE_SMS_H
#define GP_STORE_SMS_H

#include "store/db.h"

/* What a counter is of; taken in one order, whatever it is, so that two
 * requests never wait for each other crosswise.  What is the asker's or the
 * number's own comes before SMS_PREFIX.  Never renumber. */
enum sms_scope { SMS_AS /* of the asker */, SMS_NUMBER, SMS_ADDRESS, SMS_NET,
	SMS_PREFIX, SMS_COUNTRY, SMS_SITE };

#define SMS_COUNTERS_MAX	15
#define SMS_KEY			16
struct sms_counter {
	enum sms_scope	 scope;
	uint8_t		 k[SMS_KEY];
	const char	*label;		/* shown to administrators, or "" */
	uint32_t	 window_s;
	uint64_t	 cap;		/* of a window */
	uint64_t	 spent;		/* out: this one included */
};

struct sms_charge_new {
	uint64_t	 notification_id, flow_id;
	uint64_t	 cost;
	const char	*prefix;
	bool		 is_code;
	struct sms_counter *counter;
	size_t		 counters;
};
/*
 * Reserve: the charge and all its counters in one commit, or nothing.  1;
 * 0 when a counter would pass its cap: *full is its index and *wait_s ≥ 1 how
 * long its window still lasts; -1.  Outside transactions only: a rollback of
 * the caller's would give money back that was spent.  A redo meets its own
 * charge (D20).
 */
int	 sms_reserve(struct db *db, struct sms_charge_new *n, size_t *full,
	    int *wait_s, struct err *e) MUST_CHECK;
/*
 * The same in the transaction that makes the message, which a rollback takes
 * back with it; where there is none, in its own.  1; 0 when a counter would
 * pass its cap: *full is its index, nothing is counted, and the charge stays
 * as given back; -1.
 */
int	 sms_reserve_with(struct db *db, struct sms_charge_new *n,
	    size_t *full, struct err *e) MUST_CHECK;
/* Take a reservation back, in the transaction of the caller or its own:
 * another check refused the message.  0 or -1. */
int	 sms_unreserve(struct db *db, uint64_t notification_id, struct err *e)
	    MUST_CHECK;

/* Is any window of `cap` more than `percent` used with `cost` more?  Reads
 * only; 1, 0, -1. */
int	 sms_crowded(struct db *db, const struct sms_counter *c, size_t n,
	    uint64_t cost, unsigned percent, struct err *e) MUST_CHECK;

/* A code of the flow was proved.  0 or -1. */
int	 sms_verified(struct db *db, uint64_t flow_id, struct err *e)
	    MUST_CHECK;
/* Is the prefix suspended?  1 and *wait_s ≥ 1, 0, -1. */
int	 sms_suspended(struct db *db, const char *prefix, int *wait_s,
	    struct err *e) MUST_CHECK;

/* --- worker -------------------------------------------------------------- */
/*
 * Settle up to max charges whose delivery has ended, or never came to be: sent
 * ones are billed, others given back; of nobody's messages only what is the
 * site's (S24).  How many, or -1.
 */
int	 sms_settle(struct db *db, unsigned max, struct err *e) MUST_CHECK;
/*
 * The first prefix whose last `sample` billed codes, each proved or older
 * than wait_s, were proved in less than `percent` of cases, is suspended for
 * hold_s.  1 and prefix[] set, 0 none, -1.
 */
#define SMS_PREFIX_TEXT	17
struct sms_breaker { uint32_t sample, percent, wait_s, hold_s; };
int	 sms_break(struct db *db, struct arena *a,
	    const struct sms_breaker *b, char prefix[SMS_PREFIX_TEXT],
	    struct err *e) MUST_CHECK;
int	 sms_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

/* --- gatepostctl ----------------------------------------------------------- */
struct sms_spent {
	uint64_t	 scope, window_s, spent;
	const char	*label;
	int64_t		 left_s;	/* of the window */
};
/* Live counters of prefixes, countries and the site; as db_each. */
int	 sms_each_spent(struct db *db, struct arena *a, struct sms_spent *s,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
/* What the site has spent of its day.  0 or -1. */
int	 sms_site_day(struct db *db, uint64_t *spent, struct err *e)
	    MUST_CHECK;
struct sms_hold { const char *prefix, *reason; int64_t left_s; };
int	 sms_each_hold(struct db *db, struct arena *a, struct sms_hold *h,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
/* End the suspension of a prefix, "" all.  Rows or -1. */
int	 sms_release(struct db *db, const char *prefix, struct err *e)
	    MUST_CHECK;
/* Begin all windows anew.  Rows or -1. */
int	 sms_forget(struct db *db, struct err *e) MUST_CHECK;

#endif
