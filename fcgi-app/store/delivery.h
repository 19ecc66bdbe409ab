/*
 * delivery.h - table delivery: what became of a notification for each target.
 *
 * Planning inserts a row, the finish of its job gives it its one final state.
 * States: queued, sent, delivered, read, skipped, failed, expired, cancelled,
 * unsure.  Reasons are stable words.
 */
#ifndef GP_STORE_DELIVERY_H
#define GP_STORE_DELIVERY_H

#include "store/recipient.h"

#define DELIVERY_TARGET_MAX 254
#define DELIVERY_REASON_MAX 40

struct delivery_new {
	uint64_t	 notification_id, user_id, device_id;
	uint32_t	 seq;
	const char	*channel, *target, *provider, *state, *reason;
	uint8_t		 target_hash[16];	/* of address or endpoint */
	bool		 sent;		/* already: sent_at is now */
	const char	*barred;	/* entry that suppressed it; or NULL */
};
/* Of an address, endpoint or token (NULL: nothing): what a search by
 * recipient looks for.  Mail is the same in any case of its letters. */
void	 delivery_hash(uint8_t out[16], const char *to);
/* In a transaction of the caller.  0, or -1 (ERR_DB_DUP: there already). */
int	 delivery_insert(struct db *db, const struct delivery_new *d, size_t n,
	    struct err *e) MUST_CHECK;

/* What an attempt changed. */
struct delivery_change {
	uint64_t	 notification_id;
	uint32_t	 seq;
	unsigned	 attempts;	/* requests that left so far */
	const char	*state, *reason, *provider_id;
	const char	*log;		/* one JSON line without its end, or "" */
	const char	*provider;	/* the account it was tried at; NULL
					 * leaves it */
	const char	*channel;	/* what that serves; NULL with it */
	bool		 sent;		/* sent_at becomes now */
	unsigned	 segments;	/* of an SMS; 0 leaves what is known */
};
/* In a transaction of the caller, whose job it holds.  0 or -1. */
int	 delivery_update(struct db *db, const struct delivery_change *d,
	    size_t n, struct err *e) MUST_CHECK;
/* A late answer: `unsure` after the same number of attempts becomes its true
 * state (D26), nothing else changes; joins the transaction of a caller that has
 * one.  1 it did, 0, -1. */
int	 delivery_truth(struct db *db, const struct delivery_change *d,
	    struct err *e) MUST_CHECK;
/* Is any delivery of it still queued (or not planned yet)?  1, 0, -1. */
int	 delivery_pending(struct db *db, uint64_t notification_id,
	    struct err *e) MUST_CHECK;

/* Where to send what a job without its plan at hand names. */
struct delivery_where {
	uint64_t	 notification_id, user_id, device_id;	/* in */
	uint32_t	 seq;					/* in */
	const char	*type;		/* in: his wishes are asked for, for
					 * messages of this type; or NULL */
	bool		 found;
	const char	*to;		/* address or endpoint, in the arena */
	const char	*locale;	/* of the user, or "" */
	const uint8_t	*p256dh, *auth;	/* 65 and 16 bytes, or NULL */
	bool		 gone;		/* its device is not active any more,
					 * or somebody else's by now */
	struct recipient user;		/* exists, active, his masks */
	enum channel_id	 channel;
	const char	*barred;	/* reason of a suppression of `to` now;
					 * in the arena, NULL none */
};
int	 delivery_locate(struct db *db, struct arena *a,
	    struct delivery_where *w, size_t n, struct err *e) MUST_CHECK;

struct delivery {
	uint64_t	 seq, user_id, device_id, attempts;
	const char	*channel, *target, *provider, *state, *reason,
			*provider_id, *attempt_log;	/* log: JSON lines */
	int64_t		 created_us, sent_us, updated_us;	/* 0: NULL */
};
/* Of one notification, by seq, after `after`, at most max; `row` as in
 * db_each with *d filled.  Rows or -1. */
int	 delivery_each(struct db *db, struct arena *a,
	    uint64_t notification_id, uint32_t after, uint32_t max,
	    struct delivery *d, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;
struct delivery_counts { uint64_t total, queued, sent, failed; };
/* sent: sent, delivered, read; failed: all other final states. */
int	 delivery_count(struct db *db, uint64_t notification_id,
	    struct delivery_counts *c, struct err *e) MUST_CHECK;

/*
 * What else belongs to a change of state, in its transaction: whoever writes
 * the state of rows by a statement of its own calls this after it.  Counts
 * by the hour what is final now, and notes it for webhooks that want it.
 */
struct delivery_ref { uint64_t notification_id; uint32_t seq; };
struct delivery_tally { const char *provider, *channel, *state; unsigned n; };
int	 delivery_changed_list(struct db *db, const char *pairs, struct err *e)
	    MUST_CHECK;			/* JSON: [[notification, seq], …] */
int	 delivery_changed(struct db *db, const struct delivery_ref *r,
	    size_t n, struct err *e) MUST_CHECK;
/* The same of rows whose counts the caller knows: they are not read again. */
int	 delivery_changed_known(struct db *db, const struct delivery_ref *r,
	    size_t n, const struct delivery_tally *t, size_t tallies,
	    struct err *e) MUST_CHECK;

/* The person has read these notifications in the inbox: its deliveries that
 * were sent are read.  In the transaction of the reading.  How many, or -1. */
int64_t	 delivery_read(struct db *db, uint64_t user_id,
	    const uint64_t *notification_id, size_t n, struct err *e)
	    MUST_CHECK;

/* Deliveries of the list that are queued end as `state`, with what belongs to
 * it; the caller holds them by their locks.  How many, or -1. */
int64_t	 delivery_end_list(struct db *db, const char *pairs,
	    const char *state, const char *reason, struct err *e) MUST_CHECK;

#endif
