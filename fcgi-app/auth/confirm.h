/*
 * confirm.h - links that prove an e-mail address: a signed token by mail, for
 * 24 h, once (S16, S36).
 *
 * The token is a JWT with a key, typ and audience of its own: it passes for no
 * other token, and no other for it.  It names a flow (auth/otp) of purpose
 * OTP_CONFIRM, whose row knows whose it is and whether it was used, and the
 * address it went to.  Another mail leaves the links before it as they were:
 * who asks for one cannot take the other away, and mails overtake each other.
 */
#ifndef GP_AUTH_CONFIRM_H
#define GP_AUTH_CONFIRM_H

#include "auth/otp.h"

#define CONFIRM_LIFE_S	(24 * 60 * 60)	/* D11: a link by mail */

struct confirm_start {
	const char	*cmp, *mail_to;	/* as compared, as typed */
	const char	*locale;
	/* the account: made in the transaction of its link, or there already;
	 * 0 nobody: the same rows, and no mail (S24) */
	const struct user_new *claim;
	uint64_t	 user_id;
	/* instead of the link: a notice to a taken address's owner (S25) */
	const char	*notice;
	/* work of the caller's in the same transaction; or NULL */
	int	       (*with)(struct db *db, void *arg, uint64_t user_id,
			    struct err *e);
	void		*arg;
};
/*
 * Refused domains, the destination's pace (one mail a 120 s and 10 a day, the
 * same for unknown ones), then everything in one transaction, then the bell.
 * 0 and *user_id; -1 ERR_INPUT "email_not_accepted" (of a claim), ERR_THROTTLED
 * "code_too_soon" and friends.
 */
int	 confirm_begin(struct db *db, const struct req *q,
	    const struct confirm_start *s, uint64_t *user_id, struct err *e)
	    MUST_CHECK;
/* The live flow that a token names: 1 and *f, 0 whatever is wrong with it
 * (no SQL unless we signed it), -1.  Changes nothing. */
int	 confirm_find(struct db *db, struct arena *a, const char *token,
	    struct otp_flow *f, struct err *e) MUST_CHECK;
/* Use the flow up, in the transaction of what it proves: 1 this call did it, 0
 * it was used or is over, -1. */
int	 confirm_finish(struct db *db, uint64_t flow_id, struct err *e)
	    MUST_CHECK;

#endif
