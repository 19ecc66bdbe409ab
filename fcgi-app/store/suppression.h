/*
 * suppression.h - table suppression: addresses that nothing goes to on a
 * channel.  An address is kept as its hash, and masked for people.
 *
 * Whose word an entry is decides what it bars, for accounts and for bare
 * addresses alike:
 *
 *   no_marketing   campaigns only (WhatsApp's "stop marketing")
 *   unsubscribed   and whatever else is not critical; what guards the
 *                  account, a notice or a one-time code, still comes
 *   ads_blocked    and all but codes: the operator takes no plain text for
 *                  the number, but codes by template (Kavenegar 14)
 *   stopped        everything: STOP is the law's opt-out
 *   bounced        everything: there is nobody at the address
 *   complained, blocked, and any other word: everything
 *
 * What is barred ends as skipped, "suppressed", with the entry's word in the
 * delivery's log.  Who asked for the message gets the answer he gets always.
 */
#ifndef GP_STORE_SUPPRESSION_H
#define GP_STORE_SUPPRESSION_H

#include "base/channels.h"
#include "store/db.h"

struct suppression_new {
	uint64_t	 id;		/* from rand_id() */
	enum channel_id	 channel;	/* email, sms or whatsapp */
	const char	*address;	/* lower-case e-mail, or E.164 */
	const char	*reason;	/* a word of the list above */
	uint64_t	 user_id;	/* the admin who adds it, or 0 */
};
/* 1 added; 0 it was there: it keeps the stronger reason (a mailbox that is
 * gone beats an unsubscribe); -1.  In the caller's transaction if there is
 * one. */
int	 suppression_add(struct db *db, const struct suppression_new *n,
	    struct err *e) MUST_CHECK;
/* 1 removed, 0 not there, -1. */
int	 suppression_remove(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;

struct suppression {
	uint64_t	 id, user_id;
	const char	*channel, *shown, *reason;
	int64_t		 created_us;
};
/* How much a message matters against an entry. */
enum suppressed { SUPPRESSED_MARKETING, SUPPRESSED_USUAL,
	SUPPRESSED_CRITICAL, SUPPRESSED_CODE };
/* By class and type of its notification. */
enum suppressed suppression_kind(unsigned class, const char *type);
/* Does an entry of this reason (NULL: none) bar such a message? */
bool	 suppression_bars(const char *reason, enum suppressed kind);

/* Bare addresses, as a caller typed them. */
struct suppression_asked {
	const char	*channel, *address;	/* in */
	const char	*reason;		/* out: in the arena; NULL none */
};
/* All in one read.  0 or -1. */
int	 suppression_read(struct db *db, struct arena *a,
	    struct suppression_asked *q, size_t n, struct err *e) MUST_CHECK;

/*
 * What a provider's refusal says of the address: an entry for reasons that
 * stand for one ("twilio_21610": stopped), and "bounced" for any other when
 * the address is `dead`, or a mailbox that was full three times in a row over
 * a week (of deliveries written before this).  Nothing for other channels.  In the caller's
 * transaction if there is one.  0 or -1.
 */
struct refusal { const char *channel, *address, *reason; bool dead; };
int	 suppression_after(struct db *db, const struct refusal *r,
	    struct err *e) MUST_CHECK;
/* The same of what came later, by the address that the delivery went to. */
int	 suppression_after_told(struct db *db, uint64_t notification_id,
	    uint32_t seq, const char *reason, struct err *e) MUST_CHECK;
/* Remove an entry whose reason is among `reasons` ("stopped,unsubscribed").
 * 1 removed, 0, -1. */
int	 suppression_lift(struct db *db, enum channel_id channel,
	    const char *address, const char *reasons, struct err *e)
	    MUST_CHECK;

/* Newest first; `address` NULL: any, else of that one; channel, reason "":
 * any. */
struct suppression_page {
	const char	*address, *channel, *reason;
	unsigned	 limit, offset;
	bool		 oldest_first;
};
int	 suppression_each(struct db *db, struct arena *a,
	    const struct suppression_page *p, struct suppression *s,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
int64_t	 suppression_count(struct db *db, const struct suppression_page *p,
	    struct err *e) MUST_CHECK;
/* 1 and *s, 0, -1. */
int	 suppression_find(struct db *db, struct arena *a, uint64_t id,
	    struct suppression *s, struct err *e) MUST_CHECK;
/* Its id by channel and address: 1, 0, -1. */
int	 suppression_of(struct db *db, enum channel_id channel,
	    const char *address, uint64_t *id, struct err *e) MUST_CHECK;

#endif
