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
/* {is_active, is_staff, is_superuser} under a key: for the audit. */
void	 answer_roles(struct jw *w, const char *key,
	    const struct user_roles *r);

/*
 * Every way in ends here (S67).  If the account has a second factor that
 * `amr` does not show, answer 200 {mfa_required, mfa_token, methods}: the
 * session begins when mfa/verify proved one.  Else begin a session and answer
 * as sign-in does (API.md): tokens in the body under the kept names and in
 * the cookies; `?tokens=cookie` leaves them out of the body; a device token
 * that lets the owner in while the account is flooded (S43).  Audited as
 * "login".  What `with` does commits together with either; it may run more
 * than once, as in db_tx.
 */
struct signin {
	const struct user *u;
	bool		 by_password;	/* `u->password` was shown: it must
					 * be the account's still, or
					 * "invalid_credentials" (S11) */
	const char	*amr;		/* "pwd", "otp", …; "… mfa": both steps */
	const char	*channel;	/* words "sms", "email": where the code
					 * of the way in went; NULL: no code */
	const char	*message;	/* NULL: no such member */
	enum { SIGNIN_FULL, SIGNIN_TOKEN /* refresh, access, email */ } form;
	int		(*with)(struct db *db, void *arg, struct err *e);
	void		*arg;
	void		(*more)(struct jw *w, void *arg);	/* members of
				 * an answer with a session, or NULL */
};
int	 answer_signin(struct call *c, const struct signin *s, struct err *e)
	    MUST_CHECK;

/* The same in two parts, for ways in that answer otherwise (a redirect, other
 * members): what became of it, and the cookies' headers are set. */
struct signed_in {
	bool		 due;		/* a second factor is */
	const char	*mfa_token;	/* then; in the arena */
	unsigned	 methods;	/* bits of enum factor */
	const char	*access, *refresh;	/* else */
	uint64_t	 session_id;
};
int	 signin_begin(struct call *c, const struct signin *s,
	    struct signed_in *in, struct err *e) MUST_CHECK;
/* A redirect (302, 303): a browser goes on to `next` (allowed; see
 * return_allowed), or to the page that asks for the second step. */
void	 answer_onward(struct call *c, int status, const struct signed_in *in,
	    const char *next);
/* The sign-in page in the middle of a sign-in.  `what` it must do stands
 * behind the "#", which no server and no Referer sees; where it goes on to is
 * its own query, when the visit began there, for the gate signed that. */
const char *answer_signin_page(struct arena *a, const char *next,
	    const char *what);
/* {mfa_required, mfa_token, methods, expires_in} as the answer. */
void	 answer_mfa_due(struct call *c, const struct signin *s,
	    const struct signed_in *in);
/* Step-up (S12): another session in place of the caller's, with `amr`, that
 * ends when the old one would have.  Answers as sign-in; -1 ERR_FORBIDDEN
 * "second_factor_required", and nothing is used up: one was turned on that
 * `amr` does not show. */
int	 answer_stepped_up(struct call *c, const struct signin *s,
	    struct err *e) MUST_CHECK;

/* The device token of the caller's browser, or a fresh one for X-Auth-Device;
 * its hash is for known_device_add. */
#define DEVICE_LIFE_S	(90 * 24 * 60 * 60)	/* the cookie's (D13) */
const char *answer_device(struct call *c, uint8_t hash[32]);

/* Is `tokens=cookie` a member of the query? */
bool	 answer_cookies_only(const struct req *q);

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
/* Did the account prove it? */
bool	 identifier_proved(const struct identifier *id, const struct user *u);
/*
 * Begin the flow `s` with a code for `owner`, who proved the identifier (NULL:
 * nobody did, and no code leaves), and answer {message, register_id}: the same
 * for both (S24).  Fills in whom and where `s` is for; audited as `event`.
 */
struct otp_start;
int	 answer_code_asked(struct call *c, const struct identifier *id,
	    const struct user *owner, struct otp_start *s, const char *event,
	    struct err *e) MUST_CHECK;
/* The newest claim of it, which sign-in tries second; as above. */
int	 identifier_claim(struct db *db, struct arena *a,
	    const struct identifier *id, struct user *u, struct err *e)
	    MUST_CHECK;

/* An address for people: enough to tell which, not enough to learn it
 * ("+98912****567", "a***@example.com").  In the arena. */
const char *answer_masked(struct arena *a, const char *address);

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
