/*
 * suppression.h - table suppression: addresses that nothing goes to on a
 * channel.  An address is kept as its hash, and masked for people.
 */
#ifndef GP_STORE_SUPPRESSION_H
#define GP_STORE_SUPPRESSION_H

#include "base/channels.h"
#include "store/db.h"

struct suppression_new {
	uint64_t	 id;		/* from rand_id() */
	enum channel_id	 channel;	/* email, sms or whatsapp */
	const char	*address;	/* lower-case e-mail, or E.164 */
	const char	*reason;	/* "unsubscribed": passed by critical;
					 * "bounced", "complained", "blocked" */
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
/* Newest first; `address` NULL: any, else of that one; channel, reason "":
 * any. */
struct suppression_page {
	const char	*address, *channel, *reason;
	unsigned	 limit, offset;
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
