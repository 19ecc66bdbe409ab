/*
 * otp.h - flows that a one-time code proves (S28-S32, D26).
 *
 * A flow has a register_id (128 random bits, shown to the client), a purpose
 * and a target.  A flow for nobody looks and costs the same (S24).
 */
#ifndef GP_AUTH_OTP_H
#define GP_AUTH_OTP_H

#include "http/request.h"
#include "store/user.h"

enum otp_purpose { OTP_REGISTER, OTP_LOGIN, OTP_RESET, OTP_PHONE, OTP_EMAIL,
	OTP_MFA /* second step of a sign-in */, OTP_REAUTH /* step-up */,
	OTP_CONFIRM /* by a link, no code: auth/confirm */ };
#define REGISTER_ID_TEXT 24	/* 22 characters of base64url and NUL */

struct otp_start {
	enum otp_purpose purpose;
	uint64_t	 user_id;	/* 0: nobody: a code is made, none sent */
	const char	*channel;	/* "sms" or "email" */
	const char	*target;	/* E.164, or e-mail as compared */
	const char	*mail_to;	/* e-mail as typed, when channel is email */
	const char	*locale;
	/* instead of a code: a notice to a taken address's owner (S25) */
	const char	*notice;	/* template name or NULL */
	/* registration: the claim, inserted in the flow's transaction; its id
	 * replaces user_id */
	const struct user_new *claim;
	uint64_t	*claim_id;	/* out: its id; or NULL */
	/* the destination's limits refuse: make the flow all the same and send
	 * nothing; its holder asks for a code later (sign-in while unproved) */
	bool		 may_wait;
	/* where the link of a mailed sign-in code leads: a query value as it
	 * is, or NULL */
	const char	*next;
	/* the account as it was when its caller proved to be its owner: its
	 * password must be the same still when the flow begins (S11); NULL:
	 * nobody proved anything.  -1 ERR_INPUT "wrong_password" */
	const struct user *judged;
	/* a change of address: the session that asks, which must live when
	 * the code comes; or 0 */
	uint64_t	 session_id;
	/* the register_id to use: one that only the server can work out;
	 * NULL: a fresh one */
	const char	*register_id;
};
/*
 * Destination limits (one code a 120 s and 10 a day; the same for unknown
 * ones), of an SMS the guard (auth/sms_guard), then flow row, notification and
 * job in one transaction, then the bell.  0; -1 ERR_THROTTLED "code_too_soon"
 * and friends.
 */
int	 otp_begin(struct db *db, const struct req *q,
	    const struct otp_start *s, char register_id[REGISTER_ID_TEXT],
	    struct err *e) MUST_CHECK;

struct otp_flow {
	uint64_t	 id, user_id;
	enum otp_purpose purpose;
	const char	*channel, *target;
	const char	*came_by;	/* channels that its codes took: "sms",
					 * "email" or both words (S50) */
	bool		 last_mail;	/* the code that serves went by mail,
					 * whatever the channel is */
	uint64_t	 session_id;	/* as in otp_start */
	const uint8_t	*secret;	/* sealed: see otp_flow_mail */
	size_t		 secret_len;
	bool		 proved, done;
	int64_t		 proved_at_us;
};
/* Find a live flow: 1, 0 (unknown, ended), -1. */
int	 otp_find(struct db *db, struct arena *a, const char *register_id,
	    struct otp_flow *f, struct err *e) MUST_CHECK;
/*
 * Check a code: tries counted before comparing, in its own statement (S29);
 * works once (S31).  0 and the flow proved; -1 ERR_INPUT "invalid_code"
 * (wrong, expired, spent, unknown flow) or "too_many_tries" (field otp_code),
 * or what mail_reach_check says of a new address;
 * ERR_THROTTLED by the account's daily failures (D10), which remembered
 * browsers have of their own: `q` tells the device.  On a failure f->user_id
 * says whose flow it was (0: none, nobody's).
 */
int	 otp_check(struct db *db, struct arena *a, const struct req *q,
	    const char *register_id, const char *code, struct otp_flow *f,
	    struct err *e) MUST_CHECK;
/*
 * A mailed code of OTP_LOGIN carries a link, which is as good and lives as
 * long.  Looking at it changes nothing (S36).
 * 1 and *f, 0 (unknown, used, over), -1.
 */
#define OTP_LINK_TOKEN	33	/* 32 characters of base64url and NUL */
int	 otp_link_find(struct db *db, struct arena *a, const char *token,
	    struct otp_flow *f, struct err *e) MUST_CHECK;
/* The same, and the flow is proved by this call, once; otp_finish is next. */
int	 otp_link_use(struct db *db, struct arena *a, const char *token,
	    struct otp_flow *f, struct err *e) MUST_CHECK;
/* As otp_check, of the newest open flow of purpose OTP_PHONE or OTP_EMAIL of
 * a signed-in user, who needs no register_id. */
int	 otp_check_user(struct db *db, struct arena *a, const struct req *q,
	    uint64_t user_id, const char *code, struct otp_flow *f,
	    struct err *e) MUST_CHECK;
/* The address of an OTP_EMAIL flow as it was typed: mail goes there.  In the
 * arena; 0 or -1. */
int	 otp_flow_mail(struct arena *a, const struct otp_flow *f,
	    const char **typed, struct err *e) MUST_CHECK;
/* Send another code for the flow: -1 ERR_THROTTLED before its time; does not
 * reset failures (S30); ERR_INPUT "invalid_register_id" when unknown.
 * `channel` "email" sends this one to the account's proved address instead
 * (S50), quietly nowhere when it has none; NULL: as before; ERR_INPUT
 * "invalid_channel" where the code proves its address. */
int	 otp_resend(struct db *db, struct arena *a, const struct req *q,
	    const char *register_id, const char *channel, struct err *e)
	    MUST_CHECK;
/* Use up a proved flow (password set, number changed): 1 this call did it,
 * 0 somebody else had, -1.  In the caller's transaction. */
int	 otp_finish(struct db *db, uint64_t flow_id, struct err *e) MUST_CHECK;
/* Point a registration, and the claim behind it, at another number
 * (number/edit).  `notice` as in otp_start.  ERR_INPUT "invalid_register_id"
 * when the account was ever active. */
int	 otp_retarget(struct db *db, struct arena *a, const struct req *q,
	    const char *register_id, const char *phone, const char *notice,
	    struct err *e) MUST_CHECK;
/* Void all open flows of a user (S11), second steps too.  In the caller's
 * transaction. */
int	 otp_void_all(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;

#endif
