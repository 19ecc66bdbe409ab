/*
 * factor_own.h - what the rows of second factors and step-up share.
 */
#ifndef GP_API_FACTOR_OWN_H
#define GP_API_FACTOR_OWN_H

#include "api/route.h"
#include "auth/factor.h"
#include "auth/notice.h"
#include "auth/otp.h"
#include "base/rand.h"
#include "store/user.h"

/* Send a code to the account's own proved phone or address.  *id names the
 * flow to use (a second request finds it), or is NULL: a fresh one, and *id
 * is set in the arena.  0; -1 ERR_THROTTLED and friends. */
int	 factor_send(struct call *c, const struct user *u, enum factor f,
	    enum otp_purpose purpose, const char **id, struct err *e)
	    MUST_CHECK;
/* {message, method, sent_to?, register_id?}: addresses are masked. */
void	 answer_sent(struct call *c, const struct user *u, enum factor f,
	    const char *register_id);

/* A notice to every proved channel, in the caller's transaction; ring after
 * the commit.  How many, or -1. */
int	 factor_tell(struct db *db, struct call *c, const struct user *u,
	    const uint64_t ids[2], const char *template, struct err *e)
	    MUST_CHECK;

/* The caller's account and its factors; ERR_AUTH when it is gone. */
int	 factor_account(struct call *c, struct user *u, struct mfa *m,
	    struct err *e) MUST_CHECK;

/* An otpauth URI as a QR code: SVG text in the arena. */
const char *qr_svg(struct arena *a, const char *text, struct err *e);

#endif
