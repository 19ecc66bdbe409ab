/*
 * social.h - sign-in by other sites: which there are, the visit to one, and
 * whose account its answer opens (S60-S65).
 *
 * The protocols are oidc.c and facebook.c; each ends in a struct
 * social_person, and nothing behind that knows which it was.
 */
#ifndef GP_AUTH_SOCIAL_H
#define GP_AUTH_SOCIAL_H

#include "auth/grant.h"
#include "http/request.h"
#include "store/identity.h"
#include "store/user.h"

struct social_provider {
	enum { SOCIAL_OIDC, SOCIAL_FACEBOOK } kind;
	const char	*name;		/* in our addresses */
	const char	*label;		/* for people */
	const char	*issuer, *client_id, *client_secret, *scopes;
	bool		 google;	/* its rules for addresses */
};
/* The i-th that is configured: 1, or 0 behind the last. */
int	 social_provider_at(size_t i, struct social_provider *p);
/* By name; -1 ERR_NOT_FOUND "unknown_provider". */
int	 social_provider(const char *name, struct social_provider *p,
	    struct err *e) MUST_CHECK;

/* What a provider vouches for; in the arena. */
struct social_person {
	const char	*issuer, *sub;
	const char	*email;		/* NULL: none told */
	bool		 email_verified;
	const char	*name, *first_name, *last_name;	/* "" when not told */
};

/* --- the visit (S63) --------------------------------------------------------- */

#define SOCIAL_SECRET_TEXT	24	/* 128 bits, base64url */
struct social_visit {
	char		 state[SOCIAL_SECRET_TEXT];
	char		 browser[SOCIAL_SECRET_TEXT];	/* the cookie */
	char		 verifier[44], nonce[44], challenge[44];
	const char	*next;
	uint64_t	 user_id;
};
/* Begin one; the browser keeps the state cookie it has, so that two tabs do
 * not undo each other. */
int	 social_begin(struct db *db, const struct req *q,
	    const struct social_provider *p, const char *next,
	    uint64_t user_id, struct social_visit *v, struct err *e)
	    MUST_CHECK;
/* Back from it, once: -1 ERR_INPUT "invalid_state". */
int	 social_back(struct db *db, const struct req *q,
	    const struct social_provider *p, const char *state,
	    struct social_visit *v, struct err *e) MUST_CHECK;
/* Is it a state of ours?  1, 0, -1. */
int	 social_state_ours(struct db *db, const char *state, struct err *e)
	    MUST_CHECK;

/* --- whose account ----------------------------------------------------------- */

enum social_found {
	SOCIAL_USER,		/* *u may be let in */
	SOCIAL_OFFERED		/* its address is an account's: offer[] is the
				 * token that its owner may link it with (S61) */
};
struct social_entry {
	enum social_found found;
	struct user	 u;
	bool		 created;
	char		 offer[SOCIAL_SECRET_TEXT];
};
/*
 * Find or make the account.  A person without a cookie of ours gets no offer:
 * then an address that is taken is -1 ERR_CONFLICT "address_taken".
 */
int	 social_enter(struct db *db, struct arena *a, const struct req *q,
	    const struct social_provider *p, const struct social_person *who,
	    struct social_entry *out, struct err *e) MUST_CHECK;

/* Link to the caller's account: told to its owner everywhere, audited.  -1
 * ERR_CONFLICT "identity_taken" when it is another's, ERR_AUTH when his
 * session has ended by then. */
int	 social_link(struct db *db, struct arena *a, const struct req *q,
	    const struct caller *who, const struct identity *i, struct err *e)
	    MUST_CHECK;
/* The offer's owner says yes: -1 ERR_INPUT "invalid_link_token", also for
 * another browser or another account. */
int	 social_accept(struct db *db, struct arena *a, const struct req *q,
	    const struct caller *who, const char *token, struct identity *i,
	    struct err *e) MUST_CHECK;

/* HMAC of a text under the installation's key, as base64url. */
void	 social_derive(char out[44], const char *purpose, const char *text);

#endif
