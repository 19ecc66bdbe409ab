/*
 * answer.h - members that several resources answer with.
 */
#ifndef GP_API_ANSWER_H
#define GP_API_ANSWER_H

#include "api/route.h"
#include "store/user.h"

/* {id, first_name, last_name, phone_number, email, is_superuser, …}: the
 * profile, and `user` of a sign-in.  `key` NULL writes members into the open
 * object. */
void	 answer_user(struct jw *w, const char *key, const struct user *u);

/*
 * Begin a session for `u` and answer as sign-in does (API.md): tokens in the
 * body under the kept names and in the cookies; `?tokens=cookie` leaves them
 * out of the body; a device token that lets the owner in while the account is
 * flooded (S43).  Audited as "login".  What `with` does commits together with
 * the session; it may run more than once, as in db_tx.
 */
struct signin {
	const struct user *u;
	const char	*amr;
	const char	*message;	/* NULL: no such member */
	enum { SIGNIN_FULL, SIGNIN_TOKEN /* refresh, access, email */ } form;
	int		(*with)(struct db *db, void *arg, struct err *e);
	void		*arg;
};
int	 answer_signin(struct call *c, const struct signin *s, struct err *e)
	    MUST_CHECK;

/* Tokens of a pair into an open JSON answer and the cookies. */
struct grant;
void	 answer_tokens(struct call *c, struct jw *w, const struct grant *g);
/* The same under the names `refresh` and `access` alone ([A]). */
void	 answer_tokens_short(struct call *c, struct jw *w,
	    const struct grant *g);

/* What a person typed to sign in: a phone number or an e-mail address. */
struct identifier {
	enum { ID_NONE, ID_PHONE, ID_EMAIL } kind;
	const char	*phone;			/* E.164 */
	const char	*email, *email_unique;	/* as compared */
	const char	*text;			/* canonical, for throttles */
};
/* Never fails: what is neither is ID_NONE with its text. */
void	 identifier_read(struct arena *a, const char *typed,
	    struct identifier *id);
/* The account by D9's order: 1 and *u, 0 none, -1.  The same statements run
 * whatever the kind. */
int	 identifier_find(struct db *db, struct arena *a,
	    const struct identifier *id, struct user *u, struct err *e)
	    MUST_CHECK;
/* The newest claim of it, which sign-in tries second; as above. */
int	 identifier_claim(struct db *db, struct arena *a,
	    const struct identifier *id, struct user *u, struct err *e)
	    MUST_CHECK;

/* A refusal that the audit keeps: writes the row and returns -1 with *e as it
 * was, or with why the row could not be written.  Kinds that are no judgement
 * (throttled, unavailable, internal) are not written: the first would let a
 * flood fill the table. */
int	 answer_refused(struct call *c, const char *event, uint64_t user_id,
	    struct err *e);
/* One audit row of this request; failures to write it fail the request. */
int	 answer_audit(struct call *c, const char *event, const char *outcome,
	    uint64_t user_id, uint64_t session_id, struct err *e) MUST_CHECK;

#endif
