/*
 * user_own.h - what the files of /api/users/ and /api/otp/ share.
 */
#ifndef GP_API_USER_OWN_H
#define GP_API_USER_OWN_H

#include "api/route.h"
#include "store/user.h"

/* An account's own address here, from the public URL. */
const char *user_url(struct call *c, uint64_t id);
/* Its members into the open object. */
void	 user_write(struct call *c, struct jw *w, const struct user *u);

/*
 * Send a code that proves `target` for `u` (phone or, with `mail_to` as it
 * was typed, e-mail), to be told to /api/otp/verify/.  One such code of a
 * user lives at a time: -1 ERR_THROTTLED meanwhile.  An address that somebody
 * else has proved gets a notice instead, with the same answer (S25).  Faults
 * of the address name `field`.
 */
struct user_code {
	const struct user *u;
	const char	*phone;			/* E.164, or NULL: e-mail */
	const char	*cmp, *unique, *mail_to;
	const char	*field;
	const struct user *judged;	/* as of struct otp_start */
};
int	 user_send_code(struct call *c, const struct user_code *k,
	    struct err *e) MUST_CHECK;
/* No code of the user lives: void, or sent to an address that is left. */
int	 user_forget_code(struct call *c, uint64_t user_id, struct err *e)
	    MUST_CHECK;

#endif
