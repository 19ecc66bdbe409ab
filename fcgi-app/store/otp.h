/*
 * otp.h - table otp: flows that a code proves.  auth/otp has the rules; here
 * each of them is one conditional UPDATE whose affected rows decide.
 */
#ifndef GP_STORE_OTP_H
#define GP_STORE_OTP_H

#include "store/db.h"

#define OTP_TRIES_MAX	5		/* a code (S29) */

struct otp_row {
	uint64_t	 id, user_id;	/* user_id 0: nobody */
	const char	*purpose;	/* register, login, reset, phone, email, confirm */
	const char	*channel, *target;
	uint8_t		 code_mac[32];
	uint32_t	 issue, tries;
	int64_t		 sent_at_us, expires_at_us, flow_ends_at_us;
	int64_t		 used_at_us, proved_at_us, done_at_us;	/* 0: not yet */
	const uint8_t	*secret;	/* sealed, or NULL */
	size_t		 secret_len;
	bool		 by_mail;	/* a code of it went by mail */
	bool		 last_mail;	/* so did the one that serves now */
	uint64_t	 session_id;	/* that began it and must live; 0 */
	int64_t		 now_us;	/* the database's, at the read */
};

struct otp_row_new {
	uint64_t	 id;		/* from rand_id(), made before */
	const uint8_t	*register_hash;	/* 32: SHA-256 of register_id */
	const uint8_t	*code_mac;	/* 32 */
	uint64_t	 user_id;	/* 0: nobody */
	const char	*purpose, *channel, *target;
	const void	*secret;	/* ≤ 1024 bytes or NULL */
	size_t		 secret_len;
	uint64_t	 session_id;	/* 0: of none */
	uint32_t	 code_life_s, flow_life_s;
};
/* Insert; meeting its own id is a success (D20).  0 or -1. */
int	 otp_row_insert(struct db *db, const struct otp_row_new *n,
	    struct err *e) MUST_CHECK;

/* A flow that neither ended nor is done: 1 and *r, 0, -1. */
int	 otp_row_find(struct db *db, struct arena *a,
	    const uint8_t register_hash[32], struct otp_row *r, struct err *e)
	    MUST_CHECK;

/* By its id, as above. */
int	 otp_row_by_id(struct db *db, struct arena *a, uint64_t id,
	    struct otp_row *r, struct err *e) MUST_CHECK;

/* The newest open flow of a user that proves an address of the account
 * (phone, email), not used yet; as above. */
int	 otp_row_of_user(struct db *db, struct arena *a, uint64_t user_id,
	    struct otp_row *r, struct err *e) MUST_CHECK;

/*
 * Count a try against issue r->issue, before comparing with r->code_mac
 * (S29).  1: compare now; 0: spent, expired, reissued or OTP_TRIES_MAX tries
 * were made (r->tries tells the last as of the read); -1.  ERR_INTERNAL in a
 * transaction: a rollback would give the try back.
 */
int	 otp_row_try(struct db *db, const struct otp_row *r, struct err *e)
	    MUST_CHECK;
/*
 * The code was right: used and proved, once (S31).  `key` from rand_id(),
 * made before, is how a redo knows its own work.  1 this call did it, 0
 * another had, -1.
 */
int	 otp_row_use(struct db *db, const struct otp_row *r, uint64_t key,
	    struct err *e) MUST_CHECK;

/*
 * Another code for the flow, and perhaps another target.  1; 0: used, ended,
 * reissued by somebody else since the read, or sent less than wait_s ago; -1.
 * Meeting its own code_mac is a success (D20).
 */
struct otp_row_issue {
	const uint8_t	*code_mac;	/* 32, new */
	const char	*channel, *target;	/* NULL: as they were */
	const void	*secret;	/* NULL: as it was */
	size_t		 secret_len;
	uint32_t	 code_life_s, wait_s;
	bool		 by_mail;	/* for once, though it is an SMS's */
};
int	 otp_row_reissue(struct db *db, const struct otp_row *r,
	    const struct otp_row_issue *n, struct err *e) MUST_CHECK;

/*
 * Use up a proved flow, at most proof_s after the proof.  Only inside a
 * transaction (db_tx_key is how its redo knows its own work).  1 this call
 * did it, 0 not proved, too late or another had, -1.
 */
int	 otp_row_finish(struct db *db, uint64_t id, uint32_t proof_s,
	    struct err *e) MUST_CHECK;
/*
 * Use up a flow that a link proves: used, proved and done in one.  As
 * otp_row_finish.
 */
int	 otp_row_confirm(struct db *db, uint64_t id, struct err *e) MUST_CHECK;
/* End all open flows of a user but `keep` (0: all).  0 or -1. */
int	 otp_row_void(struct db *db, uint64_t user_id, uint64_t keep,
	    struct err *e) MUST_CHECK;
/* Worker: delete up to `max` flows that ended a day ago.  Rows or -1. */
int	 otp_row_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
