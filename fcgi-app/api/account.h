/*
 * account.h - an account's end: closing it, and what an account that is
 * closing answers (S72).
 */
#ifndef GP_API_ACCOUNT_H
#define GP_API_ACCOUNT_H

#include "api/route.h"
#include "auth/grant.h"
#include "store/closing.h"
#include "store/user.h"

/*
 * A closing as part of a transaction of the caller's: account_end_init before
 * it, account_end_work in it, account_end_done after the commit.  Where nobody
 * is signed in, `c` says so and the account itself is the only witness.
 */
struct account_end {
	struct call	*c;
	const struct user *u;
	struct closing_new n;
	uint8_t		 link_hash[32];
	const char	*link;
	uint64_t	 notice_ids[2];
	struct grant_ended ended;
	int64_t		 purge_us;
	int		 rc;		/* 1 closed, 0 it was closing already */
	int		 told;
};
void	 account_end_init(struct account_end *x, struct call *c,
	    const struct user *u);
/* As a db_tx work: 0; 1 nothing was done (x->rc is 0); -1. */
int	 account_end_work(struct db *db, void *x, struct err *e) MUST_CHECK;
void	 account_end_done(const struct account_end *x);

/*
 * Close `u` for the caller, who may do so: sessions, devices and proofs go at
 * once, the rest when the grace is over; the owner gets an undo link on every
 * proved channel.  0 and *purge_us; -1 ERR_CONFLICT "account_closing" (it is
 * closing already) or "last_superuser".
 */
int	 account_close(struct call *c, const struct user *u,
	    int64_t *purge_us, struct err *e) MUST_CHECK;

/*
 * The right credential of an account that is not active: 0 and *token, which
 * gives it back while it is closing (in the arena); or -1 ERR_FORBIDDEN
 * "account_disabled".  Audited as a refusal of `event`.
 */
int	 account_closing(struct call *c, const struct user *u,
	    const char *event, const char **token, struct err *e) MUST_CHECK;
/*
 * The same, answered: 403
 * account_closing with a restore_token, and returns 0; or -1.
 */
int	 account_inactive(struct call *c, const struct user *u,
	    const char *event, struct err *e) MUST_CHECK;

#endif
