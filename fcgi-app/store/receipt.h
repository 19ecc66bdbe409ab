/*
 * receipt.h - table receipt: what providers are still to say of messages they
 * accepted.
 *
 * A row is committed with its delivery's "sent" and goes with the delivery's
 * last word, so that no kill in between loses one.  Who asks holds a claim for
 * a while; a claim that ran out is another's.  What an answer changes in a
 * delivery names the ticket it is about: an answer that comes late finds
 * another ticket there, or another state, and changes nothing.
 */
#ifndef GP_STORE_RECEIPT_H
#define GP_STORE_RECEIPT_H

#include "store/db.h"

#define RECEIPT_TICKET_MAX	64

struct receipt_new {
	uint64_t	 notification_id;
	uint32_t	 seq, after_s, life_s;	/* first asked for; forgotten */
	const char	*provider, *ticket;
};
/* In a transaction of the caller, which makes the delivery "sent". */
int	 receipt_add(struct db *db, const struct receipt_new *r, size_t n,
	    struct err *e) MUST_CHECK;

struct receipt {
	uint64_t	 notification_id;
	uint32_t	 seq;
	unsigned	 asked, resent;
	const char	*ticket;
};
/* Claim what is due of a provider, at most max, for claim_s.  How many, in
 * the arena, and the claim's key; or -1. */
int	 receipt_claim(struct db *db, struct arena *a, const char *provider,
	    uint32_t max, uint32_t claim_s, struct receipt **out,
	    uint64_t *claim, struct err *e) MUST_CHECK;
/* Nothing was heard: due again after delay_s.  Rows or -1. */
int64_t	 receipt_postpone(struct db *db, uint64_t claim, uint32_t delay_s,
	    struct err *e) MUST_CHECK;

enum receipt_what {
	RECEIPT_NOTHING,	/* no word on it yet: asked again later */
	RECEIPT_DELIVERED,
	RECEIPT_FAILED,
	RECEIPT_AGAIN		/* not delivered; another try may be */
};
struct receipt_word {
	const struct receipt *r;
	enum receipt_what what;
	bool		 device_dead;	/* of RECEIPT_FAILED (R10) */
	char		 reason[41];
	char		 log[400];	/* a JSON line without its end */
	/* NOTHING: when to ask, seconds after it was sent; 0 not any more.
	 * AGAIN: how long from now. */
	uint32_t	 wait_s;
};
/*
 * Write what was said, in one transaction.  A device dies only when nobody
 * registered its token since the message was sent.  0, or -1: nothing was
 * written, and the claim ends by itself.
 */
int	 receipt_write(struct db *db, uint64_t claim,
	    const struct receipt_word *w, size_t n, struct err *e) MUST_CHECK;

/* Close what its provider has forgotten: the delivery stays "sent", with the
 * reason "no_receipt".  Rows, at most max, or -1. */
int	 receipt_close(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
