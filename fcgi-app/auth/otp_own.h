/*
 * otp_own.h - what otp.c (beginning, checking), otp_again.c (another code),
 * otp_user.c (flows of signed-in people) and confirm.c (links) share; nobody
 * else includes it.
 */
#ifndef GP_AUTH_OTP_OWN_H
#define GP_AUTH_OTP_OWN_H

#include "auth/otp.h"
#include "store/otp.h"

/* While strangers have spent the account's failures of the day, codes are so
 * long that guessing is no way in and nothing needs to be counted: the owner
 * is not locked out of codes and resets (S32, S43). */
#define CODE_DIGITS	6
#define CODE_DIGITS_LONG 10
#define CODE_TEXT	(CODE_DIGITS_LONG + 1)

struct begin {
	const struct req	*q;
	const struct otp_start	*s;
	struct otp_row_new	*row;
	const char		*code;
	const char		*link;		/* or NULL */
	uint64_t		 user_id, notification_id;
	bool			 quiet;		/* the flow, but no message */
};

enum otp_purpose otp_purpose_of(const char *word);
const char *otp_purpose_word(enum otp_purpose p);
/* Of a code: bound to purpose, target and flow, so that a code of one flow is
 * worth nothing in another (S28). */
void	 otp_code_mac(uint8_t mac[32], const uint8_t key[32],
	    const char *purpose, const char *target, uint64_t flow,
	    const char *code);
/* keyring_code of this process's keys: the 0th is for new codes. */
const uint8_t *otp_key(unsigned i);
/* A code for an account, or for a target where it is nobody's (user_id 0).
 * 0 or -1. */
int	 otp_make_code(struct db *db, const struct req *q, uint64_t user_id,
	    const char *target, char code[CODE_TEXT], struct err *e)
	    MUST_CHECK;
/* The link of a sign-in code that goes by mail; NULL for all others. */
#define OTP_LINK_MAX	1600
const char *otp_link(char link[OTP_LINK_MAX], const struct otp_start *s,
	    uint64_t flow, const uint8_t code_mac[32]);
void	 otp_flow_of(struct otp_flow *f, const struct otp_row *r);
int	 otp_send_code(struct db *db, const struct begin *b, struct err *e)
	    MUST_CHECK;
int	 otp_row_of(struct db *db, struct arena *a, const char *register_id,
	    struct otp_row *r, struct err *e) MUST_CHECK;
/* The destination's pace, and of an SMS the guard and its money. */
int	 otp_may_leave(struct db *db, const struct req *q,
	    const struct otp_start *s, uint64_t notification_id,
	    uint64_t flow_id, struct err *e) MUST_CHECK;
/* It did not come to the message: a database that is away by now leaves it to
 * the worker. */
void	 otp_give_back(struct db *db, uint64_t notification_id);
/* What has become known of the domain of a new address since (S52). */
int	 otp_may_be_proved(struct db *db, const struct otp_row *r,
	    struct err *e) MUST_CHECK;
/* As otp_check, of a row just read. */
int	 otp_check_row(struct db *db, const struct req *q, struct otp_row *r,
	    const char *code, struct otp_flow *f, struct err *e) MUST_CHECK;

#define OTP_SECRET_MAX	1024
/* Put the address as typed, sealed for the flow, into row->secret; `out` is
 * where it lives.  0 or -1. */
int	 otp_mail_seal(struct otp_row_new *row, const char *typed, uint8_t *out,
	    size_t cap, struct err *e) MUST_CHECK;

#endif
